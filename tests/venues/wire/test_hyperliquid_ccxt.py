"""ccxt.pro's own Hyperliquid class against the loopback venue: trading, reading, and the books of both sides."""

from __future__ import annotations

from typing import Any

import ccxt
import pytest

from core.domain.units import MONEY, NS_PER_S, SELL
from core.venues.wire.hyperliquid.dialect import Rules
from core.venues.wire.pages import books_page
from tests.venues.wire.hyperliquid_hall import (
    AGENT,
    AGENT_KEY,
    USER,
    WARM_NS,
    Listener,
    Venue,
    class_of,
    client,
    eventually,
    listener,
    settings,
    venue,
)

BTC, SPOT, SOL = "BTC/USDC:USDC", "BTC/USDC", "SOL/USDC:USDC"
CLOID = "0x" + "ab" * 16
ALO = {"postOnly": True}
HOUR = 1_700_002_800 * NS_PER_S  # a funding hour


def oid_of(made: dict[str, Any]) -> int:
    return int(made["id"])


async def test_markets_are_listed_with_the_steps_of_the_venue_and_a_spot_twin() -> None:
    """S1: perpetuals by asset number, spot books by @N, looked up by position."""
    async with venue(coins=("BTC", "SOL")) as at, client(at) as x:
        assert set(x.markets) == {BTC, SPOT, SOL, "SOL/USDC"}
        btc, sol, spot = x.markets[BTC], x.markets[SOL], x.markets[SPOT]
        assert (btc["precision"]["price"], btc["precision"]["amount"], btc["baseId"]) == (1.0, 1e-05, "0")
        assert (sol["precision"]["price"], sol["precision"]["amount"], sol["baseId"]) == (0.01, 0.01, "1")
        assert (spot["id"], spot["baseId"], spot["precision"]["price"]) == ("@142", "10142", 1.0)
        assert btc["limits"]["leverage"]["max"] == 40
        assert abs(await x.fetch_time() - at.exchange.now() // 1_000_000) < 1_000
        status = await x.fetch_status()
        assert status["status"] == "ok"


async def test_all_three_kinds_of_market_load_as_ccxt_does_by_itself() -> None:
    async with venue() as at:
        config = settings(at)
        config["options"] = {}
        x = class_of(cured=True)(config)
        try:
            await x.load_markets()
            assert BTC in x.markets and SPOT in x.markets
        finally:
            await x.close()


async def test_the_spot_book_lies_by_its_basis_beside_the_perpetual() -> None:
    async with venue() as at, client(at) as x:
        perp, spot = await x.fetch_order_book(BTC), await x.fetch_order_book(SPOT)
        assert len(perp["bids"]) == len(perp["asks"]) == 20
        shift = perp["bids"][0][0] - spot["bids"][0][0]
        assert shift == pytest.approx(22, abs=30) and perp["bids"][0][0] < perp["asks"][0][0]
        with pytest.raises(ccxt.ExchangeError, match="perpetuals only"):
            await x.create_order(SPOT, "limit", "buy", 0.01, spot["bids"][0][0])


async def test_an_order_rests_is_read_by_both_ids_and_cancelled() -> None:
    async with venue() as at, client(at) as x:
        bid = (await x.fetch_order_book(BTC))["bids"][0][0]
        made = await x.create_order(BTC, "limit", "buy", 0.01, bid - 100, ALO | {"clientOrderId": CLOID})
        assert made["info"] == {"resting": {"oid": oid_of(made), "cloid": CLOID}}
        (shown,) = await x.fetch_open_orders(BTC)
        assert (shown["id"], shown["clientOrderId"], shown["price"]) == (made["id"], CLOID, bid - 100)
        assert (shown["amount"], shown["remaining"], shown["postOnly"]) == (0.01, 0.01, True)
        for query in ((made["id"], BTC), (None, BTC, {"clientOrderId": CLOID})):
            found = await x.fetch_order(*query)
            assert (found["id"], found["status"], found["side"]) == (made["id"], "open", "buy")
        assert (await x.cancel_order(None, BTC, {"clientOrderId": CLOID}))["status"] == "success"
        assert await x.fetch_open_orders(BTC) == []
        assert (await x.fetch_order(made["id"], BTC))["status"] == "canceled"
        with pytest.raises(ccxt.OrderNotFound):
            await x.cancel_order(made["id"], BTC)
        with pytest.raises(ccxt.OrderNotFound):
            await x.fetch_order("999999", BTC)


async def test_an_edit_is_another_order_under_the_same_client_id() -> None:
    """As the real venue does it: a new oid; open(new) is told before canceled(old)."""
    async with venue() as at, client(at) as x, listener(at) as heard:
        bid = (await x.fetch_order_book(BTC))["bids"][0][0]
        old = await x.create_order(BTC, "limit", "buy", 0.01, bid - 100, ALO | {"clientOrderId": CLOID})
        await heard.ask(type="orderUpdates", user=USER)
        await eventually(lambda: bool(heard.data("subscriptionResponse")), "the subscription")
        new = await x.edit_order(old["id"], BTC, "limit", "buy", 0.02, bid - 120, ALO | {"clientOrderId": CLOID})
        assert new["id"] != old["id"]
        await eventually(lambda: bool(heard.data("orderUpdates")), "the updates")
        (rows,) = heard.data("orderUpdates")
        told = [(row["order"]["oid"], row["status"]) for row in rows]
        assert told == [(oid_of(new), "open"), (oid_of(old), "canceled")]
        assert {row["order"]["cloid"] for row in rows} == {CLOID}
        (shown,) = await x.fetch_open_orders(BTC)
        assert (shown["id"], shown["amount"], shown["price"]) == (new["id"], 0.02, bid - 120)
        assert (await x.fetch_order(None, BTC, {"clientOrderId": CLOID}))["id"] == new["id"]
        with pytest.raises(ccxt.ExchangeError, match="Cannot modify canceled or filled order"):
            await x.edit_order(old["id"], BTC, "limit", "buy", 0.02, bid - 130, ALO)
        with pytest.raises(ccxt.ExchangeError, match="always_place"):
            await x.edit_order(new["id"], BTC, "limit", "buy", 0.02, bid + 500)
        assert [o["id"] for o in await x.fetch_open_orders(BTC)] == [new["id"]]


async def test_a_market_order_is_filled_and_both_books_agree_to_the_last_unit() -> None:
    """Orders, fills, fees and position as the client sees them are those of the venue's own books."""
    async with venue(coins=("BTC", "SOL")) as at, client(at) as x:
        for symbol, size in ((BTC, 0.02), (SOL, 3.5)):
            book = await x.fetch_order_book(symbol)
            made = await x.create_order(symbol, "market", "buy", size, book["asks"][0][0])
            assert made["filled"] == size and made["average"] >= book["bids"][0][0]
            bid = (await x.fetch_order_book(symbol))["bids"][0][0]
            await x.create_order(
                symbol, "limit", "sell", size / 2, bid * 0.99, {"timeInForce": "IOC", "reduceOnly": True}
            )
        page = books_page(at.exchange)
        mine = {trade["id"]: trade for trade in await x.fetch_my_trades()}
        assert len(mine) == len(page.trades) >= 4
        for row in page.trades:
            coin = at.dialect.coins[row.instrument]
            seen = mine[str(row.id)]
            assert (seen["order"], seen["side"]) == (str(row.venue_id), "sell" if row.side == SELL else "buy")
            assert (seen["info"]["px"], seen["info"]["sz"]) == (coin.grid.px(row.px), coin.grid.sz(row.qty))
            assert round(seen["fee"]["cost"] * MONEY) == row.fee and seen["takerOrMaker"] == "taker"
        positions = {position["symbol"]: position for position in await x.fetch_positions()}
        assert {symbol: p["contracts"] for symbol, p in positions.items()} == {BTC: 0.01, SOL: 1.75}
        for i, lots, cost in page.positions:
            coin = at.dialect.coins[i]
            entry = abs(cost) * coin.grid.tick // (abs(lots) * coin.instrument.unit)
            assert round(positions[(BTC, SOL)[i]]["entryPrice"] * MONEY) == entry
        balance = await x.fetch_balance()
        assert round(balance["USDC"]["total"] * MONEY) == pytest.approx(at.exchange.exchange.equity(), abs=20 * MONEY)
        closed = sum(round(float(trade["info"]["closedPnl"]) * MONEY) for trade in mine.values())
        assert page.wallet == 100_000 * MONEY + closed - page.fees


async def test_an_edit_of_a_partly_filled_order_wants_its_new_size_in_full() -> None:
    """The trap of cancel-replace: what the old order had filled does not count against the new size."""
    async with venue(equity=100_000_000 * MONEY) as at, client(at) as x:
        ask = (await x.fetch_order_book(BTC))["asks"][0][0]
        old = await x.create_order(BTC, "limit", "buy", 9, ask, {"clientOrderId": CLOID})
        assert "resting" in old["info"]
        first = await x.fetch_order(old["id"], BTC)
        assert first["status"] == "open" and 0 < first["filled"] < 9
        new = await x.edit_order(old["id"], BTC, "limit", "buy", 9, ask - 300, ALO | {"clientOrderId": CLOID})
        shown = await x.fetch_order(new["id"], BTC)
        assert (shown["amount"], shown["remaining"]) == (9, 9)
        gone = await x.fetch_order(old["id"], BTC)
        assert gone["status"] == "canceled" and gone["filled"] == first["filled"]


async def test_a_reduce_only_order_ends_with_its_position() -> None:
    async with venue() as at, client(at) as x, listener(at) as heard:
        book = await x.fetch_order_book(BTC)
        ask, far = book["asks"][0][0], book["asks"][0][0] + 900
        await x.create_order(BTC, "market", "buy", 0.02, ask)
        await heard.ask(type="orderUpdates", user=USER)
        await eventually(lambda: bool(heard.data("subscriptionResponse")), "the subscription")
        made = await x.create_order(BTC, "limit", "sell", 0.02, far, ALO | {"reduceOnly": True})
        for size in (0.015, 0.005):
            await x.create_order(BTC, "market", "sell", size, ask)
        await eventually(lambda: len(mine(heard, made)) >= 2, "its end")
        assert mine(heard, made) == [("open", "0.02"), ("reduceOnlyCanceled", "0.02")]
        assert await x.fetch_open_orders(BTC) == []


def mine(heard: Listener, made: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [row for batch in heard.data("orderUpdates") for row in batch]
    return [(row["status"], row["order"]["sz"]) for row in rows if row["order"]["oid"] == oid_of(made)]


async def test_a_resting_order_is_filled_as_maker() -> None:
    async with venue() as at, client(at) as x:
        book = await x.fetch_order_book(BTC)
        bid, ask = book["bids"][0][0], book["asks"][0][0]
        made = await x.create_orders(
            [
                {"symbol": BTC, "type": "limit", "side": side, "amount": 0.001, "price": px, "params": dict(ALO)}
                for side, px in (("buy", bid), ("sell", ask))
            ]
        )
        assert len({one["id"] for one in made}) == 2
        await eventually(lambda: any(t.maker for t in at.exchange.books.trades), "a fill of a resting order", 20)
        fills = await x.fetch_my_trades(BTC)
        assert fills[0]["takerOrMaker"] == "maker" and fills[0]["order"] in {one["id"] for one in made}
        assert fills[0]["fee"]["cost"] == pytest.approx(fills[0]["cost"] * 1.5e-4, rel=1e-6)


async def test_what_a_batch_does_when_one_of_it_is_bad() -> None:
    """The good one rests and yet ccxt raises for the whole batch: the trap of LIVE_VENUES.md section 4."""
    async with venue() as at, client(at) as x:
        bid = (await x.fetch_order_book(BTC))["bids"][0][0]
        batch = [
            {"symbol": BTC, "type": "limit", "side": "buy", "amount": size, "price": bid - 100, "params": dict(ALO)}
            for size in (0.01, 40.0)
        ]
        with pytest.raises(ccxt.InsufficientFunds) as caught:
            await x.create_orders(batch)
        assert '"resting":{"oid":1}' in str(caught.value)
        assert [o["amount"] for o in await x.fetch_open_orders(BTC)] == [0.01]
        assert [order.status for order in at.exchange.books.orders] == ["open", "rejected"]


@pytest.mark.parametrize(
    ("side", "size", "away", "params", "error", "text"),
    [
        ("buy", 0.01, 200, ALO, ccxt.InvalidOrder, "Post only order would have immediately matched, bbo was"),
        ("buy", 0.00005, -100, {}, ccxt.InvalidOrder, "Order must have minimum value of \\$10"),
        ("buy", 0.01, -500, {"timeInForce": "IOC"}, ccxt.InvalidOrder, "Order could not immediately match"),
        ("sell", 0.01, 100, {"reduceOnly": True}, ccxt.InvalidOrder, "Reduce only order would increase position"),
        ("buy", 40.0, -100, {}, ccxt.InsufficientFunds, "Insufficient margin to place order. asset=0"),
        ("buy", 0.01, 95_000, {"timeInForce": "IOC"}, ccxt.InvalidOrder, "cannot be more than 80% away"),
    ],
)
async def test_a_refused_order_is_refused_in_the_words_of_the_venue(
    side: str, size: float, away: float, params: dict[str, Any], error: type[Exception], text: str
) -> None:
    async with venue() as at, client(at) as x:
        bid = (await x.fetch_order_book(BTC))["bids"][0][0]
        with pytest.raises(error, match=text):
            await x.create_order(BTC, "limit", side, size, bid + away, params | {"clientOrderId": CLOID})
        assert await x.fetch_open_orders(BTC) == [] and at.exchange.position(0) == (0, 0)
        found = await x.fetch_order(None, BTC, {"clientOrderId": CLOID})
        assert found["status"] == "rejected" and found["filled"] == 0


async def test_leverage_and_margin_mode_are_set_and_refused() -> None:
    async with venue() as at, client(at) as x:
        assert (await x.set_leverage(5, BTC, {"marginMode": "isolated"}))["status"] == "ok"
        account = at.exchange.exchange.account.s
        assert (account.leverage[0], account.isolated[0]) == (5, 1)
        with pytest.raises(ccxt.ExchangeError, match="Invalid leverage value"):
            await x.set_leverage(41, BTC)
        ask = (await x.fetch_order_book(BTC))["asks"][0][0]
        await x.create_order(BTC, "market", "buy", 0.01, ask)
        (position,) = await x.fetch_positions()
        assert (position["leverage"], position["marginMode"]) == (5, "isolated")
        assert position["liquidationPrice"] == pytest.approx(ask * 0.81, rel=0.01)
        with pytest.raises(ccxt.ExchangeError, match="Cannot switch leverage type with open position"):
            await x.set_margin_mode("cross", BTC, {"leverage": 5})
        before = position["collateral"]
        await x.add_margin(BTC, 50)
        (position,) = await x.fetch_positions()
        assert position["collateral"] == pytest.approx(before + 50, abs=5)
        with pytest.raises(ccxt.ExchangeError, match="Insufficient margin"):
            await x.reduce_margin(BTC, 5_000)


async def test_funding_is_paid_read_and_in_the_books() -> None:
    """The hour passes 2 s after the start; longs pay the rate of the market."""
    async with venue(start_ns=HOUR - 2 * NS_PER_S - WARM_NS) as at, client(at) as x:
        ask = (await x.fetch_order_book(BTC))["asks"][0][0]
        await x.create_order(BTC, "market", "buy", 0.5, ask)
        await eventually(lambda: bool(at.exchange.books.payments), "a funding payment")
        (paid,) = await x.fetch_funding_history(BTC)
        (payment,) = at.exchange.books.payments
        assert round(paid["amount"] * MONEY) == payment.amount < 0
        assert paid["info"]["delta"]["szi"] == "0.5" and paid["timestamp"] == payment.ts // 1_000_000
        (position,) = await x.fetch_positions()
        since = position["info"]["position"]["cumFunding"]["sinceOpen"]
        assert round(float(since) * MONEY) == -payment.amount
        (rate,) = await x.fetch_funding_rate_history(BTC)
        assert payment.amount == pytest.approx(-rate["fundingRate"] * 0.5 * ask * MONEY, rel=1e-2)
        now = await x.fetch_funding_rate(BTC)
        assert now["fundingRate"] is not None and abs(now["markPrice"] / ask - 1) < 0.01


async def test_a_dead_mans_switch_cancels_everything_and_nothing_comes_after(monkeypatch: pytest.MonkeyPatch) -> None:
    """RELIABILITY 2: the venue asks five seconds; the test's venue asks half of one."""
    monkeypatch.setattr("core.venues.wire.hyperliquid.deadman.AHEAD_MS", 500)
    async with venue() as at, client(at) as x:
        with pytest.raises(ccxt.ExchangeError, match="seconds in the future"):
            await x.cancel_all_orders_after(400)
        bid = (await x.fetch_order_book(BTC))["bids"][0][0]
        made = await x.create_order(BTC, "limit", "buy", 0.01, bid - 100, ALO)
        stop = {"stopLossPrice": bid - 1_000, "reduceOnly": True}
        trigger = await x.create_order(BTC, "limit", "sell", 0.01, bid - 1_000, stop)
        assert len(await x.fetch_open_orders(BTC)) == 2
        await x.cancel_all_orders_after(600)
        await eventually(lambda: at.dialect.dead_man.fired == 1, "the switch to fire")
        assert await x.fetch_open_orders(BTC) == []
        for one in (made, trigger):
            assert (await x.fetch_order(one["id"], BTC))["info"]["status"] == "scheduledCancel"


async def test_the_dead_mans_switch_is_granted_for_volume_and_ten_times_a_day() -> None:
    async with venue(rules=Rules(dead_man_volume=1_000)) as at, client(at) as x:
        with pytest.raises(ccxt.ExchangeError, match=r"until enough volume traded. Required: \$1000. Traded: \$0.0"):
            await x.cancel_all_orders_after(10_000)
        await x.create_order(BTC, "market", "buy", 0.01, (await x.fetch_order_book(BTC))["asks"][0][0])
        await x.cancel_all_orders_after(10_000)
        assert at.dialect.dead_man.at_ms > 0
        at.dialect.dead_man.fired = 10
        with pytest.raises(ccxt.ExchangeError, match="10 triggers per day"):
            await x.cancel_all_orders_after(10_000)


async def test_a_stop_loss_fires_on_the_mark_under_its_own_id() -> None:
    async with venue() as at, client(at) as x:
        ask = (await x.fetch_order_book(BTC))["asks"][0][0]
        await x.create_order(BTC, "market", "buy", 0.01, ask)
        with pytest.raises(ccxt.ExchangeError, match="reduce only"):
            await x.create_order(BTC, "market", "sell", 0.01, ask, {"stopLossPrice": ask - 900})
        with pytest.raises(ccxt.InvalidOrder, match="Invalid TP/SL price"):
            await x.create_order(BTC, "market", "sell", 0.01, ask, {"stopLossPrice": ask + 900, "reduceOnly": True})
        stop = await x.create_order(BTC, "market", "sell", 0.01, ask, {"stopLossPrice": ask - 900, "reduceOnly": True})
        (shown,) = await x.fetch_open_orders(BTC)
        assert (shown["id"], shown["stopLossPrice"], shown["reduceOnly"]) == (stop["id"], ask - 900, True)
        at.dialect.desk.triggers[0].trigger_px = at.exchange.mark(0) + 1  # the market need not fall for the test
        await eventually(lambda: at.exchange.position(0)[0] == 0, "the stop to close the position")
        fill = (await x.fetch_my_trades(BTC))[-1]
        assert (fill["order"], fill["side"]) == (stop["id"], "sell")
        assert (await x.fetch_order(stop["id"], BTC))["status"] == "closed"


async def test_an_agent_may_sign_for_the_account_and_another_address_sees_an_empty_one() -> None:
    async with venue() as at, client(at, key=AGENT_KEY) as agent:
        bid = (await agent.fetch_order_book(BTC))["bids"][0][0]
        await agent.create_order(BTC, "limit", "buy", 0.01, bid - 100, ALO)
        assert len(await agent.fetch_open_orders(BTC)) == 1
        assert await agent.fetch_open_orders(BTC, params={"user": AGENT}) == []
        assert (await agent.fetch_balance({"user": AGENT}))["USDC"]["total"] == 0


async def test_candles_fees_and_histories_are_answered() -> None:
    async with venue() as at, client(at) as x:
        await eventually(lambda: bool(at.dialect.coins[0].trades), "a trade")
        bar = (await x.fetch_ohlcv(BTC, "1m"))[-1]
        assert bar[2] >= max(bar[1], bar[4]) >= min(bar[1], bar[4]) >= bar[3] > 0 and bar[5] > 0
        fee = await x.fetch_trading_fee(BTC)
        assert (fee["maker"], fee["taker"]) == (0.00015, 0.00045)
        bid = (await x.fetch_order_book(BTC))["bids"][0][0]
        made = await x.create_order(BTC, "limit", "buy", 0.01, bid - 100, ALO)
        await x.cancel_order(made["id"], BTC)
        assert [o["status"] for o in await x.fetch_orders(BTC)] == ["canceled"]


async def test_our_resting_order_is_in_the_public_book() -> None:
    async with venue() as at, client(at) as x:
        await rests_in_book(at, x, shown=True)
    async with venue(rules=Rules(own_in_book=False)) as at, client(at) as x:
        await rests_in_book(at, x, shown=False)


async def rests_in_book(at: Venue, x: Any, *, shown: bool) -> None:
    bid = (await x.fetch_order_book(BTC))["bids"][3][0]
    await x.create_order(BTC, "limit", "buy", 1.23456, bid, ALO)
    sizes = dict((await x.fetch_order_book(BTC))["bids"])
    assert (sizes.get(bid, 0) >= 1.23456) is shown
