"""The exchange behind the loopback wire: orders act at once, the books keep everything, money adds up."""

from __future__ import annotations

import numpy as np
import pytest

from core.clock import VirtualClock
from core.domain.book import F_BOOK, F_MARK
from core.domain.order import CANCELED, FILLED, FUNDED, IOC, LIMIT, MARKET, POST_ONLY, TRANSFERRED
from core.domain.units import BUY, MONEY, NS_PER_S, SELL
from core.venues.wire.behind import Public, WireExchange
from core.venues.wire.orders import Changed
from tests.venues.wire.hall import START, exchange_at

SEED = 11


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
def exchange(clock: VirtualClock) -> WireExchange:
    made = exchange_at(clock)
    clock.set(START + 3 * NS_PER_S)
    made.catch_up()
    return made


def test_the_market_comes_with_the_wall_clock(exchange: WireExchange, clock: VirtualClock) -> None:
    heard: list[Public | Changed] = []
    exchange.listeners.append(heard.append)
    clock.set(clock.now() + 2 * NS_PER_S)
    exchange.catch_up()
    times = [event.ts for event in heard]
    assert {F_BOOK, F_MARK} <= {event.kind for event in heard if isinstance(event, Public)}
    assert times == sorted(times) and times[0] >= START + 3 * NS_PER_S and times[-1] <= clock.now()


def test_a_create_is_acted_on_before_the_call_returns(exchange: WireExchange) -> None:
    bid, _ = exchange.top(0)
    order = exchange.create("a", 0, BUY, bid - 10, 20, LIMIT, POST_ONLY)
    assert order.open and order.venue_id > 0 and exchange.books.by_client("a") is order
    assert exchange.amend(order, bid - 11, 25) == 0 and (order.px, order.qty) == (bid - 11, 25)
    assert exchange.amend(order, bid + 1_000, 25) != 0 and order.px == bid - 11
    assert exchange.cancel(order) and order.status == "canceled" and not exchange.cancel(order)


def test_a_client_id_may_be_used_again_once_its_order_is_gone(exchange: WireExchange) -> None:
    """R-O1: a create that is sent again after a fill is a second order, so nothing may be sent again."""
    first = exchange.create("same", 0, BUY, 0, 10, MARKET)
    second = exchange.create("same", 0, BUY, 0, 10, MARKET)
    assert first.status == second.status == "filled" and first.venue_id != second.venue_id
    assert exchange.position(0)[0] == 20


def test_wallet_is_start_plus_realised_minus_fees_plus_payments(exchange: WireExchange, clock: VirtualClock) -> None:
    rng = np.random.default_rng(SEED)
    print("seed", SEED)
    for k in range(200):
        side = int(rng.integers(2))
        exchange.create(f"o{k}", 0, side, 0, int(rng.integers(8, 40)), MARKET)
        if k == 100:
            exchange.inject(0, "transfer", (5 * MONEY,))
        clock.set(clock.now() + NS_PER_S // 4)
    trades, payments = exchange.books.trades, exchange.books.payments
    assert len(trades) >= 200 and sum(p.amount for p in payments if p.kind == TRANSFERRED) == 5 * MONEY
    total = sum(t.realised - t.fee for t in trades) + sum(p.amount for p in payments)
    assert exchange.exchange.balance() == 10_000 * MONEY + total
    assert sum(t.qty * (1 - 2 * t.side) for t in trades) == exchange.position(0)[0]
    assert all(p.kind in (FUNDED, TRANSFERRED) for p in payments)


def test_changes_are_told_once_and_in_order(exchange: WireExchange) -> None:
    heard: list[Changed] = []
    exchange.listeners.append(lambda event: heard.append(event) if isinstance(event, Changed) else None)
    bid, ask = exchange.top(0)
    taker = exchange.create("t", 0, SELL, bid - 20, 10, LIMIT, IOC)
    maker = exchange.create("m", 0, SELL, ask + 30, 10, LIMIT, POST_ONLY)
    exchange.inject(0, "cancel_order", (maker.venue_id,))
    kinds = [(change.kind, change.order.client) for change in heard if change.order]
    assert kinds.count((CANCELED, "m")) == 1 and kinds.count((FILLED, "t")) == len(taker.trades)
