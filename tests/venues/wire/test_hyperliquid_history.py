"""What the Hyperliquid loopback tells of the past is shaped as on the real venue where that misleads: zeros for a hash,
another's liquidation on our fill, prices of its own; and answers that say nothing."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.order import GTC, IOC, LIMIT
from core.domain.units import BUY, SELL
from core.venues.wire.faults import Rule
from core.venues.wire.hyperliquid.dialect import Rules
from tests.venues.wire.hyperliquid_hall import USER, Venue, eventually, order, orders, post, signed, venue

ZEROS = "0x" + "0" * 64


async def asked(at: Venue, kind: str) -> Any:
    return (await post(at, "/info", {"type": kind, "user": USER, "startTime": 0}))[1]


def hold(at: Venue, lots: int) -> None:
    at.exchange.create("", 0, BUY, at.exchange.top(0)[1] + 500, lots, LIMIT, IOC)


async def test_the_deleveraged_are_told_of_anothers_liquidation_at_a_price_beside_the_tick() -> None:
    async with venue() as at:
        hold(at, 500)
        mark = at.exchange.mark(0)
        assert at.exchange.inject(0, "adl", (100, mark))
        row = (await asked(at, "userFillsByTime"))[-1]
        assert row["dir"] == "Auto-Deleveraging" and row["oid"] > 0
        assert row["liquidation"]["liquidatedUser"] != USER and row["liquidation"]["method"] == "backstop"
        assert float(row["px"]) == pytest.approx(mark + 0.32), "a sell: better than the tick by a third of it"
        assert (await post(at, "/info", {"type": "orderStatus", "user": USER, "oid": row["oid"]}))[1] == {
            "status": "unknownOid"
        }


async def test_our_own_liquidation_names_us() -> None:
    async with venue() as at:
        hold(at, 500)
        assert at.exchange.inject(0, "liquidate")
        assert (await asked(at, "userFillsByTime"))[-1]["liquidation"]["liquidatedUser"] == USER.lower()


async def test_makers_see_liquidations_of_others() -> None:
    """Some of their fills; none of a taker's."""
    async with venue() as at:
        for _ in range(12):
            bid, ask = at.exchange.top(0)
            made = at.exchange.create("", 0, BUY, (bid + ask) // 2, 10, LIMIT, GTC)
            at.exchange.create("", 0, SELL, made.px, 10, LIMIT, IOC)
            at.exchange.cancel(made)
            hold(at, 10)
        rows = await asked(at, "userFillsByTime")
        assert not any("liquidation" in row for row in rows if row["crossed"])
        assert all(row["liquidation"]["liquidatedUser"] != USER for row in rows if "liquidation" in row)


async def test_every_funding_payment_has_the_same_hash() -> None:
    async with venue() as at:
        hold(at, 500)
        market = at.exchange.exchange.markets[0].s
        for n in (1, 2):
            market.next_funding = market.now + 1_000_000
            await eventually(lambda n=n: len(at.dialect.ledger.fundings) == n, "a settlement")
        rows = await asked(at, "userFunding")
        assert [row["hash"] for row in rows] == [ZEROS, ZEROS] and rows[0]["time"] < rows[1]["time"]


@pytest.mark.parametrize(("do", "made"), [("says", 0), ("says_after", 1)])
async def test_an_answer_of_200_may_say_nothing_whether_it_was_acted_on_or_not(do: str, made: int) -> None:
    async with venue(Rule(do, "POST /exchange:order", text="null")) as at:
        px = float(at.exchange.top(0)[0] - 1_000)
        assert await post(at, "/exchange", signed(orders(order(px)))) == (200, None)
        assert len(at.exchange.books.open_of()) == made


async def test_a_unified_account_says_so() -> None:
    async with venue(rules=Rules(abstraction="unifiedAccount")) as at:
        assert await asked(at, "userAbstraction") == "unifiedAccount"
