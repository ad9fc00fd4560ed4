"""The account's history as the venue tells it: order rows with their statuses, fills, funding, other money.

Follows the changes of the exchange behind, in their order, because an order object already shows its end when the
first of its changes is told. Sends nothing: streams take what `updates`, `news_fills` and `news_fundings` collected.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.domain.order import (
    ACCEPTED,
    CANCELED,
    DELEVERAGED,
    EXPIRED,
    FILLED,
    FUNDED,
    IOC,
    LIQUIDATED,
    REDUCE_ONLY,
    REJECTED,
    TRANSFERRED,
)
from core.domain.units import BUY, NS_PER_MS, sign_of
from core.venues.wire.behind import WireExchange
from core.venues.wire.hyperliquid.market import Coin, trade_hash
from core.venues.wire.hyperliquid.reasons import lapse_status, rejected_status
from core.venues.wire.hyperliquid.text import text8
from core.venues.wire.hyperliquid.triggers import TriggerOrder
from core.venues.wire.orders import Changed, Payment, Trade, WireOrder

Json = dict[str, Any]
SOMEBODY = "0x" + "5e" * 20
TIFS = ("Gtc", "Alo", "Ioc", "Ioc")


class Ledger:
    """One account. `user` is its address, lower case."""

    def __init__(self, exchange: WireExchange, coins: Sequence[Coin], user: str) -> None:
        self.exchange, self.coins, self.user = exchange, coins, user
        self.updates: list[Json] = []  # order updates not yet sent
        self.news_fills: list[Json] = []
        self.news_fundings: list[Json] = []
        self.news_transfers: list[Json] = []
        self.news_gone: list[Json] = []  # orders that the venue itself cancelled
        self.fills: list[Json] = []
        self.fundings: list[Json] = []
        self.transfers: list[Json] = []
        self.volume_e8 = 0  # taker and maker, of all time
        self.funded = [0] * len(coins)  # received on the position that is open, 1e-8
        self.why: dict[int, str] = {}  # order number -> status text of its cancel
        self.statuses: dict[int, tuple[str, int]] = {}  # order number -> newest status, ms
        self._oids: dict[int, int] = {}  # order number -> oid where it is not the exchange's
        self._by_oid: dict[int, WireOrder | TriggerOrder] = {}
        self._left: dict[int, int] = {}
        self.adopting: TriggerOrder | None = None  # whose order is being made
        self._pos = [exchange.position(i)[0] for i in range(len(coins))]

    # ids -----------------------------------------------------------------------------------------------------------

    def new_oid(self) -> int:
        """From the exchange's own sequence."""
        account = self.exchange.exchange.account.s
        account.next_venue += 1
        return int(account.next_venue)

    def oid(self, order: WireOrder) -> int:
        return self._oids.get(order.number, order.venue_id)

    def _adopt(self, order: WireOrder) -> None:
        """The order that a fired trigger became keeps the trigger's oid."""
        if self.adopting is not None and order is self.exchange.books.orders[-1] and order.number not in self._oids:
            self._oids[order.number] = self.adopting.oid
            self._by_oid[self.adopting.oid] = order

    def add_trigger(self, trigger: TriggerOrder) -> None:
        self._by_oid[trigger.oid] = trigger

    def trigger_of(self, cloid: str) -> TriggerOrder | None:
        """The newest stop or profit with this client id."""
        found = [t for t in self._by_oid.values() if isinstance(t, TriggerOrder) and t.client == cloid]
        return found[-1] if found else None

    def by_oid(self, oid: int) -> WireOrder | TriggerOrder | None:
        return self._by_oid.get(oid) or self.exchange.books.by_venue(oid)

    # changes -------------------------------------------------------------------------------------------------------

    def hear(self, change: Changed) -> None:
        """One change of the account."""
        ms = change.ts // NS_PER_MS
        if change.payment is not None:
            self._pay(change.payment, ms)
        if change.trade is not None:
            self._fill(change.trade, ms)
        order = change.order
        if order is None:
            return
        self._adopt(order)
        if change.kind == ACCEPTED:
            self._left[order.number] = order.qty
            if order.tif != IOC:
                self._update(order, "open", ms)
        elif change.kind == FILLED and change.trade is not None:
            self._left[order.number] -= change.trade.qty
            self._update(order, "open" if self._left[order.number] else "filled", ms)
        elif change.kind == REJECTED:
            if order.number not in self._oids:
                self._oids[order.number] = self.new_oid()
                self._by_oid[self._oids[order.number]] = order
            self._left[order.number] = order.qty
            self._update(order, rejected_status(order.code), ms)
        elif change.kind == EXPIRED:
            filled = self._left[order.number] < order.qty
            self._update(order, lapse_status(order.code, filled), ms)
        elif change.kind == CANCELED:
            status = self.why.pop(order.number, "") or lapse_status(order.code, True)
            if order.code:
                self.news_gone.append({"coin": self.coins[order.instrument].name, "oid": self.oid(order)})
            self._update(order, status, ms)

    def _update(self, order: WireOrder, status: str, ms: int) -> None:
        self.statuses[order.number] = (status, ms)
        row = self.order_row(order, self._left[order.number])
        self.updates.append({"order": row, "status": status, "statusTimestamp": ms})

    def trigger_update(self, trigger: TriggerOrder) -> None:
        """A stop loss or take profit that has a new status."""
        row = trigger.row(self.coins[trigger.instrument])
        self.updates.append({"order": row, "status": trigger.status, "statusTimestamp": trigger.updated_ms})

    def _pay(self, payment: Payment, ms: int) -> None:
        if payment.kind == TRANSFERRED:
            kind = "deposit" if payment.amount > 0 else "withdraw"
            delta = {"type": kind, "usdc": text8(abs(payment.amount))}
            row = {"time": ms, "hash": trade_hash(payment.id), "delta": delta}
            self.transfers.append(row)
            self.news_transfers.append(row)
            return
        if payment.kind != FUNDED:
            return
        coin = self.coins[payment.instrument]
        self.funded[payment.instrument] += payment.amount
        paid: Json = {
            "time": ms,
            "coin": coin.name,
            "usdc": text8(payment.amount),
            "szi": coin.grid.sz(self._pos[payment.instrument]),
            "fundingRate": text8(coin.rate),
            "nSamples": None,
        }
        self.fundings.append(paid)
        self.news_fundings.append(paid)

    def _fill(self, trade: Trade, ms: int) -> None:
        i, coin, order = trade.instrument, self.coins[trade.instrument], trade.order
        start = self._pos[i]
        self._pos[i] = start + trade.qty * sign_of(trade.side)
        self.volume_e8 += trade.px * trade.qty * coin.instrument.unit
        if start == 0 or start * self._pos[i] <= 0:
            self.funded[i] = 0
        row: Json = {
            "coin": coin.name,
            "px": coin.grid.px(trade.px) if order is not None else coin.grid.off(trade.px, trade.side),
            "sz": coin.grid.sz(trade.qty),
            "side": "B" if trade.side == BUY else "A",
            "time": ms,
            "startPosition": coin.grid.sz(start),
            "dir": _direction(trade, start),
            "closedPnl": text8(trade.realised),
            "hash": trade_hash(trade.id),
            "oid": self.oid(order) if order is not None else self.new_oid(),
            "crossed": not trade.maker,
            "fee": text8(trade.fee),
            "tid": trade.id,
            "feeToken": "USDC",
            "twapId": None,
        }
        if order is not None and order.client:
            row["cloid"] = order.client
        if (user := self._liquidated(trade)) is not None:
            method = "backstop" if trade.kind == DELEVERAGED else "market"
            row["liquidation"] = {"liquidatedUser": user, "markPx": coin.grid.px(coin.mark), "method": method}
        self.fills.append(row)
        self.news_fills.append(row)

    def _liquidated(self, trade: Trade) -> str | None:
        """Whose liquidation a fill is part of: both sides of one are told, so makers and the deleveraged see another's.
        Every third of our makers' fills is against one."""
        if trade.kind == LIQUIDATED:
            return self.user
        return SOMEBODY if trade.kind == DELEVERAGED or (trade.maker and trade.id % 3 == 0) else None

    # rows ----------------------------------------------------------------------------------------------------------

    def order_row(self, order: WireOrder, left: int, *, whole: bool = False) -> Json:
        """An order as streams (short) or queries (whole) show it."""
        coin = self.coins[order.instrument]
        row: Json = {
            "coin": coin.name,
            "side": "B" if order.side == BUY else "A",
            "limitPx": coin.grid.px(order.px),
            "sz": coin.grid.sz(left),
            "oid": self.oid(order),
            "timestamp": order.created // NS_PER_MS,
            "origSz": coin.grid.sz(order.qty),
        }
        if whole:
            row |= {
                "triggerCondition": "N/A",
                "isTrigger": False,
                "triggerPx": "0.0",
                "children": [],
                "isPositionTpsl": False,
                "reduceOnly": bool(order.flags & REDUCE_ONLY),
                "orderType": "Limit",
                "tif": TIFS[order.tif],
                "cloid": order.client or None,
            }
        elif order.client:
            row["cloid"] = order.client
        return row

    def status_row(self, order: WireOrder | TriggerOrder) -> Json:
        """{order, status, statusTimestamp} of any order that there was."""
        if isinstance(order, TriggerOrder):
            row = order.row(self.coins[order.instrument], whole=True)
            return {"order": row, "status": order.status, "statusTimestamp": order.updated_ms}
        status, ms = self.statuses.get(order.number, (order.status or "open", order.created // NS_PER_MS))
        row = self.order_row(order, self._left.get(order.number, order.left), whole=True)
        return {"order": row, "status": status, "statusTimestamp": ms}


def _direction(trade: Trade, start: int) -> str:
    if trade.kind == LIQUIDATED:
        return "Liquidated Cross Long" if start > 0 else "Liquidated Cross Short"
    if trade.kind == DELEVERAGED:
        return "Auto-Deleveraging"
    sign = sign_of(trade.side)
    if start * sign >= 0:
        return "Open Long" if sign > 0 else "Open Short"
    if trade.qty <= abs(start):
        return "Close Long" if start > 0 else "Close Short"
    return "Long > Short" if start > 0 else "Short > Long"


def funding_row(row: Json) -> Json:
    """A funding payment as the query `userFunding` shows it."""
    delta = {"type": "funding", **{key: value for key, value in row.items() if key != "time"}}
    return {"time": row["time"], "hash": trade_hash(0), "delta": delta}  # of zeros, whichever payment it is
