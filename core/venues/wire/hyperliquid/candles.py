"""Candles from trades: one-minute bars, joined to longer ones when asked."""

from __future__ import annotations

from typing import Any

from core.venues.wire.hyperliquid.text import Grid

MINUTE_MS = 60_000
INTERVALS = {
    "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "8h": 480, "12h": 720,
    "1d": 1440, "3d": 4320, "1w": 10_080,
}  # fmt: skip
KEPT = 5000


class Candles:
    """Bars of one coin; times ms."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self._bars: dict[int, list[int]] = {}  # minute start -> open, high, low, close, lots, trades

    def take(self, ms: int, px: int, lots: int) -> None:
        """One trade."""
        start = ms - ms % MINUTE_MS
        bar = self._bars.get(start)
        if bar is None:
            self._bars[start] = [px, px, px, px, lots, 1]
            if len(self._bars) > KEPT:
                del self._bars[next(iter(self._bars))]
            return
        bar[1], bar[2], bar[3] = max(bar[1], px), min(bar[2], px), px
        bar[4] += lots
        bar[5] += 1

    def rows(self, coin: str, interval: str, start_ms: int, end_ms: int) -> list[dict[str, Any]]:
        """Bars that begin in the range, oldest first. Raises KeyError for an interval that does not exist."""
        length = INTERVALS[interval] * MINUTE_MS
        joined: dict[int, list[int]] = {}
        for at, bar in sorted(self._bars.items()):
            start = at - at % length
            whole = joined.get(start)
            if whole is None:
                joined[start] = list(bar)
                continue
            whole[1], whole[2], whole[3] = max(whole[1], bar[1]), min(whole[2], bar[2]), bar[3]
            whole[4] += bar[4]
            whole[5] += bar[5]
        px, sz = self.grid.px, self.grid.sz
        return [
            {
                "t": start, "T": start + length - 1, "s": coin, "i": interval, "o": px(o), "c": px(c), "h": px(h),
                "l": px(low), "v": sz(lots), "n": n,
            }
            for start, (o, h, low, c, lots, n) in joined.items()
            if start_ms <= start <= end_ms
        ]  # fmt: skip
