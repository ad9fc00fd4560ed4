"""Timelines agree with the ledger and the measures: every order that ended, its fills, fees, acks and markouts."""

from __future__ import annotations

import pathlib

from core.build.observers import Observers
from core.domain import order_pages as op
from core.domain.commands import Flatten
from core.domain.events import Step
from core.domain.order import CREATE
from core.domain.units import MONEY
from core.kpi.markout import HORIZONS_NS
from core.kpi.orders import Order
from core.telemetry.timeline_pages import order_list, order_page
from tests.simulation.async_venue import Weather
from tests.simulation.live_rig import LiveRig
from tests.simulation.rig import Rig
from tests.simulation.tally import watched

SEED = 7


class Ended:
    """A sink behind the timelines: every order as the measures let it go."""

    name = "ended"

    def __init__(self, observers: Observers) -> None:
        self.observers = observers
        self.orders: dict[int, Order] = {}
        self.created = 0

    def take(self, step: Step) -> None:
        self.orders |= {order.cl_id: order for order in self.observers.measures.ended}
        self.created += sum(request.kind == CREATE for request in step.requests)


def test_timelines_of_all_ended_orders_agree_with_ledger_and_measures(tmp_path: pathlib.Path) -> None:
    """S0-31, S0-39, S3-75: five minutes of quoting, then a flatten, to the last lot and unit."""
    print("seed", SEED)
    rig = Rig(SEED)
    observers = Observers(
        rig.engine, rig.wire, rig.loaded, now=rig.start, folder=tmp_path, logs=None, market="synthetic", journal=""
    )
    ended = Ended(observers)
    rig.driver.sinks.extend([*observers.sinks, ended])
    rig.to(300)
    rig.ask(Flatten(id="f", who="test"))
    rig.to(420)
    index, measures, ledger = observers.orders, observers.measures, rig.engine.posts[0].ledger.s
    assert ledger.pos == 0 and len(ended.orders) == ended.created > 100
    assert order_list(index, op.NEWEST, op.BY_ACK, 1, 0).kept == len(ended.orders) == len(index.kept)
    lots, fees, n_fills, acks, resolved = 0, 0.0, 0, [], [0] * len(HORIZONS_NS)
    for cl_id, order in ended.orders.items():
        page = order_page(index, cl_id, 0, rig.driver.now)
        item = page.item
        assert item is not None and page.ended and item.state == order.state, cl_id
        x = rig.engine.posts[order.i].instrument
        assert round(item.filled / x.lot) == order.filled and item.decided == order.sent
        assert item.ack_ns == (order.acked - order.sent if order.acked else None)
        stamps = [event.ts for event in page.events if event.what != op.MARKOUT]
        assert stamps == sorted(stamps) and stamps[0] == order.sent, "as it happened"  # type: ignore[type-var]
        for event in page.events:
            if event.what == op.FILL:
                n_fills, lots, fees = n_fills + 1, lots + round((event.size or 0) / x.lot), fees + (event.fee or 0.0)
            for at, bps in enumerate(event.marks):
                resolved[at] += bps is not None
        acks += [item.ack_ns] if item.ack_ns is not None else []
    assert n_fills == sum(int(n) for n in ledger.n_fills) and lots == sum(int(n) for n in ledger.traded_lots)
    assert round(fees * MONEY) == ledger.fees
    tallies = measures.markouts[0].table
    assert resolved == [tallies[0][at].n + tallies[1][at].n for at in range(len(HORIZONS_NS))] and n_fills > 0
    assert sum(side.canceled for side in measures.scopes.total[0].sides) == sum(
        order.state in ("canceled", "expired") for order in ended.orders.values()
    )


def test_a_live_request_is_told_as_sent_when_the_driver_handed_it_over(tmp_path: pathlib.Path) -> None:
    """After the write-ahead and the lanes, before the venue's word; every order in bad weather, none invented."""
    pages: list[op.OrderPage] = []

    async def script(rig: LiveRig) -> None:
        observers, _ = watched(rig, tmp_path, rig.clock.now())
        observers.timelines.departures = rig.driver.outgoing.departures
        await rig.to(40)
        kept = order_list(observers.orders, op.NEWEST, op.BY_ACK, op.MOST, 0)
        pages.extend(order_page(observers.orders, row.cl_id, 0, 0) for row in kept.rows)

    LiveRig(5, Weather(until_s=30, report_lost=0.2), None).run(script)
    sent = 0
    for page in pages:
        item, at = page.item, {event.what: event.ts for event in page.events}
        assert item is not None and (op.SENT in at) != (op.NOT_SENT in at)
        left = at.get(op.SENT)
        if left is not None:
            sent += 1
            assert item.decided <= left and left <= (at.get(op.ACKNOWLEDGED) or left)
            stamps = [event.ts for event in page.events if event.ts is not None and event.what != op.MARKOUT]
            assert stamps == sorted(stamps)
    assert sent > 10
