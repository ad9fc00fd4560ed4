"""Which instruments there are: one venue file each, found by venue and symbol or by the recordings that it names.

A recording whose instrument does not fit is refused with the sizes that would.
"""

from __future__ import annotations

import difflib
import fnmatch
import functools
import os
import pathlib
from collections.abc import Iterable, Mapping, Sequence

from core.config.locate import venue_dirs
from core.config.venue import Venue, load_venue
from core.domain.errors import ConfigError, DataError
from core.domain.instrument import Instrument
from core.domain.units import MONEY

Dirs = Sequence[pathlib.Path]


@functools.cache
def _load(path: pathlib.Path, _mtime_ns: int, _size: int) -> Venue:
    return load_venue(path)


def _cached(path: pathlib.Path) -> Venue:
    seen = path.stat()
    return _load(path, seen.st_mtime_ns, seen.st_size)


def venue_files(dirs: Dirs | None = None) -> dict[str, pathlib.Path]:
    """Stem -> file, `binance_usdm_ethusdc` first found wins."""
    out: dict[str, pathlib.Path] = {}
    for folder in dirs if dirs is not None else venue_dirs():
        for path in sorted(folder.glob("*.yml")):
            out.setdefault(path.stem, path)
    return out


def all_venues(dirs: Dirs | None = None) -> tuple[Venue, ...]:
    """Every venue file, by name. Raises ConfigError for one that is broken."""
    return tuple(_cached(path) for _, path in sorted(venue_files(dirs).items()))


def find_venue(venue: str, symbol: str, dirs: Dirs | None = None) -> Venue:
    """The file of an instrument. Raises ConfigError naming the nearest there is."""
    files = venue_files(dirs)
    stem = f"{venue}_{symbol}".lower()
    if stem in files:
        found = _cached(files[stem])
        if (found.instrument.venue, found.instrument.symbol) == (venue, symbol):
            return found
    near = difflib.get_close_matches(stem, files, 1, 0.6)
    known = "; known: " + ", ".join(
        f"{v.instrument.venue} {v.instrument.symbol}" for v in (_cached(path) for _, path in sorted(files.items()))
    )
    if near:
        best = _cached(files[near[0]]).instrument
        known = f"; did you mean {best.venue} {best.symbol}?"
    raise ConfigError(f"Expected an instrument of a venue file, was {venue} {symbol}{known}")


def find_instrument(venue: str, symbol: str, dirs: Dirs | None = None) -> Instrument:
    """`find_venue` without its file."""
    return find_venue(venue, symbol, dirs).instrument


def venue_of_recording(path: str | os.PathLike[str], dirs: Dirs | None = None) -> Venue:
    """The instrument of one recording, by its file name. Raises DataError naming the patterns that are known."""
    name = pathlib.Path(path).name
    venues = all_venues(dirs)
    own = [v for v in venues if name.startswith(f"perpconsole_{v.instrument.venue}_{v.instrument.symbol.lower()}_")]
    if len(own) == 1:
        return own[0]
    fitting = [v for v in venues if any(fnmatch.fnmatchcase(name, pattern) for pattern in v.recordings)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        files = ", ".join(v.path.name for v in fitting)
        raise DataError(f"Expected one venue file with a pattern for it, was {files}", str(path))
    patterns = sorted(pattern for v in venues for pattern in v.recordings)
    near = difflib.get_close_matches(name, patterns, 1, 0.5)
    hint = f"nearest is {near[0]}; " if near else ""
    raise DataError(
        f"Expected a recording that a venue file names, was {name!r}; {hint}"
        f"add its name under `recordings:` of its venue file (known: {', '.join(patterns)})",
        str(path),
    )


def instrument_for_recording(
    paths: Iterable[str | os.PathLike[str]],
    wanted: Instrument | None = None,
    sizes: Mapping[str, float] | None = None,
    dirs: Dirs | None = None,
) -> Instrument:
    """The one instrument of all `paths`. With `wanted` it must be the same base coin and hold every size of `sizes`.

    `sizes`: key -> base coins, as the strategy of `wanted` is configured. Raises DataError naming the sizes that fit.
    """
    found: Venue | None = None
    first = ""
    for path in paths:
        venue = venue_of_recording(path, dirs)
        if found is not None and venue.instrument != found.instrument:
            raise DataError(
                f"Expected recordings of one instrument, was {_name(venue.instrument)} beside "
                f"{_name(found.instrument)} ({pathlib.Path(first).name})",
                str(path),
            )
        found, first = venue, first or os.fspath(path)
    if found is None:
        raise DataError("Expected a recording, found none")
    if wanted is None:
        return found.instrument
    if found.spot:
        raise DataError(
            f"Expected a perpetual, was the spot market {_name(found.instrument)}: no margin, no funding", first
        )
    asked = find_venue(wanted.venue, wanted.symbol, dirs)
    too_small = {key: size for key, size in (sizes or {}).items() if size < found.instrument.lot}
    if found.instrument.base != wanted.base or too_small:
        fits = ", ".join(f"{key}: {size:g}" for key, size in sizes_by_notional(sizes or {}, asked, found).items())
        sizes_that_fit = f"; sizes of the same notional there: {fits}" if fits else ""
        raise DataError(
            f"Expected a recording of {wanted.base} for {_name(wanted)}, was {_name(found.instrument)}"
            f"{sizes_that_fit}; set venue and symbol to it",
            first,
        )
    return found.instrument


def sizes_by_notional(sizes: Mapping[str, float], asked: Venue, found: Venue) -> dict[str, float]:
    """Sizes of `asked` as whole lots of `found` with the same notional at their reference prices, minima kept."""
    ratio = asked.reference_price / found.reference_price
    grid = found.instrument
    ticks = round(found.reference_price / grid.tick)
    least = max(1, grid.min_lots, -(-grid.min_notional // max(1, ticks * grid.unit)))
    return {key: round(max(least, round(size * ratio / grid.lot)) * grid.lot, 12) for key, size in sizes.items()}


def _name(instrument: Instrument) -> str:
    return f"{instrument.venue} {instrument.symbol}"


def notional(instrument: Instrument, price: float, size: float) -> float:
    """Quote units of a size at a price, both cut to the grid."""
    return int(price / instrument.tick + 1e-9) * int(size / instrument.lot + 1e-9) * instrument.unit / MONEY
