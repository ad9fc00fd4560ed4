"""Reduce-only and close-position: never beyond the position, never the wrong way, gone when nothing is left."""

from __future__ import annotations

from core.domain import reasons
from core.domain.order import ACCEPTED, CLOSE_POSITION, EXPIRED, FILLED, REDUCE_ONLY, REJECTED
from core.domain.units import BUY, SELL
from tests.exchange.desk import Desk, Tape, identity, instrument

BIDS = [(9_999, 10), (9_998, 20), (9_997, 30)]
ASKS = [(10_001, 10), (10_002, 20), (10_003, 30)]


def tape() -> Tape:
    return Tape().book(0, BIDS, ASKS).trade(10_000, 10_000, 1)


def desk(**changes: object) -> Desk:
    return Desk(tape(), instrument(**changes)).run(10)


def test_reduce_only_needs_a_position_to_reduce() -> None:
    d = desk()
    cl = d.create(10, SELL, 10_010, 5, flags=REDUCE_ONLY)
    d.market(20, BUY, 5)
    wrong_way = d.create(30, BUY, 9_990, 5, flags=REDUCE_ONLY)
    d.run(50)
    assert (d.kinds(cl), d.code(cl)) == ([REJECTED], reasons.REDUCE_ONLY_REJECTED)
    assert d.kinds(wrong_way) == [REJECTED]


def test_reduce_only_is_cut_to_what_other_reduce_only_orders_leave() -> None:
    d = desk()
    d.market(10, BUY, 10)
    a = d.create(20, SELL, 10_010, 6, flags=REDUCE_ONLY)
    b = d.create(21, SELL, 10_011, 6, flags=REDUCE_ONLY)
    c = d.create(22, SELL, 10_012, 6, flags=REDUCE_ONLY)
    d.run(50)
    assert d.of(a) == [(ACCEPTED, 10_010, 6, 6)]
    assert d.of(b) == [(ACCEPTED, 10_011, 4, 4)]
    assert d.kinds(c) == [REJECTED]


def test_reduce_only_never_turns_the_position_and_expires_when_there_is_nothing_left() -> None:
    d = Desk(tape().trade(20_000, 10_020, 5).trade(30_000, 10_000, 1)).run(10)
    d.market(10, BUY, 10)
    rests = d.create(20, SELL, 10_010, 10, flags=REDUCE_ONLY)
    d.market(30, SELL, 7)
    d.run()
    assert d.a.pos[0] == 0
    assert d.of(rests) == [(ACCEPTED, 10_010, 10, 10), (FILLED, 10_010, 3, 7), (EXPIRED, 10_010, 10, 7)]
    identity(d.x)


def test_resting_reduce_only_orders_expire_when_another_order_closes_the_position() -> None:
    d = desk()
    d.market(10, BUY, 10)
    rests = d.create(20, SELL, 10_010, 10, flags=REDUCE_ONLY)
    d.market(30, SELL, 10)
    d.run(50)
    assert d.kinds(rests) == [ACCEPTED, EXPIRED]
    assert d.x.open_orders() == ()


def test_close_position_closes_all_of_it_whatever_the_size_said() -> None:
    d = desk(min_lots=5)
    d.market(10, BUY, 13)
    d.run(15)
    d.x.inject(0, "adl", 10)
    cl = d.market(20, SELL, 0, flags=CLOSE_POSITION)
    again = d.market(30, SELL, 0, flags=CLOSE_POSITION)
    d.run(50)
    assert d.of(cl) == [(ACCEPTED, 0, 3, 3), (FILLED, 9_999, 3, 0)]
    assert d.kinds(again) == [REJECTED]
    assert d.a.pos[0] == 0
