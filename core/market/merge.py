"""Streams of one instrument to one `Feed`: order of events, holes, and trades that belong to no known book.

Order at equal exchange time: gap, trade, mark, best price, snapshot. Trades go first because a snapshot stamped with
the same time already shows what they took: the other way round a queue would shrink twice, kinder than live.
"""

from __future__ import annotations

import numpy as np

from core.domain.book import F_BBO, F_BOOK, F_GAP, F_MARK, F_TRADE, Feed
from core.domain.errors import DataError
from core.domain.instrument import Instrument
from core.domain.units import NS_PER_S
from core.market.receive import in_order, offset_corrected
from core.market.streams import Books, Ints, Rows, Streams

HOLE_NS = 5 * NS_PER_S  # a silent book of this length is a hole unless the instrument declares a longer limit
_PRIORITY = {F_GAP: 0, F_TRADE: 1, F_MARK: 2, F_BBO: 3, F_BOOK: 4}


def merge(streams: Streams, instrument: Instrument) -> Feed:
    """One feed of all streams; rows of kind F_GAP carry their lost messages in column 0 of `small`.

    Fills `streams.counts` (holes, trades before the first book) and `streams.labels` (clock offset).
    Raises DataError when no usable book is left.
    """
    books = streams.books
    if books is None or not len(books.ts_exch):
        raise DataError(f"Expected a book of {instrument.symbol} in the files, was none; add the book or bbo file")
    if streams.replays:
        streams.rows = [_from_first_book(streams, rows, int(books.ts_exch.min())) for rows in streams.rows]
    kinds, rows, exch, recv, small = _concat(books, streams.rows)
    if not streams.one_clock:
        recv, offset = offset_corrected(exch, recv)
        if offset:
            streams.counts["clock offset us"] = offset // 1000
            streams.labels.append(
                f"receive times corrected: the recorder's clock was {-offset / 1e6:.1f} ms behind; "
                "fastest delivery assumed 5 ms"
            )
    back = _holes(streams, kinds, exch, instrument)
    kinds, rows = np.append(kinds, np.full(len(back), F_GAP)), np.append(rows, np.zeros(len(back), np.int64))
    exch, recv = np.append(exch, exch[back]), np.append(recv, recv[back])
    order = in_event_order(kinds, exch)
    kinds, rows, exch, recv = kinds[order], rows[order], exch[order], recv[order]
    recv = exch.copy() if streams.one_clock else in_order(exch, recv)
    return Feed(exch, recv, kinds, rows, books.px, books.sz, small)


def in_event_order(kinds: Ints, exch: Ints) -> Ints:
    """Positions in order of exchange time, at equal time as the module says; otherwise as they stand."""
    priority = np.array([_PRIORITY[kind] for kind in range(5)], np.int64)[kinds]
    order: Ints = np.lexsort((priority, exch))
    return order


def _from_first_book(streams: Streams, rows: Rows, first: int) -> Rows:
    """Trades older than the first book are the replay at the head of a subscription: they cannot be ours."""
    if rows.kind != F_TRADE:
        return rows
    keep = rows.ts_exch >= first
    streams.drop("before the first book", int((~keep).sum()))
    return Rows(rows.kind, rows.ts_exch[keep], rows.ts_recv[keep], rows.small[keep])


def _concat(books: Books, streams: list[Rows]) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    n = len(books.ts_exch)
    kinds, rows = [np.full(n, F_BOOK, np.int64)], [np.arange(n, dtype=np.int64)]
    exch, recv, small, base = [books.ts_exch], [books.ts_recv], [np.zeros((0, 4), np.int64)], 0
    for stream in streams:
        n = len(stream.ts_exch)
        kinds.append(np.full(n, stream.kind, np.int64))
        exch.append(stream.ts_exch)
        recv.append(stream.ts_recv)
        if stream.kind == F_GAP:
            rows.append(stream.small[:, 0])
            continue
        rows.append(np.arange(base, base + n, dtype=np.int64))
        small.append(stream.small)
        base += n
    return tuple(np.concatenate(x) for x in (kinds, rows, exch, recv, small))  # type: ignore[return-value]


def _holes(streams: Streams, kinds: Ints, exch: Ints, instrument: Instrument) -> Ints:
    """Events at which the book comes back after silence: a gap row goes before each, for what rested is not known."""
    quoted = np.flatnonzero((kinds == F_BOOK) | (kinds == F_BBO))
    quoted = quoted[np.argsort(exch[quoted], kind="stable")]
    silent = np.diff(exch[quoted])
    streams.counts["book holes over 5 s"] = int((silent > HOLE_NS).sum())
    streams.counts["longest book hole ms"] = int(silent.max()) // 1_000_000 if len(silent) else 0
    back: Ints = quoted[1:][silent > max(HOLE_NS, instrument.book_stale_ns)]
    streams.counts["holes"] += len(back)
    return back
