"""Bars of a perpetual as files have them: rows of one symbol in order, their marks, and the rates of settlements.

Owns what is read and refused, and the one order of the extremes for all venues of a coin. What a market is made of
them is core.market.barred's.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from core.codec.text import clean
from core.domain.errors import DataError
from core.domain.instrument import Instrument
from core.domain.units import FAR, NS_PER_MS, NS_PER_S
from core.market.files import BAR_COLUMNS, Columns, read_columns, sha256_of, stamps
from core.market.shifted import Floats, Ints
from core.market.streams import Mask

BEAT_NS = 10 * NS_PER_S  # the book is repeated this often
STALE_NS = 3 * BEAT_NS  # how old a book of bars may be, in place of the venue file's bound where that is shorter
VENUES = {"binance": "binance_usdm"}  # as funding files name them
CHECKED = ("open", "high", "low", "close", "volume")


class Span(NamedTuple):
    """Bars that begin at or after `start_ns` and end by `end_ns`."""

    start_ns: int = 0
    end_ns: int = FAR


ALL = Span()


class Bars(NamedTuple):
    """One instrument's bars in order. ts: opening times ns (n,); px, mark: open high low close (n, 4), NaN = no mark.

    paid, rate: settlement times ns and rates as fractions, (m,).
    """

    instrument: Instrument
    paths: tuple[str, ...]
    span: Span
    ts: Ints
    length_ns: int
    px: Floats
    mark: Floats
    paid: Ints
    rate: Floats
    counts: dict[str, int]

    @property
    def word(self) -> str:
        minutes = self.length_ns // (60 * NS_PER_S)
        return f"{minutes // 60}h" if minutes and minutes % 60 == 0 else f"{minutes}m"


def for_bars(instrument: Instrument) -> Instrument:
    """The instrument with the bound of staleness that repeated books keep."""
    return msgspec.structs.replace(instrument, book_stale_ns=max(instrument.book_stale_ns, STALE_NS))


def read_bars(paths: Iterable[str | pathlib.Path], instrument: Instrument, span: Span = ALL) -> Bars:
    """The bars of `instrument` in a file of bars, and its rates in that file or a second one of funding.

    Raises DataError for other files, a symbol that is not there, rows out of order or none within `span`.
    """
    if instrument.funding_interval_ns <= 0:
        raise DataError(f"Expected a perpetual, was {instrument.venue} {instrument.symbol}: no margin, no funding")
    files = sorted((pathlib.Path(path) for path in paths), key=sha256_of)
    tables = [(path, _own(read_columns(path), instrument, path)) for path in files]
    bars = [(path, table) for path, table in tables if set(BAR_COLUMNS) <= set(table)]
    rates = [(path, table) for path, table in tables if "funding_rate" in table]
    if len(bars) != 1 or any(set(table).isdisjoint(("open", "funding_rate")) for _, table in tables):
        raise DataError("Expected one file of bars, and of funding beside it, was another", str(files[0]))
    path, table = bars[0]
    ts = stamps(table, "ts_ms", NS_PER_MS, path)
    steps = np.diff(ts)
    if len(ts) < 2 or steps.min() < 3 * BEAT_NS or (steps % steps.min()).any():
        raise DataError("Expected bars in order of time, of one length of 30 s or more, was another", str(path))
    values = np.stack([table[name].astype(np.float64) for name in CHECKED], axis=1)
    o, h, low, c, volume = values.T
    with np.errstate(invalid="ignore"):
        good = np.isfinite(values).all(axis=1) & (low > 0) & (low <= np.minimum(o, c)) & (h >= np.maximum(o, c))
        traded = good & (volume > 0)
    inside = (ts >= span.start_ns) & (ts + steps.min() <= span.end_ns)
    counts = {"dropped bars": int((inside & ~good).sum()), "bars without volume": int((inside & good & ~traded).sum())}
    keep = inside & traded
    if not keep.any():
        raise DataError(f"Expected bars of {instrument.symbol} within the dates asked for, was none", str(path))
    mark = np.full((len(ts), 4), np.nan)
    for column, name in enumerate(("", "mark_high", "mark_low", "mark_close")):
        if name in table:
            mark[:, column] = table[name]
    paid, rate = _rates(rates)
    return Bars(
        for_bars(instrument), tuple(str(file) for file in files), span, ts[keep], int(steps.min()),
        values[keep, :4], mark[keep], paid, rate, {"bars": int(keep.sum()), **counts},
    )  # fmt: skip


def _own(table: Columns, instrument: Instrument, path: pathlib.Path) -> Columns:
    """The rows of the instrument's symbol and, where the file names venues, of its venue."""
    if "symbol" not in table or "ts_ms" not in table:
        raise DataError("Expected the columns symbol and ts_ms, was a table without", str(path))
    symbols = np.array([str(one).replace("-", "") for one in table["symbol"]])
    keep = symbols == instrument.symbol
    if "venue" in table:
        keep &= np.array([VENUES.get(str(one), str(one)) for one in table["venue"]]) == instrument.venue
    if not keep.any():
        found = ", ".join(clean(str(one), 20) for one in np.unique(symbols)[:8])
        raise DataError(f"Expected rows of {instrument.venue} {instrument.symbol}, was {found}", str(path))
    return {name: column[keep] for name, column in table.items()}


def _rates(tables: Sequence[tuple[pathlib.Path, Columns]]) -> tuple[Ints, Floats]:
    """Settlements in order of time; the first file that has one counts."""
    paid, rate = [np.zeros(0, np.int64)], [np.zeros(0)]
    for path, table in tables:
        known = np.isfinite(table["funding_rate"].astype(np.float64))
        minute = 60 * NS_PER_S  # some files stamp a few ms late
        paid.append((stamps(table, "ts_ms", NS_PER_MS, path)[known] + minute // 2) // minute * minute)
        rate.append(table["funding_rate"].astype(np.float64)[known])
    times, first = np.unique(np.concatenate(paid), return_index=True)
    return times, np.concatenate(rate)[first]


def common_order(group: Sequence[Bars]) -> list[Mask]:
    """Which bars go to their high first: it is nearer to the open, in the mean of the venues that have the bar.

    One order for all venues of a coin: two orders would pull their prices apart by the whole bar. Raises DataError for
    bars of several lengths.
    """
    if len({bars.length_ns for bars in group}) > 1:
        words = " beside ".join(sorted({bars.word for bars in group}))
        raise DataError(f"Expected bars of one length for all venues of a coin, was {words}", group[0].paths[0])
    nearer: dict[int, float] = {}
    for bars in sorted(group, key=lambda one: (one.instrument.venue, one.instrument.symbol)):
        lean = (2.0 * bars.px[:, 0] - bars.px[:, 1] - bars.px[:, 2]) / bars.px[:, 0]
        for t, x in zip(bars.ts.tolist(), lean.tolist(), strict=True):
            nearer[t] = nearer.get(t, 0.0) + x
    return [np.array([nearer[t] > 0.0 for t in bars.ts.tolist()]) for bars in group]
