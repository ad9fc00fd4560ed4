"""The account's history as the venue tells it: order rows, trades, income, and the events of the private stream.

Follows the changes of the exchange behind, in their order, because an order object already shows its end when the
first of its changes is told. Sends nothing: streams take what `news` collected.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.domain import reasons as why
from core.domain.order import (
    ACCEPTED,
    AMENDED,
    CANCELED,
    DELEVERAGED,
    EXPIRED,
    FILLED,
    FUNDED,
    LIQUIDATED,
    MARKET,
    REDUCE_ONLY,
    REJECTED,
    TRANSFERRED,
)
from core.domain.units import NS_PER_MS, SELL, sign_of
from core.exchange.accounts import book_fill
from core.exchange.blocks import Account
from core.venues.wire.behind import WireExchange
from core.venues.wire.binance_usdm.market import Symbol
from core.venues.wire.figures import fixed8
from core.venues.wire.orders import DONE, GONE, LAPSED, OPEN, Changed, Payment, Trade, WireOrder

Json = dict[str, Any]
SIDES = ("BUY", "SELL")
TIFS = ("GTC", "GTX", "IOC", "FOK")
INCOME = {FUNDED: "FUNDING_FEE", TRANSFERRED: "TRANSFER"}
EXECUTIONS = {
    ACCEPTED: "NEW", FILLED: "TRADE", AMENDED: "AMENDMENT", CANCELED: "CANCELED", EXPIRED: "EXPIRED",
    LIQUIDATED: "CALCULATED", DELEVERAGED: "CALCULATED",
}  # fmt: skip


class Ledger:
    """One account in one-way mode. `news` are events not yet sent, each with its time (ms)."""

    def __init__(self, exchange: WireExchange, symbols: Sequence[Symbol]) -> None:
        self.exchange, self.symbols = exchange, symbols
        self.news: list[Json] = []
        self.types: dict[int, str] = {}  # order number -> what it was before it was triggered
        self.made: dict[int, Json] = {}  # order id -> row of a close that the venue made itself
        self._trade_orders: dict[int, int] = {}  # trade id -> order id of such a close
        self._done: dict[int, tuple[int, int]] = {}  # order number -> lots and ticks * lots filled, as told so far
        self._then = Account(n=len(symbols))  # as it stood at the change that is being told
        self._then.s.wallet = exchange.exchange.balance()
        for symbol in symbols:
            self._then.s.unit[symbol.i] = symbol.instrument.unit

    def new_id(self) -> int:
        """From the exchange's own sequence of order ids."""
        account = self.exchange.exchange.account.s
        account.next_venue += 1
        return int(account.next_venue)

    # changes ---------------------------------------------------------------------------------------------------------

    def forget(self, order: WireOrder) -> None:
        """Nothing of this order was told or ever will be."""
        self.news = [event for event in self.news if event.get("o", {}).get("i") != order.venue_id]

    def hear(self, change: Changed) -> None:
        """One change of the account."""
        ms = change.ts // NS_PER_MS
        if change.trade is not None:
            trade = change.trade
            book_fill(self._then.s, trade.instrument, trade.qty * sign_of(trade.side), trade.px, trade.fee)
        if change.payment is not None:
            self._then.s.wallet += change.payment.amount
            self._pay(change.payment, ms)
        elif change.trade is not None and change.order is None:
            self._closed_by_venue(change.trade, ms)
        elif change.order is not None and change.kind != REJECTED:
            self._on_order(change, change.order, ms)

    def _on_order(self, change: Changed, order: WireOrder, ms: int) -> None:
        lots, quote = self._done.get(order.number, (0, 0))
        trade = change.trade
        if trade is not None:
            lots, quote = lots + trade.qty, quote + trade.qty * trade.px
            self._done[order.number] = lots, quote
        status = self._status_after(change.kind, order, lots)
        if trade is not None:
            self._account_update("ORDER", order.instrument, ms)
        self.news.append(self._update(change, order, status, lots, quote, ms))

    @staticmethod
    def _status_after(kind: int, order: WireOrder, lots: int) -> str:
        if kind == CANCELED:
            return "CANCELED"
        if kind == EXPIRED:
            return "EXPIRED_IN_MATCH" if order.code == why.SELF_TRADE else "EXPIRED"
        return "NEW" if lots == 0 else "FILLED" if lots >= order.qty else "PARTIALLY_FILLED"

    def _update(self, change: Changed, order: WireOrder, status: str, lots: int, quote: int, ms: int) -> Json:
        symbol, trade = self.symbols[order.instrument], change.trade
        grid = symbol.grid
        told: Json = {
            "s": symbol.name, "c": order.client, "S": SIDES[order.side], "o": self.type_of(order),
            "f": TIFS[order.tif], "q": grid.sz(order.qty), "p": grid.px(order.px), "ap": grid.average(quote, lots),
            "sp": "0", "x": EXECUTIONS[change.kind], "X": status, "i": order.venue_id, "l": "0", "z": grid.sz(lots),
            "L": "0", "T": ms, "t": 0, "b": "0", "a": "0", "m": False,
            "R": bool(order.flags & REDUCE_ONLY), "wt": "CONTRACT_PRICE", "ot": self.type_of(order), "ps": "BOTH",
            "cp": False, "rp": "0", "pP": False, "si": 0, "ss": 0, "V": "EXPIRE_TAKER", "pm": "NONE", "gtd": 0,
        }  # fmt: skip
        if trade is not None:
            told |= {
                "l": grid.sz(trade.qty), "n": fixed8(trade.fee), "N": symbol.instrument.quote,
                "L": grid.px(trade.px) if trade.order else grid.off(trade.px, trade.side),
                "t": trade.id, "m": trade.maker, "rp": fixed8(trade.realised),
            }  # fmt: skip
        return {"e": "ORDER_TRADE_UPDATE", "E": ms, "T": ms, "o": told}

    def type_of(self, order: WireOrder) -> str:
        return self.types.get(order.number, "MARKET" if order.type == MARKET else "LIMIT")

    def _closed_by_venue(self, trade: Trade, ms: int) -> None:
        """A liquidation or deleveraging is an order of the venue's own: NEW, then executed as CALCULATED, not TRADE."""
        number = self.new_id()
        client = "adl_autoclose" if trade.kind == DELEVERAGED else f"autoclose-{ms}"
        order = WireOrder(
            -number, client, trade.instrument, trade.side, 0, trade.qty, MARKET, 2, REDUCE_ONLY, trade.ts, number,
            DONE, trade.qty, trade.px * trade.qty, trade.ts,
        )  # fmt: skip
        self.types[order.number] = "LIQUIDATION"
        self.made[number] = self.order_row(order)
        self._trade_orders[trade.id] = number
        taken_in = Changed(ACCEPTED, trade.ts, trade.instrument, order)
        self.news.append(self._update(taken_in, order, "NEW", 0, 0, ms))
        self._account_update("ORDER", trade.instrument, ms)
        done = Changed(trade.kind, trade.ts, trade.instrument, order, trade)
        self.news.append(self._update(done, order, "FILLED", trade.qty, trade.px * trade.qty, ms))

    def _pay(self, payment: Payment, ms: int) -> None:
        reason = "FUNDING_FEE" if payment.kind == FUNDED else "DEPOSIT" if payment.amount > 0 else "WITHDRAW"
        self._account_update(reason, payment.instrument, ms, payment.amount)

    def _account_update(self, reason: str, i: int, ms: int, amount: int = 0) -> None:
        symbol = self.symbols[i]
        a, then = self.exchange.exchange.account.s, self._then.s
        apart = self.exchange.exchange.balance() - cross_wallet(self.exchange)
        wallet, cross = fixed8(int(then.wallet)), fixed8(int(then.wallet) - apart)
        balance = {"a": symbol.instrument.quote, "wb": wallet, "cw": cross, "bc": fixed8(amount)}
        positions = []
        if reason == "ORDER" or (reason == "FUNDING_FEE" and a.isolated[i]):  # none for funding of a crossed position
            lots, cost = int(then.pos[i]), int(then.cost[i])
            positions.append(
                {
                    "s": symbol.name, "pa": symbol.grid.sz(lots), "ep": entry_text(symbol, lots, cost),
                    "cr": fixed8(int(then.realised_of[i])),
                    "up": fixed8(lots * symbol.mark * symbol.instrument.unit - cost),
                    "mt": "isolated" if a.isolated[i] else "cross", "iw": fixed8(int(a.iso[i])), "ps": "BOTH",
                    "bep": entry_text(symbol, lots, cost),
                }
            )  # fmt: skip
        told: Json = {"m": reason, "B": [balance], "P": positions}
        if reason == "FUNDING_FEE":
            told["S"] = symbol.name
        self.news.append({"e": "ACCOUNT_UPDATE", "E": ms, "T": ms, "a": told})

    # rows ------------------------------------------------------------------------------------------------------------

    def order_row(self, order: WireOrder, fresh: bool = False) -> Json:
        """An order as REST shows it, now; `fresh`: as it was taken in, before anything became of it."""
        symbol = self.symbols[order.instrument]
        grid, filled, quote = symbol.grid, 0 if fresh else order.filled, 0 if fresh else order.quote
        return {
            "orderId": order.venue_id, "symbol": symbol.name, "status": "NEW" if fresh else status_of(order),
            "clientOrderId": order.client, "price": grid.px(order.px),
            "avgPrice": grid.average(quote, filled), "origQty": grid.sz(order.qty),
            "executedQty": grid.sz(filled), "cumQty": grid.sz(filled),
            "cumQuote": fixed8(quote * symbol.instrument.unit), "timeInForce": TIFS[order.tif],
            "type": self.type_of(order), "reduceOnly": bool(order.flags & REDUCE_ONLY), "closePosition": False,
            "side": SIDES[order.side], "positionSide": "BOTH", "stopPrice": "0.00", "workingType": "CONTRACT_PRICE",
            "priceMatch": "NONE", "selfTradePreventionMode": "EXPIRE_TAKER", "goodTillDate": 0, "priceProtect": False,
            "origType": self.type_of(order), "time": order.created // NS_PER_MS,
            "updateTime": (order.updated or order.created) // NS_PER_MS,
        }  # fmt: skip

    def trade_row(self, trade: Trade) -> Json:
        symbol = self.symbols[trade.instrument]
        order = trade.order.venue_id if trade.order is not None else self._trade_orders.get(trade.id, 0)
        return {
            "symbol": symbol.name, "id": trade.id, "orderId": order, "side": SIDES[trade.side],
            "price": symbol.grid.px(trade.px) if trade.order else symbol.grid.off(trade.px, trade.side),
            "qty": symbol.grid.sz(trade.qty), "realizedPnl": fixed8(trade.realised),
            "marginAsset": symbol.instrument.quote, "quoteQty": fixed8(trade.px * trade.qty * symbol.instrument.unit),
            "commission": fixed8(trade.fee), "commissionAsset": symbol.instrument.quote,
            "time": trade.ts // NS_PER_MS, "positionSide": "BOTH", "buyer": trade.side != SELL, "maker": trade.maker,
        }  # fmt: skip

    def income_rows(self) -> list[Json]:
        """Funding and transfers, then what trades earned and cost; oldest first."""
        rows = [
            self._income(INCOME[p.kind], p.instrument, p.amount, p.id, "", p.ts)
            for p in self.exchange.books.payments
            if p.amount
        ]
        for trade in self.exchange.books.trades:
            name = str(trade.id)
            if trade.realised:
                rows.append(
                    self._income("REALIZED_PNL", trade.instrument, trade.realised, trade.id * 4 + 1, name, trade.ts)
                )
            rows.append(self._income("COMMISSION", trade.instrument, -trade.fee, trade.id * 4 + 2, name, trade.ts))
        return sorted(rows, key=lambda row: int(row["time"]))

    def _income(self, kind: str, i: int, amount: int, number: int, trade: str, ts: int) -> Json:
        symbol = self.symbols[i]
        return {
            "symbol": "" if kind == "TRANSFER" else symbol.name, "incomeType": kind, "income": fixed8(amount),
            "asset": symbol.instrument.quote, "info": kind, "time": ts // NS_PER_MS, "tranId": number,
            "tradeId": trade,
        }  # fmt: skip


def status_of(order: WireOrder) -> str:
    """The venue's word for where an order stands."""
    if order.status == OPEN:
        return "PARTIALLY_FILLED" if order.filled else "NEW"
    if order.status == LAPSED:
        return "EXPIRED_IN_MATCH" if order.code == why.SELF_TRADE else "EXPIRED"
    return {DONE: "FILLED", GONE: "CANCELED"}.get(order.status, "REJECTED")


def entry_text(symbol: Symbol, lots: int, cost: int) -> str:
    """Mean entry price, 8 decimals, nearest; "0.0" without a position."""
    if lots == 0:
        return "0.0"
    return fixed8(round(abs(cost) * symbol.grid.tick / (abs(lots) * symbol.instrument.unit)))


def cross_wallet(exchange: WireExchange) -> int:
    """1e-8 quote: the wallet without what isolated positions hold."""
    a = exchange.exchange.account.s
    apart = sum(int(a.iso[i]) for i in range(len(exchange.instruments)) if a.isolated[i] and a.pos[i])
    return exchange.exchange.balance() - apart
