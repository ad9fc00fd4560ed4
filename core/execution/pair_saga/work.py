"""The targets of one leg: what should stand at its venue now. At most one order of ours is alive on a leg at a time.

While an order is in flight, UNKNOWN or being cancelled nothing is asked for in its place; the next child is cut from
what the ledger then says. A standing order is either wanted exactly as it stands or not at all: never changed.
"""

from __future__ import annotations

from core.domain.book import View
from core.domain.instrument import Spec
from core.domain.order import IOC, LIMIT, LIVE, POST_ONLY, REDUCE_ONLY, Ledger, Target
from core.domain.units import BUY, SELL
from core.execution.pair_saga.blocks import PairParams, Saga
from core.execution.pair_saga.legs import key_of
from core.execution.pair_saga.words import CLOSE, PASSIVE, TAKE
from core.execution.reduce import bound_px, depth_within
from core.kernel import kernel

MAX_DOUBLINGS = 6


@kernel
def clear(t: Target) -> None:
    """Nothing shall stand: whatever is LIVE is cancelled, nothing is created."""
    t.n = 0
    t.hold = 0


@kernel
def row(t: Target, key: int, side: int, px: int, qty: int, tif: int, flags: int) -> None:
    """One order shall stand."""
    t.n = 1
    t.hold = 0
    t.key[0] = key
    t.side[0] = side
    t.px[0] = px
    t.qty[0] = qty
    t.type[0] = LIMIT
    t.tif[0] = tif
    t.flags[0] = flags
    t.tol[0] = 0


@kernel
def leave(s: Saga, leg: int, o: Ledger, v: View, p: PairParams, t: Target, wanted: int) -> None:
    """Orders are alive: a taker is left to its end, a passive one while `wanted` and at its touch, else pulled."""
    clear(t)
    i = s.live_slot[leg]
    if s.alive[leg] != 1 or i < 0 or o.state[i] != LIVE or o.key[i] != key_of(s, leg):
        return
    if o.tif[i] == IOC:
        row(t, o.key[i], o.side[i], o.px[i], o.left[i], IOC, o.flags[i])
        return
    touch = v.px[o.side[i]][0]
    if wanted == PASSIVE and s.down[leg] == 0 and abs(touch - o.px[i]) <= p.reprice_ticks:
        row(t, o.key[i], o.side[i], o.px[i], o.left[i], o.tif[i], o.flags[i])
    else:
        s.pulled[leg] = 1


@kernel
def gap(s: Saga, p: PairParams, leg: int) -> int:
    """Wait after children that got nothing, doubled with each."""
    if s.tries[leg] <= 0:
        return 0
    return min(p.retry_max_ns, p.retry_ns << min(12, s.tries[leg] - 1))


@kernel
def ask(s: Saga, leg: int, o: Ledger, t: Target, style: int, side: int, px: int, qty: int, now: int) -> None:
    """A new child, under its own key."""
    s.kid[leg] += 1
    s.kid_ts[leg] = now
    s.style[leg] = style
    s.asked[leg] = 1
    s.asked_traded[leg] = o.traded_lots[BUY] + o.traded_lots[SELL]
    s.asked_lots[leg] = qty
    s.ended[leg] = 0
    s.pulled[leg] = 0
    s.arrival[leg] = s.mid[leg]
    s.n_children[leg] += 1
    tif = POST_ONLY if style == PASSIVE else IOC
    flags = REDUCE_ONLY if style == CLOSE else 0
    row(t, key_of(s, leg), side, px, qty, tif, flags)


@kernel
def open_side(s: Saga, leg: int) -> int:
    """The side on which the leg opens."""
    return BUY if s.sign[leg] > 0 else SELL


@kernel
def may_ask(s: Saga, p: PairParams, leg: int, now: int) -> int:
    """1 when the venue answers and the last fruitless child is long enough ago."""
    if s.ended[leg] > 0 and now - s.ended[leg] < p.settle_ns:
        return 0
    if s.down[leg] == 1 or s.asked[leg] == 1 or (s.tries[leg] > 0 and now - s.kid_ts[leg] < gap(s, p, leg)):
        return 0
    return 1


@kernel
def open_passive(s: Saga, p: PairParams, leg: int, o: Ledger, v: View, x: Spec, t: Target, lots: int, now: int) -> None:
    """Post-only at our own touch (S1-31)."""
    if s.alive[leg] > 0:
        leave(s, leg, o, v, p, t, PASSIVE)
        return
    clear(t)
    if lots <= 0 or may_ask(s, p, leg, now) == 0:
        return
    side = open_side(s, leg)
    ask(s, leg, o, t, PASSIVE, side, v.px[side][0], min(lots, x.max_lots), now)


@kernel
def open_taking(s: Saga, p: PairParams, leg: int, o: Ledger, v: View, x: Spec, t: Target, lots: int, now: int) -> None:
    """IOC within epsilon of its own arrival mid, no larger than the book shows inside it (S1-21, K-36)."""
    if s.alive[leg] > 0:
        leave(s, leg, o, v, p, t, TAKE)
        return
    clear(t)
    if lots <= 0 or may_ask(s, p, leg, now) == 0:
        return
    side = open_side(s, leg)
    px = bound_px(v, side, p.eps)
    qty = min(min(lots, x.max_lots), depth_within(v, side, px))
    if qty >= s.min_open[leg]:
        ask(s, leg, o, t, TAKE, side, px, qty, now)


@kernel
def close_out(
    s: Saga,
    p: PairParams,
    leg: int,
    o: Ledger,
    v: View,
    x: Spec,
    t: Target,
    lots: int,
    urgent: int,
    now: int,
) -> None:
    """Reduce-only IOC. Urgent closes start at `exit_slip` and double it while they find nothing; others keep eps."""
    if s.alive[leg] > 0:
        leave(s, leg, o, v, p, t, CLOSE)
        return
    clear(t)
    lots = min(lots, abs(s.pos[leg]))
    if lots < s.min_lots[leg] or may_ask(s, p, leg, now) == 0:
        return
    side = SELL if s.pos[leg] > 0 else BUY
    slip = p.eps
    if urgent == 1:
        slip = p.exit_slip
        for _k in range(min(MAX_DOUBLINGS, s.tries[leg])):
            slip = slip * 2.0
        slip = min(slip, p.exit_slip_max)
    px = bound_px(v, side, slip)
    depth = depth_within(v, side, px)
    for _k in range(MAX_DOUBLINGS):
        if urgent == 0 or depth >= s.min_lots[leg] or slip >= p.exit_slip_max:
            break
        slip = min(p.exit_slip_max, slip * 2.0)
        px = bound_px(v, side, slip)
        depth = depth_within(v, side, px)
    qty = min(min(lots, x.max_lots), depth)
    if qty >= s.min_lots[leg]:
        ask(s, leg, o, t, CLOSE, side, px, qty, now)
