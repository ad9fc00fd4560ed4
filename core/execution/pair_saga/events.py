"""Which event is it? The first in the order of `words` that the table knows in this state and that holds now."""

from __future__ import annotations

from core.domain.book import View
from core.execution.pair_saga.blocks import PairParams, Saga, Wish
from core.execution.pair_saga.guards import bar, event_of_wish
from core.execution.pair_saga.measure import (
    closing,
    coarse,
    first_missing,
    lone_leg,
    long_leg,
    second_missing,
    stop_hit,
)
from core.execution.pair_saga.table import knows
from core.execution.pair_saga.words import (
    BACKUP,
    BARRED,
    BOTH_DOWN,
    CUTTING,
    DONE,
    EMPTY,
    EXITING,
    FAILED,
    FOREIGN,
    IDLE,
    KEEP,
    KEEP_ON_FAIL,
    LOST,
    MISMATCH,
    NAKED,
    NO_WISH,
    ONE_DOWN,
    OPENING,
    PAIRING,
    R_NONE,
    R_STATE,
    ROLLBACK,
    S0_FLAT,
    S2_LOCKING,
    S3_HEDGED,
    SHRUNK,
    STOP_HIT,
    TIMEOUT,
    UNKNOWN_BOTH,
    UNKNOWN_ONE,
    UNLOCK_A,
    UNLOCK_B,
)
from core.kernel import kernel


@kernel
def at_rest(s: Saga) -> int:
    """1 when no order of either leg can fill any more."""
    return 1 if s.alive[0] + s.alive[1] == 0 else 0


@kernel
def holds_nothing(s: Saga, leg: int) -> int:
    """1 when the leg is flat, or below the smallest order."""
    return 1 if abs(s.pos[leg]) < s.min_lots[leg] else 0


@kernel
def needs(s: Saga, leg: int) -> int:
    """1 when the state cannot do its work without this leg's venue."""
    state = s.state
    if state == S0_FLAT:
        return 0
    if state in (PAIRING, S3_HEDGED):
        return 1
    if state == S2_LOCKING:
        return 1 if leg != s.first else 0
    if state in (UNLOCK_A, UNLOCK_B):
        return closing(s, leg)
    if state == EXITING:
        return 1 - holds_nothing(s, leg)
    if state in (ROLLBACK, CUTTING):
        return 1 if s.excess[leg] > 0 or s.alive[leg] > 0 else 0
    return 1 if leg == lone_leg(s) else 0


@kernel
def failed(s: Saga, p: PairParams) -> int:
    """1 when the leg at work was refused too often in a row."""
    second = 1 - s.first
    most = max(1, p.max_rejects)
    first_out = s.closed[s.first] == 0 and s.rejects[s.first] >= most
    if s.state == OPENING:
        return 1 if first_out else 0
    if s.state == PAIRING:
        return 1 if first_out or s.rejects[second] >= most else 0
    if s.state == S2_LOCKING:
        return 1 if s.rejects[second] >= most else 0
    if s.state == UNLOCK_A:
        return 1 if s.rejects[1 - long_leg(s)] >= most else 0
    if s.state == UNLOCK_B:
        return 1 if s.rejects[long_leg(s)] >= most else 0
    return 0


@kernel
def timed_out(s: Saga, p: PairParams, now: int) -> int:
    """1 when the state's own time is over; opening only while it still opens."""
    if s.state == OPENING or s.state == PAIRING:
        return 1 if s.closed[s.first] == 0 and now - s.since > p.open_ns else 0
    if s.state == UNLOCK_A or s.state == UNLOCK_B:
        return 1 if now - s.since > p.unlock_ns else 0
    return 0


@kernel
def naked_too_long(s: Saga, p: PairParams, now: int) -> int:
    """1 when the residual has stood longer than it may."""
    return 1 if s.naked_since > 0 and now - s.naked_since > p.naked_ns else 0


@kernel
def second_untouched(s: Saga) -> int:
    """1 when the second leg certainly holds nothing and nothing can still fill there."""
    second = 1 - s.first
    if s.alive[second] > 0 or s.pos[second] != 0 or s.unbound[second] == 1:
        return 0
    return 1


