"""When a resting order fills: trades, queue, book rows, own orders among themselves, latency."""

from __future__ import annotations

import pytest

from core.domain.order import ACCEPTED, AMENDED, CANCEL_REJECTED, CANCELED, FILLED, POST_ONLY
from core.domain.units import BUY, SELL
from core.exchange.exchange import QueueModel
from tests.exchange.desk import Desk, Tape, identity

BIDS = [(9_999, 10), (9_998, 20), (9_997, 30)]
ASKS = [(10_001, 10), (10_002, 20), (10_003, 30)]


def tape() -> Tape:
    return Tape().book(0, BIDS, ASKS)


def desk(t: Tape, **more: object) -> Desk:
    return Desk(t.trade(9_000, 10_000, 1), **more).run(10)  # type: ignore[arg-type]


def fills(d: Desk, cl: int) -> list[tuple[int, int, int]]:
    return [(r.px, r.qty, r.maker) for r in d.log if r.cl_id == cl and r.kind == FILLED]


def test_trade_through_the_price_fills_whole_at_our_own_price() -> None:
    d = desk(tape().trade(100, 9_997, 1, -1))
    cl = d.create(10, BUY, 9_998, 50)
    d.run()
    assert fills(d, cl) == [(9_998, 50, 1)]


def test_trades_at_the_price_first_go_to_those_ahead() -> None:
    d = desk(tape().trade(100, 9_999, 6, -1).trade(110, 9_999, 7, -1).trade(120, 9_999, 1, -1))
    cl = d.create(10, BUY, 9_999, 5)
    d.run()
    assert fills(d, cl) == [(9_999, 3, 1), (9_999, 1, 1)]  # ten ahead, thirteen traded, then one more


def test_a_trade_of_our_own_direction_does_not_move_our_queue() -> None:
    d = desk(tape().trade(100, 9_999, 30, 1).trade(110, 9_999, 11, 0))
    cl = d.create(10, BUY, 9_999, 5)
    d.run()
    assert fills(d, cl) == [(9_999, 1, 1)]


@pytest.mark.parametrize(
    ("queue", "filled"),
    [(QueueModel(), 0), (QueueModel("power", 1, 2.0), 0), (QueueModel("power", 3, 1.0), 3)],
    ids=["risk_averse", "power1", "power3"],
)
def test_cancels_ahead_help_only_under_a_probability_model(queue: QueueModel, filled: int) -> None:
    # 30 join behind us, then 35 of the level go without a trade, then 7 trade
    t = tape().book(100, [(9_999, 40)], ASKS).book(200, [(9_999, 20)], ASKS).trade(300, 9_999, 8, -1)
    d = desk(t, queue_model=queue)
    cl = d.create(10, BUY, 9_999, 5)
    d.run()
    assert sum(q for _, q, _ in fills(d, cl)) == filled


def test_level_that_shrinks_below_our_place_moves_us_up() -> None:
    d = desk(tape().book(100, [(9_999, 3)], ASKS).trade(200, 9_999, 4, -1))
    cl = d.create(10, BUY, 9_999, 5)
    d.run()
    assert fills(d, cl) == [(9_999, 1, 1)]


def test_price_beyond_the_displayed_depth_counts_all_that_is_shown_later_as_ahead() -> None:
    t = tape().trade(50, 9_990, 500, -1).book(100, [(9_991, 4), (9_990, 40)], ASKS).trade(200, 9_990, 40, -1)
    d = desk(t.trade(300, 9_990, 2, -1))
    cl = d.create(10, BUY, 9_990, 5)
    d.run(60)
    assert d.x.queue_share() == {(0, 1): None}
    d.run(150)
    assert d.x.queue_share() == {(0, 1): 1.0}
    d.run()
    assert fills(d, cl) == [(9_990, 2, 1)]


def test_price_time_priority_among_our_own_orders() -> None:
    t = tape().trade(100, 10_000, 4, -1).trade(110, 9_999, 12, -1)
    d = desk(t)
    low = d.create(10, BUY, 9_999, 5)
    first = d.create(11, BUY, 10_000, 3)
    second = d.create(12, BUY, 10_000, 3)
    d.run()
    assert fills(d, first) == [(10_000, 3, 1)]
    assert fills(d, second) == [(10_000, 1, 1), (10_000, 2, 1)]
    assert fills(d, low) == [(9_999, 2, 1)]
    order = [r.cl_id for r in d.log if r.kind == FILLED]
    assert order == [first, second, second, low]


def test_one_trade_is_not_filled_twice_by_two_orders_at_a_price() -> None:
    d = desk(tape().trade(100, 9_999, 14, -1))
    a = d.create(10, BUY, 9_999, 3)
    b = d.create(11, BUY, 9_999, 3)
    d.run()
    assert (fills(d, a), fills(d, b)) == ([(9_999, 3, 1)], [(9_999, 1, 1)])


def test_book_that_crosses_our_price_fills_us_whole_at_our_price() -> None:
    d = desk(tape().book(100, [(9_996, 5)], [(9_997, 1)]))
    cl = d.create(10, BUY, 9_998, 50)
    d.run()
    assert fills(d, cl) == [(9_998, 50, 1)]


def test_book_that_only_touches_our_price_fills_what_is_shown_if_nothing_is_ahead() -> None:
    touched = [(9_998, 5)], [(10_000, 4)]
    d = desk(tape().book(100, *touched).book(200, *touched))
    cl = d.create(10, BUY, 10_000, 10)
    d.run(500)
    assert fills(d, cl) == [(10_000, 4, 1), (10_000, 4, 1)]


