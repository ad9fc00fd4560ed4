"""What the Binance loopback venue refuses, by raw requests: bad figures, bad orders, settings, stops, pages."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import VirtualClock
from core.config.instruments import find_instrument
from core.domain.units import MONEY
from core.kernel import Kernels
from core.market.synthetic import SyntheticMarket, SyntheticSource
from core.venues.wire.behind import WireExchange
from core.venues.wire.binance_usdm.dialect import BinanceUsdmDialect
from core.venues.wire.binance_usdm.params import Params
from core.venues.wire.binance_usdm.refusals import Refusal
from tests.venues.wire.binance_hall import FREE, KEY, SECRET, SEED, START, Venue, ask, venue
from tests.venues.wire.binance_raw import FAR, SYMBOL, call, code_of, limit, market, place, px

ORDER, ALGO = "/fapi/v1/order", "/fapi/v1/algoOrder"


# orders ------------------------------------------------------------------------------------------------------------

WRONG: list[tuple[dict[str, Any], int]] = [
    ({"symbol": "DOGEUSDC"}, -1121),
    ({"symbol": "ethusdc"}, -1100),
    ({"symbol": None}, -1102),
    ({"side": "LONG"}, -1117),
    ({"side": None}, -1102),
    ({"type": "STOP_MARKET", "stopPrice": "1"}, -4120),
    ({"type": "TAKE_PROFIT"}, -4120),
    ({"type": "TRAILING_STOP_MARKET"}, -4120),
    ({"type": "ICEBERG"}, -1116),
    ({"timeInForce": None}, -1102),
    ({"timeInForce": "GTD"}, -1115),
    ({"timeInForce": "gtc"}, -1115),
    ({"price": None}, -1102),
    ({"price": "2970.005"}, -4014),
    ({"price": "0"}, -4001),
    ({"price": "-5"}, -1100),
    ({"price": "1e3"}, -1100),
    ({"price": "nan"}, -1100),
    ({"price": "500.00"}, -4024),
    ({"price": "99999.00"}, -4016),
    ({"quantity": None}, -1102),
    ({"quantity": "0"}, -4003),
    ({"quantity": "0.0005"}, -1111),
    ({"quantity": "1001"}, -4005),
    ({"quantity": "0.001"}, -4164),
    ({"quantity": "0.1", "positionSide": "LONG"}, -4061),
    ({"positionSide": "SHORT"}, -4061),
    ({"reduceOnly": "true"}, -2022),
    ({"reduceOnly": "maybe"}, -1100),
    ({"newClientOrderId": "a b"}, -4015),
    ({"newClientOrderId": "x" * 37}, -4015),
    ({"newClientOrderId": "line\n"}, -4015),
    ({"newOrderRespType": "FULL"}, -1136),
    ({"selfTradePreventionMode": "EXPIRE_BOTH"}, -5039),
    ({"quantity": "900"}, -2019),
    ({"type": "MARKET"}, -1106),
    ({"type": "MARKET", "price": None}, -1106),
]


@pytest.mark.parametrize(("change", "code"), WRONG, ids=[f"{code} {change}"[:60] for change, code in WRONG])
async def test_an_order_that_breaks_a_rule_is_refused_with_its_code_and_leaves_no_trace(
    change: dict[str, Any], code: int
) -> None:
    """UC-10."""
    async with venue() as at:
        assert await code_of(at, "POST", ORDER, **limit(at, **change)) == code
        assert at.exchange.books.open_of() == [] and at.exchange.books.trades == []
        assert (await call(at, "GET", "/fapi/v1/allOrders", symbol=SYMBOL))[1] == []


async def test_an_order_that_may_only_rest_and_one_that_must_fill_are_refused_where_they_cannot() -> None:
    """-5022 and -5021 stand in no history: no row, no event."""
    async with venue() as at:
        crossing = limit(at, timeInForce="GTX", price=px(at, 100), newClientOrderId="gtx")
        assert await code_of(at, "POST", ORDER, **crossing) == -5022
        deep = limit(at, timeInForce="FOK", price=px(at, 0), quantity="20", newClientOrderId="fok")
        assert await code_of(at, "POST", ORDER, **deep) == -5021
        for name in ("gtx", "fok"):
            assert await code_of(at, "GET", ORDER, symbol=SYMBOL, origClientOrderId=name) == -2013
        assert (await call(at, "GET", "/fapi/v1/allOrders", symbol=SYMBOL))[1] == []
        filled = limit(at, timeInForce="FOK", price=px(at, 500), quantity="0.05", newOrderRespType="RESULT")
        status, told = await place(at, **filled)
        assert (status, told["status"], told["executedQty"]) == (200, "FILLED", "0.050")


async def test_an_own_order_on_the_other_side_stops_both_kinds() -> None:
    """Post-only would take it: -5022. A taker that reaches it ends as EXPIRED_IN_MATCH."""
    async with venue() as at:
        _, rests = await place(at, **limit(at, side="SELL", price=px(at, 5, 1)))
        own = rests["price"]
        assert await code_of(at, "POST", ORDER, **limit(at, timeInForce="GTX", price=own)) == -5022
        take = limit(at, timeInForce="IOC", price=px(at, 400, 1), quantity="300", newOrderRespType="RESULT")
        _, taken = await place(at, **take)
        assert taken["status"] == "EXPIRED_IN_MATCH" and float(taken["executedQty"]) < 300
        assert all(at.dialect.symbols[0].grid.px(trade.px) < own for trade in at.exchange.books.trades)
        (still,) = at.exchange.books.open_of()
        assert still.venue_id == rests["orderId"], "never filled against itself"


async def test_what_an_answer_tells_of_a_fill_depends_on_what_was_asked_for() -> None:
    """ACK is the default; RESULT tells the end of what cannot rest; a resting kind is NEW even where it took."""
    async with venue() as at:
        _, ack = await place(at, **market())
        assert (ack["status"], ack["executedQty"], ack["avgPrice"]) == ("NEW", "0.000", "0")
        _, result = await place(at, **market(newOrderRespType="RESULT"))
        assert (result["status"], result["executedQty"]) == ("FILLED", "0.100") and float(result["avgPrice"]) > 0
        _, gtc = await place(at, **limit(at, price=px(at, 500), newOrderRespType="RESULT"))
        assert (gtc["status"], gtc["executedQty"]) == ("NEW", "0.000")
        found = (await call(at, "GET", ORDER, symbol=SYMBOL, orderId=gtc["orderId"]))[1]
        assert (found["status"], found["executedQty"]) == ("FILLED", "0.100")
        _, ioc = await place(at, **limit(at, timeInForce="IOC", newOrderRespType="RESULT"))
        assert (ioc["status"], ioc["executedQty"]) == ("EXPIRED", "0.000")


async def test_a_client_id_is_unique_among_open_orders_alone() -> None:
    """R-O1, the documented trap: once its order has ended, the same id makes a second order."""
    async with venue() as at:
        order = limit(at, newClientOrderId="twice")
        _, first = await place(at, **order)
        assert await code_of(at, "POST", ORDER, **order) == -4116
        await call(at, "DELETE", ORDER, symbol=SYMBOL, orderId=first["orderId"])
        status, second = await place(at, **order)
        assert status == 200 and second["orderId"] != first["orderId"]
        found = (await call(at, "GET", ORDER, symbol=SYMBOL, origClientOrderId="twice"))[1]
        assert found["orderId"] == second["orderId"], "the open one is found"
        assert [o.client for o in at.exchange.books.orders if o.venue_id] == ["twice", "twice"]


async def test_orders_that_are_not_there_and_ids_that_are_missing() -> None:
    async with venue(symbols=("ETHUSDC", "BTCUSDT")) as at:
        _, made = await place(at, **limit(at))
        number = made["orderId"]
        for path in (ORDER, "/fapi/v1/openOrder"):
            assert await code_of(at, "GET", path, symbol=SYMBOL, orderId=999) == -2013
            assert await code_of(at, "GET", path, symbol="BTCUSDT", orderId=number) == -2013
            assert await code_of(at, "GET", path, symbol=SYMBOL, orderId="x") == -1100
        assert await code_of(at, "DELETE", ORDER, symbol=SYMBOL, orderId=999) == -2011
        assert await code_of(at, "DELETE", ORDER, symbol="BTCUSDT", orderId=number) == -2011
        assert await code_of(at, "DELETE", ORDER, symbol=SYMBOL, origClientOrderId="nobody") == -2011
        for method in ("GET", "DELETE"):
            assert await code_of(at, method, ORDER, symbol=SYMBOL) == -1102
        assert await code_of(at, "PUT", ORDER, **change(at, orderId=999)) == -2013
        assert (await call(at, "DELETE", ORDER, symbol=SYMBOL, orderId=number))[0] == 200
        assert await code_of(at, "DELETE", ORDER, symbol=SYMBOL, orderId=number) == -2011
        assert await code_of(at, "GET", "/fapi/v1/openOrder", symbol=SYMBOL, orderId=number) == -2013
        assert (await call(at, "GET", ORDER, symbol=SYMBOL, orderId=number))[1]["status"] == "CANCELED"


def change(at: Venue, **more: Any) -> dict[str, Any]:
    return {"symbol": SYMBOL, "side": "BUY", "quantity": "0.1", "price": px(at, -FAR - 10), **more}


async def test_an_amendment_is_refused_and_the_order_stays_as_it_is() -> None:
    async with venue() as at:
        _, made = await place(at, **limit(at))
        same = {"orderId": made["orderId"], "quantity": "0.1", "price": made["price"]}
        wrong = [
            (same, -5027), ({**same, "price": "1.005"}, -4014), ({**same, "quantity": "0.0001"}, -1111),
            ({**same, "quantity": "0"}, -4003), ({**same, "quantity": "0.001"}, -4164),
            ({**same, "quantity": "1001"}, -4005), ({**same, "side": "SELL"}, -1117), ({**same, "side": ""}, -1102),
            ({**same, "price": "500.00"}, -4024), ({**same, "quantity": "900"}, -2019),
            ({**same, "reduceOnly": "true", "quantity": "0.2"}, -5047), ({**same, "price": ""}, -1102),
        ]  # fmt: skip
        for words, code in wrong:
            assert await code_of(at, "PUT", ORDER, **change(at, **words)) == code, words
        (order,) = at.exchange.books.open_of()
        assert (order.qty, at.dialect.symbols[0].grid.px(order.px)) == (100, made["price"])


async def test_an_amendment_cancels_what_has_filled_that_much_or_may_only_rest_and_would_not() -> None:
    """The venue's own note: neither is a refusal, the order is gone."""
    async with venue() as at:
        _, made = await place(at, **limit(at, timeInForce="GTX"))
        status, told = await call(at, "PUT", ORDER, **change(at, orderId=made["orderId"], price=px(at, 200)))
        assert (status, told["status"]) == (200, "CANCELED") and at.exchange.books.open_of() == []
        top = at.exchange.depth(0)
        lots = int(top[1][1][0])
        _, part = await place(at, **limit(at, price=px(at, 0, 1), quantity=f"{(lots + 5_000) / 1000:.3f}"))
        order = at.exchange.books.by_venue(part["orderId"])
        assert order is not None and order.open and order.filled >= lots
        less = change(at, orderId=part["orderId"], quantity=f"{order.filled / 1000:.3f}")
        status, told = await call(at, "PUT", ORDER, **less)
        assert (status, told["status"]) == (200, "CANCELED") and float(told["executedQty"]) * 1000 == order.filled


