"""The sink that counts: orders, fills, rejects, money."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.domain.events import Link, ReadReply, RequestRefused
from core.domain.order import (
    ACCEPTED,
    AMENDED,
    CANCELED,
    CREATE,
    FREE,
    LIVE,
    LOST,
    MARKET,
    REJECTED,
    SLOTS,
    TRANSFERRED,
    UNKNOWN,
    Refusal,
    Report,
)
from core.domain.reasons import NET_CAP, REQUEST_AGE
from core.domain.units import NS_PER_S, sign_of
from core.kpi.attribution import Capture
from core.kpi.connectivity import Stream, Uptime, lost_between
from core.kpi.latency import ACK, FEED
from core.kpi.measures import Measures
from core.kpi.summary import execution_of
from tests.unit.kpi.desk import T0, Desk, create, filled, step


def made() -> tuple[Desk, Measures]:
    desk = Desk()
    return desk, Measures(desk, T0)


def ack(cl_id: int) -> Report:
    return Report(0, ACCEPTED, T0, cl_id=cl_id, venue_id=cl_id)


def test_one_of_four_limit_orders_filled_is_a_quarter_and_market_orders_do_not_count() -> None:
    """S0-38."""
    _, m = made()
    orders = tuple(create(n, px=250_000 - n) for n in range(1, 5))
    m.take(step(T0, requests=(*orders, create(9, type=MARKET))))
    m.take(step(T0 + 5, *(ack(n) for n in (1, 2, 3, 4, 9))))
    m.take(step(T0 + 9, filled(1, 0, 249_999, 10), filled(9, 0, 250_010, 10, maker=0)))
    assert m.scopes.total[0].both.rate == 0.25
    assert execution_of(m, 3, 0).fill_rate == 0.25
    assert m.scopes.total[0].both.fills == 2
    assert m.latency.round[ACK].largest == 5


def test_a_replayed_report_is_counted_once() -> None:
    """S3-75."""
    _, m = made()
    m.take(step(T0, requests=(create(1),)))
    fill, cancel = filled(1, 0, 250_000, 4, left=6, trade_id=77), Report(0, CANCELED, T0, cl_id=1)
    m.take(step(T0 + 1, fill))
    for _ in range(2):  # the ledger knows the trade id, so it is not among what was applied
        m.take(step(T0 + 1, fill, applied=()))
    for _ in range(3):
        m.take(step(T0 + 2, cancel))
    side = m.scopes.total[0].sides[0]
    assert (side.fills, side.filled_lots, side.canceled, side.submitted) == (1, 4, 1, 1)
    assert m.capture[0].pos == 4


def stood(desk: Desk, cl_id: int, state: int, qty: int = 10, px: int = 250_000) -> None:
    """The ledger's slot of an order."""
    o, slot = desk.ledgers[0].s, cl_id % SLOTS
    o.cl_id[slot], o.state[slot], o.qty[slot], o.px[slot] = cl_id, state, qty, px


def test_a_fill_that_does_not_say_what_is_left_ends_an_order_only_when_the_ledger_is_done_with_it() -> None:
    """Trades of most venues name no rest: `left` is 0 in the first part of an order too."""
    desk, m = made()
    m.take(step(T0, requests=(create(1), create(2))))
    stood(desk, 1, LIVE)
    m.take(step(T0 + 1, filled(1, 0, 250_000, 4, trade_id=1), filled(2, 0, 250_000, 4, trade_id=2)))
    assert sorted(m.orders) == [1, 2] and m.scopes.total[0].sides[0].filled == 0
    stood(desk, 1, FREE)
    m.take(step(T0 + 2, filled(1, 0, 250_000, 6, trade_id=3), filled(2, 0, 250_000, 6, trade_id=4)))
    side = m.scopes.total[0].sides[0]
    assert (m.orders, side.filled, side.touched, side.filled_lots) == ({}, 2, 2, 20)
    assert {order.state for order in m.ended} == {"filled"}


def test_reads_that_find_an_unknown_order_or_prove_it_absent_are_followed() -> None:
    """R-O1: what becomes of an UNKNOWN order without a report stands in the ledger only."""
    desk, m = made()
    m.take(step(T0, requests=(create(1), create(2))))
    m.take(step(T0 + 1, *(Report(0, LOST, T0, cl_id=n) for n in (1, 2))))
    stood(desk, 1, UNKNOWN)
    stood(desk, 2, UNKNOWN)
    reply = ReadReply("orders", 1, T0)
    m.take(step(T0 + 2, inputs=(reply,)))
    assert {order.state for order in m.orders.values()} == {"unknown"} and m.scopes.total[0].lost == 2
    stood(desk, 1, LIVE, qty=7, px=249_990)
    stood(desk, 2, FREE)
    m.take(step(T0 + 3, inputs=(reply,)))
    assert [(o.cl_id, o.state, o.qty, o.px) for o in m.orders.values()] == [(1, "live", 7, 249_990)]
    assert [(o.cl_id, o.state) for o in m.ended] == [(2, "absent")]
    assert (m.scopes.total[0].both.submitted, m.scopes.total[0].sides[0].ordered_lots) == (1, 7)


