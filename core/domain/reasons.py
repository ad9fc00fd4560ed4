"""Reject reasons: one code each, stable for ever (they stand in journals, reports, metrics and exports)."""

from __future__ import annotations

OK = 0
NET_CAP = 1
SINGLE_MAX = 2
DAILY_MAX = 3
PNL_BOUNDS = 4
STOP_LOSS = 5
HALTED = 6
COOLDOWN = 7
PAUSED = 8
REDUCE_ONLY_MODE = 9
PRICE_COLLAR = 10
MESSAGE_BUDGET = 11
STALE_DATA = 12
MISSING_INPUT = 13
FILTER_MIN_QTY = 14
FILTER_MAX_QTY = 15
FILTER_MIN_NOTIONAL = 16
FILTER_STEP = 17
SELF_MATCH = 18
UNKNOWN_ORDER = 19
REDUCE_ONLY_SIZE = 20
SLIPPAGE = 21
POST_ONLY_CROSS = 22
PRICE_BAND = 23
MARGIN = 24
NO_SLOT = 25
REPEATED = 26
REQUEST_AGE = 27
LOCK_LOST = 28
LATENCY = 29
MAX_VALUE = 30
RATE_LIMIT = 31
UNKNOWN_ORDER_ID = 32
NO_LIQUIDITY = 33
REDUCE_ONLY_REJECTED = 34
BAD_REQUEST = 35
DUPLICATE_ID = 36
SELF_TRADE = 37
VENUE_CLOSED = 38
NO_FILL = 39
VENUE_ACTION = 40
SHOCK = 41
LIQUIDATION_BUFFER = 42
VENUE_BUSY = 43

NAMES: dict[int, str] = {
    value: name.lower() for name, value in list(globals().items()) if name.isupper() and isinstance(value, int)
}
CODES: dict[str, int] = {name: value for value, name in NAMES.items()}


def name_of(code: int) -> str:
    """The stable text of a code; unknown codes show themselves."""
    return NAMES.get(code, f"code_{code}")
