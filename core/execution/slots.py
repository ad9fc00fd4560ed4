"""One slot of the order table: its worst case, its moves, and marking requests in flight.

Every change of state or size goes through `move`, which keeps `open_lots`, `n_live` and the UNKNOWN figures true.
"""

from __future__ import annotations

from core.domain.order import (
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
from core.kernel import kernel

UNASKED = 0  # new_qty of an order with no amend in flight
RESTS = -1  # new_qty of an order whose change was refused: left alone until the next decision
ENDED = -2  # new_qty of an UNKNOWN order that has ended, with fills that nobody has told yet
KEY_ADOPTED = 62  # found at reconcile; no target has this key


@kernel
def worst_open(o: Ledger, i: int) -> int:
    """Lots that slot `i` may still fill at worst: for an amend in flight the larger of both sizes."""
    state = o.state[i]
    if state in (FREE, RESTING_REJECT):
        return 0
    if state == PENDING_AMEND:
        return max(o.left[i], o.new_qty[i] - (o.qty[i] - o.left[i]))
    return o.left[i]


@kernel
def is_alive(state: int) -> int:
    """1 for every state in which the venue may hold the order."""
    if state in (FREE, RESTING_REJECT):
        return 0
    return 1


@kernel
def recount_unknown(o: Ledger) -> None:
    """Number and oldest sending time of UNKNOWN orders."""
    n = 0
    oldest = 0
    for i in range(SLOTS):
        if o.state[i] == UNKNOWN:
            n += 1
            if oldest == 0 or o.ts_sent[i] < oldest:
                oldest = o.ts_sent[i]
    o.n_unknown = n
    o.oldest_unknown = oldest


@kernel
def move(o: Ledger, i: int, state: int, left: int) -> None:
    """Slot `i` to `state` with `left` lots open. An amend whose fate is UNKNOWN counts its larger size."""
    before = o.state[i]
    side = o.side[i]
    worst = worst_open(o, i)
    o.open_lots[side] -= worst
    if before == PENDING_AMEND and state == UNKNOWN:
        o.qty[i] = max(o.qty[i], o.new_qty[i])
        left = worst
    o.state[i] = state
    o.left[i] = left
    if state != PENDING_AMEND:
        o.new_qty[i] = UNASKED
    o.open_lots[side] += worst_open(o, i)
    o.n_live += is_alive(state) - is_alive(before)
    if state == UNKNOWN or before == UNKNOWN:
        recount_unknown(o)


@kernel
def find(o: Ledger, cl_id: int) -> int:
    """The slot that holds this client id (also when just closed), or -1."""
    if cl_id <= 0:
        return -1
    i = cl_id % SLOTS
    if o.cl_id[i] == cl_id:
        return i
    return -1


@kernel
def rest_change(o: Ledger, i: int) -> None:
    """A refused cancel or amend is not sent again before the next decision."""
    o.new_qty[i] = RESTS


@kernel
def place(o: Ledger, i: int, key: int, side: int, px: int, qty: int, type_: int, tif: int, flags: int, now: int) -> int:
    """Mark a create in flight in the free slot `i`; returns its client id."""
    cl_id = o.next_seq * SLOTS + i
    o.next_seq += 1
    o.cl_id[i] = cl_id
    o.venue_id[i] = 0
    o.key[i] = key
    o.side[i] = side
    o.px[i] = px
    o.qty[i] = qty
    o.left[i] = 0
    o.type[i] = type_
    o.tif[i] = tif
    o.flags[i] = flags
    o.new_px[i] = 0
    o.new_qty[i] = UNASKED
    o.ts_sent[i] = now
    o.ts_placed[i] = now
    o.ts_ack[i] = 0
    o.n_created[side] += 1
    move(o, i, PENDING_NEW, qty)
    return cl_id


@kernel
def mark_cancel(o: Ledger, i: int, now: int) -> None:
    """A cancel is on its way; the order counts in full until the venue says otherwise."""
    left = worst_open(o, i)
    if o.state[i] == PENDING_AMEND:
        o.open_lots[o.side[i]] -= left
        o.qty[i] = max(o.qty[i], o.new_qty[i])
        o.left[i] = left
        o.state[i] = LIVE
        o.open_lots[o.side[i]] += left
    o.ts_sent[i] = now
    move(o, i, PENDING_CANCEL, left)


@kernel
def mark_amend(o: Ledger, i: int, px: int, total: int, now: int) -> None:
    """An amend to `total` lots (filled ones included) at `px` is on its way."""
    o.ts_sent[i] = now
    o.ts_placed[i] = now
    side = o.side[i]
    o.open_lots[side] -= worst_open(o, i)
    o.state[i] = PENDING_AMEND
    o.new_px[i] = px
    o.new_qty[i] = total
    o.open_lots[side] += worst_open(o, i)


@kernel
def rest_slot(o: Ledger, i: int, key: int, side: int) -> None:
    """A create that the gate refused: the slot rests, and with it its key, until the next decision."""
    o.cl_id[i] = 0
    o.venue_id[i] = 0
    o.key[i] = key
    o.side[i] = side
    o.qty[i] = 0
    o.left[i] = 0
    move(o, i, RESTING_REJECT, 0)


@kernel
def release_rests(o: Ledger) -> int:
    """A new decision: refused creates and changes may be tried again. Returns how many were released."""
    n = 0
    for i in range(SLOTS):
        if o.state[i] == RESTING_REJECT:
            move(o, i, FREE, 0)
            n += 1
        elif o.state[i] == LIVE and o.new_qty[i] == RESTS:
            o.new_qty[i] = UNASKED
            n += 1
    return n
