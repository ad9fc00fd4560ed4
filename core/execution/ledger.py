"""Our orders: the table of states, and what each report does to it. The only writer of a slot's state.

Legal transitions only; anything else leaves a code in `err` and the client id in `err_a` and changes nothing that
would make exposure look smaller. Fills go to `fills.py`. It sends nothing and plans nothing.

A client id is seq * SLOTS + slot; seq starts at milliseconds of the process start, so ids never repeat.
An amend's size is the order's new *total*: what fills on the way counts against it.
"""

from __future__ import annotations

from core.domain.instrument import Spec
from core.domain.order import (
    ACCEPTED,
    AMEND_REJECTED,
    AMENDED,
    CANCEL_REJECTED,
    CANCELED,
    DELEVERAGED,
    EXPIRED,
    FILLED,
    FREE,
    FUNDED,
    LIQUIDATED,
    LIVE,
    LOST,
    PENDING_AMEND,
    PENDING_CANCEL,
    PENDING_NEW,
    REJECTED,
    RESTING_REJECT,
    SLOTS,
    TRANSFERRED,
    UNKNOWN,
    Ledger,
    Reports,
)
from core.domain.reasons import UNKNOWN_ORDER_ID
from core.domain.units import MAX_NOTIONAL, NS_PER_MS
from core.execution.fills import book_fill, first_time, synthetic_id
from core.execution.slots import ENDED, KEY_ADOPTED, UNASKED, find, move, rest_change, worst_open
from core.kernel import door, kernel

ERR_ILLEGAL, ERR_NOT_OURS, ERR_NO_TRADE_ID, ERR_BAD_FIGURES, ERR_OVERFILL, ERR_SIDE = 1, 2, 3, 4, 5, 6
ERR_NAMES = ("", "illegal transition", "order not ours", "fill without trade id", "bad figures", "overfill", "side")


@kernel
def fault(o: Ledger, code: int, cl_id: int) -> int:
    """Leave the code for the engine to count and show; 0 = nothing applied."""
    o.err = code
    o.err_a = cl_id
    return 0


@kernel
def figures_ok(px: int, qty: int, side: int, unit: int) -> int:
    """1 when a fill can be booked without wrapping."""
    if px <= 0 or qty <= 0 or (side != 0 and side != 1):
        return 0
    if px > MAX_NOTIONAL // max(1, unit) // qty:
        return 0
    return 1


@kernel
def fill_slot(o: Ledger, i: int, qty: int, ts: int) -> None:
    """An order of ours filled by `qty`, whatever came before: ack not yet seen, cancel or amend on its way."""
    state = o.state[i]
    left = o.left[i]
    ended = state == UNKNOWN and o.new_qty[i] == ENDED
    if state == RESTING_REJECT or left == 0:
        return  # closed before this late fill; the position has it
    if state == PENDING_AMEND and qty > left:  # the larger size already stands at the venue
        left += max(0, o.new_qty[i] - o.qty[i])
        o.qty[i] = max(o.qty[i], o.new_qty[i])
        o.left[i] = left  # the same worst case, told in the new size
    if qty > left:
        fault(o, ERR_OVERFILL, o.cl_id[i])
    if o.ts_ack[i] == 0:
        if state in (UNKNOWN, PENDING_NEW) and not ended:
            state = LIVE  # a fill proves that the create arrived
        o.ts_ack[i] = ts
    if state == FREE:
        state = LIVE  # held to be absent, and was not
    left = max(0, left - qty)
    if left == 0:
        o.n_filled_orders[o.side[i]] += 1
        state = FREE
    move(o, i, state, left)
    if ended and left > 0:
        o.new_qty[i] = ENDED  # the rest of what was untold


