"""Our own quotes taken out of the book before pricing: the best prices and sizes of the others.

Only where the feed shows our orders (`view.own_in_book`). Leaves the View as the venue shows it; what remains after
the subtraction is in `Signals.bid .. ask_lots` and, for depth, in `others_lots`. Idempotent.
"""

from __future__ import annotations

from core.domain.book import View
from core.domain.order import FREE, LIMIT, RESTING_REJECT, SLOTS, Ledger
from core.domain.units import BUY, SELL
from core.kernel import door, kernel
from core.signals.blocks import Signals


@kernel
def note_own(g: Signals, ledger: Ledger) -> None:
    """Remember every limit order of ours that the venue may show now: not only LIVE, also in flight or UNKNOWN."""
    g.n_own[BUY] = 0
    g.n_own[SELL] = 0
    for slot in range(SLOTS):
        state = ledger.state[slot]
        if state not in (FREE, RESTING_REJECT) and ledger.type[slot] == LIMIT and ledger.left[slot] > 0:
            side = ledger.side[slot]
            n = g.n_own[side]
            g.own_px[side][n] = ledger.px[slot]
            g.own_lots[side][n] = ledger.left[slot]
            g.n_own[side] = n + 1


@kernel
def others_lots(v: View, g: Signals, side: int, level: int) -> int:
    """Lots of others at one level of the View; 0 where the level holds no more than we may have there."""
    lots: int = v.sz[side][level]
    if v.own_in_book == 1:
        px = v.px[side][level]
        for k in range(g.n_own[side]):
            if g.own_px[side][k] == px:
                lots -= g.own_lots[side][k]
    return max(0, lots)


@kernel
def price_outside(v: View, g: Signals, ts: int) -> int:
    """Best prices of others and their mid into `g`; returns and sets `priced`."""
    ok = v.book_ok
    for side in range(2):
        level = 0
        lots = 0
        while level < v.n_levels[side] and lots == 0:
            lots = others_lots(v, g, side, level)
            level += 1
        if lots == 0:
            ok = 0
        elif side == BUY:
            g.bid = v.px[side][level - 1]
            g.bid_lots = lots
        else:
            g.ask = v.px[side][level - 1]
            g.ask_lots = lots
        g.skip[side] = max(0, level - 1)
    if ok == 1:
        g.mid = (g.bid + g.ask) * 0.5
        g.ts_unpriced = 0
    elif g.priced == 1:
        g.ts_unpriced = ts
    g.priced = ok
    return ok


@kernel
def take_out_own(v: View, g: Signals, ledger: Ledger, now: int) -> int:
    """Bring `g`'s outside prices up to date with the ledger; returns 1 when there is a book to price from."""
    if v.own_in_book == 1:
        note_own(g, ledger)
        return price_outside(v, g, now)
    return int(g.priced)


@door
def outside_best(V: View, G: Signals, L: Ledger, now: int) -> int:
    """`take_out_own` for callers that want the others' prices at once after own orders changed."""
    return take_out_own(V[0], G[0], L[0], now)
