"""Every fault of the loopback venue as ccxt.pro's Hyperliquid class sees it, and what was done (LIVE_VENUES 4)."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import ccxt
import msgspec
import pytest

from core.venues.wire.faults import Rule
from core.venues.wire.server import UNANSWERED
from tests.venues.wire.hyperliquid_hall import (
    USER,
    Venue,
    client,
    eventually,
    listener,
    order,
    orders,
    post,
    settings,
    signed,
    venue,
)

BTC = "BTC/USDC:USDC"
CLOID = "0x" + "ee" * 16
PLACE = "POST /exchange:order"


async def try_order(at: Venue, x: Any) -> dict[str, Any]:
    made: dict[str, Any] = await x.create_order(
        BTC, "limit", "buy", 0.01, at.exchange.top(0)[0] - 100, {"postOnly": True, "clientOrderId": CLOID}
    )
    return made


@pytest.mark.parametrize(
    ("rule", "error", "done"),
    [
        (Rule("drop", PLACE), ccxt.ExchangeNotAvailable, 0),
        (Rule("drop_after", PLACE), ccxt.ExchangeNotAvailable, 1),
        (Rule("hang", PLACE, seconds=1), ccxt.RequestTimeout, 0),
        (Rule("hang_after", PLACE, seconds=1), ccxt.RequestTimeout, 1),
        (Rule("status", PLACE, status=500, text="oops"), ccxt.ExchangeNotAvailable, 0),
        (Rule("status", PLACE, status=502), ccxt.ExchangeNotAvailable, 0),
        (Rule("status", PLACE, status=504), ccxt.RequestTimeout, 0),
        (Rule("status", PLACE, status=429, retry_after=2), ccxt.RateLimitExceeded, 0),
        (Rule("status", PLACE, status=418), ccxt.DDoSProtection, 0),
        (Rule("status", PLACE, status=200, text="Insufficient margin to place order."), ccxt.InsufficientFunds, 0),
        (Rule("status_after", PLACE, status=503), ccxt.ExchangeNotAvailable, 1),
        (Rule("maintenance", "venue", times=1, seconds=1), ccxt.ExchangeNotAvailable, 0),
    ],
    ids=lambda value: f"{value.do} {value.status or ''}".strip() if isinstance(value, Rule) else "",
)
async def test_a_fault_of_a_create_is_this_error_and_the_truth_is_found_by_client_id(
    rule: Rule, error: type[Exception], done: int
) -> None:
    """RELIABILITY 2.3: after any of these only a query by client id knows whether the order lives."""
    async with venue() as at, client(at) as x:
        x.timeout = 500
        assert (await post(at, "/_venue/fault", msgspec.to_builtins(rule)))[0] == 200
        with pytest.raises(error):
            await try_order(at, x)
        assert len(at.exchange.books.open_of()) == done
        at.server.faults.clear()
        if rule.do == "maintenance":
            await asyncio.sleep(1)
        query = x.fetch_order(None, BTC, {"clientOrderId": CLOID})
        if done:
            assert (await query)["status"] == "open"
        else:
            with pytest.raises(ccxt.OrderNotFound):
                await query
        (asked,) = [asked for asked in at.server.asked if asked.place == PLACE]  # nobody sent it again
        assert (asked.status == 0) is (rule.do in UNANSWERED)


async def test_a_slow_answer_comes_late_and_is_true() -> None:
    async with venue(Rule("slow", PLACE, seconds=0.5)) as at, client(at) as x:
        task = asyncio.ensure_future(try_order(at, x))
        await eventually(lambda: len(at.exchange.books.open_of()) == 1, "the order")
        assert not task.done()
        assert (await task)["id"] == str(at.exchange.books.orders[0].venue_id)


async def test_a_partial_batch_does_its_first_half_and_raises_for_all() -> None:
    async with venue(Rule("partial_batch", PLACE, times=1)) as at, client(at) as x:
        px = at.exchange.top(0)[0] - 100
        one = {"symbol": BTC, "type": "limit", "side": "buy", "amount": 0.01, "price": px}
        with pytest.raises(ccxt.ExchangeError, match="Internal error"):
            await x.create_orders([dict(one, params={}) for _ in range(4)])
        assert len(at.exchange.books.open_of()) == 2
        await x.create_orders([dict(one, params={}) for _ in range(4)])
        assert len(at.exchange.books.open_of()) == 6


@pytest.mark.parametrize(
    ("do", "error", "done"),
    [
        ("drop", ccxt.NetworkError, 0),
        ("drop_after", ccxt.NetworkError, 1),
        ("hang", TimeoutError, 0),
        ("hang_after", TimeoutError, 1),
        ("slow", None, 1),
    ],
)
async def test_faults_of_a_create_over_the_stream(do: str, error: type[Exception] | None, done: int) -> None:
    async with venue(Rule(do, "ws-post:order", seconds=0.3)) as at, client(at) as x:
        px = at.exchange.top(0)[0] - 100
        call = asyncio.wait_for(x.create_order_ws(BTC, "limit", "buy", 0.01, px, {"postOnly": True}), 1.5)
        if error is None:
            assert (await call)["id"] == "1"
        else:
            with pytest.raises(error):
                await call
        assert len(at.exchange.books.open_of()) == done


async def test_a_refused_status_over_the_stream_is_an_error_of_that_post_alone() -> None:
    rule = Rule("status", "ws-post:order", status=200, text="Insufficient margin to place order.")
    async with venue(rule, Rule("status", "ws-post:cancel", status=429)) as at, listener(at) as heard:
        for number, action in enumerate((orders(order("90000")), {"type": "cancel", "cancels": [{"a": 0, "o": 1}]})):
            request = {"type": "action", "payload": signed(action)}
            await heard.socket.send_json({"method": "post", "id": number, "request": request})
        await eventually(lambda: len(heard.data("post")) == 2, "two answers")
        first, second = (told["response"] for told in heard.data("post"))
        assert first["payload"] == {"status": "err", "response": "Insufficient margin to place order."}
        assert second == {"type": "error", "payload": "429 null"} and at.exchange.books.orders == []


async def test_a_reading_that_fails_is_tried_again_by_its_caller_and_works() -> None:
    rule = Rule("drop", "POST /info:clearinghouseState", times=1)
    async with venue(rule) as at, client(at) as x:
        with pytest.raises(ccxt.ExchangeNotAvailable):
            await x.fetch_positions()
        assert await x.fetch_positions() == []


async def test_a_fill_that_is_lost_on_the_stream_is_found_by_asking() -> None:
    """R-O4: the frame is gone for good; own trades by REST have it."""
    async with venue(Rule("gap", "ws:userFills", skip=1, times=1)) as at, client(at) as x, listener(at) as heard:
        await heard.ask(type="userFills", user=USER)
        await eventually(lambda: bool(heard.data("userFills")), "the snapshot")
        for _ in range(2):
            ask = (await x.fetch_order_book(BTC))["asks"][0][0]
            await x.create_order(BTC, "market", "buy", 0.01, ask)
        await eventually(lambda: len(heard.data("userFills")) == 2, "the second fill")
        told = {fill["tid"] for frame in heard.data("userFills") for fill in frame["fills"]}
        asked = {int(trade["id"]) for trade in await x.fetch_my_trades(BTC)}
        assert told < asked == {trade.id for trade in at.exchange.books.trades}


@pytest.mark.parametrize("do", ["double", "late"])
async def test_private_frames_come_twice_or_out_of_order(do: str) -> None:
    rule = Rule(do, "ws:orderUpdates", times=1, seconds=0.3)
    async with venue(rule) as at, listener(at) as heard:
        await heard.ask(type="orderUpdates", user=USER)
        await eventually(lambda: bool(heard.data("subscriptionResponse")), "the subscription")
        action = orders(order(str(at.exchange.top(0)[0] - 100), tif="Alo"))
        await post(at, "/exchange", signed(action))
        await post(at, "/exchange", signed({"type": "cancel", "cancels": [{"a": 0, "o": 1}]}))
        count = 3 if do == "double" else 2
        await eventually(lambda: len(heard.data("orderUpdates")) == count, "all frames")
        statuses = [row["status"] for rows in heard.data("orderUpdates") for row in rows]
        assert statuses == (["open", "open", "canceled"] if do == "double" else ["canceled", "open"])


@pytest.mark.parametrize("do", ["poison", "torn"])
async def test_one_bad_frame_blinds_the_stock_class_without_a_word(do: str) -> None:
    """LIVE_VENUES section 4: its receive loop dies; the watcher hears nothing more until the pings find out."""
    async with venue(Rule(do, "ws:l2Book", skip=2, times=1)) as at, client(at) as x:
        await asyncio.wait_for(x.watch_order_book(BTC), 5)
        deaf = False
        with contextlib.suppress(ccxt.NetworkError):
            for _ in range(20):
                try:
                    await asyncio.wait_for(x.watch_order_book(BTC), 1.5)
                except TimeoutError:
                    deaf = True
                    break
        assert at.server.faults.done == {do: 1}
        assert deaf, "the class survives it by now: the override that cures it may go"


async def test_a_frame_of_ten_megabytes_is_only_large() -> None:
    async with venue(Rule("huge", "ws:trades", times=1)) as at, client(at) as x:
        with contextlib.suppress(ccxt.NetworkError):
            await asyncio.wait_for(x.watch_trades(BTC), 8)
        assert at.server.faults.done == {"huge": 1} and at.server.failed is None
        assert await asyncio.wait_for(x.watch_trades(BTC), 8)


async def test_a_silent_stream_stays_open_and_says_nothing() -> None:
    async with venue(Rule("silent", "ws:l2Book", skip=3, times=1, seconds=1.2)) as at, listener(at) as heard:
        await heard.ask(type="l2Book", coin="BTC")
        await eventually(lambda: at.server.faults.done == {"silent": 1}, "the silence")
        await asyncio.sleep(0.2)
        before = len(heard.data("l2Book"))
        await asyncio.sleep(0.6)
        assert len(heard.data("l2Book")) == before and not heard.socket.closed
        await eventually(lambda: len(heard.data("l2Book")) > before, "the books again")


async def test_a_half_open_stream_answers_no_ping() -> None:
    async with venue(Rule("half_open", "ws:l2Book", times=1, seconds=30)) as at, client(at) as x:
        x.streaming["keepAlive"] = 300
        with pytest.raises(ccxt.NetworkError):
            await asyncio.wait_for(x.watch_order_book(BTC), 8)
        assert at.server.faults.done == {"half_open": 1}


@pytest.mark.parametrize("code", [1006, 1012])
async def test_a_closed_stream_raises_and_the_next_watch_dials_again(code: int) -> None:
    async with venue(Rule("close", "ws:l2Book", skip=1, times=1, status=code)) as at, client(at) as x:
        await asyncio.wait_for(x.watch_order_book(BTC), 5)
        with pytest.raises(ccxt.NetworkError):
            await watch_until_it_fails(x)
        assert (await asyncio.wait_for(x.watch_order_book(BTC), 5))["bids"]
        assert at.server.faults.done == {"close": 1}


async def watch_until_it_fails(x: Any) -> None:
    for _ in range(20):
        await asyncio.wait_for(x.watch_order_book(BTC), 5)


async def test_a_wrong_clock_makes_an_action_expired_or_its_nonce_out_of_range() -> None:
    async with venue() as at, client(at) as x:
        action = orders(order(str(at.exchange.top(0)[0] - 100), tif="Alo"))
        await post(at, "/_venue/fault", {"do": "skew", "seconds": 30})
        late = signed(action, expires_after=at.exchange.clock.now() // 1_000_000 + 2_000)
        _, answer = await post(at, "/exchange", late)
        assert answer["status"] == "err" and "expired" in answer["response"]
        assert await x.fetch_time() - at.exchange.clock.now() // 1_000_000 == pytest.approx(30_000, abs=500)
        await post(at, "/_venue/fault", {"do": "skew", "seconds": -2 * 86_400})
        with pytest.raises(ccxt.ExchangeError, match="Invalid nonce"):
            await try_order(at, x)
        assert at.exchange.books.orders == []


async def test_a_venue_that_is_gone_is_an_order_that_was_not_sent() -> None:
    async with venue() as at:
        x = type(await loaded(at))(settings(at))
        await at.server.close()
        try:
            with pytest.raises(ccxt.ExchangeNotAvailable) as caught:
                await x.fetch_time()
            assert "ClientConnectorError" in type(caught.value.__cause__).__name__
        finally:
            await x.close()


async def loaded(at: Venue) -> Any:
    async with client(at) as x:
        return x
