"""Fees, slippage and the walk through the book."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.units import BUY, MAX_NOTIONAL, PPM, SELL
from core.models.depth import walk_average, walk_cost, walk_depth
from core.models.fees import fee_at, fee_rate9
from core.models.slippage import slippage_bps
from tests.unit.models.reference import near, of


@pytest.mark.parametrize(
    ("notional", "ppm", "referral", "fee"),
    [
        (1_000_000, 500, 0, 500),
        (1_000_001, 500, 0, 501),
        (1, 1, 0, 1),
        (1_000_000, -50, 0, -50),
        (1_000_001, -50, 0, -50),
        (999_999, -50, 0, -49),
        (1, -1, 0, 0),
        (1_000_000, 500, 100_000, 450),
        (1_000_000, -50, 100_000, -50),
        (1_000_000, 500, 2_000_000, 0),
        (0, 500, 0, 0),
    ],
)
def test_fee_of_a_fill(notional: int, ppm: int, referral: int, fee: int) -> None:
    assert fee_at(notional, ppm, referral) == fee


@given(st.integers(0, MAX_NOTIONAL), st.integers(-2_000, 5_000), st.integers(0, PPM))
def test_fee_is_rounded_against_us_by_less_than_a_unit(notional: int, ppm: int, referral: int) -> None:
    rate9 = fee_rate9(ppm, referral)
    fee = fee_at(notional, ppm, referral)
    assert 0 <= fee * 10**9 - notional * rate9 < 10**9
    exact = ppm * (PPM - referral) if ppm > 0 else ppm * PPM
    assert 0 <= rate9 * 1_000 - exact < 1_000


@pytest.mark.parametrize("case", of("slippage_bps"), ids=lambda c: c["id"])
def test_slippage_is_positive_when_worse(case: dict[str, Any]) -> None:
    x = case["inputs"]
    side = BUY if x["side"] > 0 else SELL
    assert slippage_bps(side, x["fill_price"], x["reference_price"]) == pytest.approx(case["expected"], **near(case))


@pytest.mark.parametrize("reference", [0.0, -1.0, math.nan])
def test_slippage_without_a_reference_is_not_a_number(reference: float) -> None:
    assert math.isnan(slippage_bps(BUY, 100.0, reference))


def test_walking_the_book() -> None:
    px, sz = [101, 102, 105], [10, 5, 1]
    assert walk_cost(px, sz, 3, 12, 7) == (10 * 101 + 2 * 102) * 7
    assert walk_cost(px, sz, 3, 17, 7) == -1
    assert walk_depth(px, sz, 3, 17) == 16
    assert walk_depth(px, sz, 2, 12) == 12
    assert walk_average(px, sz, 3, 12) == pytest.approx((1_010 + 204) / 12)
    assert math.isnan(walk_average(px, sz, 3, 17))
    assert math.isnan(walk_average(px, sz, 3, 0))
