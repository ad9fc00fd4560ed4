"""Slippage in basis points, positive = worse for us (FORMULAS.md 1)."""

from __future__ import annotations

from core.domain.units import sign_of
from core.kernel import kernel


@kernel
def slippage_bps(side: int, fill_px: float, ref_px: float) -> float:
    """side * (fill - reference) / reference * 1e4; side BUY or SELL, prices in one unit. NaN without a reference."""
    if not ref_px > 0.0:
        return math_nan()
    return sign_of(side) * (fill_px - ref_px) / ref_px * 1e4


@kernel
def math_nan() -> float:
    """Not a number, spelled so that both kernel forms give the same bits."""
    return float("nan")
