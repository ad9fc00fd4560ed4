"""One window of a long series, as a detail chart draws it. Plain values; a missing bucket is a gap, None unknown."""

from __future__ import annotations

import msgspec


class HistoryPage(msgspec.Struct, frozen=True, kw_only=True):
    """Buckets of `bucket_s` seconds, oldest first; `ts` is where each begins (ns), `until` the newest second there is.

    `unit` bp | quote. Of a pair: spread, upper and lower band, mean. Of our quotes: mid, best ask, best bid,
    reservation price. Of the PnL: net alone.
    """

    name: str = ""
    unit: str = "bp"
    window_s: int = 300
    bucket_s: int = 1
    until: int = 0
    ts: tuple[int, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    last: tuple[float, ...] = ()
    upper: tuple[float | None, ...] = ()
    lower: tuple[float | None, ...] = ()
    middle: tuple[float | None, ...] = ()
