"""Contracts of orders that take, and of orders that only reduce. The list is docs/contract.md."""

from __future__ import annotations

import pytest

from core.domain.order import ACCEPTED, EXPIRED, FILLED, FOK, GTC, IOC, MARKET, POST_ONLY, REDUCE_ONLY, REJECTED, Report
from core.domain.reasons import NO_FILL, REDUCE_ONLY_REJECTED
from core.domain.units import BUY, SELL
from tests.contract.sites import ENDS, Site

pytestmark = pytest.mark.row("S1-29")


def filled(site: Site, cl_id: int) -> int:
    """Lots of one order as they were told, each trade once."""
    return sum(r.qty for r in site.fills() if r.cl_id == cl_id)


def position(site: Site, i: int = 0) -> int:
    """Lots in the venue's own books."""
    return site.truth().positions.get(i, (0, 0))[0]


async def test_tc_12_an_ioc_order_that_finds_enough_is_filled_whole(site: Site) -> None:
    """S1-28, S3-32: at the prices of the book, as taker; nothing rests."""
    at = site.places[0]
    for side, px, best in ((BUY, at.ask + at.half, at.ask), (SELL, at.bid - at.half, at.bid)):
        order = await site.place(side, px, at.q, IOC)
        await site.eventually(lambda n=order.cl_id: filled(site, n) == at.q, "its fill")
        assert {(r.px, r.side, r.maker) for r in site.of(order, FILLED)} == {(best, side, 0)}
    await site.reports()
    assert (site.truth().orders, site.truth().positions) == ((), {})


async def test_tc_13_what_an_ioc_order_does_not_find_expires(site: Site) -> None:
    """S1-28, R-L1: two of three filled, the rest expired (or cancelled); filled and left are what was asked."""
    at = site.places[0]
    order = await site.place(BUY, at.ask, at.q * 3, IOC)
    end = await site.ended(order)
    assert (end.kind, end.left) == (site.can.ioc_end, at.q)
    await site.eventually(lambda: filled(site, order.cl_id) == at.q * 2, "its fills")
    await site.reports()
    assert (site.truth().orders, position(site)) == ((), at.q * 2)
    assert filled(site, order.cl_id) == at.q * 2


async def test_tc_14_an_ioc_order_that_finds_nothing_ends_and_leaves_nothing(site: Site) -> None:
    """S1-28: expired, or refused for want of a fill; both name the same reason."""
    at = site.places[0]
    order = await site.place(BUY, at.bid, at.q, IOC)
    end = await site.ended(order)
    assert end.kind in (EXPIRED, REJECTED) and end.code == NO_FILL
    await site.reports()
    truth = site.truth()
    assert (truth.orders, truth.trades, truth.positions) == ((), (), {})


async def test_tc_15_a_fok_order_is_filled_whole_or_not_at_all(site: Site) -> None:
    """S1-28: where the venue has none it is refused, never sent as something else."""
    at = site.places[0]
    whole = await site.place(BUY, at.ask, at.q * 2, FOK)
    if not site.can.fok:
        assert [r.kind for r in site.answers() if r.cl_id == whole.cl_id] == [REJECTED]
        await site.reports()
        assert (site.truth().made, site.truth().trades) == (0, ())
        return
    await site.eventually(lambda: filled(site, whole.cl_id) == at.q * 2, "all of it")
    more = await site.place(SELL, at.bid, at.q * 3, FOK)
    end = await site.ended(more)
    assert (end.kind, end.code) in ((EXPIRED, NO_FILL), (REJECTED, NO_FILL))
    await site.reports()
    assert (site.truth().orders, position(site), filled(site, more.cl_id)) == ((), at.q * 2, 0)


async def test_tc_16_a_market_order_takes_what_is_shown_and_never_rests(site: Site) -> None:
    """S1-28, S3-54: level after level; a reduce-only one closes the position and no more."""
    at = site.places[0]
    order = await site.place(BUY, at.ask, at.q * 3, GTC, type=MARKET)
    await site.eventually(lambda: filled(site, order.cl_id) == at.q * 3, "all of it")
    assert sorted((r.px, r.qty) for r in site.fills()) == [(at.ask, at.q * 2), (at.ask + at.half, at.q)]
    assert site.truth().orders == ()
    await site.place(SELL, at.bid, at.q * 8, GTC, REDUCE_ONLY, MARKET)
    await site.eventually(lambda: position(site) == 0, "a closed position")
    await site.reports()
    assert (site.truth().orders, position(site)) == ((), 0)
    assert sum(r.qty for r in site.fills() if r.side == SELL) == at.q * 3


