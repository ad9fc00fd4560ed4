"""Contracts of what a venue must refuse: minima, grids, bands, margin, ids, a closed market. See docs/contract.md.

A refusal has a reason that the engine knows, and nothing of it is left at the venue.
"""

from __future__ import annotations

import pytest

from core.domain.order import ACCEPTED, CANCELED, GTC, LOST, REJECTED, Request
from core.domain.reasons import (
    BAD_REQUEST,
    DUPLICATE_ID,
    FILTER_MIN_NOTIONAL,
    FILTER_STEP,
    MARGIN,
    PRICE_BAND,
    VENUE_CLOSED,
)
from core.domain.units import BUY, PPM, SELL
from tests.contract.sites import Site

pytestmark = pytest.mark.row("S1-29")


async def refused(site: Site, order: Request, code: int) -> None:
    """One answer, this reason; the venue's books are as before."""
    before = site.truth()
    await site.send(order)
    assert [(r.kind, r.code) for r in site.answers() if r.cl_id == order.cl_id] == [(REJECTED, code)]
    await site.reports()
    after = site.truth()
    assert (after.orders, after.made, after.trades) == (before.orders, before.made, before.trades)
    assert [o.cl_id for o in (await site.read("orders")).orders if o.cl_id == order.cl_id] == []


async def test_tc_20_an_order_below_the_smallest_notional_is_refused(site: Site) -> None:
    """S3-29, R-O6: the reason is the one that counts towards the circuit breaker."""
    at = site.places[0]
    assert at.bid * at.instrument.unit < at.instrument.min_notional
    await refused(site, site.order(BUY, at.bid - at.half, 1), FILTER_MIN_NOTIONAL)


async def test_tc_21_a_size_that_is_no_size_is_refused_before_the_wire(site: Site) -> None:
    """S3-29: requests count lots, so that off the grid can only be zero or less; nothing of it is sent."""
    at = site.places[0]
    asked = site.wire_requests()
    for qty in (0, -at.q):
        order = site.order(BUY, at.bid - at.half, qty)
        await site.send(order)
        assert [(r.kind, r.code) for r in site.answers() if r.cl_id == order.cl_id] == [(REJECTED, BAD_REQUEST)]
    orders = [place for place in site.wire_places(asked) if "order" in place.lower() and not place.startswith("GET")]
    assert orders == [] and site.truth().made == 0


async def test_tc_22_every_size_and_price_arrives_as_it_was_asked(site: Site) -> None:
    """S3-29: no rounding on the way: one lot more or less, one tick up or down are other orders."""
    at = site.places[0]
    least = -(-at.instrument.min_notional // ((at.bid - 9 * at.half) * at.instrument.unit)) + 1
    asked = {(at.bid - at.half * k - k, least + k) for k in range(1, 8)}
    for px, qty in sorted(asked):
        await site.place(BUY, px, qty)
    assert {(o.px, o.left) for o in site.truth().orders} == asked
    assert {(o.px, o.left) for o in (await site.read("orders")).orders} == asked


async def test_tc_23_a_price_outside_the_band_is_refused(site: Site) -> None:
    """R-L1, R-O6: the venue's own band, as its dialect has it."""
    at = site.places[0]
    far = at.middle * (at.instrument.band_ppm + 50_000) // PPM // at.half * at.half
    await refused(site, site.order(BUY, at.middle - far, at.q), PRICE_BAND)
    await refused(site, site.order(SELL, at.middle + far, at.q), PRICE_BAND)


async def test_tc_24_an_order_beyond_the_margin_is_refused(site: Site) -> None:
    """S0-40, R-O6: opening is refused, what stands stays."""
    at = site.places[0]
    keep = await site.place(BUY, at.bid - at.half, at.q)
    wallet, price = site.truth().wallet, at.bid * at.instrument.unit
    lots = (wallet * at.instrument.leverage // price) * 3 // 2
    assert lots < at.instrument.max_lots
    await refused(site, site.order(BUY, at.bid - 2 * at.half, lots), MARGIN)
    assert [o.cl_id for o in site.truth().orders] == [keep.cl_id]


async def test_tc_25_a_client_id_makes_one_order_while_it_lives_and_after(site: Site) -> None:
    """R-O1: the same create again makes no second order: not of a live id, not of one that has ended."""
    at = site.places[0]
    order = await site.place(BUY, at.bid - at.half, at.q)
    for _ in range(2):
        n = len(site.answers())
        await site.send(order)
        again = [(r.kind, r.code) for r in site.answers()[n:] if r.cl_id == order.cl_id]
        assert again == [(REJECTED, DUPLICATE_ID)]
        assert site.truth().made == 1
        if site.truth().orders:
            await site.cancel(order)
    assert site.truth().orders == ()


async def test_tc_26_a_step_that_became_coarser_under_us_is_a_refusal_with_its_name(site: Site) -> None:
    """R-N5: the filter's name tells the engine to read the filters again; cancels go on."""
    at = site.places[0]
    stands = await site.place(BUY, at.bid - at.half, at.q)
    await site.inject("filters", 0, at.half * 2, 0, 0)
    await refused(site, site.order(BUY, at.middle - at.half * 3, at.q), FILTER_STEP)
    await site.cancel(stands)
    assert site.answers()[-1].kind == CANCELED and site.truth().orders == ()


async def test_tc_27_a_closed_market_refuses_creates_and_takes_cancels(site: Site) -> None:
    """R-N6: cancel-only, as after a halt; open again, orders pass."""
    at = site.places[0]
    stands = await site.place(BUY, at.bid - at.half, at.q)
    await site.inject("cancel_only", 0, 1)
    await refused(site, site.order(SELL, at.ask + at.half, at.q, GTC), VENUE_CLOSED)
    await site.cancel(stands)
    assert site.answers()[-1].kind == CANCELED and site.truth().orders == ()
    await site.inject("cancel_only", 0, 0)
    order = await site.place(BUY, at.bid - at.half, at.q)
    assert [r.kind for r in site.answers() if r.cl_id == order.cl_id] == [ACCEPTED]


async def test_tc_28_an_answer_that_is_lost_leaves_one_order_that_can_be_found(site: Site) -> None:
    """R-O1, RELIABILITY 2.3: never sent again, LOST where there is a wire, found by its client id in the next read."""
    at = site.places[0]
    await site.lose_answer()
    order = await site.place(BUY, at.bid - at.half, at.q)
    kinds = [r.kind for r in site.answers() if r.cl_id == order.cl_id]
    assert kinds == ([LOST] if site.can.outage else [])
    reply = await site.read("orders")
    assert [(o.cl_id, o.px, o.left) for o in reply.orders] == [(order.cl_id, order.px, at.q)]
    assert site.truth().made == 1
    await site.cancel(order)
    assert site.answers()[-1].kind == CANCELED and site.truth().orders == ()
