"""What the checklist says of a pair: the cost of both legs in the books, time for the second leg, no backup venue."""

from __future__ import annotations

import math
from typing import Any

import pytest

from core.build.assemble import load_config
from core.build.checklist.items import NOTE, OK, Checklist
from core.build.checklist.pair import Leg, Looked, cost_of, leg_sizes, pair_items
from core.config.instruments import find_instrument
from core.venues.ccxt.hyperliquid import Hyperliquid
from core.venues.ccxt.markets import Listing

KEYS = ["binance_usdm:BTCUSDT", "hyperliquid:BTC"]


class Book:
    """An exchange of one book."""

    def __init__(self, bids: list[list[float]], asks: list[list[float]]) -> None:
        self.book = {"bids": bids, "asks": asks}

    async def fetch_order_book(self, symbol: str, limit: int) -> dict[str, Any]:
        return self.book


def listing() -> Listing:
    return Listing(0, find_instrument("hyperliquid", "BTC"), Hyperliquid())


async def test_the_cost_of_a_leg_is_walked_on_the_side_that_it_takes() -> None:
    """S1-56: mid 100; buying 2 pays 1 at 101 and 1 at 103; selling 1 gets 99."""
    book = Book([[99.0, 5.0]], [[101.0, 1.0], [103.0, 9.0]])
    assert await cost_of(book, listing(), Leg(True, 2.0)) == pytest.approx(200.0)
    assert await cost_of(book, listing(), Leg(False, 1.0)) == pytest.approx(100.0)


async def test_a_book_that_is_too_thin_or_empty_costs_more_than_any_budget() -> None:
    assert await cost_of(Book([[99.0, 1.0]], [[101.0, 1.0]]), listing(), Leg(True, 2.0)) == math.inf
    assert await cost_of(Book([], [[101.0, 1.0]]), listing(), Leg(True, 1.0)) == math.inf


def items_of(costs: tuple[float | None, float | None], median_ms: float) -> dict[str, Any]:
    loaded, items = load_config("pair_lock", {}), Checklist()
    looked = {
        key.partition(":")[0]: Looked({} if cost is None else {key: cost}, median_ms)
        for key, cost in zip(KEYS, costs, strict=True)
    }
    pair_items(loaded, looked, items)
    return {item.name: item for item in items.items}


def test_both_legs_count_against_the_budget_and_equality_passes() -> None:
    """pair_lock.yml: epsilonBp 2, nakedMs 2000."""
    assert list(leg_sizes(load_config("pair_lock", {}))) == KEYS
    assert items_of((1.5, 0.5), 100.0)["slippage budget"].verdict == OK
    over = items_of((1.5, 0.6), 100.0)["slippage budget"]
    assert over.verdict == NOTE and "2.10 bp" in over.found and over.next_step
    assert items_of((1.5, None), 100.0)["slippage budget"].verdict == NOTE


def test_a_naked_leg_needs_more_time_than_two_answers_of_the_slower_venue() -> None:
    assert items_of((1.0, 1.0), 1000.0)["atomic rollback"].verdict == OK
    late = items_of((1.0, 1.0), 1001.0)["atomic rollback"]
    assert late.verdict == NOTE and "nakedMs" in late.next_step
    assert items_of((1.0, 1.0), math.nan)["atomic rollback"].verdict == NOTE
    assert items_of((1.0, 1.0), 1.0)["backup venue"].verdict == NOTE
