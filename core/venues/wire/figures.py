"""Figures between our integers and a venue's decimal text, exact both ways. No venue's habits."""

from __future__ import annotations

import re
from functools import lru_cache

from core.domain.units import MONEY

E8 = MONEY
MAX_UNITS = 1 << 40  # ticks or lots that the exchange behind can look at
_NUMBER = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,18}))?")


@lru_cache(maxsize=1 << 16)
def fixed8(value: int, decimals: int = 8) -> str:
    """1e-8 units with exactly so many decimals: 250000000000 with 2 -> "2500.00". More precise values are cut."""
    sign = "-" if value < 0 else ""
    whole, rest = divmod(abs(value), E8)
    return f"{sign}{whole}.{rest:08d}"[: -(8 - decimals) or None] if decimals else f"{sign}{whole}"


@lru_cache(maxsize=1 << 16)
def text8(value: int) -> str:
    """1e-8 units as decimal text with at least one decimal: 250000000000 -> "2500.0"."""
    sign = "-" if value < 0 else ""
    whole, rest = divmod(abs(value), E8)
    decimals = f"{rest:08d}".rstrip("0") or "0"
    return f"{sign}{whole}.{decimals}"


def tidy(text: str) -> str:
    """The shortest form of a number: no trailing zero, no bare point. Raises ValueError."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise ValueError(f"Expected a decimal number, was {text[:40]!r}")
    whole, decimals = found[1].lstrip("0") or "0", (found[2] or "").rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole


@lru_cache(maxsize=1 << 14)
def units_in(text: str, step: int) -> int | None:
    """Whole steps (of 1e-8 units) in a decimal text; None between two or beyond all. Raises ValueError."""
    whole, _, decimals = tidy(text).partition(".")
    if len(decimals) > 8:
        return None
    units, rest = divmod(int(whole) * E8 + int(decimals.ljust(8, "0")), step)
    return None if rest or units > MAX_UNITS else units


def decimals_of(step: float) -> int:
    """How many decimals a step of this size needs."""
    return len(text8(round(step * E8)).partition(".")[2].rstrip("0"))