def test_a_reply_that_was_lost_counts_though_the_ledger_knew_better() -> None:
    """The stream had told of the order before: its state stays, the wire failed nevertheless."""
    desk, m = made()
    m.take(step(T0, requests=(create(1),)))
    stood(desk, 1, LIVE)
    m.take(step(T0 + 1, ack(1)))
    m.take(step(T0 + 2, Report(0, LOST, T0, cl_id=1), applied=()))
    assert m.scopes.total[0].lost == 1 and m.orders[1].state == "live"


def test_a_rejected_order_was_never_submitted_and_its_reason_is_counted() -> None:
    """S3-65."""
    _, m = made()
    m.take(step(T0, requests=(create(1), create(2)), refused=(Refusal(create(3), NET_CAP),)))
    refused = RequestRefused(2, 0, CREATE, REQUEST_AGE)
    m.take(step(T0 + 1, Report(0, REJECTED, T0, cl_id=1, code=22), inputs=(refused,)))
    q = m.scopes.round[0]
    assert (q.both.submitted, q.both.placed) == (0, 1)
    assert q.rejects == {NET_CAP: 1, 22: 1, REQUEST_AGE: 1}
    assert (q.engine_refused, q.wire_refused, q.venue_rejected) == (1, 1, 1)
    assert q.reject_ratio == 1.0
    assert m.orders == {}


def test_an_amended_order_counts_once_with_its_new_size() -> None:
    _, m = made()
    m.take(step(T0, requests=(create(1, qty=10),)))
    m.take(step(T0, ack(1)))
    m.orders[1].amend_px, m.orders[1].amend_qty = 249_990, 25
    m.take(step(T0, Report(0, AMENDED, T0, cl_id=1, px=249_990, qty=25, left=25)))
    side = m.scopes.total[0].sides[0]
    assert (side.submitted, side.ordered_lots, m.orders[1].px) == (1, 25, 249_990)


def test_the_hour_forgets_and_the_round_begins_anew() -> None:
    desk, m = made()
    m.take(step(T0, requests=(create(1),)))
    m.take(step(T0 + 1, ack(1)))
    assert m.hour(0).both.submitted == 1
    m.take(step(T0 + 59 * 60 * NS_PER_S, rows=1))
    assert m.hour(0).both.submitted == 1
    m.take(step(T0 + 61 * 60 * NS_PER_S, rows=1))
    assert m.hour(0).both.submitted == 0
    m.new_round(T0 + 61 * 60 * NS_PER_S)
    assert m.scopes.round[0].both.placed == 0
    assert m.scopes.total[0].both.placed == 1
    assert desk.count == 1


def test_feed_latency_gaps_and_links_are_followed() -> None:
    """S0-24, S0-25, S0-52."""
    desk, m = made()
    m.take(step(T0, rows=1))
    assert m.latency.round[FEED].largest == 2_000_000
    desk.view(0).s.n_gaps, desk.view(0).s.n_lost = 1, 4
    m.take(step(T0 + NS_PER_S, inputs=(Link(0, False, "pong missed"),)))
    m.take(step(T0 + 3 * NS_PER_S, inputs=(Link(0, True),)))
    stream = m.streams[0]
    assert (stream.gaps, stream.lost, stream.uptime.reconnects) == (1, 4, 1)
    assert stream.uptime.share(T0 + 4 * NS_PER_S) == 0.5
    assert stream.drop_rate == 4 / 5
    assert lost_between(100, 105) == 4
    assert lost_between(105, 105) == lost_between(105, 100) == 0


def test_a_heartbeat_far_above_the_usual_is_a_spike() -> None:
    """S0-27."""
    stream = Stream(0)
    assert not any(stream.heartbeat(20) for _ in range(20))
    assert stream.heartbeat(200)
    assert not stream.heartbeat(30)


def test_uptime_of_nothing_is_unknown() -> None:
    assert Uptime(5).share(5) is None
    assert Uptime(5).share(9) == 0.0


def test_a_transfer_is_no_profit() -> None:
    _, m = made()
    m.take(step(T0, Report(0, TRANSFERRED, T0, amount=500)))
    assert m.transfers == 500
    assert m.money(0).net == 0


moves = st.lists(
    st.tuples(st.integers(0, 1), st.integers(-40, 40), st.integers(1, 50), st.integers(-20, 20)), max_size=30
)


@given(moves, st.integers(-50, 50))
def test_spread_and_drift_are_all_of_the_price_pnl(trades: list[tuple[int, int, int, int]], last: int) -> None:
    """Attribution is exact: the drift followed step by step is the drift left over, to half a tick-lot of rounding."""
    desk, m = made()
    capture, cash = Capture(), 0
    mid2 = 500_010
    for side, shift, qty, edge in trades:
        mid2 += shift
        px = (mid2 + edge) // 2
        capture.fill(sign_of(side), px, qty, mid2)
        desk.trade(side, px, qty, fee=3)
        cash -= sign_of(side) * px * qty
    mark = (mid2 + last) // 2
    capture.move(2 * mark)
    desk.view(0).s.mark = mark
    unit = desk.instrument(0).unit
    money = m.money(0)
    assert money.price == (cash + capture.pos * mark) * unit
    assert money.net == money.price - money.fees + money.funding
    assert capture.spread2 + capture.drift2 == 2 * (cash + capture.pos * mark)
    m.capture[0] = capture
    parts = m.attribution(0)
    assert parts.net == money.net
    assert abs(2 * parts.drift - capture.drift2 * unit) <= 2
