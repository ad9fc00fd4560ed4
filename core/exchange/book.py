"""The exchange's own book: how feed rows change it, and the mark that follows from it.

Matching of our orders is called from here; no row ever depends on what we hold.
"""

from __future__ import annotations

from core.domain.book import F_BBO, F_BOOK, F_GAP, F_MARK, F_TRADE, LEVELS, Feed
from core.domain.instrument import Spec
from core.domain.units import BUY, FAR, SELL, sign_of
from core.exchange.blocks import Account, Market
from core.exchange.matching import cross, match_book, on_trade, requeue
from core.exchange.venue_made import check_margin
from core.kernel import kernel


@kernel
def mark_from_mid(m: Market, a: Account, s: Spec) -> None:
    """Without a mark stream the mark is the mid, half ticks down; then margin is checked."""
    if m.has_mark != 0 or m.sz[BUY][0] == 0 or m.sz[SELL][0] == 0:
        return
    mark = (m.px[BUY][0] + m.px[SELL][0]) // 2
    if mark != a.mark[s.index]:
        a.mark[s.index] = mark
        if a.pos[s.index] != 0:
            check_margin(m, a, s)


@kernel
def on_book(m: Market, a: Account, s: Spec, f: Feed, row: int) -> None:
    """A full snapshot replaces both sides; what we took before is shown again if the venue shows it."""
    for side in range(2):
        for i in range(LEVELS):
            size = f.book_sz[row, side, i]
            if size == 0 and m.sz[side][i] == 0:
                break
            m.px[side][i] = f.book_px[row, side, i]
            m.sz[side][i] = size
    if m.any_took != 0:
        for side in range(2):
            for i in range(LEVELS):
                m.took[side][i] = 0
        m.any_took = 0
    m.book_ok = 1
    if m.n_live > 0:
        for side in range(2):
            if m.n_own[side] > 0:
                requeue(m, side, False)
        cross(m, a, s, BUY)
        cross(m, a, s, SELL)


@kernel
def set_level(m: Market, side: int, i: int, px: int, sz: int, took: int) -> None:
    m.px[side][i] = px
    m.sz[side][i] = sz
    m.took[side][i] = took


@kernel
def drop_best(m: Market, side: int) -> None:
    """The best level of a side is gone."""
    for i in range(LEVELS - 1):
        if m.sz[side][i] == 0:
            return
        set_level(m, side, i, m.px[side][i + 1], m.sz[side][i + 1], m.took[side][i + 1])
    set_level(m, side, LEVELS - 1, 0, 0, 0)


@kernel
def on_bbo(m: Market, a: Account, s: Spec, side: int, px: int, sz: int) -> None:
    """A new best of one side: better levels go, levels of the other side that it crosses go."""
    g = sign_of(side)
    while m.sz[side][0] > 0 and m.px[side][0] * g >= px * g:
        drop_best(m, side)
    if sz > 0:
        for j in range(LEVELS - 1):
            i = LEVELS - 1 - j
            set_level(m, side, i, m.px[side][i - 1], m.sz[side][i - 1], m.took[side][i - 1])
        set_level(m, side, 0, px, sz, 0)
        while m.sz[1 - side][0] > 0 and m.px[1 - side][0] * g < px * g:
            drop_best(m, 1 - side)
    m.book_ok = 1
    if m.n_live > 0:
        match_book(m, a, s, side, True)


@kernel
def on_mark(m: Market, a: Account, s: Spec, mark: int, rate: int, settlement: int) -> None:
    """The venue's mark price, funding rate and next settlement; each only where it is given."""
    if rate != FAR:
        m.funding_rate = rate
    if settlement > m.now:
        m.next_funding = settlement
    if mark > 0:
        m.has_mark = 1
        if mark != a.mark[s.index]:
            a.mark[s.index] = mark
            if a.pos[s.index] != 0:
                check_margin(m, a, s)


@kernel
def on_row(m: Market, a: Account, s: Spec, f: Feed, i: int) -> None:
    """One feed row acts on the exchange half."""
    kind = f.kind[i]
    row = f.row[i]
    if kind == F_TRADE:
        on_trade(m, a, s, f.small[row, 0], f.small[row, 1], f.small[row, 2])
    elif kind == F_BOOK:
        on_book(m, a, s, f, row)
        mark_from_mid(m, a, s)
    elif kind == F_BBO:
        on_bbo(m, a, s, f.small[row, 0], f.small[row, 1], f.small[row, 2])
        mark_from_mid(m, a, s)
    elif kind == F_MARK:
        on_mark(m, a, s, f.small[row, 0], f.small[row, 2], f.small[row, 3])
    elif kind == F_GAP:
        m.book_ok = 0
