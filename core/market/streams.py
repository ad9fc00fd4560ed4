"""What a converter makes of the files of one instrument, before the merge: streams of rows with both times.

Owns the checks that every file shares: row order, rows off the grid (refused), hostile rows (dropped and counted).
"""

from __future__ import annotations

import pathlib
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core.codec.columns import F_OFF_GRID
from core.codec.grid import MAX_LEVEL
from core.codec.reasons import CROSSED, EMPTY, FAULTS, TOO_LARGE, UNSORTED, ZERO
from core.domain.errors import DataError
from core.domain.instrument import Instrument
from core.domain.units import BUY, NS_PER_S, SELL

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Rows(NamedTuple):
    """One stream: times in ns, shape (n,), and `small` of shape (n, 4) as `Feed.small` has it for `kind`."""

    kind: int
    ts_exch: Ints
    ts_recv: Ints
    small: Ints


class Books(NamedTuple):
    """Snapshots: times in ns, shape (n,); px ticks and sz lots, shape (n, 2, LEVELS), best first."""

    ts_exch: Ints
    ts_recv: Ints
    px: Ints
    sz: Ints


@dataclass
class Streams:
    """All streams of one instrument. `one_clock`: receive times are not recorded and must be modelled.

    `replays`: a subscription begins with old trades, so those before the first book are not the market's present.
    """

    family: str
    books: Books | None = None
    rows: list[Rows] = field(default_factory=list)
    one_clock: bool = False
    replays: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    labels: list[str] = field(default_factory=list)

    def drop(self, reason: str, n: int) -> None:
        """Count `n` rows dropped for `reason`."""
        if n:
            self.counts[f"dropped {reason}"] += int(n)


def refuse_unsorted(ts: Ints, path: pathlib.Path, steps: int, back_ns: int) -> int:
    """How often `ts` steps back. Raises DataError beyond `steps` such rows or beyond `back_ns` behind the newest."""
    behind = np.maximum.accumulate(ts) - ts
    back = np.flatnonzero(np.diff(ts) < 0) + 1
    far = np.flatnonzero(behind > back_ns)
    if far.size or back.size > steps:
        row = int(far[0] if far.size else back[0])
        raise DataError(
            f"Expected rows in order of time, was {behind[row] / NS_PER_S:.3f} s back "
            f"({back.size} steps back in the file); sort it by exchange time",
            str(path),
            row + 1,
        )
    return int(back.size)


def refuse_off_grid(
    fault: npt.NDArray[np.uint8], what: str, step: float, path: pathlib.Path, instrument: Instrument
) -> None:
    """Raises DataError for the first value off the instrument's grid; `fault` has the rows on its first axis."""
    off = fault == F_OFF_GRID
    if off.any():
        row = int(np.argwhere(off)[0][0])
        raise DataError(
            f"Expected a {what} on the grid {step:g} of {instrument.symbol} at {instrument.venue}, was between two "
            "steps; give the instrument file of this market, or correct its tick and lot",
            str(path),
            row + 1,
        )


def fault_mask(streams: Streams, *faults: npt.NDArray[np.uint8]) -> Mask:
    """Rows without any fault; the others are counted under the reason of their first fault."""
    n = faults[0].shape[0]
    worst = np.zeros(n, np.uint8)
    for fault in faults:
        flat = fault.reshape(n, -1).max(axis=1)
        worst = np.where(worst == 0, flat, worst)
    for code in np.unique(worst[worst != 0]):
        streams.drop(FAULTS[int(code)], int((worst == code).sum()))
    good: Mask = worst == 0
    return good


def too_large(px: Ints, sz: Ints, unit: int) -> Mask:
    """Where price x size would leave the range that kernels may multiply and sum. Shapes as given."""
    return np.asarray(px.astype(np.float64) * sz.astype(np.float64) * unit > MAX_LEVEL, np.bool_)


def good_books(streams: Streams, px: Ints, sz: Ints, unit: int) -> Mask:
    """Rows with a usable book; the others are counted: empty side, crossed, levels out of order, too large.

    px, sz: (n, 2, LEVELS), unused levels 0. Locked books (bid = ask) are kept and counted as `locked`.
    """
    bid, ask = px[:, BUY, 0], px[:, SELL, 0]
    used = px > 0
    empty = ~(used[:, BUY, 0] & used[:, SELL, 0])
    crossed = (bid > ask) & ~empty
    hollow = ((sz <= 0) & used).any(axis=(1, 2)) | (used[:, :, 1:] & ~used[:, :, :-1]).any(axis=(1, 2))
    falls = (px[:, BUY, 1:] >= px[:, BUY, :-1]) & used[:, BUY, 1:]
    rises = (px[:, SELL, 1:] <= px[:, SELL, :-1]) & used[:, SELL, 1:]
    tangled = (falls | rises).any(axis=1)
    large = too_large(px, sz, unit).any(axis=(1, 2))
    good = np.ones(len(px), np.bool_)
    for reason, mask in ((EMPTY, empty), (CROSSED, crossed), (ZERO, hollow), (UNSORTED, tangled), (TOO_LARGE, large)):
        streams.drop(reason, int((mask & good).sum()))
        good &= ~mask
    streams.counts["locked"] += int((good & (bid == ask)).sum())
    return good


def small_of(*columns: npt.NDArray[np.int64] | int, n: int) -> Ints:
    """Up to four columns as the (n, 4) array of a small stream, the rest 0."""
    small = np.zeros((n, 4), np.int64)
    for i, column in enumerate(columns):
        small[:, i] = column
    return small
