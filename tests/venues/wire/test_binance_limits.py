"""What the Binance loopback venue lets one address and one account send: weight, order counts, 429, then 418."""

from __future__ import annotations

import asyncio
from typing import Any

import ccxt
import pytest

from core.domain.units import NS_PER_S
from core.venues.wire.binance_usdm.dialect import Rules
from core.venues.wire.binance_usdm.limits import BAN_NS, MINUTE_NS, PATIENCE, Limits, weight_of
from tests.venues.wire.binance_hall import Venue, ask, client, signed, venue
from tests.venues.wire.binance_raw import FAR, SYMBOL, limit, listener, px, sign_sorted

TIME = "/fapi/v1/time"


async def headers_of(at: Venue, method: str, path: str, **params: Any) -> dict[str, str]:
    status, told, headers = await ask(at, method, path, signed(params))
    assert status == 200, told
    return headers


async def test_every_answer_tells_the_used_weight_and_orders_tell_their_counts() -> None:
    """S3-40: the figures that a client's own budget is corrected by."""
    async with venue(rules=Rules()) as at:
        assert (await headers_of(at, "GET", TIME))["x-mbx-used-weight-1m"] == "1"
        made = await headers_of(at, "POST", "/fapi/v1/order", **limit(at, newClientOrderId="a"))
        assert made["x-mbx-used-weight-1m"] == "1", "a new order weighs nothing"
        assert (made["x-mbx-order-count-10s"], made["x-mbx-order-count-1m"]) == ("1", "1")
        change = {"symbol": SYMBOL, "side": "BUY", "quantity": "0.2", "price": px(at, -FAR - 10)}
        moved = await headers_of(at, "PUT", "/fapi/v1/order", **change, origClientOrderId="a")
        assert (moved["x-mbx-used-weight-1m"], moved["x-mbx-order-count-10s"]) == ("1", "2"), "an amendment counts"
        gone = await headers_of(at, "DELETE", "/fapi/v1/order", symbol=SYMBOL, origClientOrderId="a")
        assert gone["x-mbx-used-weight-1m"] == "2" and "x-mbx-order-count-10s" not in gone
        batch = await headers_of(at, "POST", "/fapi/v1/batchOrders", batchOrders="[{}]")
        assert (batch["x-mbx-order-count-10s"], batch["x-mbx-order-count-1m"]) == ("7", "3"), "5 and 1 for a batch"
        assert batch["x-mbx-used-weight-1m"] == "7"
        refused = (await ask(at, "GET", "/fapi/v1/order", signed({"symbol": "NO"})))[2]
        assert refused["x-mbx-used-weight-1m"] == "8", "a refusal weighs too"


@pytest.mark.parametrize(
    ("place", "symbol", "levels", "weight"),
    [
        ("GET /fapi/v1/depth", True, 5, 2),
        ("GET /fapi/v1/depth", True, 100, 5),
        ("GET /fapi/v1/depth", True, 500, 10),
        ("GET /fapi/v1/depth", True, 1000, 20),
        ("GET /fapi/v1/openOrders", True, 0, 1),
        ("GET /fapi/v1/openOrders", False, 0, 40),
        ("GET /fapi/v1/ticker/bookTicker", True, 0, 2),
        ("GET /fapi/v1/ticker/bookTicker", False, 0, 5),
        ("GET /fapi/v1/premiumIndex", False, 0, 10),
        ("GET /fapi/v1/userTrades", True, 0, 5),
        ("GET /fapi/v3/positionRisk", False, 0, 5),
        ("GET /fapi/v1/income", False, 0, 30),
        ("POST /fapi/v1/countdownCancelAll", True, 0, 10),
        ("PUT /fapi/v1/order", True, 0, 0),
        ("DELETE /fapi/v1/allOpenOrders", True, 0, 1),
        ("order.cancel", True, 0, 1),
        ("v2/account.position", False, 0, 5),
    ],
)
def test_a_request_weighs_what_the_venue_says(place: str, symbol: bool, levels: int, weight: int) -> None:
    assert weight_of(place, symbol, levels) == weight


