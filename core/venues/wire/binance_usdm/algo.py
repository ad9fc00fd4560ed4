"""The second order book: stops and take profits, held beside the market, sent as orders when their price is met.

A cancel of regular orders does not touch them, which is what a stop that forgets this book gets wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.domain.order import GTC, IOC, LIMIT, MARKET, REDUCE_ONLY
from core.domain.units import BUY, NS_PER_MS
from core.venues.wire.binance_usdm.desk import CLIENT, MODE, OFF_TICK, Desk, quantity, side_of, tif_of
from core.venues.wire.binance_usdm.ledger import SIDES, TIFS
from core.venues.wire.binance_usdm.market import Symbol
from core.venues.wire.binance_usdm.params import Params
from core.venues.wire.binance_usdm.refusals import NO_ORDER, UNKNOWN_ORDER, Refusal, missing, unwanted
from core.venues.wire.orders import WireOrder

Json = dict[str, Any]
MOST = 100  # waiting ones of one symbol, as its rules say
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
    became: WireOrder | None = None
    triggered: int = 0

    @property
    def order(self) -> str:
        """Id of the order that it became; "" before."""
        return "" if self.became is None else str(self.became.venue_id)

    def met(self) -> bool:
        """Whether its price (mark, or that of the last trade) has reached the trigger; not while there is none."""
        px = self.symbol.mark if self.by_mark else self.symbol.last_px
        above = (self.side == BUY) == (self.kind in STOPS)
        return px > 0 and (px >= self.trigger_px if above else px <= self.trigger_px)

    def row(self) -> Json:
        """As REST shows it."""
        grid, became = self.symbol.grid, self.became
        return {
            "algoId": self.number, "clientAlgoId": self.client, "algoType": "CONDITIONAL", "orderType": self.kind,
            "symbol": self.symbol.name, "side": SIDES[self.side], "positionSide": "BOTH",
            "timeInForce": TIFS[self.tif], "quantity": "0" if self.close else grid.sz(self.qty),
            "algoStatus": self.status,
            "actualOrderId": self.order,
            "actualPrice": grid.average(became.quote, became.filled) if became else "0",
            "triggerPrice": grid.px(self.trigger_px),
            "price": grid.px(self.px), "icebergQuantity": None, "selfTradePreventionMode": MODE,
            "workingType": "MARK_PRICE" if self.by_mark else "CONTRACT_PRICE", "priceMatch": "NONE",
            "closePosition": self.close, "priceProtect": False, "reduceOnly": self.reduce_only and not self.close,
            "createTime": self.created, "updateTime": self.updated, "triggerTime": self.triggered, "goodTillDate": 0,
        }  # fmt: skip

    def event(self, ms: int) -> Json:
        """As the private stream tells it."""
        grid = self.symbol.grid
        told: Json = {
            "caid": self.client, "aid": self.number, "at": "CONDITIONAL", "o": self.kind, "s": self.symbol.name,
            "S": SIDES[self.side], "ps": "BOTH", "f": TIFS[self.tif], "q": grid.sz(self.qty), "X": self.status,
            "ai": self.order, "tp": grid.px(self.trigger_px), "p": grid.px(self.px), "V": MODE, "pm": "NONE",
            "wt": "MARK_PRICE" if self.by_mark else "CONTRACT_PRICE", "cp": self.close, "pP": False,
            "R": self.reduce_only, "tt": self.triggered, "gtd": 0,
        }  # fmt: skip
        if self.became is not None:
            filled = self.became.filled
            told |= {"ap": grid.average(self.became.quote, filled), "aq": grid.sz(filled)}
        return {"e": "ALGO_UPDATE", "T": ms, "E": ms, "o": told}


class AlgoDesk:
    """`waiting` are those whose price was not met yet."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.ledger = desk, desk.ledger
        self.waiting: list[Algo] = []
        self.sent: list[Algo] = []  # became orders that are not known to have ended
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
        if params.text("positionSide", "BOTH") != "BOTH":
            raise Refusal(-4061, "Order's position side does not match user's setting.")
        if params.text("workingType", "CONTRACT_PRICE") not in ("CONTRACT_PRICE", "MARK_PRICE"):
            raise Refusal(-4031, "Invalid parameter working type.")
        limit = kind in ("STOP", "TAKE_PROFIT")
        close = self._closes(params, symbol, side, kind)
        now = self.now_ms
        made = Algo(
            self.ledger.new_id(), self._client(params.text("clientAlgoId", "")), symbol, side, kind,
            params.figure("price", symbol.grid.ticks, OFF_TICK) if limit else 0,
            0 if close else quantity(params, symbol), params.figure("triggerPrice", symbol.grid.ticks, OFF_TICK),
            tif_of(params) if limit and params.values.get("timeInForce") else GTC, close or params.flag("reduceOnly"),
            close, params.text("workingType", "CONTRACT_PRICE") == "MARK_PRICE", now, now,
        )  # fmt: skip
        if made.trigger_px == 0:
            raise Refusal(-4006, "Stop price less than zero.")
        if made.met():
            raise Refusal(-2021, "Order would immediately trigger.")
        if sum(one.symbol is symbol for one in self.waiting) >= MOST:
            raise Refusal(-4045, "Reach max stop order limit.")
        self.waiting.append(made)
        self.all.append(made)
        self._set(made, "NEW")
        return made.row()

    def _client(self, given: str) -> str:
        if not given:
            return f"algo_{len(self.all) + 1:018d}"
        if not CLIENT.fullmatch(given):
            raise Refusal(-4015, "Client order id is not valid.")
        if any(one.client == given for one in self.waiting):
            raise Refusal(-4116, "ClientOrderId is duplicated.")
        return given

    def _closes(self, params: Params, symbol: Symbol, side: int, kind: str) -> bool:
        """Whether it is for the whole position. Raises Refusal for what does not go with that."""
        if not params.flag("closePosition"):
            return False
        if kind in ("STOP", "TAKE_PROFIT"):
            raise Refusal(-4136, f"Target strategy invalid for orderType {kind},closePosition true")
        if params.values.get("quantity"):
            raise Refusal(-4137, "Quantity must be zero with closePosition equals true")
        if params.values.get("reduceOnly"):
            raise unwanted("reduceonly")
        if any(one.close and (one.symbol, one.side, one.kind) == (symbol, side, kind) for one in self.waiting):
            text = "An open stop or take profit order with GTE and closePosition in the direction is existing."
            raise Refusal(-4130, text)
        return True

    def find(self, params: Params) -> Algo | None:
        """By algoId or clientAlgoId; a waiting one wins. Raises Refusal where neither is given."""
        number, client = params.values.get("algoId", ""), params.values.get("clientAlgoId", "")
        if not number and not client:
            raise missing("algoId")
        for one in (*self.waiting, *reversed(self.all)):
            if (number and str(one.number) == number) or (not number and one.client == client):
                return one
        return None

    def row(self, params: Params) -> Json:
        """One of them, whatever became of it. Raises Refusal where there is none."""
        found = self.find(params)
        if found is None:
            raise NO_ORDER
        return found.row()

    def cancel(self, params: Params) -> Json:
        """One cancel. Raises Refusal where it is not waiting any more."""
        found = self.find(params)
        if found is None or found not in self.waiting:
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
        """Send what the prices have reached; say of what was sent when it has ended."""
        for one in [one for one in self.sent if one.became is not None and not one.became.open]:
            self.sent.remove(one)
            self._set(one, "FINISHED")
        for one in [one for one in self.waiting if one.met()]:
            self.waiting.remove(one)
            one.triggered = self.now_ms
            self._set(one, "TRIGGERING")
            lots = abs(self.desk.exchange.position(one.symbol.i)[0])
            qty = lots if one.close else one.qty
            market = one.px == 0
            try:
                one.became = self.desk.create(
                    one.client, one.symbol, one.side, one.px, qty, MARKET if market else LIMIT,
                    IOC if market else one.tif, REDUCE_ONLY if one.reduce_only else 0,
                )  # fmt: skip
            except Refusal:
                self._set(one, "REJECTED")
                continue
            self.ledger.types[one.became.number] = one.kind
            self.sent.append(one)
            self._set(one, "TRIGGERED")
