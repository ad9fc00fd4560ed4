"""The gate of S0: hard filters, then `min_conditions` of {trend, net target return, funding spread} (S1-13, K-10).

Both first legs are judged alike, mirrored (K-13). What cannot be evaluated is a condition that does not hold or a
filter that bars; nothing here opens on an unknown figure.
"""

from __future__ import annotations

import math

from core.domain.instrument import Spec
from core.domain.pair import LONG, NO_LEG, SHORT
from core.kernel import kernel
from core.strategies.pair_lock.blocks import (
    CARRY,
    CONDITIONS,
    GATE_OPEN,
    GUARD_AHEAD,
    NO_ENTRIES,
    NO_PRICE,
    RESIDUAL,
    SETTLEMENT,
    TARGET,
    TREND,
    VOLATILITY,
    PairBlock,
    PairState,
)
from core.strategies.pair_lock.funding import carry_bps, funding_guard, leg_cost, net_apr, settlement_barred
from core.strategies.pair_lock.prices import exceeds, reaches
from core.strategies.pair_lock.trend import trend_gap


@kernel
def can_add_exposure(residual: float, limit: float) -> bool:
    """S1-23, K-27: may the pair grow while its residual is this share? Equality may; NaN may not."""
    return residual == residual and not exceeds(residual, limit, 1.0)


@kernel
def fees_to_lock(p: PairBlock, first: int) -> float:
    """Fees of both legs, fraction of the notional, > 0 = paid: first leg as maker or taker, the other always as taker.

    With `count_exit_fees` also the two taker fills that close them.
    """
    fees = p.taker_fee[first]
    if p.first_leg_maker == 1:
        fees = p.maker_fee[first]
    fees += p.taker_fee[1 - first]
    if p.count_exit_fees == 1:
        fees += p.taker_fee[LONG] + p.taker_fee[SHORT]
    return fees


@kernel
def expected_funding(p: PairBlock, s: PairState, c_long: Spec, c_short: Spec, first: int, now: int) -> float:
    """Funding expected within `funding_horizon`, fraction, > 0 = paid: the dearer of first leg alone and both legs.

    Nobody knows when the lock comes, so the kinder of the two cases is not assumed. NaN = unknown.
    """
    until = now + p.funding_horizon_ns
    long = leg_cost(s, c_long, LONG, until)
    short = leg_cost(s, c_short, SHORT, until)
    both = long + short
    if math.isnan(both):
        return both
    alone = long if first == LONG else short
    return max(alone, both)


@kernel
def net_target_return(p: PairBlock, first: int, funding: float) -> float:
    """theta2 (S1-15): g_pct - fees of both legs - expected net funding, fraction."""
    return p.g_pct - fees_to_lock(p, first) - funding


@kernel
def volatility_passes(p: PairBlock, vol_ok: int, vol: float) -> bool:
    """S1-17: vmin <= annualised volatility <= vmax; passes when the filter is off, bars what is unknown."""
    if p.vol_on == 0:
        return True
    return vol_ok == 1 and reaches(vol, p.vmin, 1.0) and not exceeds(vol, p.vmax, 1.0)


@kernel
def count_bits(bits: int) -> int:
    """How many of the three conditions hold."""
    return (bits & 1) + (bits >> 1 & 1) + (bits >> 2 & 1)


@kernel
def conditions_of(p: PairBlock, s: PairState, leg: int) -> int:
    """Bits of the conditions that hold for a first leg, from the figures in the state; NaN holds nothing."""
    bits = 0
    if reaches(s.trend[leg], p.min_diff, 1.0):
        bits |= TREND
    if reaches(s.target[leg], p.min_target_return, 1.0):
        bits |= TARGET
    if reaches(s.carry_bps, p.funding_spread_bps, 1.0):
        bits |= CARRY
    return bits


@kernel
def filter_of(p: PairBlock, s: PairState, leg: int, now: int, allowed: int) -> int:
    """GATE_OPEN, or the first hard filter that bars this first leg. allowed 0 = risk lets nothing new in."""
    if allowed == 0 or (p.first_legs >> leg & 1) == 0:
        return NO_ENTRIES
    if s.px_ok[LONG] == 0 or s.px_ok[SHORT] == 0:
        return NO_PRICE
    if not volatility_passes(p, s.vol_ok[leg], s.vol[leg]):
        return VOLATILITY
    if settlement_barred(p, s, leg, now):
        return SETTLEMENT
    if not can_add_exposure(s.residual, p.net_delta_max_ratio):
        return RESIDUAL
    alone = net_apr(s, 1 if leg == LONG else 0, 1 if leg == SHORT else 0)
    if not funding_guard(alone, p.funding_guard_apr) or not funding_guard(net_apr(s, 1, 1), p.funding_guard_apr):
        return GUARD_AHEAD
    return GATE_OPEN


@kernel
def judge(p: PairBlock, s: PairState, c_long: Spec, c_short: Spec, now: int, allowed: int) -> None:
    """Figures, conditions and filters of both first legs, for the choice and for the screen."""
    s.carry_bps = carry_bps(p, s)
    for leg in range(2):
        s.trend[leg] = trend_gap(p, s, leg)
        s.funding_cost[leg] = expected_funding(p, s, c_long, c_short, leg, now)
        s.target[leg] = net_target_return(p, leg, s.funding_cost[leg])
        s.conditions[leg] = conditions_of(p, s, leg)
        s.barred[leg] = filter_of(p, s, leg, now, allowed)


@kernel
def passes(p: PairBlock, s: PairState, leg: int) -> bool:
    """No filter bars the first leg and enough conditions hold."""
    return s.barred[leg] == GATE_OPEN and count_bits(s.conditions[leg]) >= p.min_conditions


@kernel
def choose_first(p: PairBlock, s: PairState) -> int:
    """LONG, SHORT or NO_LEG. Where both pass: more conditions, then the stronger trend in favour, then LONG.

    LONG on a perfect tie is the source's own order; an unknown trend weighs nothing.
    """
    long = passes(p, s, LONG)
    short = passes(p, s, SHORT)
    if not (long and short):
        if long:
            return LONG
        return SHORT if short else NO_LEG
    more = count_bits(s.conditions[LONG]) - count_bits(s.conditions[SHORT])
    if more != 0:
        return LONG if more > 0 else SHORT
    up = s.trend[LONG] if s.trend[LONG] == s.trend[LONG] else 0.0
    down = s.trend[SHORT] if s.trend[SHORT] == s.trend[SHORT] else 0.0
    return SHORT if down > up else LONG


@kernel
def closed_reason(s: PairState) -> int:
    """Why neither first leg opens: too few conditions, unless a filter bars every first leg that may be opened.

    Where two differ: the one that stands earlier in the list of reasons, so that mirrored venues give the same.
    """
    long, short = s.barred[LONG], s.barred[SHORT]
    if GATE_OPEN in (long, short):
        return CONDITIONS
    if long == NO_ENTRIES:
        return int(short)
    if short == NO_ENTRIES:
        return int(long)
    return int(min(long, short))
