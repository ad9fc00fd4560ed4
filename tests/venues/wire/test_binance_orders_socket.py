"""Orders over the Binance loopback venue's websocket, raw and through ccxt: each call signed by itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import ccxt
import pytest

from core.venues.wire.binance_usdm.order_socket import METHODS
from core.venues.wire.faults import Rule
from tests.venues.wire.binance_hall import Venue, client, venue
from tests.venues.wire.binance_raw import SYMBOL, Listener, limit, listener, market, private, px, sign_sorted
from tests.venues.wire.hyperliquid_hall import eventually

ETH = "ETH/USDC:USDC"
PATH = "/ws-fapi/v1"


class Caller:
    """One order socket; an answer is found by its id."""

    def __init__(self, heard: Listener) -> None:
        self.heard, self.sent = heard, 0

    async def send(self, method: str, params: dict[str, Any]) -> int:
        self.sent += 1
        await self.heard.socket.send_json({"id": self.sent, "method": method, "params": params})
        return self.sent

    async def answer(self, number: int) -> Any:
        def found() -> list[Any]:
            return [frame for frame in self.heard.frames if frame["id"] == number]

        await eventually(lambda: bool(found()), f"an answer to {number}")
        return found()[0]

    async def do(self, method: str, **params: Any) -> Any:
        return await self.answer(await self.send(method, sign_sorted(params)))


@contextlib.asynccontextmanager
async def caller(at: Venue) -> AsyncIterator[Caller]:
    async with listener(at, PATH) as heard:
        yield Caller(heard)


async def test_an_order_is_placed_changed_asked_for_and_cancelled_over_the_socket() -> None:
    async with venue() as at, caller(at) as calls, private(at) as heard:
        made = await calls.do("order.place", **limit(at, newClientOrderId="ws"))
        assert (made["status"], made["result"]["status"], made["result"]["clientOrderId"]) == (200, "NEW", "ws")
        number = made["result"]["orderId"]
        change = {"symbol": SYMBOL, "side": "BUY", "quantity": "0.2", "price": px(at, -6_000), "orderId": number}
        assert (await calls.do("order.modify", **change))["result"]["origQty"] == "0.200"
        asked = await calls.do("order.status", symbol=SYMBOL, origClientOrderId="ws")
        assert (asked["result"]["orderId"], asked["result"]["price"]) == (number, change["price"])
        assert (await calls.do("order.cancel", symbol=SYMBOL, orderId=number))["result"]["status"] == "CANCELED"
        gone = await calls.do("order.cancel", symbol=SYMBOL, orderId=number)
        assert (gone["status"], gone["error"]["code"]) == (400, -2011) and gone["rateLimits"]
        await eventually(lambda: len(heard.orders()) == 3, "the private stream")
        assert at.places()[-5:] == [
            f"ws-api:order.{what}" for what in ("place", "modify", "status", "cancel", "cancel")
        ]


async def test_each_call_is_signed_by_itself_in_the_order_of_its_names() -> None:
    """No logon: HMAC keys sign every call. A wrong key, signature or time does nothing."""
    async with venue() as at, caller(at) as calls:
        good = sign_sorted(limit(at))
        late = sign_sorted(limit(at, timestamp=good["timestamp"] - 6_000))
        wrong: list[tuple[dict[str, Any], int, int]] = [
            (limit(at), 401, -2014), (sign_sorted(limit(at), key="x" * 64), 401, -2015),
            (sign_sorted(limit(at), secret="no"), 400, -1022), ({**good, "quantity": "1"}, 400, -1022),
            ({**good, "extra": "1"}, 400, -1022), ({k: v for k, v in good.items() if k != "signature"}, 400, -1102),
            (late, 400, -1021), (sign_sorted(limit(at, recvWindow=70_000)), 400, -1131),
        ]  # fmt: skip
        for params, status, code in wrong:
            told = await calls.answer(await calls.send("order.place", params))
            assert (told["status"], told["error"]["code"]) == (status, code), params
        assert at.exchange.books.orders == []
        assert (await calls.answer(await calls.send("order.place", good)))["status"] == 200


async def test_what_is_refused_by_request_is_refused_by_call_with_the_same_code() -> None:
    async with venue() as at, caller(at) as calls:
        wrong: list[tuple[dict[str, Any], int]] = [
            ({"timeInForce": "GTX", "price": px(at, 200)}, -5022), ({"price": "2970.005"}, -4014),
            ({"quantity": "0.001"}, -4164), ({"quantity": "900"}, -2019), ({"symbol": "NO"}, -1121),
            ({"type": "STOP_MARKET"}, -4120), ({"reduceOnly": "true"}, -2022),
        ]  # fmt: skip
        for change, code in wrong:
            told = await calls.do("order.place", **limit(at, **change))
            assert (told["status"], told["error"]["code"]) == (400, code), change
        assert at.exchange.books.open_of() == []


async def test_the_answers_to_what_the_account_holds_are_those_of_the_requests() -> None:
    async with venue() as at, caller(at) as calls:
        taken = await calls.do("order.place", **market("BUY", "0.5", newOrderRespType="RESULT"))
        assert taken["result"]["executedQty"] == "0.500"
        held = await calls.do("v2/account.position")
        assert [row["positionAmt"] for row in held["result"]] == ["0.500"]
        assert [row["leverage"] for row in (await calls.do("account.position"))["result"]] == ["10"]
        wallet = (await calls.do("v2/account.balance"))["result"][0]["balance"]
        assert wallet == (await calls.do("v2/account.status"))["result"]["totalWalletBalance"]
        number = await calls.send("depth", {"symbol": SYMBOL, "limit": 5})
        assert len((await calls.answer(number))["result"]["bids"]) == 5
        bad = await calls.answer(await calls.send("depth", {"symbol": SYMBOL, "limit": 7}))
        assert bad["error"]["code"] == -4021
        quiet = await calls.answer(await calls.send("ticker.book", {"symbol": SYMBOL, "returnRateLimits": False}))
        assert "rateLimits" not in quiet and quiet["result"]["symbol"] == SYMBOL


async def test_stops_and_listen_keys_are_had_over_the_socket_too() -> None:
    async with venue() as at, caller(at) as calls:
        stop = {"algoType": "CONDITIONAL", "symbol": SYMBOL, "side": "SELL", "type": "STOP_MARKET", "quantity": "0.1",
                "triggerPrice": px(at, -20_000), "clientAlgoId": "s"}  # fmt: skip
        assert (await calls.do("algoOrder.place", **stop))["result"]["algoStatus"] == "NEW"
        assert (await calls.do("algoOrder.cancel", clientAlgoId="s"))["result"]["code"] == "200"
        key = {"apiKey": sign_sorted({})["apiKey"]}
        first = await calls.answer(await calls.send("userDataStream.start", key))
        assert first["result"]["listenKey"] == at.dialect.keys.key
        assert (await calls.answer(await calls.send("userDataStream.ping", key)))["status"] == 200
        assert (await calls.answer(await calls.send("userDataStream.stop", key)))["result"] == {}
        none = await calls.answer(await calls.send("userDataStream.ping", key))
        assert none["error"]["code"] == -1125
        nobody = await calls.answer(await calls.send("userDataStream.start", {"apiKey": "x"}))
        assert (nobody["status"], nobody["error"]["code"]) == (401, -2015)


async def test_what_cannot_be_read_is_answered_and_the_socket_lives() -> None:
    async with venue() as at, listener(at, PATH) as heard:
        for text in ("{", "[]", "7", '{"id":1}', '{"id":1,"method":"order.fly","params":{}}', "[" * 9_000,
                     '{"id":1,"method":"order.place","params":[1]}', '{"id":1,"method":["order.place"]}'):  # fmt: skip
            await heard.socket.send_str(text)
        await eventually(lambda: len(heard.frames) == 8, "eight errors")
        assert {(frame["status"], frame["error"]["code"]) for frame in heard.frames} == {(400, -1102)}
        assert not heard.socket.closed


async def test_every_method_is_a_request_of_the_venue() -> None:
    async with venue() as at:
        assert set(METHODS.values()) <= set(at.dialect.rest.routes)


@pytest.mark.parametrize(
    ("rule", "status", "done"),
    [
        (Rule("hang"), 0, 0),
        (Rule("hang_after"), 0, 1),
        (Rule("drop"), 0, 0),
        (Rule("drop_after"), 0, 1),
        (Rule("status", status=503, code=-1008), 503, 0),
        (Rule("status_after", status=503, code=-1000), 503, 1),
        (Rule("slow", seconds=0.3), 200, 1),
    ],
    ids=lambda value: value.do if isinstance(value, Rule) else "",
)
async def test_a_call_suffers_the_faults_of_a_request(rule: Rule, status: int, done: int) -> None:
    """R-O1: after no answer or 5xx only a query by client id knows whether the order lives."""
    import msgspec

    async with venue(msgspec.structs.replace(rule, at="ws-api:order.place")) as at, caller(at) as calls:
        number = await calls.send("order.place", sign_sorted(limit(at, newClientOrderId="u")))
        if status:
            told = await calls.answer(number)
            assert told["status"] == status and told.get("error", {}).get("code", 0) == rule.code
        else:
            await asyncio.sleep(0.3)
            assert calls.heard.frames == [] and calls.heard.socket.closed is rule.do.startswith("drop")
        assert len(at.exchange.books.open_of()) == done
        async with caller(at) as again:
            found = await again.do("order.status", symbol=SYMBOL, origClientOrderId="u")
            assert found["result"]["status"] == "NEW" if done else found["error"]["code"] == -2013


async def test_ccxt_places_edits_and_cancels_over_the_socket() -> None:
    async with venue() as at, client(at) as x:
        price = float(px(at))
        made = await x.create_order_ws(ETH, "limit", "buy", 0.1, price, {"postOnly": True, "clientOrderId": "pc-1"})
        assert (made["status"], made["clientOrderId"]) == ("open", "pc-1")
        edited = await x.edit_order_ws(made["id"], ETH, "limit", "buy", 0.2, price - 10)
        assert (edited["id"], edited["amount"], edited["price"]) == (made["id"], 0.2, price - 10)
        assert (await x.cancel_order_ws(made["id"], ETH))["status"] == "canceled"
        with pytest.raises(ccxt.OrderNotFound):
            await x.cancel_order_ws(made["id"], ETH)
        with pytest.raises(ccxt.OrderNotFillable):
            await x.create_order_ws(ETH, "limit", "buy", 0.1, price + 100, {"postOnly": True})
        taken = await x.create_order_ws(ETH, "market", "buy", 0.1)
        assert taken["filled"] == 0.1
        assert at.places().count("ws-api:order.place") == 3
        assert not [place for place in at.places() if place.endswith("/fapi/v1/order")], "nothing went by request"


async def test_ccxt_places_and_cancels_a_stop_over_the_socket() -> None:
    async with venue() as at, client(at) as x:
        await x.create_order(ETH, "market", "buy", 0.1)
        params = {"triggerPrice": float(px(at, -20_000)), "reduceOnly": True, "clientOrderId": "stop-1"}
        await x.create_order_ws(ETH, "market", "sell", 0.1, None, params)
        assert [one.client for one in at.dialect.algo.waiting] == ["stop-1"]
        await x.cancel_order_ws(None, ETH, {"trigger": True, "clientOrderId": "stop-1"})
        assert at.dialect.algo.waiting == []
