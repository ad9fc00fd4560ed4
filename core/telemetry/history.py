"""Long series for the detail charts: a pair's spread and bands, our quotes round the mid, the PnL; 24 h in rings.

One point a second comes in, three rings keep it as buckets of 1 s, 10 s and 1 min with lowest, highest and last value.
What a question reads are tuples that are replaced as a whole once a second, so any thread may ask. Memory is bounded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.domain.history_page import HistoryPage
from core.domain.pair_picture import PairRow
from core.domain.questions import PnlHistory, SpreadHistory
from core.domain.snapshot import Quoter
from core.domain.units import NS_PER_S
from core.telemetry.trails import in_bps

RINGS = ((1, 300), (10, 360), (60, 1_440))  # seconds of a bucket, buckets: 5 min, 1 h, 24 h
LEAST, MOST = 10, 1_440  # points of an answer
# start ns of the bucket; lowest, highest, last value; last of upper, lower and middle level
Bucket = tuple[int, float, float, float, float | None, float | None, float | None]


def known(value: float | None) -> float | None:
    """None for what is no number: unknown, never 0."""
    return value if value is not None and math.isfinite(value) else None


class Ring:
    """`most` buckets of `width_s`, oldest first. A second without a value makes none: a gap."""

    __slots__ = ("_at", "_closed", "_open", "_width", "most", "shown", "width_s")

    def __init__(self, width_s: int, most: int) -> None:
        self.width_s, self.most = width_s, most
        self._width = width_s * NS_PER_S
        self._at = -1
        self._open: Bucket | None = None
        self._closed: tuple[Bucket, ...] = ()
        self.shown: tuple[tuple[Bucket, ...], Bucket | None] = ((), None)

    def add(self, now: int, value: float, upper: float | None, lower: float | None, middle: float | None) -> None:
        """One value into its bucket."""
        at = now // self._width
        old = self._open
        if old is None or at != self._at:
            if old is not None:
                self._closed = (*self._closed[-(self.most - 1) :], old)
            self._at = at
            self._open = (at * self._width, value, value, value, upper, lower, middle)
        else:
            self._open = (
                old[0], min(old[1], value), max(old[2], value), value,
                old[4] if upper is None else upper, old[5] if lower is None else lower,
                old[6] if middle is None else middle,
            )  # fmt: skip
        self.shown = self._closed, self._open

    def since(self, start: int) -> list[Bucket]:
        """Buckets that begin at `start` or later. From any thread."""
        closed, last = self.shown
        found = [bucket for bucket in closed if bucket[0] >= start]
        return [*found, last] if last is not None and last[0] >= start else found


class Series:
    """One value over time in all rings."""

    __slots__ = ("rings",)

    def __init__(self) -> None:
        self.rings = tuple(Ring(width_s, most) for width_s, most in RINGS)

    def add(
        self, now: int, value: float | None, upper: float | None = None, lower: float | None = None,
        middle: float | None = None,
    ) -> None:  # fmt: skip
        """One point; an unknown value leaves a gap, an unknown level none where there was none."""
        value = known(value)
        if value is None:
            return
        upper, lower, middle = known(upper), known(lower), known(middle)
        for ring in self.rings:
            ring.add(now, value, upper, lower, middle)

    def window(self, now: int, window_s: int, most: int) -> tuple[int, list[Bucket]]:
        """(seconds of a bucket, buckets of the newest `window_s`), at most `most` of them, neighbours joined."""
        window_s = max(window_s, 1)
        ring = next((ring for ring in self.rings if ring.width_s * ring.most >= window_s), self.rings[-1])
        joined = -(-min(window_s // ring.width_s, ring.most) // min(max(most, LEAST), MOST))
        wide = joined * ring.width_s
        start = (now - window_s * NS_PER_S) // (wide * NS_PER_S) * wide * NS_PER_S + wide * NS_PER_S
        return wide, join(ring.since(start), wide)


def join(buckets: Sequence[Bucket], width_s: int) -> list[Bucket]:
    """The same values in buckets of `width_s`."""
    width = width_s * NS_PER_S
    out: list[Bucket] = []
    for ts, low, high, last, upper, lower, middle in buckets:
        at = ts // width * width
        if out and out[-1][0] == at:
            old = out[-1]
            out[-1] = (
                at, min(old[1], low), max(old[2], high), last, old[4] if upper is None else upper,
                old[5] if lower is None else lower, old[6] if middle is None else middle,
            )  # fmt: skip
        else:
            out.append((at, low, high, last, upper, lower, middle))
    return out


class Histories:
    """All series of a core. `second` once a second from the core's loop; the pages from any thread."""

    def __init__(self) -> None:
        self._now = 0
        self._quotes = Series()
        self._net = Series()
        self._pairs: dict[str, Series] = {}
        self._symbol = ""

    def second(self, now: int, quoter: Quoter | None, pairs: Sequence[PairRow], net: float | None) -> None:
        """One point of each. `net`: PnL of the running round, quote."""
        self._now = now
        if quoter is not None:
            self._symbol = quoter.symbol
            mid = quoter.mid or None  # 0 is no price
            self._quotes.add(now, mid, quoter.best_ask, quoter.best_bid, quoter.reservation)
        for pair in pairs:
            series = self._pairs.get(pair.name)
            if series is None:
                series = Series()
                self._pairs = {**self._pairs, pair.name: series}
            levels = [in_bps(pair, level) for level in (pair.spread, pair.upper, pair.lower, pair.mean)]
            series.add(now, *levels)
        self._net.add(now, net)

    def spread(self, asked: SpreadHistory) -> HistoryPage:
        """The spread of a pair in bp, or the mid with our quotes where no pair is named; empty for an unknown pair."""
        if not asked.pair:
            return self._page(self._quotes, self._symbol, "quote", asked.window_s, asked.most)
        return self._page(self._pairs.get(asked.pair), asked.pair, "bp", asked.window_s, asked.most)

    def pnl(self, asked: PnlHistory) -> HistoryPage:
        """Net PnL of the round that ran then, quote."""
        return self._page(self._net, "", "quote", asked.window_s, asked.most)

    def _page(self, series: Series | None, name: str, unit: str, window_s: int, most: int) -> HistoryPage:
        now = self._now
        wide, found = series.window(now, window_s, most) if series is not None else (1, [])
        if not found:
            return HistoryPage(name=name, unit=unit, window_s=window_s, bucket_s=wide, until=now)
        ts, low, high, last, upper, lower, middle = zip(*found, strict=True)
        return HistoryPage(
            name=name, unit=unit, window_s=window_s, bucket_s=wide, until=now, ts=ts, low=low, high=high, last=last,
            upper=upper, lower=lower, middle=middle,
        )  # fmt: skip
