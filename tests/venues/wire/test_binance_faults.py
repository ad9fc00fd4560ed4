"""Every fault of the loopback venue on the Binance dialect, as ccxt.pro's class and a raw connection see it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from pathlib import Path
from typing import Any

import ccxt
import msgspec
import pytest

from core.venues.wire.faults import KINDS, Rule
from core.venues.wire.server import UNANSWERED
from tests.venues.wire.binance_hall import LIVELY, Venue, ask, client, settings, venue
from tests.venues.wire.binance_raw import SYMBOL, call, limit, listener, market, place, private, px
from tests.venues.wire.hyperliquid_hall import eventually, post

ETH, LOW = "ETH/USDC:USDC", SYMBOL.lower()
PLACE = "POST /fapi/v1/order"
CLIENT = "pc-fault"


async def try_order(at: Venue, x: Any) -> dict[str, Any]:
    made: dict[str, Any] = await x.create_order(
        ETH, "limit", "buy", 0.1, float(px(at)), {"postOnly": True, "clientOrderId": CLIENT}
    )
    return made


# requests ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "error", "done"),
    [
        (Rule("drop", PLACE), ccxt.ExchangeNotAvailable, 0),
        (Rule("drop_after", PLACE), ccxt.ExchangeNotAvailable, 1),
        (Rule("hang", PLACE, seconds=1), ccxt.RequestTimeout, 0),
        (Rule("hang_after", PLACE, seconds=1), ccxt.RequestTimeout, 1),
        (Rule("status", PLACE, status=502, text="bad gateway"), ccxt.ExchangeNotAvailable, 0),
        (Rule("status", PLACE, status=403, text="firewall"), ccxt.ExchangeNotAvailable, 0),
        (Rule("status", PLACE, status=504), ccxt.RequestTimeout, 0),
        (Rule("status", PLACE, status=503, code=-1008, text="overloaded"), ccxt.OperationFailed, 0),
        (Rule("status", PLACE, status=429, code=-1003, retry_after=2), ccxt.DDoSProtection, 0),
        (Rule("status", PLACE, status=418, code=-1003, retry_after=120), ccxt.DDoSProtection, 0),
        (Rule("status", PLACE, status=400, code=-2019, text="Margin is insufficient."), ccxt.InsufficientFunds, 0),
        (Rule("status_after", PLACE, status=503, code=-1000, text="unknown"), ccxt.OperationFailed, 1),
        (Rule("status_after", PLACE, status=503, code=-1006, text="unknown"), ccxt.OperationFailed, 1),
        (Rule("status_after", PLACE, status=408, code=-1007, text="timeout"), ccxt.RequestTimeout, 1),
        (Rule("status_after", PLACE, status=500, text="oops"), ccxt.ExchangeNotAvailable, 1),
        (Rule("maintenance", "venue", times=1, seconds=1), ccxt.ExchangeNotAvailable, 0),
    ],
    ids=lambda value: f"{value.do} {value.status or ''} {value.code or ''}".strip() if isinstance(value, Rule) else "",
)
async def test_a_fault_of_a_create_is_this_error_and_the_truth_is_found_by_client_id(
    rule: Rule, error: type[Exception], done: int
) -> None:
    """RELIABILITY 2.3, R-O1: after any of these only a query by client id knows whether the order lives."""
    async with venue() as at, client(at) as x:
        x.timeout = 500
        assert (await post(at, "/_venue/fault", msgspec.to_builtins(rule)))[0] == 200
        with pytest.raises(error):
            await try_order(at, x)
        assert len(at.exchange.books.open_of()) == done
        at.server.faults.clear()
        if rule.do == "maintenance":
            await asyncio.sleep(1)
        query = x.fetch_order(None, ETH, {"clientOrderId": CLIENT})
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


async def test_a_partial_batch_does_its_first_half_and_ccxt_puts_the_refused_first() -> None:
    """LIVE_VENUES 4: the list comes back re-ordered and without the ids of what was refused."""
    batch = "POST /fapi/v1/batchOrders"
    async with venue(Rule("partial_batch", batch, times=1)) as at, client(at) as x:
        price = float(px(at))
        wishes = [
            {"symbol": ETH, "type": "limit", "side": "buy", "amount": 0.1, "price": price - n,
             "params": {"clientOrderId": f"b{n}"}}
            for n in range(4)
        ]  # fmt: skip
        told = await x.create_orders(wishes)
        assert [one["clientOrderId"] for one in told] == [None, None, "b0", "b1"]
        assert [order.client for order in at.exchange.books.open_of()] == ["b0", "b1"]
        assert len(await x.create_orders(wishes[2:])) == 2 and len(at.exchange.books.open_of()) == 4


async def test_a_dropped_cancel_is_sent_again_by_the_client_and_its_second_answer_is_not_found() -> None:
    """LIVE_VENUES 4: aiohttp repeats a DELETE on a dropped connection, so "not found" may be our own success."""
    delete = "DELETE /fapi/v1/order"
    async with venue(Rule("drop_after", delete, times=1)) as at, client(at) as x:
        made = await try_order(at, x)
        with pytest.raises(ccxt.OrderNotFound):
            await x.cancel_order(made["id"], ETH)
        assert at.exchange.books.open_of() == [] and at.places().count(delete) == 2


async def test_a_wrong_clock_makes_every_signed_request_stale_until_it_is_asked_for() -> None:
    """-1021 is an InvalidNonce: rejected, so nothing was done; the venue's clock cures it."""
    async with venue() as at, client(at) as x:
        await post(at, "/_venue/fault", {"do": "skew", "seconds": 30})
        x.options["recvWindow"] = 2_000
        with pytest.raises(ccxt.InvalidNonce):
            await try_order(at, x)
        assert at.exchange.books.orders == []
        await x.load_time_difference()
        assert x.options["timeDifference"] == pytest.approx(-30_000, abs=500)
        await try_order(at, x)
        await post(at, "/_venue/fault", {"do": "skew", "seconds": -30})
        with pytest.raises(ccxt.InvalidNonce, match="ahead of the server"):
            await x.fetch_open_orders(ETH)


