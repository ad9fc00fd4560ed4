"""Binance USD-M futures: what it does differently from the careful defaults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.codec.grid import decimal_of
from core.codec.reasons import ZERO, Hostile
from core.codec.text import clean
from core.venues.ccxt.answers import (
    Check,
    all_of,
    amount,
    fields,
    figure,
    levels,
    maybe_figure,
    name,
    number,
    number_or_none,
    one_of,
    rows,
)
from core.venues.ccxt.terms import Terms, band_of, terms_of
from core.venues.ccxt.traits import LIFETIME_MS, DeadMan, DialLimit, Frame, Traits, amount_of, kind_of_prefix, ns_of_ms

RECENT = 500  # trades of one answer
SIDE = one_of("BUY", "SELL")


def closes(order: Any) -> bool:
    """A stop that closes whatever is held when it fires: it has no size, and the venue may tell none."""
    return str(order.get("closePosition")).lower() == "true"


def sized(field: str) -> Check:
    """An amount in this field; an order that closes all may leave it out."""

    def check(value: Any) -> None:
        if not (closes(value) and value.get(field) in (None, "")):
            amount(value.get(field))

    return check


ORDER = all_of(
    fields(symbol=name, orderId=number, clientOrderId=name, side=SIDE, price=amount, executedQty=amount, status=name),
    sized("origQty"),
)
DONE = fields(symbol=name, orderId=number, status=name)  # what a create, an amend or a cancel is answered
BOOK = fields(lastUpdateId=number, bids=levels, asks=levels)
HELD = fields(symbol=name, positionAmt=figure, entryPrice=amount, liquidationPrice=maybe_figure, positionSide=name)


def held(value: Any) -> None:
    """A position has a price that it was entered at: ccxt leaves out those without one."""
    HELD(value)
    if decimal_of(value["positionAmt"]) and not decimal_of(value["entryPrice"]):
        raise Hostile(ZERO)


DIFFERENCE = fields(s=name, U=number, u=number, pu=number, b=levels, a=levels)
ANSWERS = {
    "openOrders": rows(ORDER),
    "order": ORDER,
    "openAlgoOrders": rows(all_of(fields(symbol=name, algoId=number, side=SIDE), sized("quantity"))),
    "positionRisk": rows(held),
    "userTrades": rows(
        fields(symbol=name, id=number, orderId=number_or_none, side=SIDE, price=amount, qty=amount, time=number)
    ),
    "income": rows(fields(income=figure, time=number)),
    "account": fields(assets=rows(fields(asset=name, walletBalance=figure)), positions=rows(fields(symbol=name))),
    "depth": BOOK,
    "time": fields(serverTime=number),
    "POST countdownCancelAll": fields(symbol=name, countdownTime=figure),
    **dict.fromkeys(("POST order", "PUT order", "DELETE order"), DONE),
    **dict.fromkeys(("POST algoOrder", "DELETE algoOrder"), fields(algoId=number)),
}


class BinanceUsdm(Traits):
    """REST weights 2,400 a minute; book differences with U, u, pu; dead-man's switch per symbol."""

    name = "binance_usdm"
    ccxt_id = "binanceusdm"
    id_form = "pc"
    networks = ("mainnet", "demo", "loopback")  # its old testnet is refused by ccxt for signed calls
    refused_live = "Binance futures have a demo instead of a testnet: network: demo"
    weight_per_minute = 2_400
    dials = DialLimit(300, 300.0)
    can_amend = True
    can_cancel_all = True
    one_way = True
    sequenced = True
    digit_ids = True
    mark_from = "watch_mark_price"
    dead_man = DeadMan("symbol", window_ms=60_000, least_ms=5_000)
    expires = True
    prices_markets = False
    keep_key_s = 1_200.0
    trade_span_ms = 6 * 86_400_000  # the venue tells seven days at most; a clock may be off
    funding_page = 1_000
    answers = ANSWERS

    def subclass(self, base: type[Any]) -> type[Any]:
        class BinanceUsdmExchange(base):  # type: ignore[misc]
            def get_exceptions_by_url(self, url: Any, kind: str) -> Any:
                """The futures table whatever the host: on other hosts ccxt falls back to the bare classes."""
                return self.safe_dict(self.safe_dict(self.exceptions, "linear", {}), kind, {})

            def handle_my_trade(self, client: Any, message: Any) -> Any:
                """A liquidation or deleveraging is executed as CALCULATED, which ccxt would not tell (R-B3)."""
                made_by_venue = isinstance(message, dict) and message.get("x") == "CALCULATED"
                return super().handle_my_trade(client, {**message, "x": "TRADE"} if made_by_venue else message)

        return BinanceUsdmExchange

    def options(self) -> dict[str, Any]:
        return {
            "options": {
                "fetchCurrencies": False,
                "fetchMargins": False,
                "recvWindow": LIFETIME_MS,
                "maxRetriesOnFailure": 0,
                "fetchOpenOrders": {"warnWithoutSymbol": False},
                "broker": {},
            },
            "streaming": {"keepAlive": 8_000},
        }

    def addresses(self, url: str) -> dict[str, Any]:
        socket = url.replace("http", "ws", 1)
        api = {f"fapi{right}{version}": f"{url}/fapi/{version.lower() or 'v1'}"
               for right in ("Public", "Private") for version in ("", "V2", "V3")}  # fmt: skip
        return {
            **api,
            "fapiData": f"{url}/futures/data",
            "public": f"{url}/api/v3",
            "private": f"{url}/api/v3",
            "sapi": f"{url}/sapi/v1",
            "ws": {"linear": f"{socket}/ws", "ws-api": {"linear": f"{socket}/ws-fapi/v1"}},
        }

    def lifetime(self, now: int) -> dict[str, Any]:
        return {"recvWindow": LIFETIME_MS}

    def client_of(self, info: Any) -> str:
        return str(info.get("clientOrderId") or info.get("c") or "")

    def fill_kind(self, info: Any) -> int:
        return kind_of_prefix(self.client_of(info))

    def closes_all(self, info: Any) -> bool:
        return closes(info)

    def wallet(self, answer: Any, quote: str) -> int:
        """ccxt's total has the unrealised PnL in it; the venue's own wallet has not."""
        rows = [row for row in answer["info"]["assets"] if row["asset"] == quote]
        return amount_of(rows[0]["walletBalance"]) if rows else 0

    def used_weight(self, headers: dict[str, str]) -> float | None:
        text = headers.get("x-mbx-used-weight-1m")
        return float(text) if text and text.isdigit() else None

    def frame(self, message: Any) -> Frame | None:
        if not isinstance(message, dict):
            return None
        event = message.get("e")
        if event == "depthUpdate":
            DIFFERENCE(message)  # half a difference applied is a wrong book; left out whole it is a gap, and asked anew
            return Frame(
                str(message.get("s", "")), ns_of_ms(message.get("T") or message.get("E")),
                int(message.get("U", 0)), int(message.get("u", 0)), int(message.get("pu", 0)),
            )  # fmt: skip
        if event == "listenKeyExpired":
            return Frame(key_expired=True)
        return None

    def forget_book(self, exchange: Any, symbol: str) -> None:
        exchange.orderbooks.pop(symbol, None)
        for client in (exchange.clients or {}).values():
            client.subscriptions.pop(f"orderbook::{symbol}", None)

    async def arm(self, exchange: Any, symbols: Sequence[str], timeout_ms: int) -> None:
        for symbol in symbols:
            await exchange.fapiPrivatePostCountdownCancelAll(
                {"symbol": exchange.market(symbol)["id"], "countdownTime": timeout_ms}
            )

    async def conditional_orders(self, exchange: Any, symbol: str) -> list[Any]:
        found: list[Any] = await exchange.fetch_open_orders(symbol, None, None, {"trigger": True})
        return found

    async def recent_trades(self, exchange: Any, symbol: str) -> list[Any]:
        found: list[Any] = await exchange.fetch_trades(
            symbol,
            None,
            RECENT,
            {"fetchTradesMethod": "fapiPublicGetTrades"},  # aggregates have ids of their own
        )
        return found

    async def markets_now(self, exchange: Any, symbols: Sequence[str]) -> dict[str, Any]:
        """One request of weight 1; of its hundreds of rows only ours are parsed."""
        ids = {exchange.market(symbol)["id"] for symbol in symbols}
        answer = await exchange.fapiPublicGetExchangeInfo()
        parsed = [exchange.parse_market(row) for row in answer["symbols"] if row.get("symbol") in ids]
        return {market["symbol"]: market for market in parsed if market is not None}

    def terms(self, market: Any) -> Terms:
        """TRADING, or the venue's word: PENDING_TRADING, BREAK, SETTLING, CLOSE ..."""
        info = market["info"]
        band = next((row for row in info["filters"] if row["filterType"] == "PERCENT_PRICE"), None)
        status = str(info.get("status") or info.get("contractStatus") or "not told")
        return terms_of(
            market, market["precision"]["price"],
            None if band is None else band_of(band["multiplierUp"], band["multiplierDown"]),
            "" if status == "TRADING" else clean(status, 40),
        )  # fmt: skip

    async def keep_key(self, exchange: Any) -> None:
        """An hour each time. ccxt 4.5.90 renews once and never again."""
        await exchange.fapiPrivatePutListenKey()

    async def may_withdraw(self, exchange: Any) -> bool | None:
        """The demo has no such question."""
        if exchange.options.get("enableDemoTrading"):
            return None
        answer = await exchange.sapiGetAccountApiRestrictions()
        return str(answer.get("enableWithdrawals")).lower() != "false"
