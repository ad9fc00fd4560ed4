"""A book kept from differences: every level the venue told of, of which the best LEVELS go into snapshots.

Prices ticks, sizes lots. Knows nothing of update ids (core.codec.sequence) or of time.
"""

from __future__ import annotations

from bisect import bisect_left, insort

import numpy as np
import numpy.typing as npt

from core.codec.frames import Levels
from core.domain.book import LEVELS
from core.domain.units import BUY, SELL


class Ladder:
    """Both sides. Keys are signed so that the best of either side comes first: -price for bids, price for asks."""

    def __init__(self) -> None:
        self.size: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self.keys: tuple[list[int], list[int]] = ([], [])

    def reset(self, bids: Levels, asks: Levels) -> None:
        """Forget everything and take a snapshot; levels in any order."""
        for side, levels in ((BUY, bids), (SELL, asks)):
            sign = -1 if side == BUY else 1
            self.size[side].clear()
            self.size[side].update({sign * px: sz for px, sz in levels if sz > 0})
            self.keys[side][:] = sorted(self.size[side])

    def apply(self, bids: Levels, asks: Levels) -> None:
        """Set levels; size 0 takes one away, unknown or not."""
        for side, levels in ((BUY, bids), (SELL, asks)):
            sign = -1 if side == BUY else 1
            size, keys = self.size[side], self.keys[side]
            for px, sz in levels:
                key = sign * px
                if sz > 0:
                    if key not in size:
                        insort(keys, key)
                    size[key] = sz
                elif size.pop(key, None) is not None:
                    del keys[bisect_left(keys, key)]

    @property
    def usable(self) -> bool:
        """Both sides present and not crossed."""
        bids, asks = self.keys
        return bool(bids and asks) and -bids[0] <= asks[0]

    def write(self, px: npt.NDArray[np.int64], sz: npt.NDArray[np.int64]) -> None:
        """The best levels into px, sz of shape (2, LEVELS), unused ones 0."""
        px[:], sz[:] = 0, 0
        for side in (BUY, SELL):
            best = self.keys[side][:LEVELS]
            px[side, : len(best)] = best
            sz[side, : len(best)] = [self.size[side][key] for key in best]
        px[BUY] *= -1
