"""The committed figures: they are those of the recordings, and the recordings' are those of their own README."""

from __future__ import annotations

import json

import pytest

from core.market.figures import measure
from tests.unit.market.conftest import Opened
from tests.unit.market.markets import FILES
from tools.calibrate import SHOWN, TABLE, figures_of, markdown

# file: book gap median, max (s); spread p5, p50, p95, p99 (bps); trades per s; notional p50, p95, p99; mid sd 1 s, 60 s
README = {
    "standx_btc": (0.25, 107.9, 0, 0.0107, 0.66, 1.585, 1.92, 94, 3743, 12764, 0.35, 4.97),
    "hyperliquid_btc": (0.54, 17.9, 0.09, 0.09, 0.18, 0.82, 3.2, 327, 49990, 149983, 0.42, 4.8),
    "hyperliquid_sol": (0.54, 18.1, 0.49, 0.49, 0.50, 2.46, 2.1, 999, 40752, 111490, 1.02, 9.2),
    "hyperliquid_wlfi": (0.54, 18.3, 0.53, 2.73, 6.47, 9.68, 1.2, 370, 4076, 15214, 3.97, 34.5),
    "aster_eth": (0.25, 4.9, 0.33, 0.33, 0.33, 0.66, 1.05, 3895, 64715, 109316, 0.65, 5.2),
    "aster_btc": (0.28, 3.0, 0.009, 0.009, 0.009, 0.08, 10.4, 2260, 117554, 434774, None, None),
}
NAMES = (
    "book_gap_s_p50", "book_gap_s_max", "spread_bps_p5", "spread_bps_p50", "spread_bps_p95", "spread_bps_p99",
    "trades_per_s", "notional_p50", "notional_p95", "notional_p99", "mid_sd_bps_1s", "mid_sd_bps_60s",
)  # fmt: skip


@pytest.mark.parametrize("name", sorted(README))
def test_measured_figures_are_those_of_the_recordings_readme(opened: Opened, name: str) -> None:
    recording = opened(name)
    out = measure(recording.feed, recording.instrument, recording.one_clock)
    for figure, told in zip(NAMES, README[name]):
        if told is not None:
            assert out[figure] == pytest.approx(told, rel=0.03, abs=0.006), figure


@pytest.mark.parametrize("name", ["hyperliquid_btc", "hyperliquid_wlfi", "aster_eth", "aster_btc", "binance_usdm_2024"])
def test_committed_figures_are_what_the_script_measures(opened: Opened, name: str) -> None:
    recording = opened(name)
    stored = json.loads(TABLE.read_text())[name]
    measured = figures_of(recording.feed, recording.instrument, recording.one_clock)
    assert set(stored) == set(measured)
    for figure, value in measured.items():
        assert stored[figure] == (None if value is None else pytest.approx(value, rel=1e-4)), figure


def test_table_has_every_market_every_shown_figure_and_no_data() -> None:
    table = json.loads(TABLE.read_text())
    assert set(table) == set(FILES)
    assert all(set(SHOWN) <= set(figures) for figures in table.values())
    assert TABLE.stat().st_size < 20_000
    assert markdown(table).count("\n") == len(SHOWN) + 1


def test_a_passive_order_loses_in_every_recording() -> None:
    """Adverse selection is in all of them, at every horizon: what the synthetic market must not lack."""
    for name, figures in json.loads(TABLE.read_text()).items():
        for seconds in (1, 5, 30, 60):
            assert figures[f"markout_bps_{seconds}s"] < 0, (name, seconds)
