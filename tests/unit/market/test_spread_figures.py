"""Figures of a basis, on samples whose figures are known beforehand."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.units import NS_PER_MS, NS_PER_S
from core.market.spread_figures import half_life, held_together, lag_figures, regime_slope, sampled_bps, spread_figures

Side = tuple[np.ndarray, np.ndarray]


def side(*rows: tuple[float, float]) -> Side:
    """(second, mid)."""
    return np.array([round(t * NS_PER_S) for t, _ in rows], np.int64), np.array([mid for _, mid in rows])


def test_mids_are_held_until_the_next_and_only_where_both_are_known() -> None:
    a, b = side((0.2, 100.0), (2.5, 101.0), (6.0, 101.0)), side((1.5, 100.0), (3.0, 100.0), (9.0, 100.0))
    first, second = held_together(a, b)
    assert first.tolist() == [100.0, 101.0, 101.0, 101.0] and second.tolist() == [100.0] * 4  # seconds 2, 3, 4, 5
    assert sampled_bps(a, b) == pytest.approx([0.0, 100.0, 100.0, 100.0])


def test_half_life_of_a_decay_that_halves_every_four_samples() -> None:
    drawn = np.random.default_rng(3).standard_normal(200_000)
    kept, value, out = 0.5**0.25, 0.0, np.empty(len(drawn))
    for k, push in enumerate(drawn.tolist()):
        value = kept * value + push
        out[k] = value
    assert half_life(out) == pytest.approx(4.0, rel=0.03)
    assert half_life(np.array([1.0, -1.0] * 10)) is None


def test_jumps_are_changes_above_one_basis_point() -> None:
    samples = np.array([0.0, 0.0, 2.0, 2.0, 2.0, 3.0, 3.0, -0.5, -0.5, -0.5, -0.5])  # 2 and 3.5; 1 is none
    figures = spread_figures(samples)
    assert (figures["jumps_per_min"], figures["jump_bps"]) == (12.0, 2.75)
    assert figures["seconds"] == 11.0 and figures["mean_bps"] == pytest.approx(samples.mean(), abs=1e-4)
    assert spread_figures(samples * 0.1)["jump_bps"] is None


@pytest.mark.parametrize("late_ms", [-300, 0, 200])
def test_the_lag_between_two_mids_is_found_with_its_sign(late_ms: int) -> None:
    """b repeats a `late_ms` later."""
    walk = 100.0 * np.exp(np.cumsum(np.random.default_rng(4).standard_normal(5_000)) * 1e-5)
    ts = np.arange(5_000, dtype=np.int64) * 100 * NS_PER_MS
    found = lag_figures((ts, walk), (ts + late_ms * NS_PER_MS, walk), 100 * NS_PER_MS)
    assert found["lag_ms"] == late_ms and found["lag_correlation"] == pytest.approx(1.0)
    share = found["lead_share"]
    assert share is not None
    assert {-300: share < 0.1, 0: 0.3 < share < 0.7, 200: share > 0.9}[late_ms]
    with pytest.raises(ValueError, match="Expected at least 60 steps"):
        lag_figures((ts[:50], walk[:50]), (ts[:50], walk[:50]), 100 * NS_PER_MS)


def test_the_regime_slope_is_the_exponent() -> None:
    """Windows whose volatility doubles; the basis moves with its square root."""
    dice = np.random.default_rng(5)
    wild = np.repeat(2.0 ** np.arange(6), 3_000)
    basis = np.cumsum(np.sqrt(wild) * 1e-6 * dice.standard_normal(len(wild)))
    b = 100.0 * np.exp(np.cumsum(wild * 1e-5 * dice.standard_normal(len(wild))))
    ts = np.arange(len(wild), dtype=np.int64) * NS_PER_S
    assert regime_slope((ts, b * (1.0 + basis)), (ts, b)) == pytest.approx(0.5, abs=0.05)
    assert regime_slope((ts, np.full(len(ts), 100.0)), (ts, np.full(len(ts), 100.0))) is None
