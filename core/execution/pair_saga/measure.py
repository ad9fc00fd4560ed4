"""The pair as a whole: net in grains, what is in excess, how long it has been naked, where the stop lies.

Depends on the state, so it is taken again after each transition. Hedge ratio: base coin for base coin, lots rounded
towards less exposure.
"""

from __future__ import annotations

import math

from core.domain.units import FAR
from core.execution.pair_saga.blocks import PairParams, Saga, Wish
from core.execution.pair_saga.words import (
    CUTTING,
    EXITING,
    OPENING,
    PAIRING,
    ROLLBACK,
    S0_FLAT,
    S1_ONE_LEG,
    S2_LOCKING,
    S3_HEDGED,
    S4_LONG,
    S5_SHORT,
    UNLOCK_A,
    UNLOCK_B,
)
from core.kernel import kernel


@kernel
def long_leg(s: Saga) -> int:
    """The leg that is long in this episode."""
    return 0 if s.sign[0] > 0 else 1


@kernel
def lone_leg(s: Saga) -> int:
    """The one leg that the state declares, -1 = none or both."""
    if s.state == OPENING or s.state == S1_ONE_LEG:
        return s.first
    if s.state == S4_LONG:
        return long_leg(s)
    if s.state == S5_SHORT:
        return 1 - long_leg(s)
    return -1


@kernel
def grains(s: Saga, p: PairParams, leg: int) -> int:
    """What the leg holds in its declared direction, never below 0."""
    return max(0, s.held[leg]) * p.lot_grains[leg]


@kernel
def coarse(p: PairParams) -> int:
    """One lot of the coarser grid: the residual that nobody can avoid."""
    return max(p.lot_grains[0], p.lot_grains[1])


@kernel
def mirror_lots(s: Saga, p: PairParams, lots: int) -> int:
    """Lots of the second leg for `lots` of the first, rounded down."""
    g = p.lot_grains[1 - s.first]
    if g <= 0 or lots <= 0:
        return 0
    return lots * p.lot_grains[s.first] // g


@kernel
def lots_up(total: int, g: int) -> int:
    """Fewest lots that hold `total` grains."""
    if g <= 0 or total <= 0:
        return 0
    return (total + g - 1) // g


@kernel
def closing(s: Saga, leg: int) -> int:
    """1 when the state may close lots of this leg, so that less of it is no surprise."""
    if s.state == EXITING or s.state == ROLLBACK or s.state == CUTTING:
        return 1
    if s.state == UNLOCK_A and leg == 1 - long_leg(s):
        return 1
    if s.state == UNLOCK_B and leg == long_leg(s):
        return 1
    if leg == lone_leg(s) and (s.goal < FAR or (s.state == S1_ONE_LEG and s.held[leg] > s.intent[leg])):
        return 1
    return 0


@kernel
def level(s: Saga, p: PairParams) -> int:
    """Grains that both legs shall come down to; 0 where that would leave less than the smallest order of one."""
    total = min(s.goal, min(grains(s, p, 0), grains(s, p, 1)))
    for leg in range(2):
        if lots_up(total, p.lot_grains[leg]) < s.min_lots[leg]:
            total = 0
    return total


@kernel
def measure_excess(s: Saga, p: PairParams) -> None:
    """Lots of each leg that an order can and shall close now; less than the smallest order cannot."""
    lone = lone_leg(s)
    for leg in range(2):
        keep = max(0, s.held[leg])
        if s.state == EXITING or s.state == ROLLBACK or s.state == CUTTING:
            keep = lots_up(level(s, p), p.lot_grains[leg])
        elif s.state == UNLOCK_A or s.state == UNLOCK_B:
            if closing(s, leg) == 1:
                keep = 0
        elif leg == lone and closing(s, leg) == 1:
            if s.goal < FAR:
                keep = min(keep, lots_up(s.goal, p.lot_grains[leg]))
            if s.state == S1_ONE_LEG:
                keep = min(keep, s.intent[leg])  # a fill told too late made it more than was planned
            if keep < s.min_lots[leg]:
                keep = 0
        cut = s.held[leg] - keep
        if s.held[leg] < 0:
            cut = -s.held[leg]  # on the wrong side altogether
        if s.sign[leg] == 0:
            cut = abs(s.pos[leg]) if s.state == EXITING else 0
        if cut < s.min_lots[leg]:
            cut = 0
        s.excess[leg] = cut


@kernel
def measure(s: Saga, p: PairParams, now: int) -> None:
    """Net, excess and the naked clock for the state as it is now."""
    s.net = s.pos[0] * p.lot_grains[0] + s.pos[1] * p.lot_grains[1]
    measure_excess(s, p)
    for leg in range(2):
        if closing(s, leg) == 1:
            s.sold_ok[leg] = s.sold[leg]
    state = s.state
    bare = state in (PAIRING, S2_LOCKING, S3_HEDGED, EXITING, ROLLBACK, CUTTING)
    if bare and abs(s.net) > max(coarse(p), s.dust):
        if s.naked_since == 0:
            s.naked_since = now
    else:
        s.naked_since = 0
    if state == S0_FLAT:
        s.stop_px = 0


