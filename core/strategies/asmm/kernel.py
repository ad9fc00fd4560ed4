"""The market maker's decision: from view, signals and ledger to the target, and nothing else is written.

On its own rhythm it decides anew; on moves of the mid and reports of own orders in between it only cancels, pulls
away or lets the planner re-quote a filled layer (S3-13). Everything else leaves the orders as they are (`hold`).
"""

from __future__ import annotations

from core.domain.book import View
from core.domain.events import W_MID, W_OWN, W_TIMER
from core.domain.instrument import Spec
from core.domain.order import KEY_TAKE_PROFIT, LIMIT, POST_ONLY, REDUCE_ONLY, Ledger, Target
from core.domain.units import BUY, SELL
from core.kernel import door, kernel
from core.signals.blocks import Signals
from core.signals.own import take_out_own
from core.strategies.asmm.blocks import KEYS, LAYERS, QUOTING, QuoteParams, QuoteState
from core.strategies.asmm.cap import adapt_cap
from core.strategies.asmm.context import idle_reason, in_grace, set_context
from core.strategies.asmm.ladder import price_side, restrain
from core.strategies.asmm.sizing import fit_cap, merge_and_filter, size_side
from core.strategies.asmm.take_profit import place_take_profit


@kernel
def is_due(s: QuoteState, now: int, why: int) -> bool:
    """A timer wake at (or up to 5 % before) the next decision; the very first call decides at once."""
    if s.next_decision == 0:
        return True
    return (why & W_TIMER) != 0 and now + s.interval_ns // 20 >= s.next_decision


@kernel
def want(t: Target, key: int, side: int, px: int, qty: int, tol: int, flags: int) -> None:
    """One more wanted order: limit, post-only."""
    n = t.n
    t.key[n] = key
    t.side[n] = side
    t.px[n] = px
    t.qty[n] = qty
    t.type[n] = LIMIT
    t.tif[n] = POST_ONLY
    t.flags[n] = flags
    t.tol[n] = tol
    t.n = n + 1


@kernel
def write_target(p: QuoteParams, s: QuoteState, t: Target) -> None:
    """The ladder and the take profit into the target; remembers them for `restrain`."""
    t.n = 0
    t.hold = 0
    s.best[BUY] = 0
    s.best[SELL] = 0
    flags = REDUCE_ONLY if s.cap_lots == 0 else 0  # without room only exits are left, and they say so
    for key in range(KEYS):
        s.last_px[key] = s.px[key]
        s.last_qty[key] = s.qty[key]
        if s.qty[key] > 0:
            side = key // LAYERS
            if s.best[side] == 0:
                s.best[side] = s.px[key]
            want(t, key, side, s.px[key], s.qty[key], s.tol[key], flags)
    if s.tp_qty > 0:
        tol = int(p.cancel_tolerance * p.first_bps * s.mid * 1e-4)
        want(t, KEY_TAKE_PROFIT, s.tp_side, s.tp_px, s.tp_qty, tol, REDUCE_ONLY)
    s.spread_bps = 0.0
    if s.best[BUY] > 0 and s.best[SELL] > 0:
        s.spread_bps = (s.best[SELL] - s.best[BUY]) / s.mid * 1e4


@kernel
def pull(s: QuoteState, t: Target) -> None:
    """Want nothing."""
    for key in range(KEYS):
        s.px[key] = 0
        s.qty[key] = 0
        s.last_px[key] = 0
        s.last_qty[key] = 0
    s.tp_qty = 0
    s.best[BUY] = 0
    s.best[SELL] = 0
    s.spread_bps = 0.0
    t.n = 0
    t.hold = 0


@kernel
def schedule(p: QuoteParams, s: QuoteState, now: int, noise_level: int) -> None:
    """When the next decision is due: the quote interval, longer at a noise level (S3-66)."""
    s.interval_ns = int(p.interval_ns * p.noise_interval[max(0, min(3, noise_level))])
    s.next_decision = now + s.interval_ns
    s.ts_decision = now
    s.n_decisions += 1


@kernel
def quote(
    p: QuoteParams, s: QuoteState, v: View, g: Signals, ledger: Ledger, c: Spec, t: Target,
    now: int, why: int, noise_level: int, cap_lots: int,
) -> int:  # fmt: skip
    """`decide` over records."""
    take_out_own(v, g, ledger, now)
    adapt_cap(p, s, v, g, ledger, c, cap_lots)
    due = is_due(s, now, why)
    idle = idle_reason(p, g, now)
    if (not due and (why & (W_MID | W_OWN)) == 0) or (idle != QUOTING and in_grace(p, g, now)):
        t.hold = 1
        s.n_held += 1
        return 0
    if due:
        schedule(p, s, now, noise_level)
    s.idle = idle
    if idle != QUOTING:
        pull(s, t)
        s.n_pulled += 1
        return 0
    set_context(p, s, g, ledger, noise_level)
    place_take_profit(p, s, g, ledger, c, due)
    for side in range(2):
        price_side(p, s, g, side)
        if due:
            size_side(p, s, side)
        else:
            restrain(s, g, side)
        merge_and_filter(s, v, c, side)
        fit_cap(p, s, ledger, c, side, s.tp_qty if s.tp_side == side else 0)
    write_target(p, s, t)
    if due:
        s.n_quotes += t.n
    return t.n


@door
def decide(
    P: QuoteParams, S: QuoteState, V: View, G: Signals, L: Ledger, C: Spec, T: Target,
    now: int, why: int, noise_level: int, cap_lots: int,
) -> int:  # fmt: skip
    """Write the target for `now` (ns); returns how many orders are wanted (0 also when `T.hold` is set).

    why: bits W_*; noise_level 0 .. 3 and cap_lots (lots; FAR = none, 0 = reduce only) come from risk.
    """
    return quote(P[0], S[0], V[0], G[0], L[0], C[0], T[0], now, why, noise_level, cap_lots)
