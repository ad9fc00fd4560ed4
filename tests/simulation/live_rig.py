"""A live core in virtual time: the real engine, live driver, inbox, journal and wire gate over `AsyncVenue`."""

from __future__ import annotations

import asyncio
import pathlib
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from core import rng, tasks
from core.build.assemble import Place, engine_of, load_config
from core.build.backtest import header_of
from core.build.markets import Market
from core.clock import LoopClock
from core.domain.commands import AnyCommand
from core.domain.events import Asked, Started, Step
from core.domain.order import CREATE, STOP
from core.domain.units import MONEY
from core.engine.inbox import Inbox
from core.engine.journal import Journal
from core.engine.live import LiveDriver
from core.market.synthetic import SyntheticMarket, SyntheticSource
from core.venues.lanes import WireGate
from core.venues.wire.behind import WireExchange
from tests.simulation.async_venue import AsyncVenue, Weather
from tests.simulation.rig import PLAIN, START, Seen

NEAR = {  # quotes so near that they trade all the time
    "strategies.0.params.minSpread": 0.00004,
    "strategies.0.params.feeBuffer": 0.0,
    "strategies.0.params.maxLayers": 6,
}


class Flag:
    """The halt flag; closing it is what `on_fatal` does."""

    closed = False


class LiveRig:
    """Everything of one run; `body(rig)` is the script of a test, in virtual time."""

    name = "rig"

    def __init__(
        self, seed: int, weather: Weather | None = None, journal: pathlib.Path | None = None,
        sync: Callable[[], Awaitable[None]] | None = None, start: int = START,
    ) -> None:  # fmt: skip
        self.seed, self.weather = seed, weather or Weather()
        self.journal_path, self._sync = journal, sync
        self.start = start
        self.fatals: list[str] = []
        self.synced_frames = 0
        self.flag = Flag()
        self.seen = Seen()

    def run(self, body: Callable[[LiveRig], Awaitable[None]]) -> LiveRig:
        """Run `body` beside the core until it has ended; raises what either raised."""
        tasks.run_virtual(self._main(body), rng.orders(self.seed, "scheduler"))
        return self

    async def _main(self, body: Callable[[LiveRig], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        self.clock = clock = LoopClock(loop.time, self.start)
        self.loaded = load_config(None, {"seed": self.seed, **NEAR})
        instrument = msgspec.structs.replace(self.loaded.instruments[0], network="loopback")
        self.instrument = instrument
        settings = self.loaded.settings.strategies[0]
        place = Place(f"{settings.venue}:{settings.symbol}", instrument)
        source = SyntheticSource([SyntheticMarket(instrument, self.seed, self.start)])
        market = Market(source, (place,), "loopback", ())
        equity = round(self.loaded.settings.equity * MONEY)
        self.journal = Journal(self.journal_path)
        header = header_of(self.loaded, market, 1, self.start, 1)
        header.source["kind"] = "live"
        self.journal.append(header)
        self.engine = engine_of(
            self.loaded, source, [place], self.journal, PLAIN, equity=equity, epoch_ns=self.start,
        )  # fmt: skip
        self.exchange = WireExchange(source, equity, self.seed, PLAIN, clock)
        self.inbox = Inbox(1)
        self.venue = AsyncVenue(self.exchange, self.inbox, clock, self.seed, self.weather)
        self.wire = WireGate(self.flag, instrument.orders_per_10s)
        self.driver = LiveDriver(
            self.engine, self.inbox, self.venue, self.wire, clock, self._synced, self._fatal, [self, self.seen],
        )  # fmt: skip
        pump = tasks.spawn(self.venue.pump(), "market")
        core = tasks.spawn(self.driver.run(), "core", self._core_failed)
        self.error: BaseException | None = None
        self.driver.push(Started(self.loaded.sha256, self.seed, "LIVE", 1))
        try:
            await body(self)
        finally:
            self.venue.ended = True
            await asyncio.gather(pump, return_exceptions=True)
            if not core.done():
                core.cancel()
            await asyncio.gather(core, return_exceptions=True)

    async def _synced(self) -> None:
        frames = self.journal.frames
        await (self._sync() if self._sync is not None else tasks.sleep(0.0005))
        self.synced_frames = frames

    def _core_failed(self, error: BaseException) -> None:
        self.error = error

    def _fatal(self, why: str) -> None:
        self.fatals.append(why)
        self.flag.closed = True

    def take(self, step: Step) -> None:
        """A stop of the engine's own closes the gate, as the session does."""
        if any(note.code == "latched" for note in step.notes):
            self.flag.closed = True

    # what scripts use

    async def to(self, t: float) -> None:
        """Let it run to `t` seconds; raises what broke the core."""
        await tasks.sleep(max(0.0, t - self.venue.t))
        if self.error is not None:
            raise self.error

    def ask(self, command: AnyCommand) -> None:
        self.driver.push(Asked(command))

    @property
    def ledger(self) -> Any:
        return self.engine.posts[0].ledger.s

    async def break_adapter(self) -> None:
        """The next request of the core meets a bug of the adapter; it is mended once the core has seen that."""

        async def broken(request: object) -> None:
            raise KeyError("a bug of the adapter")

        sent = self.venue.send
        self.driver.outgoing.venue.send = broken  # type: ignore[method-assign,assignment]
        while not self.fatals:
            await self.to(self.venue.t + 0.1)
        self.driver.outgoing.venue.send = sent  # type: ignore[method-assign]

    def creates_after(self, t: float) -> list[int]:
        """Client ids of new orders that left after `t`, a stop's own closes aside."""
        return [r.cl_id for at, r in self.venue.log.sent if at > t and r.kind == CREATE and not r.flags & STOP]
