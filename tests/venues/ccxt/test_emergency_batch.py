"""Closes of a panic leave in as few messages as a venue has a way for, each once: what one message's refusal, silence
or half an answer means for every close in it (R-E6, R-O1). Both venues' books are the judge."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from pathlib import Path

import ccxt
import pytest

from core.control.evidence import Evidence
from core.control.outcome import FLAT_SEALED
from core.domain.order import REDUCE_ONLY
from core.domain.reasons import NO_FILL, REDUCE_ONLY_REJECTED, VENUE_CLOSED
from core.venues.ccxt.closer import refused
from core.venues.ccxt.verdicts import REFUSED, UNKNOWN, judge
from tests.venues.ccxt.emergency_hall import Both, both

BATCH = {"binance_usdm": "POST /fapi/v1/batchOrders", "hyperliquid": "POST /exchange:order"}
SINGLE = "POST /fapi/v1/order"
HELD = (60, -80)
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quick")]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second empty read after 0.3 s instead of Q."""
    for name in ("LIFETIME_NS", "SKEW_NS", "LAG_NS"):
        monkeypatch.setattr(f"core.control.live_account.{name}", 100_000_000)


async def flattened(at: Both) -> Evidence:
    """Two positions at each, closed: no client id twice, never more closed than was held."""
    before = {}
    for one in at.each:
        one.rest(3)
        for instrument, lots in enumerate(HELD):
            one.hold(lots, instrument)
        before[one.name] = len(one.exchange.books.orders), len(one.exchange.books.trades)
    at.recorded()
    code, evidence = await asyncio.to_thread(at.panic)
    assert code == FLAT_SEALED, evidence.body()
    for one in at.each:
        orders, trades = before[one.name]
        assert one.left == (0, 0, 0), evidence.body()
        closes = one.exchange.books.orders[orders:]
        assert all(order.flags & REDUCE_ONLY for order in closes)
        assert max(Counter(order.client for order in closes).values()) == 1
        for instrument, lots in enumerate(HELD):
            traded = sum(trade.qty for trade in one.exchange.books.trades[trades:] if trade.instrument == instrument)
            assert traded == abs(lots), "not a lot more than was held"
    return evidence


def messages(at: Both, status: int | None = None) -> dict[str, int]:
    """How many messages of closes came to each venue."""
    return {
        one.name: sum(
            asked.place == BATCH[one.name] and status in (None, asked.status) for asked in one.venue.server.asked
        )
        for one in at.each
    }


async def test_two_closes_are_one_message(state_dir: Path) -> None:
    async with both(state_dir) as at:
        await flattened(at)
        orders = {one.name: len([o for o in one.exchange.books.orders if o.flags & REDUCE_ONLY]) for one in at.each}
        assert all(messages(at)[name] <= -(-count // 2) for name, count in orders.items()), (messages(at), orders)
        assert SINGLE not in [asked.place for asked in at.binance.venue.server.asked]


async def test_a_message_that_a_limit_refused_is_followed_by_one_with_new_ids_after_its_window(state_dir: Path) -> None:
    """R-N2. 429 is proof that nothing of it was done; the same bytes are not sent again."""
    async with both(state_dir) as at:
        for one in at.each:
            one.fault("status", BATCH[one.name], times=2, status=429, text="slow down", retry_after=1)
        await flattened(at)
        for one in at.each:
            sent = [asked for asked in one.venue.server.asked if asked.place == BATCH[one.name]]
            assert [asked.status for asked in sent[:2]] == [429, 429]
            assert min(b.ts - a.ts for a, b in itertools.pairwise(sent[:3])) >= 10**9


@pytest.mark.parametrize("do", ["status_after", "drop_after"])
async def test_a_message_without_an_answer_is_unknown_for_each_close_and_a_read_says(state_dir: Path, do: str) -> None:
    """5xx or silence after the venue acted."""
    async with both(state_dir) as at:
        for one in at.each:
            one.fault(do, BATCH[one.name], times=1, status=503, text="unavailable")
        await flattened(at)


async def test_a_message_of_which_half_was_done_is_closed_to_the_end(state_dir: Path) -> None:
    async with both(state_dir) as at:
        for one in at.each:
            one.fault("partial_batch", BATCH[one.name], times=1)
        await flattened(at)
        assert [one.venue.server.faults.done for one in at.each] == [{"partial_batch": 1}] * 2


def test_the_no_to_one_order_of_a_message_is_the_no_that_it_would_have_been_alone() -> None:
    def verdict(info: object) -> tuple[str, int]:
        error = refused(info)
        assert isinstance(error, ccxt.BaseError)
        found = judge(error)
        return found.state, found.code

    assert verdict({"code": -2022, "msg": "ReduceOnly Order is rejected."}) == (REFUSED, REDUCE_ONLY_REJECTED)
    assert verdict({"code": -5021, "msg": "FOK"}) == (REFUSED, NO_FILL)
    assert verdict({"code": -1008, "msg": "Server is currently overloaded"}) == (REFUSED, VENUE_CLOSED)
    assert verdict({"code": -1007, "msg": "Timeout"})[0] == UNKNOWN
    assert verdict({"error": "Reduce only order would increase position."}) == (REFUSED, REDUCE_ONLY_REJECTED)
    assert refused({}) is None and refused(None) is None and refused({"orderId": 5}) is None
