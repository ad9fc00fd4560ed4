"""Gate every planned request and mark the approved ones in flight at once, so that the next check counts them.

The only caller of the gate and the only place where a planned request becomes a pending order.
"""

from __future__ import annotations

from core.domain.book import View
from core.domain.instrument import Spec
from core.domain.order import AMEND, CANCEL, CREATE, LIVE, PENDING_AMEND, PENDING_NEW, SLOTS, UNKNOWN, Ledger, Requests
from core.domain.reasons import BAD_REQUEST, OK
from core.execution.slots import mark_amend, mark_cancel, place, rest_change, rest_slot, worst_open
from core.kernel import door, kernel
from core.risk.blocks import Limits, Risk
from core.risk.gate import check, note_price, open_gate


@kernel
def growth(o: Ledger, q: Requests, n: int) -> int:
    """Lots by which request `n` would raise its side's worst case; an amend counts the larger of both sizes."""
    if q.kind[n] == CREATE:
        return q.qty[n]
    i = q.slot[n]
    return max(0, q.qty[n] - (o.qty[i] - o.left[i]) - worst_open(o, i))


@kernel
def mark(o: Ledger, q: Requests, n: int, now: int) -> int:
    """Approved request `n` into the ledger; the reason code when the slot does not hold what it names."""
    i = q.slot[n]
    if q.kind[n] == CREATE:
        q.cl_id[n] = place(o, i, q.key[n], q.side[n], q.px[n], q.qty[n], q.type[n], q.tif[n], q.flags[n], now)
        return OK
    if q.kind[n] == AMEND:
        mark_amend(o, i, q.px[n], q.qty[n], now)
        return OK
    state = o.state[i]
    if o.cl_id[i] != q.cl_id[n] or q.cl_id[n] <= 0:
        return BAD_REQUEST
    if state in (LIVE, PENDING_AMEND, PENDING_NEW):
        mark_cancel(o, i, now)
    elif state != UNKNOWN:
        return BAD_REQUEST
    return OK


@kernel
def commit_one(x: Limits, r: Risk, o: Ledger, v: View, s: Spec, q: Requests, n: int, cap: float, now: int) -> int:
    """Gate and mark request `n`; its code."""
    more = 0
    i = q.slot[n]
    slot_ok = i >= 0 and i < SLOTS
    if slot_ok and q.kind[n] != CANCEL:
        more = growth(o, q, n)
    code = check(x, r, o, v, s, q, n, more, cap, now)
    if code == OK:
        if not slot_ok:
            return BAD_REQUEST
        code = mark(o, q, n, now)
        if code == OK and q.kind[n] != CANCEL:
            note_price(r, q.side[n], q.px[n])
    elif slot_ok and code != BAD_REQUEST:
        if q.kind[n] == CREATE:
            rest_slot(o, i, q.key[n], q.side[n])
        elif o.state[i] == LIVE:
            rest_change(o, i)
    return code


@kernel
def commit_all(x: Limits, r: Risk, o: Ledger, v: View, s: Spec, q: Requests, cap: float, now: int) -> int:
    """`gate_and_commit` inside other kernels."""
    approved = 0
    open_gate(x, r, o, now)
    for n in range(q.n):
        code = commit_one(x, r, o, v, s, q, n, cap, now)
        q.code[n] = code
        if code == OK:
            approved += 1
        else:
            r.n_refused[min(63, code)] += 1
    return approved


@door
def gate_and_commit(X: Limits, R: Risk, L: Ledger, V: View, S: Spec, Q: Requests, cap_lots: float, now: int) -> int:
    """Returns how many of Q were approved. `Q.code[n]` says why not, `R.value[n]` and `R.limit[n]` on what figures.

    `cap_lots` is the strategy's adaptive net cap (S3-77); NaN, <= 0 or absent refuses all new risk.
    """
    return commit_all(X[0], R[0], L[0], V[0], S[0], Q[0], cap_lots, now)