@kernel
def apply_fill(o: Ledger, r: Reports, k: int, unit: int) -> int:
    """A fill of ours, or a venue-made change of the position: once per trade id, order known or not."""
    side = r.side[k]
    px = r.px[k]
    qty = r.qty[k]
    cl_id = r.cl_id[k]
    if figures_ok(px, qty, side, unit) == 0:
        return fault(o, ERR_BAD_FIGURES, cl_id)
    key = r.trade_id[k]
    if r.kind[k] != FILLED:
        if key <= 0:
            key = synthetic_id(r.ts[k], side, px, qty)
    elif key <= 0:
        return fault(o, ERR_NO_TRADE_ID, cl_id)
    elif cl_id <= 0:
        return fault(o, ERR_NOT_OURS, cl_id)
    if first_time(o, key) == 0:
        o.n_duplicate += 1
        return 0
    book_fill(o, side, px, qty, unit)
    o.fees += r.fee[k]
    o.n_fills[side] += 1
    if r.maker[k] != 0:
        o.n_maker += 1
    i = find(o, cl_id)
    if i >= 0 and r.kind[k] == FILLED:
        if o.side[i] != side:
            fault(o, ERR_SIDE, cl_id)
        else:
            if r.venue_id[k] != 0:
                o.venue_id[i] = r.venue_id[k]
            fill_slot(o, i, qty, r.ts[k])
    return 1


@kernel
def apply_funding(o: Ledger, r: Reports, k: int) -> int:
    """Funding once per settlement: keyed by its own id, or by its time where the venue gives none."""
    key = r.trade_id[k]
    if key <= 0:
        key = r.ts[k]
    if key <= 0:
        return fault(o, ERR_NO_TRADE_ID, 0)
    if first_time(o, -key) == 0:
        o.n_duplicate += 1
        return 0
    o.funding += r.amount[k]
    return 1


@kernel
def apply_accepted(o: Ledger, i: int, venue_id: int, ts: int) -> int:
    """The venue has it. Late acks of orders that moved on only add the venue id."""
    state = o.state[i]
    if state == RESTING_REJECT:
        return fault(o, ERR_ILLEGAL, o.cl_id[i])
    if venue_id != 0:
        o.venue_id[i] = venue_id
    if o.ts_ack[i] == 0:
        o.ts_ack[i] = ts
    if state in (PENDING_NEW, UNKNOWN) or (state == FREE and o.left[i] > 0):
        move(o, i, LIVE, o.left[i])
    return 1


@kernel
def apply_rejected(o: Ledger, i: int) -> int:
    """A definite no: the slot rests until the next decision. A no to an order that stood makes it UNKNOWN."""
    state = o.state[i]
    if state == PENDING_NEW or (state == UNKNOWN and o.ts_ack[i] == 0):
        o.n_rejected += 1
        move(o, i, RESTING_REJECT, 0)
        return 1
    if state == RESTING_REJECT:
        return 0  # the same no again
    if state in (LIVE, PENDING_AMEND):
        move(o, i, UNKNOWN, o.left[i])
    return fault(o, ERR_ILLEGAL, o.cl_id[i])


@kernel
def apply_gone(o: Ledger, i: int, qty: int, left: int) -> int:
    """Cancelled or expired; counted once, whoever says so first (S3-75).

    Where the venue says that more of it had filled than we were told (`qty` - `left`; 0 left = not said), those lots
    stay UNKNOWN until the fills come or reads prove that there are none.
    """
    state = o.state[i]
    if state == RESTING_REJECT:
        return fault(o, ERR_ILLEGAL, o.cl_id[i])
    if (state == FREE and o.left[i] == 0) or (state == UNKNOWN and o.new_qty[i] == ENDED):
        return 0
    o.n_canceled[o.side[i]] += 1
    told = o.qty[i] - o.left[i]
    if o.key[i] == KEY_ADOPTED and qty > o.qty[i]:
        told += qty - o.qty[i]  # filled before it was adopted with what was open then
    untold = min(qty - left - told, max(o.left[i], worst_open(o, i)))
    if left > 0 and untold > 0:
        move(o, i, LIVE, o.left[i])  # an amend on its way changes nothing any more: its larger size counts no longer
        o.qty[i] = told + untold
        move(o, i, UNKNOWN, untold)
        o.new_qty[i] = ENDED
        return 1
    move(o, i, FREE, 0)
    return 1


@kernel
def apply_amended(o: Ledger, i: int, px: int, qty: int, ts: int) -> int:
    """New price and total size; what was filled before stays filled.

    A word from before our last request for this order is of an earlier change and late: it changes nothing, not even
    where it says what was just asked for (a venue may cut a reduce-only order to that size by itself). The answer to
    the request carries our own clock and is never that old, however far behind the venue's is.
    """
    state = o.state[i]
    if state in (FREE, RESTING_REJECT, PENDING_NEW):
        return fault(o, ERR_ILLEGAL, o.cl_id[i])
    if ts < o.ts_sent[i]:
        return 0
    total = qty
    if total <= 0:
        total = o.new_qty[i] if state == PENDING_AMEND else o.qty[i]
    filled = o.qty[i] - o.left[i]
    left = max(0, total - filled)
    if state != PENDING_CANCEL:
        state = LIVE
    if left == 0:
        state = FREE
    move(o, i, state, left)
    o.qty[i] = total
    if px > 0:
        o.px[i] = px
    o.new_qty[i] = UNASKED
    return 1