async def test_weight_that_is_used_up_is_429_and_who_goes_on_is_banned_with_418() -> None:
    """R-E4: nothing is done under either, reads and cancels included, and Retry-After says how long."""
    async with venue(rules=Rules(weight_per_minute=5)) as at:
        _, made, _ = await ask(at, "POST", "/fapi/v1/order", signed(limit(at)))
        for _ in range(5):
            assert (await ask(at, "GET", TIME))[0] == 200
        cancel = signed({"symbol": SYMBOL, "orderId": made["orderId"]})
        status, told, headers = await ask(at, "DELETE", "/fapi/v1/order", cancel)
        assert (status, told["code"]) == (429, -1003) and 0 < int(headers["retry-after"]) <= 60
        assert headers["x-mbx-used-weight-1m"] == "6", "what is refused counts, too"
        for _ in range(PATIENCE - 1):
            assert (await ask(at, "GET", TIME))[0] == 429
        status, told, headers = await ask(at, "GET", TIME)
        assert (status, told["code"], headers["retry-after"]) == (418, -1003, str(BAN_NS // NS_PER_S))
        assert "banned until" in told["msg"]
        status, _, headers = await ask(at, "DELETE", "/fapi/v1/order", cancel)
        assert status == 418 and int(headers["retry-after"]) > 60
        assert len(at.exchange.books.open_of()) == 1, "the cancel was not done"


async def test_ccxt_sees_both_as_what_they_are() -> None:
    async with venue(rules=Rules(weight_per_minute=10)) as at, client(at) as x:
        for _ in range(9):
            await x.fetch_time()
        with pytest.raises(ccxt.DDoSProtection):
            await x.fetch_time()
        for _ in range(PATIENCE + 1):
            with pytest.raises(ccxt.DDoSProtection):
                await x.fetch_time()
        assert {asked.status for asked in at.server.asked} == {200, 429, 418}


async def test_too_many_orders_are_refused_by_account_and_cancels_are_not() -> None:
    async with venue(rules=Rules(orders_per_10s=3, orders_per_minute=100)) as at, client(at) as x:
        price = at.exchange.top(0)[0] * 0.01 - 50
        made = [await x.create_order("ETH/USDC:USDC", "limit", "buy", 0.1, price) for _ in range(3)]
        with pytest.raises(ccxt.DDoSProtection) as caught:  # by its status, before its code is looked at
            await x.create_order("ETH/USDC:USDC", "limit", "buy", 0.1, price)
        assert '"code":-1015' in str(caught.value) and at.server.asked[-1].status == 429
        with pytest.raises(ccxt.DDoSProtection):
            await x.edit_order(made[0]["id"], "ETH/USDC:USDC", "limit", "buy", 0.2, price)
        await x.cancel_order(made[0]["id"], "ETH/USDC:USDC")
        assert len(at.exchange.books.open_of()) == 2


async def test_the_order_socket_spends_from_the_same_purse() -> None:
    async with venue(rules=Rules(weight_per_minute=4, orders_per_10s=2)) as at, listener(at, "/ws-fapi/v1") as heard:

        async def said(method: str, **params: Any) -> Any:
            before = len(heard.frames)
            await heard.socket.send_json({"id": before, "method": method, "params": sign_sorted(params)})
            while len(heard.frames) == before:
                await asyncio.sleep(0.005)
            return heard.frames[-1]

        first = await said("order.place", **limit(at))
        rows = {(row["rateLimitType"], row["interval"]): row["count"] for row in first["rateLimits"]}
        assert rows == {("REQUEST_WEIGHT", "MINUTE"): 0, ("ORDERS", "SECOND"): 1, ("ORDERS", "MINUTE"): 1}
        assert (await ask(at, "POST", "/fapi/v1/order", signed(limit(at))))[0] == 200
        third = await said("order.place", **limit(at))
        assert (third["status"], third["error"]["code"]) == (429, -1015)
        number = first["result"]["orderId"]
        for _ in range(4):
            assert (await said("order.status", symbol=SYMBOL, orderId=number))["status"] == 200
        last = await said("order.cancel", symbol=SYMBOL, orderId=number)
        assert (last["status"], last["error"]["code"]) == (429, -1003)
        assert last["error"]["data"]["retryAfter"] > last["error"]["data"]["serverTime"]
        assert len(at.exchange.books.open_of()) == 2
        assert (await ask(at, "GET", TIME))[0] == 429, "one address"


def test_the_window_slides_and_a_ban_ends() -> None:
    limits = Limits(10, 2, 3)
    assert limits.spend(10, 0) == (0, 0)
    assert limits.spend(1, NS_PER_S) == (429, 59)
    assert limits.spend(1, MINUTE_NS + NS_PER_S) == (0, 0), "what was used a minute ago is free again"
    now = MINUTE_NS + 2 * NS_PER_S
    answers = [limits.spend(10, now)[0] for _ in range(PATIENCE + 1)]
    assert answers == [429] * PATIENCE + [418]
    assert limits.spend(1, now + BAN_NS - 1)[0] == 418 and limits.spend(1, now + BAN_NS) == (0, 0)
    assert [limits.order("order.place", 0) for _ in range(3)] == [True, True, False]
    assert not limits.order("order.place", 11 * NS_PER_S), "the minute is still full"
    assert limits.order("order.cancel", 0) and limits.order("order.place", 3 * MINUTE_NS)


async def test_a_client_that_talks_too_fast_on_a_stream_is_cut_off() -> None:
    """10 messages a second, as the venue says; who keeps to it stays."""
    async with venue() as at, listener(at, "/public/ws") as heard, listener(at, "/public/ws") as slow:
        for number in range(10):
            await slow.ask("LIST_SUBSCRIPTIONS", number=number)
        for number in range(11):
            await heard.ask("LIST_SUBSCRIPTIONS", number=number)
        for _ in range(200):
            if heard.socket.closed:
                break
            await asyncio.sleep(0.01)
        assert heard.socket.closed and heard.socket.close_code == 1008
        assert len(slow.frames) == 10 and not slow.socket.closed
