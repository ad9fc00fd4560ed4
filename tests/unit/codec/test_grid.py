"""Text and floats to ticks and lots, exactly or not at all."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.codec.grid import MAX_UNITS, Step, ratio_of, signed_units
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

STEPS = st.sampled_from(["1", "0.1", "0.01", "0.00001", "0.5", "0.25", "10", "0.0001"])


@given(STEPS, st.integers(0, MAX_UNITS))
def test_text_of_units_gives_the_same_units_back(step: str, units: int) -> None:
    grid = Step(step)
    assert grid.units(grid.text(units)) == units


@given(STEPS, st.integers(1, 1 << 40))
def test_nothing_between_two_steps_passes(step: str, units: int) -> None:
    grid = Step(step)
    between = format(Decimal(step) * units + Decimal(step) / 3, ".30f")
    with pytest.raises(Hostile, match=OFF_GRID):
        grid.units(between)
    assert grid.units_up(between) == units + 1


@given(st.integers(1, 1 << 33), st.sampled_from([0.1, 0.01, 0.001]))
def test_binary_floats_of_decimal_text_are_on_the_grid(units: int, step: float) -> None:
    assert Step(step).units(units * step) == units


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("NaN", NOT_A_NUMBER), ("nan", NOT_A_NUMBER), ("sNaN", NOT_A_NUMBER), (float("nan"), NOT_A_NUMBER),
        ("Infinity", INFINITE), ("-inf", INFINITE), (float("inf"), INFINITE), (float("-inf"), INFINITE),
        ("-1", NEGATIVE), (-1.0, NEGATIVE), (-1, NEGATIVE),
        ("1e308", TOO_LARGE), (1e308, TOO_LARGE), (1 << 90, TOO_LARGE), ("9" * 40, TOO_LARGE), ("1e999", TOO_LARGE),
        ("1e-300", OFF_GRID), (5e-324, OFF_GRID), ("0.05", OFF_GRID), (0.05, OFF_GRID),
        ("", EMPTY), (None, EMPTY),
        (True, WRONG_TYPE), (b"1", WRONG_TYPE), ([1], WRONG_TYPE), ({}, WRONG_TYPE),
        ("1_000", NOT_A_NUMBER), (" 1", NOT_A_NUMBER), ("1\n", NOT_A_NUMBER), ("0x10", NOT_A_NUMBER),
        ("１２", NOT_A_NUMBER), ("+1", NOT_A_NUMBER), ("1,5", NOT_A_NUMBER), ("1" * 41, NOT_A_NUMBER),
        (Decimal("NaN"), NOT_A_NUMBER), (Decimal("Infinity"), INFINITE),
    ],
)  # fmt: skip
def test_hostile_values_are_refused_by_reason(value: object, reason: str) -> None:
    with pytest.raises(Hostile) as caught:
        Step(0.1).units(value)
    assert caught.value.reason == reason


def test_zero_is_a_size_but_no_price() -> None:
    assert Step(0.1).units("0.000") == 0
    assert Step(0.1).units("-0") == 0
    with pytest.raises(Hostile, match=ZERO):
        Step(0.1).positive("0.0")


def test_marks_are_rounded_to_the_nearest_tick() -> None:
    assert Step(0.1).nearest("28147.27373413") == 281473
    assert Step(0.1).nearest("0.05") == 0
    assert Step(0.1).nearest("0.15") == 2


def test_funding_rates_keep_their_sign() -> None:
    assert signed_units("-0.00002754", "1e-8") == -2754
    with pytest.raises(Hostile, match=TOO_LARGE):
        signed_units("1e20", "1e-8")


def test_a_step_is_above_zero() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Step("0")


def test_recorded_grid_maps_to_the_instruments_as_a_fraction() -> None:
    assert ratio_of("0.01", 0.01) == (1, 1)
    assert ratio_of("0.01", 0.1) == (1, 10)
    assert ratio_of("0.1", 0.025) == (4, 1)


def test_the_memo_does_not_grow_without_bound() -> None:
    grid = Step("1")
    for value in range(70_000):
        grid.units(str(value))
    assert len(grid._known) <= 65_536
    assert grid.units("69999") == 69_999
