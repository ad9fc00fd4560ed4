"""Stop losses and take profits: held beside the book, watched against the mark, sent as orders when they are met.

Reduce-only, as the venue demands. What one becomes keeps its oid. Children of a grouped order are live from the start
and are cut to the position when they fire.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.domain.units import BUY
from core.venues.wire.hyperliquid.market import Coin

Json = dict[str, Any]


@dataclass(eq=False)
class TriggerOrder:
    """Prices ticks, size lots, times ms."""

    oid: int
    client: str
    instrument: int
    side: int
    px: int
    qty: int
    trigger_px: int
    is_market: bool
    tpsl: str
    created_ms: int
    updated_ms: int
    status: str = "open"

    @property
    def open(self) -> bool:
        return self.status == "open"

    @property
    def above(self) -> bool:
        """True where it fires at or above its price: a buy stop, a sell profit."""
        return (self.side == BUY) == (self.tpsl == "sl")

    def met(self, mark: int) -> bool:
        """Whether the mark (ticks) has reached it."""
        return mark >= self.trigger_px if self.above else 0 < mark <= self.trigger_px

    def row(self, coin: Coin, *, whole: bool = False) -> Json:
        """As an order row."""
        trigger = coin.grid.px(self.trigger_px)
        size = coin.grid.sz(self.qty)
        row: Json = {
            "coin": coin.name,
            "side": "B" if self.side == BUY else "A",
            "limitPx": coin.grid.px(self.px),
            "sz": size,
            "oid": self.oid,
            "timestamp": self.created_ms,
            "origSz": size,
        }
        if self.client:
            row["cloid"] = self.client
        if whole:
            name = "Stop" if self.tpsl == "sl" else "Take Profit"
            row |= {
                "triggerCondition": f"Price {'above' if self.above else 'below'} {trigger}",
                "isTrigger": True,
                "triggerPx": trigger,
                "children": [],
                "isPositionTpsl": False,
                "reduceOnly": True,
                "orderType": f"{name} {'Market' if self.is_market else 'Limit'}",
                "tif": None,
                "cloid": self.client or None,
            }
        return row
