"""Bands, their window and the half-life against numpy, hand series and the reference values."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.rng import stream
from core.strategies.pair_lock.bands import fit_half_life, push, quantile, set_bands
from core.strategies.pair_lock.blocks import SAMPLES, PairBlock, SpreadWindow
from core.strategies.pair_lock.params import PairParams, pair_block
from tests.unit.strategies.pair_lock.desk import PairDesk, S, perpetual

REFERENCE = json.loads((Path(__file__).parent / "reference.json").read_text(encoding="utf-8"))


def block(**params: Any) -> PairBlock:
    return pair_block(PairParams.model_validate(params), perpetual("a"), perpetual("b"))


def filled(p: PairBlock, values: list[float], start: int = 1) -> SpreadWindow:
    window = SpreadWindow()
    for i, value in enumerate(values):
        push(p.s, window.s, start + i, value)
    return window


def test_sigma_bands_of_a_hand_series() -> None:
    """S1-66: 1, 2, 3, 4, 5: mean 3, sample deviation sqrt(2.5); bands at 0.8 of it."""
    p = block(band_min_samples=5)
    window = filled(p, [1.0, 2.0, 3.0, 4.0, 5.0])
    set_bands(p.s, window.s, 6)
    assert window.s.ok == 1
    assert (window.s.lb, window.s.ub) == pytest.approx((3 - 0.8 * math.sqrt(2.5), 3 + 0.8 * math.sqrt(2.5)), rel=1e-12)


def test_quantile_bands_of_a_hand_series_are_nearest_ranks() -> None:
    """S1-19, FORMULAS.md 14: of ten values the 0.2 quantile is the 2nd, the 0.8 quantile the 8th."""
    p = block(band_mode="quantile", band_min_samples=10)
    window = filled(p, [7.0, 1.0, 9.0, 3.0, 10.0, 2.0, 8.0, 4.0, 6.0, 5.0])
    set_bands(p.s, window.s, 11)
    assert (window.s.lb, window.s.ub) == (2.0, 8.0)


def test_quantiles_equal_the_reference() -> None:
    case = REFERENCE["latency_quantiles"]
    window = filled(block(), [float(x) for x in case["inputs"]["latency_us"]])
    for percent, value in case["expected"]["nearest_rank"].items():
        assert quantile(window.s, float(percent) / 100) == value


def test_mean_and_sigma_equal_the_reference() -> None:
    case = REFERENCE["basis_rolling_sigma"]
    perp, spot = (case["inputs"][name] for name in ("perp", "spot"))
    gate = [(p - s) / s * 1e4 for p, s in zip(perp, spot, strict=True)]
    window = filled(block(band_min_samples=10), gate[-10:])
    set_bands(block(band_min_samples=10).s, window.s, 11)
    assert window.s.mean == pytest.approx(case["expected"]["mean_last"], rel=1e-9)
    assert window.s.sigma == pytest.approx(case["expected"]["sigma_last"], rel=1e-9)


def test_half_life_equals_the_reference() -> None:
    """Exact form -ln 2 / ln(1 + k), over the residual of the reference regression."""
    case = REFERENCE["engle_granger"]
    expected, p = case["expected"], block(band_min_samples=20)
    residual = [
        y - expected["alpha"] - expected["beta"] * x
        for x, y in zip(case["inputs"]["x"], case["inputs"]["y"], strict=True)
    ]
    window = filled(p, residual)
    fit_half_life(p.s, window.s)
    assert window.s.half_life_ok == 1
    assert window.s.half_life_s == pytest.approx(expected["half_life_exact"], rel=1e-9)


def test_half_life_skips_gaps_and_refuses_a_trend() -> None:
    p = block(band_min_samples=5)
    window = filled(p, [float(i) for i in range(30)])
    fit_half_life(p.s, window.s)
    assert window.s.half_life_ok == 0  # de is constant: k = 0
    gappy = SpreadWindow()
    for i in range(30):
        push(p.s, gappy.s, 2 * i, float(i % 3))
    fit_half_life(p.s, gappy.s)
    assert gappy.s.half_life_ok == 0  # no two neighbours


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.integers(1, 30), st.floats(-5, 5, width=32) | st.sampled_from([0.0, 1.0])),
        min_size=2, max_size=300,
    ),
    mode=st.sampled_from(["sigma", "quantile"]),
)  # fmt: skip
def test_window_equals_a_sorted_copy_of_the_last_minutes(steps: list[tuple[int, float]], mode: str) -> None:
    """Any gaps, any ties: order, mean, sigma and bands are those of exactly the samples of the past 60 s."""
    p = block(band_window_sec=60, band_min_samples=2, band_mode=mode)
    window, kept, now = SpreadWindow(), [], 0
    w = window.s
    for gap, x in steps:
        now += gap
        kept = [(at, value) for at, value in kept if at >= now - 60]
        set_bands(p.s, w, now)
        values = np.array([value for _, value in kept])
        assert w.n == len(values)
        assert list(w.ordered[: w.n]) == sorted(values)
        if len(values) >= 2 and values.std() > 1e-6:
            assert w.ok == int(w.ub > w.lb)
            assert w.mean == pytest.approx(values.mean(), abs=1e-9)
            assert w.sigma == pytest.approx(values.std(ddof=1), abs=1e-7)
            if mode == "quantile":
                ranks = [math.ceil(share * len(values) - 1e-9) for share in (0.2, 0.8)]
                assert [w.lb, w.ub] == [sorted(values)[rank - 1] for rank in ranks]
        push(p.s, w, now, x)
        kept = [(at, value) for at, value in kept if at > now - 60] + [(now, x)]


def test_the_ring_stays_exact_when_it_turns() -> None:
    """16,000 pushes into 14,400 places, a window of 600 s, a wandering spread: equal to numpy (seed 11)."""
    p, dice = block(band_mode="quantile", band_window_sec=600, band_min_samples=600), stream(11, "bands")
    values = np.cumsum(dice.normal(0, 0.2, 16_000)) + 40_000.0
    window = filled(p, [float(x) for x in values])
    set_bands(p.s, window.s, 16_001)
    last = values[-600:]
    assert (window.s.n, window.s.n_pushed) == (600, 16_000)
    assert window.s.n_pushed > SAMPLES
    assert window.s.sigma == pytest.approx(last.std(ddof=1), rel=1e-9)
    assert (window.s.lb, window.s.ub) == (np.sort(last)[119], np.sort(last)[479])


def test_bands_need_600_samples_and_a_spread_that_moves() -> None:
    """K-36: at least 600; FORMULAS.md: zero variance gives no value."""
    p = block()
    window = filled(p, [float(i % 7) for i in range(599)])
    set_bands(p.s, window.s, 600)
    assert window.s.ok == 0
    push(p.s, window.s, 600, 3.0)
    set_bands(p.s, window.s, 601)
    assert window.s.ok == 1
    flat = filled(p, [12.5] * 700)
    set_bands(p.s, flat.s, 701)
    assert flat.s.ok == 0
    set_bands(p.s, window.s, 600 + 14_400)  # four hours later only the youngest is left
    assert (window.s.ok, window.s.n) == (0, 1)


def test_the_present_spread_is_not_part_of_its_own_bands() -> None:
    """FORMULAS.md 10: over PAST values; a spike of the sampling second does not widen the band it is held against."""
    desk = PairDesk(band_min_samples=20)
    dice = stream(5, "present")
    for _ in range(40):
        desk.price(0, 50_000.0 + float(dice.integers(-20, 20)))
        desk.decide(S)
    before = (desk.window.s.lb, desk.window.s.ub)
    values = np.array(list(desk.window.s.ordered[: desk.window.s.n]))
    desk.price(0, 50_500.0)
    desk.decide(S)
    assert desk.window.s.ub == pytest.approx(values.mean() + 0.8 * values.std(ddof=1), rel=1e-9)
    assert desk.window.s.ub < 60.0
    assert before != (desk.window.s.lb, desk.window.s.ub)


@pytest.mark.parametrize(("mode", "n"), [("sigma", 700), ("quantile", 701)])
def test_swapped_venues_mirror_the_bands(mode: str, n: int) -> None:
    """S1-66. (Nearest ranks mirror to the unit where the share times n is not whole.)"""
    p, dice = block(band_mode=mode), stream(3, "swap")
    values = [float(x) for x in dice.normal(3, 2, n)]
    one, other = filled(p, values), filled(p, [-x for x in values])
    for window in (one, other):
        set_bands(p.s, window.s, n + 1)
    assert (other.s.lb, other.s.ub) == (-one.s.ub, -one.s.lb)
