"""Recordings of one instrument as a `Feed`: converted once into mapped columns, opened in a fraction of a second.

Owns which files belong together, the cache key and the modelled receive times of one-clock files. What the files hold
is the converters' (standx, hyperliquid, aster, binance_wire), the order of events core.market.merge's.
"""

from __future__ import annotations

import hashlib
import pathlib
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from core.codec.text import clean
from core.config.instruments import instrument_for_recording
from core.domain.book import Feed
from core.domain.errors import DataError
from core.domain.instrument import Instrument
from core.market import aster, binance_wire, columns, hyperliquid, standx, taped
from core.market.files import INVERSE, Kind, read_columns, sha256_of, sniff
from core.market.merge import merge
from core.market.receive import modelled
from core.market.streams import Streams

_CONVERTERS: dict[Kind, Any] = {
    Kind("standx", "book"): standx.add_book,
    Kind("standx", "trades"): standx.add_trades,
    Kind("hyperliquid", "book"): hyperliquid.add_book,
    Kind("hyperliquid", "bbo"): hyperliquid.add_bbo,
    Kind("hyperliquid", "trades"): hyperliquid.add_trades,
    Kind("aster", "book"): aster.add_book,
    Kind("aster", "bbo"): aster.add_bbo,
    Kind("aster", "trades"): aster.add_trades,
}


class Recording(msgspec.Struct, frozen=True):
    """One instrument's recorded market. Times ns; `counts` by name, `labels` are sentences for operator and report.

    `sha256s` are of the source files, in the order of `paths`; `from_cache` is False when this opening converted them.
    `made`: how it came from a recording of another instrument or longer interval (core.market.made); None = as read.
    """

    instrument: Instrument
    feed: Feed
    name: str
    paths: tuple[str, ...]
    sha256s: tuple[str, ...]
    first_ts: int
    last_ts: int
    counts: dict[str, int]
    labels: tuple[str, ...]
    one_clock: bool
    from_cache: bool
    made: dict[str, Any] | None = None


def open_recording(
    paths: Iterable[str | pathlib.Path], instrument: Instrument, cache_dir: str | pathlib.Path, seed: int = 0
) -> Recording:
    """The feed of all `paths`, which must belong to one instrument. `seed` draws receive times where none are recorded.

    Raises DataError (file, row, what to do) for a truncated, unsorted, empty, foreign or off-grid file.
    """
    files = _in_order([pathlib.Path(path) for path in paths], instrument.venue == INVERSE)
    digests = tuple(sha256_of(path) for path, _ in files)
    key = _key(digests, instrument)
    stored = pathlib.Path(cache_dir) / f"{key[:32]}.columns"
    found = columns.load(stored, key)
    if found is not None:
        feed, header = found
        counts, labels, one_clock = header.counts, header.labels, header.one_clock
    else:
        feed, counts, labels, one_clock = _convert(files, instrument)
        try:
            columns.store(stored, key, feed, counts, labels, one_clock)
        except OSError as error:
            labels = (*labels, f"not kept in the cache: {clean(error.strerror, 80)}")
        else:
            mapped = columns.load(stored, key)
            feed = mapped[0] if mapped else feed
    if one_clock:
        feed = feed._replace(ts_recv=modelled(feed.ts_exch, instrument.feed, seed, instrument.symbol))
        labels = (*labels, "one clock in the file: receive times are modelled")
    return Recording(
        instrument=instrument,
        feed=feed,
        name=_name([path for path, _ in files]),
        paths=tuple(str(path) for path, _ in files),
        sha256s=digests,
        first_ts=int(feed.ts_exch[0]),
        last_ts=int(feed.ts_exch[-1]),
        counts=counts,
        labels=labels,
        one_clock=one_clock,
        from_cache=found is not None,
    )


def _in_order(paths: list[pathlib.Path], inverse: bool = False) -> list[tuple[pathlib.Path, Kind]]:
    if not paths:
        raise DataError("Expected at least one recording, was none; name the files after --market")
    kinds = sorted(((path, sniff(path, inverse)) for path in paths), key=lambda item: (item[1].part, item[0].name))
    first = kinds[0][1]
    seen: set[str] = set()
    for path, kind in kinds:
        if kind.family != first.family:
            raise DataError(
                f"Expected files of one venue ({first.family}), was {kind.family}; run them one by one", str(path)
            )
        if kind.part in seen and kind.part not in ("wire", "tape"):
            raise DataError(
                f"Expected one {kind.part} file an instrument, was a second; run them one by one", str(path)
            )
        seen.add(kind.part)
    if first.part not in ("wire", "tape") and not seen & {"book", "bbo"}:
        raise DataError("Expected the book or bbo file beside the trades, was trades alone; add it", str(kinds[0][0]))
    return kinds


def _key(digests: tuple[str, ...], instrument: Instrument) -> str:
    parts = (
        columns.VERSION,
        digests,
        instrument.tick,
        instrument.lot,
        instrument.unit,
        instrument.symbol,
        instrument.book_stale_ns,
    )
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def _convert(
    files: list[tuple[pathlib.Path, Kind]], instrument: Instrument
) -> tuple[Feed, dict[str, int], tuple[str, ...], bool]:
    if files[0][1].part == "tape":
        return _tape(files, instrument)
    streams = Streams(files[0][1].family)
    if files[0][1].part == "wire":
        binance_wire.read_captures(streams, [path for path, _ in files], instrument)
    else:
        for path, kind in files:
            _CONVERTERS[kind](streams, read_columns(path), path, instrument)
        aster.assume_touch(streams)
    feed = merge(streams, instrument)
    streams.counts["rows"] = len(feed.ts_exch)
    return feed, dict(sorted(streams.counts.items())), tuple(dict.fromkeys(streams.labels)), streams.one_clock


def _tape(
    files: list[tuple[pathlib.Path, Kind]], instrument: Instrument
) -> tuple[Feed, dict[str, int], tuple[str, ...], bool]:
    """Recordings of ours, one after the other: already rows, taken as they are."""
    paths = [path for path, _ in files]
    headers, feed, whole = taped.read_tapes(paths, instrument.book_stale_ns)
    for header in headers:
        if (header.tick, header.lot) != (repr(instrument.tick), repr(instrument.lot)):
            raise DataError(
                f"Expected a grid of {instrument.tick!r} and {instrument.lot!r}, was {header.tick} and {header.lot}; "
                "the venue changed its filters since",
                str(paths[0]),
            )
    labels = () if whole else ("the recording was cut off: read up to its last whole block",)
    return feed, {"rows": len(feed.ts_exch)}, labels, False


def _name(paths: Sequence[pathlib.Path]) -> str:
    stems = [path.name.split(".")[0] for path in paths]
    common = stems[0]
    for stem in stems[1:]:
        while not stem.startswith(common):
            common = common[:-1]
    return clean(common.rstrip("_-") or stems[0], 60)


def guess_instrument(paths: Iterable[str | pathlib.Path]) -> tuple[str, str]:
    """(venue, symbol) of the one instrument file of configs/venues that names all `paths`, and whose venue made them.

    Raises DataError for files that are no recordings, that no or several instrument files name, or of another venue.
    """
    files = _in_order([pathlib.Path(path) for path in paths])
    instrument = instrument_for_recording(path for path, _ in files)
    family = files[0][1].family
    if family != instrument.venue:
        raise DataError(
            f"Expected a recording of {instrument.venue} by its name, was one of {family}; give the file its own name",
            str(files[0][0]),
        )
    return instrument.venue, instrument.symbol
