"""Every order type on a hand-made book: what is accepted, refused, taken, left."""

from __future__ import annotations

import pytest

from core.domain import reasons
from core.domain.order import (
    ACCEPTED,
    AMEND_REJECTED,
    AMENDED,
    CANCEL_REJECTED,
    CANCELED,
    EXPIRED,
    FILLED,
    FOK,
    IOC,
    POST_ONLY,
    REJECTED,
)
from core.domain.units import BUY, MONEY, SELL
from tests.exchange.desk import Desk, Tape, identity, instrument

BIDS = [(9_999, 10), (9_998, 20), (9_997, 30)]
ASKS = [(10_001, 10), (10_002, 20), (10_003, 30)]


def tape() -> Tape:
    return Tape().book(0, BIDS, ASKS).trade(10_000, 10_000, 1)


def desk(**changes: object) -> Desk:
    return Desk(tape(), instrument(**changes)).run(10)


def test_limit_inside_the_spread_rests_with_nothing_ahead() -> None:
    d = desk()
    cl = d.create(10, BUY, 10_000, 5)
    d.run(50)
    assert d.of(cl) == [(ACCEPTED, 10_000, 5, 5)]
    assert [(o.cl_id, o.px, o.left) for o in d.x.open_orders()] == [(cl, 10_000, 5)]
    assert d.x.queue_share() == {(0, 1): 0.0}


def test_reports_come_after_entry_and_response_latency() -> None:
    d = desk()
    d.create(10, BUY, 10_000, 5)
    d.run(14.999)
    assert d.log == []
    d.run(15.001)
    assert d.log[0].ts == 12_000_000


def test_limit_that_crosses_takes_the_depth_and_rests_with_the_rest() -> None:
    d = desk()
    cl = d.create(10, BUY, 10_001, 15)
    d.run(50)
    assert d.of(cl) == [(ACCEPTED, 10_001, 15, 15), (FILLED, 10_001, 10, 5)]
    assert d.log[-1].maker == 0
    assert d.log[-1].fee == 10 * 10_001 * 10_000 * 500 // 1_000_000
    assert d.x.open_orders()[0].left == 5
    identity(d.x)


def test_depth_that_we_took_is_not_there_again_before_the_next_book_row() -> None:
    d = Desk(tape().book(20_000, BIDS, ASKS).trade(30_000, 10_000, 1)).run(10)
    first = d.create(10, BUY, 10_001, 10, IOC)
    second = d.create(11, BUY, 10_001, 10, IOC)
    third = d.create(20_001, BUY, 10_001, 10, IOC)
    d.run()
    assert d.kinds(first) == [ACCEPTED, FILLED]
    assert d.kinds(second) == [ACCEPTED, EXPIRED]
    assert d.kinds(third) == [ACCEPTED, FILLED]


def test_market_order_walks_the_levels_one_fill_each() -> None:
    d = desk()
    cl = d.market(10, BUY, 40)
    d.run(50)
    assert d.of(cl)[1:] == [(FILLED, 10_001, 10, 30), (FILLED, 10_002, 20, 10), (FILLED, 10_003, 10, 0)]
    ids = [r.trade_id for r in d.log if r.kind == FILLED]
    assert ids == sorted(set(ids))


def test_market_order_beyond_the_depth_expires_with_the_rest() -> None:
    d = desk()
    cl = d.market(10, SELL, 100)
    d.run(50)
    assert d.of(cl)[-1][0] == EXPIRED
    assert d.of(cl)[-1][3] == 40
    assert d.code(cl) == reasons.NO_LIQUIDITY
    assert d.a.pos[0] == -60


def test_market_order_stops_at_the_price_band() -> None:
    d = desk(band_ppm=150)  # 1.5 ticks of the mark 10,000
    cl = d.market(10, BUY, 40)
    d.run(50)
    assert d.of(cl)[1:] == [(FILLED, 10_001, 10, 30), (EXPIRED, 0, 40, 30)]


def test_market_order_without_a_book_is_refused() -> None:
    d = Desk(Tape().trade(0, 10_000, 1).trade(10_000, 10_000, 1)).run(10)
    cl = d.market(10, BUY, 1)
    d.run(50)
    assert (d.kinds(cl), d.code(cl)) == ([REJECTED], reasons.NO_LIQUIDITY)


def test_after_a_gap_nothing_is_taken_until_the_next_book() -> None:
    d = Desk(tape().gap(10_001).book(20_000, BIDS, ASKS).trade(30_000, 10_000, 1)).run(10_002)
    refused = [d.market(10_002, BUY, 1), d.create(10_002, BUY, 10_001, 1), d.create(10_002, BUY, 10_001, 1, IOC)]
    rests = d.create(10_002, BUY, 9_990, 1, POST_ONLY)
    taken = d.market(20_001, BUY, 1)
    d.run()
    assert [d.code(cl) for cl in refused] == [reasons.NO_LIQUIDITY] * 3
    assert d.kinds(rests) == [ACCEPTED]
    assert d.kinds(taken) == [ACCEPTED, FILLED]


