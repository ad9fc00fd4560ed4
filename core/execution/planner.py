"""From what stands to what is wanted in the fewest requests. Writes `Requests`; marks nothing (that is `commit.py`).

An order within tolerance of a target stays. Orders in flight cover their target. Cancels come first, then amends and
creates from the touch outwards; the message budget drops the outermost changes. Source: S3-13, S3-46, DESIGN.md 4.
"""

from __future__ import annotations

from core.domain.instrument import Spec
from core.domain.order import (
    AMEND,
    CANCEL,
    CREATE,
    FREE,
    GTC,
    LIMIT,
    LIVE,
    PENDING_CANCEL,
    POST_ONLY,
    REDUCE_ONLY,
    REQUESTS,
    SLOTS,
    Ledger,
    Requests,
    Target,
)
from core.domain.units import sign_of
from core.execution.blocks import KEYS, RANKS, WINDOW_NS, PlanParams
from core.execution.slots import KEY_ADOPTED, RESTS
from core.kernel import door, kernel

LAYERS = 24
OPEN, DONE, CHANGE = 0, 1, 2


@kernel
def refill(b: PlanParams, now: int) -> None:
    """Time since the last call as credit; never more than half the budget, and nothing for time going back."""
    gone = min(WINDOW_NS, max(0, now - b.ts))
    b.ts = max(b.ts, now)
    half = b.budget // 2
    b.credit = min(half * WINDOW_NS, b.credit + gone * half)


@kernel
def rank_of(key: int) -> int:
    """0 for exits and hedges, 1 + layer for the grid."""
    if key < 2 * LAYERS:
        return 1 + key % LAYERS
    return 0


@kernel
def survey(o: Ledger, b: PlanParams) -> None:
    """Lists of what stands: free slots, orders that may be matched, and who holds each key."""
    for k in range(KEYS):
        b.slot_of_key[k] = -1
    n_free = 0
    n_loose = 0
    start = o.next_seq % SLOTS  # slots rotate, so late reports of a closed order still find it
    for j in range(SLOTS):
        i = (start + j) % SLOTS
        state = o.state[i]
        b.taken[i] = 0
        if state == FREE:
            if o.left[i] == 0:
                b.free[n_free] = i
                n_free += 1
        elif state != PENDING_CANCEL:
            key = o.key[i]
            if b.slot_of_key[key] < 0 or state != LIVE:
                b.slot_of_key[key] = i
            if state == LIVE:
                b.loose[n_loose] = i
                n_loose += 1
    if n_free == 0:
        for i in range(SLOTS):  # last resort: slots kept for orders that are held to be absent
            if o.state[i] == FREE:
                b.free[n_free] = i
                n_free += 1
    b.n_free = n_free
    b.n_loose = n_loose


@kernel
def same_kind(o: Ledger, i: int, t: Target, j: int) -> int:
    """1 when order `i` could serve target `j`: side, purpose, type, time in force, flags."""
    if o.side[i] != t.side[j] or o.flags[i] != t.flags[j] or o.type[i] != t.type[j] or o.tif[i] != t.tif[j]:
        return 0
    if o.key[i] == t.key[j]:
        return 1
    if o.key[i] < 2 * LAYERS and t.key[j] < 2 * LAYERS:
        return 1  # grid layers stand in for each other
    return 0


@kernel
def size_good(left: int, wanted: int) -> int:
    """1 while at least half of the wanted size stands and not more than it: no top-up after each partial fill."""
    if left <= wanted and 2 * left >= wanted:
        return 1
    return 0


@kernel
def away(o: Ledger, i: int, t: Target, j: int) -> int:
    """Ticks by which order `i` lies behind target `j` (further from the market); negative = in front of it."""
    return sign_of(t.side[j]) * (t.px[j] - o.px[i])


