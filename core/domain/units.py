"""Integer units and the directed rounding of prices, sizes and money.

Prices are ticks, sizes lots, money 1e-8 of the quote currency, rates parts per million (fees) or 1e-8 (funding),
times nanoseconds since the epoch. Ranges: `MAX_NOTIONAL` bounds price x size so that int64 never wraps.
"""

from __future__ import annotations

import math

from core.kernel import kernel

BUY = 0
SELL = 1
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
MONEY = 100_000_000  # 1e-8 quote units in one quote unit
PPM = 1_000_000
RATE = 100_000_000  # funding rates are 1e-8 fractions
FAR = 1 << 62  # "never", and "no price on this side"
MAX_NOTIONAL = 1 << 50  # 1e-8 quote: 11.2 million of quote currency an order or position


@kernel
def sign_of(side: int) -> int:
    """+1 for BUY, -1 for SELL."""
    return 1 - 2 * side


@kernel
def muldiv_down(a: int, b: int, c: int) -> int:
    """floor(a * b / c) without int64 overflow for c <= 2**31 * 2 and |b| <= 2**31; c > 0."""
    whole = a // c
    rest = a - whole * c
    return whole * b + rest * b // c


@kernel
def muldiv_up(a: int, b: int, c: int) -> int:
    """ceil(a * b / c), same ranges as `muldiv_down`."""
    return -muldiv_down(-a, b, c)


@kernel
def tick_down(price_ticks: float) -> int:
    """A bid price: the tick at or below."""
    return int(math.floor(price_ticks))


@kernel
def tick_up(price_ticks: float) -> int:
    """An ask price: the tick at or above."""
    return int(math.ceil(price_ticks))


@kernel
def lots_down(lots: float) -> int:
    """A size: lots towards zero, never below zero."""
    return max(0, int(math.floor(lots + 1e-9)))
