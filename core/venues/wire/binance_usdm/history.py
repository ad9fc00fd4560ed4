"""The account's past as REST pages: orders, trades, income, and the closes that the venue made itself."""

from __future__ import annotations

from typing import Any

from core.domain.units import NS_PER_MS
from core.venues.wire.binance_usdm.desk import Desk
from core.venues.wire.binance_usdm.params import Params
from core.venues.wire.binance_usdm.refusals import Refusal
from core.venues.wire.binance_usdm.spans import limit_of, span_of

Json = dict[str, Any]
CLOSES = {"ADL": "adl_autoclose", "LIQUIDATION": "autoclose-", "": ""}


class History:
    """One account."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.ledger = desk, desk.ledger
        self.exchange = desk.exchange

    def _now_ms(self) -> int:
        return self.exchange.now() // NS_PER_MS

    def orders(self, params: Params) -> list[Json]:
        """The newest of the span, oldest first; from an order id on where one is given."""
        symbol, first = self.desk.symbol(params), params.whole("orderId", 0)
        limit, (start, end) = limit_of(params, 500), span_of(params, self._now_ms())
        books = self.exchange.books.orders
        rows = [self.ledger.order_row(order) for order in books if order.instrument == symbol.i and order.venue_id]
        rows = [row for row in rows if row["status"] != "REJECTED"]
        rows += [row for row in self.ledger.made.values() if row["symbol"] == symbol.name]
        rows.sort(key=lambda row: int(row["orderId"]))
        found = [row for row in rows if row["orderId"] >= first and start <= row["time"] <= end]
        return found[:limit] if first else found[-limit:]

    def trades(self, params: Params) -> list[Json]:
        """From an id on, or of a span of time; never both. The newest where nothing is said. Oldest first."""
        symbol, order = self.desk.symbol(params), params.whole("orderId", 0)
        timed = "startTime" in params.values or "endTime" in params.values
        if "fromId" in params.values and timed:
            raise Refusal(-1128, "Combination of optional parameters invalid.")
        first, limit = params.whole("fromId", 0), limit_of(params, 500)
        start, end = (0, 1 << 60) if first else span_of(params, self._now_ms())
        mine = [trade for trade in self.exchange.books.trades if trade.instrument == symbol.i and trade.id >= first]
        rows = [self.ledger.trade_row(trade) for trade in mine]
        rows = [row for row in rows if start <= row["time"] <= end and order in (0, row["orderId"])]
        return rows[:limit] if first or params.values.get("startTime") else rows[-limit:]

    def income(self, params: Params) -> list[Json]:
        """Oldest first."""
        kind, name = params.text("incomeType", ""), params.text("symbol", "")
        limit = limit_of(params, 100)
        start, end = span_of(params, 0 if "startTime" in params.values else self._now_ms())
        rows = [
            row
            for row in self.ledger.income_rows()
            if kind in ("", row["incomeType"]) and name in ("", row["symbol"]) and start <= row["time"] <= end
        ]
        return rows[:limit]

    def forced(self, params: Params) -> list[Json]:
        """Liquidations and deleveragings."""
        name, kind = params.text("symbol", ""), params.text("autoCloseType", "")
        if kind not in CLOSES:
            raise Refusal(-1130, "Data sent for parameter 'autoCloseType' is not valid.")
        rows = [
            row
            for row in self.ledger.made.values()
            if name in ("", row["symbol"]) and row["clientOrderId"].startswith(CLOSES[kind])
        ]
        return rows[-limit_of(params, 50, 100) :]
