"""Which market a core sees: the synthetic one, or recordings mapped to their instruments by the venue files."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.build.assemble import Place, cache_dir
from core.config.instruments import instrument_for_recording, venue_of_recording
from core.config.load import Loaded
from core.domain.errors import ConfigError, DataError
from core.market.source import RecordingSource, Source

if TYPE_CHECKING:
    from core.build.live_market import LiveFeed

SIZES = ("base_size", "base_qty", "single_max", "net_max")


@dataclass(frozen=True)
class Market:
    """A source, the places in its order, how it is called on screen, and the files behind it."""

    source: Source
    places: tuple[Place, ...]
    title: str
    paths: tuple[str, ...] = ()
    feed: LiveFeed | None = None  # what fills a live source


def market_of(
    loaded: Loaded,
    paths: Sequence[str],
    state_dir: pathlib.Path,
    start_ns: int,
    marks: Mapping[str, float] | None = None,
    speed: float | None = None,
) -> Market:
    """The market named on the command line or in the config. Raises Refused with the next step.

    `marks`: last prices of an earlier run by `venue:symbol`, from which a synthetic market goes on. `speed`: of a core
    that runs by the clock; None where the whole market is wanted at once, which no live feed can give.
    """
    settings = loaded.settings.market
    wanted = list(paths) or (["live"] if settings.source == "live" else list(settings.paths))
    if wanted == ["synthetic"] or (not wanted and settings.source == "synthetic"):
        return synthetic(loaded, start_ns, marks or {})
    if "live" in wanted:
        if len(wanted) > 1:
            raise ConfigError(f"Expected live alone as --market, was {' '.join(wanted)}")
        if speed is None:
            raise ConfigError("Expected recordings here, was live; record first: perpconsole record")
        return live(loaded, speed)
    return recorded(loaded, wanted, state_dir)


def live(loaded: Loaded, speed: float) -> Market:
    """The public data of the venues of the config, as they come."""
    from core.build.live_market import live_market

    places = places_of(loaded)
    source, feed, title = live_market(loaded, places, speed)
    return Market(source, places, title, feed=feed)


def synthetic(loaded: Loaded, start_ns: int, marks: Mapping[str, float]) -> Market:
    """One seeded market for each instrument of the config, from its last mark or from its reference price on."""
    from core.config.instruments import find_venue
    from core.market.synthetic import SyntheticMarket, SyntheticSource

    places = places_of(loaded)
    markets = []
    for place in places:
        price = marks.get(place.key) or find_venue(place.instrument.venue, place.instrument.symbol).reference_price
        markets.append(SyntheticMarket(place.instrument, loaded.settings.seed, start_ns, price))
    return Market(SyntheticSource(markets), places, f"synthetic, seed {loaded.settings.seed}")


def places_of(loaded: Loaded) -> tuple[Place, ...]:
    """One place for each instrument that strategies name, in config order."""
    out: dict[str, Place] = {}
    for key, instrument, _ in loaded.keyed():
        out.setdefault(key, Place(key, instrument))
    return tuple(out.values())


def recorded(loaded: Loaded, paths: Sequence[str], state_dir: pathlib.Path) -> Market:
    """Recordings, grouped by the instrument of their venue file; each strategy's instrument must be among them."""
    from core.market.recording import Recording, open_recording

    groups: dict[tuple[str, str], list[str]] = {}
    for path in paths:
        if not pathlib.Path(path).is_file():
            raise DataError("Expected a recording, found no such file", str(path))
        venue = venue_of_recording(path).instrument
        groups.setdefault((venue.venue, venue.symbol), []).append(path)
    places: list[Place] = []
    recordings: list[Recording] = []
    for key, wanted, n in loaded.keyed():
        params = loaded.params[n]
        sizes = {name: getattr(params, name) for name in SIZES if hasattr(params, name)}
        if any(place.key == key for place in places):
            continue
        mine = groups.get((wanted.venue, wanted.symbol)) or next(iter(groups.values()))
        instrument = instrument_for_recording(mine, wanted, sizes)
        places.append(Place(key, instrument))
        recordings.append(open_recording(mine, instrument, cache_dir(state_dir), loaded.settings.seed))
    used = {path for recording in recordings for path in recording.paths}
    left = [path for path in paths if str(pathlib.Path(path)) not in {str(pathlib.Path(p)) for p in used}]
    if left:
        raise DataError("Expected recordings of instruments that a strategy trades, was another", left[0])
    title = " + ".join(recording.name for recording in recordings)
    return Market(RecordingSource(recordings, loaded.settings.seed), tuple(places), title, tuple(sorted(used)))
