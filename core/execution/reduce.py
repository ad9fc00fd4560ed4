"""Reduce work as targets: maker first, then taker inside the slippage bound, market from the trigger on.

Adds its target to what the strategy wants (or replaces it when quotes are pulled) and keeps the figures for the review
afterwards: average fill against the mid at that moment (S3-24, S3-26, S3-62). How much must go is the guard's.
"""

from __future__ import annotations

import math

from core.domain.book import LEVELS, View
from core.domain.instrument import Spec
from core.domain.order import (
    FILLED,
    GTC,
    IOC,
    KEY_FLATTEN,
    KEY_REDUCE,
    KEY_TAKE_PROFIT,
    LIMIT,
    MARKET,
    POST_ONLY,
    REDUCE_ONLY,
    TARGETS,
    Ledger,
    Reports,
    Target,
)
from core.domain.units import BUY, sign_of
from core.execution.fills import is_seen
from core.execution.slots import find
from core.kernel import Block, door, f64, i64, kernel
from core.risk.blocks import STYLE_MAKER, STYLE_MARKET, STYLE_NONE, STYLE_TAKER, Limits, Risk

SLICE_OF_DEPTH = 4  # a taker slice takes at most a quarter of what the bound shows


class ReduceReview(Block):
    """Fills of reduce orders: lots, lots x ticks at the fill and at the mid (worse side positive), maker share."""

    n_fills: i64
    lots: i64
    maker_lots: i64
    px_lots: f64
    mid_lots: f64
    slip_lots: f64  # sum of lots x signed bps against the mid, positive = we paid
    worst_bps: f64


@kernel
def depth_within(v: View, side: int, px: int) -> int:
    """Lots on the side that an order of `side` would hit, down to `px`; 0 = any price."""
    lots = 0
    for i in range(LEVELS):
        level = v.px[1 - side][i]
        if level <= 0 or (px > 0 and sign_of(side) * (level - px) > 0):
            break
        lots += v.sz[1 - side][i]
    return lots


@kernel
def bound_px(v: View, side: int, slip: float) -> int:
    """The worst price inside `slip` of the mid, rounded to the better side."""
    mid = (v.px[BUY][0] + v.px[1][0]) * 0.5
    if side == BUY:
        return int(math.floor(mid * (1.0 + slip)))
    return int(math.ceil(mid * (1.0 - slip)))


@kernel
def keep_exits(t: Target) -> None:
    """Drop what adds risk: with quotes pulled only reduce-only targets stay."""
    n = 0
    for j in range(t.n):
        if t.flags[j] & REDUCE_ONLY:
            t.key[n] = t.key[j]
            t.side[n] = t.side[j]
            t.px[n] = t.px[j]
            t.qty[n] = t.qty[j]
            t.type[n] = t.type[j]
            t.tif[n] = t.tif[j]
            t.flags[n] = t.flags[j]
            t.tol[n] = t.tol[j]
            n += 1
    t.n = n


@kernel
def drop_key(t: Target, key: int) -> None:
    """Mark targets of one purpose as not wanted (qty 0)."""
    for j in range(t.n):
        if t.key[j] == key:
            t.qty[j] = 0


@kernel
def add(t: Target, key: int, side: int, px: int, qty: int, type_: int, tif: int) -> None:
    """One reduce-only target, in place of the last one when the list is full."""
    n = min(t.n, TARGETS - 1)
    t.key[n] = key
    t.side[n] = side
    t.px[n] = px
    t.qty[n] = qty
    t.type[n] = type_
    t.tif[n] = tif
    t.flags[n] = REDUCE_ONLY
    t.tol[n] = 0
    t.n = n + 1


@kernel
def reduce_into(x: Limits, r: Risk, o: Ledger, v: View, s: Spec, t: Target) -> int:
    """`reduce` inside other kernels."""
    if r.pull_quotes == 1:
        t.hold = 0
        keep_exits(t)
    drop_key(t, KEY_REDUCE)
    style = r.reduce_style
    if style == STYLE_NONE or r.reduce_lots <= 0:
        return 0
    if v.book_ok != 1 or v.px[BUY][0] <= 0 or v.px[1][0] <= 0:
        return 0
    side = r.reduce_side
    lots = min(r.reduce_lots, abs(o.pos))
    t.hold = 0
    drop_key(t, KEY_TAKE_PROFIT)  # both would reach for the same lots
    if style == STYLE_MAKER:
        add(t, KEY_REDUCE, side, v.px[side][0], lots, LIMIT, POST_ONLY)
        t.tol[t.n - 1] = max(0, abs(v.px[side][0] - bound_px(v, 1 - side, x.slip)))
    elif style == STYLE_TAKER:
        px = bound_px(v, side, x.slip)
        seen = depth_within(v, side, px)
        if seen <= 0:
            add(t, KEY_REDUCE, side, px, lots, LIMIT, GTC)  # the spread is wider than the bound: rest at the bound
        else:
            add(t, KEY_REDUCE, side, px, min(lots, max(s.min_lots, seen // SLICE_OF_DEPTH)), LIMIT, IOC)
    elif style == STYLE_MARKET:
        seen = depth_within(v, side, 0)
        add(t, KEY_REDUCE, side, 0, min(lots, max(s.min_lots, seen // SLICE_OF_DEPTH)), MARKET, IOC)
    return t.qty[t.n - 1]


@door
def reduce(X: Limits, R: Risk, L: Ledger, V: View, S: Spec, T: Target) -> int:
    """After the strategy's decision and before `plan`: returns the lots of the reduce target, 0 = none.

    With quotes pulled every target that is not reduce-only is taken out. A maker target rests at our best price and is
    good anywhere within the slippage bound of the mid.
    """
    return reduce_into(X[0], R[0], L[0], V[0], S[0], T[0])


@door
def review(W: ReduceReview, L: Ledger, V: View, P: Reports) -> int:
    """Before `apply_reports`: count fills of reduce and flatten orders against the mid. Returns how many."""
    w = W[0]
    o = L[0]
    v = V[0]
    p = P[0]
    n = 0
    mid = (v.px[BUY][0] + v.px[1][0]) * 0.5
    for k in range(p.n):
        i = find(o, p.cl_id[k])
        if p.kind[k] != FILLED or i < 0 or mid <= 0.0 or p.trade_id[k] <= 0:
            continue
        if (o.key[i] != KEY_REDUCE and o.key[i] != KEY_FLATTEN) or is_seen(o, p.trade_id[k]) == 1:
            continue
        qty = p.qty[k]
        bps = sign_of(p.side[k]) * (p.px[k] - mid) / mid * 1e4
        w.n_fills += 1
        w.lots += qty
        w.px_lots += p.px[k] * qty * 1.0
        w.mid_lots += mid * qty
        w.slip_lots += bps * qty
        if w.n_fills == 1 or bps > w.worst_bps:
            w.worst_bps = bps
        if p.maker[k] != 0:
            w.maker_lots += qty
        n += 1
    return n
