"""Files of recorded markets: which kind one is, by content and not by name, and its raw columns.

Refuses what is no recording that we know, naming file, row and what to do. Knows no grid and no instrument.
"""

from __future__ import annotations

import gzip
import hashlib
import pathlib
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from core.codec.text import clean
from core.domain.errors import DataError
from core.market import taped

Columns = dict[str, npt.NDArray[Any]]

_LEVEL = ("bid_px_{}", "ask_px_{}", "bid_sz_{}", "ask_sz_{}")
_STANDX = ("bid_px_t{}", "ask_px_t{}", "bid_sz_l{}", "ask_sz_l{}")
_KINDS: tuple[tuple[str, str, frozenset[str]], ...] = (
    ("standx", "book", frozenset({"ts_recv_ns", "ts_exch_ms", *(n.format(0) for n in _STANDX)})),
    ("standx", "trades", frozenset({"ts_recv_ns", "ts_exch_ms", "px_t", "sz_l"})),
    ("hyperliquid", "book", frozenset({"ts_recv_ns", "ts_exch_ms", *(n.format(0) for n in _LEVEL)})),
    ("hyperliquid", "trades", frozenset({"ts_recv_ns", "ts_exch_ms", "side", "price", "size", "trade_id"})),
    ("hyperliquid", "bbo", frozenset({"ts_recv_ns", "ts_exch_ms", "side", "price", "size"})),
    ("aster", "book", frozenset({"ts_ms", "last_update_id", *(n.format(0) for n in _LEVEL)})),
    ("aster", "trades", frozenset({"ts_ms", "trade_id", "side", "price", "quantity"})),
    ("aster", "bbo", frozenset({"ts_recv_ms", "bid", "ask"})),
)
TEXT_COLUMNS = {"side", "symbol", "venue"}
BAR_COLUMNS = ("ts_ms", "open", "high", "low", "close", "volume")
INVERSE = "binance_cm"  # captures of it are price tapes only
KNOWN = (
    "a StandX, Hyperliquid or Aster parquet (book, bbo or trades), a Binance capture of lines `<receive time> <JSON>` "
    "or a recording of ours"
)


class Kind(NamedTuple):
    """`family`: standx, hyperliquid, aster, binance_(usdm, spot, cm). `part`: book, bbo, trades, wire, tape."""

    family: str
    part: str


def sha256_of(path: pathlib.Path) -> str:
    """Hex digest of a file's content."""
    with _open(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _open(path: pathlib.Path) -> Any:
    try:
        return path.open("rb")
    except OSError as error:
        raise DataError(f"Expected a readable recording, was: {error.strerror}", str(path)) from error


def sniff(path: pathlib.Path, inverse: bool = False) -> Kind:
    """The kind of a recording. Raises DataError for an empty, truncated or foreign file, and for an inverse market
    unless its prices alone are wanted (`inverse`)."""
    with _open(path) as file:
        head = file.read(4)
    if not head:
        raise DataError("Expected a recording, was an empty file; copy it again", str(path))
    if head == taped.MAGIC[:4]:
        return Kind(taped.header_of(path).venue, "tape")
    if head == b"PAR1":
        names = set(_schema(path))
        for family, part, needed in _KINDS:
            if needed <= names:
                return Kind(family, part)
        if names.issuperset(BAR_COLUMNS):
            raise DataError(
                "Expected a recording, was bars (columns open, high, low, close); name it as bars:VENUE:SYMBOL:FILE",
                str(path),
            )
        found = ", ".join(clean(name, 40) for name in sorted(names)[:8])
        raise DataError(f"Expected {KNOWN}, was a table with the columns {found}", str(path))
    return Kind(_sniff_wire(path, inverse), "wire")


def _sniff_wire(path: pathlib.Path, inverse: bool) -> str:
    for number, line in enumerate(lines_of(path), 1):
        stamp, _, body = line.partition(b" ")
        if not stamp.isdigit() or not body.startswith(b"{"):
            raise DataError(f"Expected {KNOWN}, was {clean(line, 60)!r}", str(path), number)
        if b'"ps":' in body or b"_perp@" in body:
            if inverse:
                return INVERSE
            raise DataError(
                "Expected a linear contract, was COIN-M (inverse: sizes are contracts of quote currency); "
                "take the USD-M capture, or its prices alone with tape:VENUE:SYMBOL:FILE",
                str(path),
                number,
            )
        if b'"pu":' in body or b"@depth@0ms" in body or b'"e":"bookTicker"' in body or b"@markPrice" in body:
            return "binance_usdm"
        if b"@depth@100ms" in body or (b'"M":' in body and b'"e":"trade"' in body):
            return "binance_spot"
        if number > 500:
            break
    raise DataError(f"Expected {KNOWN}, was a text file of another kind", str(path))


def lines_of(path: pathlib.Path) -> Iterator[bytes]:
    """Lines of a text or gzip file without their ends. Raises DataError with the row where it breaks off."""
    with _open(path) as file:
        zipped = file.read(2) == b"\x1f\x8b"
    number = 0
    try:
        with gzip.open(path) if zipped else path.open("rb") as stream:
            for line in stream:
                number += 1
                yield line.rstrip(b"\r\n")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"Expected a whole file, was cut off or damaged ({error}); copy it again", str(path), number + 1
        ) from error


