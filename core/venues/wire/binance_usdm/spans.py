"""How much of a history one question may see: its limit and its span of time, with the venue's refusals."""

from __future__ import annotations

from core.venues.wire.binance_usdm.params import Params
from core.venues.wire.binance_usdm.refusals import Refusal, not_valid

WEEK_MS = 7 * 86_400_000
FOREVER = 1 << 60
PAGE = 1_000


def limit_of(params: Params, default: int, most: int = PAGE) -> int:
    """Rows of one page. Raises Refusal for more than there may be: the real venue may cut it to the most instead."""
    limit = params.whole("limit", default)
    if not 0 < limit <= most:
        raise not_valid("limit")
    return limit


def span_of(params: Params, now_ms: int = 0) -> tuple[int, int]:
    """(first, last) ms. `now_ms`: of a history that shows 7 days at most, the newest where nothing is said.

    Raises Refusal for a span that is longer or ends before it begins.
    """
    start, end = params.whole("startTime", 0), params.whole("endTime", 0)
    if start and end and start > end:
        raise Refusal(-1023, "Start time is greater than end time.")
    if not now_ms:
        return start, end or FOREVER
    if start and end and end - start > WEEK_MS:
        raise Refusal(-4165, "Invalid time interval: Maximum time interval is 7 days.")
    if not start:
        start = (end or now_ms) - WEEK_MS
    return start, end or start + WEEK_MS
