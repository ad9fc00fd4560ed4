"""Contracts of the account: fills, positions, money, what the venue does unasked, other hands. See docs/contract.md."""

from __future__ import annotations

import msgspec
import pytest

from core.domain.order import (
    ACCEPTED,
    CANCEL,
    CANCELED,
    DELEVERAGED,
    FILLED,
    FUNDED,
    IOC,
    LIQUIDATED,
    REDUCE_ONLY,
    Request,
)
from core.domain.reasons import VENUE_ACTION
from core.domain.units import BUY, MONEY, NS_PER_MS, NS_PER_S, SELL
from tests.contract.sites import TRADES, Site

pytestmark = pytest.mark.row("S1-29")
KEY = ("trade_id", "instrument", "kind", "cl_id", "side", "px", "qty", "fee", "maker")


def row(report: object) -> tuple[int, ...]:
    """What of a trade must be equal on both sides."""
    return tuple(getattr(report, name) for name in KEY)


async def trade_about(site: Site) -> None:
    """Fills of every kind: over two levels, as maker in prints and at once, a partial close."""
    at = site.places[0]
    await site.place(BUY, at.ask + at.half, at.q * 3, IOC)
    await site.place(SELL, at.bid, at.q // 2 + 1, IOC, REDUCE_ONLY)
    drops = await site.place(BUY, at.middle, at.q // 2 + 3)
    await site.eventually(lambda: sum(r.qty for r in site.of(drops, FILLED)) == drops.qty, "prints of the maker order")
    await site.eventually(lambda: len(site.fills()) == len(site.truth().trades), "every fill")


async def test_tc_29_every_fill_is_told_as_the_venue_has_it(site: Site) -> None:
    """R-O2, S3-75, S3-32: by trade id each once; price, size, fee and maker flag equal, in news and in reads."""
    await trade_about(site)
    await site.reports()
    truth = [row(t) for t in site.truth().trades]
    assert len(truth) >= 6 and {t[-1] for t in truth} == {0, 1}
    assert [row(r) for r in site.fills()] == truth
    assert all(len({row(r) for r in site.log if r.trade_id == t[0]}) == 1 for t in truth), "told again means told alike"
    reply = await site.read("trades")
    assert reply.error == "" and [row(r) for r in reply.trades if r.kind in TRADES] == truth


async def test_tc_30_position_and_cost_basis_are_the_venues(site: Site) -> None:
    """S3-32, S0-12: long after fills at several prices and a partial close, then flat, then short."""
    await trade_about(site)
    reply = await site.read("positions")
    (held,) = reply.positions
    assert (held.instrument, held.pos) == (0, site.truth().positions[0][0])
    assert abs(held.cost - site.truth().positions[0][1]) <= site.can.cost_within
    await site.hold(-held.pos)
    assert (await site.read("positions")).positions == ()
    await site.hold(-site.places[0].q)
    (short,) = (await site.read("positions")).positions
    assert (short.pos, short.cost) == site.truth().positions[0] and short.pos < 0
    assert short.liquidation_px == site.truth().liquidations[0] > site.places[0].ask


async def test_tc_31_the_balance_is_the_wallet_without_what_is_not_realised(site: Site) -> None:
    """S3-32, S0-16: to the last unit, with a position open and after it was closed."""
    assert (await site.read("balance")).balance == site.truth().wallet == 100_000 * MONEY
    await trade_about(site)
    reply = await site.read("balance")
    assert reply.error == "" and reply.balance == site.truth().wallet != 100_000 * MONEY
    await site.hold(-site.truth().positions[0][0])
    assert (await site.read("balance")).balance == site.truth().wallet


async def test_tc_32_a_funding_payment_is_told_once_with_the_venues_amount(site: Site) -> None:
    """S0-16, R-O2: news and two reads together name one payment by one id, for one instrument; a long pays."""
    await site.hold(site.places[0].q)
    await site.inject("funding")
    await site.eventually(lambda: site.truth().payments, "the settlement")
    await site.reports()
    told = [r for r in site.log if r.kind == FUNDED]
    for _ in range(2):
        await site.funding_due()
        reply = await site.read("trades")
        told += [r for r in reply.trades if r.kind == FUNDED]
    ((_, instrument, amount),) = site.truth().payments
    assert len(told) >= 2 and len({r.trade_id for r in told}) == 1
    assert {(r.instrument, r.amount) for r in told} == {(instrument, amount)} and amount < 0
    assert (await site.read("balance")).balance == site.truth().wallet
    await site.inject("funding")
    await site.eventually(lambda: len(site.truth().payments) == 2, "the next settlement")
    await site.reports()
    await site.funding_due()
    told = [r for r in [*site.log, *(await site.read("trades")).trades] if r.kind == FUNDED]
    assert len({r.trade_id for r in told}) == 2, "another id, whatever the venue calls its transaction"
    assert sum({r.trade_id: r.amount for r in told}.values()) == sum(paid for _, _, paid in site.truth().payments)


async def test_tc_33_a_liquidation_is_told_as_one_and_our_orders_as_cancelled(site: Site) -> None:
    """S0-19, R-B3: its own kind and code, no order of ours behind it; what rested is gone by the venue's act."""
    at = site.places[0]
    await site.hold(at.q)
    order = await site.place(BUY, at.bid - at.half, at.q)
    await site.inject("liquidate")
    await site.eventually(lambda: [r for r in site.log if r.kind == LIQUIDATED], "the liquidation")
    end = await site.ended(order)
    assert (end.kind, end.code) == (CANCELED, VENUE_ACTION)
    (told,) = [r for r in site.fills() if r.kind == LIQUIDATED]
    (made,) = [t for t in site.truth().trades if t.kind == LIQUIDATED]
    assert row(told) == row(made) and (told.cl_id, told.code, told.qty, told.side) == (0, VENUE_ACTION, at.q, SELL)
    reply = await site.read("trades")
    assert [row(r) for r in reply.trades if r.kind == LIQUIDATED] == [row(made)]
    assert (await site.read("positions")).positions == () and site.truth().positions == {}
    assert (await site.read("orders")).orders == ()


async def test_tc_34_a_deleveraging_is_told_as_one(site: Site) -> None:
    """R-B3: part of a position goes without an order of ours; size, side and price are the venue's."""
    at = site.places[0]
    await site.hold(-at.q)
    order = await site.place(SELL, at.ask + at.half, at.q)
    await site.inject("adl", 0, at.q // 4, at.middle)
    await site.eventually(lambda: [r for r in site.log if r.kind == DELEVERAGED], "the deleveraging")
    (told,) = [r for r in site.fills() if r.kind == DELEVERAGED]
    assert (told.cl_id, told.code, told.qty, told.side, told.px) == (0, VENUE_ACTION, at.q // 4, BUY, at.middle)
    reply = await site.read("trades")
    assert [row(r) for r in reply.trades if r.kind == DELEVERAGED] == [row(told)]
    (held,) = (await site.read("positions")).positions
    assert held.pos == site.truth().positions[0][0] == -(at.q - at.q // 4)
    assert [o.cl_id for o in site.truth().orders] == [order.cl_id]


async def test_tc_35_a_cancel_by_the_venue_is_told(site: Site) -> None:
    """R-B3: one order that the venue took away, the other one stands."""
    at = site.places[0]
    gone = await site.place(BUY, at.bid - at.half, at.q)
    keep = await site.place(BUY, at.bid - 2 * at.half, at.q)
    (number,) = [o.venue_id for o in site.truth().orders if o.cl_id == gone.cl_id]
    await site.inject("cancel_order", 0, number)
    end = await site.ended(gone)
    assert (end.kind, end.code) == (CANCELED, VENUE_ACTION)
    assert [o.cl_id for o in (await site.read("orders")).orders] == [keep.cl_id]


async def test_tc_36_an_order_of_somebody_else_is_listed_and_never_touched(site: Site) -> None:
    """R-W5, S3-57, S3-58: client id 0; it outlives all we do, and its fills are no fills of ours."""
    at = site.places[0]
    await site.foreign(BUY, at.bid - at.half, at.q)
    (before,) = site.truth().orders
    ours = await site.place(BUY, at.bid - 2 * at.half, at.q)
    listed = {o.cl_id: o for o in (await site.read("orders")).orders}
    assert set(listed) == {0, ours.cl_id} and (listed[0].px, listed[0].left) == (at.bid - at.half, at.q)
    assert listed[0].venue_id == before.venue_id
    await site.cancel(ours)
    if site.can.keeps:
        await site.restart()
    await site.foreign(BUY, at.ask, at.q // 2, tif=IOC)
    await site.eventually(lambda: site.truth().positions.get(0), "its fill")
    await site.reports()
    assert [r for r in site.fills() if r.cl_id] == []
    assert [r for r in (await site.read("trades")).trades if r.cl_id] == []
    (held,) = (await site.read("positions")).positions
    assert held.pos == at.q // 2, "the position is the account's"
    assert site.truth().orders == (before,)


async def test_tc_37_an_order_of_an_earlier_instance_of_ours_is_known_as_ours(site: Site) -> None:
    """R-W5, RELIABILITY 2.3: its client id is read from the venue's list; it can be cancelled, its fills are ours."""
    if not site.can.keeps:
        pytest.skip("a backtest's account ends with it: there is no earlier instance")
    at = site.places[0]
    order = await site.place(BUY, at.bid - at.half, at.q)
    other = await site.place(BUY, at.middle, at.q)
    await site.eventually(lambda: site.of(other, FILLED), "a first print")
    n = len(site.log)
    await site.restart()
    listed = {o.cl_id: o.venue_id for o in (await site.read("orders")).orders}
    assert set(listed) == {order.cl_id, other.cl_id}
    await site.eventually(lambda: [r for r in site.log[n:] if r.cl_id == other.cl_id and r.kind == FILLED], "a fill")
    await site.send(Request(0, 0, CANCEL, order.cl_id, listed[order.cl_id], BUY, 0, 0, 0, 0, 0, 0))
    assert site.answers()[-1].kind == CANCELED and site.answers()[-1].cl_id == order.cl_id
    assert order.cl_id not in {o.cl_id for o in site.truth().orders}


async def test_tc_38_cancelling_all_of_one_instrument_leaves_the_other(site: Site) -> None:
    """S3-54, R-E3: natively where the venue can, else one by one; every end is told."""
    here, there = site.places
    ours = [await site.place(BUY, here.bid - k * here.half, here.q) for k in (1, 2, 3)]
    keep = [await site.place(SELL, there.ask + k * there.half, there.q, i=1) for k in (1, 2)]
    done = await site.cancel_all(0)
    assert done == site.can.cancel_all
    if not done:
        for order in ours:
            await site.cancel(order)
    for order in ours:
        assert (await site.ended(order)).kind == CANCELED
    left = {(o.instrument, o.cl_id) for o in site.truth().orders}
    assert left == {(1, order.cl_id) for order in keep}
    assert {(o.instrument, o.cl_id) for o in (await site.read("orders")).orders} == left


async def test_tc_39_a_conditional_order_is_listed_and_can_be_cancelled(site: Site) -> None:
    """R-E3: both order books are read; a cancel by the listed id reaches the second one."""
    if not site.can.conditional:
        pytest.skip("no second book: the simulated exchange has no stops")
    at = site.places[0]
    await site.hold(at.q)
    plain = await site.place(BUY, at.bid - at.half, at.q)
    await site.conditional(SELL, at.middle - 10 * at.half, at.q)
    listed = (await site.read("orders")).orders
    (stop,) = [o for o in listed if o.cl_id != plain.cl_id]
    assert (stop.cl_id, stop.side, stop.px, stop.left) == (0, SELL, at.middle - 10 * at.half, at.q)
    assert stop.flags & REDUCE_ONLY
    await site.send(Request(0, 0, CANCEL, 0, stop.venue_id, SELL, 0, 0, 0, 0, 0, 0))
    assert site.answers()[-1].kind == CANCELED
    assert [o.cl_id for o in (await site.read("orders")).orders] == [plain.cl_id]


async def test_tc_40_two_instruments_do_not_mix(site: Site) -> None:
    """S4-02: orders, fills, fees and positions carry the number of their own instrument."""
    here, there = site.places
    await site.hold(here.q, 0)
    await site.hold(-there.q, 1)
    await site.place(BUY, here.bid - here.half, here.q)
    await site.place(BUY, there.bid - there.half, there.q, i=1)
    truth = site.truth()
    assert {i: lots for i, (lots, _) in truth.positions.items()} == {0: here.q, 1: -there.q}
    assert {(p.instrument, p.pos, p.cost) for p in (await site.read("positions")).positions} == {
        (i, *held) for i, held in truth.positions.items()
    }
    assert {(o.instrument, o.px) for o in (await site.read("orders")).orders} == {
        (0, here.bid - here.half), (1, there.bid - there.half)
    }  # fmt: skip
    assert [row(r) for r in site.fills()] == [row(t) for t in truth.trades]
    assert {t.instrument for t in truth.trades} == {0, 1}
    assert {row(r) for r in (await site.read("trades")).trades} == {row(t) for t in truth.trades}


async def test_tc_41_two_reads_with_nothing_between_them_are_the_same(site: Site) -> None:
    """R-O5, R-B4: what the cross-check compares moves only when the account does."""
    at = site.places[0]
    await site.hold(at.q)
    for k in (3, 1, 2):
        await site.place(BUY, at.bid - k * at.half, at.q)
    await site.reports()
    for what in ("orders", "positions", "trades", "balance"):
        one, two = [await site.read(what) for _ in range(2)]
        same = [msgspec.structs.replace(reply, nonce=0, ts=0, spent=0.0) for reply in (one, two)]
        assert same[0] == same[1] and one.error == "" and one.nonce != two.nonce


async def test_tc_42_stamps_are_the_venues_time(site: Site) -> None:
    """R-N4: a report within a second of the venue's clock, a fill within a millisecond of the venue's own stamp."""
    at = site.places[0]
    start = site.now()
    order = await site.place(BUY, at.middle + at.half // 2, at.q)
    await site.eventually(lambda: site.of(order, FILLED), "a fill")
    rest = await site.place(BUY, at.bid - at.half, at.q)
    await site.cancel(rest)
    await site.reports()
    assert {ACCEPTED, FILLED, CANCELED} <= {r.kind for r in site.log}
    assert all(start - NS_PER_S < r.ts < site.now() + NS_PER_S for r in site.log)
    stamps = {t.trade_id: t.ts for t in site.truth().trades}
    assert all(abs(r.ts - stamps[r.trade_id]) <= NS_PER_MS for r in site.log if r.kind == FILLED)
    for what in ("orders", "positions", "trades", "balance"):
        before = site.now()
        assert before - NS_PER_S < (await site.read(what)).ts < site.now() + NS_PER_S
