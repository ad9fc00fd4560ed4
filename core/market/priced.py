"""Trades in float columns with a side and an id: what Hyperliquid and Aster share.

Owns duplicates by id, sides as signs, and the choice of which copy stays; order in time is checked by the caller.
"""

from __future__ import annotations

import pathlib

import numpy as np

from core.codec.columns import units_of
from core.codec.reasons import TOO_LARGE, WRONG_TYPE, ZERO
from core.domain.book import F_TRADE
from core.domain.instrument import Instrument
from core.market.files import Columns
from core.market.streams import Ints, Rows, Streams, fault_mask, refuse_off_grid, small_of, too_large


def add_priced_trades(
    streams: Streams,
    columns: Columns,
    sizes: str,
    exch: Ints,
    recv: Ints,
    path: pathlib.Path,
    instrument: Instrument,
) -> None:
    """Trades with `side` (buy or sell: the aggressor), `price`, a size column and `trade_id`; the first copy of an id
    stays. Raises DataError for values off the grid; hostile rows are dropped and counted."""
    px, bad_px = units_of(columns["price"], instrument.tick)
    sz, bad_sz = units_of(columns[sizes], instrument.lot)
    refuse_off_grid(bad_px, "price", instrument.tick, path, instrument)
    refuse_off_grid(bad_sz, "size", instrument.lot, path, instrument)
    side = (columns["side"] == "buy").astype(np.int64) - (columns["side"] == "sell").astype(np.int64)
    good = fault_mask(streams, bad_px, bad_sz)
    for reason, bad in ((ZERO, (px == 0) | (sz == 0)), (WRONG_TYPE, side == 0)):
        streams.drop(reason, int((good & bad).sum()))
        good &= ~bad
    large = good & too_large(px, sz, instrument.unit)
    streams.drop(TOO_LARGE, int(large.sum()))
    good &= ~large
    streams.counts["trade rows"] += len(px)
    ids = np.where(np.isfinite(columns["trade_id"]), columns["trade_id"], 0).astype(np.int64)
    kept = np.flatnonzero(good)
    _, first = np.unique(ids[kept], return_index=True)
    streams.counts["duplicates"] += len(kept) - len(first)
    kept = kept[np.sort(first)]
    n = len(kept)
    streams.rows.append(Rows(F_TRADE, exch[kept], recv[kept], small_of(px[kept], sz[kept], side[kept], ids[kept], n=n)))
