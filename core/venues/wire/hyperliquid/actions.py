"""POST /exchange: who signed, is it fresh, may it be done, and then does it. Every answer is status ok or err.

Refuses by name, and counts, whatever would pay a third party: approveBuilderFee, setReferrer, a builder on an order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET

from core.domain.units import NS_PER_MS
from core.exchange.accounts import margin_free
from core.venues.wire.behind import WireExchange
from core.venues.wire.faults import Rule
from core.venues.wire.hyperliquid import shapes
from core.venues.wire.hyperliquid.deadman import DeadMan
from core.venues.wire.hyperliquid.desk import Desk, Status
from core.venues.wire.hyperliquid.info import Malformed
from core.venues.wire.hyperliquid.limits import Limits
from core.venues.wire.hyperliquid.nonces import Nonces
from core.venues.wire.hyperliquid.signature import action_hash, digest, signer_of

Json = dict[str, Any]
PAYING = ("approveBuilderFee", "setReferrer")
_envelope = msgspec.json.Decoder(shapes.Envelope)
_action = msgspec.json.Decoder(shapes.Action)
_named = msgspec.json.Decoder(shapes.Named)


class Denied(Exception):
    """The whole action is refused with this text."""


def named(body: bytes) -> tuple[str, int]:
    """(type, how many items) of an /exchange body, without trusting it; ("", 0) where it has none."""
    try:
        action = msgspec.json.decode(body)["action"]
        items = action.get("orders") or action.get("cancels") or action.get("modifies") or ()
        return str(action["type"])[:40], len(items)
    except (*shapes.BROKEN, KeyError, TypeError, AttributeError):
        return "", 0


def type_of(path: str, body: bytes) -> str:
    """The name of a query or an action; empty where the body has none."""
    if path == "/exchange":
        return named(body)[0]
    try:
        return str(msgspec.json.decode(body)["type"])[:40]
    except (*shapes.BROKEN, KeyError, TypeError):
        return ""


class Actions:
    """`refused` counts what would have paid a third party, by name. `account` and `agents`: addresses, lower case."""

    def __init__(
        self, exchange: WireExchange, desk: Desk, dead_man: DeadMan, limits: Limits, agents: frozenset[str], source: str
    ) -> None:
        self.exchange, self.desk, self.dead_man, self.limits = exchange, desk, dead_man, limits
        self.account, self.agents, self.source = desk.ledger.user, agents, source
        self.nonces = Nonces()
        self.refused: dict[str, int] = dict.fromkeys((*PAYING, "builder"), 0)

    def answer(self, body: bytes, half: Callable[[], Rule | None]) -> Json:
        """The JSON of the answer. `half` tells of a fault by which half of a batch is acted on. Raises Malformed."""
        try:
            envelope = _envelope.decode(body)
            name = _named.decode(envelope.action)
        except shapes.BROKEN:
            raise Malformed from None
        try:
            return {"status": "ok", "response": self._act(envelope, name, half)}
        except Denied as error:
            return {"status": "err", "response": str(error)}

    def _act(self, envelope: shapes.Envelope, name: shapes.Named, half: Callable[[], Rule | None]) -> Json:
        if name.type in PAYING:
            self.refused[name.type] += 1
            raise Denied(f"{name.type} is refused by this venue: nobody is paid for your orders")
        try:
            action = shapes.canonical(_action.decode(envelope.action))
        except shapes.BROKEN:
            raise Malformed from None
        self._check(envelope, action)
        if isinstance(action, shapes.PlaceOrders):
            return self._place(action, half)
        if isinstance(action, shapes.BatchModify):
            return self._modify(action.modifies, action.a is True, half)
        if isinstance(action, shapes.Modify):
            answer = self._modify([shapes.Change(action.oid, action.order)], action.a is True, lambda: None)
            status = answer["data"]["statuses"][0]
            if isinstance(status, dict) and "error" in status:
                raise Denied(status["error"])
            return {"type": "default"}
        if isinstance(action, shapes.Cancel):
            return self._cancel([(c.a, c.o) for c in action.cancels], half)
        if isinstance(action, shapes.CancelByCloid):
            return self._cancel([(c.asset, c.cloid) for c in action.cancels], half)
        if isinstance(action, shapes.ScheduleCancel):
            time = None if action.time is UNSET else action.time
            refusal = self.dead_man.set(time, self.exchange.now() // NS_PER_MS)
            if refusal:
                raise Denied(refusal)
        elif isinstance(action, shapes.UpdateLeverage):
            self._leverage(action)
        elif isinstance(action, shapes.UpdateIsolatedMargin):
            self._margin(action)
        return {"type": "default"}

    def _check(self, envelope: shapes.Envelope, action: shapes.Action) -> None:
        """Signature, then expiry, then nonce: an expired action uses no nonce up."""
        now = self.exchange.now() // NS_PER_MS
        try:
            connection = action_hash(action, envelope.nonce, envelope.vaultAddress, envelope.expiresAfter)
        except (OverflowError, ValueError):
            raise Malformed from None
        signer = signer_of(digest(connection, self.source), envelope.signature)
        if signer is None:
            raise Denied("Unable to recover signer.")
        if signer != self.account and signer not in self.agents:
            raise Denied(f"User or API Wallet {signer} does not exist.")
        if envelope.vaultAddress is not None:
            raise Denied(f"Vault not registered: {envelope.vaultAddress}")
        if envelope.expiresAfter is not None and now > envelope.expiresAfter:
            raise Denied(f"Action expired: expiresAfter {envelope.expiresAfter}, now {now}")
        refusal = self.nonces.take(signer, envelope.nonce, now)
        if refusal:
            raise Denied(refusal)

    def _count(self, items: int, *, cancels: bool = False) -> None:
        refusal = self.limits.count(items, self.desk.ledger.volume_e8, cancels=cancels)
        if refusal:
            raise Denied(refusal)

    # orders --------------------------------------------------------------------------------------------------------

    def _place(self, action: shapes.PlaceOrders, half: Callable[[], Rule | None]) -> Json:
        if action.builder is not UNSET:
            self.refused["builder"] += 1
            raise Denied("builder is refused by this venue: nobody is paid for your orders")
        if not action.orders:
            raise Denied("Order action has no orders")
        if any(order.t.trigger is not UNSET and not order.r for order in action.orders):
            raise Denied("TP/SL orders must be reduce only")
        self._count(len(action.orders))
        grouped = action.grouping != "na"

        def place(order: shapes.Order) -> Status:
            status = self.desk.place(order)
            if grouped and order.t.trigger is not UNSET and isinstance(status, dict) and "resting" in status:
                return "waitingForTrigger"
            return status

        return _batch("order", action.orders, place, half)

    def _modify(self, changes: list[shapes.Change], always: bool, half: Callable[[], Rule | None]) -> Json:
        if not changes:
            raise Denied("Modify action has no orders")
        self._count(len(changes))
        return _batch("order", changes, lambda change: self.desk.modify(change, always), half)

    def _cancel(self, cancels: list[tuple[int, int | str]], half: Callable[[], Rule | None]) -> Json:
        if not cancels:
            raise Denied("Cancel action has no orders")
        self._count(len(cancels), cancels=True)
        return _batch("cancel", cancels, lambda one: self.desk.cancel(*one), half)

    # margin --------------------------------------------------------------------------------------------------------

    def _leverage(self, action: shapes.UpdateLeverage) -> None:
        if not 0 <= action.asset < len(self.desk.coins):
            raise Denied(f"Asset {action.asset} does not exist")
        coin = self.desk.coins[action.asset]
        if not 1 <= action.leverage <= coin.instrument.max_leverage:
            raise Denied("Invalid leverage value")
        a = self.exchange.exchange.account.s
        isolated = int(not action.isCross)
        if a.pos[coin.i] != 0 and a.isolated[coin.i] != isolated:
            raise Denied("Cannot switch leverage type with open position.")
        before = int(a.leverage[coin.i])
        self.exchange.set_leverage(coin.i, action.leverage)
        if a.pos[coin.i] != 0 and action.leverage < before and margin_free(a, coin.i, 0) < 0:
            self.exchange.set_leverage(coin.i, before)
            raise Denied("Not enough margin to lower the leverage")
        a.isolated[coin.i] = isolated

    def _margin(self, action: shapes.UpdateIsolatedMargin) -> None:
        if not 0 <= action.asset < len(self.desk.coins):
            raise Denied(f"Asset {action.asset} does not exist")
        a, i = self.exchange.exchange.account.s, action.asset
        coin = self.desk.coins[i]
        if a.pos[i] == 0 or not a.isolated[i]:
            raise Denied("No isolated position to change the margin of")
        amount = action.ntli * 100
        needed = abs(a.pos[i]) * coin.mark * coin.instrument.unit // max(1, a.leverage[i])
        if amount > margin_free(a, i, 0) or (amount < 0 and a.iso[i] + amount < needed):
            raise Denied("Insufficient margin to change the isolated margin")
        a.iso[i] += amount


def _batch(kind: str, items: list[Any], act: Callable[[Any], Status], half: Callable[[], Rule | None]) -> Json:
    """Each item acted on in its order; under the fault of half batches the second half is refused unacted."""
    rule = half()
    upto = len(items) if rule is None else len(items) // 2
    statuses: list[Status] = [act(item) for item in items[:upto]]
    text = rule.text if rule is not None and rule.text else "Internal error"
    statuses += [{"error": text} for _ in items[upto:]]
    return {"type": kind, "data": {"statuses": statuses}}
