"""Recordings that were named for a replay, each on the place that trades it.

A name is a file, `basis:VENUE:SYMBOL` (the recording of that coin once more, shifted by a synthetic basis),
`tape:VENUE:SYMBOL:FILE` (prices of a market that cannot be traded, as those of a linear instrument) or
`bars:VENUE:SYMBOL:FILE[@FROM..TO]` (bars as four prices each, or the funding file beside them).
"""

from __future__ import annotations

import datetime
import pathlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.build.assemble import Place, cache_dir
from core.config.instruments import find_instrument, instrument_for_recording, venue_of_recording
from core.config.load import Loaded
from core.domain.errors import ConfigError, DataError
from core.domain.instrument import Instrument
from core.domain.units import NS_PER_S
from core.market.barred import bars_recording
from core.market.bars import Bars, Span, common_order, read_bars
from core.market.files import INVERSE, sniff
from core.market.inverse import contract_of, native_of
from core.market.made import as_tape, together, with_basis
from core.market.recording import Recording, open_recording

SIZES = ("base_size", "base_qty", "single_max", "net_max")
DATES = re.compile(r"@(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)$")
Name = tuple[str, str]  # venue, symbol


@dataclass
class Named:
    """What stands after --market, by the instrument that it is of."""

    files: dict[Name, list[str]] = field(default_factory=dict)
    tapes: dict[Name, list[str]] = field(default_factory=dict)
    bases: list[Name] = field(default_factory=list)
    bars: dict[Name, list[str]] = field(default_factory=dict)
    spans: dict[Name, Span] = field(default_factory=dict)

    @classmethod
    def of(cls, names: Sequence[str]) -> Named:
        """Raises DataError for no such file or a file of no known instrument, ConfigError for another spelling."""
        found = cls()
        for name in names:
            kind, _, rest = name.partition(":")
            parts = rest.split(":", 2)
            if kind == "basis":
                if len(parts) != 2:
                    raise ConfigError(f"Expected basis:VENUE:SYMBOL, was {name}")
                found.bases.append((parts[0], parts[1]))
            elif kind == "tape":
                if len(parts) != 3:
                    raise ConfigError(f"Expected tape:VENUE:SYMBOL:FILE, was {name}")
                found.tapes.setdefault((parts[0], parts[1]), []).append(_file(parts[2]))
            elif kind == "bars":
                if len(parts) != 3:
                    raise ConfigError(f"Expected bars:VENUE:SYMBOL:FILE or FILE@FROM..TO, was {name}")
                found._add_bars((parts[0], parts[1]), parts[2])
            else:
                if sniff(_file_of(name), inverse=True).family == INVERSE:
                    sniff(_file_of(name))  # refuses it by name
                venue = venue_of_recording(name).instrument
                found.files.setdefault((venue.venue, venue.symbol), []).append(name)
        return found

    def _add_bars(self, name: Name, file: str) -> None:
        dates = DATES.search(file)
        if dates:
            span, file = _span(dates[1], dates[2]), file[: dates.start()]
            if self.spans.setdefault(name, span) != span:
                raise ConfigError(f"Expected the same dates for all files of {name[0]} {name[1]}, was {dates[0]}")
        self.bars.setdefault(name, []).append(_file(file))


def _span(start: str, end: str) -> Span:
    """From 00:00 UTC of the first date to 00:00 UTC of the second."""
    try:
        days = [datetime.datetime.fromisoformat(f"{day}T00:00:00+00:00") for day in (start, end)]
    except ValueError as error:
        raise ConfigError(f"Expected two dates as 2025-10-01..2025-10-31, was {start}..{end}") from error
    if days[0] >= days[1]:
        raise ConfigError(f"Expected dates in order, was {start}..{end}")
    return Span(*(int(day.timestamp()) * NS_PER_S for day in days))


def _file(name: str) -> str:
    _file_of(name)
    return name


def _file_of(name: str) -> pathlib.Path:
    path = pathlib.Path(name)
    if not path.is_file():
        raise DataError("Expected a recording, found no such file", name)
    return path


def opened(loaded: Loaded, names: Sequence[str], state_dir: pathlib.Path) -> tuple[tuple[Place, ...], list[Recording]]:
    """A recording for each place of the config, those of one coin over their common interval.

    Raises DataError for a recording of an instrument that no strategy trades, of another coin, or of another time.
    """
    desk = _Desk(loaded, Named.of(names), cache_dir(state_dir))
    for key, wanted, n in loaded.keyed():
        desk.seat(key, wanted, n)
    desk.seat_bars()
    desk.seat_bases()
    desk.nothing_left()
    return tuple(desk.places), together(list(desk.recordings.values()))


