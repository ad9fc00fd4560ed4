"""Markout of fills: where the mid stands h seconds after, seen from our side. FORMULAS.md 1. Positive = good for us.

The mid is a step function; a horizon beyond the data stays unresolved (None), never 0. Maker and taker apart.
"""

from __future__ import annotations

import bisect
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from core.domain.units import NS_PER_S

HORIZONS_NS = (NS_PER_S // 10, NS_PER_S, 5 * NS_PER_S, 10 * NS_PER_S, 30 * NS_PER_S, 60 * NS_PER_S)
ONE_SECOND = 1  # position of 1 s in HORIZONS_NS
RECENT = 1_000  # resolved 1 s markouts kept for the adverse-selection gauge
MAKER, TAKER = 0, 1


def markout_bps(sign: int, fill_px: float, mid: float) -> float | None:
    """sign * (mid - fill) / fill * 1e4; None for a fill price at or below zero."""
    return sign * (mid - fill_px) / fill_px * 1e4 if fill_px > 0 else None


def markout_at(
    sign: int, fill_px: float, fill_ts: int, ts: Sequence[int], mid: Sequence[float], horizon: int
) -> float | None:
    """Offline form over a whole mid series; None when fill_ts + horizon lies beyond its last stamp."""
    due = fill_ts + horizon
    if not ts or due > ts[-1] or due < ts[0]:
        return None
    return markout_bps(sign, fill_px, mid[bisect.bisect_right(ts, due) - 1])


def adverse_rate(markouts: Sequence[float | None], theta_bps: float = 0.0) -> tuple[float | None, int, float | None]:
    """(share of resolved markouts strictly below -theta, resolved count, mean); None without a resolved one."""
    known = [m for m in markouts if m is not None]
    if not known:
        return None, 0, None
    return sum(m < -theta_bps for m in known) / len(known), len(known), sum(known) / len(known)


class Tally(msgspec.Struct):
    """Resolved markouts of one horizon and liquidity: count, sum of bps, adverse count."""

    n: int = 0
    total: float = 0.0
    adverse: int = 0
    unresolved: int = 0

    @property
    def mean(self) -> float | None:
        return self.total / self.n if self.n else None

    @property
    def rate(self) -> float | None:
        return self.adverse / self.n if self.n else None


class _Pending(msgspec.Struct, gc=False):
    due: int
    sign: int
    px: int
    liquidity: int
    number: int


class Markouts:
    """Streaming markouts of one instrument: a queue a horizon, resolved as mids pass. Prices in ticks, mid doubled.

    `told(number of the fill, position of the horizon, bps)` as each is resolved, for who keeps single orders.
    """

    def __init__(self) -> None:
        self._queues: tuple[deque[_Pending], ...] = tuple(deque() for _ in HORIZONS_NS)
        self.mid2 = 0
        self.next_due = 1 << 62
        self.table = _new_table()
        self.recent: deque[float] = deque(maxlen=RECENT)
        self.told: Callable[[int, int, float | None], None] | None = None

    def fill(self, ts: int, sign: int, px: int, maker: bool, number: int = 0) -> None:
        """Our fill at `ts` ns on the clock of our half."""
        liquidity = MAKER if maker else TAKER
        for queue, horizon in zip(self._queues, HORIZONS_NS, strict=True):
            queue.append(_Pending(ts + horizon, sign, px, liquidity, number))
        self.next_due = min(self.next_due, ts + HORIZONS_NS[0])

    def mid(self, ts: int, mid2: int) -> None:
        """The mid from `ts` on (sum of best bid and ask, ticks; 0 = no book: the last one is held)."""
        if ts > self.next_due:
            self._resolve(ts)
        if mid2 > 0:
            self.mid2 = mid2
        if ts == self.next_due:
            self._resolve(ts + 1)

    def _resolve(self, before: int) -> None:
        """Settle everything due strictly before `before` at the mid that held until then."""
        next_due = 1 << 62
        for at, queue in enumerate(self._queues):
            while queue and queue[0].due < before:
                waiting = queue.popleft()
                tally = self.table[waiting.liquidity][at]
                bps = markout_bps(waiting.sign, waiting.px, self.mid2 / 2) if self.mid2 > 0 else None
                if self.told is not None:
                    self.told(waiting.number, at, bps)
                if bps is None:
                    tally.unresolved += 1
                    continue
                tally.n += 1
                tally.total += bps
                tally.adverse += bps < 0.0
                if at == ONE_SECOND:
                    self.recent.append(bps)
            if queue:
                next_due = min(next_due, queue[0].due)
        self.next_due = next_due

    def pending(self) -> list[int]:
        """Fills not yet due, a horizon."""
        return [len(queue) for queue in self._queues]

    def new_round(self) -> list[list[Tally]]:
        """The table so far; what is still pending counts as unresolved in it and is given up."""
        done, self.table = self.table, _new_table()
        for at, queue in enumerate(self._queues):
            for waiting in queue:
                done[waiting.liquidity][at].unresolved += 1
            queue.clear()
        self.next_due = 1 << 62
        return done


def _new_table() -> list[list[Tally]]:
    return [[Tally() for _ in HORIZONS_NS] for _ in (MAKER, TAKER)]
