"""Every REST question and order: which handler, whether it needs a key or a signature, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from core.domain.units import NS_PER_MS
from core.venues.wire.binance_usdm.access import Access
from core.venues.wire.binance_usdm.account import AccountPages
from core.venues.wire.binance_usdm.algo import AlgoDesk
from core.venues.wire.binance_usdm.deadman import DeadMan
from core.venues.wire.binance_usdm.desk import Desk
from core.venues.wire.binance_usdm.history import History
from core.venues.wire.binance_usdm.keys import ListenKeys
from core.venues.wire.binance_usdm.limits import Limits
from core.venues.wire.binance_usdm.meta import exchange_info, funding_info, leverage_brackets
from core.venues.wire.binance_usdm.params import Params, word
from core.venues.wire.binance_usdm.public import PublicPages
from core.venues.wire.binance_usdm.refusals import Refusal, malformed, missing
from core.venues.wire.faults import Rule

Json = dict[str, Any]
Handler = Callable[[Params], Any]
OPEN, KEYED, SIGNED = 0, 1, 2
BATCH, CANCELS = 5, 10


class Rest:
    """`routes`: "METHOD /path" -> (handler, OPEN | KEYED | SIGNED)."""

    def __init__(
        self, access: Access, desk: Desk, algo: AlgoDesk, account: AccountPages, dead_man: DeadMan, keys: ListenKeys,
        limits: Limits, half: Callable[[str], Rule | None],
    ) -> None:  # fmt: skip
        self.access, self.desk, self.algo, self.account = access, desk, algo, account
        self.dead_man, self.keys, self.limits, self.half = dead_man, keys, limits, half
        self.exchange, self.ledger = desk.exchange, desk.ledger
        v1, symbols, history = "/fapi/v1", desk.symbols, History(desk)
        public = PublicPages(symbols, desk.symbol, lambda: self.now_ms)
        self.routes: dict[str, tuple[Handler, int]] = {
            f"GET {v1}/ping": (lambda p: {}, OPEN),
            f"GET {v1}/time": (lambda p: {"serverTime": self.now_ms}, OPEN),
            f"GET {v1}/exchangeInfo": (lambda p: exchange_info(symbols, limits, self.now_ms), OPEN),
            f"GET {v1}/depth": (public.depth, OPEN),
            f"GET {v1}/trades": (public.trades, OPEN),
            f"GET {v1}/aggTrades": (public.aggregates, OPEN),
            f"GET {v1}/premiumIndex": (public.premium, OPEN),
            f"GET {v1}/fundingRate": (public.funding, OPEN),
            f"GET {v1}/fundingInfo": (lambda p: funding_info(symbols), OPEN),
            f"GET {v1}/ticker/bookTicker": (public.tickers, OPEN),
            f"POST {v1}/order": (self.desk.place, SIGNED),
            f"PUT {v1}/order": (self.desk.amend, SIGNED),
            f"GET {v1}/order": (self.desk.row, SIGNED),
            f"DELETE {v1}/order": (self.desk.cancel, SIGNED),
            f"POST {v1}/batchOrders": (self._place_batch, SIGNED),
            f"PUT {v1}/batchOrders": (self._amend_batch, SIGNED),
            f"DELETE {v1}/batchOrders": (self._cancel_batch, SIGNED),
            f"DELETE {v1}/allOpenOrders": (self._cancel_all, SIGNED),
            f"GET {v1}/openOrders": (self._open_orders, SIGNED),
            f"GET {v1}/openOrder": (self._open_order, SIGNED),
            f"GET {v1}/allOrders": (history.orders, SIGNED),
            f"GET {v1}/userTrades": (history.trades, SIGNED),
            f"GET {v1}/income": (history.income, SIGNED),
            f"GET {v1}/forceOrders": (history.forced, SIGNED),
            f"POST {v1}/algoOrder": (self.algo.place, SIGNED),
            f"GET {v1}/algoOrder": (algo.row, SIGNED),
            f"DELETE {v1}/algoOrder": (self.algo.cancel, SIGNED),
            f"GET {v1}/openAlgoOrders": (self._open_algos, SIGNED),
            f"GET {v1}/allAlgoOrders": (lambda p: [one.row() for one in self.algo.all], SIGNED),
            f"DELETE {v1}/algoOpenOrders": (self._cancel_algos, SIGNED),
            f"POST {v1}/countdownCancelAll": (self._countdown, SIGNED),
            f"GET {v1}/leverageBracket": (self._brackets, SIGNED),
            f"POST {v1}/leverage": (account.leverage, SIGNED),
            f"POST {v1}/marginType": (account.margin_type, SIGNED),
            f"GET {v1}/symbolConfig": (account.configuration, SIGNED),
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
            whole = partial(self._account, version)
            self.routes[f"GET /fapi/{version}/account"] = (whole, SIGNED)
            self.routes[f"GET /fapi/{version}/balance"] = (lambda p: account.balance(self.now_ms), SIGNED)
            self.routes[f"GET /fapi/{version}/positionRisk"] = (partial(self._risk, version), SIGNED)

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
        self.count(place)
        return handler(params)

    def count(self, place: str) -> None:
        """What this may place or change, against the account's rate. Raises Refusal."""
        if not self.limits.order(place, self.exchange.now()):
            raise Refusal(-1015, "Too many new orders.", 429)

    # orders ----------------------------------------------------------------------------------------------------------

    def _place_batch(self, params: Params) -> list[Json]:
        return self._each("POST /fapi/v1/batchOrders", _list(params, "batchOrders"), BATCH, self.desk.place)

    def _amend_batch(self, params: Params) -> list[Json]:
        return self._each("PUT /fapi/v1/batchOrders", _list(params, "batchOrders"), BATCH, self.desk.amend)

    def _cancel_batch(self, params: Params) -> list[Json]:
        numbers = _list(params, "orderIdList") or _list(params, "orderidlist")
        clients = _list(params, "origClientOrderIdList") or _list(params, "origclientorderidlist")
        named = [("orderId", value) for value in numbers] or [("origClientOrderId", value) for value in clients]
        wishes = [{"symbol": params.text("symbol"), name: value} for name, value in named]
        if not wishes:
            raise missing("orderIdList")
        return self._each("DELETE /fapi/v1/batchOrders", wishes, CANCELS, self.desk.cancel)

    def _each(self, place: str, wishes: list[Any], most: int, act: Handler) -> list[Json]:
        """Each by itself and in its order; what is refused shows its code."""
        if not 0 < len(wishes) <= most:
            raise Refusal(-4082, "Invalid number of batch place orders.")
        upto = len(wishes) if self.half(place) is None else len(wishes) // 2
        out: list[Json] = []
        for n, wish in enumerate(wishes):
            try:
                if n >= upto:
                    raise Refusal(-1008, "Server is currently overloaded with other requests.")
                if not isinstance(wish, dict):
                    raise malformed("batchOrders")
                out.append(act(Params({str(name): word(value) for name, value in wish.items()})))
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

    def _account(self, version: str, _params: Params) -> Json:
        return self.account.account(self.now_ms, version)

    def _risk(self, version: str, params: Params) -> list[Json]:
        return self.account.risk(params, self.now_ms, version)

    def _brackets(self, params: Params) -> list[Json]:
        return leverage_brackets([self.desk.symbol(params)] if params.values.get("symbol") else self.desk.symbols)

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