async def test_a_reduce_only_order_never_opens() -> None:
    async with venue() as at:
        await place(at, **market("BUY", "0.2"))
        assert await code_of(at, "POST", ORDER, **market("BUY", "0.1", reduceOnly="true")) == -2022
        _, told = await place(at, **market("SELL", "5", reduceOnly="true", newOrderRespType="RESULT"))
        assert (told["executedQty"], at.exchange.position(0)[0]) == ("0.200", 0)
        assert await code_of(at, "POST", ORDER, **market("SELL", "0.1", reduceOnly="true")) == -2022


async def test_a_symbol_holds_as_many_orders_as_its_rules_say() -> None:
    async with venue() as at:
        _, info, _ = await ask(at, "GET", "/fapi/v1/exchangeInfo")
        (most,) = [row["limit"] for row in info["symbols"][0]["filters"] if row["filterType"] == "MAX_NUM_ORDERS"]
        price = at.exchange.top(0)[0] - FAR
        made = [at.exchange.create(f"n{n}", 0, 0, price, 10) for n in range(most)]
        assert all(order.open for order in made)
        assert await code_of(at, "POST", ORDER, **limit(at)) == -2025
        at.exchange.cancel(made[0])
        assert (await place(at, **limit(at)))[0] == 200


async def test_a_closed_market_takes_no_order_and_no_amendment_and_lets_go() -> None:
    async with venue() as at:
        _, made = await place(at, **limit(at))
        assert at.exchange.inject(0, "cancel_only", (1,))
        assert await code_of(at, "POST", ORDER, **limit(at)) == -4108
        assert await code_of(at, "PUT", ORDER, **change(at, orderId=made["orderId"])) == -5024
        _, info, _ = await ask(at, "GET", "/fapi/v1/exchangeInfo")
        assert info["symbols"][0]["status"] == "PENDING_TRADING"
        assert (await call(at, "DELETE", ORDER, symbol=SYMBOL, orderId=made["orderId"]))[0] == 200


