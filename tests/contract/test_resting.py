"""Contracts of orders that rest: placing, listing, cancelling, amending. The list is docs/contract.md."""

from __future__ import annotations

import asyncio

import pytest

from core.domain.order import (
    ACCEPTED,
    AMEND_REJECTED,
    AMENDED,
    CANCEL_REJECTED,
    CANCELED,
    FILLED,
    GTC,
    REJECTED,
)
from core.domain.reasons import OK, POST_ONLY_CROSS, UNKNOWN_ORDER_ID
from core.domain.units import BUY, SELL
from tests.contract.sites import Site

pytestmark = pytest.mark.row("S1-29")


async def test_tc_01_a_post_only_order_rests_and_is_listed_with_our_client_id(site: Site) -> None:
    """S1-29, S3-32, UC-10: accepted, listed by the venue as it was sent, on both sides; nothing filled."""
    at = site.places[0]
    buy = await site.place(BUY, at.bid - at.half, at.q)
    sell = await site.place(SELL, at.ask + at.half, at.q // 2)
    assert [r.kind for r in site.answers() if r.cl_id == buy.cl_id] == [ACCEPTED]
    assert [r.kind for r in site.answers() if r.cl_id == sell.cl_id] == [ACCEPTED]
    reply = await site.read("orders")
    assert reply.error == ""
    listed = {(o.instrument, o.cl_id, o.side, o.px, o.left) for o in reply.orders}
    assert listed == {(0, buy.cl_id, BUY, buy.px, at.q), (0, sell.cl_id, SELL, sell.px, at.q // 2)}
    truth = site.truth()
    assert {(o.venue_id, o.cl_id) for o in reply.orders} == {(o.venue_id, o.cl_id) for o in truth.orders}
    assert truth.trades == () and truth.positions == {} and truth.made == 2


async def test_tc_02_a_post_only_order_that_would_take_is_refused_and_leaves_nothing(site: Site) -> None:
    """S1-29, R-O6: refused by name on both sides, at the touch and through it; no order, no trade, no position."""
    at = site.places[0]
    tries = [(BUY, at.ask), (BUY, at.ask + at.half), (SELL, at.bid), (SELL, at.bid - at.half)]
    for side, px in tries:
        order = await site.place(side, px, at.q)
        assert [(r.kind, r.code) for r in site.answers() if r.cl_id == order.cl_id] == [(REJECTED, POST_ONLY_CROSS)]
    await site.reports()
    assert (await site.read("orders")).orders == ()
    truth = site.truth()
    assert (truth.orders, truth.made, truth.trades, truth.positions) == ((), 0, (), {})


async def test_tc_03_a_cancel_ends_the_order_and_no_other(site: Site) -> None:
    """S3-32, S3-75: answered CANCELED; the venue lists the other one alone."""
    at = site.places[0]
    keep = await site.place(BUY, at.bid - at.half, at.q)
    gone = await site.place(BUY, at.bid - 2 * at.half, at.q)
    await site.cancel(gone)
    assert [r.kind for r in site.answers() if r.cl_id == gone.cl_id] == [ACCEPTED, CANCELED]
    assert [o.cl_id for o in (await site.read("orders")).orders] == [keep.cl_id]
    assert [o.cl_id for o in site.truth().orders] == [keep.cl_id]
    await site.reports()
    assert site.of(keep, CANCELED) == [] and site.of(gone, CANCELED) != []


async def test_tc_04_a_cancel_of_what_is_gone_is_answered_and_changes_nothing(site: Site) -> None:
    """R-O3: for an order that was filled and for one that never was: "not found", a question for the ledger."""
    at = site.places[0]
    filled = await site.hold(at.q)
    never = site.order(BUY, at.bid - at.half, at.q)
    before = site.truth()
    for order in (filled, never):
        n = len(site.answers())
        await site.cancel(order)
        answers = [(r.kind, r.code) for r in site.answers()[n:] if r.cl_id == order.cl_id]
        assert answers == [(CANCEL_REJECTED, UNKNOWN_ORDER_ID)]
    await site.reports()
    assert site.truth() == before


async def test_tc_05_a_second_cancel_is_answered_too(site: Site) -> None:
    """R-O3: one CANCELED and one "not found", one after the other or both at once."""
    at = site.places[0]
    order = await site.place(BUY, at.bid - at.half, at.q)
    await site.cancel(order)
    await site.cancel(order)
    both = await site.place(BUY, at.bid - at.half, at.q)
    await asyncio.gather(site.cancel(both), site.cancel(both))
    for one in (order, both):
        told = [(r.kind, r.code) for r in site.answers() if r.cl_id == one.cl_id and r.kind != ACCEPTED]
        assert sorted(told) == [(CANCELED, OK), (CANCEL_REJECTED, UNKNOWN_ORDER_ID)]
    assert site.truth().orders == ()


async def test_tc_06_an_amended_price_keeps_the_order_under_its_client_id(site: Site) -> None:
    """S3-32: one order before and after, at the new price; without the right to amend: refused, untouched."""
    at = site.places[0]
    order = await site.place(BUY, at.bid - at.half, at.q)
    await site.amend(order, at.bid - 3 * at.half, at.q)
    answer = site.answers()[-1]
    (stands,) = site.truth().orders
    if not site.can.amend:
        assert answer.kind == AMEND_REJECTED
        assert (stands.cl_id, stands.px, stands.left) == (order.cl_id, at.bid - at.half, at.q)
        return
    assert (answer.kind, answer.cl_id, answer.px, answer.qty) == (AMENDED, order.cl_id, at.bid - 3 * at.half, at.q)
    assert (stands.cl_id, stands.px, stands.left) == (order.cl_id, at.bid - 3 * at.half, at.q)
    (listed,) = (await site.read("orders")).orders
    assert (listed.cl_id, listed.px, listed.left) == (order.cl_id, stands.px, at.q)


async def test_tc_07_an_amended_size_is_the_new_total(site: Site) -> None:
    """R-L1: what was filled before counts against the new size, up and down."""
    if not site.can.amend:
        pytest.skip("no amend here: see TC-06")
    at = site.places[0]
    order = await site.place(BUY, at.middle, at.q * 4)
    await site.eventually(lambda: site.of(order, FILLED), "a first print")
    await site.amend(order, at.bid - at.half, at.q * 3)
    await site.reports()
    filled = site.truth().positions[0][0]
    assert 0 < filled < at.q * 3
    (stands,) = site.truth().orders
    assert (stands.cl_id, stands.px, stands.left) == (order.cl_id, at.bid - at.half, at.q * 3 - filled)
    await site.amend(order, at.bid - at.half, at.q * 5)
    (listed,) = (await site.read("orders")).orders
    assert (listed.cl_id, listed.left) == (order.cl_id, at.q * 5 - filled)


async def test_tc_08_an_amend_to_no_more_than_was_filled_ends_the_order(site: Site) -> None:
    """R-L1: answered by the end of the order; never a size below zero, never a second order."""
    if not site.can.amend:
        pytest.skip("no amend here: see TC-06")
    at = site.places[0]
    order = await site.place(BUY, at.middle, at.q * 4)
    await site.eventually(lambda: site.of(order, FILLED), "a first print")
    await site.amend(order, at.bid - at.half, 1)
    assert site.answers()[-1].kind == CANCELED and site.answers()[-1].cl_id == order.cl_id
    await site.eventually(lambda: len(site.fills()) == len(site.truth().trades), "every fill")
    truth = site.truth()
    assert truth.orders == () and truth.made == 1
    assert truth.positions[0][0] == sum(r.qty for r in site.fills())


async def test_tc_09_an_amend_of_what_is_gone_is_refused(site: Site) -> None:
    """R-O3: never a new order in the place of the old one."""
    at = site.places[0]
    order = await site.place(BUY, at.bid - at.half, at.q)
    await site.cancel(order)
    await site.amend(order, at.bid - 2 * at.half, at.q)
    answer = site.answers()[-1]
    assert (answer.kind, answer.cl_id) == (AMEND_REJECTED, order.cl_id)
    if site.can.amend:
        assert answer.code == UNKNOWN_ORDER_ID
    truth = site.truth()
    assert truth.orders == () and truth.made == 1


async def test_tc_10_an_amend_that_would_take_takes_nothing(site: Site) -> None:
    """S1-29: a post-only order stays one: the amend is refused and the order stands, or the venue ends the order."""
    if not site.can.amend:
        pytest.skip("no amend here: see TC-06")
    at = site.places[0]
    order = await site.place(BUY, at.bid - at.half, at.q)
    await site.amend(order, at.ask, at.q)
    answer = site.answers()[-1]
    await site.reports()
    truth = site.truth()
    assert (truth.trades, truth.made, answer.cl_id) == ((), 1, order.cl_id)
    if site.can.amend_ends:
        assert answer.kind == CANCELED and truth.orders == ()
        return
    assert (answer.kind, answer.code) == (AMEND_REJECTED, POST_ONLY_CROSS)
    assert [(o.cl_id, o.px, o.left) for o in truth.orders] == [(order.cl_id, at.bid - at.half, at.q)]


async def test_tc_11_a_resting_order_is_filled_as_maker_and_a_gtc_order_takes_and_rests(site: Site) -> None:
    """S3-32, S3-75: the maker flag tells one from the other; what a taking order leaves rests under the same id."""
    at = site.places[0]
    maker = await site.place(BUY, at.middle + at.half // 2, at.q)
    await site.eventually(lambda: sum(r.qty for r in site.of(maker, FILLED)) == at.q, "a maker fill")
    assert {(r.maker, r.px) for r in site.of(maker, FILLED)} == {(1, maker.px)}
    taker = await site.place(BUY, at.ask, at.q * 3, GTC)
    await site.eventually(lambda: sum(r.qty for r in site.of(taker, FILLED)) == at.q * 3, "all of it")
    fills = [r for r in site.fills() if r.cl_id == taker.cl_id]
    assert [(r.maker, r.px, r.qty) for r in fills] == [(0, at.ask, at.q * 2), (1, at.ask, at.q)]


async def test_tc_51_amends_are_planned_only_where_they_are_carried_out(site: Site) -> None:
    """S3-13, R-O6: where an instrument tells the planner to amend, the venue amends; else its quotes never move."""
    at = site.places[0]
    order = await site.place(BUY, at.bid - at.half, at.q)
    await site.amend(order, at.bid - 2 * at.half, at.q)
    carried_out = site.answers()[-1].kind == AMENDED
    assert carried_out or not at.instrument.amend
