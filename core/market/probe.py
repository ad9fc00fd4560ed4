"""What a passive order at the touch would have earned: the markout probe of a calibration (FORMULAS.md 1 and 13).

Orders of one lot join the back of the displayed queue at regular times on both sides, at or behind the touch, without
latency, under the risk-averse queue: trades at the price and a shorter displayed level move it, cancellations alone
never do better than the level's own size. Where the file shows no depth the queue is empty. Measures markets; it is no
part of the simulated exchange.
"""

from __future__ import annotations

import bisect
import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core.domain.book import F_BBO, F_BOOK, F_GAP, F_TRADE, LEVELS, Feed
from core.domain.units import BUY, NS_PER_S
from core.market.figures import quoted

HORIZONS_S = (1, 5, 30, 60)
EVERY_NS = 2 * NS_PER_S
LIFE_NS = 10 * NS_PER_S
DEEP_BPS = 2.0  # behind the touch: where a ladder's outer orders stand
LOOK_BACK = 50  # events searched for the size displayed at a price


class Fills(NamedTuple):
    """Probe fills: exchange time ns, price ticks, sign (+1 bought, -1 sold), shape (n,); `placed` orders in all."""

    ts: npt.NDArray[np.int64]
    px: npt.NDArray[np.int64]
    sign: npt.NDArray[np.int64]
    placed: int


def probe(feed: Feed, every_ns: int = EVERY_NS, life_ns: int = LIFE_NS, away_bps: float = 0.0) -> Fills:
    """Fills of probe orders placed every `every_ns` on both sides, cancelled after `life_ns`.

    `away_bps` is how far behind the touch they stand, rounded away from it.
    Nothing is placed in a locked book or between a gap and the next snapshot.
    """
    tape = _Tape(feed)
    found: list[tuple[int, int, int]] = []
    placed = 0
    if not tape.ts:
        return Fills(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64), 0)
    for start in range(tape.ts[0] + every_ns, tape.ts[-1], every_ns):
        i = bisect.bisect_right(tape.ts, start)
        if not tape.open_at(i - 1):
            continue
        for side in (0, 1):
            placed += 1
            own = _behind(tape.best[side][i - 1], side, away_bps)
            ts = tape.fill_time(i, side, own, start + life_ns)
            if ts:
                found.append((ts, own, 1 - 2 * side))
    table = np.array(found, np.int64).reshape(-1, 3)
    return Fills(table[:, 0], table[:, 1], table[:, 2], placed)


def _behind(touch: int, side: int, away_bps: float) -> int:
    far = touch * away_bps * 1e-4
    return math.floor(touch - far) if side == BUY else math.ceil(touch + far)


def markouts_bps(feed: Feed, fills: Fills) -> dict[int, float | None]:
    """Mean markout in bps per horizon of HORIZONS_S; fills too near the end of the data are unresolved."""
    at, bid, ask = quoted(feed)
    ts, mid = feed.ts_exch[at], (bid + ask) / 2.0
    out: dict[int, float | None] = {}
    for seconds in HORIZONS_S:
        later = fills.ts + seconds * NS_PER_S
        known = later <= (ts[-1] if len(ts) else 0)
        px, sign = fills.px[known], fills.sign[known]
        then = mid[np.searchsorted(ts, later[known], "right") - 1]
        out[seconds] = float(np.mean(sign * (then - px) / px) * 1e4) if len(px) else None
    return out


class _Tape:
    """A feed as lists: plain loops over Python ints are several times faster than over array scalars."""

    def __init__(self, feed: Feed) -> None:
        self.ts: list[int] = feed.ts_exch.tolist()
        self.kind: list[int] = feed.kind.tolist()
        self.row: list[int] = feed.row.tolist()
        self.small: list[list[int]] = feed.small.tolist()
        self.px, self.sz = feed.book_px, feed.book_sz
        at, bid, ask = quoted(feed)
        index = np.searchsorted(at, np.arange(len(self.ts)), "right") - 1
        self.best = [
            np.where(index >= 0, side[np.maximum(index, 0)], 0).astype(np.int64).tolist() for side in (bid, ask)
        ]
        snapshots = np.where(feed.kind == F_BOOK, np.arange(len(self.ts)), -1)
        gaps = np.where(feed.kind == F_GAP, np.arange(len(self.ts)), -1)
        self.snapshot: list[int] = np.maximum.accumulate(snapshots).tolist() if len(self.ts) else []
        self.gap: list[int] = np.maximum.accumulate(gaps).tolist() if len(self.ts) else []

    def open_at(self, i: int) -> bool:
        """A book that can be joined after event `i`: known, not locked or crossed, no gap since."""
        return 0 < self.best[0][i] < self.best[1][i] and self.snapshot[i] > self.gap[i]

    def fill_time(self, i: int, side: int, own: int, until: int) -> int:
        """When an order placed at `own` ticks before event `i` is filled, 0 = not before `until` or a gap."""
        sign = 1 - 2 * side
        other = self.best[1 - side]
        ahead = self._displayed(i - 1, side, own)
        ts, kind, row = self.ts, self.kind, self.row
        for j in range(i, len(ts)):
            what = kind[j]
            if ts[j] > until or what == F_GAP:
                return 0
            if what == F_TRADE:
                px, sz, aggressor, _ = self.small[row[j]]
                if aggressor == sign:
                    continue
                if (px - own) * sign < 0:
                    return ts[j]
                if px == own:
                    ahead -= sz
                    if ahead < 0:
                        return ts[j]
            elif what in (F_BOOK, F_BBO):
                if (other[j] - own) * sign <= 0:
                    return ts[j]
                shown = self._shown(j, side, own)
                if 0 <= shown < ahead:
                    ahead = shown
        return 0

    def _displayed(self, i: int, side: int, own: int) -> int:
        for j in range(i, max(-1, i - LOOK_BACK), -1):
            shown = self._shown(j, side, own) if self.kind[j] in (F_BOOK, F_BBO) else -1
            if shown >= 0:
                return shown
        return 0

    def _shown(self, j: int, side: int, own: int) -> int:
        """Size at `own` that event `j` shows; 0 = the level is gone, -1 = the event does not tell."""
        sign = 1 - 2 * side
        if self.kind[j] == F_BBO:
            of, px, sz, _ = self.small[self.row[j]]
            if of != side or (px - own) * sign > 0:
                return -1
            return sz if px == own else 0
        px_row, sz_row = self.px[self.row[j], side], self.sz[self.row[j], side]
        for level in range(LEVELS):
            px = int(px_row[level])
            if px == own:
                return int(sz_row[level])
            if px == 0:
                return -1
            if (own - px) * sign > 0:
                return 0
        return -1
