"""Funding of both venues: rate per hour, calendar with each venue's own interval, expected cost, carry and guard.

Signs: a rate > 0 is paid by longs; a cost > 0 is paid by us. Venues are compared per hour (FORMULAS.md 5). An unknown
rate or settlement is NaN or 0 and opens nothing.
"""

from __future__ import annotations

from core.domain.book import View
from core.domain.instrument import Spec
from core.domain.pair import LONG, NO_LEG, SHORT
from core.domain.units import FAR, RATE, sign_of
from core.kernel import kernel
from core.models.funding import next_settlement
from core.strategies.pair_lock.blocks import PairBlock, PairState
from core.strategies.pair_lock.prices import exceeds

NS_PER_H = 3.6e12
HOURS_A_YEAR = 8760.0


@kernel
def see_funding(p: PairBlock, s: PairState, v: View, c: Spec, leg: int, now: int) -> None:
    """Rate and next settlement of a leg's venue: the feed's word, else its calendar.

    A rate that no feed gives is unknown, unless `funding_assumed` lets the venue file's figure stand in.
    """
    s.rate_ok[leg] = 0
    rate = v.funding_rate
    if rate == FAR and p.funding_assumed == 1:
        rate = c.funding_rate
    if rate != FAR and c.funding_interval_ns > 0:
        s.rate_ok[leg] = 1
        s.rate_seen[leg] = 1
        s.rate[leg] = rate / RATE
        s.rate_hour[leg] = s.rate[leg] / (c.funding_interval_ns / NS_PER_H)
    s.settlement[leg] = 0
    if v.next_funding >= now and v.next_funding < FAR:
        s.settlement[leg] = v.next_funding
    elif c.funding_interval_ns > 0:
        s.settlement[leg] = next_settlement(now - 1, c.funding_interval_ns, c.funding_offset_ns)


@kernel
def settlements_within(settlement: int, interval_ns: int, until: int) -> int:
    """How many settlements fall at or before `until`, the next one being `settlement`; -1 = calendar unknown."""
    if settlement <= 0 or interval_ns <= 0:
        return -1
    if settlement > until:
        return 0
    return 1 + (until - settlement) // interval_ns


@kernel
def leg_cost(s: PairState, c: Spec, leg: int, until: int) -> float:
    """Funding that a leg pays up to `until` at the present rate, fraction of notional (> 0 = paid); NaN = unknown."""
    n = settlements_within(s.settlement[leg], c.funding_interval_ns, until)
    if n < 0 or s.rate_ok[leg] == 0:
        return float("nan")
    return sign_of(leg) * s.rate[leg] * n


@kernel
def carry_bps(p: PairBlock, s: PairState) -> float:
    """theta3: funding spread, bps per `funding_basis_hours`, > 0 = the lock earns it (K-11); NaN = unknown.

    f_short - f_long per hour; `funding_sign: literal` turns it round to the source's f_long - f_short.
    """
    if s.rate_ok[LONG] == 0 or s.rate_ok[SHORT] == 0:
        return float("nan")
    spread = (s.rate_hour[SHORT] - s.rate_hour[LONG]) * p.funding_basis_hours * 1e4
    if p.funding_literal == 1:
        return -spread
    return spread


@kernel
def net_apr(s: PairState, long: int, short: int) -> float:
    """Net funding paid by the legs given (1 = held), annualised simply on 8760 h, > 0 = cost; NaN = a rate unknown."""
    apr = 0.0
    for leg in range(2):
        held = long if leg == LONG else short
        if held == 1:
            if s.rate_ok[leg] == 0:
                return float("nan")
            apr += sign_of(leg) * s.rate_hour[leg] * HOURS_A_YEAR
    return apr


@kernel
def funding_guard(apr: float, limit: float) -> bool:
    """S1-25: may this be held? apr > 0 = paid. Equality may; NaN may not."""
    return apr == apr and not exceeds(apr, limit, 1.0)


@kernel
def settlement_barred(p: PairBlock, s: PairState, leg: int, now: int) -> bool:
    """S1-62: the first leg would pay at a settlement `settlement_bar` or less away. Unknown rate or calendar bars."""
    if s.rate_ok[leg] == 0 or s.settlement[leg] <= 0:
        return True
    if sign_of(leg) * s.rate[leg] <= 0.0:
        return False
    return s.settlement[leg] - now <= p.settlement_bar_ns


@kernel
def better_leg(s: PairState, first: int) -> int:
    """S1-41: the leg whose funding is better to hold, per hour; equal keeps the one opened first; NO_LEG = unknown."""
    if s.rate_ok[LONG] == 0 or s.rate_ok[SHORT] == 0:
        return NO_LEG
    income_long = -s.rate_hour[LONG]
    income_short = s.rate_hour[SHORT]
    if exceeds(income_long, income_short, 1e-3):
        return LONG
    if exceeds(income_short, income_long, 1e-3):
        return SHORT
    return SHORT if first == SHORT else LONG
