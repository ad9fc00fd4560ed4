"""The basis between two venues: its statistics are those of the recordings, its draws do not depend on who asks how."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import rng
from core.market import basis as module
from core.market.basis import BasisCharacter, BasisProcess
from core.market.spread_figures import JUMP_BPS, half_life, spread_figures

MEASURED = json.loads((Path(module.__file__).parent / "basis_calibration.json").read_text(encoding="utf-8"))
WINDOW_S = 345  # as long as the shorter recording
DAYS = 60


def process(seed: int, start_bps: float | None = None) -> BasisProcess:
    return BasisProcess(BasisCharacter(), rng.stream(seed, "basis"), start_bps)


@pytest.fixture(scope="module")
def long_walk() -> np.ndarray:
    """One sample a second over two months."""
    seed = 2026
    print("seed", seed)
    return process(seed).walk(np.full(86_400 * DAYS, 1.0))


def of_recordings(figure: str) -> tuple[float, float]:
    values = [MEASURED[name][figure] for name in ("usdm_spot_2023", "usdm_spot_2024", "usdm_coinm_2024")]
    return min(values), max(values)


def test_hourly_samples_have_mean_sd_and_half_life_of_the_hourly_recordings(long_walk: np.ndarray) -> None:
    """Tolerance: mean 0.5 bps (the standard error of two months is 0.2), sd 10 %, half-life 20 %."""
    hourly = long_walk[::3600]
    wanted = MEASURED["binance_bybit_hourly"]
    assert hourly.mean() == pytest.approx(wanted["mean_bps"], abs=0.5)
    assert hourly.std(ddof=1) == pytest.approx(wanted["sd_bps"], rel=0.10)
    assert half_life(hourly) == pytest.approx(wanted["half_life_h"], rel=0.20)


def test_within_minutes_it_moves_as_the_recorded_ones_do(long_walk: np.ndarray) -> None:
    """Windows of 345 s: sd within 15 % of the recordings' range, half-life, change and jumps inside their range."""
    windows = long_walk[: len(long_walk) // WINDOW_S * WINDOW_S].reshape(-1, WINDOW_S)
    measured = [spread_figures(window) for window in windows[::20]]

    def typical(figure: str) -> float:
        return float(np.mean([m[figure] for m in measured if m[figure] is not None]))

    low, high = of_recordings("sd_bps")
    assert 0.85 * low <= typical("sd_bps") <= 1.15 * high
    for figure in ("half_life_s", "change_sd_bps", "jumps_per_min", "jump_bps"):
        low, high = of_recordings(figure)
        assert low <= typical(figure) <= high, figure


def test_the_tails_are_those_of_jumps(long_walk: np.ndarray) -> None:
    change = np.diff(long_walk)
    kurtosis = float(np.mean((change - change.mean()) ** 4) / np.var(change) ** 2)
    assert kurtosis > 6.0  # the recordings: 5.6 to 11.6
    without = BasisProcess(BasisCharacter(jumps_per_min=0.0), rng.stream(2026, "basis"))
    calm = np.diff(without.walk(np.full(86_400, 1.0)))
    assert np.mean(np.abs(calm) > 2 * JUMP_BPS) < 0.2 * np.mean(np.abs(change) > 2 * JUMP_BPS)


@settings(max_examples=25)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=8), st.integers(0, 2**32))
def test_no_split_of_the_steps_changes_a_draw(parts: list[int], seed: int) -> None:
    steps = np.linspace(0.01, 3.0, sum(parts))
    whole, cut = process(seed), process(seed)
    at = np.cumsum([0, *parts])
    pieces = [cut.walk(steps[a:b]) for a, b in itertools.pairwise(at)]
    assert np.array_equal(np.concatenate(pieces), whole.walk(steps))
    assert cut.now_bps == whole.now_bps


def test_it_begins_where_it_is_told_and_goes_home_from_there() -> None:
    begun = process(5, start_bps=15.0)
    assert begun.now_bps == 15.0
    assert begun.walk(np.array([0.0]))[0] == pytest.approx(15.0, abs=1e-9)
    assert abs(begun.walk(np.full(48, 3600.0))[-1] - BasisCharacter().mean_bps) < 8.0


def test_figures_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="Expected jumps within the fast sd"):
        BasisProcess(BasisCharacter(jump_bps=3.0), rng.stream(1, "basis"))
    with pytest.raises(ValueError, match="Expected a half-life longer"):
        BasisProcess(BasisCharacter(fast_sd_bps=1.9, half_life_h=100.0), rng.stream(1, "basis"))
