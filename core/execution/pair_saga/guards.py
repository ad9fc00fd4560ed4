"""May this wish be acted on now? The refusal code, 0 = yes. Sends nothing, changes nothing but the budget shown."""

from __future__ import annotations

from core.domain.book import View
from core.domain.units import BUY, SELL
from core.execution.pair_saga.blocks import PairParams, Saga, Wish
from core.execution.pair_saga.budget import in_bp, pair_cost, within_budget
from core.execution.pair_saga.measure import can_add, long_leg, mirror_lots
from core.execution.pair_saga.words import (
    CUT,
    EXIT,
    IDLE,
    LOCK,
    OPEN,
    PAIR,
    R_BAD,
    R_BUDGET,
    R_BUSY,
    R_CAP,
    R_DOWN,
    R_FOREIGN,
    R_NONE,
    R_SMALL,
    R_STATE,
    R_UNKNOWN,
    UNLOCK_LONG,
    UNLOCK_SHORT,
    W_CUT,
    W_EXIT,
    W_LOCK,
    W_OPEN,
    W_PAIR,
    W_UNLOCK_A,
    W_UNLOCK_B,
)
from core.kernel import kernel


@kernel
def event_of_wish(kind: int) -> int:
    """The event that a wish is; IDLE for words that do not exist."""
    if kind == OPEN:
        return W_OPEN
    if kind == PAIR:
        return W_PAIR
    if kind == LOCK:
        return W_LOCK
    if kind == UNLOCK_SHORT:
        return W_UNLOCK_A
    if kind == UNLOCK_LONG:
        return W_UNLOCK_B
    if kind == EXIT:
        return W_EXIT
    if kind == CUT:
        return W_CUT
    return IDLE


@kernel
def spend(s: Saga, p: PairParams, va: View, vb: View, first: int, side: int, lots_first: int, lots_second: int) -> int:
    """R_BUDGET when both legs together would cost more than epsilon."""
    side_a = side
    lots_a = lots_first
    lots_b = lots_second
    if first == 1:
        side_a = 1 - side
        lots_a = lots_second
        lots_b = lots_first
    cost = pair_cost(va, vb, side_a, lots_a, 1 - side_a, lots_b)
    s.budget_bp = in_bp(cost)
    return R_NONE if within_budget(p, cost) == 1 else R_BUDGET


@kernel
def bar_opening(s: Saga, p: PairParams, w: Wish, va: View, vb: View) -> int:
    """OPEN and PAIR: a clean start on two venues that answer, sizes that both can trade and close, and the budget."""
    if w.first < 0 or w.first > 1 or (w.side != BUY and w.side != SELL) or w.lots <= 0 or w.lots > 1 << 31:
        return R_BAD
    g = p.lot_grains[1 - w.first]
    if p.lot_grains[w.first] <= 0 or g <= 0 or not (p.eps > 0.0 and p.stop > 0.0 and p.naked_ns > 0):
        return R_BAD
    if s.foreign != 0:
        return R_FOREIGN
    if s.down[0] + s.down[1] > 0:
        return R_DOWN
    if s.unknown[0] + s.unknown[1] > 0:
        return R_UNKNOWN
    if s.alive[0] + s.alive[1] > 0 or abs(s.pos[0]) >= s.min_lots[0] or abs(s.pos[1]) >= s.min_lots[1]:
        return R_BUSY
    second = w.lots * p.lot_grains[w.first] // g
    if w.lots < s.min_open[w.first] or second < s.min_open[1 - w.first]:
        return R_SMALL
    return spend(s, p, va, vb, w.first, w.side, w.lots, second)


@kernel
def bar_lock(s: Saga, p: PairParams, va: View, vb: View) -> int:
    """LOCK: only the second leg is sent (K-28), so only it is walked."""
    if s.down[1 - s.first] == 1:
        return R_DOWN
    if s.unknown[0] + s.unknown[1] > 0:
        return R_UNKNOWN
    first = s.held[s.first]
    if s.closed[s.first] == 0:
        first = max(first, s.intent[s.first])  # the first leg is still opening
    lots = mirror_lots(s, p, first)
    if lots < s.min_open[1 - s.first]:
        return R_SMALL
    return spend(s, p, va, vb, s.first, BUY if s.sign[s.first] > 0 else SELL, 0, lots)


@kernel
def bar_unlock(s: Saga, p: PairParams, leg: int) -> int:
    """UNLOCK: the leg to close can be closed, everything is at rest, and the residual is inside its cap."""
    if s.down[leg] == 1:
        return R_DOWN
    if s.unknown[0] + s.unknown[1] > 0:
        return R_UNKNOWN
    if s.alive[0] + s.alive[1] > 0:
        return R_BUSY
    return R_NONE if can_add(s, p) == 1 else R_CAP


@kernel
def bar(s: Saga, p: PairParams, w: Wish, va: View, vb: View, event: int) -> int:
    """The refusal of a wish that the state knows."""
    if event in (W_OPEN, W_PAIR):
        return bar_opening(s, p, w, va, vb)
    if event == W_LOCK:
        return bar_lock(s, p, va, vb)
    if event == W_UNLOCK_A:
        return bar_unlock(s, p, 1 - long_leg(s))
    if event == W_UNLOCK_B:
        return bar_unlock(s, p, long_leg(s))
    if event == W_CUT:
        return R_NONE if w.lots > 0 else R_BAD
    if event == W_EXIT:
        return R_NONE
    return R_STATE
