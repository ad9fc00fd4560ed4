"""The market maker's formulas against reference values and the hand numbers of the S3 rows."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.strategies.asmm.formulas import (
    cap_factor,
    inventory_pressure,
    momentum_excess,
    optimal_spread,
    ramp,
    reservation_price,
)

# s, q, gamma, sigma, k, T - t -> reservation, total spread (Avellaneda & Stoikov 2008, eqs. 29-30)
AVELLANEDA_STOIKOV = [
    (100.0, 0, 0.1, 2.0, 1.5, 1.0, 100.0, 1.6907704227514233),
    (100.0, 1, 0.01, 2.0, 1.5, 1.0, 99.96, 1.3689085437337023),
    (100.0, 3, 0.1, 2.0, 1.5, 0.5, 99.4, 1.4907704227514234),
    (100.0, -2, 0.5, 2.0, 1.5, 0.25, 101.0, 1.6507282898071234),
]


@pytest.mark.parametrize(("s", "q", "gamma", "sigma", "k", "tau", "reservation", "spread"), AVELLANEDA_STOIKOV)
def test_avellaneda_stoikov_reference_values(s, q, gamma, sigma, k, tau, reservation, spread) -> None:
    """S3-64."""
    r = reservation_price(s, q, gamma, sigma, tau)
    total = optimal_spread(gamma, sigma, tau, k)
    assert r == pytest.approx(reservation, rel=1e-9)
    assert total == pytest.approx(spread, rel=1e-9)
    assert total / 2 == pytest.approx(r - (r - total / 2))


def test_optimal_spread_tends_to_two_over_k_without_risk_aversion() -> None:
    assert optimal_spread(0.0, 2.0, 1.0, 1.5) == pytest.approx(2 / 1.5)
    assert optimal_spread(1e-12, 2.0, 1.0, 1.5) == pytest.approx(2 / 1.5)
    assert optimal_spread(1e-6, 2.0, 1.0, 1.5) == pytest.approx(2 / 1.5, rel=1e-5)


@pytest.mark.parametrize(("used", "pressure"), [(0.0, 0.0), (0.4, 0.0), (0.7, 0.5 * 0.5**2.5), (1.0, 0.5), (1.7, 0.5)])
def test_inventory_pressure_hand_numbers(used: float, pressure: float) -> None:
    """S3-10: u .4 gives 0, .7 gives .0884, 1 gives .5."""
    assert inventory_pressure(used, 0.4, 0.5, 2.5) == pytest.approx(pressure, abs=1e-12)
    assert round(inventory_pressure(0.7, 0.4, 0.5, 2.5), 4) == 0.0884


@pytest.mark.parametrize(
    ("momentum", "excess_bps"), [(0.0006, 0.0), (-0.0006, 0.0), (0.0, 0.0), (0.0008, 2.0), (-0.0011, -5.0)]
)
def test_momentum_counts_only_beyond_its_threshold(momentum: float, excess_bps: float) -> None:
    """S3-09."""
    assert momentum_excess(momentum, 0.0006) == pytest.approx(excess_bps, abs=1e-9)


def test_cap_factor_hand_numbers() -> None:
    """S3-77: calm 1; volatility x2 at slope 0.5 gives 2/3; half of the loss gives 1/2; never under the floor."""
    assert cap_factor(1.0, 0.5, 0.0, 60.0, 0.1) == 1.0
    assert cap_factor(0.5, 0.5, 0.0, 60.0, 0.1) == 1.0
    assert cap_factor(2.0, 0.5, 0.0, 60.0, 0.1) == pytest.approx(2 / 3)
    assert cap_factor(1.0, 0.5, 30.0, 60.0, 0.1) == pytest.approx(0.5)
    assert cap_factor(2.0, 0.5, 30.0, 60.0, 0.1) == pytest.approx(1 / 3)
    assert cap_factor(1.0, 0.5, 600.0, 60.0, 0.1) == 0.1


@given(st.floats(0, 50), st.floats(0, 50), st.floats(-100, 200), st.floats(-100, 200))
def test_cap_factor_never_rises_with_volatility_or_loss(a: float, b: float, loss: float, more: float) -> None:
    low, high = sorted((a, b))
    less, much = sorted((loss, more))
    assert 0.1 <= cap_factor(high, 0.5, much, 60.0, 0.1) <= cap_factor(low, 0.5, less, 60.0, 0.1) <= 1.0


def test_ramp_is_flat_outside_its_ends() -> None:
    assert [ramp(x, 0.5, 0.9) for x in (0.0, 0.5, 0.7, 0.9, 1.0)] == pytest.approx([0, 0, 0.5, 1, 1])
    assert not math.isnan(ramp(0.5, 0.5, 0.9))
