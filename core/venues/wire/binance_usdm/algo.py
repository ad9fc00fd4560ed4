"""The second order book: stops and take profits, held beside the market, sent as orders when their price is met.

A cancel of regular orders does not touch them, which is what a stop that forgets this book gets wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.domain.order import GTC, IOC, LIMIT, MARKET, REDUCE_ONLY
from core.domain.units import BUY, NS_PER_MS
from core.venues.wire.binance_usdm.desk import OFF_TICK, Desk, quantity, side_of, tif_of
from core.venues.wire.binance_usdm.ledger import SIDES, TIFS
from core.venues.wire.binance_usdm.market import Symbol
from core.venues.wire.binance_usdm.params import Params
from core.venues.wire.binance_usdm.refusals import UNKNOWN_ORDER, Refusal, missing

Json = dict[str, Any]
STOPS, PROFITS = ("STOP", "STOP_MARKET"), ("TAKE_PROFIT", "TAKE_PROFIT_MARKET")


@dataclass(eq=False)
class Algo:
    """Prices ticks, size lots (0 = the whole position), times ms."""

    number: int
    client: str
    symbol: Symbol
    side: int
    kind: str
    px: int
    qty: int
    trigger_px: int
    tif: int
    reduce_only: bool
    close: bool
    by_mark: bool
    created: int
    updated: int
    status: str = "NEW"
    order: int = 0  # the order that it became

    def met(self) -> bool:
        """Whether its price (mark, or the middle of the best prices) has reached the trigger."""
        bid, ask = self.symbol.exchange.top(self.symbol.i)
        px = self.symbol.mark if self.by_mark else (bid + ask) // 2
        above = (self.side == BUY) == (self.kind in STOPS)
        return px > 0 and (px >= self.trigger_px if above else px <= self.trigger_px)

    def row(self) -> Json:
        """As REST shows it."""
        grid = self.symbol.grid
        return {
            "algoId": self.number, "clientAlgoId": self.client, "algoType": "CONDITIONAL", "orderType": self.kind,
            "symbol": self.symbol.name, "side": SIDES[self.side], "positionSide": "BOTH",
            "timeInForce": TIFS[self.tif], "quantity": grid.sz(self.qty), "algoStatus": self.status,
            "actualOrderId": str(self.order or ""), "actualPrice": "0", "triggerPrice": grid.px(self.trigger_px),
            "price": grid.px(self.px), "icebergQuantity": None, "selfTradePreventionMode": "EXPIRE_MAKER",
            "workingType": "MARK_PRICE" if self.by_mark else "CONTRACT_PRICE", "priceMatch": "NONE",
            "closePosition": self.close, "priceProtect": False, "reduceOnly": self.reduce_only,
            "createTime": self.created, "updateTime": self.updated, "triggerTime": 0, "goodTillDate": 0,
        }  # fmt: skip

    def event(self, ms: int) -> Json:
        """As the private stream tells it."""
        grid = self.symbol.grid
        told = {
            "caid": self.client, "aid": self.number, "at": "CONDITIONAL", "o": self.kind, "s": self.symbol.name,
            "S": SIDES[self.side], "ps": "BOTH", "f": TIFS[self.tif], "q": grid.sz(self.qty), "X": self.status,
            "ai": str(self.order or ""), "tp": grid.px(self.trigger_px), "p": grid.px(self.px),
            "wt": "MARK_PRICE" if self.by_mark else "CONTRACT_PRICE", "cp": self.close, "R": self.reduce_only,
        }  # fmt: skip
        return {"e": "ALGO_UPDATE", "T": ms, "E": ms, "o": told}


class AlgoDesk:
    """`waiting` are those whose price was not met yet."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.ledger = desk, desk.ledger
        self.waiting: list[Algo] = []
        self.all: list[Algo] = []

    @property
    def now_ms(self) -> int:
        return self.desk.exchange.now() // NS_PER_MS

    def place(self, params: Params) -> Json:
        """One new stop or profit. Raises Refusal."""
        if params.text("algoType") != "CONDITIONAL":
            raise missing("algoType")
        symbol, side, kind = self.desk.symbol(params), side_of(params), params.text("type")
        if kind not in (*STOPS, *PROFITS):
            raise Refusal(-1116, "Invalid orderType.")
        close = params.flag("closePosition")
        limit = kind in ("STOP", "TAKE_PROFIT")
        client = params.text("clientAlgoId", "") or f"algo_{len(self.all) + 1:018d}"
        if any(one.client == client for one in self.waiting):
            raise Refusal(-4116, "ClientOrderId is duplicated.")
        now = self.now_ms
        made = Algo(
            self.ledger.new_id(), client, symbol, side, kind,
            params.figure("price", symbol.grid.ticks, OFF_TICK) if limit else 0,
            0 if close else quantity(params, symbol), params.figure("triggerPrice", symbol.grid.ticks, OFF_TICK),
            tif_of(params) if limit and params.values.get("timeInForce") else GTC, close or params.flag("reduceOnly"),
            close, params.text("workingType", "CONTRACT_PRICE") == "MARK_PRICE", now, now,
        )  # fmt: skip
        if made.met():
            raise Refusal(-2021, "Order would immediately trigger.")
        self.waiting.append(made)
        self.all.append(made)
        self._set(made, "NEW")
        return made.row()

    def find(self, params: Params) -> Algo:
        """By algoId or clientAlgoId; a waiting one wins. Raises Refusal."""
        number, client = params.values.get("algoId", ""), params.values.get("clientAlgoId", "")
        if not number and not client:
            raise missing("algoId")
        for one in (*self.waiting, *reversed(self.all)):
            if (number and str(one.number) == number) or (not number and one.client == client):
                return one
        raise UNKNOWN_ORDER

    def cancel(self, params: Params) -> Json:
        """One cancel. Raises Refusal where it is not waiting any more."""
        found = self.find(params)
        if found not in self.waiting:
            raise UNKNOWN_ORDER
        self._end(found)
        return {"algoId": found.number, "clientAlgoId": found.client, "code": "200", "msg": "success"}

    def cancel_all(self, instrument: int) -> None:
        for one in [one for one in self.waiting if one.symbol.i == instrument]:
            self._end(one)

    def _end(self, one: Algo) -> None:
        self.waiting.remove(one)
        self._set(one, "CANCELED")

    def _set(self, one: Algo, status: str) -> None:
        one.status, one.updated = status, self.now_ms
        self.ledger.news.append(one.event(one.updated))

    def fire(self) -> None:
        """Send what the prices have reached."""
        for one in [one for one in self.waiting if one.met()]:
            self.waiting.remove(one)
            self._set(one, "TRIGGERED")
            lots = abs(self.desk.exchange.position(one.symbol.i)[0])
            qty = lots if one.close else one.qty
            market = one.px == 0
            try:
                made = self.desk.create(
                    one.client, one.symbol, one.side, one.px, qty, MARKET if market else LIMIT,
                    IOC if market else one.tif, REDUCE_ONLY if one.reduce_only else 0,
                )  # fmt: skip
            except Refusal:
                self._set(one, "REJECTED")
                continue
            one.order = made.venue_id
            self.ledger.types[made.number] = one.kind
            self._set(one, "FINISHED")
