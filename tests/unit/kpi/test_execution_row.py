"""What the Execution screen is fed with: bins of a histogram, slippage by kind and side, counts beside the rates."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.events import RequestRefused
from core.domain.order import ACCEPTED, CREATE, LOST, REDUCE_ONLY, REJECTED, Refusal, Report
from core.domain.reasons import NET_CAP, REQUEST_AGE
from core.domain.snapshot import LatencyRow
from core.domain.units import NS_PER_S
from core.kpi.latency import ACK, BINS, FEED, LEGS, LOOP, TICK, TOP, Histogram, Latencies
from core.kpi.measures import Measures
from core.kpi.summary import execution_of
from tests.unit.kpi.desk import T0, Desk, create, filled, step


def binned(*values: int) -> tuple[tuple[int, int], ...]:
    h = Histogram()
    for value in values:
        h.record(value)
    return h.bins()


def test_bins_are_neighbours_on_round_bounds() -> None:
    assert binned() == ()
    assert binned(130_000) == ((125_000, 1),)
    assert binned(100_500, 130_000, 130_001, 210_000) == ((100_000, 1), (125_000, 2), (160_000, 0), (200_000, 1))
    assert binned(0, 900) == ((0, 2),)  # below 1 us is one bin
    assert binned(500, 1_300) == ((0, 1), (1_000, 0), (1_250, 1))


def test_a_wider_range_has_coarser_bins() -> None:
    """R10 reaches 2.4 decades in 24 bins, R5 4.8, 1-2-5 eight, then decades."""
    assert [low for low, _ in binned(1_100, 200_500)][:4] == [1_000, 1_250, 1_600, 2_000]
    assert [low for low, _ in binned(1_100, 900_000)][:4] == [1_000, 1_600, 2_500, 4_000]
    assert [low for low, _ in binned(1_100, 9_000_000_000)][:4] == [1_000, 2_000, 5_000, 10_000]
    assert [low for low, _ in binned(1, TOP)][:4] == [0, 1_000, 10_000, 100_000]


@given(st.lists(st.integers(-5, 2 * TOP), min_size=1, max_size=200))
def test_no_value_is_lost_and_none_stands_in_a_wrong_bin(values: list[int]) -> None:
    bins = binned(*values)
    assert len(bins) <= BINS
    assert sum(n for _, n in bins) == len(values)
    assert bins[0][1] and bins[-1][1]  # nothing empty at the ends
    lows = [low for low, _ in bins]
    assert lows == sorted(set(lows))
    clamped = [min(max(value, 0), TOP) for value in values]
    assert lows[0] <= min(clamped) * 1.001 + 1
    for at, (low, n) in enumerate(bins):
        end = lows[at + 1] if at + 1 < len(lows) else 10**15
        sure = sum(low <= v < end * 0.999 for v in clamped)
        assert sure <= n <= sum(low * 0.999 - 1 <= v < end for v in clamped)


def test_bins_travel_with_the_two_stretches_that_are_drawn() -> None:
    board = Latencies()
    for leg in (FEED, TICK, ACK, LOOP):
        board.record(leg, 130_000)
    rows = {row.name: row for row in board.rows()}
    assert rows[LEGS[TICK]].bins == rows[LEGS[ACK]].bins == ((125_000, 1),)
    assert rows[LEGS[FEED]].bins == rows[LEGS[LOOP]].bins == ()
    raw = msgspec.msgpack.encode(rows[LEGS[TICK]])
    assert msgspec.msgpack.decode(raw, type=LatencyRow) == rows[LEGS[TICK]]


@given(st.lists(st.integers(0, TOP), min_size=1, max_size=300))
def test_several_quantiles_with_one_sorting_are_the_same(values: list[int]) -> None:
    h = Histogram()
    for value in values:
        h.record(value)
    shares = (0.5, 0.95, 0.99)
    assert h.quantiles(shares) == [h.quantile(p) for p in shares]


def ack(cl_id: int) -> Report:
    return Report(0, ACCEPTED, T0, cl_id=cl_id, venue_id=cl_id)


def test_slippage_is_told_by_kind_and_side_with_its_word() -> None:
    """S0-31, S0-32, S0-34: the mid of the decision is 2500.05."""
    m = Measures(Desk(), T0)
    m.take(step(T0, requests=(create(1), create(2, side=1), create(3, flags=REDUCE_ONLY))))
    m.take(step(T0 + 1, ack(1), ack(2), ack(3)))
    m.take(step(T0 + 2, filled(1, 0, 250_005, 10), filled(2, 1, 249_805, 10), filled(3, 0, 250_405, 10)))
    rows = {(row.kind, row.side): row for row in execution_of(m, 0, 0).slips}
    assert set(rows) == {("maker", "BUY"), ("maker", "SELL"), ("reduce", "BUY")}
    assert (rows["maker", "BUY"].mean_bps, rows["maker", "BUY"].word) == (0.0, "good")
    assert rows["maker", "SELL"].mean_bps == pytest.approx(200 / 250_005 * 1e4)  # sold below: it costs
    assert rows["maker", "SELL"].word == "high"
    assert rows["reduce", "BUY"].worst_bps == pytest.approx(400 / 250_005 * 1e4)
    assert rows["reduce", "BUY"].word == "bad"
    assert {(row.venue, row.symbol, row.n) for row in rows.values()} == {("simulated", "ETHUSDC", 1)}


def test_two_strategies_on_one_instrument_share_its_rows() -> None:
    m = Measures(Desk(("asmm", "other")), T0)
    m.take(step(T0, requests=(create(1),)))
    m.take(step(T0 + 1, ack(1)))
    m.take(step(T0 + 2, filled(1, 0, 250_005, 10)))
    assert [(row.kind, row.n) for row in execution_of(m, 0, 0).slips] == [("maker", 1)]


def test_rates_come_with_their_counts_and_the_time_to_fill() -> None:
    """S0-14, S0-38."""
    m = Measures(Desk(), T0)
    m.take(step(T0, requests=(create(1, key=0), create(2, key=3), create(3, side=1, key=0))))
    m.take(step(T0 + 1, ack(1), ack(2), ack(3)))
    m.take(step(T0 + 3 * NS_PER_S, filled(1, 0, 250_000, 10)))
    e = execution_of(m, 0, 0)
    assert (e.n_orders, e.n_buy, e.n_sell) == (3, 2, 1)
    assert (e.fill_rate_buy, e.fill_rate_sell) == (0.5, 0.0)
    assert (e.by_layer, e.layer_n) == (((0, 0.5), (3, 0.0)), (2, 1))
    assert e.fill_p50_ns is None  # one is too few
    m.take(step(T0 + 5 * NS_PER_S, filled(2, 0, 250_000, 10)))
    assert execution_of(m, 0, 0).fill_p50_ns == pytest.approx(3 * NS_PER_S, rel=1e-3)
    assert execution_of(m, 0, 0).fill_p95_ns is None


def test_who_refused_is_told_apart() -> None:
    """S3-74."""
    m = Measures(Desk(), T0)
    m.take(step(T0, requests=(create(1), create(2), create(4)), refused=(Refusal(create(3), NET_CAP),)))
    gone = RequestRefused(2, 0, CREATE, REQUEST_AGE)
    reports = (Report(0, REJECTED, T0, cl_id=1, code=22), Report(0, LOST, T0, cl_id=4))
    m.take(step(T0 + 1, *reports, inputs=(gone,)))
    e = execution_of(m, 0, 0)
    assert (e.refused_engine, e.refused_wire, e.rejected_venue, e.lost) == (1, 1, 1, 1)
    assert sum(n for _, n in e.rejects) == 3


def test_markouts_of_maker_and_taker_fills_stand_apart_with_their_counts() -> None:
    """S0-39."""
    desk = Desk()
    m = Measures(desk, T0)
    m.take(step(T0, rows=1, requests=(create(1), create(2))))
    m.take(step(T0 + 1, ack(1), ack(2)))
    m.take(step(T0 + 2, filled(1, 0, 250_000, 10), filled(2, 0, 250_000, 10, maker=0)))
    desk.book(249_900, 249_910, ts=T0 + NS_PER_S)
    m.take(step(T0 + NS_PER_S, rows=1))
    m.take(step(T0 + 2 * NS_PER_S, rows=1))
    e = execution_of(m, 0, 0)
    seconds = [s for s, _ in e.markout_bps]
    assert seconds == [s for s, _ in e.markout_taker_bps] == [0.1, 1.0, 5.0, 10.0, 30.0, 60.0]
    assert e.markout_n == e.markout_taker_n == (1, 1, 0, 0, 0, 0)
    assert dict(e.markout_bps)[0.1] == pytest.approx(5 / 250_000 * 1e4)
    assert dict(e.markout_bps)[1.0] == pytest.approx(-95 / 250_000 * 1e4)
    assert dict(e.markout_bps)[5.0] is None
