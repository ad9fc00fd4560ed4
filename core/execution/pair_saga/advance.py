"""`advance`: one wake of the pair. Reads two ledgers and two books, moves through the table, writes both targets.

Sends nothing and marks nothing: planner, gate and driver do, and what they did is read from the ledgers at the next
wake. All it knows between two wakes is in the `Saga` block.
"""

from __future__ import annotations

from core.domain.book import View
from core.domain.instrument import Spec
from core.domain.order import Ledger, Target
from core.execution.pair_saga.blocks import PairParams, Saga, Wish
from core.execution.pair_saga.duty import do_leg
from core.execution.pair_saga.effects import apply_effect, grow_intent
from core.execution.pair_saga.events import event_now
from core.execution.pair_saga.legs import survey
from core.execution.pair_saga.measure import can_add, keep_stop, measure, tell
from core.execution.pair_saga.table import effect_of, next_of, work_of
from core.execution.pair_saga.words import (
    BOTH_DOWN,
    EXITING,
    FOREIGN,
    FREE_TO_MOVE,
    HOLD,
    IDLE,
    LOST,
    OPENING,
    PAIRING,
    S2_LOCKING,
    STEP_DOWN,
    UNKNOWN_BOTH,
    UNKNOWN_ONE,
    WAIT_BOTH_DOWN,
    WAIT_BOTH_UNKNOWN,
    WAIT_FOREIGN,
    WAIT_NO_FILL,
    WAIT_ONE_DOWN,
    WAIT_ONE_UNKNOWN,
    WAIT_REBIND,
    WAIT_REFUSED,
)
from core.kernel import door, kernel

MAX_STEPS = 12  # of one wake; the table has no cycle, so it never uses them up


@kernel
def waits_for(event: int) -> int:
    """The name of a hold."""
    if event == FOREIGN:
        return WAIT_FOREIGN
    if event == UNKNOWN_BOTH:
        return WAIT_BOTH_UNKNOWN
    if event == UNKNOWN_ONE:
        return WAIT_ONE_UNKNOWN
    if event == BOTH_DOWN:
        return WAIT_BOTH_DOWN
    return WAIT_ONE_DOWN


@kernel
def name_wait(s: Saga, p: PairParams, held: int, event: int, now: int) -> None:
    """Say honestly what the pair waits for."""
    why = FREE_TO_MOVE
    if s.unbound[0] + s.unbound[1] > 0:
        why = WAIT_REBIND
    elif held == 1:
        why = waits_for(event)
    elif work_of(s.state) == STEP_DOWN and s.excess[0] + s.excess[1] > 0:
        if s.rejects[0] >= max(1, p.max_rejects) or s.rejects[1] >= max(1, p.max_rejects):
            why = WAIT_REFUSED
        elif now - s.since > p.alarm_ns:
            why = WAIT_NO_FILL
    if why != s.stuck:
        s.stuck = why
        s.stuck_since = now


@kernel
def move_on(s: Saga, p: PairParams, w: Wish, oa: Ledger, ob: Ledger, va: View, vb: View, now: int) -> int:
    """Through the table until nothing new holds; the last event."""
    event = IDLE
    for _k in range(MAX_STEPS):
        measure(s, p, now)
        if s.state == PAIRING or s.state == S2_LOCKING:
            grow_intent(s, p)
        keep_stop(s, p, w)
        event = event_now(s, p, w, va, vb, now)
        was = s.state
        s.visits[was][event] += 1
        if event == IDLE:
            break
        effect = effect_of(was, event)
        if effect == HOLD:
            break
        s.state = next_of(was, event)
        if event == LOST:
            s.lost = 0
        apply_effect(s, p, w, oa, ob, effect, was, now)
    return event


@door
def advance(
    S: Saga, LA: Ledger, LB: Ledger, VA: View, VB: View, XA: Spec, XB: Spec, TA: Target, TB: Target, P: PairParams,
    W: Wish, now: int,
) -> int:  # fmt: skip
    """Once per wake, after reports are applied and before `plan` of both legs. Returns the state.

    S is written, TA and TB are written whole. `S.wish_id` and `S.refusal` answer the wish, `S.stuck` names a wait.
    """
    s = S[0]
    p = P[0]
    w = W[0]
    survey(s, p, w, 0, LA[0], VA[0], XA[0], now)
    survey(s, p, w, 1, LB[0], VB[0], XB[0], now)
    s.n_wakes += 1
    if s.pos[0] == 0 and s.pos[1] == 0:
        s.foreign = 0
    if (s.state == OPENING or s.state == PAIRING) and now - s.since >= p.passive_ns:
        s.passive_over = 1
    event = move_on(s, p, w, LA[0], LB[0], VA[0], VB[0], now)
    held = 1 if event != IDLE and effect_of(s.state, event) == HOLD else 0
    name_wait(s, p, held, event, now)
    tell(s, now)
    if s.state == EXITING and w.force == 1 and s.down[0] * s.down[1] == 1:
        held = 1
    do_leg(s, p, w, 0, LA[0], VA[0], XA[0], TA[0], held, now)
    do_leg(s, p, w, 1, LB[0], VB[0], XB[0], TB[0], held, now)
    return s.state


@door
def may_add(S: Saga, P: PairParams) -> int:
    """1 while the residual of the last wake is inside net_delta_max_ratio (S1-23, K-27)."""
    return can_add(S[0], P[0])
