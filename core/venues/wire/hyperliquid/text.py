"""Figures as Hyperliquid writes them, and its rule of significant figures: our integers in 1e-8, their text.

Exact both ways; a price is "2500.0" in answers and "2500" inside a signature.
"""

from __future__ import annotations

from core.domain.instrument import Instrument
from core.domain.units import BUY
from core.venues.wire.figures import E8, decimals_of, text8, tidy, units_in

__all__ = ["E8", "Grid", "price_fits", "text8", "tidy"]
SIGNIFICANT, PERP_DECIMALS = 5, 6


def price_fits(text: str, size_decimals: int) -> bool:
    """At most 5 significant figures and 6 - szDecimals decimals; whole prices always."""
    whole, _, decimals = tidy(text).partition(".")
    if not decimals:
        return True
    figures = (whole + decimals).lstrip("0")
    return len(decimals) <= PERP_DECIMALS - size_decimals and len(figures) <= SIGNIFICANT


class Grid:
    """Ticks and lots of one instrument as text."""

    def __init__(self, instrument: Instrument) -> None:
        self.tick, self.lot = round(instrument.tick * E8), round(instrument.lot * E8)
        self.decimals = decimals_of(instrument.lot)

    def px(self, ticks: int) -> str:
        return text8(ticks * self.tick)

    def off(self, ticks: int, side: int) -> str:
        """A price beside the grid, as the venue's own closes have: a third of a tick better than `ticks`."""
        step = self.tick * 8 // 25
        return text8(ticks * self.tick + (-step if side == BUY else step))

    def sz(self, lots: int) -> str:
        return text8(lots * self.lot)

    def average(self, ticks_lots: int, lots: int) -> str:
        """Mean price of `ticks_lots` (sum of ticks x lots) over `lots`, to 1e-8; "0.0" without any."""
        return text8(ticks_lots * self.tick // lots) if lots else "0.0"

    def ticks(self, text: str) -> int | None:
        """Whole ticks, or None where the price lies between two or beyond all."""
        return units_in(text, self.tick)

    def lots(self, text: str) -> int | None:
        """Whole lots, or None where the size lies between two or beyond all."""
        return units_in(text, self.lot)
