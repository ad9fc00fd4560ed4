"""Aster recordings: one clock only, so receive times are modelled when the recording is opened.

Traps: the trades of ETH have a REST back-fill appended (time steps back by up to 44 s) and begin before the book; the
bbo file of BTC has one backward step, no sizes and no depth: its touch gets an assumed size, said in the labels.
"""

from __future__ import annotations

import pathlib

import numpy as np

from core.codec.columns import units_of
from core.domain.book import F_TRADE, LEVELS
from core.domain.instrument import Instrument
from core.domain.units import BUY, NS_PER_MS, NS_PER_S, SELL
from core.market.files import FLOAT_LEVEL, Columns, stamps
from core.market.levelled import books_of
from core.market.priced import add_priced_trades
from core.market.streams import Books, Ints, Streams, fault_mask, good_books, refuse_off_grid, refuse_unsorted

BACKFILL_STEPS, BACKFILL_NS = 8, 60 * NS_PER_S
BBO_STEPS, BBO_BACK_NS = 8, NS_PER_S


def add_book(streams: Streams, columns: Columns, path: pathlib.Path, instrument: Instrument) -> None:
    """Ten-level snapshots. Raises DataError for rows out of order or off the grid."""
    exch = stamps(columns, "ts_ms", NS_PER_MS, path)
    refuse_unsorted(exch, path, 0, 0)
    streams.one_clock = True
    streams.books = books_of(
        streams,
        columns,
        FLOAT_LEVEL,
        exch,
        exch,
        instrument,
        path,
        lambda values: units_of(values, instrument.tick),
        lambda values: units_of(values, instrument.lot),
    )


def add_trades(streams: Streams, columns: Columns, path: pathlib.Path, instrument: Instrument) -> None:
    """Trades sorted by time (the merge does it), repeated ids dropped."""
    exch = stamps(columns, "ts_ms", NS_PER_MS, path)
    streams.counts["back steps"] += refuse_unsorted(exch, path, BACKFILL_STEPS, BACKFILL_NS)
    streams.one_clock = True
    add_priced_trades(streams, columns, "quantity", exch, exch, path, instrument)


def add_bbo(streams: Streams, columns: Columns, path: pathlib.Path, instrument: Instrument) -> None:
    """Best prices as books of one level. Its size is not recorded: `assume_touch` fills it in once trades are known."""
    exch = stamps(columns, "ts_recv_ms", NS_PER_MS, path)
    streams.counts["back steps"] += refuse_unsorted(exch, path, BBO_STEPS, BBO_BACK_NS)
    streams.one_clock = True
    bid, bad_bid = units_of(columns["bid"], instrument.tick)
    ask, bad_ask = units_of(columns["ask"], instrument.tick)
    refuse_off_grid(bad_bid, "price", instrument.tick, path, instrument)
    refuse_off_grid(bad_ask, "price", instrument.tick, path, instrument)
    streams.counts["book rows"] += len(bid)
    clean = fault_mask(streams, bad_bid, bad_ask)
    n = len(bid)
    px, sz = np.zeros((n, 2, LEVELS), np.int64), np.zeros((n, 2, LEVELS), np.int64)
    px[:, BUY, 0], px[:, SELL, 0], sz[:, :, 0] = bid, ask, 1
    px, sz, exch = px[clean], sz[clean], exch[clean]
    good = good_books(streams, px, sz, instrument.unit)
    order = np.argsort(exch[good], kind="stable")
    exch = exch[good][order]
    streams.books = Books(exch, exch, px[good][order], sz[good][order])
    streams.counts["touch size assumed"] = 1


def assume_touch(streams: Streams) -> None:
    """Gives a book without sizes one: the 95 % quantile of what traded at one price in one instant.

    A queue of that length is as long as nearly all bursts at the touch could prove it to be.
    """
    if streams.books is None or not streams.counts["touch size assumed"]:
        return
    size = max(1, _burst_quantile(streams, 0.95))
    streams.books.sz[:, :, 0] = size
    streams.counts["touch size assumed"] = size
    streams.labels.append(f"the file has no sizes: {size} lots assumed at the touch, no depth behind it")


def _burst_quantile(streams: Streams, q: float) -> int:
    for rows in streams.rows:
        if rows.kind == F_TRADE and len(rows.ts_exch):
            order = np.lexsort((rows.small[:, 0], rows.ts_exch))
            ts, px, sz = rows.ts_exch[order], rows.small[order, 0], rows.small[order, 1]
            new: Ints = np.flatnonzero(np.r_[True, (np.diff(ts) != 0) | (np.diff(px) != 0)])
            return int(np.quantile(np.add.reduceat(sz, new), q))
    return 1
