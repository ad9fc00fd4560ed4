"""ccxt.pro's own Binance USD-M class against the loopback venue: every row of LIVE_VENUES.md 2c, and both books."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import ccxt
import pytest

from core.domain.units import MONEY, NS_PER_S
from core.venues.wire.pages import books_page
from tests.venues.wire.binance_hall import LIVELY, WARM_NS, Venue, client, venue
from tests.venues.wire.binance_raw import px
from tests.venues.wire.hyperliquid_hall import eventually

ETH, BTC = "ETH/USDC:USDC", "BTC/USDT:USDT"
BOTH = ("ETHUSDC", "BTCUSDT")
GTX = {"postOnly": True}
CLIENT = "pc-00000001"
FUNDING_AT = 1_700_006_400 * NS_PER_S


async def soon(awaitable: Any, seconds: float = 10.0) -> Any:
    return await asyncio.wait_for(awaitable, seconds)


def last(at: Venue, what: str) -> str:
    """The newest request whose place contains this."""
    return next(place for place in reversed(at.places()) if what in place)


def passive(at: Venue, n: int = 0) -> float:
    return float(px(at, -5_000 - 10 * n))


# markets and money -------------------------------------------------------------------------------------------------


async def test_markets_load_with_one_request_and_the_rules_of_the_venue() -> None:
    """No signed request to any other host at load (LIVE_VENUES 1)."""
    async with venue(symbols=BOTH) as at, client(at) as x:
        assert at.places() == ["GET /fapi/v1/exchangeInfo"]
        assert set(x.markets) == {ETH, BTC}
        market, rules = x.market(ETH), at.exchange.instruments[0]
        assert market["precision"] == {**market["precision"], "price": rules.tick, "amount": rules.lot}
        assert market["limits"]["amount"] == {"min": rules.min_lots * rules.lot, "max": rules.max_lots * rules.lot}
        assert market["limits"]["cost"]["min"] == rules.min_notional / MONEY
        assert (market["swap"], market["linear"], market["settle"], market["active"]) == (True, True, "USDC", True)


async def test_the_venues_time_is_read_and_the_difference_loaded() -> None:
    async with venue() as at, client(at) as x:
        at.exchange.skew_ns = 5 * NS_PER_S
        assert abs(await x.fetch_time() - at.exchange.now() // 1_000_000) < 500
        await x.load_time_difference()
        assert x.options["timeDifference"] == pytest.approx(-5_000, abs=500)


async def test_balance_and_positions_are_those_of_the_books() -> None:
    async with venue(symbols=BOTH) as at, client(at) as x:
        assert await x.fetch_positions() == [] and (await x.fetch_balance())["USDC"]["total"] == 100_000
        await x.create_order(ETH, "market", "buy", 1.5)
        await x.create_order(BTC, "market", "sell", 0.02)
        held = {position["symbol"]: position for position in await x.fetch_positions([ETH, BTC])}
        assert {s: (p["side"], p["contracts"]) for s, p in held.items()} == {ETH: ("long", 1.5), BTC: ("short", 0.02)}
        for i, symbol in enumerate((ETH, BTC)):
            lots, cost = at.exchange.position(i)
            unit, tick = at.exchange.instruments[i].unit, at.dialect.symbols[i].grid.tick
            assert round(held[symbol]["entryPrice"] * MONEY) == round(abs(cost) * tick / (abs(lots) * unit))
            assert 0 < held[symbol]["liquidationPrice"] != held[symbol]["markPrice"]
        places = at.places()
        assert places.count("GET /fapi/v1/leverageBracket") == 1 and "GET /fapi/v3/positionRisk" in places
        other = await x.fetch_positions([ETH], {"method": "account"})
        assert last(at, "GET") == "GET /fapi/v3/account" and other[0]["contracts"] == 1.5
        info = (await x.fetch_balance())["info"]
        assert round(float(info["totalWalletBalance"]) * MONEY) == books_page(at.exchange).wallet


async def test_leverage_margin_mode_and_position_mode() -> None:
    async with venue() as at, client(at) as x:
        account = at.exchange.exchange.account.s
        assert (await x.set_leverage(7, ETH))["leverage"] == 7 and int(account.leverage[0]) == 7
        now = "isolated" if account.isolated[0] else "cross"
        other = "cross" if now == "isolated" else "isolated"
        assert (await x.set_margin_mode(other, ETH))["code"] == 200 and bool(account.isolated[0]) is (now == "cross")
        with pytest.raises(ccxt.MarginModeAlreadySet):
            await x.set_margin_mode(other, ETH)
        with pytest.raises(ccxt.OperationRejected):
            await x.set_position_mode(False, ETH)
        assert (await x.fetch_position_mode(ETH))["hedged"] is False
        leverage = await x.fetch_leverage(ETH)
        assert (leverage["longLeverage"], leverage["marginMode"]) == (7, other)


async def test_leverage_tiers_are_those_of_the_liquidation_model() -> None:
    async with venue() as at, client(at) as x:
        tiers = (await x.fetch_leverage_tiers([ETH]))[ETH]
        mine = at.exchange.instruments[0].tiers
        assert [t["minNotional"] for t in tiers] == [tier.floor / MONEY for tier in mine]
        assert [t["maintenanceMarginRate"] for t in tiers] == [tier.mmr_ppm / 1e6 for tier in mine]
        assert [t["maxLeverage"] for t in tiers] == [tier.max_leverage for tier in mine]
        assert all(a["maxNotional"] == b["minNotional"] for a, b in itertools.pairwise(tiers))


async def test_funding_rate_interval_and_history() -> None:
    async with venue(start_ns=FUNDING_AT - 2 * NS_PER_S - WARM_NS) as at, client(at) as x:
        rate = await x.fetch_funding_rate(ETH)
        assert rate["markPrice"] > 0 and rate["indexPrice"] > 0 and rate["fundingTimestamp"] > rate["timestamp"]
        assert (await x.fetch_funding_rates([ETH]))[ETH]["symbol"] == ETH
        assert (await x.fetch_funding_interval(ETH))["interval"] == "8h"
        await x.create_order(ETH, "market", "buy", 2)
        await eventually(lambda: bool(at.dialect.symbols[0].fundings and at.exchange.books.payments), "funding", 15)
        (row,) = await x.fetch_funding_rate_history(ETH)
        assert row["timestamp"] == at.dialect.symbols[0].fundings[0][0] and row["fundingRate"] != 0
        (paid,) = await x.fetch_funding_history(ETH)
        assert round(paid["amount"] * MONEY) == at.exchange.books.payments[0].amount


# orders ------------------------------------------------------------------------------------------------------------


async def test_an_order_rests_is_found_by_both_ids_edited_under_its_id_and_cancelled() -> None:
    async with venue() as at, client(at) as x:
        made = await x.create_order(ETH, "limit", "buy", 0.1, passive(at), GTX | {"clientOrderId": CLIENT})
        assert (made["status"], made["clientOrderId"], made["postOnly"]) == ("open", CLIENT, True)
        for query in ((made["id"], ETH), (None, ETH, {"clientOrderId": CLIENT})):
            found = await x.fetch_order(*query)
            assert (found["id"], found["amount"], found["remaining"]) == (made["id"], 0.1, 0.1)
        edited = await x.edit_order(made["id"], ETH, "limit", "buy", 0.2, passive(at, 1), GTX)
        assert (edited["id"], edited["amount"], edited["clientOrderId"]) == (made["id"], 0.2, CLIENT)
        assert last(at, "order") == "PUT /fapi/v1/order"
        (shown,) = await x.fetch_open_orders(ETH)
        assert (shown["id"], shown["amount"], shown["price"]) == (made["id"], 0.2, edited["price"])
        assert await x.fetch_open_orders() == [shown]
        assert (await x.cancel_order(None, ETH, {"clientOrderId": CLIENT}))["status"] == "canceled"
        assert await x.fetch_open_orders(ETH) == [] and (await x.fetch_order(made["id"], ETH))["status"] == "canceled"
        assert [order["id"] for order in await x.fetch_orders(ETH)] == [made["id"]]
        for call in (x.cancel_order(made["id"], ETH), x.fetch_order("999", ETH)):
            with pytest.raises(ccxt.OrderNotFound):
                await call


async def test_without_an_id_of_ours_ccxt_signs_the_order_with_a_brokers_name() -> None:
    """LIVE_VENUES 1: why every order of ours carries its own id."""
    async with venue() as at, client(at) as x:
        made = await x.create_order(ETH, "limit", "buy", 0.1, passive(at))
        assert made["clientOrderId"].startswith("x-") and at.exchange.books.orders[0].client == made["clientOrderId"]


@pytest.mark.parametrize(
    ("params", "away", "status", "word"),
    [
        ({"postOnly": True}, -5_000, "open", "GTX"),
        ({"timeInForce": "PO"}, -5_000, "open", "GTX"),
        ({"timeInForce": "IOC"}, 500, "closed", "IOC"),
        ({"timeInForce": "IOC"}, -5_000, "expired", "IOC"),
        ({"timeInForce": "FOK"}, 500, "closed", "FOK"),
        ({}, -5_000, "open", "GTC"),
    ],
)
async def test_times_in_force_are_what_ccxt_sends_and_the_venue_does(
    params: dict[str, Any], away: int, status: str, word: str
) -> None:
    async with venue() as at, client(at) as x:
        made = await x.create_order(ETH, "limit", "buy", 0.01, float(px(at, away)), params)
        assert (made["status"], made["info"]["timeInForce"]) == (status, word)
        assert made["filled"] == (0.01 if status == "closed" else 0)


async def test_an_ioc_order_that_fills_in_part_is_expired_with_what_it_filled() -> None:
    """LIVE_VENUES 4: use filled, not status."""
    async with venue() as at, client(at) as x:
        price = float(px(at, 0, 1))
        made = await x.create_order(ETH, "limit", "buy", 300, price, {"timeInForce": "IOC"})
        assert made["status"] == "expired" and 0 < made["filled"] < 300 and made["average"] == price


async def test_orders_are_cancelled_in_a_batch_all_at_once_and_never_without_a_symbol() -> None:
    async with venue(symbols=BOTH) as at, client(at) as x:
        ids = [(await x.create_order(ETH, "limit", "buy", 0.1, passive(at, n)))["id"] for n in range(4)]
        top = at.exchange.top(1)[0] * at.exchange.instruments[1].tick
        other = await x.create_order(BTC, "limit", "buy", 0.01, round(top - 100, 1))
        told = await x.cancel_orders(ids[:2], ETH)
        assert [order["status"] for order in told] == ["canceled"] * 2
        assert last(at, "DELETE") == "DELETE /fapi/v1/batchOrders"
        await x.cancel_all_orders(ETH)
        assert last(at, "DELETE") == "DELETE /fapi/v1/allOpenOrders"
        assert [order["id"] for order in await x.fetch_open_orders()] == [other["id"]]
        with pytest.raises(ccxt.ArgumentsRequired):
            await x.cancel_all_orders()


async def test_a_batch_with_one_refused_comes_back_reordered_by_the_class() -> None:
    """The venue answers in order; ccxt sorts by time, so the refused one without a time comes first (LIVE_VENUES 4)."""
    async with venue() as at, client(at) as x:
        wishes = [
            {"symbol": ETH, "type": "limit", "side": "buy", "amount": 0.1, "price": price,
             "params": {"postOnly": True, "clientOrderId": f"b{n}"}}
            for n, price in enumerate((passive(at), float(px(at, 500)), passive(at, 1)))
        ]  # fmt: skip
        told = await x.create_orders(wishes)
        assert [order["clientOrderId"] for order in told] == [None, "b0", "b2"]
        assert told[0]["info"]["code"] == -5022 and told[0]["status"] == "rejected"
        assert [order.client for order in at.exchange.books.open_of()] == ["b0", "b2"]
        with pytest.raises(ccxt.ExchangeError):
            await x.create_orders(wishes * 2)


async def test_fills_fees_and_ids_agree_to_the_last_unit() -> None:
    async with venue(symbols=BOTH) as at, client(at) as x:
        for symbol, size in ((ETH, 0.3), (BTC, 0.01)):
            await x.create_order(symbol, "market", "buy", size)
            await x.create_order(symbol, "market", "sell", size / 2, None, {"reduceOnly": True})
        page = books_page(at.exchange)
        mine = {(symbol, t["id"]): t for symbol in (ETH, BTC) for t in await x.fetch_my_trades(symbol)}
        assert len(mine) == len(page.trades) >= 4
        for row in page.trades:
            seen = mine[(ETH, BTC)[row.instrument], str(row.id)]
            grid = at.dialect.symbols[row.instrument].grid
            assert (seen["order"], seen["side"]) == (str(row.venue_id), ("buy", "sell")[row.side])
            assert (seen["info"]["price"], seen["info"]["qty"]) == (grid.px(row.px), grid.sz(row.qty))
            assert round(seen["fee"]["cost"] * MONEY) == row.fee and seen["takerOrMaker"] == "taker"
            assert round(float(seen["info"]["realizedPnl"]) * MONEY) == row.realised
        realised = sum(row.realised for row in page.trades)
        assert page.wallet == 100_000 * MONEY + realised - page.fees
        first = min(int(trade["id"]) for (symbol, _), trade in mine.items() if symbol == ETH)
        later = await x.fetch_my_trades(ETH, None, None, {"fromId": first + 1})
        assert str(first) not in {trade["id"] for trade in later}


async def test_a_resting_order_is_filled_as_maker() -> None:
    async with venue(character=LIVELY) as at, client(at) as x:
        for side, which in (("buy", 0), ("sell", 1)):
            await x.create_order(ETH, "limit", side, 0.01, float(px(at, 0, which)), GTX)
        await eventually(lambda: any(t.maker for t in at.exchange.books.trades), "a fill of a resting order", 30)
        fill = (await x.fetch_my_trades(ETH))[0]
        maker = at.exchange.instruments[0].maker_fee_ppm
        assert fill["takerOrMaker"] == "maker" and fill["fee"]["cost"] == pytest.approx(fill["cost"] * maker / 1e6)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"price": 500, "params": GTX}, ccxt.OrderNotFillable),
        ({"amount": 0.001}, ccxt.InvalidOrder),
        ({"amount": 900}, ccxt.InsufficientFunds),
        ({"params": {"reduceOnly": True}}, ccxt.InvalidOrder),
        ({"price": 90_000, "params": {"timeInForce": "IOC"}}, ccxt.BadRequest),
        ({"amount": 20, "price": 0, "params": {"timeInForce": "FOK"}}, ccxt.OrderNotFillable),
    ],
)
async def test_a_refusal_is_the_class_that_the_live_venue_would_give(
    change: dict[str, Any], error: type[Exception]
) -> None:
    """LIVE_VENUES 4: classes as with the real host."""
    wish = {"amount": 0.1, "price": -5_000, "params": {}, **change}
    async with venue() as at, client(at) as x:
        with pytest.raises(error) as caught:
            await x.create_order(ETH, "limit", "buy", wish["amount"], float(px(at, wish["price"])), wish["params"])
        assert type(caught.value) is error and at.exchange.books.open_of() == []


async def test_a_duplicate_id_is_an_invalid_order_and_the_first_lives_on() -> None:
    async with venue() as at, client(at) as x:
        await x.create_order(ETH, "limit", "buy", 0.1, passive(at), {"clientOrderId": CLIENT})
        with pytest.raises(ccxt.InvalidOrder, match="-4116"):
            await x.create_order(ETH, "limit", "buy", 0.1, passive(at), {"clientOrderId": CLIENT})
        assert len(at.exchange.books.open_of()) == 1


async def test_an_edit_that_changes_nothing_or_comes_too_late_is_refused() -> None:
    async with venue() as at, client(at) as x:
        price = passive(at)
        made = await x.create_order(ETH, "limit", "buy", 0.1, price, GTX)
        with pytest.raises(ccxt.OperationRejected, match="-5027"):
            await x.edit_order(made["id"], ETH, "limit", "buy", 0.1, price)
        gone = await x.edit_order(made["id"], ETH, "limit", "buy", 0.1, float(px(at, 500)))
        assert gone["status"] == "canceled", "an order that may only rest is cancelled by an amendment that would take"
        with pytest.raises(ccxt.OrderNotFound):
            await x.edit_order(made["id"], ETH, "limit", "buy", 0.2, price)


async def test_a_trigger_order_lives_in_its_own_book_and_fires() -> None:
    async with venue() as at, client(at) as x:
        await x.create_order(ETH, "market", "buy", 0.1)
        params = {"triggerPrice": float(px(at, -20_000)), "reduceOnly": True, "clientOrderId": "stop-1"}
        stop = await x.create_order(ETH, "market", "sell", 0.1, None, params)
        assert last(at, "POST") == "POST /fapi/v1/algoOrder"
        assert await x.fetch_open_orders(ETH) == []
        (shown,) = await x.fetch_open_orders(ETH, None, None, {"trigger": True})
        assert (shown["id"], shown["clientOrderId"], shown["reduceOnly"]) == (stop["id"], "stop-1", True)
        await x.cancel_all_orders(ETH)
        assert len(at.dialect.algo.waiting) == 1, "a cancel of all regular orders leaves it"
        with pytest.raises(ccxt.OrderImmediatelyFillable):
            await x.create_order(ETH, "market", "sell", 0.1, None, {"stopLossPrice": float(px(at, 20_000))})
        at.dialect.algo.waiting[0].trigger_px = 1 << 30
        await eventually(lambda: at.exchange.position(0)[0] == 0, "the stop")
        again = await x.create_order(ETH, "market", "buy", 0.1, None, {"triggerPrice": float(px(at, 20_000))})
        await x.cancel_order(again["id"], ETH, {"trigger": True})
        with pytest.raises(ccxt.OrderNotFound):
            await x.cancel_order(again["id"], ETH, {"trigger": True})
        assert at.dialect.algo.waiting == []


async def test_the_switch_is_had_through_the_implicit_call() -> None:
    async with venue() as at, client(at) as x:
        await x.create_order(ETH, "limit", "buy", 0.1, passive(at))
        told = await x.fapiPrivatePostCountdownCancelAll({"symbol": "ETHUSDC", "countdownTime": 200})
        assert told == {"symbol": "ETHUSDC", "countdownTime": "200"}
        await eventually(lambda: at.exchange.books.open_of() == [], "the switch")


# streams -----------------------------------------------------------------------------------------------------------


async def test_a_watched_book_starts_from_a_snapshot_and_is_the_venues_book() -> None:
    async with venue(character=LIVELY) as at, client(at) as x:
        for _ in range(12):
            book = await soon(x.watch_order_book(ETH))
        assert at.places().count("GET /fapi/v1/depth") == 1
        assert book["bids"][0][0] < book["asks"][0][0] and book["timestamp"] and book["nonce"] > 0
        own = await x.create_order(ETH, "limit", "buy", 1.234, passive(at), GTX)
        for _ in range(40):
            book = await soon(x.watch_order_book(ETH))
            if [own["price"], 1.234] in book["bids"]:
                break
        assert [own["price"], 1.234] in book["bids"], "our own order is in the public book"


async def test_several_books_trades_and_best_prices_share_their_sockets() -> None:
    async with venue(symbols=BOTH, character=LIVELY) as at, client(at) as x:
        seen: set[str] = set()
        while seen != {ETH, BTC}:
            seen.add((await soon(x.watch_order_book_for_symbols([ETH, BTC])))["symbol"])
        assert len(at.dialect.feeds.wants) == 1
        tops = await soon(x.watch_bids_asks([ETH, BTC]))
        assert all(row["bid"] < row["ask"] for row in tops.values())
        trades = await soon(x.watch_trades_for_symbols([ETH, BTC]))
        assert trades[-1]["symbol"] in (ETH, BTC)
        assert len(at.dialect.feeds.wants) == 3


@pytest.mark.parametrize(("name", "route"), [("trade", "/public"), ("aggTrade", "/market")])
async def test_trades_come_by_their_route(name: str, route: str) -> None:
    async with venue(character=LIVELY) as at, client(at) as x:
        trade = (await soon(x.watch_trades(ETH, None, None, {"name": name}), 15))[-1]
        assert trade["price"] > 0 and trade["amount"] > 0 and trade["side"] in ("buy", "sell") and trade["id"]
        assert set(at.dialect.feeds.route.values()) == {route}


async def test_the_mark_comes_with_index_rate_and_next_funding() -> None:
    async with venue() as at, client(at) as x:
        mark = await soon(x.watch_mark_price(ETH))
        assert mark["markPrice"] > 0 and mark["indexPrice"] > 0
        assert float(mark["info"]["r"]) == pytest.approx(at.dialect.symbols[0].rate / MONEY)
        assert int(mark["info"]["T"]) == at.dialect.symbols[0].next_funding // 1_000_000


async def test_orders_fills_positions_and_balance_are_watched_with_one_key() -> None:
    async with venue() as at, client(at) as x:
        watched = [asyncio.ensure_future(one) for one in (x.watch_orders(ETH), x.watch_my_trades(ETH))]
        await eventually(lambda: "/private" in at.dialect.feeds.route.values(), "the private stream")
        await asyncio.sleep(0.1)
        made = await x.create_order(ETH, "market", "buy", 0.2, None, {"clientOrderId": CLIENT})
        orders, fills = [await soon(one) for one in watched]
        assert {order["clientOrderId"] for order in orders} == {CLIENT}
        assert fills[-1]["order"] == made["id"] and fills[-1]["fee"]["cost"] > 0
        positions = asyncio.ensure_future(x.watch_positions([ETH]))
        balance = asyncio.ensure_future(x.watch_balance())
        await asyncio.sleep(0.3)
        await x.create_order(ETH, "market", "buy", 0.1)
        assert (await soon(positions))[-1]["contracts"] == pytest.approx(0.3)
        await eventually(lambda: "USDC" in x.balance.get("linear", x.balance), "the balance")
        balance.cancel()
        assert at.places().count("POST /fapi/v1/listenKey") == 1


async def test_orders_from_new_to_their_end_are_watched() -> None:
    async with venue() as at, client(at) as x:
        watching = asyncio.ensure_future(x.watch_orders(ETH))
        await eventually(lambda: "/private" in at.dialect.feeds.route.values(), "the private stream")
        await asyncio.sleep(0.1)
        made = await x.create_order(ETH, "limit", "buy", 0.1, passive(at), GTX)
        assert (await soon(watching))[-1]["status"] == "open"
        watching = asyncio.ensure_future(x.watch_orders(ETH))
        await x.edit_order(made["id"], ETH, "limit", "buy", 0.2, passive(at, 1))
        assert (await soon(watching))[-1]["amount"] == 0.2
        watching = asyncio.ensure_future(x.watch_orders(ETH))
        await x.cancel_order(made["id"], ETH)
        assert (await soon(watching))[-1]["status"] == "canceled"


async def test_the_class_renews_its_key_once_and_then_never_again() -> None:
    """A trap of 4.5.90: its next renewal is never scheduled, so 80 minutes after the start a quiet account is deaf."""
    async with venue() as at, client(at) as x:
        x.options["listenKeyRefreshRate"] = 100
        watching = asyncio.ensure_future(x.watch_orders(ETH))
        await eventually(lambda: at.places().count("PUT /fapi/v1/listenKey") >= 1, "a renewal")
        await asyncio.sleep(0.6)
        renewals = at.places().count("PUT /fapi/v1/listenKey")
        assert renewals == 1, "the class goes on renewing by now: what was built against this may go"
        watching.cancel()


async def test_a_renewal_that_is_refused_is_told_and_the_next_watch_has_a_new_key() -> None:
    async with venue() as at, client(at) as x:
        x.options["listenKeyRefreshRate"] = 400
        watching = asyncio.ensure_future(x.watch_orders(ETH))
        await eventually(lambda: "/private" in at.dialect.feeds.route.values(), "the private stream")
        old = at.dialect.keys.end()
        with pytest.raises(ccxt.AuthenticationError):
            await soon(watching)
        again = asyncio.ensure_future(x.watch_orders(ETH))
        await eventually(lambda: at.dialect.keys.key not in ("", old), "another key")
        await eventually(lambda: any(at.dialect.keys.key in names for names in at.dialect.feeds.wants.values()), "it")
        await x.create_order(ETH, "limit", "buy", 0.1, passive(at), GTX)
        assert (await soon(again))[-1]["status"] == "open"


async def test_wrong_keys_are_an_authentication_error_everywhere() -> None:
    async with venue() as at, client(at, key="x" * 64) as stranger, client(at, secret="wrong") as forger:
        for x in (stranger, forger):
            with pytest.raises(ccxt.AuthenticationError):
                await x.fetch_balance()
            with pytest.raises(ccxt.AuthenticationError):
                await x.create_order(ETH, "limit", "buy", 0.1, passive(at))
            with pytest.raises(ccxt.AuthenticationError):
                await x.create_order_ws(ETH, "limit", "buy", 0.1, passive(at))
        with pytest.raises(ccxt.AuthenticationError):
            await soon(stranger.watch_orders(ETH))
        assert at.exchange.books.orders == []
