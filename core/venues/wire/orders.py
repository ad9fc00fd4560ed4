"""The loopback venue's own books: every order and trade it ever had, with text client ids, built from its changes.

This is the oracle of live tests: nothing here is told by a client. A client id may be used again once its order is no
longer open, as on real venues, so a repeated create is a second order.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core.domain.order import (
    ACCEPTED,
    AMENDED,
    CANCELED,
    DELEVERAGED,
    EXPIRED,
    FILLED,
    FUNDED,
    LIQUIDATED,
    REJECTED,
    TRANSFERRED,
    Report,
)
from core.domain.units import BUY, SELL

OPEN, DONE, GONE, LAPSED, REFUSED = "open", "filled", "canceled", "expired", "rejected"


@dataclass(eq=False)
class WireOrder:
    """One order. Prices ticks, sizes lots, money 1e-8 quote, times ns of the venue."""

    number: int  # of the exchange: our int key of this create, never used twice
    client: str
    instrument: int
    side: int
    px: int
    qty: int
    type: int
    tif: int
    flags: int
    created: int
    venue_id: int = 0
    status: str = ""
    filled: int = 0
    quote: int = 0  # sum of px * lots of its fills, ticks * lots
    updated: int = 0
    code: int = 0  # reason of a rejection or expiry, core.domain.reasons
    trades: list[Trade] = field(default_factory=list)

    @property
    def open(self) -> bool:
        return self.status == OPEN

    @property
    def left(self) -> int:
        return self.qty - self.filled

    @property
    def average(self) -> float:
        """Ticks; 0 without a fill."""
        return self.quote / self.filled if self.filled else 0.0


@dataclass(eq=False)
class Trade:
    """One fill of ours, or a close that the venue made itself (then `order` is None)."""

    id: int
    instrument: int
    side: int
    px: int
    qty: int
    fee: int  # 1e-8 quote, positive = paid
    maker: bool
    ts: int
    realised: int  # 1e-8 quote
    order: WireOrder | None
    kind: int  # FILLED | LIQUIDATED | DELEVERAGED


@dataclass(eq=False)
class Payment:
    """Funding or a transfer. `amount` 1e-8 quote, positive = received."""

    id: int
    kind: int  # FUNDED | TRANSFERRED
    instrument: int
    amount: int
    ts: int


@dataclass(eq=False)
class Changed:
    """One change as the private streams tell it: `kind` is a report kind of core.domain.order."""

    kind: int
    ts: int
    instrument: int
    order: WireOrder | None = None
    trade: Trade | None = None
    payment: Payment | None = None


class WireBooks:
    """All orders, trades and payments, in the order in which they happened."""

    def __init__(self) -> None:
        self.orders: list[WireOrder] = []
        self.trades: list[Trade] = []
        self.payments: list[Payment] = []
        self._by_number: dict[int, WireOrder] = {}
        self._by_venue: dict[int, WireOrder] = {}
        self._by_client: dict[str, WireOrder] = {}  # the newest with this id
        self._open: dict[int, WireOrder] = {}  # by venue id

    def new(self, order: WireOrder) -> None:
        """A create that is about to reach the exchange."""
        self.orders.append(order)
        self._by_number[order.number] = order
        if order.client:
            self._by_client[order.client] = order

    def by_client(self, client: str) -> WireOrder | None:
        """The newest order with this client id; an open one wins."""
        for order in self._open.values():
            if order.client == client:
                return order
        return self._by_client.get(client)

    def by_venue(self, venue_id: int) -> WireOrder | None:
        return self._by_venue.get(venue_id)

    def open_of(self, instrument: int | None = None) -> list[WireOrder]:
        """Live orders, oldest first."""
        return [order for order in self._open.values() if instrument is None or order.instrument == instrument]

    def take(self, change: Report, realised: int) -> Changed | None:
        """One change of the exchange into the books; None where it is nothing that a private stream tells.

        `realised`: 1e-8 quote realised by this fill.
        """
        kind, ts, i = change.kind, change.ts, change.instrument
        if kind in (FUNDED, TRANSFERRED):
            payment = Payment(change.trade_id, kind, i, change.amount, ts)
            self.payments.append(payment)
            return Changed(kind, ts, i, payment=payment)
        if kind in (LIQUIDATED, DELEVERAGED):
            trade = Trade(
                change.trade_id, i, change.side, change.px, change.qty, change.fee, False, ts, realised, None, kind
            )
            self.trades.append(trade)
            return Changed(kind, ts, i, trade=trade)
        order = self._by_number.get(change.cl_id)
        if order is None:
            return None
        if kind == REJECTED and order.status:
            return None
        return self._on_order(order, change, realised)

    def _on_order(self, order: WireOrder, change: Report, realised: int) -> Changed | None:
        kind, ts = change.kind, change.ts
        trade = None
        if kind == ACCEPTED:
            order.status, order.venue_id, order.qty = OPEN, change.venue_id, change.qty
            self._by_venue[order.venue_id] = order
            self._open[order.venue_id] = order
        elif kind == REJECTED:
            order.status, order.code = REFUSED, change.code
        elif kind == FILLED:
            order.filled += change.qty
            order.quote += change.qty * change.px
            trade = Trade(
                change.trade_id, order.instrument, change.side, change.px, change.qty, change.fee, bool(change.maker),
                ts, realised, order, kind,
            )  # fmt: skip
            order.trades.append(trade)
            self.trades.append(trade)
            if change.left == 0:
                self._close(order, DONE)
        elif kind == AMENDED:
            order.px, order.qty = change.px, change.qty
        elif kind in (CANCELED, EXPIRED):
            order.code = change.code
            self._close(order, GONE if kind == CANCELED else LAPSED)
        else:
            return None  # a refused cancel or amend changed nothing
        order.updated = ts
        return Changed(kind, ts, order.instrument, order=order, trade=trade)

    def _close(self, order: WireOrder, status: str) -> None:
        order.status = status
        self._open.pop(order.venue_id, None)

    def worst_lots(self, instrument: int) -> tuple[int, int]:
        """Lots still open on (buy, sell)."""
        orders = self.open_of(instrument)
        return sum(o.left for o in orders if o.side == BUY), sum(o.left for o in orders if o.side == SELL)
