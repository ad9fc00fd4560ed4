"""The door from the feed to our view: rows that became visible into the View and through every estimator.

Every row is seen, in order, at its `ts_recv`; instantaneous values are taken once, at the end of the slice.
Must not decide, and must not touch orders.
"""

from __future__ import annotations

from core.domain.book import F_BBO, F_BOOK, F_GAP, F_MARK, F_TRADE, Feed, View
from core.domain.units import BUY, SELL
from core.kernel import door, kernel
from core.signals.blocks import SignalParams, Signals
from core.signals.book import copy_book, gap, judge_book, set_best
from core.signals.imbalance import update_imbalance
from core.signals.micro_price import update_micro_price
from core.signals.momentum import advance_momentum, update_momentum
from core.signals.own import price_outside
from core.signals.regime import update_regime
from core.signals.shock import roll_shock, update_shock
from core.signals.volatility import sample_volatility
from core.signals.vpin import update_vpin


@kernel
def see_book(v: View, g: Signals, p: SignalParams, ts: int) -> None:
    """After a change of the book: judge it, price it without our own quotes, sample the mid."""
    standing = g.mid
    was_priced = g.priced
    judge_book(v, g)
    if price_outside(v, g, ts) == 1:
        g.ts_priced = ts
        if was_priced == 0 or standing <= 0.0:
            standing = g.mid
        advance_momentum(g, p, ts, standing)
        if sample_volatility(g, p, ts, g.mid) == 1:
            update_regime(g, p)
        if g.mid != g.shock_mid:
            update_shock(g, ts, g.mid)
        else:
            g.shock_ok = 1
        if v.mark_from_mid == 1:
            v.mark = (g.bid + g.ask) // 2
    update_imbalance(v, g, p, ts)


@kernel
def see_trade(v: View, g: Signals, p: SignalParams, ts: int, px: int, lots: int, aggressor: int) -> None:
    """A public trade; one without price or size changes nothing."""
    if px <= 0 or lots <= 0:
        g.n_bad_rows += 1
        return
    v.ts_trade = ts
    v.trade_px = px
    v.trade_sz = lots
    v.trade_side = aggressor
    v.n_trades += 1
    update_vpin(g, p, ts, px, lots, aggressor)


@kernel
def see_mark(v: View, mark: int, index: int, rate: int, settlement: int) -> None:
    """Mark, index and funding as the venue says; an absent mark leaves the mid in its place."""
    if mark > 0:
        v.mark = mark
        v.mark_from_mid = 0
    if index > 0:
        v.index = index
    v.funding_rate = rate
    v.next_funding = settlement


@door
def observe(V: View, G: Signals, P: SignalParams, F: Feed, first: int, last: int, now: int) -> int:
    """Apply feed rows first .. last-1 (visible at `now`, ns) to the View and the estimators; returns how many."""
    v, g, p = V[0], G[0], P[0]
    for i in range(first, last):
        kind = F.kind[i]
        row = F.row[i]
        ts = F.ts_recv[i]
        v.ts_exch = F.ts_exch[i]
        v.ts_recv = ts
        if kind == F_BOOK:
            copy_book(v, F, row)
            g.book_wait = 0
            see_book(v, g, p, ts)
        elif kind == F_BBO:
            side = F.small[row, 0]
            if side in (BUY, SELL):
                set_best(v, side, F.small[row, 1], F.small[row, 2])
                see_book(v, g, p, ts)
            else:
                g.n_bad_rows += 1
        elif kind == F_TRADE:
            see_trade(v, g, p, ts, F.small[row, 0], F.small[row, 1], F.small[row, 2])
        elif kind == F_MARK:
            see_mark(v, F.small[row, 0], F.small[row, 1], F.small[row, 2], F.small[row, 3])
        elif kind == F_GAP:
            gap(v, g, row)
            see_book(v, g, p, ts)
        else:
            g.n_bad_rows += 1
    v.now = now
    settle(v, g, p, now)
    return max(0, last - first)


@kernel
def settle(v: View, g: Signals, p: SignalParams, now: int) -> None:
    """Values that hold at `now`: windows in time move on even when the market is silent.

    Nothing is sampled here that a later row could not also have told, so the slicing leaves no trace.
    """
    roll_shock(g, now)
    update_micro_price(g)
    if g.priced == 1:
        advance_momentum(g, p, now, g.mid)
        update_momentum(g, g.mid)
    else:
        g.momentum_ok = 0
