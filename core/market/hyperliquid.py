"""Hyperliquid recordings: 20-level snapshots about every 0.54 s, best prices in between, trades with ids.

Traps: each trades file begins with the subscription's replay; one reconnect leaves an 18 s hole after which trade ids
repeat and exchange time steps back. Source of the files: docs/markets.md.
"""

from __future__ import annotations

import pathlib

import numpy as np

from core.codec.columns import units_of
from core.codec.reasons import CROSSED, TOO_LARGE, WRONG_TYPE, ZERO
from core.domain.book import F_BBO
from core.domain.instrument import Instrument
from core.domain.units import BUY, NS_PER_MS, NS_PER_S, SELL
from core.market.files import FLOAT_LEVEL, Columns, stamps
from core.market.levelled import books_of
from core.market.priced import add_priced_trades
from core.market.streams import Rows, Streams, fault_mask, refuse_off_grid, refuse_unsorted, small_of, too_large

REPLAY_STEPS, REPLAY_NS = 8, 60 * NS_PER_S  # what reconnects may set a trades file back


def add_book(streams: Streams, columns: Columns, path: pathlib.Path, instrument: Instrument) -> None:
    """Full snapshots. Raises DataError for rows out of order or off the grid."""
    exch = stamps(columns, "ts_exch_ms", NS_PER_MS, path)
    refuse_unsorted(exch, path, 0, 0)
    streams.books = books_of(
        streams,
        columns,
        FLOAT_LEVEL,
        exch,
        stamps(columns, "ts_recv_ns", 1, path),
        instrument,
        path,
        lambda values: units_of(values, instrument.tick),
        lambda values: units_of(values, instrument.lot),
    )


def add_bbo(streams: Streams, columns: Columns, path: pathlib.Path, instrument: Instrument) -> None:
    """One row a side change. Two sides of one instant are put in the order in which the book never crosses."""
    exch, recv = stamps(columns, "ts_exch_ms", NS_PER_MS, path), stamps(columns, "ts_recv_ns", 1, path)
    refuse_unsorted(exch, path, 0, 0)
    px, bad_px = units_of(columns["price"], instrument.tick)
    sz, bad_sz = units_of(columns["size"], instrument.lot)
    refuse_off_grid(bad_px, "price", instrument.tick, path, instrument)
    refuse_off_grid(bad_sz, "size", instrument.lot, path, instrument)
    good = fault_mask(streams, bad_px, bad_sz)
    named = (columns["side"] == "bid") | (columns["side"] == "ask")
    side = np.where(columns["side"] == "ask", SELL, BUY).astype(np.int64)
    for reason, bad in (
        (WRONG_TYPE, ~named),
        (ZERO, (px == 0) | (sz == 0)),
        (TOO_LARGE, too_large(px, sz, instrument.unit)),
    ):
        streams.drop(reason, int((good & bad).sum()))
        good &= ~bad
    streams.counts["bbo rows"] += len(px)
    exch, recv, side, px, sz = exch[good], recv[good], side[good], px[good], sz[good]
    order, crossed = uncrossed_order(exch, side, px)
    streams.drop(CROSSED, crossed)
    n = len(order)
    streams.rows.append(Rows(F_BBO, exch[order], recv[order], small_of(side[order], px[order], sz[order], n=n)))


def uncrossed_order(
    exch: np.ndarray[tuple[int], np.dtype[np.int64]],
    side: np.ndarray[tuple[int], np.dtype[np.int64]],
    px: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], int]:
    """Row order in which each pair (bid and ask of one instant) is never crossed midway, and rows left out.

    A bid that rises to or over the old ask comes after the new ask, and the other way round. A pair whose own two
    prices cross is left out.
    """
    times, sides, prices = exch.tolist(), side.tolist(), px.tolist()
    best = [0, 0]
    order: list[int] = []
    crossed = i = 0
    while i < len(times):
        pair = i + 1 < len(times) and times[i + 1] == times[i] and sides[i + 1] != sides[i]
        group = [i, i + 1] if pair else [i]
        i += len(group)
        new = list(best)
        for row in group:
            new[sides[row]] = prices[row]
        if new[BUY] and new[SELL] and new[BUY] > new[SELL]:
            crossed += len(group)
            continue
        first_side = SELL if best[SELL] and new[BUY] >= best[SELL] else BUY
        order += sorted(group, key=lambda row: sides[row] != first_side)
        best = new
    return np.array(order, np.int64), crossed


def add_trades(streams: Streams, columns: Columns, path: pathlib.Path, instrument: Instrument) -> None:
    """Trades without the replayed ones: repeated ids dropped here, what is older than the first book by the merge."""
    exch = stamps(columns, "ts_exch_ms", NS_PER_MS, path)
    streams.replays = True
    streams.counts["back steps"] += refuse_unsorted(exch, path, REPLAY_STEPS, REPLAY_NS)
    add_priced_trades(streams, columns, "size", exch, stamps(columns, "ts_recv_ns", 1, path), path, instrument)
