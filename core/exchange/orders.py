"""Requests as they arrive at the exchange: validation, taking liquidity, resting, amending, cancelling.

Judges by the exchange's book and mark at the instant of arrival. A refused request changes nothing.
"""

from __future__ import annotations

from core.domain.instrument import Spec
from core.domain.order import (
    ACCEPTED,
    AMEND,
    AMEND_REJECTED,
    AMENDED,
    CANCEL,
    CANCEL_REJECTED,
    CANCELED,
    CLOSE_POSITION,
    CREATE,
    EXPIRED,
    FOK,
    GTC,
    IOC,
    LIMIT,
    MARKET,
    POST_ONLY,
    REDUCE_ONLY,
    REJECTED,
)
from core.domain.reasons import (
    BAD_REQUEST,
    DUPLICATE_ID,
    NO_FILL,
    NO_LIQUIDITY,
    NO_SLOT,
    OK,
    REDUCE_ONLY_REJECTED,
    SELF_TRADE,
    UNKNOWN_ORDER_ID,
    VENUE_BUSY,
    VENUE_CLOSED,
)
from core.exchange.blocks import DRAWS, QUEUE, SEEN_IDS, Account, Market
from core.exchange.filters import close_size, filters, judge, reduce_room
from core.exchange.matching import count_open, dequeue, enqueue, free_slot, remove, trim_reduce_only
from core.exchange.taking import meets_own, placeable, reach, take
from core.exchange.wire import note, post, respond
from core.kernel import kernel


@kernel
def refuse(m: Market, k: int, kind: int, venue: int, code: int) -> None:
    """The request at ring place k is refused; nothing of ours changed."""
    cl, side, px, qty = m.q_cl[k], m.q_side[k], m.q_px[k], m.q_qty[k]
    note(m, kind, cl, venue, side, px, qty, 0, 0, 0, 0, 0, code, m.q_tif[k], m.q_flags[k])
    post(m, kind, cl, venue, side, px, qty, 0, 0, 0, 0, 0, code)


@kernel
def find(m: Market, cl: int, venue: int) -> int:
    """Slot of a live order by venue id, or by client id where venue is 0; -1 = none."""
    for side in range(2):
        for k in range(m.n_own[side]):
            slot = m.own[side][k]
            if venue != 0:
                if m.o_venue[slot] == venue:
                    return slot
            elif cl != 0 and m.o_cl[slot] == cl:
                return slot
    return -1


@kernel
def run_taker(m: Market, a: Account, s: Spec, slot: int, limit: int) -> int:
    """Take what the limit reaches; 1 = something of ours stood in the way and the rest must not go on."""
    blocked = meets_own(m, m.o_side[slot], limit)
    take(m, a, s, slot, limit)
    return blocked


@kernel
def on_create(m: Market, a: Account, s: Spec, k: int) -> None:
    """A new order: refuse, or accept and take, rest or expire the rest."""
    side, px, qty = m.q_side[k], m.q_px[k], m.q_qty[k]
    type_, tif, flags, cl = m.q_type[k], m.q_tif[k], m.q_flags[k], m.q_cl[k]
    if cl != 0 and m.seen_cl[cl % SEEN_IDS] == cl:
        refuse(m, k, REJECTED, 0, DUPLICATE_ID)
        return
    if side < 0 or side > 1 or type_ < 0 or type_ > MARKET or tif < GTC or tif > FOK or cl < 0:
        refuse(m, k, REJECTED, 0, BAD_REQUEST)
        return
    m.seen_cl[cl % SEEN_IDS] = cl
    if flags & CLOSE_POSITION != 0:
        flags = flags | REDUCE_ONLY
        qty = close_size(m, a, s, side)
    elif flags & REDUCE_ONLY != 0:
        qty = min(qty, reduce_room(m, a, s, side, -1))
    if flags & REDUCE_ONLY != 0 and qty <= 0:
        refuse(m, k, REJECTED, 0, REDUCE_ONLY_REJECTED)
        return
    limit = px
    if type_ == MARKET:
        limit = reach(m, a, s, side)
        if limit == 0:
            refuse(m, k, REJECTED, 0, NO_LIQUIDITY)
            return
    code = judge(m, a, s, side, limit, qty, type_, tif, flags)
    slot = free_slot(m)
    if code == OK and slot < 0:
        code = NO_SLOT
    if code != OK:
        refuse(m, k, REJECTED, 0, code)
        return
    a.next_venue += 1
    m.o_live[slot] = 1
    m.o_cl[slot] = cl
    m.o_venue[slot] = a.next_venue
    m.o_side[slot] = side
    m.o_px[slot] = limit
    m.o_qty[slot] = qty
    m.o_left[slot] = qty
    m.o_tif[slot] = tif
    m.o_flags[slot] = flags
    m.n_live += 1
    if flags & REDUCE_ONLY != 0:
        m.n_reduce += 1
    count_open(m, a, s.index, slot, qty)
    enqueue(m, slot)
    respond(m, ACCEPTED, slot, px, qty, qty, OK)
    if tif == POST_ONLY and type_ != MARKET:
        return
    if tif == FOK and not placeable(m, side, limit, qty):
        respond(m, EXPIRED, slot, px, qty, qty, NO_FILL)
        remove(m, a, s.index, slot)
        return
    venue = m.o_venue[slot]
    blocked = run_taker(m, a, s, slot, limit)
    if m.o_live[slot] != 0 and m.o_venue[slot] == venue and (type_ == MARKET or tif == IOC or blocked != 0):
        code = NO_FILL
        if blocked != 0:
            code = SELF_TRADE
        elif type_ == MARKET:
            code = NO_LIQUIDITY
        respond(m, EXPIRED, slot, px, qty, m.o_left[slot], code)
        remove(m, a, s.index, slot)
    trim_reduce_only(m, a, s)


