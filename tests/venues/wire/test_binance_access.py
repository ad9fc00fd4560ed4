"""Who may ask the Binance loopback venue what, and when: keys, signatures, windows, bytes that are no parameters."""

from __future__ import annotations

import asyncio
import time
from urllib.parse import urlencode

import aiohttp
import pytest
from yarl import URL

from core.venues.wire.binance_usdm.rest import SIGNED
from tests.venues.wire.binance_hall import KEY, Venue, ask, signed, venue
from tests.venues.wire.binance_raw import SYMBOL, call, limit, sign_text

ORDER = "/fapi/v1/order"


async def test_every_signed_route_refuses_who_has_no_key_a_wrong_one_or_signs_wrongly() -> None:
    """UC-10: no route acts for a stranger, whatever it is asked."""
    async with venue() as at:
        routes = [name.split() for name, (_, right) in at.dialect.rest.routes.items() if right == SIGNED]
        assert len(routes) > 25
        for method, path in routes:
            query = signed({"symbol": SYMBOL})
            assert await refusal(at, method, path, query, key=None) == (401, -2014), path
            assert await refusal(at, method, path, query, key="x" * 64) == (401, -2015), path
            assert await refusal(at, method, path, signed({"symbol": SYMBOL}, "wrong")) == (400, -1022), path
            assert await refusal(at, method, path, f"symbol={SYMBOL}&timestamp=1") == (400, -1102), path
        for method in ("POST", "PUT", "DELETE"):
            assert await refusal(at, method, "/fapi/v1/listenKey", "", key=None) == (401, -2014)
            assert await refusal(at, method, "/fapi/v1/listenKey", "", key="x" * 64) == (401, -2015)
        assert at.exchange.books.orders == [] and at.dialect.access.refused[-1022] == len(routes)


async def refusal(at: Venue, method: str, path: str, query: str, key: str | None = KEY) -> tuple[int, int]:
    status, told, _ = await ask(at, method, path, query, key)
    return status, int(told["code"])


async def test_what_was_signed_is_what_is_done_and_not_a_letter_more() -> None:
    """A value changed, a parameter added before the signature, one repeated, one smuggled behind it."""
    async with venue() as at:
        good = signed(limit(at))
        body, _, signature = good.rpartition("&signature=")
        for bad in (
            good.replace("quantity=0.1", "quantity=1.0"),
            f"{body}&reduceOnly=true&signature={signature}",
            f"{good}&reduceOnly=true",
            f"{body}&signature={signature[:-1]}",
            f"{body}&signature={signature.upper()}",
        ):
            assert (await refusal(at, "POST", ORDER, bad))[1] in (-1022, -1102), bad
        assert await refusal(at, "POST", ORDER, signed(limit(at)) + "&quantity=9") == (400, -1101)
        assert at.exchange.books.orders == []
        assert (await ask(at, "POST", ORDER, signed(limit(at))))[0] == 200


async def test_a_request_is_signed_over_its_query_and_its_body_together() -> None:
    """As ccxt sends a form, the old connector a query, and a third both."""
    async with venue() as at:
        first, second = f"symbol={SYMBOL}", signed({"symbol": SYMBOL, **limit(at, symbol=None)})
        whole, _, signature = second.rpartition("&signature=")
        rest = whole.removeprefix(first)
        headers = {"X-MBX-APIKEY": KEY, "Content-Type": "application/x-www-form-urlencoded"}
        async with aiohttp.ClientSession(headers=headers) as session:
            async with session.post(f"{at.url}{ORDER}", data=second) as answer:
                assert answer.status == 200
            async with session.post(f"{at.url}{ORDER}?{first}", data=f"{rest}&signature={signature}") as answer:
                assert answer.status == 200 and (await answer.json())["symbol"] == SYMBOL


@pytest.mark.parametrize(
    ("shift_ms", "window", "code"),
    [
        (0, None, 0),
        (-3_000, None, 0),
        (-5_100, None, -1021),
        (-5_500, 10_000, 0),
        (-300, 100, -1021),
        (800, None, 0),
        (4_000, None, -1021),
        (4_000, 60_000, -1021),
        (-70_000, 60_000, -1021),
        (0, 60_000, 0),
        (0, 60_001, -1131),
        (0, 0, -1131),
        (0, "abc", -1100),
    ],
)
async def test_a_request_lives_within_its_window_and_not_in_the_future(
    shift_ms: int, window: object, code: int
) -> None:
    """RELIABILITY 2.3: what arrives late is refused, so a create has an end after which it cannot happen any more."""
    async with venue() as at:
        more = {} if window is None else {"recvWindow": window}
        query = signed({**limit(at), **more}, at_ms=int(time.time() * 1e3) + shift_ms)
        status, told, _ = await ask(at, "POST", ORDER, query)
        assert told.get("code", 0) == code and (status == 200) is (code == 0)
        assert len(at.exchange.books.orders) == (code == 0)


async def test_a_request_sent_again_is_taken_again_while_its_window_is_open() -> None:
    """R-O1: a signature is no nonce; only the client id of an open order stops the second."""
    async with venue() as at:
        named, nameless = signed(limit(at, newClientOrderId="once")), signed(limit(at))
        assert (await ask(at, "POST", ORDER, named))[0] == 200
        assert await refusal(at, "POST", ORDER, named) == (400, -4116)
        for _ in range(2):
            assert (await ask(at, "POST", ORDER, nameless))[0] == 200
        assert len(at.exchange.books.open_of()) == 3


async def test_a_request_sent_again_after_its_window_is_refused() -> None:
    """RELIABILITY 2.3: the very same bytes, once in time and once too late; the order had ended between."""
    async with venue() as at:
        query = signed(limit(at, newClientOrderId="replayed", recvWindow=400))
        _, made, _ = await ask(at, "POST", ORDER, query)
        await call(at, "DELETE", ORDER, symbol=SYMBOL, orderId=made["orderId"])
        await asyncio.sleep(0.5)
        assert await refusal(at, "POST", ORDER, query) == (400, -1021)
        assert [order.status for order in at.exchange.books.orders] == ["canceled"]


async def test_bytes_that_are_no_parameters_are_refused_on_every_route() -> None:
    queries = ("%", "%ff%fe=%00", "=", "&&&", "symbol", "symbol=%F0%9F%92%A9", "a=1&a=2", "symbol=" + "x" * 5_000)
    async with venue() as at:
        async with aiohttp.ClientSession(headers={"X-MBX-APIKEY": KEY}) as session:
            for name in at.dialect.rest.routes:
                method, _, path = name.partition(" ")
                for query in queries:
                    address = URL(f"{at.url}{path}?{query}", encoded=True)
                    async with session.request(method, address) as answer:
                        assert answer.status in (200, 400), (name, query)
                for body in (b"\xff\xfe\x00", b"[" * 9_000, b'{"symbol":', b"signature="):
                    async with session.request(method, f"{at.url}{path}", data=body) as answer:
                        assert answer.status in (200, 400), (name, body)
        assert at.exchange.books.orders == [] and at.server.failed is None


async def test_a_time_that_is_no_time_is_refused_and_does_nothing() -> None:
    async with venue() as at:
        for wrong, code in (("-1", -1100), ("1.5", -1100), ("%C2%B2", -1100), ("9" * 19, -1100), ("", -1102)):
            query = sign_text(f"{urlencode(limit(at))}&timestamp={wrong}")
            assert await refusal(at, "POST", ORDER, query) == (400, code), wrong
        assert await refusal(at, "POST", ORDER, sign_text(urlencode(limit(at)))) == (400, -1102)
        assert at.exchange.books.orders == []
