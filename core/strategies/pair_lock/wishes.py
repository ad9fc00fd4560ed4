"""How a wish is written: what is wanted, why, and the figures that decided. The only writers of the `Wish` block."""

from __future__ import annotations

from core.domain.pair import LONG, NO_LEG, NONE, UNLOCK_A, UNLOCK_B, Wish
from core.kernel import kernel


@kernel
def state_why(u: Wish, reason: int, value: float, limit: float) -> int:
    """The figures that decided, into the wish; returns the reason."""
    u.reason = reason
    u.value = value
    u.limit = limit
    return reason


@kernel
def wish_for(u: Wish, kind: int, leg: int, side: int, share: float) -> int:
    """Set what is wanted; the figures stand in the wish already."""
    u.kind = kind
    u.leg = leg
    u.side = side
    u.share = share
    u.urgent = 0
    return kind


@kernel
def wait(u: Wish, reason: int) -> int:
    """Want nothing, for a reason without figures."""
    state_why(u, reason, 0.0, 0.0)
    return wish_for(u, NONE, NO_LEG, -1, 0.0)


@kernel
def unlock(u: Wish, keep: int) -> int:
    """Close the other leg: A keeps the long one (S4), B the short one (S5)."""
    closed = 1 - keep
    return wish_for(u, UNLOCK_A if keep == LONG else UNLOCK_B, closed, 1 - closed, 1.0)
