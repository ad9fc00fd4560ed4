"""The private stream of the Binance loopback venue as a raw connection hears it: orders, money, closes, the key."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from core.domain.units import MONEY, NS_PER_MS, NS_PER_S
from core.venues.wire.pages import books_page
from tests.venues.wire.binance_hall import FREE, LIVELY, WARM_NS, Venue, ask, venue
from tests.venues.wire.binance_raw import (
    SYMBOL,
    Listener,
    call,
    limit,
    listen_key,
    listener,
    market,
    place,
    private,
    px,
)
from tests.venues.wire.hyperliquid_hall import eventually

FUNDING_AT = 1_700_006_400 * NS_PER_S  # a multiple of 8 h
SEED = 29


# the account -------------------------------------------------------------------------------------------------------


async def test_an_order_from_new_to_its_end_is_told_field_by_field() -> None:
    async with venue() as at, private(at) as heard:
        _, made = await place(at, **limit(at, newClientOrderId="mine"))
        number = made["orderId"]
        change = {"symbol": SYMBOL, "side": "BUY", "quantity": "0.3", "price": px(at, -6_000), "orderId": number}
        await call(at, "PUT", "/fapi/v1/order", **change)
        await call(at, "DELETE", "/fapi/v1/order", symbol=SYMBOL, orderId=number)
        await eventually(lambda: len(heard.orders()) == 3, "three updates")
        told = heard.orders()
        assert [(row["x"], row["X"]) for row in told] == [
            ("NEW", "NEW"), ("AMENDMENT", "NEW"), ("CANCELED", "CANCELED")
        ]  # fmt: skip
        assert [row["q"] for row in told] == ["0.100", "0.300", "0.300"]
        assert [row["p"] for row in told] == [made["price"], change["price"], change["price"]]
        assert {(row["c"], row["i"], row["s"], row["S"], row["f"], row["t"]) for row in told} == {
            ("mine", number, SYMBOL, "BUY", "GTC", 0)
        }
        assert not any("n" in row or "N" in row for row in told), "no commission, no field"
        assert heard.events("ACCOUNT_UPDATE") == []
        book = at.exchange.depth(0)
        lots = int(book[1][1][0])
        await place(at, **limit(at, price=px(at, 400, 1), quantity=f"{(lots + 100) / 1000:.3f}", newClientOrderId="t"))
        await eventually(lambda: any(row["X"] == "FILLED" for row in heard.orders()), "fills")
        fills = [row for row in heard.orders() if row["x"] == "TRADE"]
        assert [row["X"] for row in fills] == ["PARTIALLY_FILLED"] * (len(fills) - 1) + ["FILLED"] and len(fills) > 1
        done = list(itertools.accumulate(float(row["l"]) for row in fills))
        assert [float(row["z"]) for row in fills] == pytest.approx(done)
        assert all(row["N"] == "USDC" and float(row["n"]) > 0 and row["m"] is False for row in fills)
        assert [frame["a"]["m"] for frame in heard.events("ACCOUNT_UPDATE")] == ["ORDER"] * len(fills)
        held = [float(frame["a"]["P"][0]["pa"]) for frame in heard.events("ACCOUNT_UPDATE")]
        assert held == pytest.approx(done), "each tells the account as it stood then"


async def test_replaying_every_private_event_gives_the_venues_own_books() -> None:
    """R-O4: some hundred careless actions; orders, fills, fees, position and wallet as told are those of the books."""
    rng = np.random.default_rng(SEED)
    print("seed", SEED)
    async with venue(character=LIVELY, equity=1_000_000 * MONEY) as at, private(at) as heard:
        for n in range(150):
            await careless(at, rng, n)
        await place(at, **limit(at))
        await eventually(lambda: len({row["i"] for row in heard.orders()}) > 60, "the updates")
        await asyncio.sleep(0.1)
        page = books_page(at.exchange)
        newest = {row["i"]: row for row in heard.orders()}
        words = {"open": {"NEW", "PARTIALLY_FILLED"}, "filled": {"FILLED"}, "canceled": {"CANCELED"},
                 "expired": {"EXPIRED", "EXPIRED_IN_MATCH"}}  # fmt: skip
        grid = at.dialect.symbols[0].grid
        shown = [order for order in page.orders if order.status != "rejected"]
        assert {order.status for order in shown} == set(words)
        assert set(newest) == {order.venue_id for order in shown}
        for order in shown:
            row = newest[order.venue_id]
            assert row["X"] in words[order.status] and row["c"] == order.client
            assert (row["q"], row["z"], row["p"]) == (grid.sz(order.qty), grid.sz(order.filled), grid.px(order.px))
        fills = {row["t"]: row for row in heard.orders() if row["x"] == "TRADE"}
        assert set(fills) == {trade.id for trade in page.trades} and len(fills) > 30
        for trade in page.trades:
            row = fills[trade.id]
            assert (row["l"], row["L"], row["m"]) == (grid.sz(trade.qty), grid.px(trade.px), trade.maker)
            assert round(float(row.get("n", 0)) * MONEY) == trade.fee
            assert round(float(row["rp"]) * MONEY) == trade.realised
        rows = [frame["a"] for frame in heard.events("ACCOUNT_UPDATE")]
        last, wallet = rows[-1], 1_000_000 * MONEY
        for row, trade in zip(rows, page.trades, strict=True):
            wallet += trade.realised - trade.fee
            assert round(float(row["B"][0]["wb"]) * MONEY) == wallet
        assert wallet == page.wallet
        held = sum(round(float(row["l"]) * 1_000) * (1 if row["S"] == "BUY" else -1) for row in fills.values())
        assert held == at.exchange.position(0)[0] == round(float(last["P"][0]["pa"]) * 1_000)


async def careless(at: Venue, rng: np.random.Generator, n: int) -> None:
    """Something a careless trader might do now; refusals are part of it."""
    live = at.exchange.books.open_of(0)
    kind, side = rng.random(), int(rng.integers(2))
    word = ("BUY", "SELL")[side]
    if kind < 0.15 and live:
        await call(at, "DELETE", "/fapi/v1/order", symbol=SYMBOL, orderId=live[0].venue_id)
    elif kind < 0.35 and live:
        order = live[int(rng.integers(len(live)))]
        change = {
            "symbol": SYMBOL,
            "side": ("BUY", "SELL")[order.side],
            "quantity": f"{rng.integers(20, 90) / 1e3:.3f}",
        }
        price = px(at, int(rng.integers(-60, 20)) * (1 - 2 * order.side), order.side)
        await call(at, "PUT", "/fapi/v1/order", **change, price=price, orderId=order.venue_id)
    elif kind < 0.45:
        await place(at, **market(word, "0.05", reduceOnly=str(bool(rng.integers(2))).lower()))
    else:
        tif = str(rng.choice(["GTC", "GTX", "IOC", "FOK"]))
        price = px(at, int(rng.integers(-30, 30)), int(rng.integers(2)))
        await place(at, **limit(at, side=word, price=price, timeInForce=tif, quantity="0.05", newClientOrderId=f"o{n}"))


@pytest.mark.parametrize("isolated", [0, 1])
async def test_funding_is_told_and_names_a_position_only_where_it_is_isolated(isolated: int) -> None:
    async with venue(start_ns=FUNDING_AT - 2 * NS_PER_S - WARM_NS) as at, private(at) as heard:
        at.exchange.exchange.account.s.isolated[0] = isolated
        await place(at, **market("BUY", "2"))

        def paid() -> list[Any]:
            return [frame["a"] for frame in heard.events("ACCOUNT_UPDATE") if frame["a"]["m"] == "FUNDING_FEE"]

        await eventually(lambda: bool(paid()), "the payment", 15)
        (payment,) = at.exchange.books.payments
        (told,) = paid()
        assert round(float(told["B"][0]["bc"]) * MONEY) == payment.amount != 0
        assert (told["S"], len(told["P"])) == (SYMBOL, isolated)
        _, rows = await call(at, "GET", "/fapi/v1/income", incomeType="FUNDING_FEE")
        assert [round(float(row["income"]) * MONEY) for row in rows] == [payment.amount]
        await eventually(lambda: bool(at.dialect.symbols[0].fundings), "the rate of it")
        _, rates, _ = await ask(at, "GET", "/fapi/v1/fundingRate", f"symbol={SYMBOL}")
        assert rates[-1]["fundingTime"] // 1_000 == payment.ts // NS_PER_S
        later = f"symbol={SYMBOL}&startTime={rates[-1]['fundingTime'] + 1}"
        assert (await ask(at, "GET", "/fapi/v1/fundingRate", later))[1] == []


async def test_money_that_comes_and_goes_is_told() -> None:
    async with venue() as at, private(at) as heard:
        for amount in (25 * MONEY, -10 * MONEY):
            at.exchange.inject(0, "transfer", (amount,))
        await eventually(lambda: len(heard.events("ACCOUNT_UPDATE")) == 2, "both")
        told = [frame["a"] for frame in heard.events("ACCOUNT_UPDATE")]
        assert [(row["m"], row["P"], row["B"][0]["bc"]) for row in told] == [
            ("DEPOSIT", [], "25.00000000"), ("WITHDRAW", [], "-10.00000000")
        ]  # fmt: skip
        assert told[-1]["B"][0]["wb"] == "100015.00000000"


@pytest.mark.parametrize(
    ("what", "client", "kind"), [("adl", "adl_autoclose", "ADL"), ("liquidate", "autoclose-", "LIQUIDATION")]
)
async def test_a_close_that_the_venue_makes_is_an_order_of_its_own(what: str, client: str, kind: str) -> None:
    """R-O6: NEW, then CALCULATED, under an id that nobody here gave; REST has the trade, the order and the reason."""
    async with venue() as at, private(at) as heard:
        await place(at, **market("BUY", "3", newClientOrderId="mine"))
        lots = at.exchange.position(0)[0]
        assert at.exchange.inject(0, what, (lots,) if what == "adl" else ())
        await eventually(lambda: any(row["x"] == "CALCULATED" for row in heard.orders()), "the close")
        theirs = [row for row in heard.orders() if row["c"] != "mine"]
        assert theirs[0]["x"] == "NEW" and {row["x"] for row in theirs} == {"NEW", "CALCULATED"}
        assert all(row["c"].startswith(client) and row["S"] == "SELL" and row["o"] == "LIQUIDATION" for row in theirs)
        closed = {row["t"]: row for row in theirs if row["x"] == "CALCULATED"}
        rows = {row["id"]: row for row in (await call(at, "GET", "/fapi/v1/userTrades", symbol=SYMBOL))[1]}
        assert set(closed) < set(rows) and all(rows[t]["orderId"] == row["i"] for t, row in closed.items())
        assert sum(float(row["l"]) for row in closed.values()) * 1_000 == pytest.approx(lots)
        assert at.exchange.position(0)[0] == 0
        last = heard.events("ACCOUNT_UPDATE")[-1]["a"]
        assert (last["P"][0]["pa"], last["P"][0]["ep"]) == ("0.000", "0.0")
        assert round(float(last["B"][0]["wb"]) * MONEY) == books_page(at.exchange).wallet
        number = next(iter(closed.values()))["i"]
        _, order = await call(at, "GET", "/fapi/v1/order", symbol=SYMBOL, orderId=number)
        assert order["clientOrderId"].startswith(client) and order["status"] == "FILLED"
        _, orders = await call(at, "GET", "/fapi/v1/allOrders", symbol=SYMBOL)
        assert number in {row["orderId"] for row in orders}
        _, forced = await call(at, "GET", "/fapi/v1/forceOrders", symbol=SYMBOL, autoCloseType=kind)
        assert {row["orderId"] for row in forced} == {row["i"] for row in closed.values()}


async def test_a_conditional_order_is_told_from_waiting_to_its_end() -> None:
    async with venue() as at, private(at) as heard:
        await place(at, **market("BUY", "1"))
        stop = {"algoType": "CONDITIONAL", "symbol": SYMBOL, "side": "SELL", "type": "STOP_MARKET",
                "triggerPrice": px(at, -20_000), "closePosition": "true", "workingType": "MARK_PRICE",
                "clientAlgoId": "stop"}  # fmt: skip
        _, made = await call(at, "POST", "/fapi/v1/algoOrder", **stop)
        at.dialect.algo.waiting[0].trigger_px = at.exchange.mark(0) + 100  # the market need not fall for the test
        await eventually(lambda: at.exchange.position(0)[0] == 0, "the close")
        await eventually(lambda: len(heard.events("ALGO_UPDATE")) == 4, "four updates")
        told = [frame["o"] for frame in heard.events("ALGO_UPDATE")]
        assert [row["X"] for row in told] == ["NEW", "TRIGGERING", "TRIGGERED", "FINISHED"]
        assert {(row["caid"], row["aid"]) for row in told} == {("stop", made["algoId"])}
        (trade,) = at.exchange.books.trades[-1:]
        assert trade.order is not None and [row["ai"] for row in told][2:] == [str(trade.order.venue_id)] * 2
        _, row = await call(at, "GET", "/fapi/v1/algoOrder", clientAlgoId="stop")
        assert (row["algoStatus"], row["actualOrderId"]) == ("FINISHED", str(trade.order.venue_id))
        _, order = await call(at, "GET", "/fapi/v1/order", symbol=SYMBOL, orderId=trade.order.venue_id)
        assert (order["type"], order["reduceOnly"], order["clientOrderId"]) == ("STOP_MARKET", True, "stop")


async def test_a_conditional_limit_order_finishes_only_when_its_order_has_ended() -> None:
    async with venue() as at, private(at) as heard:
        await place(at, **market("BUY", "1"))
        take = {"algoType": "CONDITIONAL", "symbol": SYMBOL, "side": "SELL", "type": "TAKE_PROFIT", "quantity": "0.5",
                "triggerPrice": px(at, 5_000), "price": px(at, 9_000), "clientAlgoId": "profit"}  # fmt: skip
        assert (await call(at, "POST", "/fapi/v1/algoOrder", **take))[0] == 200
        at.dialect.algo.waiting[0].trigger_px = 1
        await eventually(lambda: len(at.exchange.books.open_of()) == 1, "the order that it became")
        await asyncio.sleep(0.1)
        assert [frame["o"]["X"] for frame in heard.events("ALGO_UPDATE")] == ["NEW", "TRIGGERING", "TRIGGERED"]
        await call(at, "DELETE", "/fapi/v1/allOpenOrders", symbol=SYMBOL)
        await eventually(lambda: heard.events("ALGO_UPDATE")[-1]["o"]["X"] == "FINISHED", "its end")


async def test_a_conditional_order_whose_position_is_gone_is_rejected_when_it_fires() -> None:
    async with venue() as at, private(at) as heard:
        await place(at, **market("BUY", "1"))
        stop = {"algoType": "CONDITIONAL", "symbol": SYMBOL, "side": "SELL", "type": "STOP_MARKET", "quantity": "1",
                "triggerPrice": px(at, -20_000), "reduceOnly": "true"}  # fmt: skip
        assert (await call(at, "POST", "/fapi/v1/algoOrder", **stop))[0] == 200
        await place(at, **market("SELL", "1", reduceOnly="true"))
        at.dialect.algo.waiting[0].trigger_px = 1 << 30
        await eventually(lambda: bool(heard.events("ALGO_UPDATE")[2:]), "the end of it")
        assert [frame["o"]["X"] for frame in heard.events("ALGO_UPDATE")] == ["NEW", "TRIGGERING", "REJECTED"]


# the listen key ----------------------------------------------------------------------------------------------------


async def test_one_key_for_the_account_is_kept_alive_and_ended() -> None:
    async with venue() as at:
        key = await listen_key(at)
        assert len(key) == 64 and await listen_key(at) == key == await listen_key(at, "PUT")
        until = at.dialect.keys.until
        await asyncio.sleep(0.01)
        await listen_key(at, "PUT")
        assert at.dialect.keys.until > until
        await listen_key(at, "DELETE")
        assert (await ask(at, "PUT", "/fapi/v1/listenKey"))[:2] == (
            400, {"code": -1125, "msg": "This listenKey does not exist."}
        )  # fmt: skip
        assert await listen_key(at) != key


@contextlib.asynccontextmanager
async def four_ways(at: Venue) -> AsyncIterator[list[Listener]]:
    """Every way to ask for the private stream of one key."""
    key = await listen_key(at)
    async with contextlib.AsyncExitStack() as stack:
        paths = (f"/private/ws?listenKey={key}", f"/private/ws/{key}", f"/private/stream?streams={key}", "/private/ws")
        found = [await stack.enter_async_context(listener(at, path)) for path in paths]
        await found[3].ask("SUBSCRIBE", key)
        await eventually(lambda: bool(found[3].frames), "the subscription")
        yield found


async def test_a_key_that_ends_is_told_to_its_hearers_and_then_there_is_silence() -> None:
    """R-B6: the expiry at the end of its hour; a new key must be asked for and heard anew."""
    async with venue() as at, four_ways(at) as heard:
        old = at.dialect.keys.key
        await place(at, **limit(at))
        await eventually(lambda: all(one.orders() for one in heard), "an order told four ways")
        at.dialect.keys.until = at.exchange.now() + 50 * NS_PER_MS
        await eventually(lambda: all(one.events("listenKeyExpired") for one in heard), "the end told four ways")
        assert {one.events("listenKeyExpired")[0]["listenKey"] for one in heard} == {old}
        counts = [len(one.frames) for one in heard]
        new = await listen_key(at)
        await place(at, **limit(at))
        async with listener(at, f"/private/ws?listenKey={new}") as fresh:
            await place(at, **limit(at))
            await eventually(lambda: len(fresh.orders()) == 1, "the new key's order")
        assert [len(one.frames) for one in heard] == counts and new != old


async def test_a_key_that_is_deleted_or_invented_hears_nothing() -> None:
    async with venue() as at, contextlib.AsyncExitStack() as stack:
        deleted = await stack.enter_async_context(private(at))
        paths = ("/private/ws?listenKey=" + "0" * 64, f"/public/ws/{at.dialect.keys.key}", f"/ws/{at.dialect.keys.key}")
        others = [await stack.enter_async_context(listener(at, path)) for path in paths]
        await listen_key(at, "DELETE")
        await place(at, **limit(at))
        right = await stack.enter_async_context(private(at))
        await place(at, **limit(at))
        await eventually(lambda: bool(right.orders()), "an order on the right one")
        assert deleted.frames == [] and all(one.frames == [] for one in others)


async def test_the_switch_cancels_regular_orders_of_its_symbol_alone_and_0_stops_it() -> None:
    """R-D1: as long as it is refreshed it does not fire; what waits for a trigger stays."""
    async with venue(symbols=("ETHUSDC", "BTCUSDT"), rules=FREE) as at:
        await place(at, **limit(at))
        other = at.dialect.symbols[1]
        low = other.grid.px(at.exchange.top(1)[0] - 500)
        await place(at, **limit(at, symbol="BTCUSDT", quantity="0.01", price=low))
        stop = {"algoType": "CONDITIONAL", "symbol": SYMBOL, "side": "SELL", "type": "STOP_MARKET", "quantity": "0.1",
                "triggerPrice": px(at, -20_000)}  # fmt: skip
        await call(at, "POST", "/fapi/v1/algoOrder", **stop)
        path = "/fapi/v1/countdownCancelAll"
        for _ in range(4):
            _, told = await call(at, "POST", path, symbol=SYMBOL, countdownTime=700)
            assert told == {"symbol": SYMBOL, "countdownTime": "700"}
            await asyncio.sleep(0.25)
        assert len(at.exchange.books.open_of()) == 2
        await call(at, "POST", path, symbol=SYMBOL, countdownTime=0)
        await asyncio.sleep(0.8)
        assert len(at.exchange.books.open_of()) == 2 and at.dialect.dead_man.fired == 0
        await call(at, "POST", path, symbol=SYMBOL, countdownTime=100)
        await eventually(lambda: at.dialect.dead_man.fired == 1, "the switch")
        assert [order.instrument for order in at.exchange.books.open_of()] == [1] and len(at.dialect.algo.waiting) == 1
