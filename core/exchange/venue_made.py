"""What the venue does to us without being asked: funding, liquidation, auto-deleveraging, cancels.

Liquidation looks at the mark, never at the last trade; the position goes over at its bankruptcy price, so the whole
margin of its pool is lost (the part below one tick is the liquidation fee). Partial liquidation is not modelled.
"""

from __future__ import annotations

from core.domain.instrument import Spec
from core.domain.order import CANCELED, FUNDED, LIQUIDATED, TRANSFERRED
from core.domain.reasons import VENUE_ACTION
from core.domain.units import BUY, SELL, sign_of
from core.exchange.accounts import book_fill, book_funding, book_transfer, pool_equity, pool_maintenance, trade_id_of
from core.exchange.blocks import Account, Market
from core.exchange.matching import remove, trim_reduce_only
from core.exchange.wire import note, post, respond
from core.kernel import kernel
from core.models.funding import funding_payment, next_settlement


@kernel
def cancel_all(m: Market, a: Account, s: Spec, code: int) -> int:
    """The venue cancels every resting order of the instrument; returns how many."""
    n = 0
    for side in range(2):
        while m.n_own[side] > 0:
            slot = m.own[side][0]
            respond(m, CANCELED, slot, m.o_px[slot], m.o_qty[slot], m.o_left[slot], code)
            remove(m, a, s.index, slot)
            n += 1
    return n


@kernel
def close_at(m: Market, a: Account, s: Spec, kind: int, qty: int, px: int, fee: int) -> None:
    """Take `qty` lots of the position off at `px` without an order of ours: LIQUIDATED or DELEVERAGED."""
    i = s.index
    side = SELL
    if a.pos[i] < 0:
        side = BUY
    book_fill(a, i, qty * sign_of(side), px, fee)
    trade = trade_id_of(a)
    note(m, kind, 0, 0, side, px, qty, 0, trade, fee, 0, 0, VENUE_ACTION, 0, 0)
    post(m, kind, 0, 0, side, px, qty, 0, trade, fee, 0, 0, VENUE_ACTION)
    trim_reduce_only(m, a, s)


@kernel
def liquidate(m: Market, a: Account, s: Spec) -> None:
    """Cancel all orders of the instrument, then close the whole position at the bankruptcy price of its pool."""
    i = s.index
    cancel_all(m, a, s, VENUE_ACTION)
    size = abs(a.pos[i])
    if size == 0:
        return
    equity = pool_equity(a, i)
    ticks = equity // (size * a.unit[i])
    fee = equity - ticks * size * a.unit[i]
    px = a.mark[i] - ticks
    if a.pos[i] < 0:
        px = a.mark[i] + ticks
    if px < 1:
        px = 1
        fee = 0
    m.n_liquidations += 1
    close_at(m, a, s, LIQUIDATED, size, px, fee)


@kernel
def check_margin(m: Market, a: Account, s: Spec) -> None:
    """Liquidate the position where its pool's equity is at or below the maintenance margin at the marks."""
    i = s.index
    if a.pos[i] != 0 and pool_equity(a, i) <= pool_maintenance(a, i):
        liquidate(m, a, s)


@kernel
def settle(m: Market, a: Account, s: Spec) -> None:
    """Funding at the settlement instant, before any other event of that instant; only an open position pays."""
    i = s.index
    rate = m.funding_rate
    if s.funding_cap > 0:
        rate = min(max(rate, -s.funding_cap), s.funding_cap)
    m.next_funding = next_settlement(m.next_funding, s.funding_interval_ns, s.funding_offset_ns)
    if a.pos[i] == 0 or a.mark[i] <= 0:
        return
    amount = funding_payment(a.pos[i], a.mark[i], a.unit[i], rate)
    book_funding(a, i, amount)
    side = BUY
    if a.pos[i] < 0:
        side = SELL
    trade = trade_id_of(a)
    size = abs(a.pos[i])
    note(m, FUNDED, 0, 0, side, a.mark[i], size, 0, trade, 0, 0, amount, 0, 0, 0)
    post(m, FUNDED, 0, 0, side, a.mark[i], size, 0, trade, 0, 0, amount, 0)
    check_margin(m, a, s)


@kernel
def transfer(m: Market, a: Account, s: Spec, amount: int) -> None:
    """A deposit or withdrawal, reported like any other change."""
    book_transfer(a, amount)
    trade = trade_id_of(a)
    note(m, TRANSFERRED, 0, 0, 0, 0, 0, 0, trade, 0, 0, amount, 0, 0, 0)
    post(m, TRANSFERRED, 0, 0, 0, 0, 0, 0, trade, 0, 0, amount, 0)
    check_margin(m, a, s)
