"""Feed rows into the View's book: full snapshots, changes of one best, gaps. Integers only, no estimating.

A locked book (bid = ask) is legal; a crossed or one-sided one is not a book to price from (`book_ok` 0).
"""

from __future__ import annotations

from core.domain.book import LEVELS, Feed, View
from core.domain.units import BUY, SELL
from core.kernel import kernel
from core.signals.blocks import Signals


@kernel
def copy_book(v: View, f: Feed, row: int) -> None:
    """Full snapshot `row` of both sides; levels with no price or no size end a side."""
    for side in range(2):
        n = 0
        while n < LEVELS and f.book_px[row, side, n] > 0 and f.book_sz[row, side, n] > 0:
            v.px[side][n] = f.book_px[row, side, n]
            v.sz[side][n] = f.book_sz[row, side, n]
            n += 1
        for i in range(n, v.n_levels[side]):
            v.px[side][i] = 0
            v.sz[side][i] = 0
        v.n_levels[side] = n
    v.n_books += 1


@kernel
def set_best(v: View, side: int, px: int, sz: int) -> None:
    """The best of one side is now `px`: levels better than it are gone; size 0 or price 0 empties the side."""
    n = v.n_levels[side]
    keep = 0  # first level that is not better than px
    if px <= 0 or sz <= 0:
        keep = n
    while keep < n and ((side == BUY and v.px[side][keep] > px) or (side == SELL and v.px[side][keep] < px)):
        keep += 1
    alone = px <= 0 or sz <= 0
    same = keep < n and v.px[side][keep] == px
    shift = keep if alone or same else keep - 1
    if shift < 0:  # one level more, the deepest falls off
        n = min(n + 1, LEVELS)
        for i in range(n - 1, 0, -1):
            v.px[side][i] = v.px[side][i - 1]
            v.sz[side][i] = v.sz[side][i - 1]
    elif shift > 0:
        for i in range(n - shift):
            v.px[side][i] = v.px[side][i + shift]
            v.sz[side][i] = v.sz[side][i + shift]
        for i in range(n - shift, n):
            v.px[side][i] = 0
            v.sz[side][i] = 0
        n -= shift
    if not alone:
        v.px[side][0] = px
        v.sz[side][0] = sz
    v.n_levels[side] = n


@kernel
def gap(v: View, g: Signals, lost: int) -> None:
    """Events were lost. With a source of full books wait for the next one, else both bests must come anew."""
    v.n_gaps += 1
    v.n_lost += max(0, lost)
    if v.n_books > 0:
        g.book_wait = 1
    else:
        v.n_levels[BUY] = 0
        v.n_levels[SELL] = 0


@kernel
def judge_book(v: View, g: Signals) -> int:
    """Set and return `book_ok`: both sides there, not crossed, not waiting after a gap."""
    ok = 0
    if v.n_levels[BUY] > 0 and v.n_levels[SELL] > 0 and g.book_wait == 0:
        if v.px[BUY][0] <= v.px[SELL][0]:
            ok = 1
        else:
            g.n_crossed += 1
    v.book_ok = ok
    return ok