def test_ioc_fills_what_it_reaches_and_expires() -> None:
    d = desk()
    cl = d.create(10, SELL, 9_998, 50, IOC)
    d.run(50)
    assert d.of(cl)[1:] == [(FILLED, 9_999, 10, 40), (FILLED, 9_998, 20, 20), (EXPIRED, 9_998, 50, 20)]
    assert d.code(cl) == reasons.NO_FILL


def test_fok_is_all_or_nothing() -> None:
    d = desk()
    too_big = d.create(10, BUY, 10_002, 31, FOK)
    fits = d.create(11, BUY, 10_002, 30, FOK)
    d.run(50)
    assert d.of(too_big) == [(ACCEPTED, 10_002, 31, 31), (EXPIRED, 10_002, 31, 31)]
    assert [x[2] for x in d.of(fits)[1:]] == [10, 20]


@pytest.mark.parametrize(("side", "px"), [(BUY, 10_001), (BUY, 10_005), (SELL, 9_999), (SELL, 9_990)])
def test_post_only_that_would_take_is_refused(side: int, px: int) -> None:
    d = desk()
    cl = d.create(10, side, px, 5, POST_ONLY)
    d.run(50)
    assert (d.kinds(cl), d.code(cl)) == ([REJECTED], reasons.POST_ONLY_CROSS)


@pytest.mark.parametrize("side", [BUY, SELL])
def test_post_only_in_a_locked_book_is_judged_strictly(side: int) -> None:
    d = Desk(Tape().book(0, [(10_000, 5)], [(10_000, 5)]).trade(10_000, 10_000, 1)).run(10)
    at_lock = d.create(10, side, 10_000, 1, POST_ONLY)
    one_off = d.create(10, side, 9_999 if side == BUY else 10_001, 1, POST_ONLY)
    d.run(50)
    assert (d.kinds(at_lock), d.code(at_lock)) == ([REJECTED], reasons.POST_ONLY_CROSS)
    assert d.kinds(one_off) == [ACCEPTED]


@pytest.mark.parametrize(
    ("changes", "px", "qty", "code"),
    [
        ({"min_lots": 5}, 9_990, 4, reasons.FILTER_MIN_QTY),
        ({"max_lots": 50}, 9_990, 51, reasons.FILTER_MAX_QTY),
        ({"min_notional": 5 * MONEY}, 9_990, 5, reasons.FILTER_MIN_NOTIONAL),  # 4.995 quote
        ({"band_ppm": 10_000}, 9_899, 5, reasons.PRICE_BAND),
        ({}, 0, 5, reasons.BAD_REQUEST),
        ({}, -1, 5, reasons.BAD_REQUEST),
        ({}, 9_990, 0, reasons.BAD_REQUEST),
        ({"max_lots": 1 << 60}, 9_990, 1 << 50, reasons.MAX_VALUE),
        ({}, 1 << 62, 1, reasons.BAD_REQUEST),
    ],
)
def test_filters_refuse_with_their_reason(changes: dict[str, int], px: int, qty: int, code: int) -> None:
    d = desk(**changes)
    cl = d.create(10, BUY, px, qty)
    d.run(50)
    assert (d.kinds(cl), d.code(cl)) == ([REJECTED], code)
    assert d.x.open_orders() == ()


@pytest.mark.parametrize(("px", "ok"), [(9_900, True), (9_899, False)])
def test_price_band_is_inclusive(px: int, ok: bool) -> None:
    d = desk(band_ppm=10_000)
    cl = d.create(10, BUY, px, 5)
    d.run(50)
    assert d.kinds(cl) == [ACCEPTED if ok else REJECTED]


def test_margin_counts_resting_orders_of_the_larger_side() -> None:
    d = desk(leverage=1, band_ppm=0)
    d.x.inject(0, "transfer", -900 * MONEY)  # 100 left = 100 lots at 10,000
    first = d.create(10, BUY, 9_990, 60)
    other_side = d.create(11, SELL, 10_010, 60)
    too_much = d.create(12, BUY, 9_990, 41)
    fits = d.create(13, BUY, 9_990, 40)
    d.run(50)
    assert [d.kinds(x)[0] for x in (first, other_side, too_much, fits)] == [ACCEPTED, ACCEPTED, REJECTED, ACCEPTED]
    assert d.code(too_much) == reasons.MARGIN


def test_same_client_id_is_never_accepted_twice() -> None:
    d = desk()
    cl = d.create(10, BUY, 9_990, 5)
    d.cancel(20, cl)
    d.next_cl -= 1
    d.create(30, BUY, 9_990, 5)
    d.run(50)
    assert d.kinds(cl) == [ACCEPTED, CANCELED, REJECTED]
    assert d.code(cl) == reasons.DUPLICATE_ID


