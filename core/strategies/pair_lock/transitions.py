"""From the saga's declared state to the one wish of this wake: S0 .. S5 (S1-35 .. S1-42), limits before everything.

Works on figures that are up to date; never sees an order. Whether a wish is carried out, and when it is done, is the
saga's to say.
"""

from __future__ import annotations

from core.domain.book import View
from core.domain.pair import CUT, EXIT, LOCK, LONG, NO_LEG, NONE, OPEN, S0, S1, S2, S3, S5, SHORT, PairStatus, Wish
from core.kernel import kernel
from core.strategies.pair_lock.blocks import (
    BAD_STATE,
    BELOW_LOCK,
    BUSY,
    CUT_LEG,
    FUNDING_GUARD,
    FUNDING_UNKNOWN,
    GATE_OPEN,
    GUARD_AHEAD,
    HOLDING,
    INSIDE_BANDS,
    LIQUIDATION,
    LIQUIDATION_BLIND,
    LOCK_PRICE,
    LOCKING,
    LOWER_BAND,
    NO_BANDS,
    NO_ENTRIES,
    NO_POSITION,
    NO_PRICE,
    TIMEOUT,
    UPPER_BAND,
    PairBlock,
    PairState,
    SpreadWindow,
)
from core.strategies.pair_lock.exits import exit_reason
from core.strategies.pair_lock.funding import better_leg, funding_guard, net_apr
from core.strategies.pair_lock.gate import choose_first, closed_reason, count_bits
from core.strategies.pair_lock.limits import limits, single_leg
from core.strategies.pair_lock.prices import reaches
from core.strategies.pair_lock.wishes import state_why, unlock, wait, wish_for


@kernel
def cut(p: PairBlock, s: PairState, t: PairStatus, u: Wish, reason: int) -> int:
    """CUT of what is held: the single leg, or both in step. A funding guard set to `cut_leg` unlocks a locked pair."""
    if reason == FUNDING_GUARD and t.state == S3 and p.guard_action == CUT_LEG:
        keep = better_leg(s, t.first)
        if keep != NO_LEG:
            apr = net_apr(s, 1 if keep == LONG else 0, 1 if keep == SHORT else 0)
            if funding_guard(apr, p.funding_guard_apr):
                return wait(u, BUSY) if t.busy != 0 else unlock(u, keep)
    margin = reason in (LIQUIDATION, LIQUIDATION_BLIND)
    leg = single_leg(t)
    wish_for(u, CUT, leg, -1 if leg == NO_LEG else 1 - leg, p.liquidation_slice if margin else 1.0)
    u.urgent = 1 if margin else 0
    return CUT


@kernel
def in_idle(p: PairBlock, s: PairState, u: Wish) -> int:
    """S0: open the first leg when the gate is open (S1-35)."""
    first = choose_first(p, s)
    if first == NO_LEG:
        most = 0
        for leg in range(2):
            if s.barred[leg] == GATE_OPEN:
                most = max(most, count_bits(s.conditions[leg]))
        wait(u, closed_reason(s))
        u.value = most * 1.0
        u.limit = p.min_conditions * 1.0
        return NONE
    state_why(u, GATE_OPEN, count_bits(s.conditions[first]) * 1.0, p.min_conditions * 1.0)
    return wish_for(u, OPEN, first, first, 1.0)


@kernel
def in_first_leg(p: PairBlock, s: PairState, t: PairStatus, u: Wish, allowed: int) -> int:
    """S1: lock with the second leg once the first has gained g_pct, equality included (S1-18).

    A lock that risk would refuse is not begun: the saga would close the first leg for want of the second.
    """
    first = t.first
    if s.held[first] == 0:
        return wait(u, NO_POSITION)
    if s.spread_ok == 0 or s.pnl[first] != s.pnl[first]:
        return wait(u, NO_PRICE)
    if not reaches(s.pnl[first], p.g_pct, 1.0):
        wait(u, BELOW_LOCK)
        u.value = s.pnl[first]
        u.limit = p.g_pct
        return NONE
    apr = net_apr(s, 1, 1)
    if not funding_guard(apr, p.funding_guard_apr):
        wait(u, GUARD_AHEAD)
        u.value = apr
        u.limit = p.funding_guard_apr
        return NONE
    if allowed == 0:
        return wait(u, NO_ENTRIES)
    state_why(u, LOCK_PRICE, s.pnl[first], p.g_pct)
    return wish_for(u, LOCK, 1 - first, 1 - first, 1.0)


@kernel
def in_lock(p: PairBlock, s: PairState, w: SpreadWindow, t: PairStatus, u: Wish, now: int) -> int:
    """S3: unlock A at the upper band, B at the lower one, at the time-out keep the leg with the better funding.

    Without prices or (at the time-out) without both fundings the pair stays locked: it is hedged.
    """
    if s.held[LONG] == 0 or s.held[SHORT] == 0:
        return wait(u, NO_POSITION)
    if s.spread_ok == 0:
        return wait(u, NO_PRICE)
    if w.ok == 1:
        if reaches(s.spread, w.ub, s.px[LONG]):
            state_why(u, UPPER_BAND, s.spread, w.ub)
            return unlock(u, LONG)
        if reaches(-s.spread, -w.lb, s.px[LONG]):
            state_why(u, LOWER_BAND, s.spread, w.lb)
            return unlock(u, SHORT)
    since = t.lock_ts if t.lock_ts > 0 else s.seen_since
    if now - since >= p.t_max_ns:
        keep = better_leg(s, t.first)
        if keep == NO_LEG:
            return wait(u, FUNDING_UNKNOWN)
        state_why(u, TIMEOUT, (now - since) / 1e9, p.t_max_ns / 1e9)
        return unlock(u, keep)
    if w.ok == 0:
        return wait(u, NO_BANDS)
    wait(u, INSIDE_BANDS)
    u.value = s.spread
    u.limit = w.ub if w.ub - s.spread < s.spread - w.lb else w.lb
    return NONE


@kernel
def in_single(p: PairBlock, s: PairState, t: PairStatus, u: Wish, leg: int, now: int) -> int:
    """S4, S5: take profit, rebound or time close the one leg (S1-42)."""
    if s.held[leg] == 0:
        return wait(u, NO_POSITION)
    since = t.unlock_ts if t.unlock_ts > 0 else s.seen_since
    if exit_reason(p, s, u, leg, since, now) == HOLDING:
        return wish_for(u, NONE, NO_LEG, -1, 0.0)
    return wish_for(u, EXIT, leg, 1 - leg, 1.0)


@kernel
def choose(
    p: PairBlock, s: PairState, w: SpreadWindow, t: PairStatus, u: Wish, v_long: View, v_short: View, now: int,
    allowed: int,
) -> int:  # fmt: skip
    """The wish of the declared state, figures being up to date."""
    known = S0 <= t.state <= S5 and (t.first == LONG or t.first == SHORT)
    if not known:
        return wait(u, BAD_STATE)
    reason = limits(p, s, t, u, v_long, v_short, now)
    if reason != GATE_OPEN and t.state != S0:
        return cut(p, s, t, u, reason)
    if t.state == S2:
        return wait(u, LOCKING)
    if t.busy != 0:
        return wait(u, BUSY)
    if t.state == S0:
        return in_idle(p, s, u)
    if t.state == S1:
        return in_first_leg(p, s, t, u, allowed)
    if t.state == S3:
        return in_lock(p, s, w, t, u, now)
    return in_single(p, s, t, u, single_leg(t), now)
