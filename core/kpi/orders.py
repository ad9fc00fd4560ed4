"""Our orders as the measures follow them, from request to last report: one record a client id, dropped at its end.

What became of one is the ledger's to say: a fill's own word of what is left is missing on most venues.
"""

from __future__ import annotations

import msgspec

from core.domain.order import FREE, RESTING_REJECT, SLOTS, Ledger


class Order(msgspec.Struct, gc=False):
    """One order of ours. Prices ticks, sizes lots, times ns; `mid2` = best bid + ask when it was decided, 0 = none."""

    i: int
    strategy: int
    instrument: int
    cl_id: int
    side: int
    px: int
    qty: int
    type: int
    tif: int
    flags: int
    key: int
    sent: int
    mid2: int
    state: str = "sent"
    acked: int = 0
    filled: int = 0
    counted: bool = False
    amend_px: int = 0
    amend_qty: int = 0
    ended: int = 0
    code: int = 0
    venue_id: int = 0


class Fill(msgspec.Struct, frozen=True, gc=False):
    """One execution of ours. `why`: trade | liquidated | deleveraged; `fee` 1e-8 quote, positive = paid; `number`
    counts the fills of this core."""

    ts: int
    i: int
    instrument: int
    cl_id: int
    trade_id: int
    side: int
    px: int
    qty: int
    fee: int
    maker: bool
    key: int
    flags: int
    mid2: int
    slippage_bps: float | None
    why: str = "trade"
    number: int = 0


def slot_of(ledger: Ledger, order: Order) -> int:
    """Its slot in the table; -1 when another order has it, or it never stood there (a stop's own close)."""
    slot = order.cl_id % SLOTS
    return slot if ledger.s.cl_id[slot] == order.cl_id else -1


def is_closed(ledger: Ledger, slot: int) -> bool:
    """The order in it may not fill any more, as far as the ledger knows."""
    return int(ledger.s.state[slot]) in (FREE, RESTING_REJECT)


def is_filled(ledger: Ledger, order: Order) -> bool:
    """Whether the fills so far are all of it; to be asked after the last report of a step."""
    slot = slot_of(ledger, order)
    return is_closed(ledger, slot) if slot >= 0 else order.filled >= order.qty
