"""Funding: the payment, the venue's calendar and the rate formulas (FORMULAS.md 5).

Money is int64 1e-8 quote; rates of the formulas are plain fractions per interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.domain.units import RATE, muldiv_down
from core.kernel import kernel

BAND = 0.0005  # every venue's clamp of interest minus premium
HOURS_A_DAY = 24


@kernel
def funding_payment(pos: int, price: int, unit: int, rate: int) -> int:
    """Received (> 0) or paid (< 0), 1e-8 quote, rounded against us: -s*Q*price*F.

    pos lots signed, price ticks (mark; oracle on Hyperliquid), rate 1e-8 per interval, |rate| <= 2**31.
    """
    return muldiv_down(-pos * price * unit, rate, RATE)


@kernel
def next_settlement(now_ns: int, interval_ns: int, offset_ns: int) -> int:
    """First settlement strictly after `now_ns` on the calendar offset + k * interval."""
    if interval_ns <= 0:
        return 1 << 62
    return offset_ns + ((now_ns - offset_ns) // interval_ns + 1) * interval_ns


def settlements_ahead(now_ns: int, told_ns: int, interval_ns: int, offset_ns: int, n: int) -> list[int]:
    """The next n settlements: from the one that the venue told (0 = none) where it lies ahead, else by its calendar.

    Without an interval only what was told.
    """
    told = told_ns > now_ns
    if interval_ns <= 0:
        return [told_ns] if told else []
    first = told_ns if told else next_settlement(now_ns, interval_ns, offset_ns)
    return [first + k * interval_ns for k in range(n)]


@kernel
def clamp(x: float, a: float, b: float) -> float:
    """x within [min(a, b), max(a, b)], whichever way round a venue prints its bounds."""
    return min(max(x, min(a, b)), max(a, b))


@kernel
def premium_index(impact_bid: float, impact_ask: float, index: float) -> float:
    """[max(0, impact_bid - index) - max(0, index - impact_ask)] / index; NaN without an index."""
    if not index > 0.0:
        return float("nan")
    return (max(0.0, impact_bid - index) - max(0.0, index - impact_ask)) / index


def average_premium(samples: Sequence[float], weighted: bool = True) -> float:
    """Weights 1..n (Binance, Bybit) or the simple mean (Hyperliquid). NaN where there are no samples."""
    if not samples:
        return math.nan
    if not weighted:
        return sum(samples) / len(samples)
    return sum((i + 1) * p for i, p in enumerate(samples)) / (len(samples) * (len(samples) + 1) / 2)


@kernel
def binance_rate(premium: float, interest_8h: float, interval_hours: float) -> float:
    """Rate per interval since 2025-09-18: [P + clamp(I - P, +-0.05%)] / (8 / N). NaN for an interval <= 0."""
    if not interval_hours > 0.0:
        return float("nan")
    return (premium + clamp(interest_8h - premium, -BAND, BAND)) / (8.0 / interval_hours)


@kernel
def bybit_rate(premium: float, interval_hours: float) -> float:
    """Rate per interval: P + clamp(I - P, +-0.05%), I = 0.03% / (24 / N). NaN for an interval <= 0."""
    if not interval_hours > 0.0:
        return float("nan")
    return premium + clamp(0.0003 / (24.0 / interval_hours) - premium, -BAND, BAND)


@kernel
def hyperliquid_rate(premium: float, interest_8h: float) -> float:
    """Rate paid each hour: one eighth of P + clamp(I - P, +-0.05%), capped at 4% per hour."""
    return clamp((premium + clamp(interest_8h - premium, -BAND, BAND)) / 8.0, -0.04, 0.04)


def annualise(rate: float, payments_per_day: float, compound: bool = False) -> float:
    """Simple F*n*365 (label APR) or (1 + F)**(365 n) - 1 (label APY) of a rate per payment."""
    if compound:
        return math.expm1(365 * payments_per_day * math.log1p(rate))
    return rate * payments_per_day * 365
