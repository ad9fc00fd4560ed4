"""What a transition does to the saga's own figures. Sends nothing: the work of the new state does."""

from __future__ import annotations

from core.domain.order import Ledger
from core.domain.units import BUY, FAR
from core.execution.pair_saga.blocks import PairParams, Saga, Wish
from core.execution.pair_saga.legs import anchor
from core.execution.pair_saga.measure import first_wanted, grains, lone_leg, mirror_lots
from core.execution.pair_saga.words import (
    AIM,
    ARM,
    BEGIN,
    CUTTING,
    DISARM,
    END,
    EXITING,
    MIRROR,
    PULL,
    RETREAT,
    ROLLBACK,
    SWITCH,
    TRIM,
)
from core.kernel import kernel

SLICES = 4  # of an exit, where the parameters do not say


@kernel
def start_leg(s: Saga, leg: int, o: Ledger, sign: int) -> None:
    """A leg of a new episode: what was traded before counts for nothing."""
    s.sign[leg] = sign
    anchor(s, leg, o, 0, 0)
    s.bought[leg] = 0
    s.sold[leg] = 0
    s.sold_ok[leg] = 0
    s.held[leg] = s.pos[leg] * sign
    s.intent[leg] = 0
    s.closed[leg] = 0


@kernel
def begin(s: Saga, w: Wish, p: PairParams, oa: Ledger, ob: Ledger, now: int) -> None:
    """A new episode: sides, what it may open, and its clocks."""
    sign = 1 if w.side == BUY else -1
    s.episode += 1
    s.first = w.first
    start_leg(s, 0, oa, sign if w.first == 0 else -sign)
    start_leg(s, 1, ob, sign if w.first == 1 else -sign)
    s.intent[w.first] = w.lots
    s.planned = w.lots * p.lot_grains[w.first]
    s.goal = FAR
    s.dust = 0
    s.stop_px = 0
    s.passive_over = 0
    if p.passive_ns <= 0:
        s.passive_over = 1


@kernel
def accept(s: Saga) -> None:
    """What the venue took is taken note of."""
    for leg in range(2):
        if s.sold[leg] > s.sold_ok[leg]:
            s.n_shrunk += 1
            s.sold_ok[leg] = s.sold[leg]


@kernel
def reopen_second(s: Saga, p: PairParams) -> None:
    """The second leg may open what the first holds, and no lot more than once."""
    second = 1 - s.first
    s.closed[second] = 0
    s.intent[second] = s.bought[second] + max(0, mirror_lots(s, p, first_wanted(s)) - s.held[second])
    s.planned = max(s.planned, grains(s, p, s.first))


@kernel
def grow_intent(s: Saga, p: PairParams) -> None:
    """The first leg filled more: so much more may the second open. Never for what it has lost."""
    second = 1 - s.first
    if s.closed[second] == 1 or s.sold[second] != s.sold_ok[second]:
        return
    s.intent[second] = max(s.intent[second], s.bought[second] + mirror_lots(s, p, first_wanted(s)) - s.held[second])


@kernel
def apply_effect(s: Saga, p: PairParams, w: Wish, oa: Ledger, ob: Ledger, effect: int, was: int, now: int) -> None:
    """`s.state` is already the next state; `was` the one before."""
    if effect == BEGIN:
        begin(s, w, p, oa, ob, now)
    elif effect == MIRROR:
        reopen_second(s, p)
        s.goal = FAR
    elif effect == ARM:
        s.closed[0] = 1
        s.closed[1] = 1
        s.stop_px = 0
        s.goal = FAR
    elif effect == DISARM:
        s.closed[0] = 1
        s.closed[1] = 1
        s.stop_px = 0
        s.goal = FAR
        s.planned = 0
        s.dust = abs(s.net) if was in (ROLLBACK, CUTTING) else 0  # what no order can take away
    elif effect == PULL:
        s.closed[s.first] = 1
        accept(s)
    elif effect == RETREAT:
        s.closed[0] = 1
        s.closed[1] = 1
        accept(s)
        s.goal = FAR
    elif effect == AIM:
        s.closed[0] = 1
        s.closed[1] = 1
        s.goal = 0
        s.foreign = 0
    elif effect == TRIM:
        s.closed[0] = 1
        s.closed[1] = 1
        leg = lone_leg(s)
        if leg < 0:
            leg = s.first
        s.goal = max(0, grains(s, p, leg) - w.lots * p.lot_grains[leg])
    elif effect == SWITCH:
        s.venue[1 - s.first] = 1
        s.unbound[1 - s.first] = 1  # nothing more is asked of the old one
        s.down[1 - s.first] = 1
        s.rejects[1 - s.first] = 0
        s.tries[1 - s.first] = 0
        s.naked_since = now
    elif effect == END:
        for leg in range(2):
            s.sign[leg] = 0
            s.intent[leg] = 0
            s.held[leg] = 0
            s.closed[leg] = 0
        s.stop_px = 0
        s.goal = FAR
        s.planned = 0
        s.dust = abs(s.net)
    if effect in (AIM, TRIM, RETREAT):
        s.slice = p.slice_grains
        if p.slice_grains <= 0:
            s.slice = max(grains(s, p, 0), grains(s, p, 1)) // SLICES
    if s.state != was:
        s.since = now
        if effect != PULL:
            for leg in range(2):
                s.rejects[leg] = 0
                s.tries[leg] = 0
        if s.state == EXITING:
            s.stop_px = 0