# batches, settings, conditional orders, histories ------------------------------------------------------------------


async def test_a_batch_answers_in_its_order_each_by_itself_and_has_its_bounds() -> None:
    async with venue() as at:

        def batch(n: int) -> str:
            return json.dumps([limit(at, newClientOrderId=f"b{k}", side="NO" if k == 1 else "BUY") for k in range(n)])

        _, told = await call(at, "POST", "/fapi/v1/batchOrders", batchOrders=batch(3))
        assert [row.get("clientOrderId", row.get("code")) for row in told] == ["b0", -1117, "b2"]
        for wrong, code in (("[]", -4082), (batch(6), -4082), ("{", -1100), ('{"a":1}', -1100)):
            assert await code_of(at, "POST", "/fapi/v1/batchOrders", batchOrders=wrong) == code
        _, told = await call(at, "POST", "/fapi/v1/batchOrders", batchOrders="[7]")
        assert told == [{"code": -1100, "msg": told[0]["msg"]}]
        moved = json.dumps([change(at, origClientOrderId=name) for name in ("b0", "b1", "b2")])
        _, told = await call(at, "PUT", "/fapi/v1/batchOrders", batchOrders=moved)
        assert [row.get("clientOrderId", row.get("code")) for row in told] == ["b0", -2013, "b2"]
        ids = [order.venue_id for order in at.exchange.books.open_of()]
        wishes = {"symbol": SYMBOL, "orderIdList": json.dumps([ids[0], 999, ids[1]])}
        _, told = await call(at, "DELETE", "/fapi/v1/batchOrders", **wishes)
        assert [row.get("status", row.get("code")) for row in told] == ["CANCELED", -2011, "CANCELED"]
        wishes["orderIdList"] = json.dumps(list(range(11)))
        assert await code_of(at, "DELETE", "/fapi/v1/batchOrders", **wishes) == -4082
        assert await code_of(at, "DELETE", "/fapi/v1/batchOrders", symbol=SYMBOL) == -1102


