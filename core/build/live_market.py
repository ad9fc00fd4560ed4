"""Public feeds of real venues for recorder and paper: which there are, how each is reached, and how paper lives on one.

No keys and no orders: `core.venues.ccxt` with `public_only`. Time and matching are core.engine.following's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core import tasks
from core.build.assemble import Place
from core.clock import SteadyClock
from core.config.load import Loaded
from core.domain.errors import Refused
from core.domain.events import Health
from core.domain.instrument import Instrument
from core.domain.ports import Clock, StepSink
from core.engine.engine import Engine
from core.engine.following import FollowingDriver, FollowingPacer, refuse_speed
from core.engine.simulate import SimDriver
from core.market.live import LiveSource
from core.market.source import Source
from core.venues.ccxt.catalogue import traits_of
from core.venues.ccxt.instances import Access
from core.venues.ccxt.traits import Traits
from core.venues.ccxt.venue import CcxtVenue, EventIn
from core.venues.lanes import WireGate
from core.venues.simulated import SimulatedVenue

RETRY_S, MOST_RETRY_S = 2.0, 60.0
NETWORKS = ("mainnet", "testnet", "demo")


@dataclass(frozen=True)
class Route:
    """One venue without keys: how it is reached, and which instruments by their numbers in the sink."""

    traits: Traits
    access: Access
    instruments: tuple[tuple[int, Instrument], ...]

    def venue(self, sink: EventIn, clock: Clock, note: Callable[[str, str, str], None]) -> CcxtVenue:
        """Its public feed, not yet opened. Raises Refused where ccxt knows no such network of it."""
        import ccxt

        try:
            return CcxtVenue(
                self.traits, self.access, self.instruments, sink, clock, epoch=0, public_only=True, note=note
            )
        except (ccxt.BaseError, KeyError):  # KeyError: ccxt of a demo that it has no address of
            raise Refused(f"Expected a network that {self.traits.name} has, was {self.access.network}") from None


def route_of(venue: str, network: str, url: str, instruments: Sequence[tuple[int, Instrument]]) -> Route:
    """With `url` a loopback venue there and nowhere else. Raises Refused: unknown venue, network or address."""
    traits = traits_of(venue)
    if not url and network not in NETWORKS:
        raise Refused(f"Expected a network of {', '.join(NETWORKS)}, was {network!r}")
    if not url:
        return Route(traits, Access(network, {}), tuple(instruments))
    if not url.startswith(("http://127.0.0.1:", "http://localhost:")):
        raise Refused(f"Expected a loopback venue, http://127.0.0.1:PORT, as its address, was {url!r}")
    try:
        addresses = traits.addresses(url.rstrip("/"))
    except NotImplementedError:
        raise Refused(f"Expected a venue that a loopback venue can play, was {venue}; leave its address out") from None
    return Route(traits, Access("loopback", {}, addresses), tuple(instruments))


def routes_of(loaded: Loaded, instruments: Sequence[Instrument]) -> tuple[Route, ...]:
    """The venues of these instruments by `venues:` of the config; mainnet's public data where it says nothing.

    Raises Refused for a venue without a class of ours.
    """
    found: dict[str, list[tuple[int, Instrument]]] = {}
    for number, instrument in enumerate(instruments):
        found.setdefault(instrument.venue, []).append((number, instrument))
    routes = []
    for name, rows in found.items():
        known = loaded.settings.venues.get(name)
        network, url = (known.network, known.url) if known is not None else ("mainnet", "")
        routes.append(route_of(name, network, url, rows))
    return tuple(routes)


def live_market(loaded: Loaded, places: Sequence[Place], speed: float) -> tuple[LiveSource, LiveFeed, str]:
    """The source of a paper core on live public data, what fills it, and how it is called on screen.

    Every venue is asked once before this returns. Raises Refused with the next step where one cannot be had, and for
    any speed but 1.
    """
    refuse_speed(speed)
    instruments = [place.instrument for place in places]
    routes = routes_of(loaded, instruments)
    clock = SteadyClock()
    asyncio.run(_asked_once(routes, instruments, clock))
    networks = [route.access.network for route in routes]
    source = LiveSource(instruments, clock.now(), loaded.settings.seed, networks)
    names = " + ".join(f"{route.traits.name} {route.access.network}" for route in routes)
    return source, LiveFeed(source, routes, clock), f"live: {names}"


async def _asked_once(routes: Sequence[Route], instruments: Sequence[Instrument], clock: SteadyClock) -> None:
    nowhere = LiveSource(instruments, clock.now(), 0, ())
    for route in routes:
        venue = route.venue(nowhere, clock, lambda level, code, text: None)
        try:
            await venue.open()
        except Refused as error:
            text = "check the network and `venues:` of the config, or take --market synthetic"
            raise Refused(f"Expected a live feed of {route.traits.name}, was none: {error}; {text}") from None
        await venue.close()


class LiveFeed:
    """Public feeds into a source, in the loop of the core. One that cannot be opened is tried again and again.

    The same loop as the engine: no locks, and a core that stands still takes its rows late, as it would live.
    """

    def __init__(self, source: LiveSource, routes: Sequence[Route], clock: SteadyClock) -> None:
        self.source, self.routes, self.clock = source, tuple(routes), clock
        self.note: Callable[[str, str, str], object] = lambda level, code, text: None
        self._venues: dict[str, CcxtVenue] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._lost = self._late = 0  # told

    def driver(
        self,
        engine: Engine,
        venue: SimulatedVenue,
        source: Source,
        wire: WireGate,
        sinks: Sequence[StepSink],
        write_ahead: Callable[[], None] | None = None,
        on_sink_failure: Callable[[StepSink, Exception], None] | None = None,
    ) -> FollowingDriver:
        """As `SimDriver`, on this feed's source."""
        assert source is self.source
        return FollowingDriver(
            engine, venue, self.source, wire, sinks, write_ahead, on_sink_failure, clock=self.clock
        )  # fmt: skip

    def pacer(
        self, driver: SimDriver, speed: float, before: Callable[[], None], on_turn: Callable[[int], None]
    ) -> FollowingPacer:
        """As `Pacer`, with this feed for as long as it runs."""
        refuse_speed(speed)
        assert isinstance(driver, FollowingDriver)
        return FollowingPacer(driver, self, before, on_turn)

    def start(self) -> None:
        """Open every venue; returns at once."""
        self._tasks = [
            tasks.spawn(self._keep(route), f"feed {route.traits.name}", self._fault) for route in self.routes
        ]

    async def _keep(self, route: Route) -> None:
        """Open; streams that fall later come back by themselves."""
        wait = RETRY_S
        while True:
            venue = route.venue(self.source, self.clock, self._say)
            try:
                await venue.open()
            except Refused as error:
                self.note("warn", "feed", f"{error}; asked again in {wait:g} s")
                await tasks.sleep(wait)
                wait = min(MOST_RETRY_S, 2 * wait)
                continue
            self._venues[route.traits.name] = venue
            return

    @property
    def venues(self) -> dict[str, CcxtVenue]:
        """Those that are open, by name."""
        return dict(self._venues)

    def _say(self, level: str, code: str, text: str) -> None:
        self.note(level, code, text)

    def _fault(self, error: BaseException) -> None:
        self.note("crit", "feed", f"the feed ended: {type(error).__name__}: {error}"[:200])

    async def close(self) -> None:
        """End every stream and connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for venue in self._venues.values():
            await venue.close()
        self._venues = {}

    def _tell_left_out(self) -> None:
        """Rows that the source did not give, each time that there are more."""
        lost, late = sum(self.source.lost), sum(self.source.late_trades)
        if lost > self._lost:
            self.note("crit", "feed", f"{lost:,} rows were lost: the core does not keep up with its feed")
        if late > self._late:
            self.note("info", "feed", f"{late:,} trades came too late to be matched (told again after a reconnect)")
        self._lost, self._late = lost, late

    def health(self) -> Health:
        """Clock and streams of the feeds. No request counts: orders never use these connections."""
        self._tell_left_out()
        samples = [venue.health() for venue in self._venues.values()]
        worst = max((sample.clock_offset_ns for sample in samples), key=abs, default=0)
        down = sum(sample.links_down for sample in samples) + len(self.routes) - len(samples)
        return Health(clock_offset_ns=worst, links_down=down)
