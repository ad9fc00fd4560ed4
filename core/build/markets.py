"""Which market a core sees: the synthetic one, or recordings mapped to their instruments by the venue files."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.build.assemble import Place
from core.build.tapes import opened
from core.config.load import Loaded
from core.domain.errors import ConfigError
from core.domain.units import FAR, NS_PER_S
from core.market.pair_walk import NAME as PAIR_WALK
from core.market.pair_walk import pair_walk, start_before
from core.market.source import RecordingSource, Source

if TYPE_CHECKING:
    from core.build.live_market import LiveFeed

FIRST_NS = 1_767_225_600 * NS_PER_S  # 2026-01-01 00:00 UTC: where synthetic:HOURS begins, so that it is the same always
MOST_HOURS = 720.0


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
    """The market named on the command line or in the config: files and what core.build.tapes names, synthetic, live,
    or synthetic:HOURS, which is the same whenever it is asked for. Raises Refused with the next step.

    `marks`: last prices of an earlier run by `venue:symbol`, from which a synthetic market goes on. `speed`: of a core
    that runs by the clock; None where the whole market is wanted at once, which no live feed can give.
    """
    settings = loaded.settings.market
    wanted = list(paths) or (["live"] if settings.source == "live" else list(settings.paths))
    if wanted == ["synthetic"] or (not wanted and settings.source == "synthetic"):
        return synthetic(loaded, start_ns, marks or {})
    kind, _, hours = wanted[0].partition(":") if len(wanted) == 1 else ("", "", "")
    if kind == "synthetic":
        if speed is not None:
            raise ConfigError(
                f"Expected synthetic or recordings here, was {wanted[0]}: a day of its own, for backtests"
            )
        return synthetic(loaded, FIRST_NS, {}, _hours(hours))
    if wanted == [PAIR_WALK]:
        return walked(loaded, start_ns, endless=speed is not None)
    if "live" in wanted:
        if len(wanted) > 1:
            raise ConfigError(f"Expected live alone as --market, was {' '.join(wanted)}")
        if speed is None:
            raise ConfigError("Expected recordings here, was live; record first: perpconsole record")
        return live(loaded, speed)
    return recorded(loaded, wanted, state_dir)


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = 0.0
    if not 0.0 < hours <= MOST_HOURS:
        raise ConfigError(f"Expected synthetic:HOURS of more than 0 to {MOST_HOURS:g}, was synthetic:{text}")
    return hours


def live(loaded: Loaded, speed: float) -> Market:
    """The public data of the venues of the config, as they come."""
    from core.build.live_market import live_market

    places = places_of(loaded)
    source, feed, title = live_market(loaded, places, speed)
    return Market(source, places, title, feed=feed)


def synthetic(loaded: Loaded, start_ns: int, marks: Mapping[str, float], hours: float | None = None) -> Market:
    """A seeded market for each instrument of the config, from its last mark or from its reference price on.

    Instruments of one base coin share one price and differ by a basis (core.market.synthetic_pair); an instrument that
    is alone with its coin stands for itself. `hours`: how long, None = without end.
    """
    from core.config.instruments import find_venue
    from core.market.synthetic import SyntheticMarket, SyntheticSource
    from core.market.synthetic_pair import HOW, Venue, pair_markets

    places, seed = places_of(loaded), loaded.settings.seed
    coins: dict[str, list[Place]] = {}
    for place in places:
        coins.setdefault(place.instrument.base, []).append(place)
    made: dict[str, SyntheticMarket] = {}
    pairs = []
    for coin, group in coins.items():
        venues = [
            Venue(x, marks.get(place.key), find_venue(x.venue, x.symbol).reference_price)
            for place in group
            for x in (place.instrument,)
        ]
        if len(group) > 1:
            made |= {place.key: market for place, market in zip(group, pair_markets(venues, seed, start_ns))}
            pairs.append(f"{coin} on {' and '.join(sorted(place.key for place in group))}: {HOW}")
        else:
            price = venues[0].mark or venues[0].reference
            made[group[0].key] = SyntheticMarket(group[0].instrument, seed, start_ns, price)
    how = "; ".join(pairs)
    last_ns = FAR if hours is None else start_ns + round(hours * 3600 * NS_PER_S)
    source = SyntheticSource([made[place.key] for place in places], how, last_ns)
    return Market(source, places, f"synthetic, seed {seed}" + (f" ({how})" if how else ""))


def walked(loaded: Loaded, start_ns: int, endless: bool) -> Market:
    """The script of `demo pair` for the two legs of the config; where a core runs by the clock it never ends."""
    from core.market.scripted import ScriptedSource

    places, seed = places_of(loaded), loaded.settings.seed
    instruments = [place.instrument for place in places]
    source = ScriptedSource(pair_walk(), instruments, seed, start_before(start_ns), endless)
    return Market(source, places, f"script {PAIR_WALK}, seed {seed}")


def places_of(loaded: Loaded) -> tuple[Place, ...]:
    """One place for each instrument that strategies name, in config order."""
    out: dict[str, Place] = {}
    for key, instrument, _ in loaded.keyed():
        out.setdefault(key, Place(key, instrument))
    return tuple(out.values())


def recorded(loaded: Loaded, names: Sequence[str], state_dir: pathlib.Path) -> Market:
    """Recordings (core.build.tapes); each strategy's instrument must be among them."""
    places, recordings = opened(loaded, names, state_dir)
    used = {path for recording in recordings for path in recording.paths}
    title = " + ".join(recording.name for recording in recordings)
    return Market(RecordingSource(recordings, loaded.settings.seed), places, title, tuple(sorted(used)))
