"""How a stop ended: exit codes of `halt`, `flatten` and `panic`, their meaning, and the result at one venue."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

FLAT_SEALED, ORDERS_ZERO, UNVERIFIED, AUTH_FAILED, CANNOT_START, DUST = 0, 2, 3, 4, 5, 6
MEANING = {
    FLAT_SEALED: "flat, sealed",
    ORDERS_ZERO: "orders zero, positions kept",
    UNVERIFIED: "not verified",
    AUTH_FAILED: "authentication failed",
    CANNOT_START: "cannot start",
    DUST: "flat except for dust",
}
GRAVITY = (FLAT_SEALED, ORDERS_ZERO, DUST, UNVERIFIED, AUTH_FAILED, CANNOT_START)


class Outcome(msgspec.Struct, frozen=True):
    """The stop at one venue. code: exit code of this venue; verified: unverified | clean | sealed; pairs: of which it
    has a leg, named where the account could not even be opened."""

    venue: str
    code: int
    verified: str
    orders_left: int
    positions_left: int
    text: str
    pairs: tuple[str, ...] = ()


def worst(outcomes: Sequence[Outcome], verb: str) -> int:
    """The exit code of all venues: the gravest one."""
    if not outcomes:
        return FLAT_SEALED if verb == "flatten" else ORDERS_ZERO
    return max((outcome.code for outcome in outcomes), key=GRAVITY.index)


def plain(symbol: str) -> str:
    """ETH/USDC:USDC, ETH-USDC and ethusdc are one instrument to a person in a hurry."""
    return "".join(c for c in symbol.split(":")[0].upper() if c.isalnum())