@kernel
def fits(o: Ledger, i: int, t: Target, j: int) -> int:
    """1 when order `i` needs no request: on the target, or within its tolerance on the passive side."""
    if same_kind(o, i, t, j) == 0 or size_good(o.left[i], t.qty[j]) == 0:
        return 0
    behind = away(o, i, t, j)
    if behind < 0 or behind > t.tol[j]:
        return 0
    return 1


@kernel
def line_up(t: Target, b: PlanParams) -> None:
    """Targets by rank, the order of the strategy kept within a rank (linked lists: head, next)."""
    for r in range(RANKS):
        b.head[r] = -1
    for back in range(t.n):
        j = t.n - 1 - back
        r = rank_of(t.key[j])
        b.next[j] = b.head[r]
        b.head[r] = j


@kernel
def match(o: Ledger, t: Target, q: Requests, b: PlanParams) -> None:
    """Targets that need nothing: first by their own key, then by price among the orders left over."""
    for j in range(t.n):
        b.got[j] = OPEN
        if t.qty[j] <= 0:
            b.got[j] = DONE
            continue
        if t.key[j] < 0 or t.key[j] >= KEY_ADOPTED or (t.side[j] != 0 and t.side[j] != 1):
            b.got[j] = DONE
            q.n_dropped += 1
            continue
        i = b.slot_of_key[t.key[j]]
        if i < 0 or b.taken[i] == 1:
            continue
        state = o.state[i]
        if state != LIVE:  # in flight, UNKNOWN or resting: it covers its target
            b.taken[i] = 1
            b.got[j] = DONE
        elif o.new_qty[i] == RESTS or fits(o, i, t, j) == 1:
            b.taken[i] = 1
            b.got[j] = DONE
            if o.px[i] != t.px[j]:
                q.n_suppressed += 1
    for j in range(t.n):
        if b.got[j] == OPEN:
            for k in range(b.n_loose):
                i = b.loose[k]
                if b.taken[i] == 0 and o.new_qty[i] != RESTS and fits(o, i, t, j) == 1:
                    b.taken[i] = 1
                    b.got[j] = DONE
                    if o.px[i] != t.px[j]:
                        q.n_suppressed += 1
                    break
    for j in range(t.n):  # what must change: a target and an order that can become it
        if b.got[j] == OPEN:
            i = b.slot_of_key[t.key[j]]
            if i >= 0 and b.taken[i] == 0 and o.side[i] == t.side[j]:
                b.taken[i] = 1
                b.got[j] = CHANGE + i


@kernel
def can_amend(o: Ledger, i: int, t: Target, j: int) -> int:
    """1 when one amend turns order `i` into target `j`: a resting limit order of ours that keeps its kind."""
    if same_kind(o, i, t, j) == 0 or o.key[i] == KEY_ADOPTED:
        return 0
    if o.type[i] != LIMIT or (o.tif[i] != GTC and o.tif[i] != POST_ONLY):
        return 0
    return 1


@kernel
def put(q: Requests, kind: int, slot: int, o: Ledger, t: Target, j: int, qty: int) -> None:
    """One request; `j` < 0 for a cancel."""
    n = q.n
    q.kind[n] = kind
    q.slot[n] = slot
    q.code[n] = 0
    if kind == CREATE:
        q.cl_id[n] = 0
        q.venue_id[n] = 0
    else:
        q.cl_id[n] = o.cl_id[slot]
        q.venue_id[n] = o.venue_id[slot]
    if j < 0:
        q.key[n] = o.key[slot]
        q.side[n] = o.side[slot]
        q.px[n] = o.px[slot]
        q.qty[n] = qty
        q.type[n] = o.type[slot]
        q.tif[n] = o.tif[slot]
        q.flags[n] = o.flags[slot]
    else:
        q.key[n] = t.key[j]
        q.side[n] = t.side[j]
        q.px[n] = t.px[j]
        q.qty[n] = qty
        q.type[n] = t.type[j]
        q.tif[n] = t.tif[j]
        q.flags[n] = t.flags[j]
    q.n = n + 1


