"""Limits on what is held: stop of the leg, funding guard, liquidation bound (S1-22, S1-25, S1-55).

They fail closed: each counts as hit once it could not be evaluated for longer than `limit_blind` although its input
was there before. Nothing else of the pair does that: rebound, take profit, bands and lock price do not act on what
is not known, and time needs no price.
"""

from __future__ import annotations

from core.domain.book import View
from core.domain.pair import LONG, NO_LEG, S0, S1, S2, S3, S4, S5, SHORT, PairStatus, Wish
from core.domain.units import sign_of
from core.kernel import kernel
from core.strategies.pair_lock.blocks import (
    FUNDING_GUARD,
    GATE_OPEN,
    GUARD_BLIND,
    L_GUARD,
    L_LIQUIDATION,
    L_STOP,
    LIQUIDATION,
    LIQUIDATION_BLIND,
    STOP_BLIND,
    STOP_LOSS,
    PairBlock,
    PairState,
)
from core.strategies.pair_lock.funding import funding_guard, net_apr
from core.strategies.pair_lock.prices import reaches
from core.strategies.pair_lock.wishes import state_why


@kernel
def single_leg(t: PairStatus) -> int:
    """The one leg that the state declares; NO_LEG where it declares none or both."""
    if t.state == S1:
        return t.first
    if t.state == S4:
        return LONG
    if t.state == S5:
        return SHORT
    return NO_LEG


@kernel
def hit_first_leg_sl(pnl: float, stop: float) -> bool:
    """S1-22: price PnL of a leg (fraction) at or below -stop. Equality is a hit; NaN is a hit."""
    return not (-pnl < stop) or reaches(-pnl, stop, 1.0)


@kernel
def liquidation_buffer(leg: int, mark: float, liquidation: float) -> float:
    """Signed distance of the mark to the liquidation price, fraction of the mark; <= 0 = breached (FORMULAS.md 6)."""
    if mark > 0.0:
        return sign_of(leg) * (mark - liquidation) / mark
    return float("nan")


@kernel
def blind_too_long(p: PairBlock, s: PairState, limit: int, known: bool, armed: bool, now: int) -> bool:
    """Keeps the clock of a limit that cannot be evaluated; true once it ran for more than `limit_blind`."""
    if known or not armed:
        s.blind_since[limit] = 0
        return False
    if s.blind_since[limit] == 0:
        s.blind_since[limit] = now
    return now - s.blind_since[limit] > p.limit_blind_ns


@kernel
def check_liquidation(p: PairBlock, s: PairState, t: PairStatus, u: Wish, v: View, leg: int, now: int) -> int:
    """S1-55: GATE_OPEN, LIQUIDATION below the redline, or -1 = cannot be evaluated. Mark and liquidation in ticks.

    A read from before the position changed says nothing of it: the next one is awaited for `liquidation_stale`, so one
    read never cuts two slices.
    """
    s.buffer[leg] = float("nan")
    if s.held[leg] == 0 or t.liquidation_ts[leg] <= 0:
        return GATE_OPEN
    if t.liquidation_ts[leg] < s.size_ts[leg] and now - s.size_ts[leg] <= p.liquidation_stale_ns:
        return GATE_OPEN
    px = t.liquidation_px[leg]
    if px < 0 or v.mark <= 0 or now - t.liquidation_ts[leg] > p.liquidation_stale_ns:
        return -1
    if px == 0:
        return GATE_OPEN
    s.buffer[leg] = liquidation_buffer(leg, v.mark * 1.0, px * 1.0)
    if not reaches(s.buffer[leg], p.liquidation_redline, 1.0):
        return state_why(u, LIQUIDATION, s.buffer[leg], p.liquidation_redline)
    return GATE_OPEN


@kernel
def liquidation_limit(
    p: PairBlock, s: PairState, t: PairStatus, u: Wish, v_long: View, v_short: View, now: int
) -> int:  # fmt: skip
    """LIQUIDATION (with the smaller buffer as its figure), LIQUIDATION_BLIND or GATE_OPEN over both held legs."""
    long = check_liquidation(p, s, t, u, v_long, 0, now)
    short = check_liquidation(p, s, t, u, v_short, 1, now)
    if long == LIQUIDATION and short == LIQUIDATION and s.buffer[0] < s.buffer[1]:
        u.value = s.buffer[0]
    blind = blind_too_long(p, s, L_LIQUIDATION, long != -1 and short != -1, True, now)
    if long == LIQUIDATION or short == LIQUIDATION:
        return LIQUIDATION
    if blind:
        return state_why(u, LIQUIDATION_BLIND, (now - s.blind_since[L_LIQUIDATION]) / 1e9, p.limit_blind_ns / 1e9)
    return GATE_OPEN


@kernel
def stop_limit(p: PairBlock, s: PairState, u: Wish, leg: int, pnl: float, now: int) -> int:
    """STOP_LOSS, STOP_BLIND or GATE_OPEN for the stop of one leg; a leg without position has none.

    pnl: price PnL, fraction, since its entry (S1, S2) or since the unlock (S4, S5: until then it was hedged).
    """
    known = pnl == pnl
    armed = s.held[leg] == 1 and s.px_seen[leg] == 1
    blind = blind_too_long(p, s, L_STOP, known, armed, now)
    if s.held[leg] == 1 and known and hit_first_leg_sl(pnl, p.stop_loss_first_leg):
        return state_why(u, STOP_LOSS, pnl, -p.stop_loss_first_leg)
    if blind:
        return state_why(u, STOP_BLIND, (now - s.blind_since[L_STOP]) / 1e9, p.limit_blind_ns / 1e9)
    return GATE_OPEN


@kernel
def guard_limit(p: PairBlock, s: PairState, u: Wish, now: int) -> int:
    """FUNDING_GUARD, GUARD_BLIND or GATE_OPEN for the net funding of what is held (S1-25)."""
    s.guard_apr = net_apr(s, s.held[0], s.held[1])
    known = s.guard_apr == s.guard_apr
    armed = (s.held[0] == 0 or s.rate_seen[0] == 1) and (s.held[1] == 0 or s.rate_seen[1] == 1)
    blind = blind_too_long(p, s, L_GUARD, known, armed, now)
    if known and not funding_guard(s.guard_apr, p.funding_guard_apr):
        return state_why(u, FUNDING_GUARD, s.guard_apr, p.funding_guard_apr)
    if blind:
        return state_why(u, GUARD_BLIND, (now - s.blind_since[L_GUARD]) / 1e9, p.limit_blind_ns / 1e9)
    return GATE_OPEN


@kernel
def limits(p: PairBlock, s: PairState, t: PairStatus, u: Wish, v_long: View, v_short: View, now: int) -> int:
    """The first limit that is hit by what is held, or GATE_OPEN. Every clock is kept, whichever limit comes first."""
    leg = t.first if t.state == S2 else single_leg(t)
    if t.state == S0 or t.state == S3:
        s.blind_since[0] = 0
    guard = guard_limit(p, s, u, now)
    value, limit = u.value, u.limit
    stop = GATE_OPEN
    if leg != NO_LEG:
        pnl = s.rebound if t.state in (S4, S5) else s.pnl[leg]
        stop = stop_limit(p, s, u, leg, pnl, now)
        if stop != GATE_OPEN:
            value, limit = u.value, u.limit
    liquidation = liquidation_limit(p, s, t, u, v_long, v_short, now)
    if liquidation != GATE_OPEN:
        return liquidation
    reason = stop if stop != GATE_OPEN else guard
    if reason != GATE_OPEN:
        state_why(u, reason, value, limit)
    return reason
