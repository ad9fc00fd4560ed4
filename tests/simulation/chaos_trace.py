"""What happened in a simulated run, readably: second, who, and what, one event a line."""

from __future__ import annotations

from typing import Any

from core.domain.events import Note, ReadReply
from core.domain.order import AMEND, CANCEL, REDUCE_ONLY, STOP, Report, Request
from core.domain.reasons import name_of

KINDS = {
    1: "accepted", 2: "rejected", 3: "canceled", 4: "filled", 5: "amended", 6: "cancel refused", 7: "amend refused",
    8: "expired", 9: "LOST", 20: "funding", 21: "LIQUIDATED", 22: "DELEVERAGED", 23: "transfer",
}  # fmt: skip
SIDES = ("buy", "sell")


class Trace:
    """Events as they come; turned into text only when somebody reads it."""

    def __init__(self) -> None:
        self.events: list[tuple[float, str, Any]] = []

    def add(self, t: float, name: str, what: Any) -> None:
        self.events.append((t, name, what))

    def text(self, last: int = 0) -> str:
        """All of it, or the last so many lines."""
        return "\n".join(f"{t:9.4f}  {name:<8} {words(what)}" for t, name, what in self.events[-last:])


def words(what: Any) -> str:
    """One event in words."""
    if isinstance(what, Request):
        return _request(what)
    if isinstance(what, Report):
        return _report(what)
    if isinstance(what, ReadReply):
        return _reply(what)
    if isinstance(what, Note):
        return f"{what.level} {what.code}: {what.text}"
    return str(what)


def _request(r: Request) -> str:
    flags = (" reduce-only" if r.flags & REDUCE_ONLY else "") + (" STOP" if r.flags & STOP else "")
    if r.kind == CANCEL:
        return f"cancel {r.cl_id or f'venue id {r.venue_id}'}{flags}"
    verb = "amend" if r.kind == AMEND else "create"
    return f"{verb} {r.cl_id} {SIDES[r.side]} {r.qty} @ {r.px or 'market'}{flags}"


def _report(r: Report) -> str:
    kind = KINDS.get(r.kind, str(r.kind))
    if r.trade_id and r.qty:
        return f"{kind} {r.cl_id} {SIDES[r.side]} {r.qty} @ {r.px} (trade {r.trade_id}, {r.left} left)"
    if r.amount:
        return f"{kind} {r.amount}"
    return f"{kind} {r.cl_id}" + (f" {name_of(r.code)}" if r.code else "")


def _reply(r: ReadReply) -> str:
    if r.error:
        return f"{r.what}: {r.error}"
    proof = "" if r.proof else " (no proof)"
    if r.what == "orders":
        return f"orders{proof}: " + (", ".join(f"{o.cl_id} {SIDES[o.side]} {o.left}" for o in r.orders) or "none")
    if r.what == "positions":
        return f"positions{proof}: " + (", ".join(f"{p.pos}" for p in r.positions) or "none")
    if r.what == "trades":
        return f"trades{proof}: {len(r.trades)}, the newest {r.trades[-1].trade_id if r.trades else 0}"
    return f"balance {r.balance}"
