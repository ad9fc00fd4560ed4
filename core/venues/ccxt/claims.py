"""Whose a trade is that names only its order, as Binance's list of own trades does: the order is asked for, once.

Without this an order whose create timed out and whose news were lost would look as if it had never been.
"""

from __future__ import annotations

from typing import Any

from core.domain.order import FILLED, Report
from core.venues.ccxt.fills import fill_report, order_of
from core.venues.ccxt.ids import Ids
from core.venues.ccxt.markets import Listing
from core.venues.ccxt.traits import Traits

KEPT = 20_000
TRIES = 5
FOREIGN = -1


class Claims:
    """`asked` counts the orders that had to be asked for."""

    def __init__(self, traits: Traits, ids: Ids) -> None:
        self.traits, self.ids = traits, ids
        self.asked = 0
        self._unknown: dict[str, int] = {}  # how often such an order was asked for in vain
        self._kinds: dict[str, int] = {}  # by order id of the venue: what its trades are, or FOREIGN

    async def report(self, exchange: Any, listing: Listing, trade: Any) -> Report | None:
        """The report of one unified trade; None where it is not ours. Raises what ccxt raises, and as `fill_report`."""
        found, order = fill_report(self.traits, self.ids, listing, trade), order_of(trade)
        if found is not None or order is None:
            return found
        if order not in self._kinds:
            self._remember(order, await self._whose(exchange, listing, order))
        kind = self._kinds[order]
        return None if kind == FOREIGN else fill_report(self.traits, self.ids, listing, trade, kind)

    async def _whose(self, exchange: Any, listing: Listing, order: str) -> int:
        """As `_ask`. An order that the venue does not know is asked for a few times; whose it was stays open."""
        import ccxt

        if self._unknown.get(order, 0) >= TRIES:
            raise ccxt.OrderNotFound(f"order {order} is not known to the venue")
        try:
            return await self._ask(exchange, listing, order)
        except ccxt.OrderNotFound:
            if len(self._unknown) >= KEPT:
                self._unknown.pop(next(iter(self._unknown)))
            self._unknown[order] = self._unknown.get(order, 0) + 1
            raise

    async def _ask(self, exchange: Any, listing: Listing, number: str) -> int:
        self.asked += 1
        order = await exchange.fetch_order(number, listing.symbol)
        info = order.get("info") or {}
        client = str(order.get("clientOrderId") or self.traits.client_of(info))
        kind = self.traits.fill_kind(info)
        ours, _ = self.ids.learn(client, number)
        return kind if ours or kind != FILLED else FOREIGN

    def _remember(self, order: str, kind: int) -> None:
        if len(self._kinds) >= KEPT:
            self._kinds.pop(next(iter(self._kinds)))
        self._kinds[order] = kind
