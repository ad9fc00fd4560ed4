"""The synthetic market lies inside the recordings' range, and is no kinder to a maker than their median."""

from __future__ import annotations

import json
import statistics

import pytest

from core.domain.book import Feed
from core.market.figures import Figures
from core.market.synthetic import SyntheticMarket
from tests.unit.market.markets import ETHUSDC
from tools.calibrate import TABLE, figures_of

START = 1_767_657_600_000_000_000
HOUR = 3_600_000_000_000
SEEDS = (7, 11, 2026)
HELD = (
    "book_gap_s_p50", "spread_bps_p5", "spread_bps_p50", "spread_bps_p95", "spread_bps_p99", "trades_per_s",
    "trade_gap_s_p50", "trade_gap_s_p95", "same_stamp_share", "run_mean", "run_p50", "run_p95", "run_p99",
    "notional_p50", "notional_p95", "notional_p99", "mid_sd_bps_1s", "mid_sd_bps_60s", "fill_share",
)  # fmt: skip


def market(seed: int) -> Feed:
    return SyntheticMarket(ETHUSDC, seed, START).chunk(START + 4 * HOUR)


@pytest.fixture(scope="module")
def measured() -> list[Figures]:
    return [figures_of(market(seed), ETHUSDC) for seed in SEEDS]


def recorded(figure: str) -> list[float]:
    values = [figures[figure] for figures in json.loads(TABLE.read_text()).values()]
    return [value for value in values if value is not None]


@pytest.mark.slow
@pytest.mark.parametrize("figure", HELD)
def test_synthetic_figure_lies_inside_the_range_of_the_recordings(measured: list[Figures], figure: str) -> None:
    for seed, figures in zip(SEEDS, measured):
        value = figures[figure]
        assert value is not None
        assert min(recorded(figure)) <= value <= max(recorded(figure)), seed


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [1, 5, 30, 60])
@pytest.mark.parametrize("what", ["markout", "deep_markout"])
def test_synthetic_market_is_never_kinder_to_a_maker_than_the_median_recording(
    measured: list[Figures], what: str, seconds: int
) -> None:
    """Markout of passive orders at the touch and 2 bps behind it, risk-averse queue, mean over the seeds."""
    name = f"{what}_bps_{seconds}s"
    values = [figures[name] for figures in measured]
    assert all(value is not None and value < 0 for value in values)
    assert statistics.fmean(v for v in values if v is not None) <= statistics.median(recorded(name))
