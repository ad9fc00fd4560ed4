"""The chart of the spread-bands pane."""

from __future__ import annotations

import math

from msgspec import structs

from core.domain.snapshot import Quoter
from core.telemetry.trails import TRAIL, Trails
from tests.console.fabricated_pair import pair

S = 1_000_000_000


def test_a_core_without_pairs_draws_its_quotes_round_the_mid_in_bps() -> None:
    """S0-20: reservation, ask and bid; without a mid there is no point."""
    trails = Trails()
    assert trails.chart(()).ts == () and trails.chart(()).title == "quotes round the mid"
    trails.quoted(S, Quoter(mid=100.0, reservation=100.1, best_ask=100.2, best_bid=None))
    trails.quoted(2 * S, None)
    trails.quoted(3 * S, Quoter(mid=None))
    chart = trails.chart(())
    assert chart.ts == (S,) and chart.lower == (None,)
    assert math.isclose(chart.value[0] or 0, 10.0, rel_tol=1e-9) and math.isclose(chart.upper[0] or 0, 20.0)


def test_a_pair_draws_spread_and_bands_in_bps_of_the_middle_of_both_prices() -> None:
    """K-36, S1-66: an unknown price or band leaves a gap."""
    row = structs.replace(pair(3), spread=10.0, upper=30.0, lower=-10.0, z=1.5)
    long, short = (structs.replace(leg, price=price) for leg, price in zip(row.legs, (100_010.0, 100_000.0)))
    row = structs.replace(row, legs=(long, short))
    trails = Trails()
    trails.spread(S, (row,))
    trails.spread(2 * S, (structs.replace(row, upper=None, lower=None),))
    trails.spread(3 * S, (structs.replace(row, legs=(structs.replace(long, price=None), short)),))
    chart = trails.chart((row,))
    assert chart.value[0] == 10.0 / 200_010.0 * 2e4 and chart.value[2] is None
    assert chart.upper[1] is None and chart.lower[1] is None
    assert (chart.upper_name, chart.lower_name, chart.z, chart.title) == ("UB", "LB", 1.5, f"{row.name} spread")


def test_the_chart_is_of_the_pair_that_is_at_work_and_keeps_the_newest_points() -> None:
    """Where there is room for one: the first that is not S0."""
    idle, busy = structs.replace(pair(3), name="idle", state=0), structs.replace(pair(3), name="busy")
    trails = Trails()
    for n in range(TRAIL + 5):
        trails.spread(n, (idle, busy))
    chart = trails.chart((idle, busy))
    assert chart.title == "busy spread" and chart.ts == tuple(range(5, TRAIL + 5))
    assert trails.chart((idle,)).title == "idle spread"
