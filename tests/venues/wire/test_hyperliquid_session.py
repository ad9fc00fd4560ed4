"""A seeded session of many orders: what the streams and the queries told is what stands in the venue's books."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import numpy as np
import pytest

from core.domain.order import FUNDED
from core.domain.units import MONEY
from core.venues.wire.hyperliquid.dialect import Rules
from core.venues.wire.pages import books_page
from tests.venues.wire.hyperliquid_hall import USER, Listener, Venue, listener, order, orders, post, signed, venue

SEED = 23
ACTIONS = 250


def next_action(at: Venue, rng: np.random.Generator) -> dict[str, Any]:
    """Something a careless trader might do now."""
    bid, ask = at.exchange.top(0)
    live = at.exchange.books.open_of(0)
    kind = rng.random()
    if kind < 0.15 and live:
        return {"type": "cancel", "cancels": [{"a": 0, "o": one.venue_id} for one in live[:10]] + [{"a": 0, "o": 1}]}
    if kind < 0.3 and live:
        change = order(str(bid - int(rng.integers(1, 60))), "0.003", tif="Alo")
        return {"type": "batchModify", "modifies": [{"oid": one.venue_id, "order": change} for one in live[:2]]}
    made = []
    for _ in range(int(rng.integers(1, 4))):
        buy = bool(rng.integers(2))
        px = (ask if buy else bid) + int(rng.integers(-25, 26))
        tif, reduce = str(rng.choice(["Gtc", "Alo", "Ioc"])), bool(rng.random() < 0.1)
        made.append(order(str(px), "0.002", buy=buy, tif=tif, cloid=f"0x{int(rng.integers(1 << 62)):032x}", r=reduce))
    return orders(*made)


async def test_after_hundreds_of_actions_every_account_of_it_agrees() -> None:
    rng = np.random.default_rng(SEED)
    print("seed", SEED)
    rules = Rules(weight_per_minute=0, free_requests=0)
    async with venue(rules=rules, equity=1_000_000 * MONEY) as at, listener(at) as heard:
        for kind in ("orderUpdates", "userFills", "userFundings"):
            await heard.ask(type=kind, user=USER)
        async with aiohttp.ClientSession() as session:
            for _ in range(ACTIONS):
                async with session.post(f"{at.url}/exchange", json=signed(next_action(at, rng))) as answer:
                    assert (await answer.json())["status"] == "ok"
        await asyncio.sleep(0.2)
        agree_on_orders(at, heard)
        await agree_on_money(at, heard)


def agree_on_orders(at: Venue, heard: Listener) -> None:
    newest: dict[int, tuple[str, str]] = {}
    for rows in heard.data("orderUpdates"):
        for row in rows:
            newest[row["order"]["oid"]] = (row["status"], row["order"]["sz"])
    books = at.exchange.books.orders
    assert len(books) > 200 and {one.status for one in books} == {"open", "filled", "canceled", "expired", "rejected"}
    for one in books:
        status, left = newest[at.dialect.ledger.oid(one)]
        assert (status == "open") is one.open and (status == "filled") is (one.status == "filled"), one
        assert left == at.dialect.coins[0].grid.sz(one.left)


async def agree_on_money(at: Venue, heard: Listener) -> None:
    page = books_page(at.exchange)
    told = {fill["tid"]: fill for frame in heard.data("userFills") for fill in frame["fills"]}
    _, asked = await post(at, "/info", {"type": "userFills", "user": USER})
    assert told == {fill["tid"]: fill for fill in asked} and set(told) == {trade.id for trade in page.trades}
    signed_size = sum(float(fill["sz"]) * (1 if fill["side"] == "B" else -1) for fill in told.values())
    _, state = await post(at, "/info", {"type": "clearinghouseState", "user": USER})
    held = [float(one["position"]["szi"]) for one in state["assetPositions"]]
    assert sum(held) == pytest.approx(signed_size, abs=1e-9)
    assert sum(round(float(fill["fee"]) * MONEY) for fill in told.values()) == page.fees
    closed = sum(round(float(fill["closedPnl"]) * MONEY) for fill in told.values())
    funded = sum(payment[3] for payment in page.payments if payment[1] == FUNDED)
    assert page.wallet == 1_000_000 * MONEY + closed - page.fees + funded
