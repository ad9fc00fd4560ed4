"""Fills: a set keyed by trade id, and what one fill does to position and money.

Owns the two-generation hash set and the arithmetic of the cost basis. Knows nothing of orders.
Realised + unrealised is exact to the unit, whatever the cost parts are rounded to.
"""

from __future__ import annotations

from core.domain.order import SEEN, Ledger
from core.domain.units import muldiv_up, sign_of
from core.kernel import kernel

HALF_SEEN = SEEN // 2
SYNTHETIC = 1 << 62  # ids of venue-made changes that carry none


@kernel
def home_of(key: int) -> int:
    """First cell of a key: small factors only, since compiled products wrap and plain ones do not."""
    return (key % 2147483629) * 48271 % 2147483647 % SEEN


@kernel
def synthetic_id(ts: int, side: int, px: int, qty: int) -> int:
    """The same id each time for a liquidation or ADL that the venue reports without a trade id (R-O5)."""
    return SYNTHETIC + (ts % 2147483629) * 131071 + (px % 2147483629 * 31 + qty % 2147483629 * 7 + side) % 131071


@kernel
def is_seen(o: Ledger, key: int) -> int:
    """1 when `key` is in either generation. At most half of each table is used, so the probe ends."""
    for g in range(2):
        i = home_of(key)
        while o.seen[g][i] != 0:
            if o.seen[g][i] == key:
                return 1
            i = (i + 1) % SEEN
    return 0


@kernel
def first_time(o: Ledger, key: int) -> int:
    """1 and remembered when `key` (not 0) is new, else 0. At least the newest SEEN / 2 ids are remembered."""
    if is_seen(o, key) == 1:
        return 0
    if o.seen_n >= HALF_SEEN:
        o.seen_now = 1 - o.seen_now
        o.seen_n = 0
        for j in range(SEEN):
            o.seen[o.seen_now][j] = 0
    i = home_of(key)
    while o.seen[o.seen_now][i] != 0:
        i = (i + 1) % SEEN
    o.seen[o.seen_now][i] = key
    o.seen_n += 1
    return 1


@kernel
def book_fill(o: Ledger, side: int, px: int, qty: int, unit: int) -> None:
    """Position, cost basis and realised PnL after `qty` lots at `px` ticks.

    Closing takes a part of the cost in proportion, rounded up: against us for a long and for a short. What is rounded
    away stays in the cost of what is still held, so `realised - cost` moves by exactly the cash of the fill.
    """
    sign = sign_of(side)
    value = px * qty * unit
    o.traded_lots[side] += qty
    if sign > 0:
        o.buy_notional += value
    else:
        o.sell_notional += value
    rest = qty
    if o.pos * sign < 0:
        held = abs(o.pos)
        closed = min(qty, held)
        part = muldiv_up(o.cost, closed, held)
        o.realised += -sign * px * closed * unit - part
        o.cost -= part
        o.pos += sign * closed
        rest = qty - closed
    o.pos += sign * rest
    o.cost += sign * px * rest * unit