def _schema(path: pathlib.Path) -> dict[str, Any]:
    import polars as pl

    try:
        return dict(pl.read_parquet_schema(path))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(
            f"Expected a whole parquet file, was cut off or damaged ({clean(error, 90)}); copy it again", str(path), 0
        ) from error


def read_columns(path: pathlib.Path) -> Columns:
    """All columns as numpy arrays: text as objects, numbers as they are, numbers with nulls as float64 with NaN.

    Raises DataError for a truncated file, no rows, or a column of the wrong type.
    """
    import polars as pl

    try:
        table = pl.read_parquet(path, memory_map=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(
            f"Expected a whole parquet file, was cut off or damaged ({clean(error, 90)}); copy it again", str(path), 0
        ) from error
    if table.height == 0:
        raise DataError("Expected rows, was a table of none; copy it again", str(path), 0)
    columns: Columns = {}
    for name, dtype in table.schema.items():
        series = table[name]
        if name in TEXT_COLUMNS:
            if dtype != pl.String:
                raise DataError(f"Expected text in column {clean(name, 40)}, was {dtype}", str(path))
            columns[name] = series.to_numpy()
        elif not dtype.is_numeric():
            raise DataError(f"Expected numbers in column {clean(name, 40)}, was {dtype}", str(path))
        elif series.null_count():
            columns[name] = series.cast(pl.Float64).to_numpy()
        else:
            columns[name] = series.to_numpy()
    return columns


def level_columns(columns: Columns, names: tuple[str, str, str, str], path: pathlib.Path) -> int:
    """How many levels a book file has. Raises DataError when a level misses one of its four columns."""
    levels = 0
    while any(name.format(levels) in columns for name in names):
        for name in names:
            if name.format(levels) not in columns:
                raise DataError(f"Expected column {name.format(levels)}, was absent", str(path))
        levels += 1
    return levels


STANDX_LEVEL, FLOAT_LEVEL = _STANDX, _LEVEL


def stamps(columns: Columns, name: str, scale: int, path: pathlib.Path) -> npt.NDArray[np.int64]:
    """A time column in ns. Raises DataError with the row of a missing or impossible time."""
    values = columns[name]
    low, high = 946_684_800_000_000_000 // scale, 4_102_444_800_000_000_000 // scale  # the years 2000 .. 2100
    with np.errstate(invalid="ignore"):
        bad = ~((values >= low) & (values <= high))
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(f"Expected a time of this century in {name}, was {values[row]}", str(path), row + 1)
    return values.astype(np.int64) * scale
