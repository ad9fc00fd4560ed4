"""Matching of our resting orders against recorded trades and book rows, in price-time priority.

Knows the book, the order table and `execute`; judges no request (orders.py) and starts no venue action.
A trade or book through an order's price fills it whole; at its price only what the queue position gives.
"""

from __future__ import annotations

from core.domain.book import LEVELS
from core.domain.instrument import Spec
from core.domain.order import EXPIRED, FILLED, REDUCE_ONLY
from core.domain.reasons import REDUCE_ONLY_SIZE
from core.domain.units import BUY, SELL, sign_of
from core.exchange.accounts import book_fill, trade_id_of
from core.exchange.blocks import ORDERS, RISK_AVERSE, UNSEEN, Account, Market
from core.exchange.queue import after_depth, after_trade, fillable
from core.exchange.wire import note, post, respond
from core.kernel import kernel
from core.models.fees import fee_at


@kernel
def shown(m: Market, side: int, px: int) -> int:
    """Displayed lots at a price: 0 inside the displayed range, -1 beyond it (not known)."""
    g = sign_of(side)
    for j in range(LEVELS):
        if m.sz[side][j] == 0:
            break
        if m.px[side][j] == px:
            return m.sz[side][j]
        if m.px[side][j] * g < px * g:
            return 0
    return -1


@kernel
def enqueue(m: Market, slot: int) -> None:
    """Put a live order at the back of its price: own list, priority and queue position."""
    side = m.o_side[slot]
    g = sign_of(side)
    px = m.o_px[slot]
    k = m.n_own[side]
    while k > 0 and m.o_px[m.own[side][k - 1]] * g < px * g:
        m.own[side][k] = m.own[side][k - 1]
        k -= 1
    m.own[side][k] = slot
    m.n_own[side] += 1
    m.next_prio += 1
    m.o_prio[slot] = m.next_prio
    level = shown(m, side, px)
    m.o_level[slot] = level
    m.o_traded[slot] = 0
    m.o_front[slot] = UNSEEN
    if level >= 0:
        m.o_front[slot] = float(level)


@kernel
def dequeue(m: Market, slot: int) -> None:
    """Take an order off its own list."""
    side = m.o_side[slot]
    k = 0
    while k < m.n_own[side] and m.own[side][k] != slot:
        k += 1
    while k + 1 < m.n_own[side]:
        m.own[side][k] = m.own[side][k + 1]
        k += 1
    m.n_own[side] -= 1


@kernel
def count_open(m: Market, a: Account, i: int, slot: int, lots: int) -> None:
    """Add `lots` (signed change) of an order to the lots that may add to the position; reduce-only ones do not."""
    if m.o_flags[slot] & REDUCE_ONLY == 0:
        a.open_lots[i][m.o_side[slot]] += lots


@kernel
def remove(m: Market, a: Account, i: int, slot: int) -> None:
    """The order is over: free its slot and what it held."""
    dequeue(m, slot)
    count_open(m, a, i, slot, -m.o_left[slot])
    m.o_live[slot] = 0
    m.n_live -= 1
    if m.o_flags[slot] & REDUCE_ONLY != 0:
        m.n_reduce -= 1


@kernel
def free_slot(m: Market) -> int:
    """A free slot, -1 = none."""
    if m.n_live >= ORDERS:
        return -1
    for slot in range(ORDERS):
        if m.o_live[slot] == 0:
            return slot
    return -1


@kernel
def execute(m: Market, a: Account, s: Spec, slot: int, px: int, qty: int, maker: int) -> int:
    """Fill up to `qty` lots of a live order at `px`; returns the lots filled.

    A reduce-only order never fills beyond the position; what is left of it then expires.
    """
    i = s.index
    side = m.o_side[slot]
    lots = min(qty, m.o_left[slot])
    reduce = m.o_flags[slot] & REDUCE_ONLY
    if reduce != 0:
        lots = min(lots, max(0, -a.pos[i] * sign_of(side)))
    if lots > 0:
        ppm = s.taker_fee_ppm
        if maker != 0:
            ppm = s.maker_fee_ppm
        fee = fee_at(lots * px * s.unit, ppm, s.referral_ppm)
        book_fill(a, i, lots * sign_of(side), px, fee)
        m.o_left[slot] -= lots
        count_open(m, a, i, slot, -lots)
        m.n_fills += 1
        left = m.o_left[slot]
        trade = trade_id_of(a)
        cl, venue = m.o_cl[slot], m.o_venue[slot]
        note(m, FILLED, cl, venue, side, px, lots, left, trade, fee, maker, 0, 0, m.o_tif[slot], m.o_flags[slot])
        post(m, FILLED, cl, venue, side, px, lots, left, trade, fee, maker, 0, 0)
    if m.o_left[slot] == 0:
        remove(m, a, i, slot)
    elif reduce != 0 and a.pos[i] * sign_of(side) >= 0:
        respond(m, EXPIRED, slot, m.o_px[slot], m.o_qty[slot], m.o_left[slot], REDUCE_ONLY_SIZE)
        remove(m, a, i, slot)
    return lots


