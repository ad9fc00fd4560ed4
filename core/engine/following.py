"""Paper on a live public feed: the simulated driver that follows the wall clock. Its orders never leave this machine.

Never kinder than live: a decision is stamped with the time at which it was really made, and what it sends reaches the
exchange half later by the age of the newest books, because that half only knows the exchange as it was so long ago.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from core.domain.book import Feed
from core.domain.errors import Refused
from core.domain.events import Health, Read, ReadReply
from core.domain.order import Report, Request
from core.domain.ports import Clock, StepSink
from core.domain.units import NS_PER_S
from core.engine.engine import Engine
from core.engine.journal import Chunk
from core.engine.paced import Pacer
from core.engine.simulate import SimDriver
from core.exchange.window import columns_of
from core.market.live import LiveSource
from core.venues.lanes import WireGate
from core.venues.simulated import SimulatedVenue

HEALTH_NS = NS_PER_S


class PublicFeed(Protocol):
    """What fills the source. `start` returns at once and keeps trying; nothing arrives before it or after `close`."""

    def start(self) -> None: ...
    async def close(self) -> None: ...
    def health(self) -> Health: ...


class Behind:
    """A simulated venue whose exchange half stands behind the exchange by the age of the feed: requests wait as long
    more. `lag_ns(instrument)`."""

    def __init__(self, venue: SimulatedVenue, lag_ns: Callable[[int], int]) -> None:
        self.exchange = venue.exchange
        self._venue, self._lag_ns = venue, lag_ns
        self.drain: Callable[[int], list[Report]] = venue.drain
        self.advance: Callable[[int], int] = venue.advance

    def send(self, request: Request, now: int) -> int:
        """On its way; arrival ns."""
        return self._venue.send(request, now + self._lag_ns(request.instrument))

    def read(self, read: Read, now: int) -> ReadReply:
        """The venue's own answer."""
        return self._venue.read(read, now)

    def close(self) -> None:
        """The venue's own end."""
        self._venue.close()


class FollowingDriver(SimDriver):
    """`follow()` once for whatever arrived or fell due; `clock` is the one that stamped the rows."""

    def __init__(
        self,
        engine: Engine,
        venue: SimulatedVenue,
        source: LiveSource,
        wire: WireGate,
        sinks: Sequence[StepSink] = (),
        write_ahead: Callable[[], None] | None = None,
        on_sink_failure: Callable[[StepSink, Exception], None] | None = None,
        *,
        clock: Clock,
    ) -> None:
        super().__init__(
            engine, Behind(venue, source.lag_ns), source, wire, sinks, write_ahead, on_sink_failure
        )  # fmt: skip
        self.clock, self.rows = clock, source
        self._wall = source.start_ns

    def follow(self) -> int:
        """Go on to the wall clock's now; returns how long that took, ns."""
        wall = self._wall = max(self.clock.now(), self.now + 1)
        for event in self.rows.take_links():
            self.push(event)
        self.run(wall)
        return self.clock.now() - wall

    def _extend(self) -> None:
        """What has arrived: the data never reach beyond the clock."""
        self._dry = False
        for i in range(len(self.rows.instruments)):
            chunk = self.rows.extend(i, self._wall)
            if chunk is not None and len(chunk.kind):
                self._add(i, chunk)
        self.covered = self._wall

    def _add(self, i: int, chunk: Feed) -> None:
        super()._add(i, chunk)
        window = self._windows[i]
        assert window is not None
        self.engine.journal.append(Chunk(i, window.base + len(window) - len(chunk.kind), columns_of(chunk)))

    def _process(self, now: int, why: int, reports: tuple[Report, ...]) -> None:
        """After a stall of the machine the engine decides late, as it would live, and not as of the past."""
        super()._process(max(now, self._wall), why, reports)


class FollowingPacer(Pacer):
    """Turns of the driver for each arrival, command and 10 ms; the feed lives exactly as long."""

    def __init__(
        self, driver: FollowingDriver, feed: PublicFeed, before: Callable[[], None], on_turn: Callable[[int], None]
    ) -> None:
        super().__init__(driver, 1.0, before, on_turn)
        self.follower, self.feed = driver, feed
        self._health_at = 0

    def pace(self, speed: float) -> None:
        """Only 1: time is the wall clock's."""
        refuse_speed(speed)

    async def run(self) -> None:
        """Until the driver has ended or `stopped` is set."""
        driver = self.follower
        driver.rows.on_push = self.wake.set
        self.feed.start()
        late = 0
        try:
            while not driver.ended and not self.stopped:
                self.wake.clear()
                self.before()
                now = driver.clock.monotonic()
                if now - self._health_at >= HEALTH_NS:
                    self._health_at = now
                    driver.push(msgspec.structs.replace(self.feed.health(), loop_lag_ns=late))
                late = max(0, driver.follow())
                self.on_turn(late)
                await self._idle()
        finally:
            await self.feed.close()


def refuse_speed(speed: float) -> None:
    """Raises Refused for any speed of a live feed but 1."""
    if speed != 1.0:
        raise Refused(
            f"Expected speed 1 on a live feed, was {speed:g}: its time is the wall clock's; leave --speed out"
        )
