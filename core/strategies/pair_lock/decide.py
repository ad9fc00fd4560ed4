"""The pair's one door: from two venues, two ledgers and the saga's declared state to the wish of this wake.

Brings the figures up to date (prices, positions, funding, the 1 s sample), judges the gate for the screen in every
state, and lets `transitions` choose. Writes its own three blocks and nothing else.
"""

from __future__ import annotations

from core.domain.book import View
from core.domain.instrument import Spec
from core.domain.order import Ledger
from core.domain.pair import LONG, S4, S5, SHORT, PairStatus, Wish
from core.kernel import door, kernel
from core.signals.blocks import Signals
from core.strategies.pair_lock.bands import push, set_bands
from core.strategies.pair_lock.blocks import PairBlock, PairState, SpreadWindow
from core.strategies.pair_lock.funding import see_funding
from core.strategies.pair_lock.gate import judge
from core.strategies.pair_lock.limits import single_leg
from core.strategies.pair_lock.prices import gain, see_pair, see_position, see_price
from core.strategies.pair_lock.transitions import choose
from core.strategies.pair_lock.trend import sample_leg


@kernel
def sample(p: PairBlock, s: PairState, w: SpreadWindow, now: int) -> None:
    """Once in each sample period: trend and volatility of both legs, bands of the past, then the spread itself."""
    number = now // p.sample_ns
    if number <= s.sample:
        return
    s.sample = number
    sample_leg(p, s, LONG, number)
    sample_leg(p, s, SHORT, number)
    set_bands(p, w, number)
    if s.spread_ok == 1:
        push(p, w, number, s.spread)
        s.n_samples += 1


@kernel
def remember(s: PairState, t: PairStatus, now: int) -> None:
    """First sight of the declared state, in place of a stamp or price the saga lacks; the move since the unlock."""
    if t.state != s.seen_state:
        s.seen_state = t.state
        s.seen_since = now
        s.seen_px = 0.0
    s.rebound = float("nan")
    if t.state in (S4, S5):
        leg = single_leg(t)
        if s.px_ok[leg] == 1:
            if s.seen_px <= 0.0:
                s.seen_px = s.px[leg]
            s.rebound = gain(leg, s.px[leg], t.unlock_px if t.unlock_px > 0.0 else s.seen_px)


@kernel
def number(p: PairBlock, u: Wish, changed: bool, now: int) -> None:
    """A wish that changed, or stands for another `wish_repeat`, gets a new id: an id is answered once."""
    if changed or u.id == 0:
        u.ts = now
    elif now - u.id_ts < p.wish_repeat_ns:
        return
    u.id += 1
    u.id_ts = now


@door
def decide(
    P: PairBlock, S: PairState, W: SpreadWindow, T: PairStatus, U: Wish, V_LONG: View, V_SHORT: View,
    G_LONG: Signals, G_SHORT: Signals, L_LONG: Ledger, L_SHORT: Ledger, C_LONG: Spec, C_SHORT: Spec,
    now: int, allowed: int,
) -> int:  # fmt: skip
    """Write the wish for `now` (ns) and return its kind. allowed 0 = risk lets nothing new in: neither OPEN nor
    LOCK is wished."""
    p, s, w, t, u = P[0], S[0], W[0], T[0], U[0]
    was_kind, was_reason, was_leg = u.kind, u.reason, u.leg
    s.now = now
    see_price(p, s, V_LONG[0], G_LONG[0], LONG, now)
    see_price(p, s, V_SHORT[0], G_SHORT[0], SHORT, now)
    see_position(p, s, L_LONG[0], C_LONG[0], LONG, now)
    see_position(p, s, L_SHORT[0], C_SHORT[0], SHORT, now)
    see_pair(p, s)
    see_funding(p, s, V_LONG[0], C_LONG[0], LONG, now)
    see_funding(p, s, V_SHORT[0], C_SHORT[0], SHORT, now)
    sample(p, s, w, now)
    remember(s, t, now)
    judge(p, s, C_LONG[0], C_SHORT[0], now, allowed)
    choose(p, s, w, t, u, V_LONG[0], V_SHORT[0], now, allowed)
    s.n_decisions += 1
    number(p, u, u.kind != was_kind or u.reason != was_reason or u.leg != was_leg, now)
    return u.kind