@kernel
def trim_reduce_only(m: Market, a: Account, s: Spec) -> None:
    """Expire the resting reduce-only orders that can no longer reduce anything."""
    if m.n_reduce == 0:
        return
    for side in range(2):
        if a.pos[s.index] * sign_of(side) < 0:
            continue
        k = 0
        while k < m.n_own[side]:
            slot = m.own[side][k]
            if m.o_flags[slot] & REDUCE_ONLY != 0:
                respond(m, EXPIRED, slot, m.o_px[slot], m.o_qty[slot], m.o_left[slot], REDUCE_ONLY_SIZE)
                remove(m, a, s.index, slot)
            else:
                k += 1


@kernel
def hit(m: Market, a: Account, s: Spec, side: int, px: int, qty: int, same_side: bool) -> None:
    """Our orders on `side` against a trade; `same_side`: the aggressor traded in our direction, our queue stands."""
    g = sign_of(side)
    k = 0
    used = 0
    while k < m.n_own[side]:
        slot = m.own[side][k]
        better = (m.o_px[slot] - px) * g
        if better < 0:
            return
        if better > 0:
            execute(m, a, s, slot, m.o_px[slot], m.o_left[slot], 1)
            continue
        if same_side:
            return
        m.o_traded[slot] += qty
        front = after_trade(m.o_front[slot], qty)
        m.o_front[slot] = max(front, 0.0)
        room = fillable(front) - used
        if room > 0:
            used += execute(m, a, s, slot, px, room, 1)
        if k < m.n_own[side] and m.own[side][k] == slot:
            k += 1


@kernel
def on_trade(m: Market, a: Account, s: Spec, px: int, qty: int, aggressor: int) -> None:
    """One recorded trade: `aggressor` +1 buy, -1 sell, 0 unknown (then it may hit either side)."""
    m.last_px = px
    if m.n_live == 0:
        return
    if m.n_own[BUY] > 0 and m.o_px[m.own[BUY][0]] >= px:
        hit(m, a, s, BUY, px, qty, aggressor > 0)
    if m.n_own[SELL] > 0 and m.o_px[m.own[SELL][0]] <= px:
        hit(m, a, s, SELL, px, qty, aggressor < 0)
    trim_reduce_only(m, a, s)


@kernel
def requeue(m: Market, side: int, top_only: bool) -> None:
    """Queue positions after a book row; `top_only`: only prices at or before the new best are known anew."""
    g = sign_of(side)
    j = 0
    for k in range(m.n_own[side]):
        slot = m.own[side][k]
        px = m.o_px[slot]
        while j < LEVELS and m.sz[side][j] > 0 and m.px[side][j] * g > px * g:
            j += 1
        if top_only and j > 0:
            return
        new = -1
        if j < LEVELS and m.sz[side][j] > 0:
            new = 0
            if m.px[side][j] == px:
                new = m.sz[side][j]
        if new >= 0:
            front = m.o_front[slot]
            if m.q_model == RISK_AVERSE or m.o_level[slot] < 0:
                front = min(front, float(new))
            else:
                prev = float(m.o_level[slot])
                front = after_depth(m.q_model, m.q_variant, m.q_n, front, prev, float(new), float(m.o_traded[slot]))
            m.o_front[slot] = max(front, 0.0)
        m.o_level[slot] = new
        m.o_traded[slot] = 0


@kernel
def cross(m: Market, a: Account, s: Spec, side: int) -> None:
    """Our orders on `side` against the other side's best: through it whole, at it what is shown and queued for."""
    other = 1 - side
    if m.sz[other][0] == 0:
        return
    g = sign_of(side)
    best = m.px[other][0]
    k = 0
    while k < m.n_own[side]:
        slot = m.own[side][k]
        better = (m.o_px[slot] - best) * g
        if better < 0:
            return
        if better > 0:
            execute(m, a, s, slot, m.o_px[slot], m.o_left[slot], 1)
            continue
        room = m.sz[other][0] - m.took[other][0]
        if room > 0 and m.o_front[slot] <= 0.0:
            m.took[other][0] += execute(m, a, s, slot, best, room, 1)
            m.any_took = 1
        if k < m.n_own[side] and m.own[side][k] == slot:
            k += 1


@kernel
def match_book(m: Market, a: Account, s: Spec, side: int, top_only: bool) -> None:
    """After a row changed `side` of the book: queue positions there, and what of the other side it crossed."""
    if m.n_own[side] > 0:
        requeue(m, side, top_only)
    if m.n_own[1 - side] > 0:
        cross(m, a, s, 1 - side)
