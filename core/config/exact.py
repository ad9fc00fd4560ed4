"""Decimal numbers of config files as exact integers: no binary float ever takes part in the arithmetic.

A YAML number is read back as the shortest decimal text that stands for it, which is what the file says for up to 15
digits. Raises ValueError where a figure is not a whole number of the unit asked for.
"""

from __future__ import annotations

import re

_TEXT = re.compile(r"(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?", re.IGNORECASE)
DIGITS = 15


def mantissa(value: int | float) -> tuple[int, int]:
    """(m, e) with value == m * 10**e and m without trailing zeros; at most 15 significant digits."""
    found = _TEXT.fullmatch(repr(value))
    if isinstance(value, bool) or found is None:
        raise ValueError(f"Expected a finite number, was {value!r}")
    sign, whole, fraction, exponent = found.groups()
    fraction = fraction or ""
    m, e = int(whole + fraction), int(exponent or 0) - len(fraction)
    if m == 0:
        return 0, 0
    while m % 10 == 0:
        m, e = m // 10, e + 1
    if m >= 10**DIGITS:
        raise ValueError(f"Expected at most {DIGITS} digits, was {value!r}")
    return (-m if sign else m), e


def scaled(value: int | float, power: int) -> int:
    """value * 10**power, which must be whole: `scaled(0.0004, 6) == 400`."""
    m, e = mantissa(value)
    return _whole(m, e + power, f"{value!r} x 1e{power}")


def product(*values: int | float, power: int) -> int:
    """The product of the values times 10**power, which must be whole."""
    m, e = 1, power
    for value in values:
        m_one, e_one = mantissa(value)
        m, e = m * m_one, e + e_one
    return _whole(m, e, " x ".join(map(repr, values)) + f" x 1e{power}")


def steps(value: int | float, step: int | float) -> int:
    """value / step, which must be whole: `steps(0.009, 0.001) == 9`."""
    m, e = mantissa(value)
    m_step, e_step = mantissa(step)
    if m_step <= 0:
        raise ValueError(f"Expected a step above 0, was {step!r}")
    shift = e - e_step
    top, bottom = (m * 10**shift, m_step) if shift >= 0 else (m, m_step * 10**-shift)
    if top % bottom:
        raise ValueError(f"Expected a multiple of {step!r}, was {value!r}")
    return top // bottom


def decimals(value: int | float) -> int:
    """Digits after the point: 0.001 has 3, 5 has 0."""
    return max(0, -mantissa(value)[1])


def _whole(m: int, e: int, text: str) -> int:
    if e >= 0:
        return m * 10**e
    if m % 10**-e:
        raise ValueError(f"Expected a whole number from {text}, was {m}e{e}")
    return m // 10**-e
