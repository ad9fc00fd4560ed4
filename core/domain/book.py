"""Market columns as every source delivers them, and our view of one instrument built from them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from core.kernel import Block, Col1, Col2, Col3, columns, i64, i64s

LEVELS = 20  # depth kept, ours and the exchange's

F_BOOK = 0  # row of book_px / book_sz: full snapshot of both sides, best first, empty levels px 0 sz 0
F_BBO = 1  # row of small: side, px, sz, 0: the best of one side changed
F_TRADE = 2  # row of small: px, sz, aggressor side +1 buy -1 sell 0 unknown, trade id
F_MARK = 3  # row of small: mark px, index px (0 = none), funding rate 1e-8 (FAR = none), next settlement ns (0 = none)
F_GAP = 4  # sequence gap or reconnect: the book is not valid until the next F_BOOK; row = lost messages


@columns
class Feed(NamedTuple):
    """One instrument's market events in exchange order. n events, all int64.

    ts_exch, ts_recv (ns; ts_recv never steps back and is >= ts_exch), kind (F_*), row: shape (n,).
    book_px, book_sz: shape (books, 2, LEVELS), ticks and lots, [.., BUY, 0] is the best bid. small: shape (m, 4).
    """

    ts_exch: Col1
    ts_recv: Col1
    kind: Col1
    row: Col1
    book_px: Col3
    book_sz: Col3
    small: Col2


def empty_feed() -> Feed:
    """A feed of no events, with the right shapes."""
    z = np.zeros(0, np.int64)
    book = np.zeros((0, 2, LEVELS), np.int64)
    return Feed(z, z, z, z, book, book, np.zeros((0, 4), np.int64))


class View(Block):
    """What we know of one instrument: our half, never the exchange's. Prices ticks, sizes lots, times ns.

    `book_ok` is 0 before the first book, while crossed, and after a gap until the next snapshot.
    """

    now: i64
    ts_exch: i64
    ts_recv: i64
    book_ok: i64
    n_levels: i64s[2]
    px: i64s[2, LEVELS]
    sz: i64s[2, LEVELS]
    n_books: i64
    n_trades: i64
    n_gaps: i64
    n_lost: i64
    ts_trade: i64
    trade_px: i64
    trade_sz: i64
    trade_side: i64
    mark: i64
    index: i64
    mark_from_mid: i64  # 1 = the source has no mark stream; mark is the mid
    funding_rate: i64
    next_funding: i64
    own_in_book: i64  # 1 = the feed shows our own orders and they must be taken out before pricing