async def test_a_venue_that_is_gone_is_an_order_that_was_not_sent() -> None:
    import ccxt.pro

    async with venue() as at:
        await at.server.close()
        x = ccxt.pro.binanceusdm(settings(at))
        try:
            with pytest.raises(ccxt.ExchangeNotAvailable) as caught:
                await x.fetch_time()
            assert "ClientConnectorError" in type(caught.value.__cause__).__name__
        finally:
            await x.close()


async def watch_until_it_fails(x: Any) -> None:
    for _ in range(300):
        await asyncio.wait_for(x.watch_order_book(ETH), 8)


# streams -----------------------------------------------------------------------------------------------------------


async def test_a_lost_book_frame_is_a_checksum_error_and_the_next_watch_starts_from_a_snapshot() -> None:
    """B1: the gap is seen by `pu`; what is kept afterwards is the venue's book again."""
    rule = Rule("gap", "ws:depth", skip=3, times=1)
    async with venue(rule, character=LIVELY) as at, client(at) as x:
        with pytest.raises(ccxt.ChecksumError):
            await watch_until_it_fails(x)
        snapshots = at.places().count("GET /fapi/v1/depth")
        for _ in range(3):
            book = await asyncio.wait_for(x.watch_order_book(ETH), 8)
        assert at.places().count("GET /fapi/v1/depth") == snapshots + 1 and at.server.faults.done == {"gap": 1}
        assert book["bids"][0][0] < book["asks"][0][0]


