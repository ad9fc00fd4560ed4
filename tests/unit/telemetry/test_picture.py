"""The Snapshot made from live blocks."""

from __future__ import annotations

import math

import msgspec

from core.domain.order import FREE, LIVE, PENDING_CANCEL
from core.domain.snapshot import Round, Snapshot, State
from core.domain.units import FAR, NS_PER_S
from core.telemetry.picture import Frame, Picture, RoundReads
from core.telemetry.rows import key_name, order_rows, position_row
from tests.unit.kpi.desk import T0, Desk
from tests.unit.rounds.made import Made


def pictured() -> tuple[Made, Picture]:
    made = Made()
    recorder = made.recorder
    recorder.begin(made.now, 3)
    reads = RoundReads(
        money=recorder.money, attribution=recorder.attribution, equity=recorder.equity,
        equity_start=lambda: recorder.equity0, max_drawdown=lambda: recorder.samples.depth,
    )  # fmt: skip
    return made, Picture(made.desk, made.measures, reads)


def test_a_picture_of_a_trading_desk_holds_its_figures() -> None:
    made, picture = pictured()
    for n in range(70):
        made.now += NS_PER_S
        made.desk.book(250_000 + n, 250_010 + n, ts=made.now)
        made.take(rows=40)
    made.order(0, 250_069, 50)
    made.desk.view(0).s.funding_rate = FAR
    shot = picture.snapshot(made.now, Frame(seq=9, state=State(run="RUNNING"), round=Round(number=3)))
    assert (shot.seq, shot.ts, shot.state.run, shot.round.number) == (9, made.now, "RUNNING", 3)
    [position] = shot.positions
    assert math.isclose(position.size, 0.05)
    assert position.owner == made.desk.name(0)
    assert math.isclose(position.entry or 0, 2500.69)
    assert shot.net == (("ETH", 0.05),)
    assert math.isclose(shot.gross, 0.05 * 2500.74)
    assert math.isclose(shot.pnl.net, shot.pnl.price - shot.pnl.fees + shot.pnl.funding)
    assert math.isclose(shot.pnl.unrealised, 0.05 * 0.05)
    assert shot.pnl.identity_ok
    assert len(shot.pnl.spark) == 48
    assert shot.execution.fill_rate == 1.0
    assert shot.execution.n_fills == 1
    [feed] = shot.feeds
    assert (feed.up, feed.per_s) == (True, 40.0)
    assert shot.funding[0].assumed
    assert shot.funding[0].next_ts is not None
    assert 0 < shot.funding[0].next_ts - made.now <= 8 * 3600 * NS_PER_S
    assert len(shot.chart.ts) == 70
    assert shot.quoter.vpin == 0.31
    assert shot.buffer_min == math.inf  # no liquidation price at all
    assert shot.rest.latency_ms is None or shot.rest.latency_ms > 0
    raw = msgspec.msgpack.encode(shot)
    assert msgspec.msgpack.decode(raw, type=Snapshot) == shot  # the socket carries it


def test_an_unknown_liquidation_price_is_unknown_not_safe() -> None:
    made, picture = pictured()
    made.order(0, 250_000, 10)
    made.desk.liquidation_px = -1
    shot = picture.snapshot(made.now, Frame(seq=1))
    assert shot.positions[0].buffer is None
    assert shot.buffer_min is None
    made.desk.liquidation_px = 237_505
    shot = picture.snapshot(made.now, Frame(seq=1))
    assert math.isclose(shot.buffer_min or 0, 0.05, abs_tol=1e-3)
    made.desk.liquidation_px = 262_505  # a long one whose mark is below it already
    shot = picture.snapshot(made.now, Frame(seq=1))
    assert math.isclose(shot.buffer_min or 0, -0.05, abs_tol=1e-3)


def test_orders_that_may_still_fill_are_shown_nearest_first() -> None:
    desk = Desk()
    ledger = desk.ledger(0).s
    for slot, (state, side, px, key) in enumerate(
        [(LIVE, 1, 250_020, 24), (LIVE, 0, 249_990, 1), (PENDING_CANCEL, 0, 249_999, 0), (FREE, 0, 1, 0)]
    ):
        ledger.state[slot], ledger.side[slot], ledger.px[slot], ledger.key[slot] = state, side, px, key
        ledger.ts_sent[slot] = T0
    rows = order_rows(desk, 0, T0 + 2 * NS_PER_S)
    assert [(r.side, round(r.price, 2), r.key, r.state) for r in rows] == [
        ("BUY", 2499.99, "layer 1", "PENDING_CANCEL"), ("BUY", 2499.9, "layer 2", "LIVE"),
        ("SELL", 2500.2, "layer 1", "LIVE"),
    ]  # fmt: skip
    assert rows[0].age_s == 2.0
    assert position_row(desk, 0) is None
    assert [key_name(k) for k in (0, 23, 24, 48, 49, 50, 52, 54, -1)] == [
        "layer 1", "layer 24", "layer 1", "take profit", "take profit", "reduce", "flatten", "hedge", "?",
    ]  # fmt: skip
