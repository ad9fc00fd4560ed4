"""Maintenance margin, liquidation and bankruptcy prices, margin ratios (FORMULAS.md 6).

`maintenance` is the integer kernel of the simulated exchange; the rest are floats for display, alarms and
reconciliation, in quote units. None means "no liquidation price"; an unknown one is the caller's to fail on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from core.domain.units import PPM, muldiv_up
from core.kernel import kernel


@kernel
def maintenance(notional: int, n_tiers: int, floor: Any, mmr_ppm: Any, cum: Any) -> int:
    """MM(notional) = notional * mmr_n - cum_n, 1e-8 quote, rounded up; a boundary belongs to the upper bracket.

    floor, mmr_ppm, cum: arrays of n_tiers brackets (`Spec.tier_*`).
    """
    n = 0
    while n + 1 < n_tiers and notional >= floor[n + 1]:
        n += 1
    return max(0, muldiv_up(notional, mmr_ppm[n], PPM) - cum[n])


class Brackets:
    """Margin tiers as floats: lower bounds of notional and maintenance rates, both ascending, first floor 0."""

    def __init__(self, floor: Sequence[float], mmr: Sequence[float]) -> None:
        if not floor or len(floor) != len(mmr) or floor[0] != 0 or list(floor) != sorted(floor):
            raise ValueError(f"Expected ascending floors from 0, one rate each, was {list(floor)} and {list(mmr)}")
        self.floor, self.mmr, cum, rate = list(floor), list(mmr), 0.0, mmr[0]
        self.cum: list[float] = []
        for f, m in zip(floor, mmr, strict=True):
            cum += f * (m - rate)
            rate = m
            self.cum.append(cum)

    def index(self, notional: float) -> int:
        """Bracket of a notional."""
        return max(i for i, f in enumerate(self.floor) if notional >= f or i == 0)

    def maintenance(self, notional: float) -> float:
        """Maintenance margin, quote units."""
        i = self.index(notional)
        return notional * self.mmr[i] - self.cum[i]


def binance_liquidation(
    wallet: float,
    sign: int,
    qty: float,
    entry: float,
    mmr: float,
    cum: float,
    other_mm: float = 0.0,
    other_upnl: float = 0.0,
) -> float | None:
    """(WB - TMM1 + UPNL1 + cum - s*Q*EP) / (Q*mmr - s*Q) in one bracket; None where there is no such price > 0.

    Isolated: the isolated wallet and no others. Cross: the cross wallet, others at their current marks.
    """
    denominator = qty * mmr - sign * qty
    if denominator == 0:
        return None
    price = (wallet - other_mm + other_upnl + cum - sign * qty * entry) / denominator
    return price if price > 0 else None


def tiered_liquidation(
    wallet: float,
    sign: int,
    qty: float,
    entry: float,
    brackets: Brackets,
    other_mm: float = 0.0,
    other_upnl: float = 0.0,
) -> float | None:
    """The unique root of equity(p) = MM(p): the bracket whose own price lies in it. None = no liquidation price."""
    if qty <= 0:
        return None
    for i, (mmr, cum) in enumerate(zip(brackets.mmr, brackets.cum, strict=True)):
        price = binance_liquidation(wallet, sign, qty, entry, mmr, cum, other_mm, other_upnl)
        if price is None:
            continue
        low = brackets.floor[i]
        high = brackets.floor[i + 1] if i + 1 < len(brackets.floor) else math.inf
        if low * (1 - 1e-12) <= qty * price <= high * (1 + 1e-12):
            return price
    return None


def bybit_liquidation(
    sign: int, qty: float, entry: float, leverage: float, mmr: float, deduction: float = 0.0, extra: float = 0.0
) -> float | None:
    """Bybit isolated: EP - s*[(IM - MM) + extra]/Q with MM taken at the entry price."""
    if qty <= 0 or leverage <= 0:
        return None
    value = qty * entry
    price = entry - sign * ((value / leverage - (value * mmr - deduction)) + extra) / qty
    return price if price > 0 else None


def hyperliquid_liquidation(
    sign: int, qty: float, price: float, balance: float, rate: float, deduction: float = 0.0
) -> float | None:
    """p - s*margin_available/Q/(1 - l*s); l = the tier's maintenance rate, balance = account or isolated margin."""
    if qty <= 0 or 1 - rate * sign == 0:
        return None
    available = balance - (qty * price * rate - deduction)
    found = price - sign * available / qty / (1 - rate * sign)
    return found if found > 0 else None


def bankruptcy_price(sign: int, qty: float, entry: float, wallet: float, taker_fee: float = 0.0) -> float | None:
    """Isolated price at which equity is zero: (EP - s*WB/Q) / (1 - s*f). None = none above zero."""
    if qty <= 0 or 1 - sign * taker_fee == 0:
        return None
    price = (entry - sign * wallet / qty) / (1 - sign * taker_fee)
    return price if price > 0 else None


def margin_ratio(equity: float, notional: float) -> float:
    """Equity / notional (K-30): lower is worse, +inf without a position, <= 0 breached."""
    return equity / notional if notional > 0 else math.inf


def mm_usage(maintenance_margin: float, margin_balance: float) -> float:
    """Binance's own figure MM / margin balance: liquidation at >= 1; balance <= 0 with a position -> +inf."""
    if margin_balance <= 0:
        return math.inf if maintenance_margin > 0 else 0.0
    return maintenance_margin / margin_balance


def liquidation_buffer(sign: int, mark: float, liquidation: float | None) -> float | None:
    """Signed s*(mark - LP)/mark: <= 0 breached, +inf without a liquidation price, None where the mark is unknown."""
    if not mark > 0:
        return None
    if liquidation is None:
        return math.inf
    if math.isnan(liquidation):
        return None
    return sign * (mark - liquidation) / mark
