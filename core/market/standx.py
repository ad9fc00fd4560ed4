"""StandX recordings: integer columns in hundredths of USD and ten-thousandths of BTC, books on a 0.10 grid.

Traps: 46 % of the rows are locked (bid = ask), kept; the aggressor's side was lost at the collector and its guess
leans to buys, so every trade has side 0 here: flow signals must see "unknown", never a biased guess.
"""

from __future__ import annotations

import pathlib

import numpy as np

from core.codec.columns import rescaled
from core.domain.book import F_TRADE
from core.domain.instrument import Instrument
from core.domain.units import NS_PER_MS
from core.market.files import STANDX_LEVEL, Columns, stamps
from core.market.levelled import books_of
from core.market.streams import Rows, Streams, fault_mask, refuse_off_grid, refuse_unsorted, small_of, too_large

PRICE_STEP, SIZE_STEP = "0.01", "0.0001"


def add_book(streams: Streams, columns: Columns, path: pathlib.Path, instrument: Instrument) -> None:
    """The 10-level snapshots. Raises DataError for rows out of order or off the grid."""
    exch = stamps(columns, "ts_exch_ms", NS_PER_MS, path)
    refuse_unsorted(exch, path, 0, 0)
    streams.books = books_of(
        streams,
        columns,
        STANDX_LEVEL,
        exch,
        stamps(columns, "ts_recv_ns", 1, path),
        instrument,
        path,
        lambda values: rescaled(values, PRICE_STEP, instrument.tick),
        lambda values: rescaled(values, SIZE_STEP, instrument.lot),
    )
    if streams.counts["locked"]:
        streams.labels.append("locked books (bid = ask) kept")


def add_trades(streams: Streams, columns: Columns, path: pathlib.Path, instrument: Instrument) -> None:
    """The prints, side 0. Receive times step back inside bursts: counted here, put in order by the merge."""
    exch, recv = stamps(columns, "ts_exch_ms", NS_PER_MS, path), stamps(columns, "ts_recv_ns", 1, path)
    refuse_unsorted(exch, path, 0, 0)
    streams.counts["receive steps back"] += int((np.diff(recv) < 0).sum())
    px, bad_px = rescaled(columns["px_t"], PRICE_STEP, instrument.tick)
    sz, bad_sz = rescaled(columns["sz_l"], SIZE_STEP, instrument.lot)
    refuse_off_grid(bad_px, "price", instrument.tick, path, instrument)
    refuse_off_grid(bad_sz, "size", instrument.lot, path, instrument)
    good = fault_mask(streams, bad_px, bad_sz)
    streams.counts["trade rows"] += len(px)
    hollow = good & ((px == 0) | (sz == 0))
    large = good & too_large(px, sz, instrument.unit)
    streams.drop("zero", int(hollow.sum()))
    streams.drop("too_large", int(large.sum()))
    good &= ~hollow & ~large
    n = int(good.sum())
    streams.rows.append(
        Rows(F_TRADE, exch[good], recv[good], small_of(px[good], sz[good], 0, np.arange(1, n + 1), n=n))
    )
    streams.labels.append("aggressor side unknown: 0 in every trade")
