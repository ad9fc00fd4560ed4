"""Timelines of orders: each event by a hand-made step, what is kept, and the pages made of it."""

from __future__ import annotations

import threading
from collections import deque

import pytest

from core.domain import order_pages as op
from core.domain.events import W_MID, W_TIMER, Moment, ReadReply, RequestRefused, Step
from core.domain.order import (
    ACCEPTED,
    AMEND,
    AMEND_REJECTED,
    AMENDED,
    CANCEL,
    CANCEL_REJECTED,
    CANCELED,
    CREATE,
    EXPIRED,
    FREE,
    LIVE,
    LOST,
    MARKET,
    REJECTED,
    SLOTS,
    STOP,
    UNKNOWN,
    Refusal,
    Report,
    Request,
)
from core.domain.reasons import MARGIN, NET_CAP, POST_ONLY_CROSS, REQUEST_AGE
from core.domain.units import MONEY, NS_PER_S
from core.kpi.measures import Measures
from core.telemetry.order_index import EVENTS, REFUSALS, OrderIndex
from core.telemetry.timeline_pages import order_list, order_page
from core.telemetry.timelines import STEPS, Timelines, away_bps
from tests.unit.kpi.desk import T0, Desk, create, filled, step

MS = 1_000_000


class Core:
    """Measures and timelines as they stand in a core."""

    def __init__(self, kept: int = 2_000, live: bool = False) -> None:
        self.desk = Desk()
        self.measures = Measures(self.desk, T0)
        self.timelines = Timelines(self.desk, self.measures)
        self.index = OrderIndex(self.timelines, kept)
        if live:
            self.timelines.departures = deque()

    def take(self, one: Step) -> None:
        self.measures.take(one)
        self.timelines.take(one)

    def stood(self, cl_id: int, state: int, qty: int = 10, px: int = 250_000) -> None:
        """The ledger's slot of an order."""
        o, slot = self.desk.ledgers[0].s, cl_id % SLOTS
        o.cl_id[slot], o.state[slot], o.qty[slot], o.px[slot] = cl_id, state, qty, px

    def page(self, cl_id: int = 1, number: int = 0) -> op.OrderPage:
        return order_page(self.index, cl_id, number, T0)

    def whats(self, cl_id: int = 1) -> list[str]:
        return [event.what for event in self.page(cl_id).events]


def ack(cl_id: int = 1) -> Report:
    return Report(0, ACCEPTED, T0, cl_id=cl_id, venue_id=cl_id)


def told(kind: int, cl_id: int = 1, **more: int) -> Report:
    return Report(0, kind, T0, cl_id=cl_id, **more)


def woken(ts: int, why: int, *requests: Request) -> Step:
    return Step(seq=1, moment=Moment(ts, why), requests=requests)


def test_a_decision_tells_what_woke_the_strategy_and_where_the_price_stands() -> None:
    """Bits of the moment; bid 2500.00, ask 2500.10: mid 2500.05, 2499.00 is 1.05 behind = 4.1999 bps."""
    core = Core()
    core.take(woken(T0, W_TIMER | W_MID, create(1, px=249_900, key=2)))
    page = core.page()
    assert page.item is not None and page.item.what == "layer 3" and page.item.woken == ("timer", "mid moved")
    decided = page.events[0]
    assert decided.what == op.DECIDED and decided.price == pytest.approx(2499.0) and decided.note == "timer, mid moved"
    assert decided.bps == pytest.approx(1.05 / 2500.05 * 1e4)
    assert away_bps(1, 250_110, 500_010) == pytest.approx(1.05 / 2500.05 * 1e4), "a sell above the mid is behind it"
    assert away_bps(0, 250_100, 500_010) is not None and (away_bps(0, 250_100, 500_010) or 0) < 0
    assert away_bps(0, 249_900, 0) is None and away_bps(0, 0, 500_010) is None, "no book, a market order"


