"""What each state works at, wake by wake: which leg opens, mirrors or closes how many lots.

Reducing waits until nothing that opens is alive on either leg, so that it never chases a fill still to come.
"""

from __future__ import annotations

from core.domain.book import View
from core.domain.instrument import Spec
from core.domain.order import Ledger, Target
from core.execution.pair_saga.blocks import PairParams, Saga, Wish
from core.execution.pair_saga.measure import (
    can_add,
    first_missing,
    grains,
    level,
    lone_leg,
    long_leg,
    lots_up,
    second_missing,
)
from core.execution.pair_saga.table import work_of
from core.execution.pair_saga.words import (
    CLOSE_LONG,
    CLOSE_SHORT,
    FOLLOW,
    KEEP_ONE,
    OPEN_BOTH,
    OPEN_FIRST,
    STEP_DOWN,
    TAKE,
)
from core.execution.pair_saga.work import close_out, leave, open_passive, open_taking
from core.kernel import kernel


@kernel
def step_lots(s: Saga, p: PairParams, w: Wish, leg: int) -> int:
    """Lots of the leg's excess that may go now: not further below the other leg than one slice (RELIABILITY 5, E6)."""
    lots = s.excess[leg]
    g = p.lot_grains[leg]
    other = grains(s, p, 1 - leg)
    bottom = level(s, p)
    if lots <= 0 or g <= 0 or other <= bottom or s.held[leg] <= 0 or s.sign[leg] == 0:
        return lots
    if s.down[1 - leg] == 1 and w.force == 1:
        return lots
    least = max(s.min_lots[0] * p.lot_grains[0], s.min_lots[1] * p.lot_grains[1])
    keep = max(s.held[leg] - lots, lots_up(other - max(s.slice, least), g))
    if keep < s.min_lots[leg]:
        keep = s.held[leg] - lots
    return max(0, s.held[leg] - keep)


@kernel
def first_lots(s: Saga, p: PairParams) -> int:
    """Lots that the first leg opens now; none while the pair's residual is over its cap (K-27)."""
    if s.sign[s.first] == 0 or (work_of(s.state) == OPEN_BOTH and can_add(s, p) == 0):
        return 0
    return first_missing(s)


@kernel
def lots_of(s: Saga, p: PairParams, w: Wish, leg: int) -> int:
    """Lots that this leg trades now: opened when it is a leg that opens, else closed."""
    work = work_of(s.state)
    if work in (OPEN_FIRST, OPEN_BOTH):
        if leg == s.first:
            return first_lots(s, p)
        return second_missing(s, p) if work == OPEN_BOTH else 0
    if work == FOLLOW:
        return second_missing(s, p) if leg != s.first else 0
    if work == KEEP_ONE:
        return s.excess[leg] if leg == lone_leg(s) else 0
    if work == CLOSE_SHORT:
        return s.excess[leg] if leg != long_leg(s) else 0
    if work == CLOSE_LONG:
        return s.excess[leg] if leg == long_leg(s) else 0
    if work == STEP_DOWN:
        return step_lots(s, p, w, leg)
    return 0


@kernel
def do_leg(
    s: Saga,
    p: PairParams,
    w: Wish,
    leg: int,
    o: Ledger,
    v: View,
    x: Spec,
    t: Target,
    held: int,
    now: int,
) -> None:
    """Write the leg's targets for the state's work; `held` 1 = the work is suspended, only pulled."""
    work = work_of(s.state)
    lots = 0 if held == 1 else lots_of(s, p, w, leg)
    first = leg == s.first and (work in (OPEN_FIRST, OPEN_BOTH))
    rests = first and held == 0 and s.passive_over == 0 and s.closed[leg] == 0
    if s.unbound[leg] == 1:
        leave(s, leg, o, v, p, t, TAKE)
    elif rests and (work == OPEN_FIRST or can_add(s, p) == 1):
        open_passive(s, p, leg, o, v, x, t, lots, now)
    elif lots <= 0:
        leave(s, leg, o, v, p, t, TAKE)
    elif first or work in (OPEN_BOTH, FOLLOW):
        open_taking(s, p, leg, o, v, x, t, lots, now)
    elif s.alive_open[0] + s.alive_open[1] > 0:
        leave(s, leg, o, v, p, t, TAKE)
    else:
        urgent = 1 if work in (STEP_DOWN, KEEP_ONE) else 0
        close_out(s, p, leg, o, v, x, t, lots, urgent, now)
