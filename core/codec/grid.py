"""Decimal text and floats to ticks and lots, exactly: a value off the grid is refused, never rounded.

The only module with Decimal. Raises `Hostile` for what must not pass; callers inside the codec count it.
"""

from __future__ import annotations

import math
import re
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from core.codec.reasons import (
    EMPTY,
    INFINITE,
    NEGATIVE,
    NOT_A_NUMBER,
    OFF_GRID,
    TOO_LARGE,
    WRONG_TYPE,
    ZERO,
    Hostile,
)
from core.domain.units import MAX_NOTIONAL

MAX_UNITS = 1 << 45  # ticks or lots of one value
MAX_LEVEL = MAX_NOTIONAL << 7  # 1e-8 quote at one price level; a book of 20 levels a side stays below 2**63
FLOAT_TOLERANCE = 1e-6  # of one step: what binary floats of decimal text may miss the grid by

_NUMBER = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,3})?")
_SPECIAL = {"inf", "infinity", "+inf", "+infinity", "-inf", "-infinity"}
_MEMO = 1 << 16
_EXPONENT = 60


def decimal_of(value: object) -> Decimal:
    """A finite Decimal of text, int or float. Raises Hostile: wrong type, empty, not a number, inf, too large."""
    if type(value) is str:
        if not value:
            raise Hostile(EMPTY)
        if not _NUMBER.fullmatch(value):
            raise Hostile(INFINITE if value.lower() in _SPECIAL else NOT_A_NUMBER)
        number = Decimal(value)
    elif type(value) is int:
        if abs(value) > 1 << 80:
            raise Hostile(TOO_LARGE)
        number = Decimal(value)
    elif type(value) is float:
        if math.isnan(value):
            raise Hostile(NOT_A_NUMBER)
        if math.isinf(value):
            raise Hostile(INFINITE)
        number = Decimal(repr(value))
    elif isinstance(value, Decimal):
        if not value.is_finite():
            raise Hostile(NOT_A_NUMBER if value.is_nan() else INFINITE)
        number = value
    elif value is None:
        raise Hostile(EMPTY)
    else:
        raise Hostile(WRONG_TYPE)
    if number and number.adjusted() > _EXPONENT:
        raise Hostile(TOO_LARGE)
    if number and number.adjusted() < -_EXPONENT:
        raise Hostile(OFF_GRID)
    return number


class Step:
    """One grid, of prices or of sizes. `step` in quote units or base coins."""

    def __init__(self, step: float | str | Decimal) -> None:
        self.step = decimal_of(step)
        if self.step <= 0:
            raise ValueError(f"Expected a step above 0, was {step}")
        self._known: dict[str, int] = {}

    def units(self, value: object) -> int:
        """Whole steps in `value`, exact, 0 .. MAX_UNITS. Floats may miss the grid by 1e-6 of a step. Raises Hostile."""
        if type(value) is str:
            known = self._known.get(value)
            if known is not None:
                return known
        elif type(value) is float and -math.inf < value < 0.0:
            raise Hostile(NEGATIVE)
        number = decimal_of(value)
        if number.is_signed() and number:
            raise Hostile(NEGATIVE)
        steps = number / self.step
        if steps > MAX_UNITS:
            raise Hostile(TOO_LARGE)
        whole = int(steps.to_integral_value(ROUND_HALF_EVEN))
        if type(value) is float:
            if abs(float(steps) - whole) > FLOAT_TOLERANCE:
                raise Hostile(OFF_GRID)
        elif whole * self.step != number:
            raise Hostile(OFF_GRID)
        if type(value) is str:
            if len(self._known) >= _MEMO:
                self._known.clear()
            self._known[value] = whole
        return whole

    def positive(self, value: object) -> int:
        """As `units`, but 0 is refused too."""
        whole = self.units(value)
        if whole == 0:
            raise Hostile(ZERO)
        return whole

    def units_up(self, value: object) -> int:
        """As `units`, but a value between two steps counts as the upper one. Raises Hostile for the rest."""
        return self._rounded(value, ROUND_CEILING)

    def units_down(self, value: object) -> int:
        """As `units_up`, the lower one; what binary floats miss the grid by is not between two. Raises Hostile."""
        near = self.nearest(value)
        return (
            near if abs(decimal_of(value) / self.step - near) <= FLOAT_TOLERANCE else self._rounded(value, ROUND_FLOOR)
        )

    def nearest(self, value: object) -> int:
        """The nearest step of a figure finer than the grid (mark, index), half to even. Raises Hostile."""
        return self._rounded(value, ROUND_HALF_EVEN)

    def _rounded(self, value: object, rounding: str) -> int:
        number = decimal_of(value)
        if number.is_signed() and number:
            raise Hostile(NEGATIVE)
        steps = number / self.step
        if steps > MAX_UNITS:
            raise Hostile(TOO_LARGE)
        return int(steps.to_integral_value(rounding))

    def text(self, units: int) -> str:
        """Exact decimal text of whole steps, without exponent; `units(text(n)) == n`."""
        return format(self.step * units, "f")


def signed_units(value: object, step: str, most: int = MAX_UNITS) -> int:
    """Nearest whole steps of a signed figure such as a funding rate (step 1e-8). Raises Hostile, also above `most`."""
    steps = decimal_of(value) / Decimal(step)
    if abs(steps) > most:
        raise Hostile(TOO_LARGE)
    return int(steps.to_integral_value(ROUND_HALF_EVEN))


def ratio_of(fine: float | str, coarse: float | str) -> tuple[int, int]:
    """`fine / coarse` as a reduced fraction of ints: how a recorded grid maps to the instrument's."""
    return (decimal_of(fine) / decimal_of(coarse)).as_integer_ratio()