async def test_a_fill_that_is_lost_on_the_stream_is_found_by_asking() -> None:
    """R-O4: the frame is gone for good; own trades by REST have it."""
    rule = Rule("gap", "ws:user:ORDER_TRADE_UPDATE", skip=1, times=1)
    async with venue(rule) as at, private(at) as heard:
        for _ in range(2):
            await place(at, **market())
        await eventually(lambda: len(heard.orders()) >= 3, "what was not lost")
        told = {row["t"] for row in heard.orders() if row["x"] == "TRADE"}
        asked = {row["id"] for row in (await call(at, "GET", "/fapi/v1/userTrades", symbol=SYMBOL))[1]}
        assert told < asked == {trade.id for trade in at.exchange.books.trades}


@pytest.mark.parametrize("do", ["double", "late"])
async def test_private_frames_come_twice_or_out_of_order(do: str) -> None:
    rule = Rule(do, "ws:user:ORDER_TRADE_UPDATE", times=1, seconds=0.3)
    async with venue(rule) as at, private(at) as heard:
        _, made = await place(at, **limit(at))
        await call(at, "DELETE", "/fapi/v1/order", symbol=SYMBOL, orderId=made["orderId"])
        await eventually(lambda: len(heard.orders()) == (3 if do == "double" else 2), "all frames")
        words = [row["X"] for row in heard.orders()]
        assert words == (["NEW", "NEW", "CANCELED"] if do == "double" else ["CANCELED", "NEW"])


@pytest.mark.parametrize("do", ["poison", "torn"])
async def test_one_bad_frame_blinds_the_stock_class_without_a_word(do: str) -> None:
    """LIVE_VENUES section 4: its receive loop dies; the watcher hears nothing more until the pings find out."""
    rule = Rule(do, "ws:bookTicker", skip=2, times=1)
    async with venue(rule, character=LIVELY) as at, client(at) as x:
        await asyncio.wait_for(x.watch_bids_asks([ETH]), 8)
        deaf = False
        with contextlib.suppress(ccxt.NetworkError):
            for _ in range(20):
                try:
                    await asyncio.wait_for(x.watch_bids_asks([ETH]), 2)
                except TimeoutError:
                    deaf = True
                    break
        assert at.server.faults.done == {do: 1}
        assert deaf, "the class survives it by now: the override that cures it may go"


@pytest.mark.parametrize("do", ["poison", "torn"])
async def test_a_bad_frame_is_no_json_and_those_after_it_are_whole(do: str) -> None:
    rule = Rule(do, "ws:bookTicker", skip=1, times=1)
    async with venue(rule, character=LIVELY) as at, listener(at, f"/public/ws/{LOW}@bookTicker") as heard:
        await eventually(lambda: len(heard.texts) >= 6, "six frames", 15)
        assert len(heard.frames) == len(heard.texts) - 1
        assert [row["u"] for row in heard.events("bookTicker")] == sorted(row["u"] for row in heard.frames)


async def test_a_frame_of_ten_megabytes_comes_before_the_right_one() -> None:
    rule = Rule("huge", "ws:bookTicker", times=1)
    async with venue(rule, character=LIVELY) as at, listener(at, f"/public/ws/{LOW}@bookTicker") as heard:
        await eventually(lambda: len(heard.texts) >= 3, "three frames", 15)
        assert len(heard.texts[0]) > 10_000_000 and len(heard.events("bookTicker")) == len(heard.texts) - 1
        assert at.server.failed is None


async def test_a_silent_stream_stays_open_says_nothing_and_then_shows_a_gap() -> None:
    """What was not sent is never sent: the first book frame after the silence does not join the last before it."""
    rule = Rule("silent", "ws:depth", skip=3, times=1, seconds=1.5)
    async with venue(rule, character=LIVELY) as at, listener(at, f"/public/ws/{LOW}@depth@100ms") as heard:
        await eventually(lambda: at.server.faults.done == {"silent": 1}, "the silence", 15)
        await asyncio.sleep(0.1)
        before = len(heard.frames)
        await asyncio.sleep(0.8)
        assert len(heard.frames) == before and not heard.socket.closed
        await eventually(lambda: len(heard.frames) > before + 1, "frames again", 15)
        joins = [b["pu"] == a["u"] for a, b in itertools.pairwise(heard.events("depthUpdate"))]
        assert joins.count(False) == 1