class _Desk:
    """Places in config order and the recording of each."""

    def __init__(self, loaded: Loaded, named: Named, cache: pathlib.Path) -> None:
        self.loaded, self.named, self.cache = loaded, named, cache
        self.places: list[Place] = []
        self.recordings: dict[str, Recording] = {}  # by key, in config order once all are there
        self.used: dict[str, Name] = {}  # files by key
        self.seats: dict[str, int] = {}  # strategy by key
        self._waiting: dict[str, Name] = {}  # keys that a basis will fill
        self._bars: dict[str, Bars] = {}  # keys that wait until the bars of all venues are read

    def seat(self, key: str, wanted: Instrument, n: int) -> None:
        """The recording of one instrument that strategy `n` names; a basis waits until its source is open."""
        if key in self.seats:
            return
        self.seats[key] = n
        name = (wanted.venue, wanted.symbol)
        if name in self.named.bars and name not in self.named.files:
            span = self.named.spans.get(name, Span())
            self._bars[key] = read_bars(self.named.bars[name], find_instrument(*name), span)
            self.places.append(Place(key, self._bars[key].instrument))
        elif name in self.named.bases and name not in self.named.files:
            self._waiting[key] = name
            self.places.append(Place(key, find_instrument(*name)))
        elif name in self.named.tapes and name not in self.named.files:
            self._take(key, self._tape(name))
        else:
            params = self.loaded.params[n]
            sizes = {size: getattr(params, size) for size in SIZES if hasattr(params, size)}
            found = name if name in self.named.files else self._other(key, wanted, n)
            files = self.named.files[found]
            instrument = instrument_for_recording(files, wanted, sizes)
            self.used[key] = found
            self._take(key, open_recording(files, instrument, self.cache, self.loaded.settings.seed))

    def _take(self, key: str, recording: Recording) -> None:
        self.places.append(Place(key, recording.instrument))
        self.recordings[key] = recording

    def _other(self, key: str, wanted: Instrument, n: int) -> Name:
        """Files of another instrument: of its coin if there is one, never those of the other leg of one strategy."""
        taken = {name for other, name in self.used.items() if self.seats[other] == n}
        own = {(x.venue, x.symbol) for other, x, m in self.loaded.keyed() if m == n and other != key}
        free = [name for name in self.named.files if name not in taken | own]
        if not free:
            raise DataError(
                f"Expected a recording for {key}, was none beside that of the other leg; add one of its own, "
                f"basis:{wanted.venue}:{wanted.symbol}, tape:{wanted.venue}:{wanted.symbol}:FILE or bars: likewise"
            )
        fits = [name for name in free if find_instrument(*name).base == wanted.base]
        return (fits or free)[0]

    def _tape(self, name: Name) -> Recording:
        to, files = find_instrument(*name), self.named.tapes[name]
        kinds = {sniff(pathlib.Path(path), inverse=True).family for path in files}
        if INVERSE in kinds:
            native = native_of(files, to)
            contract = contract_of(native)
        else:
            native, contract = instrument_for_recording(files), 0.0
        if native.base != to.base:
            raise DataError(f"Expected prices of {to.base} for {to.venue} {to.symbol}, was {native.base}", files[0])
        return as_tape(open_recording(files, native, self.cache, self.loaded.settings.seed), to, contract)

    def seat_bars(self) -> None:
        """The bars of each coin, all of its venues in one order of extremes."""
        for coin in {bars.instrument.base for bars in self._bars.values()}:
            keys = [key for key, bars in self._bars.items() if bars.instrument.base == coin]
            orders = common_order([self._bars[key] for key in keys])
            for key, order in zip(keys, orders, strict=True):
                self.recordings[key] = bars_recording(self._bars[key], order, self.loaded.settings.seed)

    def seat_bases(self) -> None:
        """The second venue of each recording that is to be shifted."""
        for key, name in self._waiting.items():
            to = find_instrument(*name)
            sources = [one for one in self.recordings.values() if one.instrument.base == to.base]
            if not sources:
                raise DataError(f"Expected a recording of {to.base} to shift for basis:{name[0]}:{name[1]}, was none")
            self.recordings[key] = with_basis(sources[0], to, self.loaded.settings.seed)
        self.recordings = {place.key: self.recordings[place.key] for place in self.places}
        self.places = [Place(key, recording.instrument) for key, recording in self.recordings.items()]

    def nothing_left(self) -> None:
        """Raises DataError for what was named and nobody trades."""
        text = "Expected recordings of instruments that a strategy trades, was another"
        for name, files in self.named.files.items():
            if name not in self.used.values():
                raise DataError(text, files[0])
        traded = {(x.venue, x.symbol) for _, x, _ in self.loaded.keyed()}
        for kind, names in (("tape", self.named.tapes), ("bars", self.named.bars), ("basis", self.named.bases)):
            for name in names:
                if name not in traded or name in self.named.files:
                    raise DataError(f"{text}: {kind}:{name[0]}:{name[1]}")
