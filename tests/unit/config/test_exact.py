"""Decimal text to exact integers: what the file says, not what a binary float makes of it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import exact


def test_grid_products_are_whole_units_of_money() -> None:
    assert exact.product(0.01, 0.001, power=8) == 1000
    assert exact.product(0.00001, 1, power=8) == 1000
    assert exact.product(1, 0.00001, power=8) == 1000
    assert exact.product(1e-05, 1e-03, power=8) == 1


@pytest.mark.parametrize("values", [(0.001, 0.000001), (0.3, 1e-9), (1e-5, 1e-4)])
def test_a_product_that_is_no_whole_unit_is_refused(values: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="Expected a whole number"):
        exact.product(*values, power=8)


def test_steps_are_exact_where_floats_are_not() -> None:
    assert 0.3 / 0.1 != 3
    assert exact.steps(0.3, 0.1) == 3
    with pytest.raises(ValueError, match=r"Expected a multiple of 0\.001, was 0\.0095"):
        exact.steps(0.0095, 0.001)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), True])
def test_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="finite number"):
        exact.mantissa(value)


@given(st.integers(-(10**14), 10**14), st.integers(-12, 6))
def test_mantissa_is_the_decimal_that_was_written(m: int, e: int) -> None:
    written = float(f"{m}e{e}")
    got_m, got_e = exact.mantissa(written)
    assert Decimal(got_m).scaleb(got_e) == Decimal(m).scaleb(e)


@given(st.integers(0, 10**9), st.integers(0, 8))
def test_steps_is_the_inverse_of_counting_steps(n: int, digits: int) -> None:
    step = float(f"1e-{digits}")
    assert exact.steps(float(Decimal(n).scaleb(-digits)), step) == n
    assert exact.decimals(step) == digits