@kernel
def mismatch(s: Saga, p: PairParams) -> int:
    """1 when the legs at rest are not what the state declares."""
    if at_rest(s) == 0:
        return 0
    if s.state == S0_FLAT:
        return 1 - holds_nothing(s, 0) * holds_nothing(s, 1)
    if s.state == S3_HEDGED:
        if holds_nothing(s, 0) != holds_nothing(s, 1):
            return 1  # less than a lot of the coarser grid apart, but one leg stands alone
        return 1 if abs(s.net) > max(coarse(p), s.dust) else 0
    lone = lone_leg(s)
    if lone < 0:
        return 0
    if holds_nothing(s, 1 - lone) == 0 or (s.held[lone] < 0 and holds_nothing(s, lone) == 0):
        return 1
    return 0


@kernel
def done(s: Saga, p: PairParams) -> int:
    """1 when what the state works for is reached."""
    state = s.state
    if state == PAIRING:
        return 1 if s.alive[s.first] == 0 and first_missing(s) == 0 else 0
    if at_rest(s) == 0:
        return 0
    if state == OPENING:
        return 1 if first_missing(s) == 0 and s.held[s.first] > 0 and holds_nothing(s, s.first) == 0 else 0
    if state == S2_LOCKING:
        return 1 if second_missing(s, p) == 0 and s.unbound[1 - s.first] == 0 else 0
    if state == UNLOCK_A:
        return holds_nothing(s, 1 - long_leg(s))
    if state == UNLOCK_B:
        return holds_nothing(s, long_leg(s))
    return 1 if s.excess[0] + s.excess[1] == 0 else 0


@kernel
def empty(s: Saga) -> int:
    """1 when nothing is held that an order could close, and no order can fill any more."""
    if at_rest(s) == 0 or holds_nothing(s, 0) * holds_nothing(s, 1) == 0 or s.unbound[0] + s.unbound[1] > 0:
        return 0
    if s.state == OPENING or s.state == PAIRING:
        return s.closed[s.first]
    return 1


@kernel
def shrunk(s: Saga) -> int:
    """1 when a leg lost lots that no order of this state closed."""
    for leg in range(2):
        if s.sold[leg] > s.sold_ok[leg] and closing(s, leg) == 0:
            return 1
    return 0


@kernel
def holds(s: Saga, p: PairParams, w: Wish, event: int, now: int) -> int:
    """1 when `event` (not a wish) is so now."""
    if event == LOST:
        return s.lost
    if event == EMPTY:
        return empty(s)
    if event == SHRUNK:
        return shrunk(s)
    if event == STOP_HIT:
        return stop_hit(s)
    if event == FOREIGN:
        return s.foreign
    if event == UNKNOWN_BOTH:
        return 1 if s.unknown[0] > 0 and s.unknown[1] > 0 else 0
    if event == UNKNOWN_ONE:
        return 1 if s.unknown[0] + s.unknown[1] > 0 else 0
    if event in (BACKUP, KEEP):
        over = failed(s, p) == 1 or naked_too_long(s, p, now) == 1
        if not over or second_untouched(s) == 0 or at_rest(s) == 0:
            return 0
        if event == BACKUP:
            return 1 if p.has_backup == 1 and s.venue[1 - s.first] == 0 and s.closed[1 - s.first] == 0 else 0
        return 1 if p.on_lock_fail == KEEP_ON_FAIL else 0
    if event == FAILED:
        return failed(s, p)
    if event == NAKED:
        return naked_too_long(s, p, now)
    if event == TIMEOUT:
        return timed_out(s, p, now)
    if event == BOTH_DOWN:
        return s.down[0] * s.down[1]
    if event == ONE_DOWN:
        if w.force == 1 and s.state == EXITING:
            return 0
        return max(s.down[0] * needs(s, 0), s.down[1] * needs(s, 1))
    if event == MISMATCH:
        return mismatch(s, p)
    if event == DONE:
        return done(s, p)
    return 0


@kernel
def event_now(s: Saga, p: PairParams, w: Wish, va: View, vb: View, now: int) -> int:
    """The event of this instant; a wish is taken here, once per id."""
    for event in range(LOST, STOP_HIT + 1):
        if knows(s.state, event) == 1 and holds(s, p, w, event, now) == 1:
            return event
    if w.kind != NO_WISH and w.id != s.wish_id:
        s.wish_id = w.id
        s.refusal = R_STATE
        event = event_of_wish(w.kind)
        if event != IDLE and knows(s.state, event) == 1:
            s.refusal = bar(s, p, w, va, vb, event)
            if s.refusal == R_NONE:
                return event
        return BARRED
    for event in range(FOREIGN, DONE + 1):
        if knows(s.state, event) == 1 and holds(s, p, w, event, now) == 1:
            return event
    return IDLE