async def test_settings_that_cannot_be_are_refused() -> None:
    """S1-52: hedge mode, margin type with orders or a position, leverage beyond what is allowed."""
    async with venue() as at:
        account = at.exchange.exchange.account.s
        dual, kind, lever = "/fapi/v1/positionSide/dual", "/fapi/v1/marginType", "/fapi/v1/leverage"
        assert await code_of(at, "POST", dual, dualSidePosition="true") == -4061
        assert await code_of(at, "POST", dual, dualSidePosition="false") == -4059
        assert await code_of(at, "POST", dual) == -1102
        now = "ISOLATED" if account.isolated[0] else "CROSSED"
        other = "CROSSED" if now == "ISOLATED" else "ISOLATED"
        assert await code_of(at, "POST", kind, symbol=SYMBOL, marginType=now) == -4046
        assert await code_of(at, "POST", kind, symbol=SYMBOL, marginType="BOTH") == -1102
        _, made = await place(at, **limit(at))
        assert await code_of(at, "POST", kind, symbol=SYMBOL, marginType=other) == -4047
        await call(at, "DELETE", ORDER, symbol=SYMBOL, orderId=made["orderId"])
        assert (await call(at, "POST", kind, symbol=SYMBOL, marginType="CROSSED"))[0] in (200, 400)
        assert (await call(at, "POST", kind, symbol=SYMBOL, marginType="ISOLATED"))[0] == 200
        for wrong, code in (("0", -4028), ("126", -4028), ("x", -1100), ("", -1102)):
            assert await code_of(at, "POST", lever, symbol=SYMBOL, leverage=wrong) == code, wrong
        await place(at, **market("BUY", "50"))
        assert await code_of(at, "POST", kind, symbol=SYMBOL, marginType="CROSSED") == -4048
        before = int(account.leverage[0])
        assert await code_of(at, "POST", lever, symbol=SYMBOL, leverage=before - 1) == -4161
        assert await code_of(at, "POST", lever, symbol=SYMBOL, leverage=125) == -2027, "148,500 is beyond that tier"
        assert int(account.leverage[0]) == before
        _, told = await call(at, "POST", lever, symbol=SYMBOL, leverage=before + 1)
        assert told["leverage"] == before + 1 == int(account.leverage[0])


