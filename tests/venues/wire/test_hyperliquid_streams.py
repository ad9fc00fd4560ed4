"""The stream of the Hyperliquid loopback venue, as ccxt.pro and as a raw connection see it."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import ccxt
import pytest

from core.domain.units import MONEY, NS_PER_S
from tests.venues.wire.hyperliquid_hall import USER, WARM_NS, client, eventually, listener, order, orders, signed, venue

BTC, SPOT = "BTC/USDC:USDC", "BTC/USDC"
CLOID = "0x" + "cd" * 16
ALO = {"postOnly": True}
HOUR = 1_700_002_800 * NS_PER_S


async def soon(awaitable: Any, seconds: float = 8.0) -> Any:
    return await asyncio.wait_for(awaitable, seconds)


async def test_ccxt_watches_books_trades_tickers_and_candles() -> None:
    async with venue() as at, client(at) as x:
        book = await soon(x.watch_order_book(BTC))
        assert len(book["bids"]) == 20 and book["bids"][0][0] < book["asks"][0][0] and book["timestamp"]
        spot = await soon(x.watch_order_book(SPOT))
        assert 0 < book["bids"][0][0] - spot["bids"][0][0] < 200
        ticker = await soon(x.watch_ticker(BTC))
        assert ticker["info"]["oraclePx"] and ticker["bid"] < ticker["ask"]
        assert (await soon(x.watch_tickers()))[BTC]["symbol"] == BTC
        trade = (await soon(x.watch_trades(BTC)))[-1]
        assert trade["price"] > 0 and trade["side"] in ("buy", "sell")
        assert len((await soon(x.watch_ohlcv(BTC)))[-1]) == 6
        assert len(at.dialect.feeds.wants) == 1  # one socket for everything


async def test_a_book_is_a_whole_snapshot_each_time_and_moves_on() -> None:
    async with venue() as at, listener(at) as heard:
        await heard.ask(type="l2Book", coin="BTC")
        await eventually(lambda: len(heard.data("l2Book")) >= 5, "five books")
        books = heard.data("l2Book")
        assert all(len(side) == 20 for book in books for side in book["levels"])
        times = [book["time"] for book in books]
        assert times == sorted(times) and min(b - a for a, b in itertools.pairwise(times[1:])) >= 50
        await heard.ask("unsubscribe", type="l2Book", coin="BTC")
        await eventually(lambda: len(heard.data("subscriptionResponse")) == 2, "the end of it")
        before = len(heard.data("l2Book"))
        await asyncio.sleep(0.3)
        assert len(heard.data("l2Book")) == before


async def test_an_order_from_open_to_filled_is_told_on_every_channel_of_the_account() -> None:
    """Updates in their order with what is left, then the fill with its position before, then the account."""
    async with venue() as at, listener(at) as heard, client(at) as x:
        for kind in ("orderUpdates", "userFills", "userEvents", "clearinghouseState"):
            await heard.ask(type=kind, user=USER.upper().replace("0X", "0x"))
        await eventually(lambda: len(heard.data("clearinghouseState")) == 1, "the first state")
        assert heard.data("userFills") == [{"isSnapshot": True, "user": USER, "fills": []}]
        ask = (await x.fetch_order_book(BTC))["asks"][0][0]
        await x.create_order(BTC, "limit", "buy", 0.03, ask + 500, {"clientOrderId": CLOID})
        await eventually(lambda: len(heard.data("userFills")) > 1, "the fills")
        rows = [row for batch in heard.data("orderUpdates") for row in batch]
        assert rows[0]["status"] == "open" and rows[0]["order"]["sz"] == "0.03"
        assert rows[-1]["status"] == "filled" and rows[-1]["order"]["sz"] == "0.0"
        left = [float(row["order"]["sz"]) for row in rows]
        assert left == sorted(left, reverse=True) and {row["order"]["cloid"] for row in rows} == {CLOID}
        fills = [fill for told in heard.data("userFills")[1:] for fill in told["fills"]]
        starts = [float(fill["startPosition"]) for fill in fills]
        assert (
            starts[0] == 0.0 and starts == sorted(starts) and sum(float(f["sz"]) for f in fills) == pytest.approx(0.03)
        )
        assert {fill["dir"] for fill in fills} == {"Open Long"} and all(fill["crossed"] for fill in fills)
        assert [fill for told in heard.data("user") for fill in told["fills"]] == fills
        await eventually(lambda: bool(last_state(heard.data("clearinghouseState"))["assetPositions"]), "the position")
        (held,) = last_state(heard.data("clearinghouseState"))["assetPositions"]
        assert held["position"]["szi"] == "0.03"


def last_state(frames: list[Any]) -> Any:
    return frames[-1]["clearinghouseState"]


async def test_ccxt_watches_its_orders_trades_positions_and_balance() -> None:
    async with venue() as at, client(at) as x:
        updates = asyncio.ensure_future(x.watch_orders())
        fills = asyncio.ensure_future(x.watch_my_trades())
        await eventually(lambda: sum(len(w) for w in at.dialect.feeds.wants.values()) == 2, "two subscriptions")
        ask = (await x.fetch_order_book(BTC))["asks"][0][0]
        made = await x.create_order_ws(BTC, "limit", "buy", 0.01, ask + 100, {"clientOrderId": CLOID})
        assert made["status"] is None and made["filled"] == 0.01  # state must come from the stream
        assert {o["clientOrderId"] for o in await soon(updates)} == {CLOID}
        (fill,) = (await soon(fills))[-1:]
        assert fill["order"] == made["id"] and fill["fee"]["cost"] > 0
        positions = await soon(x.watch_positions())
        assert positions[0]["contracts"] == 0.01
        balance = await soon(x.watch_balance())
        assert round(balance["USDC"]["total"]) == pytest.approx(at.exchange.exchange.equity() / MONEY, abs=50)


async def test_a_subscription_again_tells_old_fills_again() -> None:
    """ccxt does not filter isSnapshot: every (re)subscribe re-emits them, so who reads them must go by tid."""
    async with venue() as at, client(at) as x:
        ask = (await x.fetch_order_book(BTC))["asks"][0][0]
        await x.create_order(BTC, "limit", "buy", 0.01, ask + 100)
        first = await soon(x.watch_my_trades())
        await soon(x.un_watch_my_trades())
        again = await soon(x.watch_my_trades())
        assert [t["id"] for t in again] == [t["id"] for t in first] == [str(at.exchange.books.trades[0].id)]


async def test_orders_over_the_stream_are_placed_edited_and_cancelled() -> None:
    async with venue() as at, client(at) as x:
        bid = (await x.fetch_order_book(BTC))["bids"][0][0]
        made = await x.create_order_ws(BTC, "limit", "buy", 0.01, bid - 100, ALO)
        edited = await x.edit_order_ws(made["id"], BTC, "limit", "buy", 0.02, bid - 110, ALO)
        assert edited["id"] != made["id"]
        assert (await x.cancel_order_ws(edited["id"], BTC))["status"] == "success"
        assert at.places().count("ws-post:order") == at.places().count("ws-post:batchModify") == 1
        assert at.places()[-1] == "ws-post:cancel" and at.exchange.books.open_of() == []
        with pytest.raises(ccxt.OrderNotFound):
            await x.cancel_order_ws(edited["id"], BTC)


async def test_a_query_over_the_stream_is_answered_like_one_by_request() -> None:
    async with venue() as at, listener(at) as heard:
        await heard.socket.send_json(
            {"method": "post", "id": 7, "request": {"type": "info", "payload": {"type": "perpDexs"}}}
        )
        await heard.socket.send_json(
            {"method": "post", "id": 8, "request": {"type": "info", "payload": {"type": "no"}}}
        )
        await eventually(lambda: len(heard.data("post")) == 2, "the answers")
        known, unknown = heard.data("post")
        assert known == {"id": 7, "response": {"type": "info", "payload": {"type": "perpDexs", "data": [None]}}}
        assert unknown["id"] == 8 and unknown["response"]["type"] == "error"
        assert unknown["response"]["payload"].startswith("422 ")


async def test_ping_and_what_cannot_be_read() -> None:
    async with venue() as at, listener(at) as heard:
        await heard.socket.send_json({"method": "ping"})
        await eventually(lambda: heard.frames == [{"channel": "pong"}], "the pong")
        await heard.ask(type="l2Book", coin="DOGE")
        await heard.ask(type="nothing")
        await heard.ask(type="allMids")
        await heard.ask(type="allMids")
        await heard.ask("unsubscribe", type="bbo", coin="BTC")
        for text in ("{", "[" * 9_000, '{"method":"dance"}', '{"method":"subscribe"}', '{"method":"post","id":"x"}'):
            await heard.socket.send_str(text)
        await eventually(lambda: len(heard.data("error")) == 9, "nine errors")
        words = [text.split(":")[0].split(" {")[0] for text in heard.data("error")]
        assert words[:4] == [
            "Invalid subscription",
            "Invalid subscription",
            "Already subscribed",
            "Already unsubscribed",
        ]
        assert set(words[4:]) == {"Error parsing JSON into valid websocket request"}
        assert not heard.socket.closed


async def test_the_best_prices_come_by_themselves_and_only_when_they_change() -> None:
    async with venue() as at, listener(at) as heard:
        await heard.ask(type="bbo", coin="BTC")
        await eventually(lambda: len(heard.data("bbo")) >= 4, "four of them", 15)
        tops = [(told["bbo"][0]["px"], told["bbo"][1]["px"]) for told in heard.data("bbo")]
        assert all(float(bid) < float(ask) for bid, ask in tops)
        assert all(a != b for a, b in itertools.pairwise(tops[1:]))


async def test_funding_is_told_with_its_snapshot_first() -> None:
    async with venue(start_ns=HOUR - 2 * NS_PER_S - WARM_NS) as at, client(at) as x, listener(at) as heard:
        await heard.ask(type="userFundings", user=USER)
        await heard.ask(type="userEvents", user=USER)
        ask = (await x.fetch_order_book(BTC))["asks"][0][0]
        await x.create_order(BTC, "market", "sell", 0.2, ask)
        await eventually(lambda: len(heard.data("userFundings")) == 2, "the payment")
        first, paid = heard.data("userFundings")
        assert first == {"isSnapshot": True, "user": USER, "fundings": []}
        (row,) = paid["fundings"]
        assert round(float(row["usdc"]) * MONEY) == at.exchange.books.payments[0].amount and row["szi"] == "-0.2"
        assert {"funding": row} in heard.data("user")


async def test_money_that_comes_in_is_told_and_counted() -> None:
    async with venue() as at, listener(at) as heard, client(at) as x:
        kind = "userNonFundingLedgerUpdates"
        await heard.ask(type=kind, user=USER)
        await eventually(lambda: len(heard.data(kind)) == 1, "the snapshot")
        at.exchange.inject(0, "transfer", (25 * MONEY,))
        await eventually(lambda: len(heard.data(kind)) == 2, "the deposit")
        (row,) = heard.data(kind)[1]["nonFundingLedgerUpdates"]
        assert row["delta"] == {"type": "deposit", "usdc": "25.0"}
        assert (await x.fetch_balance())["USDC"]["total"] == 100_025
        (entry,) = await x.fetch_deposits("USDC", 0)
        assert entry["amount"] == 25


async def test_what_the_venue_cancels_by_itself_is_told() -> None:
    async with venue() as at, listener(at) as heard, client(at) as x:
        await heard.ask(type="userEvents", user=USER)
        await heard.ask(type="orderUpdates", user=USER)
        bid = (await x.fetch_order_book(BTC))["bids"][0][0]
        made = await x.create_order(BTC, "limit", "buy", 0.01, bid - 100, ALO)
        assert at.exchange.inject(0, "cancel_order", (int(made["id"]),))
        await eventually(lambda: bool(heard.data("user")), "the cancel")
        assert heard.data("user") == [{"nonUserCancel": [{"coin": "BTC", "oid": int(made["id"])}]}]
        assert heard.data("orderUpdates")[-1][0]["status"] == "canceled"


async def test_a_liquidation_is_a_fill_that_says_so() -> None:
    async with venue() as at, client(at) as x:
        ask = (await x.fetch_order_book(BTC))["asks"][0][0]
        await x.create_order(BTC, "market", "buy", 0.05, ask)
        watching = asyncio.ensure_future(x.watch_my_liquidations(BTC))
        await eventually(lambda: bool(at.dialect.feeds.wants), "the subscription")
        await asyncio.sleep(0.1)
        assert at.exchange.inject(0, "liquidate")
        (told,) = await soon(watching)
        assert told["symbol"] == BTC and at.exchange.position(0)[0] == 0


async def test_a_silent_connection_is_closed_by_the_venue(monkeypatch: pytest.MonkeyPatch) -> None:
    """The venue closes what it has not sent anything to for a minute; a ping keeps it."""
    monkeypatch.setattr("core.venues.wire.hyperliquid.connections.SILENT_MS", 300)
    async with venue() as at, listener(at) as quiet, listener(at) as lively:
        for _ in range(8):
            await lively.socket.send_json({"method": "ping"})
            await asyncio.sleep(0.1)
        assert quiet.socket.closed and not lively.socket.closed


async def test_another_address_hears_nothing_of_ours() -> None:
    async with venue() as at, listener(at) as heard, client(at) as x:
        stranger = "0x" + "9" * 40
        for kind in ("orderUpdates", "userFills", "clearinghouseState"):
            await heard.ask(type=kind, user=stranger)
        ask = (await x.fetch_order_book(BTC))["asks"][0][0]
        await x.privatePostExchange(signed(orders(order(f"{ask:.0f}", "0.01"))))
        await eventually(lambda: bool(at.exchange.books.trades), "a fill")
        await asyncio.sleep(0.1)
        assert heard.data("orderUpdates") == [] and heard.data("userFills")[0]["fills"] == []
        assert len(heard.data("userFills")) == 1
        assert all(told["clearinghouseState"]["assetPositions"] == [] for told in heard.data("clearinghouseState"))