@kernel
def residual_share(s: Saga, p: PairParams) -> float:
    """|residual| over the pair's notional in base coins (K-27); inf with nothing planned and something held."""
    whole = max(grains(s, p, 0), grains(s, p, 1))
    if s.state == PAIRING or s.state == S2_LOCKING:
        whole = max(whole, s.planned)
    if whole <= 0:
        return 0.0 if s.net == 0 else math.inf
    return abs(s.net) / whole


@kernel
def can_add(s: Saga, p: PairParams) -> int:
    """1 while the residual is within `cap`, inclusive (S1-23, K-27). The planned first leg is not asked."""
    return 1 if residual_share(s, p) <= p.cap + 1e-12 else 0


@kernel
def keep_stop(s: Saga, p: PairParams, w: Wish) -> None:
    """Arm the lone leg's stop as soon as it can be: from the entry in S1, from the price of now after an unlock."""
    lone = lone_leg(s)
    if lone < 0 or s.state == OPENING or s.held[lone] <= 0:
        return
    if s.stop_px == 0 or s.stop_leg != lone:
        base = s.px[lone] * 1.0
        if s.state == S1_ONE_LEG and s.entry[lone] > 0.0:
            base = s.entry[lone]
        if not (base > 0.0 and p.stop > 0.0 and p.stop < 1.0):
            return
        s.stop_leg = lone
        if s.sign[lone] > 0:
            s.stop_px = int(math.ceil(base * (1.0 - p.stop)))
        else:
            s.stop_px = int(math.floor(base * (1.0 + p.stop)))
    if w.stop_px > 0 and (w.stop_px - s.stop_px) * s.sign[lone] > 0:
        s.stop_px = w.stop_px


@kernel
def stop_hit(s: Saga) -> int:
    """1 when the price of the lone leg's own venue has reached the stop."""
    if s.stop_px <= 0:
        return 0
    px = s.px[s.stop_leg]
    if px <= 0 or s.held[s.stop_leg] <= 0:
        return 0
    return 1 if (px - s.stop_px) * s.sign[s.stop_leg] <= 0 else 0


@kernel
def first_wanted(s: Saga) -> int:
    """Lots of the first leg that the second mirrors: what it holds, no more than was planned."""
    return min(s.held[s.first], s.intent[s.first])


@kernel
def second_missing(s: Saga, p: PairParams) -> int:
    """Lots that the second leg still lacks and may still open."""
    second = 1 - s.first
    if s.closed[second] == 1:
        return 0
    lots = min(mirror_lots(s, p, first_wanted(s)) - s.held[second], s.intent[second] - s.bought[second])
    return lots if lots >= s.min_open[second] else 0


@kernel
def first_missing(s: Saga) -> int:
    """Lots that the first leg may still open."""
    if s.closed[s.first] == 1:
        return 0
    lots = s.intent[s.first] - s.bought[s.first]
    return lots if lots >= s.min_open[s.first] else 0


@kernel
def tell(s: Saga, now: int) -> None:
    """Stage S0 .. S5 for the strategy: what is held, S2 while the second leg works; when it was locked, unlocked."""
    state = s.state
    rest = state in (S0_FLAT, S1_ONE_LEG, S3_HEDGED, S4_LONG, S5_SHORT)
    s.busy = 0 if rest and s.alive[0] + s.alive[1] == 0 else 1
    long_ = 1 if s.sign[0] != 0 and s.held[long_leg(s)] > 0 else 0
    short = 1 if s.sign[0] != 0 and s.held[1 - long_leg(s)] > 0 else 0
    if state in (PAIRING, S2_LOCKING, ROLLBACK):
        s.stage = 2
    elif state in (OPENING, S1_ONE_LEG):
        s.stage = 1
    elif state == S4_LONG or (state == EXITING and short == 0):
        s.stage = 4 if long_ == 1 else 0
    elif state == S5_SHORT or (state == EXITING and long_ == 0):
        s.stage = 5
    else:
        s.stage = 0 if state == S0_FLAT else 3
    if state == S3_HEDGED and s.lock_ts == 0:
        s.lock_ts = now
    if state in (S4_LONG, S5_SHORT) and s.unlock_ts == 0:
        s.unlock_ts = now
        s.unlock_px = s.px[lone_leg(s)]
    if state in (S0_FLAT, OPENING, PAIRING, S1_ONE_LEG):
        s.lock_ts = 0
        s.unlock_ts = 0
        s.unlock_px = 0
