"""What the venue refuses: filters, price bands, crossing post-only, self trades, margin. Judges, changes nothing."""

from __future__ import annotations

from core.domain.instrument import Spec
from core.domain.order import CLOSE_POSITION, FOK, IOC, MARKET, POST_ONLY, REDUCE_ONLY
from core.domain.reasons import (
    BAD_REQUEST,
    FILTER_MAX_QTY,
    FILTER_MIN_NOTIONAL,
    FILTER_MIN_QTY,
    FILTER_STEP,
    MARGIN,
    MAX_VALUE,
    NO_LIQUIDITY,
    OK,
    POST_ONLY_CROSS,
    PRICE_BAND,
    SELF_TRADE,
)
from core.domain.units import MAX_NOTIONAL, PPM, sign_of
from core.exchange.accounts import margin_free
from core.exchange.blocks import Account, Market
from core.exchange.taking import crosses, meets_own
from core.kernel import kernel

MAX_PRICE = 1 << 40  # ticks
MAX_LOTS = 1 << 31  # of a position with all its orders: the range of units.muldiv


@kernel
def close_size(m: Market, a: Account, s: Spec, side: int) -> int:
    """Lots that an order on `side` can close, whatever else is resting."""
    return max(0, -a.pos[s.index] * sign_of(side))


@kernel
def reduce_room(m: Market, a: Account, s: Spec, side: int, besides: int) -> int:
    """Lots a new reduce-only order may have: the position less the reduce-only orders there; `besides` one slot."""
    room = close_size(m, a, s, side)
    if m.n_reduce > 0:
        for k in range(m.n_own[side]):
            slot = m.own[side][k]
            if slot != besides and m.o_flags[slot] & REDUCE_ONLY != 0:
                room -= m.o_left[slot]
    return max(0, room)


@kernel
def filters(m: Market, a: Account, s: Spec, side: int, px: int, qty: int, type_: int, flags: int) -> int:
    """Tick, lot, size and notional filters, and the ranges of our own integers. `px` of a market order is its limit."""
    if px <= 0 or px > MAX_PRICE or qty <= 0:
        return BAD_REQUEST
    if qty % max(1, m.qty_step) != 0 or (type_ != MARKET and px % max(1, m.px_step) != 0):
        return FILTER_STEP
    closes = flags & REDUCE_ONLY != 0
    whole = closes and qty == close_size(m, a, s, side)
    if qty < m.min_lots and not whole:
        return FILTER_MIN_QTY
    if qty > s.max_lots and flags & CLOSE_POSITION == 0:
        return FILTER_MAX_QTY
    if closes:
        return OK
    held = abs(a.pos[s.index]) + a.open_lots[s.index][side] + qty
    if held > MAX_LOTS or held > MAX_NOTIONAL // (max(px, a.mark[s.index]) * s.unit):
        return MAX_VALUE
    value = px
    if type_ == MARKET and a.mark[s.index] > 0:
        value = a.mark[s.index]
    if qty * value * s.unit < m.min_notional:
        return FILTER_MIN_NOTIONAL
    return OK


@kernel
def judge(m: Market, a: Account, s: Spec, side: int, px: int, qty: int, type_: int, tif: int, flags: int) -> int:
    """The reason why the venue refuses this order now, or OK. `qty` is not yet in `open_lots`."""
    code = filters(m, a, s, side, px, qty, type_, flags)
    if code != OK:
        return code
    mark = a.mark[s.index]
    if type_ != MARKET:
        if s.band_ppm > 0 and mark > 0 and abs(px - mark) * PPM > s.band_ppm * mark:
            return PRICE_BAND
        if tif == POST_ONLY:
            if crosses(m, side, px):
                return POST_ONLY_CROSS
            if meets_own(m, side, px) != 0:
                return SELF_TRADE
        elif m.book_ok == 0 and (tif in (IOC, FOK) or crosses(m, side, px)):
            return NO_LIQUIDITY
    if flags & REDUCE_ONLY == 0:
        a.open_lots[s.index][side] += qty
        free = margin_free(a, s.index, px)
        a.open_lots[s.index][side] -= qty
        if free < 0:
            return MARGIN
    return OK
