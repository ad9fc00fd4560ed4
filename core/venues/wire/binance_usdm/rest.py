"""Every REST question and order: which handler, whether it needs a key or a signature, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from core.domain.units import NS_PER_MS
from core.venues.wire.binance_usdm.access import Access
from core.venues.wire.binance_usdm.account import AccountPages
from core.venues.wire.binance_usdm.algo import AlgoDesk
from core.venues.wire.binance_usdm.deadman import DeadMan
from core.venues.wire.binance_usdm.desk import Desk
from core.venues.wire.binance_usdm.keys import ListenKeys
from core.venues.wire.binance_usdm.limits import Limits
from core.venues.wire.binance_usdm.meta import exchange_info, funding_info, leverage_brackets
from core.venues.wire.binance_usdm.params import Params
from core.venues.wire.binance_usdm.refusals import Refusal, malformed
from core.venues.wire.faults import Rule

Json = dict[str, Any]
Handler = Callable[[Params], Any]
OPEN, KEYED, SIGNED = 0, 1, 2
BATCH = 5
PAGE = 1_000
FOREVER = 1 << 60


class Rest:
    """`routes`: "METHOD /path" -> (handler, OPEN | KEYED | SIGNED)."""

    def __init__(
        self, access: Access, desk: Desk, algo: AlgoDesk, account: AccountPages, dead_man: DeadMan, keys: ListenKeys,
        limits: Limits, half: Callable[[str], Rule | None],
    ) -> None:  # fmt: skip
        self.access, self.desk, self.algo, self.account = access, desk, algo, account
        self.dead_man, self.keys, self.limits, self.half = dead_man, keys, limits, half
        self.exchange, self.ledger = desk.exchange, desk.ledger
        v1, symbols = "/fapi/v1", desk.symbols
        self.routes: dict[str, tuple[Handler, int]] = {
            f"GET {v1}/ping": (lambda p: {}, OPEN),
            f"GET {v1}/time": (lambda p: {"serverTime": self.now_ms}, OPEN),
            f"GET {v1}/exchangeInfo": (lambda p: exchange_info(symbols, limits, self.now_ms), OPEN),
            f"GET {v1}/depth": (lambda p: self.desk.symbol(p).depth(p.whole("limit", 500), self.now_ms), OPEN),
            f"GET {v1}/trades": (self._trades, OPEN),
            f"GET {v1}/aggTrades": (self._aggregates, OPEN),
            f"GET {v1}/premiumIndex": (self._premium, OPEN),
            f"GET {v1}/fundingRate": (self._funding, OPEN),
            f"GET {v1}/fundingInfo": (lambda p: funding_info(symbols), OPEN),
            f"GET {v1}/ticker/bookTicker": (self._tickers, OPEN),
            f"POST {v1}/order": (lambda p: self.desk.place(p), SIGNED),
            f"PUT {v1}/order": (self.desk.amend, SIGNED),
            f"GET {v1}/order": (self.desk.row, SIGNED),
            f"DELETE {v1}/order": (self.desk.cancel, SIGNED),
            f"POST {v1}/batchOrders": (self._place_batch, SIGNED),
            f"DELETE {v1}/batchOrders": (self._cancel_batch, SIGNED),
            f"DELETE {v1}/allOpenOrders": (self._cancel_all, SIGNED),
            f"GET {v1}/openOrders": (self._open_orders, SIGNED),
            f"GET {v1}/openOrder": (self._open_order, SIGNED),
            f"GET {v1}/allOrders": (self._all_orders, SIGNED),
            f"GET {v1}/userTrades": (self._user_trades, SIGNED),
            f"GET {v1}/income": (self._income, SIGNED),
            f"POST {v1}/algoOrder": (self.algo.place, SIGNED),
            f"GET {v1}/algoOrder": (lambda p: self.algo.find(p).row(), SIGNED),
            f"DELETE {v1}/algoOrder": (self.algo.cancel, SIGNED),
            f"GET {v1}/openAlgoOrders": (self._open_algos, SIGNED),
            f"GET {v1}/allAlgoOrders": (lambda p: [one.row() for one in self.algo.all], SIGNED),
            f"DELETE {v1}/algoOpenOrders": (self._cancel_algos, SIGNED),
            f"POST {v1}/countdownCancelAll": (self._countdown, SIGNED),
            f"GET {v1}/leverageBracket": (lambda p: leverage_brackets(symbols), SIGNED),
            f"POST {v1}/leverage": (account.leverage, SIGNED),
            f"POST {v1}/marginType": (account.margin_type, SIGNED),
            f"GET {v1}/positionSide/dual": (lambda p: {"dualSidePosition": False}, SIGNED),
            f"POST {v1}/positionSide/dual": (account.position_mode, SIGNED),
            f"GET {v1}/multiAssetsMargin": (lambda p: {"multiAssetsMargin": False}, SIGNED),
            f"GET {v1}/commissionRate": (self._commission, SIGNED),
            f"POST {v1}/listenKey": (lambda p: {"listenKey": keys.open(self.exchange.now())}, KEYED),
            f"PUT {v1}/listenKey": (lambda p: {"listenKey": keys.keep(self.exchange.now())}, KEYED),
            f"DELETE {v1}/listenKey": (self._end_key, KEYED),
            "GET /sapi/v1/account/apiRestrictions": (self._restrictions, SIGNED),
        }
        for version in ("v2", "v3"):
            self.routes[f"GET /fapi/{version}/account"] = (lambda p: account.account(self.now_ms), SIGNED)
            self.routes[f"GET /fapi/{version}/balance"] = (lambda p: account.balance(self.now_ms), SIGNED)
            self.routes[f"GET /fapi/{version}/positionRisk"] = (lambda p: account.risk(p, self.now_ms), SIGNED)

    @property
    def now_ms(self) -> int:
        return self.exchange.now() // NS_PER_MS

    def answer(self, place: str, key: str | None, params: Params) -> Any:
        """The value of the answer. Raises Refusal."""
        handler, right = self.routes[place]
        if right == SIGNED:
            self.access.check(key, params, self.now_ms)
        elif right == KEYED:
            self.access.check_key(key)
        if place in (f"POST /fapi/v1/{name}" for name in ("order", "algoOrder", "batchOrders")):
            self.count(1)
        return handler(params)

    def count(self, n: int) -> None:
        """New orders against the account's rate. Raises Refusal."""
        if not self.limits.order(n, self.exchange.now()):
            raise Refusal(-1015, "Too many new orders; please use the websocket for live updates.", 429)

    # public ----------------------------------------------------------------------------------------------------------

    def _trades(self, params: Params) -> list[Json]:
        symbol = self.desk.symbol(params)
        return [symbol.trade_row(row) for row in list(symbol.trades)[-params.whole("limit", 500) :]]

    def _aggregates(self, params: Params) -> list[Json]:
        symbol, first = self.desk.symbol(params), params.whole("fromId", 0)
        start, end = params.whole("startTime", 0), params.whole("endTime", FOREVER)
        rows = [row for row in symbol.trades if row[4] >= first and start <= row[0] <= end]
        limit = params.whole("limit", 500)
        return [symbol.aggregate_row(row) for row in (rows[:limit] if first or start else rows[-limit:])]

    def _premium(self, params: Params) -> Any:
        if params.values.get("symbol"):
            return self.desk.symbol(params).premium(self.now_ms)
        return [symbol.premium(self.now_ms) for symbol in self.desk.symbols]

    def _tickers(self, params: Params) -> Any:
        if params.values.get("symbol"):
            return self.desk.symbol(params).book_ticker(self.now_ms)
        return [symbol.book_ticker(self.now_ms) for symbol in self.desk.symbols]

    def _funding(self, params: Params) -> list[Json]:
        span = params.whole("startTime", 0), params.whole("endTime", FOREVER)
        return self.desk.symbol(params).funding_rows(*span)[-params.whole("limit", 100) :]

    # orders ----------------------------------------------------------------------------------------------------------

    def _place_batch(self, params: Params) -> list[Json]:
        """Each by itself; what is refused shows its code, and refused ones come first, as seen on the real venue."""
        wishes = _list(params, "batchOrders")
        if not 0 < len(wishes) <= BATCH:
            raise Refusal(-4082, "Invalid number of batch orders.")
        self.count(len(wishes) - 1)
        rule = self.half("POST /fapi/v1/batchOrders")
        upto = len(wishes) if rule is None else len(wishes) // 2
        done: list[Json] = []
        refused: list[Json] = []
        for n, wish in enumerate(wishes):
            try:
                if n >= upto:
                    raise Refusal(-1008, "Server is currently overloaded with other requests.")
                if not isinstance(wish, dict):
                    raise malformed("batchOrders")
                done.append(self.desk.place(Params({str(k): _word(v) for k, v in wish.items()})))
            except Refusal as no:
                refused.append({"code": no.code, "msg": no.text})
        return refused + done

    def _cancel_batch(self, params: Params) -> list[Json]:
        numbers, clients = _list(params, "orderIdList"), _list(params, "origClientOrderIdList")
        numbers = numbers or _list(params, "orderidlist")
        wishes = [("orderId", str(x)) for x in numbers] or [("origClientOrderId", str(x)) for x in clients]
        out: list[Json] = []
        for name, value in wishes[:10]:
            try:
                out.append(self.desk.cancel(Params({"symbol": params.text("symbol"), name: value})))
            except Refusal as no:
                out.append({"code": no.code, "msg": no.text})
        return out

    def _cancel_all(self, params: Params) -> Json:
        self.desk.cancel_all(self.desk.symbol(params).i)
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def _instrument(self, params: Params) -> int | None:
        return self.desk.symbol(params).i if params.values.get("symbol") else None

    def _open_orders(self, params: Params) -> list[Json]:
        return [self.ledger.order_row(order) for order in self.exchange.books.open_of(self._instrument(params))]

    def _open_order(self, params: Params) -> Json:
        found = self.desk.find(params, self.desk.symbol(params).i)
        if found is None or not found.open:
            raise Refusal(-2013, "Order does not exist.")
        return self.ledger.order_row(found)

    def _all_orders(self, params: Params) -> list[Json]:
        symbol, first = self.desk.symbol(params), params.whole("orderId", 0)
        span = params.whole("startTime", 0), params.whole("endTime", FOREVER)
        rows = [
            self.ledger.order_row(order)
            for order in self.exchange.books.orders
            if order.instrument == symbol.i and order.venue_id >= max(1, first)
        ]
        found = [row for row in rows if span[0] <= row["time"] <= span[1]]
        return found[-params.whole("limit", 500) :]

    def _user_trades(self, params: Params) -> list[Json]:
        symbol, first, order = self.desk.symbol(params), params.whole("fromId", 0), params.whole("orderId", 0)
        start, end = params.whole("startTime", 0), params.whole("endTime", FOREVER)
        rows = [
            self.ledger.trade_row(t) for t in self.exchange.books.trades if t.instrument == symbol.i and t.id >= first
        ]
        rows = [row for row in rows if start <= row["time"] <= end and order in (0, row["orderId"])]
        limit = min(PAGE, params.whole("limit", 500))
        return rows[:limit] if first or start else rows[-limit:]

    def _income(self, params: Params) -> list[Json]:
        kind, name = params.text("incomeType", ""), params.text("symbol", "")
        start, end = params.whole("startTime", 0), params.whole("endTime", FOREVER)
        rows = [
            row
            for row in self.ledger.income_rows()
            if kind in ("", row["incomeType"]) and name in ("", row["symbol"]) and start <= row["time"] <= end
        ]
        return rows[: min(PAGE, params.whole("limit", 100))]

    def _open_algos(self, params: Params) -> list[Json]:
        i = self._instrument(params)
        return [one.row() for one in self.algo.waiting if i is None or one.symbol.i == i]

    def _cancel_algos(self, params: Params) -> Json:
        self.algo.cancel_all(self.desk.symbol(params).i)
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def _countdown(self, params: Params) -> Json:
        symbol, countdown = self.desk.symbol(params), params.whole("countdownTime")
        self.dead_man.set(symbol.i, countdown, self.exchange.now())
        return {"symbol": symbol.name, "countdownTime": str(countdown)}

    # the account -----------------------------------------------------------------------------------------------------

    def _commission(self, params: Params) -> Json:
        x = self.desk.symbol(params).instrument
        return {
            "symbol": x.symbol, "makerCommissionRate": f"{x.maker_fee_ppm / 1e6:.6f}",
            "takerCommissionRate": f"{x.taker_fee_ppm / 1e6:.6f}",
        }  # fmt: skip

    def _end_key(self, _params: Params) -> Json:
        self.keys.end()
        return {}

    def _restrictions(self, _params: Params) -> Json:
        return {
            "ipRestrict": True, "createTime": 0, "enableReading": True, "enableFutures": True,
            "enableWithdrawals": self.access.withdraws, "enableInternalTransfer": False,
        }  # fmt: skip


def _list(params: Params, name: str) -> list[Any]:
    """A JSON list in a parameter; empty where it was not sent. Raises Refusal."""
    text = params.values.get(name, "")
    if not text:
        return []
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise malformed(name) from None
    if not isinstance(found, list):
        raise malformed(name)
    return found


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
