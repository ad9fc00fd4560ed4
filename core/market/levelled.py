"""Book files whose levels are columns: the one conversion that StandX, Hyperliquid and Aster share.

Bounded: levels are converted column by column, never the whole table at once in a second form.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from core.domain.book import LEVELS
from core.domain.errors import DataError
from core.domain.instrument import Instrument
from core.market.files import Columns, level_columns
from core.market.streams import Books, Ints, Streams, fault_mask, good_books, refuse_off_grid

CHUNK = 1 << 15
Convert = Callable[[npt.NDArray[np.float64]], tuple[Ints, npt.NDArray[np.uint8]]]


def books_of(
    streams: Streams,
    columns: Columns,
    names: tuple[str, str, str, str],
    ts_exch: Ints,
    ts_recv: Ints,
    instrument: Instrument,
    path: pathlib.Path,
    to_ticks: Convert,
    to_lots: Convert,
) -> Books:
    """Snapshots from columns named (bid px, ask px, bid sz, ask sz) with `{}` for the level.

    Hostile rows are dropped and counted; raises DataError with the row of a value off the grid, or for no levels.
    """
    levels = min(level_columns(columns, names, path), LEVELS)
    if levels == 0:
        raise DataError("Expected at least one level of the book, was none", str(path))
    n = len(ts_exch)
    px, sz = np.zeros((n, 2, LEVELS), np.int64), np.zeros((n, 2, LEVELS), np.int64)
    worst = np.zeros(n, np.uint8)
    for i in range(levels):
        for side in (0, 1):
            px[:, side, i], bad_px = to_ticks(columns[names[side].format(i)])
            sz[:, side, i], bad_sz = to_lots(columns[names[2 + side].format(i)])
            refuse_off_grid(bad_px, "price", instrument.tick, path, instrument)
            refuse_off_grid(bad_sz, "size", instrument.lot, path, instrument)
            for bad in (bad_px, bad_sz):
                worst = np.where(worst == 0, bad, worst)
    clean = fault_mask(streams, worst)
    streams.counts["book rows"] += n
    if not clean.all():
        ts_exch, ts_recv, px, sz = ts_exch[clean], ts_recv[clean], px[clean], sz[clean]
    good = np.concatenate(
        [good_books(streams, px[i : i + CHUNK], sz[i : i + CHUNK], instrument.unit) for i in range(0, len(px), CHUNK)]
        or [np.zeros(0, np.bool_)]
    )
    if not good.all():
        ts_exch, ts_recv, px, sz = ts_exch[good], ts_recv[good], px[good], sz[good]
    return Books(ts_exch, ts_recv, px, sz)
