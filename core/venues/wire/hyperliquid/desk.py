"""The order desk: places, replaces and cancels orders, and words each answer as the venue does.

A modify is a cancel and a new order under a new oid, as on the real venue (open(new) is told before canceled(old)).
Where the new one is refused by the book the old one is gone all the same: unverified, so the worse side is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET

from core.domain import reasons as why
from core.domain.order import GTC, IOC, LIMIT, POST_ONLY, REDUCE_ONLY
from core.domain.units import BUY, NS_PER_MS, SELL
from core.venues.wire.behind import WireExchange
from core.venues.wire.hyperliquid.ledger import Ledger
from core.venues.wire.hyperliquid.market import Coin
from core.venues.wire.hyperliquid.reasons import MISSING, UNMODIFIABLE, error_text
from core.venues.wire.hyperliquid.shapes import Change, Order, Trigger
from core.venues.wire.hyperliquid.text import price_fits, tidy
from core.venues.wire.hyperliquid.triggers import TriggerOrder
from core.venues.wire.orders import WireOrder

Json = dict[str, Any]
Status = Json | str
TIF = {"Gtc": GTC, "Alo": POST_ONLY, "Ioc": IOC}
Found = WireOrder | TriggerOrder


class Desk:
    """`triggers` are those still waiting for their price."""

    def __init__(self, exchange: WireExchange, ledger: Ledger, coins: Sequence[Coin]) -> None:
        self.exchange, self.ledger, self.coins = exchange, ledger, coins
        self.triggers: list[TriggerOrder] = []

    # new orders ----------------------------------------------------------------------------------------------------

    def unfit(self, order: Order) -> str:
        """What the venue refuses before it looks at any book; empty where nothing is wrong."""
        if not 0 <= order.a < len(self.coins):
            return f"Asset {order.a} is not traded on this venue (perpetuals only). asset={order.a}"
        coin = self.coins[order.a]
        trigger = order.t.trigger
        prices = [order.p] if trigger is UNSET else [order.p, trigger.triggerPx]
        for px in prices:
            if tidy(px) == "0" or not price_fits(px, coin.grid.decimals) or coin.grid.ticks(px) is None:
                return error_text(why.FILTER_STEP, order.a, "")
        if tidy(order.s) == "0":
            return f"Order has zero size. asset={order.a}"
        if coin.grid.lots(order.s) is None:
            return error_text(why.FILTER_MIN_QTY, order.a, "")
        return ""

    def place(self, order: Order) -> Status:
        """One order; its entry of `statuses`."""
        unfit = self.unfit(order)
        if unfit:
            return {"error": unfit}
        coin = self.coins[order.a]
        px, qty = coin.grid.ticks(order.p) or 0, coin.grid.lots(order.s) or 0
        side = BUY if order.b else SELL
        if order.t.trigger is not UNSET:
            return self._place_trigger(order, order.t.trigger, side, px, qty)
        tif = TIF[order.t.limit.tif] if order.t.limit is not UNSET else GTC
        flags = REDUCE_ONLY if order.r else 0
        made = self.exchange.create(order.cloid, order.a, side, px, qty, LIMIT, tif, flags)
        return self.answer(made)

    def answer(self, order: WireOrder) -> Status:
        """What became of a new order."""
        coin = self.coins[order.instrument]
        oid: Json = {"oid": self.ledger.oid(order)}
        if order.client:
            oid["cloid"] = order.client
        if order.open:
            return {"resting": oid}
        if order.filled:
            average = coin.grid.average(order.quote, order.filled)
            return {"filled": {"totalSz": coin.grid.sz(order.filled), "avgPx": average, **oid}}
        bid, ask = self.exchange.top(order.instrument)
        return {"error": error_text(order.code, order.instrument, f"{coin.grid.px(bid)}@{coin.grid.px(ask)}")}

    def _place_trigger(self, order: Order, trigger: Trigger, side: int, px: int, qty: int) -> Status:
        coin = self.coins[order.a]
        now = self.exchange.now() // NS_PER_MS
        made = TriggerOrder(
            self.ledger.new_oid(), order.cloid, order.a, side, px, qty, coin.grid.ticks(trigger.triggerPx) or 0,
            trigger.isMarket, trigger.tpsl, now, now,
        )  # fmt: skip
        if made.met(coin.mark):
            return {"error": f"Invalid TP/SL price. asset={order.a}"}
        self.triggers.append(made)
        self.ledger.add_trigger(made)
        self.ledger.trigger_update(made)
        oid: Json = {"oid": made.oid}
        if made.client:
            oid["cloid"] = made.client
        return {"resting": oid}

    def fire_triggers(self) -> None:
        """Send what the marks have reached."""
        for trigger in [t for t in self.triggers if t.met(self.coins[t.instrument].mark)]:
            self.triggers.remove(trigger)
            self._set(trigger, "triggered")
            lots = abs(self.exchange.position(trigger.instrument)[0])
            qty = min(trigger.qty, lots) or trigger.qty
            self.ledger.adopting = trigger
            self.exchange.create(
                trigger.client, trigger.instrument, trigger.side, trigger.px, qty, LIMIT,
                IOC if trigger.is_market else GTC, REDUCE_ONLY,
            )  # fmt: skip
            self.ledger.adopting = None

    def _set(self, trigger: TriggerOrder, status: str) -> None:
        trigger.status, trigger.updated_ms = status, self.exchange.now() // NS_PER_MS
        self.ledger.trigger_update(trigger)

    # cancels and replacements ----------------------------------------------------------------------------------------

    def find(self, oid: int | str) -> Found | None:
        """By oid or cloid; a live one wins."""
        if isinstance(oid, int):
            return self.ledger.by_oid(oid)
        cloid = oid.lower()
        for trigger in self.triggers:
            if trigger.client == cloid:
                return trigger
        return self.exchange.books.by_client(cloid) or self.ledger.trigger_of(cloid)

    def cancel(self, asset: int, oid: int | str) -> Status:
        """One cancel; its entry of `statuses`."""
        found = self.find(oid)
        if found is None or found.instrument != asset or not self.drop(found, "canceled"):
            return {"error": f"{MISSING} asset={asset}"}
        return "success"

    def drop(self, order: Found, status: str) -> bool:
        """End an open order with this status."""
        if isinstance(order, TriggerOrder):
            if order not in self.triggers:
                return False
            self.triggers.remove(order)
            self._set(order, status)
            return True
        self.ledger.why[order.number] = status
        done = self.exchange.cancel(order)
        self.ledger.why.pop(order.number, None)
        return done

    def modify(self, change: Change, always: bool) -> Status:
        """One order in place of another; its entry of `statuses`."""
        order = change.order
        unfit = self.unfit(order)
        if unfit:
            return {"error": unfit}
        if not always and self._takes(order):
            text = "Modify without always_place needs a post-only or non-executable Gtc order."
            return {"error": f"{text} asset={order.a}"}
        old = self.find(change.oid)
        alive = old is not None and old.instrument == order.a and old.open
        if not alive and not always:
            return {"error": f"{UNMODIFIABLE} asset={order.a}"}
        first = len(self.ledger.updates)
        if old is not None and alive:
            self.drop(old, "canceled")
        cut = len(self.ledger.updates)
        status = self.place(order)
        told = self.ledger.updates
        told[first:] = told[cut:] + told[first:cut]
        return status

    def _takes(self, order: Order) -> bool:
        """True for what a modify may not place by itself: a trigger, an Ioc, a Gtc that would be executed."""
        if order.t.limit is UNSET or order.t.limit.tif == "Ioc":
            return True
        if order.t.limit.tif == "Alo":
            return False
        bid, ask = self.exchange.top(order.a)
        px = self.coins[order.a].grid.ticks(order.p) or 0
        return (order.b and 0 < ask <= px) or (not order.b and px <= bid)

    def cancel_all(self, status: str) -> int:
        """Every open order of the account; how many there were."""
        gone: list[Found] = [*self.triggers, *self.exchange.books.open_of()]
        return sum(self.drop(order, status) for order in gone)
