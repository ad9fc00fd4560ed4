"""Private news into reports: what became of our orders, and fills keyed by trade id. Order and repeats do not matter.

A fill that names only a venue id which we do not know yet waits for the order's own news, at most two seconds, then
the order is asked for by id.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.codec.grid import MAX_LEVEL
from core.codec.reasons import TOO_LARGE, Hostile
from core.domain.order import ACCEPTED, CANCELED, EXPIRED, FILLED, REJECTED, Report
from core.domain.ports import Clock
from core.domain.reasons import BAD_REQUEST, NO_FILL, VENUE_ACTION
from core.domain.units import BUY, NS_PER_S
from core.venues.ccxt.fills import fill_report, kind_of
from core.venues.ccxt.ids import Ids
from core.venues.ccxt.markets import Listing, side_of
from core.venues.ccxt.traits import Traits, ns_of_ms

PATIENCE_NS = 2 * NS_PER_S
STATUS = {
    "open": ACCEPTED, "closed": 0, "canceled": CANCELED, "cancelled": CANCELED, "expired": EXPIRED,
    "rejected": REJECTED,
}  # fmt: skip


class PrivateFeed:
    """Of one account. `report` hears what is ours; `orphans` are trades whose order nobody knows yet."""

    def __init__(
        self, traits: Traits, ids: Ids, listings: dict[int, Listing], clock: Clock, report: Callable[[Report], None]
    ) -> None:
        self.traits, self.ids, self.clock, self.report = traits, ids, clock, report
        self.by_symbol = {listing.symbol: listing for listing in listings.values()}
        self.orphans: dict[str, tuple[int, Any]] = {}  # trade id -> (seen at, trade)
        self.foreign = 0
        self.refused = 0

    def take_orders(self, orders: Any) -> None:
        """Unified orders as they changed."""
        for order in orders:
            listing = self.by_symbol.get(str(order.get("symbol")))
            if listing is None:
                continue
            client = str(order.get("clientOrderId") or self.traits.client_of(order.get("info") or {}))
            cl_id, venue_id = self.ids.learn(client, str(order["id"]) if order.get("id") else None)
            if cl_id == 0:
                self.foreign += 1
                continue
            kind = STATUS.get(str(order.get("status")), 0)
            if kind:
                self.report(self._order_report(listing, kind, cl_id, venue_id, order))
        self._adopt_orphans()

    def _order_report(self, listing: Listing, kind: int, cl_id: int, venue_id: int, order: Any) -> Report:
        code = {EXPIRED: NO_FILL, REJECTED: BAD_REQUEST, CANCELED: VENUE_ACTION}.get(kind, 0)
        try:
            px = listing.price.nearest(order.get("price") or 0)
            qty = listing.size.nearest(order.get("amount") or 0)
            left = listing.size.nearest(order.get("remaining") or 0)
            side = side_of(order.get("side"))
            if px * max(qty, left) * listing.instrument.unit > MAX_LEVEL:
                raise Hostile(TOO_LARGE)
        except Hostile:
            self.refused += 1
            px, qty, left, side = 0, 0, 0, BUY
        ts = ns_of_ms(order.get("lastUpdateTimestamp") or order.get("timestamp")) or self.clock.now()
        return Report(listing.number, kind, ts, cl_id, venue_id, side, px, qty, left, code=code)

    def take_trades(self, trades: Any) -> None:
        """Unified own trades; a snapshot of history is as good as news, ids are counted once by the ledger."""
        for trade in trades:
            listing = self.by_symbol.get(str(trade.get("symbol")))
            if listing is not None:
                self._trade(listing, trade)

    def _trade(self, listing: Listing, trade: Any) -> None:
        try:
            report = fill_report(self.traits, self.ids, listing, trade)
        except (Hostile, KeyError, TypeError, ValueError):
            self.refused += 1  # the cross-check finds the fill by REST
            return
        if report is not None:
            self.report(report)
        elif kind_of(self.traits, trade) == FILLED:
            self.orphans.setdefault(str(trade.get("id")), (self.clock.monotonic(), trade))

    def _adopt_orphans(self) -> None:
        for name, (_, trade) in list(self.orphans.items()):
            if self.ids.known(str(trade.get("order"))):
                del self.orphans[name]
                self._trade(self.by_symbol[str(trade["symbol"])], trade)

    def overdue(self, now: int) -> list[Any]:
        """Trades that waited too long; the caller asks for their orders. They are forgotten here."""
        late = [name for name, (at, _) in self.orphans.items() if now - at > PATIENCE_NS]
        return [self.orphans.pop(name)[1] for name in late]