@kernel
def apply_change_refused(o: Ledger, i: int, pending: int, code: int) -> int:
    """A cancel or amend was refused. Not found is a question (a fill may still come), anything else: it stands."""
    state = o.state[i]
    if state == FREE:
        return 0
    if state != pending:
        return fault(o, ERR_ILLEGAL, o.cl_id[i])
    if code == UNKNOWN_ORDER_ID:
        move(o, i, UNKNOWN, o.left[i])
    else:
        move(o, i, LIVE, o.left[i])
        rest_change(o, i)
    if pending == PENDING_AMEND:
        o.n_rejected += 1
        if o.ts_ack[i] > 0:
            o.ts_placed[i] = o.ts_ack[i]  # of this amend nothing can arrive any more: it was answered
    return 1


@kernel
def apply_lost(o: Ledger, i: int) -> int:
    """No answer. A create or amend becomes UNKNOWN; an order whose cancel got lost still stands as it was."""
    state = o.state[i]
    if state == PENDING_CANCEL and o.ts_ack[i] > 0:
        move(o, i, LIVE, o.left[i])
        rest_change(o, i)
        return 1
    if state in (PENDING_NEW, PENDING_CANCEL, PENDING_AMEND):
        move(o, i, UNKNOWN, o.left[i])
        return 1
    if state in (FREE, UNKNOWN):
        return 0
    return fault(o, ERR_ILLEGAL, o.cl_id[i])


@kernel
def apply_report(o: Ledger, r: Reports, k: int, unit: int) -> int:
    """One report; 1 = applied, 0 = seen before, without effect, or refused with `err`."""
    kind = r.kind[k]
    if kind in (FILLED, LIQUIDATED, DELEVERAGED):
        return apply_fill(o, r, k, unit)
    if kind == FUNDED:
        return apply_funding(o, r, k)
    if kind == TRANSFERRED:
        return 1  # the account's, not a strategy's result
    cl_id = r.cl_id[k]
    i = find(o, cl_id)
    if i < 0:
        return fault(o, ERR_NOT_OURS, cl_id)
    if kind == ACCEPTED:
        return apply_accepted(o, i, r.venue_id[k], r.ts[k])
    if kind == REJECTED:
        return apply_rejected(o, i)
    if kind in (CANCELED, EXPIRED):
        return apply_gone(o, i, r.qty[k], r.left[k])
    if kind == AMENDED:
        return apply_amended(o, i, r.px[k], r.qty[k], r.ts[k])
    if kind == CANCEL_REJECTED:
        return apply_change_refused(o, i, PENDING_CANCEL, r.code[k])
    if kind == AMEND_REJECTED:
        return apply_change_refused(o, i, PENDING_AMEND, r.code[k])
    if kind == LOST:
        return apply_lost(o, i)
    return fault(o, ERR_ILLEGAL, cl_id)


@kernel
def apply_all(o: Ledger, r: Reports, unit: int) -> int:
    """All reports of one instant in order; returns how many were applied (`apply_reports` inside other kernels)."""
    applied = 0
    for k in range(r.n):
        applied += apply_report(o, r, k, unit)
    return applied


@door
def apply_reports(L: Ledger, R: Reports, S: Spec, now: int) -> int:
    """All reports of one instant in order; returns how many were applied.

    `R.n` - applied - the rise of `n_duplicate` is what had no effect; `err` is cleared here and names the last fault.
    """
    o = L[0]
    o.err = 0
    o.err_a = 0
    return apply_all(o, R[0], S[0].unit)


def first_seq(start_ns: int) -> int:
    """Where a process begins its sequence: milliseconds, so that no run ever reaches the next one's ids."""
    return start_ns // NS_PER_MS


def slot_of(cl_id: int) -> int:
    """The slot that a client id names."""
    return cl_id % SLOTS
