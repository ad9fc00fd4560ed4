"""Contracts for bad days: news out of order, late requests, a venue that is down, a core that is gone. See
docs/contract.md."""

from __future__ import annotations

import asyncio
from collections import Counter

import msgspec
import pytest

from core import rng
from core.domain.order import (
    ACCEPTED,
    AMEND,
    CANCEL,
    CANCELED,
    FILLED,
    IOC,
    LOST,
    POST_ONLY,
    REDUCE_ONLY,
    REJECTED,
    STOP,
    Report,
    Request,
)
from core.domain.reasons import VENUE_CLOSED
from core.domain.units import BUY, SELL
from tests.contract.books import Books
from tests.contract.sites import ANSWERS, TRADES, Site

pytestmark = pytest.mark.row("S1-29")
READS = ("orders", "positions", "trades", "balance")
SHUFFLES, SEED = 40, 7


async def test_tc_43_reads_of_a_venue_that_is_down_say_so(site: Site) -> None:
    """R-B4: an error, never an empty list that looks like flat; the truth again as soon as it is back."""
    if not site.can.outage:
        pytest.skip("no wire: the exchange lives in this process")
    at = site.places[0]
    await site.hold(at.q)
    order = await site.place(BUY, at.bid - at.half, at.q)
    await site.outage(True)
    for reply in await asyncio.gather(*(site.read(what) for what in READS)):
        assert reply.error, reply.what
        assert (reply.orders, reply.positions, reply.trades, reply.balance) == ((), (), (), 0)
    await site.outage(False)
    assert [o.cl_id for o in (await site.read("orders")).orders] == [order.cl_id]
    assert [p.pos for p in (await site.read("positions")).positions] == [at.q]
    assert (await site.read("balance")).balance == site.truth().wallet
    assert len((await site.read("trades")).trades) == len(site.truth().trades)