def test_gate_sent_acknowledged_filled_and_its_markouts_stand_in_order() -> None:
    """S0-39: the fill's markout at each horizon is the one that the measures count."""
    core = Core()
    core.take(step(T0, requests=(create(1, px=249_990),), rows=1))
    core.take(step(T0 + 3 * MS, ack()))
    core.stood(1, FREE)
    core.take(step(T0 + 9 * MS, filled(1, 0, 249_990, 10, fee=25, trade_id=7)))
    for n in range(1, 90):
        core.desk.book(250_000 + n, 250_010 + n)
        core.take(step(T0 + 9 * MS + n * NS_PER_S, rows=1))
    assert core.whats() == [op.DECIDED, op.GATE, op.SENT, op.ACKNOWLEDGED, op.FILL, op.MARKOUT, op.FILLED]
    page = core.page()
    item, fill, marks = page.item, page.events[4], page.events[5].marks
    assert item is not None and (item.state, item.filled, item.ack_ns) == ("filled", pytest.approx(0.01), 3 * MS)
    assert (fill.maker, fill.size, fill.fee) == (True, pytest.approx(0.01), 25 / MONEY)
    assert fill.bps == pytest.approx((249_990 - 250_005) / 250_005 * 1e4), "against the mid of the decision"
    assert page.horizons_s == (0.1, 1.0, 5.0, 10.0, 30.0, 60.0) and page.ended
    table = core.measures.markouts[0].table[0]
    assert marks == tuple(pytest.approx(tally.total) for tally in table) and all(tally.n == 1 for tally in table)


def test_a_simulated_request_leaves_at_the_decision_and_a_live_one_when_the_driver_says() -> None:
    core, live = Core(), Core(live=True)
    for one in (core, live):
        one.take(step(T0, requests=(create(1),)))
    assert core.page().events[2].ts == T0
    assert live.page().events[2] == op.OrderEvent(None, op.SENT), "not known: never invented"
    assert live.timelines.departures is not None
    live.timelines.departures.append((1, CREATE, T0 + 2 * MS))
    live.timelines.departures.append((99, CREATE, T0 + 2 * MS))  # of nobody that is kept
    live.take(step(T0 + 3 * MS, rows=1))
    assert live.page().events[2].ts == T0 + 2 * MS and not live.timelines.departures


def test_a_request_that_the_wire_gate_dropped_was_never_sent() -> None:
    core = Core()
    core.take(step(T0, requests=(create(1),)))
    core.take(step(T0 + MS, inputs=(RequestRefused(1, 0, CREATE, REQUEST_AGE),)))
    assert core.whats() == [op.DECIDED, op.GATE, op.NOT_SENT]
    assert core.page().events[2].code == "request_age" and core.page().item.state == "refused"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("report", "what", "state"),
    [
        (told(REJECTED, code=POST_ONLY_CROSS), op.REJECTED, "rejected"), (told(CANCELED), op.CANCELED, "canceled"),
        (told(EXPIRED, code=MARGIN), op.EXPIRED, "expired"), (told(LOST), op.NO_ANSWER, "unknown"),
        (told(CANCEL_REJECTED, code=MARGIN), op.CANCEL_REFUSED, "live"),
        (told(AMEND_REJECTED, code=MARGIN), op.AMEND_REFUSED, "live"),
    ],
)  # fmt: skip
def test_what_the_venue_says_is_an_event_with_its_reason(report: Report, what: str, state: str) -> None:
    core = Core()
    core.take(step(T0, requests=(create(1),)))
    core.take(step(T0 + 5, report))
    page = core.page()
    assert page.events[-1].what == what and page.item is not None and page.item.state == state
    assert page.ended == (state in ("rejected", "canceled", "expired"))
    assert page.events[-1].code in ("", "margin", "post_only_cross")


def test_amends_and_cancels_are_told_as_asked_and_as_answered() -> None:
    core = Core()
    core.take(step(T0, requests=(create(1),)))
    core.take(step(T0 + 1, ack()))
    amend = Request(0, 0, AMEND, 1, 1, 0, 249_950, 7, 0, 0, 0, 0)
    core.take(step(T0 + 2, requests=(amend,)))
    core.take(step(T0 + 3, told(AMENDED, px=249_950, left=7)))
    core.take(step(T0 + 4, requests=(Request(0, 0, CANCEL, 1, 1, 0, 0, 0, 0, 0, 0, 0),)))
    core.take(step(T0 + 5, inputs=(RequestRefused(1, 0, AMEND, REQUEST_AGE),)))
    core.take(step(T0 + 6, told(CANCELED)))
    assert core.whats()[3:] == [
        op.ACKNOWLEDGED, op.AMEND_ASKED, op.AMENDED, op.CANCEL_ASKED, op.AMEND_REFUSED, op.CANCELED,
    ]  # fmt: skip
    item = core.page().item
    assert item is not None and item.price == pytest.approx(2499.5) and item.size == pytest.approx(0.007)


