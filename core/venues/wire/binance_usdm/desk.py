"""The order desk: places, changes and cancels regular orders, and answers as the venue does.

A refused order leaves no trace here, as on the real venue. Client ids are unique among open orders only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from core.domain import reasons as why
from core.domain.order import FOK, GTC, IOC, LIMIT, MARKET, POST_ONLY, REDUCE_ONLY
from core.domain.units import BUY, SELL
from core.venues.wire.behind import WireExchange
from core.venues.wire.binance_usdm.ledger import Ledger
from core.venues.wire.binance_usdm.market import Symbol
from core.venues.wire.binance_usdm.params import Params
from core.venues.wire.binance_usdm.refusals import (
    INVALID_SYMBOL,
    NO_ORDER,
    UNKNOWN_ORDER,
    Refusal,
    malformed,
    missing,
    refusal_of,
    unwanted,
)
from core.venues.wire.orders import GONE, LAPSED, REFUSED, WireOrder

Json = dict[str, Any]
TIF = {"GTC": GTC, "GTX": POST_ONLY, "IOC": IOC, "FOK": FOK}
CONDITIONAL = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
CLIENT = re.compile(r"[\.A-Z\:/a-z0-9_-]{1,36}")
SYMBOL = re.compile(r"[A-Z0-9_.-]{1,20}")
MOST = 200  # open orders of one symbol, as its rules say
MODE = "EXPIRE_TAKER"  # of the exchange behind
OFF_TICK = Refusal(-4014, "Price not increased by tick size.")
OFF_STEP = Refusal(-1111, "Precision is over the maximum defined for this asset.")


class Desk:
    """`made` counts client ids that the venue had to make up."""

    def __init__(self, exchange: WireExchange, ledger: Ledger, symbols: Sequence[Symbol]) -> None:
        self.exchange, self.ledger, self.symbols = exchange, ledger, symbols
        self.by_name = {symbol.name: symbol for symbol in symbols}
        self.made = 0

    def symbol(self, params: Params) -> Symbol:
        """The symbol of a request. Raises Refusal."""
        name = params.text("symbol")
        if not SYMBOL.fullmatch(name):
            raise malformed("symbol")
        found = self.by_name.get(name)
        if found is None:
            raise INVALID_SYMBOL
        return found

    def client(self, given: str) -> str:
        """The client id of a new order. Raises Refusal for one that cannot be or is in use."""
        if not given:
            self.made += 1
            return f"web_{self.made:020d}"
        if not CLIENT.fullmatch(given):
            raise Refusal(-4015, "Client order id is not valid.")
        if any(order.client == given for order in self.exchange.books.open_of()):
            raise Refusal(-4116, "ClientOrderId is duplicated.")
        return given

    def place(self, params: Params) -> Json:
        """One new order. Raises Refusal; the row of the answer otherwise.

        What became of it is in the answer only where RESULT was asked for, and then only of orders that cannot rest.
        """
        symbol, side = self.symbol(params), side_of(params)
        if params.text("positionSide", "BOTH") != "BOTH":
            raise Refusal(-4061, "Order's position side does not match user's setting.")
        kind, answer = params.text("type"), params.text("newOrderRespType", "ACK")
        if kind in CONDITIONAL:
            text = "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
            raise Refusal(-4120, text)
        if kind not in ("LIMIT", "MARKET"):
            raise Refusal(-1116, "Invalid orderType.")
        if answer not in ("ACK", "RESULT"):
            raise Refusal(-1136, "Invalid newOrderRespType.")
        if params.text("selfTradePreventionMode", MODE) != MODE:
            raise Refusal(-5039, "Invalid self trade prevention mode.")  # no other is built here
        px, tif = 0, IOC
        if kind == "LIMIT":
            tif = tif_of(params)
            px = params.figure("price", symbol.grid.ticks, OFF_TICK)
            if px == 0:
                raise Refusal(-4001, "Price less than 0.")
        else:
            for name in ("price", "timeInForce"):
                if params.values.get(name):
                    raise unwanted(name)
        qty = quantity(params, symbol)
        client = self.client(params.text("newClientOrderId", ""))
        flags = REDUCE_ONLY if params.flag("reduceOnly") else 0
        made = self.create(client, symbol, side, px, qty, MARKET if kind == "MARKET" else LIMIT, tif, flags)
        return self.ledger.order_row(made, fresh=answer == "ACK" or tif in (GTC, POST_ONLY))

    def create(
        self, client: str, symbol: Symbol, side: int, px: int, qty: int, kind: int, tif: int, flags: int
    ) -> WireOrder:  # fmt: skip
        """Hand it to the exchange. Raises Refusal where that refused it; an unfilled FOK order is in no history."""
        if len(self.exchange.books.open_of(symbol.i)) >= MOST:
            raise Refusal(-2025, "Reach max open order limit.")
        made = self.exchange.create(client, symbol.i, side, px, qty, kind, tif, flags)
        if tif == FOK and made.status == LAPSED and not made.filled:
            made.status, made.code = REFUSED, why.NO_FILL
            self.ledger.forget(made)
        if made.status == REFUSED:
            raise refusal_of(made.code, px > symbol.mark)
        return made

    # finding ---------------------------------------------------------------------------------------------------------

    def find(self, params: Params, instrument: int) -> WireOrder | None:
        """By orderId, else by origClientOrderId; an open one wins. None where there never was one."""
        number, client = params.values.get("orderId", ""), params.values.get("origClientOrderId", "")
        if not number and not client:
            raise missing("orderId")
        books = self.exchange.books
        found = books.by_venue(params.whole("orderId")) if number else books.by_client(client)
        if found is None or found.status == REFUSED or found.instrument != instrument:
            return None
        return found

    def row(self, params: Params) -> Json:
        """One order, whatever became of it. Raises Refusal where there is none."""
        symbol = self.symbol(params)
        made = self.ledger.made.get(params.whole("orderId", 0))
        if made is not None:
            return made
        found = self.find(params, symbol.i)
        if found is None:
            raise NO_ORDER
        return self.ledger.order_row(found)

    # changes ---------------------------------------------------------------------------------------------------------

    def amend(self, params: Params) -> Json:
        """A new price and total size under the same id. Raises Refusal; then the order stays as it is.

        The order is cancelled instead where it has filled that much already, or where it may only rest and would not.
        """
        symbol, side = self.symbol(params), side_of(params)
        found = self.find(params, symbol.i)
        if found is None or not found.open:
            raise NO_ORDER
        if side != found.side:  # what the real venue answers is not known
            raise Refusal(-1117, "Invalid side.")
        if params.flag("reduceOnly") and not found.flags & REDUCE_ONLY:
            raise Refusal(-5047, "The original order is not a reduce-only order.")
        px, qty = params.figure("price", symbol.grid.ticks, OFF_TICK), quantity(params, symbol)
        if (px, qty) == (found.px, found.qty):
            raise Refusal(-5027, "No need to modify the order.")
        if qty <= found.filled:
            self.exchange.cancel(found)
            return self.ledger.order_row(found)
        reason = self.exchange.amend(found, px, qty)
        if reason in (why.POST_ONLY_CROSS, why.SELF_TRADE) and found.tif == POST_ONLY:
            self.exchange.cancel(found)
        elif reason == why.VENUE_CLOSED:
            raise Refusal(-5024, "Symbol is not in trading status. Order amendment is not permitted.")
        elif reason:
            raise refusal_of(reason, px > symbol.mark)
        return self.ledger.order_row(found)

    def cancel(self, params: Params) -> Json:
        """One cancel. Raises Refusal where there is nothing open of that name."""
        found = self.find(params, self.symbol(params).i)
        if found is None or not self.exchange.cancel(found):
            raise UNKNOWN_ORDER
        assert found.status == GONE
        return self.ledger.order_row(found)

    def cancel_all(self, instrument: int) -> int:
        """Every regular order of one symbol; how many there were."""
        return sum(self.exchange.cancel(order) for order in self.exchange.books.open_of(instrument))


def side_of(params: Params) -> int:
    """BUY or SELL. Raises Refusal."""
    text = params.text("side")
    if text not in ("BUY", "SELL"):
        raise Refusal(-1117, "Invalid side.")
    return BUY if text == "BUY" else SELL


def tif_of(params: Params) -> int:
    text = params.text("timeInForce")
    if text not in TIF:
        raise Refusal(-1115, "Invalid timeInForce.")
    return TIF[text]


def quantity(params: Params, symbol: Symbol) -> int:
    """Lots. Raises Refusal."""
    lots = params.figure("quantity", symbol.grid.lots, OFF_STEP)
    if lots == 0:
        raise Refusal(-4003, "Quantity less than or equal to zero.")
    return lots
