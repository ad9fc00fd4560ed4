"""Recordings that were named for a replay, each on the place that trades it.

A name is a file, `basis:VENUE:SYMBOL` (the recording of that coin once more, shifted by a synthetic basis) or
`tape:VENUE:SYMBOL:FILE` (prices of a market that cannot be traded, as those of a linear instrument).
"""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.build.assemble import Place, cache_dir
from core.config.instruments import find_instrument, instrument_for_recording, venue_of_recording
from core.config.load import Loaded
from core.domain.errors import ConfigError, DataError
from core.domain.instrument import Instrument
from core.market.files import INVERSE, sniff
from core.market.inverse import contract_of, native_of
from core.market.made import as_tape, together, with_basis
from core.market.recording import Recording, open_recording

SIZES = ("base_size", "base_qty", "single_max", "net_max")
Name = tuple[str, str]  # venue, symbol


@dataclass
class Named:
    """What stands after --market, by the instrument that it is of."""

    files: dict[Name, list[str]] = field(default_factory=dict)
    tapes: dict[Name, list[str]] = field(default_factory=dict)
    bases: list[Name] = field(default_factory=list)

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
            else:
                if sniff(_file_of(name), inverse=True).family == INVERSE:
                    sniff(_file_of(name))  # refuses it by name
                venue = venue_of_recording(name).instrument
                found.files.setdefault((venue.venue, venue.symbol), []).append(name)
        return found


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

    def seat(self, key: str, wanted: Instrument, n: int) -> None:
        """The recording of one instrument that strategy `n` names; a basis waits until its source is open."""
        if key in self.seats:
            return
        self.seats[key] = n
        name = (wanted.venue, wanted.symbol)
        if name in self.named.bases and name not in self.named.files:
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
                f"basis:{wanted.venue}:{wanted.symbol} or tape:{wanted.venue}:{wanted.symbol}:FILE"
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

    def seat_bases(self) -> None:
        """The second venue of each recording that is to be shifted."""
        for key, name in self._waiting.items():
            to = find_instrument(*name)
            sources = [one for one in self.recordings.values() if one.instrument.base == to.base]
            if not sources:
                raise DataError(f"Expected a recording of {to.base} to shift for basis:{name[0]}:{name[1]}, was none")
            self.recordings[key] = with_basis(sources[0], to, self.loaded.settings.seed)
        self.recordings = {place.key: self.recordings[place.key] for place in self.places}

    def nothing_left(self) -> None:
        """Raises DataError for what was named and nobody trades."""
        text = "Expected recordings of instruments that a strategy trades, was another"
        for name, files in self.named.files.items():
            if name not in self.used.values():
                raise DataError(text, files[0])
        traded = {(x.venue, x.symbol) for _, x, _ in self.loaded.keyed()}
        for kind, names in (("tape", self.named.tapes), ("basis", self.named.bases)):
            for name in names:
                if name not in traded or name in self.named.files:
                    raise DataError(f"{text}: {kind}:{name[0]}:{name[1]}")