def test_an_unknown_order_is_found_again_or_proved_absent() -> None:
    """R-O1: no report tells, only reads do."""
    core = Core()
    core.take(step(T0, requests=(create(1), create(2))))
    core.take(step(T0 + 1, told(LOST), told(LOST, 2)))
    core.stood(1, UNKNOWN)
    core.stood(2, UNKNOWN)
    core.take(step(T0 + 2, inputs=(ReadReply("orders", 1, T0),)))
    assert core.whats()[-1] == op.NO_ANSWER
    core.stood(1, LIVE, qty=7, px=249_990)
    core.stood(2, FREE)
    core.take(step(T0 + 3, inputs=(ReadReply("orders", 2, T0),)))
    assert core.whats()[-1] == op.FOUND and core.whats(2)[-1] == op.ABSENT
    assert core.page(1).item.state == "live" and core.page(2).item.state == "absent"  # type: ignore[union-attr]


def test_what_the_gate_refused_is_kept_once_a_kind_with_how_often_and_on_what_figures() -> None:
    """S3-65: by reason, the newest example, replayable from its figures."""
    core = Core()
    refused = Refusal(create(0, qty=50, key=3), NET_CAP, 212, 210)
    for n in range(5):
        core.take(step(T0 + n, refused=(refused,)))
    page = order_list(core.index, op.REFUSED, op.BY_ACK, 20, T0)
    assert [(row.times, row.code, row.what, row.newest) for row in page.rows] == [(5, "net_cap", "layer 4", T0 + 4)]
    one = core.page(0, page.rows[0].number)
    assert [event.what for event in one.events] == [op.DECIDED, op.GATE] and one.ended
    assert one.events[1].code == "net_cap" and one.events[1].note == "0.212 against 0.210 ETH"
    for code in range(REFUSALS + 50):
        core.take(step(T0 + 10, refused=(Refusal(create(0, key=code % 48, px=code), 100 + code),)))
    core.page()
    assert len(core.index.refusals) == REFUSALS


def test_a_refused_amend_stands_in_the_timeline_of_its_order() -> None:
    core = Core()
    core.take(step(T0, requests=(create(1),)))
    amend = Request(0, 0, AMEND, 1, 1, 0, 249_950, 70, 0, 0, 0, 0)
    core.take(step(T0 + 1, refused=(Refusal(amend, NET_CAP, 1, 2),)))
    assert core.page().events[-1].what == op.AMEND_REFUSED and core.page().events[-1].code == "net_cap"
    assert core.index.refusals == {}


def test_a_stops_own_request_did_not_ask_the_gate() -> None:
    core = Core()
    core.take(step(T0, requests=(create(1, type=MARKET, px=0, flags=STOP),)))
    page = core.page()
    assert page.events[1].note == "not asked: a stop's own" and page.item is not None
    assert (page.item.what, page.item.price, page.item.away_bps) == ("stop", None, None)


def test_the_newest_are_kept_and_those_that_live_stay_longest() -> None:
    core = Core(kept=10)
    core.take(step(T0, requests=(create(1),)))
    for n in range(2, 40):
        core.take(step(T0 + n, requests=(create(n),)))
        core.take(step(T0 + n, ack(n)))
        core.take(step(T0 + n, told(CANCELED, n)))
    core.page()
    records = list(core.index.kept.values())
    assert len(records) == 10 and records[0].request.cl_id == 1, "still alive"
    assert [one.request.cl_id for one in records[1:]] == list(range(31, 40))
    assert core.page(5).item is None and core.page(0, 3).item is None