@kernel
def afford(o: Ledger, t: Target, q: Requests, b: PlanParams, s: Spec) -> None:
    """Spend the budget from the touch outwards. A change without credit keeps its order unless that stands in front
    of where it should: then it is only cancelled. Cancels and exits are charged and never refused."""
    free = b.n_free
    for r in range(RANKS):
        j = b.head[r]
        while j >= 0:
            got = b.got[j]
            exit_ = t.flags[j] & REDUCE_ONLY
            if got >= CHANGE:
                i = got - CHANGE
                amend = s.amend == 1 and can_amend(o, i, t, j) == 1
                cost = 1 if amend else 2
                short = exit_ == 0 and b.credit < cost * WINDOW_NS
                blocked = exit_ == 0 and o.n_unknown > 0
                if short or blocked or (not amend and free <= 0):
                    if blocked:
                        b.n_blocked += 1
                    else:
                        q.n_dropped += 1
                    b.got[j] = DONE
                    if away(o, i, t, j) < 0 or o.left[i] > t.qty[j]:
                        b.taken[i] = 0
                else:
                    b.credit -= cost * WINDOW_NS
                    if not amend:
                        free -= 1
                        b.taken[i] = 2  # cancelled as half of a change, already paid
            elif got == OPEN:
                if o.n_unknown > 0 and exit_ == 0:
                    b.n_blocked += 1
                    b.got[j] = DONE
                elif (exit_ == 0 and b.credit < WINDOW_NS) or free <= 0:
                    q.n_dropped += 1
                    b.got[j] = DONE
                else:
                    b.credit -= WINDOW_NS
                    free -= 1
            j = b.next[j]


@kernel
def write_cancels(o: Ledger, t: Target, q: Requests, b: PlanParams) -> None:
    """Whatever no target wants, and the first half of each change that is not an amend."""
    for k in range(b.n_loose):
        i = b.loose[k]
        if b.taken[i] == 2:
            put(q, CANCEL, i, o, t, -1, o.left[i])
        elif b.taken[i] == 0 and o.new_qty[i] != RESTS:
            b.credit = max(-SLOTS * WINDOW_NS, b.credit - WINDOW_NS)
            put(q, CANCEL, i, o, t, -1, o.left[i])


@kernel
def write_changes(o: Ledger, t: Target, q: Requests, b: PlanParams) -> None:
    """Amends and creates, from the touch outwards."""
    used = 0
    for r in range(RANKS):
        j = b.head[r]
        while j >= 0:
            got = b.got[j]
            if q.n >= REQUESTS:
                return
            if got >= CHANGE and b.taken[got - CHANGE] == 1:
                i = got - CHANGE
                put(q, AMEND, i, o, t, j, o.qty[i] - o.left[i] + t.qty[j])
            elif got != DONE:
                put(q, CREATE, b.free[used], o, t, j, t.qty[j])
                used += 1
            j = b.next[j]


@kernel
def plan_into(o: Ledger, t: Target, q: Requests, b: PlanParams, s: Spec, now: int) -> int:
    """`plan` inside other kernels."""
    q.n = 0
    refill(b, now)
    if t.hold == 1:
        return 0
    survey(o, b)
    line_up(t, b)
    match(o, t, q, b)
    afford(o, t, q, b, s)
    write_cancels(o, t, q, b)
    write_changes(o, t, q, b)
    return q.n


@door
def plan(L: Ledger, T: Target, Q: Requests, B: PlanParams, S: Spec, now: int) -> int:
    """Requests that turn the ledger's orders into the targets; returns how many stand in Q, cancels first.

    `n_suppressed` and `n_dropped` of Q and `n_blocked` of B count up. A create has cl_id 0 until it is committed.
    """
    return plan_into(L[0], T[0], Q[0], B[0], S[0], now)