async def test_tc_44_the_ledger_ends_equal_however_news_are_shuffled_and_doubled(site: Site) -> None:
    """R-O2, S3-75: real news of the venue, delayed and doubled by it, then in forty orders: one end, the venue's."""
    print("seed", SEED)
    at, books = site.places[0], Books(site)
    await site.disturb()
    maker = books.create(BUY, at.middle + at.half // 2, at.q, POST_ONLY)
    rest = books.create(BUY, at.bid - at.half, at.q, POST_ONLY)
    move = books.create(BUY, at.bid - 2 * at.half, at.q, POST_ONLY)
    taker = books.create(BUY, at.ask, at.q * 3, IOC)
    cross = books.create(BUY, at.ask + at.half, at.q, POST_ONLY)
    for request in (maker, rest, move, taker, cross):
        await site.send(request)
    await site.eventually(lambda: sum(r.qty for r in site.fills()) == at.q * 3, "both orders' fills")
    await site.ended(taker)
    await site.reports()
    first, before = list(site.log), books.ledger.image()
    changes = [msgspec.structs.replace(rest, kind=CANCEL)]
    if site.can.amend:
        changes.append(msgspec.structs.replace(move, kind=AMEND, px=at.bid - 3 * at.half, qty=at.q * 2))
    asked = site.now()
    for request in changes:
        await site.send(request)
    await site.reports()
    second = site.log[len(first) :]
    ends, dice = [], rng.stream(SEED, "shuffles")

    def shuffled(reports: list[Report]) -> list[Report]:
        more = reports + [reports[int(k)] for k in dice.integers(0, len(reports), len(reports) // 2)]
        return [more[int(k)] for k in dice.permutation(len(more))]

    for n in range(SHUFFLES):
        books.ledger.load(before)
        books.apply(shuffled(first) if n else first)
        for request in changes:
            books.mark(request, asked)
        books.apply(shuffled(second + first) if n else second)
        ends.append(books.state())
    truth = site.truth()
    assert all(end == ends[0] for end in ends)
    assert (ends[0]["pos"], ends[0]["cost"]) == truth.positions[0]
    assert ends[0]["fees"] == sum(t.fee for t in truth.trades) and ends[0]["fills"] == len(truth.trades)
    assert ends[0]["alive"] == sorted((o.cl_id, o.px, o.left) for o in truth.orders) and ends[0]["unknown"] == 0


async def test_tc_45_a_create_that_arrives_late_is_refused(site: Site) -> None:
    """RELIABILITY 2.3, R-O1: three seconds on the way is past its lifetime; a cancel of ours is not held by it."""
    if not site.can.lifetime:
        pytest.skip("no lifetime: between this process and its exchange nothing is late")
    at = site.places[0]
    stands = await site.place(BUY, at.bid - at.half, at.q)
    await site.venue_clock(3.0)
    late = await site.place(BUY, at.bid - 2 * at.half, at.q)
    assert [r.kind for r in site.answers() if r.cl_id == late.cl_id] == [REJECTED]
    assert [o.cl_id for o in site.truth().orders] == [stands.cl_id] and site.truth().made == 1
    await site.venue_clock(0.0)
    await site.cancel(stands)
    assert site.answers()[-1].kind == CANCELED and site.truth().orders == ()


async def test_tc_46_the_dead_mans_switch_cancels_orders_and_no_position(site: Site) -> None:
    """RELIABILITY 3, R-E3: armed by us, fired by the venue's clock when no beat came; the end of each order is told."""
    if not site.can.dead_man:
        pytest.skip("none needed: the exchange ends with this process, its orders with the file's next start")
    at = site.places[0]
    await site.hold(at.q)
    ours = [await site.place(BUY, at.bid - k * at.half, at.q) for k in (1, 2)]
    ours.append(await site.place(SELL, site.places[1].ask + site.places[1].half, site.places[1].q, i=1))
    assert await site.arm_dead_man()
    await site.venue_clock(57.0)
    await site.reports()
    assert len(site.truth().orders) == 3, "not before its time"
    await site.venue_clock(61.0)
    for order in ours:
        assert (await site.ended(order)).kind == CANCELED
    truth = site.truth()
    assert truth.orders == () and truth.positions[0][0] == at.q
    assert [r for r in site.log if r.kind in TRADES and r.cl_id in {o.cl_id for o in ours}] == []


async def test_tc_47_every_request_ends_in_exactly_one_answer(site: Site) -> None:
    """R-O1, S3-32: thirty requests of every kind, good and bad, with lost answers among them where there is a wire."""
    at = site.places[0]
    sent: list[Request] = []

    async def send(*requests: Request) -> None:
        sent.extend(requests)
        await asyncio.gather(*(site.send(request) for request in requests))

    good = [site.order(BUY, at.bid - k * at.half, at.q) for k in range(1, 9)]
    bad = [site.order(BUY, at.ask, at.q), site.order(BUY, at.bid - at.half, 1), site.order(BUY, at.bid - at.half, 0)]
    bad += [site.order(BUY, at.bid, at.q, IOC), site.order(SELL, at.bid, at.q, IOC), site.order(BUY, at.middle, at.q)]
    await send(*good, *bad)
    await send(*(msgspec.structs.replace(order, kind=AMEND, qty=at.q + 1) for order in (*good[:3], *bad[:2])))
    if site.can.outage:
        await site.lose_answer()
        await send(site.order(BUY, at.bid - 9 * at.half, at.q))
    await send(*(msgspec.structs.replace(order, kind=CANCEL) for order in (*good, *bad[:2])))
    never = site.order(SELL, at.ask + at.half, at.q)
    await send(msgspec.structs.replace(never, kind=CANCEL))
    await site.reports()
    wanted = Counter((r.cl_id, r.kind) for r in sent)
    told: Counter[tuple[int, int]] = Counter()
    for report in site.answers():
        told.update(
            (report.cl_id, kind) for kind, answers in ANSWERS.items() if report.kind in answers and kind != AMEND
        )
        told.update((report.cl_id, AMEND) for _ in range(report.kind in ANSWERS[AMEND] and report.kind != LOST))
    lost = {r.cl_id for r in site.answers() if r.kind == LOST}
    assert len(lost) == (1 if site.can.outage else 0)
    for cl_id in lost:  # LOST answers the create; it names no kind
        del told[cl_id, CANCEL]
    assert told == wanted and len(sent) >= 30
    await site.eventually(lambda: len(site.fills()) == len(site.truth().trades), "every fill")
    made = site.truth().clients
    assert len(made) == len(set(made)) and set(made) <= {r.cl_id for r in sent}, "one intent, one order"


async def test_tc_48_a_cancel_that_races_a_fill_loses_neither(site: Site) -> None:
    """R-O3: whichever comes first, the position is what was told, and nothing rests."""
    at = site.places[0]
    for k in range(4):
        order = await site.place(BUY, at.middle + at.half // 2, at.q)
        if k % 2:
            await site.eventually(lambda o=order: site.of(o, FILLED), "a fill")
        await site.cancel(order)
    await site.eventually(lambda: sum(t.qty for t in site.truth().trades) == sum(r.qty for r in site.fills()), "fills")
    await site.reports()
    truth = site.truth()
    assert truth.orders == ()
    assert truth.positions.get(0, (0, 0))[0] == sum(r.qty for r in site.fills()) >= at.q * 2


async def test_tc_52_an_order_can_be_cancelled_by_the_venues_id_alone(site: Site) -> None:
    """R-E3: what a stop finds at the venue it can take away, whoever placed it; the others stand."""
    at = site.places[0]
    keep = await site.place(BUY, at.bid - at.half, at.q)
    await site.foreign(BUY, at.bid - 2 * at.half, at.q)
    (other,) = [o for o in (await site.read("orders")).orders if o.cl_id != keep.cl_id]
    await site.send(Request(0, 0, CANCEL, 0, other.venue_id, BUY, 0, 0, 0, 0, STOP, 0))
    assert (site.answers()[-1].kind, site.answers()[-1].venue_id) == (CANCELED, other.venue_id)
    assert [o.cl_id for o in site.truth().orders] == [keep.cl_id]


async def test_tc_53_while_a_venue_is_overloaded_only_what_reduces_passes(site: Site) -> None:
    """R-O1, R-N2, R-E6: after a create met a 503 no other is sent; cancels are, and the order of a stop."""
    if not site.can.outage:
        pytest.skip("no wire: the exchange lives in this process")
    at = site.places[0]
    await site.hold(at.q)
    stands = await site.place(BUY, at.bid - at.half, at.q)
    await site.outage(True)
    lost = await site.place(BUY, at.bid - 2 * at.half, at.q)
    assert [r.kind for r in site.answers() if r.cl_id == lost.cl_id] == [LOST]
    await site.outage(False)
    asked = site.wire_requests()
    held = await site.place(BUY, at.bid - 3 * at.half, at.q)
    assert [(r.kind, r.code) for r in site.answers() if r.cl_id == held.cl_id] == [(REJECTED, VENUE_CLOSED)]
    assert [place for place in site.wire_places(asked) if not place.startswith("GET")] == []
    await site.cancel(stands)
    assert site.answers()[-1].kind == CANCELED
    out = await site.place(SELL, at.bid - at.half, at.q, IOC, REDUCE_ONLY | STOP)
    await site.eventually(lambda: sum(r.qty for r in site.of(out, FILLED)) == at.q, "the way out")
    assert (site.truth().orders, site.truth().positions) == ((), {})
    assert lost.cl_id not in site.truth().clients and held.cl_id not in site.truth().clients


async def test_tc_54_a_private_stream_that_was_cut_comes_back_and_nothing_is_lost(site: Site) -> None:
    """R-N1, R-O4: what happened meanwhile is in the reads, what happens after is news again."""
    if not site.can.outage:
        pytest.skip("no wire: the exchange lives in this process")
    at = site.places[0]
    before = await site.place(BUY, at.middle + at.half // 2, at.q)
    await site.cut()
    await site.eventually(lambda: site.truth().trades, "a fill that nobody may have heard")
    await site.listening()
    after = await site.hold(at.q)
    reply = await site.read("trades")
    told = {(r.trade_id, r.cl_id, r.qty, r.fee) for r in (*reply.trades, *site.fills())}
    assert told == {(t.trade_id, t.cl_id, t.qty, t.fee) for t in site.truth().trades}
    assert {cl_id for _, cl_id, _, _ in told} == {before.cl_id, after.cl_id}


async def test_tc_55_forty_requests_at_once_are_forty_requests(site: Site) -> None:
    """R-N4, S3-13: twenty creates together, then their cancels together: no nonce twice, no order lost or doubled."""
    at = site.places[0]
    orders = [site.order(BUY, at.bid - at.half - k, at.q) for k in range(20)]
    await asyncio.gather(*(site.send(order) for order in orders))
    assert sorted(o.cl_id for o in site.truth().orders) == sorted(order.cl_id for order in orders)
    await asyncio.gather(*(site.cancel(order) for order in orders))
    assert Counter(r.kind for r in site.answers()) == {ACCEPTED: 20, CANCELED: 20}
    assert site.truth().orders == () and site.truth().made == 20
