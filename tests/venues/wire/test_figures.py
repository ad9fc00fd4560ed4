"""Figures on the wire: exact both ways for every value, and nothing that is no plain decimal is read."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.venues.wire.figures import E8, MAX_UNITS, decimals_of, fixed8, text8, tidy, units_in

VALUES = st.integers(-(1 << 62), 1 << 62)
STEPS = st.sampled_from([1, 10, 1_000, 100_000, 1_000_000, 5_000_000, 10_000_000, 25_000_000, E8, 10 * E8])


@given(value=VALUES)
def test_eight_decimals_say_the_value_exactly(value: int) -> None:
    assert Decimal(fixed8(value)) * E8 == value
    assert Decimal(text8(value)) * E8 == value


@given(value=VALUES, decimals=st.integers(0, 8))
def test_fewer_decimals_cut_towards_zero_and_are_that_many(value: int, decimals: int) -> None:
    text = fixed8(value, decimals)
    step = 10 ** (8 - decimals)
    assert Decimal(text) * E8 == abs(value) // step * step * (1 if value >= 0 else -1)
    assert len(text.partition(".")[2]) == decimals and ("." in text) is (decimals > 0)


@given(units=st.integers(0, MAX_UNITS), step=STEPS)
def test_units_come_back_through_their_text(units: int, step: int) -> None:
    for text in (fixed8(units * step), text8(units * step)):
        assert units_in(text, step) == units


@given(units=st.integers(0, 1 << 30), step=STEPS, off=st.integers(1, 10 * E8))
def test_a_value_between_two_steps_is_none(units: int, step: int, off: int) -> None:
    value = units * step + off
    found = units_in(fixed8(value), step)
    assert found == (value // step if value % step == 0 else None)


@given(whole=st.integers(0, 10**12), decimals=st.text("0123456789", max_size=8))
def test_a_number_has_one_shortest_form_and_the_same_value(whole: int, decimals: int | str) -> None:
    text = f"{whole}.{decimals}" if decimals else str(whole)
    short = tidy(text)
    assert Decimal(short) == Decimal(text) and tidy(short) == short and tidy(f"000{text}") == short
    assert not short.endswith(".") and ("." not in short or not short.endswith("0"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "1.",
        ".5",
        "-1",
        "+1",
        "1e5",
        "1,5",
        " 1",
        "1 ",
        "1\n",
        "NaN",
        "inf",
        "0x10",
        "²",
        "١",
        "1_000",
        "1" * 19,
    ],
)
def test_what_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Expected a decimal number"):
        tidy(text)
    with pytest.raises(ValueError, match="Expected a decimal number"):
        units_in(text, 1)


@pytest.mark.parametrize(
    ("text", "step", "units"),
    [
        ("2970.01", 1_000_000, 297_001),
        ("2970.010", 1_000_000, 297_001),
        ("2970.015", 1_000_000, None),
        ("0.000000001", 1, None),
        ("0.0000000010", 1, None),
        ("99999999999", 1, None),
        ("0", 1, 0),
        ("110000.5", 50_000_000, 220_001),
        ("10995.11627776", 1, MAX_UNITS),
        ("10995.11627777", 1, None),
    ],
)
def test_known_figures(text: str, step: int, units: int | None) -> None:
    assert units_in(text, step) == units


@pytest.mark.parametrize(
    ("step", "decimals"), [(1.0, 0), (10.0, 0), (0.1, 1), (0.05, 2), (0.01, 2), (0.0001, 4), (1e-5, 5), (1e-8, 8)]
)
def test_a_step_needs_so_many_decimals(step: float, decimals: int) -> None:
    assert decimals_of(step) == decimals