@kernel
def on_cancel(m: Market, a: Account, s: Spec, k: int) -> None:
    """A cancel: done, or refused because no such order is live."""
    slot = find(m, m.q_cl[k], m.q_venue[k])
    if slot < 0:
        refuse(m, k, CANCEL_REJECTED, m.q_venue[k], UNKNOWN_ORDER_ID)
        return
    respond(m, CANCELED, slot, m.o_px[slot], m.o_qty[slot], m.o_left[slot], OK)
    remove(m, a, s.index, slot)


@kernel
def on_amend(m: Market, a: Account, s: Spec, k: int) -> None:
    """New price and new total size (filled part included). Priority stays only for a smaller size at the same price.

    A total at or below what is filled cancels the order. An amended price that crosses takes liquidity (GTC).
    """
    slot = find(m, m.q_cl[k], m.q_venue[k])
    if slot < 0:
        refuse(m, k, AMEND_REJECTED, m.q_venue[k], UNKNOWN_ORDER_ID)
        return
    i = s.index
    venue, side, px, qty = m.o_venue[slot], m.o_side[slot], m.q_px[k], m.q_qty[k]
    if s.amend == 0 or qty <= 0 or px <= 0:
        refuse(m, k, AMEND_REJECTED, venue, BAD_REQUEST)
        return
    left = qty - (m.o_qty[slot] - m.o_left[slot])
    if left <= 0:
        respond(m, CANCELED, slot, m.o_px[slot], m.o_qty[slot], m.o_left[slot], NO_FILL)
        remove(m, a, i, slot)
        return
    old = m.o_left[slot]
    flags = m.o_flags[slot]
    if flags & REDUCE_ONLY != 0:
        cut = left - min(left, reduce_room(m, a, s, side, slot))
        left -= cut
        qty -= cut
        if left <= 0:
            refuse(m, k, AMEND_REJECTED, venue, REDUCE_ONLY_REJECTED)
            return
    keeps = px == m.o_px[slot] and left <= old
    if keeps:
        code = filters(m, a, s, side, px, left, LIMIT, flags)
    else:
        count_open(m, a, i, slot, -old)
        code = judge(m, a, s, side, px, left, LIMIT, m.o_tif[slot], flags)
        count_open(m, a, i, slot, old)
    if code != OK:
        refuse(m, k, AMEND_REJECTED, venue, code)
        return
    if not keeps:
        dequeue(m, slot)
    count_open(m, a, i, slot, left - old)
    m.o_px[slot] = px
    m.o_qty[slot] = qty
    m.o_left[slot] = left
    if not keeps:
        enqueue(m, slot)
    respond(m, AMENDED, slot, px, qty, left, OK)
    if not keeps and m.o_tif[slot] != POST_ONLY:
        blocked = run_taker(m, a, s, slot, px)
        if m.o_live[slot] != 0 and m.o_venue[slot] == venue and blocked != 0:
            respond(m, EXPIRED, slot, px, qty, m.o_left[slot], SELF_TRADE)
            remove(m, a, i, slot)
    trim_reduce_only(m, a, s)


@kernel
def on_request(m: Market, a: Account, s: Spec) -> None:
    """The request at the head of the ring has arrived."""
    k = m.q_head % QUEUE
    m.q_head += 1
    kind = m.q_kind[k]
    if kind == CANCEL:
        on_cancel(m, a, s, k)
    elif kind != CREATE and kind != AMEND:
        refuse(m, k, REJECTED, 0, BAD_REQUEST)
    elif m.f_reject != 0 or m.f_cancel_only != 0:
        code = m.f_reject
        if code == 0:
            code = VENUE_CLOSED
        refuse(m, k, REJECTED if kind == CREATE else AMEND_REJECTED, m.q_venue[k], code)
    elif kind == CREATE:
        m.i_create += 1
        if m.busy[m.i_create % DRAWS] != 0:
            refuse(m, k, REJECTED, 0, VENUE_BUSY)
        else:
            on_create(m, a, s, k)
    else:
        on_amend(m, a, s, k)