def test_locked_row_fills_nobody_who_stands_behind_displayed_size() -> None:
    d = desk(tape().book(100, [(9_999, 10)], [(9_999, 10)]))
    cl = d.create(10, BUY, 9_999, 5)
    d.run()
    assert fills(d, cl) == []


def test_best_bid_rows_move_queue_and_cross_like_books_do() -> None:
    t = tape().bbo(100, BUY, 9_999, 2).trade(110, 9_999, 3, -1).bbo(200, SELL, 9_998, 7)
    d = desk(t)
    at_best = d.create(10, BUY, 9_999, 5)
    below = d.create(10, BUY, 9_998, 5)
    deeper = d.create(10, BUY, 9_990, 5)
    d.run()
    assert fills(d, at_best) == [(9_999, 1, 1), (9_999, 4, 1)]  # one after the queue, the rest crossed
    assert fills(d, below) == []
    assert fills(d, deeper) == []
    assert [d.m.px[SELL][k] for k in range(3)] == [9_998, 10_001, 10_002]
    assert d.m.sz[BUY][0] == 20  # 9,999 crossed away, 9,998 stands locked
    identity(d.x)


def test_order_in_flight_meets_the_book_that_stands_when_it_arrives() -> None:
    d = desk(tape().book(11, [(10_003, 5)], [(10_004, 5)]))
    shy = d.create(10, SELL, 10_002, 5, POST_ONLY)
    bold = d.create(10, BUY, 10_001, 5)
    d.run(500)
    assert [r.code for r in d.log if r.cl_id == shy] == [22]
    assert d.kinds(bold) == [ACCEPTED]


@pytest.mark.parametrize("fill_at", [14, 18, 19, 19.9, 20, 20.1, 21, 22, 23, 24, 25])
def test_cancel_racing_a_fill_ends_in_exactly_one_of_both(fill_at: float) -> None:
    """The cancel sent at 20 ms arrives at 22 ms: until then the trade wins, and at the same instant too."""
    d = desk(tape().trade(fill_at, 9_990, 5, -1))
    cl = d.create(10, BUY, 9_995, 5)
    d.cancel(20, cl)
    d.run()
    won = fill_at <= 22
    assert d.kinds(cl) == ([ACCEPTED, FILLED, CANCEL_REJECTED] if won else [ACCEPTED, CANCELED])
    assert d.a.pos[0] == (5 if won else 0)


@pytest.mark.parametrize("fill_at", [19, 20, 21.9, 22, 22.1, 26])
def test_amend_racing_a_partial_fill_keeps_the_total(fill_at: float) -> None:
    d = desk(tape().trade(fill_at, 9_999, 12, -1))
    cl = d.create(10, BUY, 9_999, 5)
    d.amend(20, cl, 9_999, 4)
    d.run()
    filled = sum(q for _, q, _ in fills(d, cl))
    assert filled == 2
    assert d.x.open_orders()[0].left == 2
    assert AMENDED in d.kinds(cl)


def test_requests_and_reports_do_not_overtake_each_other() -> None:
    d = desk(tape())
    slow = [9_000_000, 1_000_000, 5_000_000] * 400
    d.x.markets[0].array("entry_ns")[:] = slow[:1024]
    d.x.markets[0].array("response_ns")[:] = slow[:1024]
    for n in range(30):
        d.create(20 + n / 10, BUY, 9_900 - n, 1)
    d.run()
    assert [r.cl_id for r in d.log] == list(range(1, 31))
    stamps = [r.ts for r in d.log]
    assert stamps == sorted(stamps)


def test_hundred_orders_on_each_of_ten_instruments_are_cancelled_and_closed() -> None:
    """UC-05 at the venue: 1,000 resting orders and 10 positions, then zero and zero."""
    from core.domain.order import CANCEL, CLOSE_POSITION, CREATE, MARKET, Request
    from core.domain.units import FAR, MONEY
    from core.exchange.exchange import SimExchange
    from tests.exchange.desk import MS, PLAIN, instrument

    x = SimExchange([instrument(symbol=f"S{i}") for i in range(10)], 10_000_000 * MONEY, 1, PLAIN)
    deep = [[(9_999 - n, 500) for n in range(5)], [(10_001 + n, 500) for n in range(5)]]
    for i in range(10):
        x.attach(i, Tape().book(0, *deep).trade(60_000, 10_000, 1).feed())
        x.markets[i].s.wake_mask = 4

    def run(to: int) -> None:
        while x.advance(to) > 1:
            for i in range(10):
                x.drain(i)

    run(10 * MS)
    for i in range(10):
        x.send(Request(0, i, CREATE, 1, 0, i % 2, 0, 7, MARKET, 0, 0, 0), 10 * MS)
        for n in range(100):
            side = n % 2
            px = 9_900 - n if side == BUY else 10_100 + n
            x.send(Request(0, i, CREATE, 2 + n, 0, side, px, 3, 0, POST_ONLY, 0, 0), 10 * MS)
    run(1_000 * MS)
    assert (len(x.open_orders()), len(x.positions())) == (1_000, 10)
    for order in x.open_orders():
        x.send(Request(0, order.instrument, CANCEL, 0, order.venue_id, 0, 0, 0, 0, 0, 0, 0), 1_000 * MS)
    for p in x.positions():
        close = Request(0, p.instrument, CREATE, 500, 0, SELL if p.pos > 0 else BUY, 0, 0, MARKET, 0, CLOSE_POSITION, 0)
        x.send(close, 1_000 * MS)
    run(FAR)
    assert (x.open_orders(), x.positions()) == ((), ())
    identity(x)
