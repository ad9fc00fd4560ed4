"""The streams of the Binance loopback venue as raw connections hear them: numbers, routes, rhythm."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from typing import Any

import pytest

from core.clock import VirtualClock
from core.config.instruments import find_instrument
from core.domain.units import MONEY, NS_PER_S
from core.kernel import Kernels
from core.market.synthetic import SyntheticMarket, SyntheticSource
from core.venues.wire.behind import WireExchange
from core.venues.wire.binance_usdm.dialect import BinanceUsdmDialect, Rules
from tests.venues.wire.binance_hall import FREE, KEY, LIVELY, SECRET, START, WARM_NS, ask, venue
from tests.venues.wire.binance_raw import (
    SYMBOL,
    Listener,
    call,
    limit,
    listener,
    market,
    place,
)
from tests.venues.wire.hyperliquid_hall import eventually

LOW = SYMBOL.lower()
SEED = 29


# market streams ----------------------------------------------------------------------------------------------------


async def test_book_differences_are_without_a_gap_and_add_up_to_the_book_that_rest_shows() -> None:
    """Each `pu` is the `u` before; snapshot and differences together are the later snapshot."""
    async with venue(character=LIVELY) as at, listener(at, f"/public/ws/{LOW}@depth@100ms") as heard:
        await eventually(lambda: len(heard.events("depthUpdate")) > 2, "frames")
        _, start, _ = await ask(at, "GET", "/fapi/v1/depth", f"symbol={SYMBOL}&limit=1000")
        await eventually(lambda: len(heard.events("depthUpdate")) >= 20, "20 frames", 20)
        for _ in range(500):
            _, end, _ = await ask(at, "GET", "/fapi/v1/depth", f"symbol={SYMBOL}&limit=1000")
            if heard.events("depthUpdate")[-1]["u"] == end["lastUpdateId"]:
                break
            await asyncio.sleep(0.01)
        assert adds_up(start, heard.events("depthUpdate"), end) > 10


def test_hundreds_of_differences_in_virtual_time_are_without_a_gap() -> None:
    """600 steps of 100 ms with orders of ours coming and going; every tenth a whole snapshot is compared."""
    clock = VirtualClock(START)
    tape = SyntheticSource([SyntheticMarket(find_instrument("binance_usdm", SYMBOL), SEED, START, 2_970.0, LIVELY)])
    exchange = WireExchange(tape, 100_000 * MONEY, SEED, Kernels("plain"), clock, WARM_NS)
    dialect = BinanceUsdmDialect(exchange, KEY, SECRET, FREE)
    exchange.listeners.append(dialect.on_event)
    told: list[dict[str, Any]] = []

    class Kept:
        def send(self, text: str, place: str) -> None:
            assert place == "ws:depth"
            told.append(json.loads(text))

    dialect.feeds.open(Kept(), [f"{LOW}@depth@100ms"], False, "/public")  # type: ignore[arg-type]
    start = dialect.symbols[0].depth(1_000, 0)
    for step in range(600):
        clock.set(clock.now() + NS_PER_S // 10)
        exchange.catch_up()
        if step % 3 == 0:
            exchange.create(f"o{step}", 0, step % 2, exchange.top(0)[step % 2] + (step % 2 * 2 - 1) * step, 50)
        elif step % 3 == 1:
            exchange.cancel(exchange.books.orders[-1])
        dialect.on_tick(exchange.now())
        if step % 10 == 0 and told:
            adds_up(start, told, dialect.symbols[0].depth(1_000, 0))
    assert len(told) > 400


def adds_up(start: dict[str, Any], frames: list[dict[str, Any]], end: dict[str, Any]) -> int:
    """How many frames lie between two snapshots that they join, as the venue says a client must do it."""
    assert all(b["pu"] == a["u"] and b["U"] == a["u"] + 1 <= b["u"] for a, b in itertools.pairwise(frames))
    assert all(a["E"] + 100 <= b["E"] for a, b in itertools.pairwise(frames))
    number = start["lastUpdateId"]
    useful = [frame for frame in frames if frame["u"] > number]
    assert useful[0]["U"] <= number + 1 <= useful[0]["u"] and useful[-1]["u"] == end["lastUpdateId"]
    sides = [dict(start[side]) for side in ("bids", "asks")]
    for frame in useful:
        apply(sides, frame)
    assert dict(end["bids"]) == sides[0] and dict(end["asks"]) == sides[1]
    return len(useful)


def apply(sides: list[dict[str, str]], frame: dict[str, Any]) -> None:
    for side, rows in zip(sides, (frame["b"], frame["a"]), strict=True):
        for price, size in rows:
            side[price] = size
            if float(size) == 0:
                del side[price]


async def test_our_own_resting_order_is_a_difference_and_goes_again() -> None:
    async with venue() as at, listener(at, f"/public/ws/{LOW}@depth@100ms") as heard:
        _, made = await place(at, **limit(at, quantity="1.234"))

        def told() -> list[str]:
            return [size for frame in heard.events("depthUpdate") for p, size in frame["b"] if p == made["price"]]

        await eventually(lambda: told() == ["1.234"], "the order in the book")
        await call(at, "DELETE", "/fapi/v1/order", symbol=SYMBOL, orderId=made["orderId"])
        await eventually(lambda: told() == ["1.234", "0.000"], "its end")
    hidden = Rules(0, 0, 0, own_in_book=False)
    async with venue(rules=hidden) as at:
        _, made = await place(at, **limit(at))
        _, book, _ = await ask(at, "GET", "/fapi/v1/depth", f"symbol={SYMBOL}&limit=1000")
        assert made["price"] not in {price for price, _ in book["bids"]}


@pytest.mark.parametrize("levels", [5, 10, 20])
async def test_partial_books_are_the_best_levels_in_full(levels: int) -> None:
    async with venue(character=LIVELY) as at, listener(at, f"/public/ws/{LOW}@depth{levels}@100ms") as heard:
        await eventually(lambda: len(heard.events("depthUpdate")) >= 8, "eight frames", 15)
        for frame in heard.events("depthUpdate"):
            bids, asks = ([float(p) for p, _ in frame[side]] for side in "ba")
            assert len(bids) == len(asks) == levels and all(float(q) > 0 for _, q in frame["b"] + frame["a"])
            assert bids == sorted(bids, reverse=True) and asks == sorted(asks) and bids[0] < asks[0]


async def test_a_book_keeps_its_rhythm_and_is_silent_where_nothing_changes() -> None:
    async with venue(character=LIVELY) as at, listener(at, "/public/ws") as heard:
        await heard.ask("SUBSCRIBE", f"{LOW}@depth@500ms")
        await eventually(lambda: len(heard.events("depthUpdate")) >= 6, "six frames", 15)
        gaps = [b["E"] - a["E"] for a, b in itertools.pairwise(heard.events("depthUpdate"))]
        assert min(gaps) >= 500


async def test_marks_come_every_second_and_every_three_with_index_rate_and_next_funding() -> None:
    async with venue() as at, listener(at, f"/market/stream?streams={LOW}@markPrice@1s/{LOW}@markPrice") as heard:

        def told(name: str) -> list[Any]:
            return [f["data"] for f in heard.frames if f.get("stream") == name]

        await eventually(lambda: len(told(f"{LOW}@markPrice")) >= 2, "two of the slow ones", 15)
        fast, slow = told(f"{LOW}@markPrice@1s"), told(f"{LOW}@markPrice")
        for rows, rhythm in ((fast, 1_000), (slow, 3_000)):
            gaps = [b["E"] - a["E"] for a, b in itertools.pairwise(rows)]
            assert all(rhythm - 100 <= gap <= rhythm + 400 for gap in gaps) and gaps, gaps
        _, page, _ = await ask(at, "GET", "/fapi/v1/premiumIndex", f"symbol={SYMBOL}")
        last = fast[-1]
        assert (last["r"], last["T"]) == (page["lastFundingRate"], page["nextFundingTime"])
        assert last["T"] > last["E"] and float(last["p"]) > 0 and float(last["i"]) > 0


async def test_trades_and_aggregates_are_counted_by_one_and_ours_are_among_them() -> None:
    """A client that backfills by id must not be led past trades by a fill of its own."""
    async with venue(character=LIVELY) as at, contextlib.AsyncExitStack() as stack:
        heard = await stack.enter_async_context(listener(at, f"/public/ws/{LOW}@trade"))
        aggregates = await stack.enter_async_context(listener(at, f"/market/ws/{LOW}@aggTrade"))
        await eventually(lambda: len(heard.events("trade")) > 3, "trades", 15)
        await place(at, **market("BUY", "0.777"))
        await eventually(lambda: any(t["q"] == "0.777" for t in heard.events("trade")), "our own")
        before = len(heard.events("trade"))
        await eventually(lambda: len(heard.events("trade")) > before + 3, "more of others", 15)
        await eventually(lambda: len(aggregates.events("aggTrade")) > 5, "aggregates")
        ids = [trade["t"] for trade in heard.events("trade")]
        assert ids == list(range(ids[0], ids[0] + len(ids)))
        numbers = [trade["a"] for trade in aggregates.events("aggTrade")]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        (own,) = [trade for trade in heard.events("trade") if trade["q"] == "0.777"]
        assert own["m"] is False and own["X"] == "MARKET"
        _, rows, _ = await ask(at, "GET", "/fapi/v1/aggTrades", f"symbol={SYMBOL}&fromId={own['t']}&limit=2")
        assert [row["a"] for row in rows] == [own["t"], own["t"] + 1]
        _, rows, _ = await ask(at, "GET", "/fapi/v1/trades", f"symbol={SYMBOL}&limit=1000")
        assert [row["id"] for row in rows] == list(range(rows[0]["id"], rows[0]["id"] + len(rows)))


async def test_best_prices_come_when_they_change_and_are_the_book() -> None:
    async with venue(character=LIVELY) as at, listener(at, f"/public/ws/{LOW}@bookTicker") as heard:
        await eventually(lambda: len(heard.events("bookTicker")) >= 6, "six of them", 15)
        rows = heard.events("bookTicker")
        assert all(float(row["b"]) < float(row["a"]) for row in rows)
        keys = [(row["b"], row["B"], row["a"], row["A"]) for row in rows]
        assert all(a != b for a, b in itertools.pairwise(keys))
        assert [row["u"] for row in rows] == sorted({row["u"] for row in rows})


# asking for them ---------------------------------------------------------------------------------------------------


async def test_streams_are_subscribed_listed_left_and_misread() -> None:
    async with venue(character=LIVELY) as at, listener(at, "/public/ws") as heard:
        await heard.ask("SUBSCRIBE", f"{LOW}@depth@100ms", f"{LOW}@bookTicker", "nosuch@depth", number=7)
        await heard.ask("LIST_SUBSCRIPTIONS", number=8)
        await eventually(lambda: len([f for f in heard.frames if "id" in f]) == 2, "answers")
        answers = [frame for frame in heard.frames if "id" in frame]
        names = sorted([f"{LOW}@depth@100ms", f"{LOW}@bookTicker", "nosuch@depth"])
        assert answers == [{"result": None, "id": 7}, {"result": names, "id": 8}]
        await eventually(lambda: bool(heard.events("depthUpdate")), "a book")
        await heard.ask("UNSUBSCRIBE", f"{LOW}@depth@100ms", f"{LOW}@bookTicker", number=9)
        await eventually(lambda: {"result": None, "id": 9} in heard.frames, "the end of it")
        count = len(heard.frames)
        await asyncio.sleep(0.4)
        assert len(heard.frames) == count
        for text in ("{", "[" * 9_000, '{"method":"DANCE","id":1}', '{"id":2}', "7"):
            await heard.socket.send_str(text)
        await eventually(lambda: len(heard.frames) == count + 5, "five errors")
        assert all(frame["error"]["code"] == 2 for frame in heard.frames[count:]) and not heard.socket.closed


async def test_combined_streams_carry_their_name_whatever_way_they_were_asked_for() -> None:
    async with venue(character=LIVELY) as at:
        async with listener(at, f"/public/stream?streams={LOW}@bookTicker/{LOW}@depth@100ms") as heard:
            await heard.ask("SUBSCRIBE", f"{LOW}@trade")
            wanted = {f"{LOW}@bookTicker", f"{LOW}@depth@100ms", f"{LOW}@trade"}
            await eventually(lambda: {f["stream"] for f in heard.frames if "stream" in f} == wanted, "all three", 15)
        async with listener(at, f"/public/ws/{LOW}@bookTicker/{LOW}@depth@100ms") as heard:
            kinds = {"bookTicker", "depthUpdate"}
            await eventually(lambda: {frame.get("e") for frame in heard.frames} == kinds, "both, bare", 15)


async def test_a_stream_on_the_wrong_route_is_accepted_and_says_nothing() -> None:
    """Since the split of 2026-04: books and best prices on /public, marks and aggregates on /market, none without."""
    public, other = [f"{LOW}@depth@100ms", f"{LOW}@bookTicker"], [f"{LOW}@aggTrade", f"{LOW}@markPrice@1s"]
    async with venue(character=LIVELY) as at, contextlib.AsyncExitStack() as stack:

        async def hears(path: str, names: list[str]) -> Listener:
            heard = await stack.enter_async_context(listener(at, path))
            await heard.ask("SUBSCRIBE", *names)
            return heard

        wrong = [await hears("/public/ws", other), await hears("/market/ws", public)]
        wrong += [await hears(path, public + other) for path in ("/ws", "/stream", "/private/ws")]
        right = [await hears("/public/ws", public), await hears("/market/ws", other)]
        await eventually(lambda: all(len(heard.frames) > 3 for heard in right), "the right ones", 15)
        assert [heard.frames for heard in wrong] == [[{"result": None, "id": 1}]] * len(wrong)