def test_cancel_of_an_unknown_or_finished_order_is_refused() -> None:
    d = desk()
    cl = d.create(10, BUY, 9_990, 5)
    d.cancel(20, cl)
    d.cancel(21, cl)
    d.cancel(22, 77)
    d.run(50)
    assert d.kinds(cl) == [ACCEPTED, CANCELED, CANCEL_REJECTED]
    assert d.code(cl) == reasons.UNKNOWN_ORDER_ID
    assert d.kinds(77) == [CANCEL_REJECTED]


def test_taker_stops_before_our_own_resting_order_and_the_rest_expires() -> None:
    d = desk()
    own = d.create(10, SELL, 10_002, 5, POST_ONLY)
    cl = d.create(20, BUY, 10_003, 15)
    d.run(50)
    assert d.of(cl) == [(ACCEPTED, 10_003, 15, 15), (FILLED, 10_001, 10, 5), (EXPIRED, 10_003, 15, 5)]
    assert d.code(cl) == reasons.SELF_TRADE
    assert d.kinds(own) == [ACCEPTED]


def test_post_only_against_our_own_order_is_a_self_trade() -> None:
    d = desk()
    d.create(10, SELL, 10_000, 5, POST_ONLY)
    cl = d.create(20, BUY, 10_000, 5, POST_ONLY)
    d.run(50)
    assert (d.kinds(cl), d.code(cl)) == ([REJECTED], reasons.SELF_TRADE)


def test_amend_keeps_its_place_only_for_a_smaller_size_at_the_same_price() -> None:
    d = Desk(tape().trade(20_000, 9_999, 10, -1).trade(30_000, 9_999, 3, -1)).run(10)
    stays = d.create(10, BUY, 9_999, 8)
    grows = d.create(11, BUY, 9_998, 8)
    d.run(20)
    slots = {o.cl_id: n for n, o in enumerate(d.x.open_orders())}
    assert len(slots) == 2
    before = {d.m.o_cl[s]: d.m.o_prio[s] for s in range(2)}
    d.amend(100, stays, 9_999, 5)
    d.amend(101, grows, 9_998, 9)
    d.run(10_050)
    after = {d.m.o_cl[s]: d.m.o_prio[s] for s in range(2)}
    assert before[stays] == after[stays]
    assert after[grows] > before[grows]
    assert d.of(stays)[1] == (AMENDED, 9_999, 5, 5)
    d.run()
    assert d.of(stays)[2:] == [(FILLED, 9_999, 3, 2)]  # ten ahead went with the first trade


def test_amend_that_crosses_takes_liquidity_but_a_post_only_one_is_refused_and_stays() -> None:
    d = desk()
    plain = d.create(10, BUY, 9_990, 5)
    shy = d.create(11, BUY, 9_991, 5, POST_ONLY)
    d.amend(20, plain, 10_001, 5)
    d.amend(21, shy, 10_002, 5)
    d.run(50)
    assert d.kinds(plain) == [ACCEPTED, AMENDED, FILLED]
    assert (d.kinds(shy), d.code(shy)) == ([ACCEPTED, AMEND_REJECTED], reasons.POST_ONLY_CROSS)
    assert [o.px for o in d.x.open_orders()] == [9_991]


def test_amended_total_counts_what_is_filled_and_a_total_below_that_cancels() -> None:
    d = desk()
    cl = d.create(10, BUY, 10_001, 15)  # 10 taken, 5 rest
    d.amend(20, cl, 10_001, 13)
    d.amend(30, cl, 10_001, 10)
    d.amend(40, cl, 10_001, 20)
    d.run(80)
    assert d.of(cl)[2:] == [(AMENDED, 10_001, 13, 3), (CANCELED, 10_001, 13, 3), (AMEND_REJECTED, 10_001, 20, 0)]


def test_venue_without_amend_refuses_it() -> None:
    d = desk(amend=False)
    cl = d.create(10, BUY, 9_990, 5)
    d.amend(20, cl, 9_991, 5)
    d.run(50)
    assert d.kinds(cl) == [ACCEPTED, AMEND_REJECTED]


def test_maker_rebate_and_taker_fee_are_rounded_against_us() -> None:
    d = Desk(tape().trade(20_000, 9_989, 1), instrument(unit=1, maker_fee_ppm=-7, taker_fee_ppm=7)).run(10)
    taker = d.create(10, BUY, 10_001, 3)
    maker = d.create(20, BUY, 9_990, 3)
    d.run()
    fees = {r.cl_id: r.fee for r in d.log if r.kind == FILLED}
    assert fees == {taker: 1, maker: 0}  # 0.21 paid is 1, 0.2098 earned is 0
    identity(d.x)


def test_order_table_holds_256_and_refuses_one_more() -> None:
    d = desk(band_ppm=0)
    for n in range(256):
        d.create(10, BUY, 9_000 - n, 1)
    extra = d.create(10, BUY, 8_000, 1)
    d.run(50)
    assert len(d.x.open_orders()) == 256
    assert d.code(extra) == reasons.NO_SLOT