async def test_a_half_open_stream_answers_no_ping_and_the_class_finds_out() -> None:
    rule = Rule("half_open", "ws:depth", times=1, seconds=30)
    async with venue(rule, character=LIVELY) as at, client(at) as x:
        x.streaming["keepAlive"] = 300
        with pytest.raises(ccxt.NetworkError):
            await watch_until_it_fails(x)
        assert at.server.faults.done == {"half_open": 1}


@pytest.mark.parametrize("code", [1006, 1012])
async def test_a_closed_stream_raises_and_the_next_watch_dials_again(code: int) -> None:
    rule = Rule("close", "ws:depth", skip=1, times=1, status=code)
    async with venue(rule, character=LIVELY) as at, client(at) as x:
        with pytest.raises(ccxt.NetworkError):
            await watch_until_it_fails(x)
        assert (await asyncio.wait_for(x.watch_order_book(ETH), 8))["bids"]
        assert at.server.faults.done == {"close": 1}


async def test_a_listen_key_that_the_venue_ends_is_told_and_the_stock_class_does_not_listen() -> None:
    """LIVE_VENUES 4 [#6760]: the raw frame is there; ccxt ignores it and hangs, which is why we hear it ourselves."""
    async with venue() as at, client(at) as x, private(at) as heard:
        watching = asyncio.ensure_future(x.watch_orders(ETH))
        await eventually(lambda: at.places().count("POST /fapi/v1/listenKey") == 2, "the class's own question")
        await asyncio.sleep(0.2)
        await post(at, "/_venue/fault", {"do": "listen_key_expired"})
        await eventually(lambda: bool(heard.events("listenKeyExpired")), "the end of the key")
        await place(at, **limit(at))
        await asyncio.sleep(0.4)
        assert not watching.done() and heard.orders() == []
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


async def test_faults_come_and_go_while_the_venue_runs_and_a_wrong_one_is_refused() -> None:
    async with venue() as at:
        assert (await post(at, "/_venue/fault", {"do": "status", "at": "GET */time", "status": 500, "times": 1}))[
            0
        ] == 200
        assert [(await ask(at, "GET", "/fapi/v1/time"))[0] for _ in range(2)] == [500, 200]
        assert (await post(at, "/_venue/fault", {"do": "explode"}))[0] == 400
        assert at.server.faults.done == {"status": 1}


@pytest.mark.parametrize(("do", "done"), [("says", 0), ("says_after", 1)])
async def test_an_answer_of_200_that_names_no_order_is_one_to_the_stock_class(do: str, done: int) -> None:
    """R-O1: whether the order lives is not in it; ours asks (tests/venues/ccxt/test_answers_of_requests.py)."""
    async with venue(Rule(do, PLACE, times=1, text="{}")) as at, client(at) as x:
        assert (await try_order(at, x))["id"] is None
        assert len(at.exchange.books.open_of()) == done and at.server.faults.done == {do: 1}


async def test_changed_terms_are_listed_at_once() -> None:
    """R-N5."""
    async with venue() as at, client(at) as x:
        before = {market["symbol"]: market["precision"] for market in await x.fetch_markets()}[ETH]
        assert (await post(at, "/_venue/fault", {"do": "terms", "text": f"{SYMBOL} tick=10 lot=5"}))[0] == 200
        after = {market["symbol"]: market["precision"] for market in await x.fetch_markets()}[ETH]
        assert after["price"] == pytest.approx(before["price"] * 10)
        assert after["amount"] == pytest.approx(before["amount"] * 5)


def test_no_kind_of_fault_was_left_out() -> None:
    """Every kind that an operator can name is named by a test of this dialect."""
    tests = Path(__file__).read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f'"{kind}"' not in tests] == []