async def test_tc_17_a_reduce_only_order_without_a_position_is_refused(site: Site) -> None:
    """S3-26, R-O6: by name, resting or taking; also on the side that would add to a position."""
    at = site.places[0]
    for tif in (IOC, POST_ONLY):
        order = await site.place(SELL, at.bid if tif == IOC else at.ask + at.half, at.q, tif, REDUCE_ONLY)
        answer = [r for r in site.answers() if r.cl_id == order.cl_id]
        assert [(r.kind, r.code) for r in answer] == [(REJECTED, REDUCE_ONLY_REJECTED)]
    await site.hold(at.q)
    order = await site.place(BUY, at.ask, at.q, IOC, REDUCE_ONLY)
    assert [(r.kind, r.code) for r in site.answers() if r.cl_id == order.cl_id] == [(REJECTED, REDUCE_ONLY_REJECTED)]
    await site.reports()
    assert (site.truth().orders, position(site)) == ((), at.q)


async def test_tc_18_a_reduce_only_order_larger_than_the_position_never_turns_it(site: Site) -> None:
    """S3-26, S3-54: long and short, taking and resting; at the end the account is flat."""
    at = site.places[0]
    for side, hold in ((SELL, at.q), (BUY, -at.q)):
        await site.hold(hold)
        px = at.bid - at.half if side == SELL else at.ask + at.half
        await site.place(side, px, at.q * 2, IOC, REDUCE_ONLY)
        await site.eventually(lambda: position(site) == 0, "a closed position")
        await site.reports()
        assert (site.truth().orders, position(site)) == ((), 0)
    await site.hold(at.q)
    order = await site.place(SELL, at.middle - at.half // 2, at.q * 2, POST_ONLY, REDUCE_ONLY)
    await site.eventually(lambda: position(site) == 0, "a closed position")
    await site.eventually(lambda: site.truth().orders == (), "the end of what is left")
    await site.reports()
    assert (position(site), filled(site, order.cl_id)) == (0, at.q)


async def test_tc_19_a_reduce_only_order_is_listed_as_one(site: Site) -> None:
    """S1-28: the flag comes back from the venue, so that a restart knows which orders add no risk."""
    at = site.places[0]
    await site.hold(at.q)
    order = await site.place(SELL, at.ask + at.half, at.q, POST_ONLY, REDUCE_ONLY)
    plain = await site.place(BUY, at.bid - at.half, at.q)
    told: list[Report] = [r for r in site.answers() if r.cl_id in (order.cl_id, plain.cl_id)]
    assert [r.kind for r in told] == [ACCEPTED, ACCEPTED]
    listed = {o.cl_id: o.flags & REDUCE_ONLY for o in (await site.read("orders")).orders}
    assert listed == {order.cl_id: REDUCE_ONLY, plain.cl_id: 0}


async def test_tc_49_every_fill_of_a_burst_is_told_without_waiting_for_more_news(site: Site) -> None:
    """R-O2, R-O4: five levels taken at one instant are five fills, all told at once; nothing else happens after."""
    at = site.places[0]
    order = await site.place(BUY, at.ask + 4 * at.half, at.q * 33, IOC)
    await site.eventually(lambda: filled(site, order.cl_id) == at.q * 33, "all five fills", 2.0)
    assert [r.px for r in site.fills()] == [at.ask + k * at.half for k in range(5)]
    assert len({r.ts for r in site.fills()}) == 1


async def test_tc_50_we_never_trade_with_ourselves(site: Site) -> None:
    """R-L6: an order that would meet one of ours ends instead; the one that rests is not touched."""
    at = site.places[0]
    rests = await site.place(SELL, at.ask - at.half // 5, at.q)
    taker = await site.place(BUY, at.ask + at.half, at.q, IOC)
    assert (await site.ended(taker)).kind in ENDS
    maker = await site.place(BUY, at.ask - at.half // 5, at.q)
    assert (await site.ended(maker)).kind == REJECTED
    await site.eventually(lambda: len(site.fills()) == len(site.truth().trades), "every fill")
    assert (site.truth().trades, [o.cl_id for o in site.truth().orders]) == ((), [rests.cl_id])
