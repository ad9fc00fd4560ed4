"""Figures as Hyperliquid writes them, and its rule of significant figures: our integers in 1e-8, their text.

Exact both ways; a price is "2500.0" in answers and "2500" inside a signature.
"""

from __future__ import annotations

import re
from functools import lru_cache

from core.domain.instrument import Instrument
from core.domain.units import MONEY

E8 = MONEY
SIGNIFICANT, PERP_DECIMALS = 5, 6
MAX_UNITS = 1 << 40  # ticks or lots that the exchange behind can look at
_NUMBER = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,18}))?")


@lru_cache(maxsize=1 << 16)
def text8(value: int) -> str:
    """1e-8 units as decimal text with at least one decimal: 250000000000 -> "2500.0"."""
    sign = "-" if value < 0 else ""
    whole, rest = divmod(abs(value), E8)
    decimals = f"{rest:08d}".rstrip("0") or "0"
    return f"{sign}{whole}.{decimals}"


def tidy(text: str) -> str:
    """The one form of a number inside a signed action: no trailing zero, no bare point. Raises ValueError."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise ValueError(f"Expected a decimal number, was {text[:40]!r}")
    whole, decimals = found[1].lstrip("0") or "0", (found[2] or "").rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole


def price_fits(text: str, size_decimals: int) -> bool:
    """At most 5 significant figures and 6 - szDecimals decimals; whole prices always."""
    whole, _, decimals = tidy(text).partition(".")
    if not decimals:
        return True
    figures = (whole + decimals).lstrip("0")
    return len(decimals) <= PERP_DECIMALS - size_decimals and len(figures) <= SIGNIFICANT


def size_decimals(instrument: Instrument) -> int:
    """szDecimals: how many decimals a size may have."""
    return len(text8(round(instrument.lot * E8)).partition(".")[2].rstrip("0"))


class Grid:
    """Ticks and lots of one instrument as text."""

    def __init__(self, instrument: Instrument) -> None:
        self.tick, self.lot = round(instrument.tick * E8), round(instrument.lot * E8)
        self.decimals = size_decimals(instrument)

    def px(self, ticks: int) -> str:
        return text8(ticks * self.tick)

    def sz(self, lots: int) -> str:
        return text8(lots * self.lot)

    def average(self, ticks_lots: int, lots: int) -> str:
        """Mean price of `ticks_lots` (sum of ticks x lots) over `lots`, to 1e-8; "0.0" without any."""
        return text8(ticks_lots * self.tick // lots) if lots else "0.0"

    def ticks(self, text: str) -> int | None:
        """Whole ticks, or None where the price lies between two or beyond all."""
        return _units(text, self.tick)

    def lots(self, text: str) -> int | None:
        """Whole lots, or None where the size lies between two or beyond all."""
        return _units(text, self.lot)


@lru_cache(maxsize=1 << 14)
def _units(text: str, step: int) -> int | None:
    whole, _, decimals = tidy(text).partition(".")
    if len(decimals) > 8:
        return None
    units, rest = divmod(int(whole) * E8 + int(decimals.ljust(8, "0")), step)
    return None if rest or units > MAX_UNITS else units