def stop(at: Venue, **more: Any) -> dict[str, Any]:
    made = {"algoType": "CONDITIONAL", "symbol": SYMBOL, "side": "SELL", "type": "STOP_MARKET", "quantity": "0.1",
            "triggerPrice": px(at, -20_000)}  # fmt: skip
    return {name: value for name, value in {**made, **more}.items() if value is not None}


async def test_a_conditional_order_that_cannot_be_is_refused() -> None:
    async with venue() as at:
        await place(at, **market())
        high = px(at, 20_000)
        wrong: list[tuple[dict[str, Any], int]] = [
            ({"triggerPrice": high}, -2021), ({"side": "BUY"}, -2021), ({"type": "TAKE_PROFIT_MARKET"}, -2021),
            ({"type": "LIMIT"}, -1116), ({"algoType": "TWAP"}, -1102), ({"triggerPrice": None}, -1102),
            ({"triggerPrice": "0"}, -4006), ({"triggerPrice": "1.001"}, -4014), ({"quantity": None}, -1102),
            ({"type": "STOP"}, -1102), ({"workingType": "LAST"}, -4031), ({"positionSide": "LONG"}, -4061),
            ({"closePosition": "true"}, -4137), ({"closePosition": "true", "type": "STOP", "price": "2000"}, -4136),
            ({"closePosition": "true", "quantity": None, "reduceOnly": "true"}, -1106),
            ({"clientAlgoId": "a b"}, -4015),
        ]  # fmt: skip
        for words, code in wrong:
            assert await code_of(at, "POST", ALGO, **stop(at, **words)) == code, words
        assert at.dialect.algo.all == []
        assert (await call(at, "POST", ALGO, **stop(at, clientAlgoId="one")))[0] == 200
        assert await code_of(at, "POST", ALGO, **stop(at, clientAlgoId="one")) == -4116
        whole = stop(at, closePosition="true", quantity=None)
        assert (await call(at, "POST", ALGO, **whole))[0] == 200
        assert await code_of(at, "POST", ALGO, **whole) == -4130
        assert await code_of(at, "GET", ALGO, clientAlgoId="nobody") == -2013
        assert await code_of(at, "DELETE", ALGO, algoId=999) == -2011
        assert await code_of(at, "DELETE", ALGO) == -1102
        assert await code_of(at, "DELETE", ORDER, symbol=SYMBOL, origClientOrderId="one") == -2011, "another book"
        await call(at, "DELETE", "/fapi/v1/allOpenOrders", symbol=SYMBOL)
        assert len(at.dialect.algo.waiting) == 2, "a cancel of all regular orders leaves them"
        for n in range(98):
            await call(at, "POST", ALGO, **stop(at, clientAlgoId=f"n{n}"))
        assert await code_of(at, "POST", ALGO, **stop(at)) == -4045
        assert (await call(at, "DELETE", "/fapi/v1/algoOpenOrders", symbol=SYMBOL))[0] == 200
        assert at.dialect.algo.waiting == []


