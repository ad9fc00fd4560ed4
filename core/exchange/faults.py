"""Faults and venue-made changes, injected at the exchange half: one door, one list of names.

They act at `Market.now`. What concerns only the wire (lost, doubled, delayed reports) never changes the venue's truth.
"""

from __future__ import annotations

from core.domain.instrument import Spec
from core.domain.order import CANCELED, DELEVERAGED
from core.domain.reasons import VENUE_ACTION
from core.exchange.blocks import Account, Market
from core.exchange.matching import remove
from core.exchange.orders import find
from core.exchange.venue_made import cancel_all, close_at, liquidate, transfer
from core.exchange.wire import respond
from core.kernel import door

ADL = 1  # a = lots (0 = all), b = price ticks (0 = mark): the venue closes part of the position
LIQUIDATE = 2  # whatever the margin
CANCEL_ORDER = 3  # a = venue id (0 = every order of the instrument)
TRANSFER = 4  # a = 1e-8 quote, < 0 withdraws
CANCEL_ONLY = 5  # a = 1 on, 0 off
REJECT_ALL = 6  # a = reason code given, 0 = off
FILTERS = 7  # a = price step ticks, b = size step lots, c = min notional; 0 = leave
MIN_LOTS = 8  # a = smallest size
LOSE = 9  # a = how many of the next reports never arrive
DOUBLE = 10  # a = how many of the next reports arrive twice
DELAY = 11  # a = how many of the next reports arrive late, b = by ns; later ones may overtake them
FUNDING_RATE = 12  # a = rate 1e-8
NAMES = {
    "adl": ADL,
    "liquidate": LIQUIDATE,
    "cancel_order": CANCEL_ORDER,
    "transfer": TRANSFER,
    "cancel_only": CANCEL_ONLY,
    "reject_all": REJECT_ALL,
    "filters": FILTERS,
    "min_lots": MIN_LOTS,
    "lose": LOSE,
    "double": DOUBLE,
    "delay": DELAY,
    "funding_rate": FUNDING_RATE,
}


@door
def inject(M: Market, A: Account, S: Spec, now: int, what: int, a: int, b: int, c: int) -> int:
    """Do `what` at max(now, Market.now); returns 1 where it changed something or was armed, else 0."""
    m, acc, s = M[0], A[0], S[0]
    i = s.index
    m.now = max(m.now, now)
    if what == ADL:
        size = abs(acc.pos[i])
        if a > 0:
            size = min(size, a)
        px = b
        if px <= 0:
            px = acc.mark[i]
        if size == 0 or px <= 0:
            return 0
        close_at(m, acc, s, DELEVERAGED, size, px, 0)
    elif what == LIQUIDATE:
        if acc.pos[i] == 0 or acc.mark[i] <= 0:
            return 0
        liquidate(m, acc, s)
    elif what == CANCEL_ORDER:
        if a == 0:
            return min(1, cancel_all(m, acc, s, VENUE_ACTION))
        slot = find(m, 0, a)
        if slot < 0:
            return 0
        respond(m, CANCELED, slot, m.o_px[slot], m.o_qty[slot], m.o_left[slot], VENUE_ACTION)
        remove(m, acc, i, slot)
    elif what == TRANSFER:
        transfer(m, acc, s, a)
    elif what == CANCEL_ONLY:
        m.f_cancel_only = a
    elif what == REJECT_ALL:
        m.f_reject = a
    elif what == FILTERS:
        if a > 0:
            m.px_step = a
        if b > 0:
            m.qty_step = b
        if c > 0:
            m.min_notional = c
    elif what == MIN_LOTS:
        m.min_lots = a
    elif what == LOSE:
        m.f_lose = a
    elif what == DOUBLE:
        m.f_double = a
    elif what == DELAY:
        m.f_delay = a
        m.f_delay_ns = b
    elif what == FUNDING_RATE:
        m.funding_rate = a
    else:
        return 0
    return 1
