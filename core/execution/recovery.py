"""What we learn of orders other than by their own reports: decisions, wire refusals, reads, proof of absence.

Doors over the ledger that the engine calls between reports and plans. Proof itself is judged in `reconcile.py`.
"""

from __future__ import annotations

from core.domain.instrument import Spec
from core.domain.order import (
    AMEND,
    CANCEL,
    CREATE,
    FREE,
    LIVE,
    PENDING_AMEND,
    PENDING_CANCEL,
    PENDING_NEW,
    RESTING_REJECT,
    SLOTS,
    UNKNOWN,
    Ledger,
)
from core.execution.fills import first_time
from core.execution.slots import KEY_ADOPTED, find, mark_cancel, move, release_rests, rest_change
from core.kernel import door, kernel
from core.risk.valuation import net_pnl, unrealised


@door
def new_decision(L: Ledger) -> int:
    """Before each decision of the strategy: rested slots may be tried again. Returns how many."""
    return release_rests(L[0])


@door
def resolve_absent(L: Ledger, cl_id: int, now: int, wait_ns: int) -> int:
    """Free an UNKNOWN order that two reads did not list, once nothing sent can arrive any more (RELIABILITY 2.3).

    `wait_ns` = R + skew + L, counted from the last create or amend of it: a cancel makes nothing arrive later. Returns
    1 when freed, else 0. Its size stays written in the slot: should it show up after all, the ledger takes it back.
    """
    o = L[0]
    i = find(o, cl_id)
    if i < 0 or o.state[i] != UNKNOWN or wait_ns < 0:
        return 0
    if now < o.ts_placed[i] + wait_ns:
        return 0
    move(o, i, FREE, o.left[i])
    return 1


@door
def resolve_found(L: Ledger, cl_id: int, venue_id: int, px: int, left: int, now: int) -> int:
    """An order that the venue lists otherwise than we do: UNKNOWN, held to be absent, or LIVE with another open size.

    It is LIVE with the venue's price and open size; what we know as filled stays filled. Returns 1 when it changed.
    """
    o = L[0]
    i = find(o, cl_id)
    if i < 0 or left <= 0:
        return 0
    state = o.state[i]
    if state != UNKNOWN and not (state == FREE and o.left[i] > 0) and not (state == LIVE and o.left[i] != left):
        return 0
    filled = max(0, o.qty[i] - o.left[i])
    move(o, i, LIVE, left)
    o.qty[i] = filled + left
    o.px[i] = px
    o.venue_id[i] = venue_id
    o.ts_ack[i] = now
    return 1


@door
def adopt_order(L: Ledger, cl_id: int, venue_id: int, side: int, px: int, left: int, flags: int, now: int) -> int:
    """Take an order of ours from an earlier run into the table. Returns its slot, or -1: cancel it by its venue id."""
    o = L[0]
    if cl_id <= 0 or left <= 0 or (side != 0 and side != 1):
        return -1
    i = cl_id % SLOTS
    if o.state[i] != FREE or (o.left[i] > 0 and o.cl_id[i] != cl_id):
        return -1
    o.cl_id[i] = cl_id
    o.venue_id[i] = venue_id
    o.key[i] = KEY_ADOPTED
    o.side[i] = side
    o.px[i] = px
    o.qty[i] = left
    o.type[i] = 0
    o.tif[i] = 0
    o.flags[i] = flags
    o.ts_sent[i] = now
    o.ts_placed[i] = now
    o.ts_ack[i] = now
    move(o, i, LIVE, left)
    return i


@door
def recall_order(
    L: Ledger, cl_id: int, venue_id: int, side: int, px: int, qty: int, left: int, flags: int, ts_sent: int
) -> int:
    """An order that our own record says may stand at the venue: UNKNOWN, counted in full until reads prove its fate.

    Returns 1 when taken. `ts_sent` is when the last request for it left: the proof counts from there.
    """
    o = L[0]
    if cl_id <= 0 or left <= 0 or qty < left or (side != 0 and side != 1):
        return 0
    i = cl_id % SLOTS
    if o.state[i] != FREE or o.left[i] > 0:
        return 0
    o.cl_id[i] = cl_id
    o.venue_id[i] = venue_id
    o.key[i] = KEY_ADOPTED
    o.side[i] = side
    o.px[i] = px
    o.qty[i] = qty
    o.type[i] = 0
    o.tif[i] = 0
    o.flags[i] = flags
    o.ts_sent[i] = ts_sent
    o.ts_placed[i] = ts_sent
    o.ts_ack[i] = 0
    move(o, i, UNKNOWN, left)
    return 1


@door
def adopt_position(L: Ledger, pos: int, cost: int) -> int:
    """Start from a position that the venue holds: only into a ledger that has none. Returns 1 when taken."""
    o = L[0]
    if o.pos != 0 or o.n_fills[0] + o.n_fills[1] > 0:
        return 0
    o.pos = pos
    o.cost = cost
    return 1


@door
def mark_seen(L: Ledger, key: int) -> int:
    """A trade id (negative: a funding id) that an adopted position already holds. Returns 1 when it was new."""
    return first_time(L[0], key)


@kernel
def withdraw(o: Ledger, i: int, kind: int) -> int:
    """Slot `i` as it was before a request that certainly never left; it rests until the next decision."""
    state = o.state[i]
    if kind == CREATE and state == PENDING_NEW:
        o.n_created[o.side[i]] -= 1
        move(o, i, RESTING_REJECT, 0)
        return 1
    if (kind == CANCEL and state == PENDING_CANCEL) or (kind == AMEND and state == PENDING_AMEND):
        move(o, i, LIVE, o.left[i])
        rest_change(o, i)
        return 1
    return 0


@door
def unsent(L: Ledger, cl_id: int, kind: int) -> int:
    """The wire gate dropped an approved request (`RequestRefused`). Returns 1 when the ledger took it back."""
    o = L[0]
    i = find(o, cl_id)
    if i < 0:
        return 0
    return withdraw(o, i, kind)


@door
def cancel_sent(L: Ledger, cl_id: int, now: int) -> int:
    """A cancel that did not come from the planner (operator, emergency) is on its way. Returns 1 for a known order."""
    o = L[0]
    i = find(o, cl_id)
    if i < 0:
        return 0
    state = o.state[i]
    if state != LIVE and state != PENDING_AMEND and state != PENDING_NEW:
        return 0
    mark_cancel(o, i, now)
    return 1


@door
def unrealised_at(L: Ledger, S: Spec, mark: int) -> int:
    """Unrealised PnL at `mark` ticks, 1e-8 quote."""
    return unrealised(L[0], mark, S[0].unit)


@door
def net_pnl_at(L: Ledger, S: Spec, mark: int) -> int:
    """price_pnl - fees + funding at `mark` ticks, 1e-8 quote; exact."""
    return net_pnl(L[0], mark, S[0].unit)