async def test_histories_have_their_bounds() -> None:
    """7 days, 1,000 rows, from an id or from a time: what a client must page for."""
    day = 86_400_000
    async with venue() as at:
        for _ in range(3):
            await place(at, **market())
        now = at.dialect.rest.now_ms
        trades = "/fapi/v1/userTrades"
        for path in (trades, "/fapi/v1/allOrders"):
            assert await code_of(at, "GET", path, symbol=SYMBOL, startTime=now - 8 * day, endTime=now) == -4165
            assert await code_of(at, "GET", path, symbol=SYMBOL, startTime=now, endTime=now - 1) == -1023
            assert await code_of(at, "GET", path, symbol=SYMBOL, limit=1_001) == -1130
            assert await code_of(at, "GET", path) == -1102
            assert (await call(at, "GET", path, symbol=SYMBOL, startTime=now - 30 * day))[1] == [], "a week, not all"
            assert len((await call(at, "GET", path, symbol=SYMBOL))[1]) >= 3
        assert await code_of(at, "GET", trades, symbol=SYMBOL, fromId=1, startTime=now) == -1128
        ids = [row["id"] for row in (await call(at, "GET", trades, symbol=SYMBOL))[1]]
        assert [row["id"] for row in (await call(at, "GET", trades, symbol=SYMBOL, fromId=ids[1]))[1]] == ids[1:]
        assert [row["id"] for row in (await call(at, "GET", trades, symbol=SYMBOL, limit=1))[1]] == ids[-1:]
        _, first, _ = await ask(at, "GET", "/fapi/v1/depth", f"symbol={SYMBOL}&limit=5")
        assert len(first["bids"]) == len(first["asks"]) == 5
        for bad in ("0", "1001", "7", "-1"):
            _, told, _ = await ask(at, "GET", "/fapi/v1/depth", f"symbol={SYMBOL}&limit={bad}")
            assert told["code"] in (-4021, -1100), bad


# anything ----------------------------------------------------------------------------------------------------------

NAMES = ["symbol", "side", "type", "timeInForce", "quantity", "price", "newClientOrderId", "orderId", "limit",
         "origClientOrderId", "reduceOnly", "batchOrders", "orderIdList", "leverage", "marginType", "fromId", "algoId",
         "startTime", "endTime", "algoType", "triggerPrice", "countdownTime", "closePosition"]  # fmt: skip
VALUES = st.sampled_from([
    SYMBOL, "BUY", "SELL", "LIMIT", "MARKET", "GTC", "GTX", "STOP_MARKET", "CONDITIONAL", "0.1", "2970.00", "1", "-1",
    "true", "", "1e9", "[1]", '[{"symbol":"ETHUSDC"}]', "[[", "²", "99999999999999999999", "NaN", "null",
]) | st.text(max_size=6)  # fmt: skip


@pytest.fixture(scope="module")
def dialect() -> BinanceUsdmDialect:
    """No server in front: what is asked goes straight to the parts."""
    clock = VirtualClock(START)
    tape = SyntheticSource([SyntheticMarket(find_instrument("binance_usdm", SYMBOL), SEED, START, 2_970.0)])
    exchange = WireExchange(tape, 10_000 * MONEY, SEED, Kernels("plain"), clock)
    return BinanceUsdmDialect(exchange, KEY, SECRET, FREE)


@hypothesis.settings(max_examples=600, deadline=None)
@given(place=st.integers(0, 1 << 20), values=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=9))
def test_no_parameters_whatever_are_more_than_a_refusal(
    dialect: BinanceUsdmDialect, place: int, values: dict[str, str]
) -> None:
    names = sorted(dialect.rest.routes)
    handler, _ = dialect.rest.routes[names[place % len(names)]]
    with contextlib.suppress(Refusal):
        handler(Params(values))
