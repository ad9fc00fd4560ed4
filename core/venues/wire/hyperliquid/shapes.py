"""What a client may send to /exchange, field by field in the order in which the venue hashes it.

An action is decoded into these and packed from these again: a field in the wrong order, a trailing zero or an
upper-case address therefore changes the hash, and the signature belongs to nobody, as on the real venue.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from core.venues.wire.hyperliquid.text import tidy

BROKEN = (ValueError, RecursionError)  # what decoding somebody else's JSON raises (MsgspecError is a ValueError)
Cloid = Annotated[str, msgspec.Meta(pattern=r"^0x[0-9a-fA-F]{32}$")]
Address = Annotated[str, msgspec.Meta(pattern=r"^(0x)?[0-9a-fA-F]{40}$")]


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Time in force of a limit order."""

    tif: Literal["Alo", "Gtc", "Ioc"]


class Trigger(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stop loss or take profit."""

    isMarket: bool
    triggerPx: str
    tpsl: Literal["tp", "sl"]


class OrderType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the two."""

    limit: Limit | UnsetType = UNSET
    trigger: Trigger | UnsetType = UNSET


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """asset, is buy, price, size, reduce only, type, client id."""

    a: int
    b: bool
    p: str
    s: str
    r: bool
    t: OrderType
    c: Cloid | UnsetType = UNSET

    @property
    def cloid(self) -> str:
        return "" if self.c is UNSET else self.c.lower()


class Builder(msgspec.Struct, frozen=True):
    """Who is to be paid for the order: refused by this venue."""

    b: str
    f: int


class PlaceOrders(msgspec.Struct, frozen=True, tag_field="type", tag="order", forbid_unknown_fields=True):
    """New orders."""

    orders: list[Order]
    grouping: Literal["na", "normalTpsl", "positionTpsl"]
    builder: Builder | UnsetType = UNSET


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order in place of another, by its oid or cloid."""

    oid: int | Cloid
    order: Order


class BatchModify(msgspec.Struct, frozen=True, tag_field="type", tag="batchModify", forbid_unknown_fields=True):
    """Several orders in place of others. `a`: place it even where the old one is gone."""

    modifies: list[Change]
    a: bool | UnsetType = UNSET


class Modify(msgspec.Struct, frozen=True, tag_field="type", tag="modify", forbid_unknown_fields=True):
    """One order in place of another."""

    oid: int | Cloid
    order: Order
    a: bool | UnsetType = UNSET


class CancelOne(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """asset, oid."""

    a: int
    o: int


class Cancel(msgspec.Struct, frozen=True, tag_field="type", tag="cancel", forbid_unknown_fields=True):
    """Cancels by the venue's id."""

    cancels: list[CancelOne]


class CancelOneByCloid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """asset, client id."""

    asset: int
    cloid: Cloid


class CancelByCloid(msgspec.Struct, frozen=True, tag_field="type", tag="cancelByCloid", forbid_unknown_fields=True):
    """Cancels by client id."""

    cancels: list[CancelOneByCloid]


class ScheduleCancel(msgspec.Struct, frozen=True, tag_field="type", tag="scheduleCancel", forbid_unknown_fields=True):
    """Cancel everything at `time` (ms); without it the schedule ends."""

    time: int | UnsetType = UNSET


class UpdateLeverage(msgspec.Struct, frozen=True, tag_field="type", tag="updateLeverage", forbid_unknown_fields=True):
    """Leverage and margin mode of one asset."""

    asset: int
    isCross: bool
    leverage: int


class UpdateIsolatedMargin(
    msgspec.Struct, frozen=True, tag_field="type", tag="updateIsolatedMargin", forbid_unknown_fields=True
):
    """`ntli` in 1e-6 USDC, negative takes away."""

    asset: int
    isBuy: bool
    ntli: int


class Noop(msgspec.Struct, frozen=True, tag_field="type", tag="noop", forbid_unknown_fields=True):
    """Uses its nonce up and does nothing."""


Action = (
    PlaceOrders
    | BatchModify
    | Modify
    | Cancel
    | CancelByCloid
    | ScheduleCancel
    | UpdateLeverage
    | UpdateIsolatedMargin
    | Noop
)


class Signature(msgspec.Struct, frozen=True):
    """secp256k1 with recovery id 27 or 28."""

    r: str
    s: str
    v: int


class Envelope(msgspec.Struct, frozen=True):
    """The body of /exchange."""

    action: msgspec.Raw
    nonce: int
    signature: Signature
    vaultAddress: Address | None = None
    expiresAfter: int | None = None


class Named(msgspec.Struct, frozen=True):
    """Any action, by its name alone; `builder` only to see whether there is one."""

    type: str
    builder: msgspec.Raw | UnsetType = UNSET


def _tidy_order(order: Order) -> Order:
    kind = order.t
    if kind.trigger is not UNSET:
        trigger = msgspec.structs.replace(kind.trigger, triggerPx=tidy(kind.trigger.triggerPx))
        kind = msgspec.structs.replace(kind, trigger=trigger)
    cloid: str | UnsetType = UNSET if order.c is UNSET else order.c.lower()
    return msgspec.structs.replace(order, p=tidy(order.p), s=tidy(order.s), t=kind, c=cloid)


def canonical(action: Action) -> Action:
    """The action with every figure and id in the form that the venue hashes. Raises ValueError for a bad figure."""
    if isinstance(action, PlaceOrders):
        return msgspec.structs.replace(action, orders=[_tidy_order(order) for order in action.orders])
    if isinstance(action, BatchModify):
        changes = [msgspec.structs.replace(c, order=_tidy_order(c.order)) for c in action.modifies]
        return msgspec.structs.replace(action, modifies=changes)
    if isinstance(action, Modify):
        return msgspec.structs.replace(action, order=_tidy_order(action.order))
    return action
