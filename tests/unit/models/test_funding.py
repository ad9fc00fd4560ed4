"""Funding rates, the calendar and the payment against published and derived values."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models.funding import (
    annualise,
    average_premium,
    binance_rate,
    bybit_rate,
    clamp,
    funding_payment,
    hyperliquid_rate,
    next_settlement,
    premium_index,
    settlements_ahead,
)
from tests.unit.models.reference import BY_ID, near, of

HOUR = 3_600_000_000_000


@pytest.mark.parametrize("case", of("funding_binance"), ids=lambda c: c["id"])
def test_binance_rate(case: dict[str, Any]) -> None:
    x = case["inputs"]
    rate = binance_rate(x["avg_premium"], x["interest"], x["interval_hours"])
    if x["cap"] is not None:
        rate = clamp(rate, x["floor"], x["cap"])
    assert rate == pytest.approx(case["expected"], **near(case))


@pytest.mark.parametrize("case", of("premium_index"), ids=lambda c: c["id"])
def test_premium_index(case: dict[str, Any]) -> None:
    x = case["inputs"]
    assert premium_index(x["impact_bid"], x["impact_ask"], x["index"]) == pytest.approx(case["expected"], **near(case))


def test_average_premium_weighted_and_simple() -> None:
    case = BY_ID["avg_premium_weighted"]
    samples = case["inputs"]["premium_samples"]
    assert average_premium(samples) == pytest.approx(case["expected"]["linear_weighted"], **near(case))
    assert average_premium(samples, weighted=False) == pytest.approx(case["expected"]["simple"], **near(case))
    assert math.isnan(average_premium([]))


@pytest.mark.parametrize("case", of("funding_annualised"), ids=lambda c: c["id"])
def test_annualised_simple_and_compound(case: dict[str, Any]) -> None:
    rate, n = case["inputs"]["rate"], case["inputs"]["payments_per_day"]
    assert annualise(rate, n) == pytest.approx(case["expected"]["simple"], **near(case))
    assert annualise(rate, n, compound=True) == pytest.approx(case["expected"]["compound"], **near(case))


def test_hyperliquid_pays_one_eighth_each_hour_on_the_oracle_price() -> None:
    case = BY_ID["funding_hyperliquid_1pct"]
    x = case["inputs"]
    rate = hyperliquid_rate(x["avg_premium"], x["interest_8h"])
    assert rate == pytest.approx(case["expected"]["rate_1h"], **near(case))
    paid = funding_payment(round(x["size"]), round(x["oracle"]), 100_000_000, round(rate * 1e8))
    assert paid / 1e8 == pytest.approx(case["expected"]["payment"], **near(case))
    base = BY_ID["funding_hyperliquid_base_apr"]
    hourly = hyperliquid_rate(base["inputs"]["avg_premium"], base["inputs"]["interest_8h"])
    assert hourly == pytest.approx(base["expected"]["rate_1h"], **near(base))
    assert annualise(hourly, 24) == pytest.approx(base["expected"]["apr_simple"], **near(base))
    assert annualise(hourly, 24, True) == pytest.approx(base["expected"]["apy_compound"], **near(base))
    assert hyperliquid_rate(1.0, 0.0001) == 0.04


def test_bybit_interest_is_spread_over_the_day() -> None:
    assert bybit_rate(0.0, 8.0) == pytest.approx(0.0001)
    assert bybit_rate(0.002, 8.0) == pytest.approx(0.0015)
    assert math.isnan(bybit_rate(0.0, 0.0))
    assert math.isnan(binance_rate(0.0, 0.0001, 0.0))


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1))
def test_clamp_takes_its_bounds_either_way_round(x: float, a: float, b: float) -> None:
    assert clamp(x, a, b) == clamp(x, b, a)
    assert min(a, b) <= clamp(x, a, b) <= max(a, b)


@given(st.integers(0, 10**19 // 2), st.sampled_from([HOUR, 4 * HOUR, 8 * HOUR]), st.integers(0, 8 * HOUR))
def test_next_settlement_is_the_first_instant_of_the_calendar_after_now(now: int, interval: int, offset: int) -> None:
    t = next_settlement(now, interval, offset)
    assert now < t <= now + interval
    assert (t - offset) % interval == 0


def test_no_interval_means_no_settlement() -> None:
    assert next_settlement(5, 0, 0) == 1 << 62


@pytest.mark.parametrize(("pos", "rate", "paid"), [(1, 1, -1), (1, -1, 0), (-1, 1, 0), (-1, -1, -1)])
def test_a_payment_below_one_unit_is_rounded_against_us_on_every_sign(pos: int, rate: int, paid: int) -> None:
    assert funding_payment(pos, 10, 1, rate) == paid


def test_settlements_ahead_follow_the_calendar_unless_the_venue_tells_one() -> None:
    """S1-52: every 1, 4 and 8 h from its own offset."""
    hour = HOUR
    for hours in (1, 4, 8):
        times = settlements_ahead(9 * hour, 0, hours * hour, 0, 3)
        first = {1: 10, 4: 12, 8: 16}[hours]
        assert times == [(first + k * hours) * hour for k in range(3)]
    assert settlements_ahead(9 * hour, 0, 4 * hour, hour, 2) == [13 * hour, 17 * hour]
    assert settlements_ahead(9 * hour, 11 * hour, 8 * hour, 0, 2) == [11 * hour, 19 * hour]  # told
    assert settlements_ahead(9 * hour, 9 * hour, 8 * hour, 0, 1) == [16 * hour]  # told, and over
    assert settlements_ahead(9 * hour, 11 * hour, 0, 0, 3) == [11 * hour]
    assert settlements_ahead(9 * hour, 0, 0, 0, 3) == []
