"""The reference values of execution quality, performance and quantiles (reference.json: figures of values.json)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.kpi import latency, markout, performance, quality

CASES: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "reference.json").read_text("utf-8"))


def close(case: dict[str, Any], value: float) -> Any:
    return pytest.approx(value, rel=case["tolerance"]["rel"], abs=case["tolerance"]["abs"])


@pytest.mark.parametrize("name", [n for n, c in CASES.items() if c["topic"] == "slippage"])
def test_slippage_is_signed_by_side(name: str) -> None:
    """S0-31, K-07."""
    case, given = CASES[name], CASES[name]["inputs"]
    slip = quality.slippage_bps(given["side"], given["fill_price"], given["reference_price"])
    assert slip == close(case, case["expected"])


def test_slippage_without_a_reference_is_unknown() -> None:
    assert quality.slippage_bps(1, 100.0, None) is None
    assert quality.slippage_bps(1, 100.0, 0.0) is None


def test_markout_takes_the_last_mid_at_or_before_and_leaves_the_rest_unresolved() -> None:
    """S0-39."""
    case = CASES["markout_buy"]
    given = case["inputs"]
    ts, mid = zip(*given["mids_ms"], strict=True)
    for horizon in given["horizons_ms"]:
        got = markout.markout_at(given["side"], given["fill_price"], given["fill_time_ms"], ts, mid, horizon)
        want = case["expected"][str(horizon)]
        assert got is None if want is None else got == close(case, want)


def test_streaming_markout_equals_the_offline_one() -> None:
    given = CASES["markout_buy"]["inputs"]
    scale = 1_000_000  # ms -> ns
    mids = [(t * scale, round(2 * m * 100)) for t, m in given["mids_ms"]]
    live = markout.Markouts()
    fill_ts = given["fill_time_ms"] * scale
    done = False
    for ts, mid2 in mids:
        if ts > fill_ts and not done:
            live.fill(fill_ts, 1, 10_001, maker=True)
            done = True
        live.mid(ts, mid2)
    series_ts, series = [t for t, _ in mids], [m / 2 for _, m in mids]
    for at, horizon in enumerate(markout.HORIZONS_NS):
        want = markout.markout_at(1, 10_001, fill_ts, series_ts, series, horizon)
        tally = live.table[markout.MAKER][at]
        assert tally.mean == (None if want is None else pytest.approx(want, rel=1e-12))
    assert live.table[markout.TAKER][1].n == 0


def test_a_mid_at_the_very_moment_that_is_due_counts() -> None:
    live = markout.Markouts()
    live.mid(0, 200)
    live.fill(0, 1, 100, maker=False)
    live.mid(markout.HORIZONS_NS[0], 202)
    assert live.table[markout.TAKER][0].mean == pytest.approx(100.0)


def test_a_round_end_leaves_pending_markouts_unresolved() -> None:
    live = markout.Markouts()
    live.mid(0, 200)
    live.fill(0, 1, 100, maker=True)
    table = live.new_round()
    assert [t.unresolved for t in table[markout.MAKER]] == [1] * len(markout.HORIZONS_NS)
    live.mid(10**12, 300)
    assert all(t.n == 0 for t in live.table[markout.MAKER])


@pytest.mark.parametrize("name", ["adverse_selection_rate", "adverse_selection_rate_thr"])
def test_adverse_selection_counts_resolved_fills_strictly_below(name: str) -> None:
    case, given = CASES[name], CASES[name]["inputs"]
    rate, n, mean = markout.adverse_rate(given["markouts_bps"], given["threshold_bps"])
    assert rate == close(case, case["expected"]["rate"])
    assert n == case["expected"]["n"]
    assert mean == close(case, case["expected"]["mean_bps"])


def test_fill_rate_by_count_quantity_and_any() -> None:
    """S0-38."""
    case = CASES["fill_rate"]
    full, qty, some = quality.fill_rates(case["inputs"]["ordered_qty"], case["inputs"]["filled_qty"])
    want = case["expected"]
    assert (full, qty, some) == (want["by_count_full"], want["by_qty"], want["by_count_any"])
    assert quality.fill_rates([], []) == (None, None, None)


def test_sharpe() -> None:
    """S0-45."""
    case, given = CASES["sharpe_investopedia"], CASES["sharpe_investopedia"]["inputs"]
    got = performance.sharpe(given["returns"], given["annualisation"], given["risk_free"])
    assert got == close(case, case["expected"]["sharpe"])
    assert performance.sharpe([0.01], 365) is None
    assert performance.sharpe([0.01, 0.01, 0.01], 365) is None


@pytest.mark.parametrize("name", ["sortino_redrock", "sortino_target"])
def test_sortino_divides_by_all_observations(name: str) -> None:
    """S0-45."""
    case, given = CASES[name], CASES[name]["inputs"]
    got = performance.sortino(given["returns"], given.get("annualisation", 1), given["target"])
    want = case["expected"]["sortino_N"]
    assert got is not None
    if name == "sortino_target":
        assert got in (close(case, want), close(case, want * 365**0.5))
    else:
        assert got == close(case, want)
    assert performance.sortino([0.01, 0.02], 365) is None


def test_the_performance_set() -> None:
    case, given = CASES["performance_set"], CASES["performance_set"]["inputs"]
    returns, n, want = given["returns"], given["annualisation"], case["expected"]
    assert performance.sharpe(returns, n) == close(case, want["sharpe"])
    assert performance.sortino(returns, n) == close(case, want["sortino"])
    assert performance.volatility(returns, n) == close(case, want["annual_volatility"])
    assert performance.annual_return(returns, n) == close(case, want["annual_return"])
    assert performance.calmar(returns, n) == close(case, want["calmar"])
    assert performance.max_drawdown(performance.equity_of(returns)) == close(case, want["max_drawdown"])
    downside = performance.downside_deviation(returns)
    assert downside is not None
    assert downside * n**0.5 == close(case, want["downside_risk"])


def test_drawdown_counts_the_starting_equity() -> None:
    case = CASES["max_drawdown_equity"]
    path = performance.drawdown_path(case["inputs"]["equity"])
    assert min(path) == close(case, case["expected"]["max_drawdown"])
    assert path[-1] == close(case, case["expected"]["current_drawdown"])
    for name in ("max_drawdown_first_loss", "max_drawdown_none"):
        equity = performance.equity_of(CASES[name]["inputs"]["returns"])
        assert performance.max_drawdown(equity) == close(CASES[name], CASES[name]["expected"]["max_drawdown"])
    assert performance.max_drawdown([100.0, -1.0]) == -1.0
    assert performance.max_drawdown([]) is None


def test_a_window_below_thirty_days_is_not_annualised() -> None:
    returns = [0.01, -0.005, 0.002]
    depth = performance.max_drawdown(performance.equity_of(returns))
    assert depth is not None
    assert performance.calmar(returns, 365) == pytest.approx((1.01 * 0.995 * 1.002 - 1) / -depth)


def test_quantiles_are_nearest_rank_and_the_histogram_stays_within_a_thousandth() -> None:
    """S0-20."""
    case = CASES["latency_quantiles"]
    values = case["inputs"]["latency_us"]
    h = latency.Histogram()
    for value in values:
        h.record(value * 1000)
    for p, want in case["expected"]["nearest_rank"].items():
        assert latency.nearest_rank(values, float(p) / 100) == want
        got = h.quantile(float(p) / 100)
        if float(p) > 99:
            assert got is None  # 400 values do not carry a p99.9
        else:
            assert got == pytest.approx(want * 1000, rel=1e-3)
    assert (h.n, h.largest) == (case["expected"]["count"], case["expected"]["max"] * 1000)