def test_an_order_that_is_amended_for_hours_keeps_its_beginning_and_its_end() -> None:
    core = Core()
    core.take(step(T0, requests=(create(1),)))
    core.take(step(T0 + 1, ack()))
    core.take(step(T0 + 2, filled(1, 0, 250_000, 1, left=9, trade_id=1)))
    core.stood(1, LIVE)
    for n in range(EVENTS):
        core.take(step(T0 + 10 + n, requests=(Request(0, 0, AMEND, 1, 1, 0, 249_000 + n, 7, 0, 0, 0, 0),)))
    page = core.page()
    assert len(core.index.kept[1].events) == EVENTS and page.omitted == 2
    assert [event.what for event in page.events[:6]] == [
        op.DECIDED, op.GATE, op.SENT, op.ACKNOWLEDGED, op.FILL, op.MARKOUT,
    ]  # fmt: skip
    assert page.events[-1].price == pytest.approx((249_000 + EVENTS - 1) / 100)


def test_an_order_of_before_the_rings_is_known_from_what_the_measures_hold() -> None:
    """Nobody asked for so long that its first steps are gone: what woke the strategy is unknown, the rest is not."""
    core = Core()
    core.take(woken(T0, W_TIMER, create(1, px=249_900, key=2)))
    core.take(woken(T0, W_TIMER, create(2)))
    core.timelines.steps.clear()
    core.take(step(T0 + 3 * MS, ack()))
    page = core.page()
    assert page.item is not None and (page.item.woken, page.item.what, page.item.decided) == ((), "layer 3", T0)
    assert page.item.ack_ns == 3 * MS and page.item.away_bps is not None
    assert core.page(2).item is not None, "also one of which nothing was heard since"


def test_a_full_ring_forgets_the_oldest_steps_and_never_grows() -> None:
    core = Core()
    for n in range(1, STEPS + 100):
        core.timelines.take(step(T0 + n, requests=(Request(0, 0, CANCEL, n, 1, 0, 0, 0, 0, 0, 0, 0),)))
    assert len(core.timelines.steps) == STEPS
    core.page()
    assert len(core.timelines.steps) == 0


def test_the_worst_are_sorted_by_what_was_asked_for() -> None:
    core = Core()
    for n, (wait, px) in enumerate(((5, 250_000), (50, 250_020), (20, 249_980)), 1):
        core.take(step(T0, requests=(create(n, px=px),)))
        core.take(step(T0 + wait * MS, ack(n)))
        core.take(step(T0 + 60 * MS, filled(n, 0, px, 10)))
    core.take(step(T0 + 61 * MS, requests=(create(9),)))
    by_ack = order_list(core.index, op.WORST, op.BY_ACK, 2, T0)
    assert [row.cl_id for row in by_ack.rows] == [2, 3] and by_ack.kept == 4
    slipped = order_list(core.index, op.WORST, op.BY_SLIPPAGE, 20, T0).rows
    assert [row.cl_id for row in slipped] == [2, 1, 3] and (slipped[0].slippage_bps or 0) > 0
    assert [row.cl_id for row in order_list(core.index, op.NEWEST, op.BY_ACK, 2, T0).rows] == [9, 3]
    assert len(order_list(core.index, op.NEWEST, op.BY_ACK, 10**9, T0).rows) == 4


def test_a_page_made_in_another_thread_is_never_half_of_a_moment() -> None:
    """Fills and what the header says of them come from one copy: a hundred orders, each with twenty fills."""
    core, wrong, stop = Core(kept=60), [], threading.Event()

    def look() -> None:
        while not stop.is_set():
            for row in order_list(core.index, op.NEWEST, op.BY_ACK, 5, T0).rows:
                page = core.page(row.cl_id)
                if page.item is None:
                    continue
                lots = round(sum(event.size or 0 for event in page.events if event.what == op.FILL) * 1e3)
                if lots != round(page.item.filled * 1e3) or (page.item.state == "filled") != page.ended:
                    wrong.append(page)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        for n in range(1, 101):
            core.take(step(T0 + n, requests=(create(n, qty=20),)))
            core.take(step(T0 + n, ack(n)))
            for k in range(20):
                core.take(step(T0 + n, filled(n, 0, 250_000, 1, left=19 - k, trade_id=n * 100 + k)))
    finally:
        stop.set()
        thread.join()
    assert wrong == [] and len(core.index.kept) == 60
