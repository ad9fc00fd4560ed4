"""What keeps a live venue honest between events: clock, silent streams, lost key, sequence gaps, unclaimed fills.

Runs four times a second beside the streams. Its own failure closes the venue for new risk, loudly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from core import tasks
from core.domain.ports import Clock
from core.domain.units import NS_PER_MS, NS_PER_S
from core.venues.budget import QUERY
from core.venues.ccxt.instances import Instances
from core.venues.ccxt.private import PrivateFeed
from core.venues.ccxt.public import PublicFeed
from core.venues.ccxt.streams import Stream, Watchdog
from core.venues.ccxt.traits import Traits
from core.venues.ccxt.verdicts import Verdict, clean_text, judge
from core.venues.ccxt.wiring import LANE, UNREADABLE
from core.venues.condition import ClockFilter, Condition

CLOCK_EVERY_NS, CLOCK_AGAIN_NS = 60 * NS_PER_S, 5 * NS_PER_S  # ordinarily, and while it is off
STEP_NS = 20 * NS_PER_MS  # a sample this far outside its own round trip says that a clock was set
TICK_S = 0.25
KEY_AGAIN_S = 60.0
LET_GO_S = 1.0
MOST_LOST = 1 << 40  # of a gap: a sequence number may be anything
Say = Callable[[str, str, str], None]  # level, code, text


class Upkeep:
    """`on_verdict` hears errors of its own questions."""

    def __init__(
        self,
        traits: Traits,
        instances: Instances,
        condition: Condition,
        feeds: dict[int, PublicFeed],
        private: PrivateFeed,
        clock: Clock,
        note: Say,
        on_verdict: Callable[[Verdict], None],
    ) -> None:
        self.traits, self.instances, self.condition = traits, instances, condition
        self.feeds, self.private, self.clock, self.note, self.on_verdict = feeds, private, clock, note, on_verdict
        self.watchdog = Watchdog()
        self._filter = ClockFilter()
        self._measured_at = 0
        self.keeps_key = False  # set once the private streams are opened
        self._kept_at = clock.monotonic()
        self._newest_update: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None
        instances.wires["data"].on_frame = self._frame

    def start(self) -> None:
        """Begin; ended by `stop`."""
        self._task = tasks.spawn(self._run(), f"upkeep {self.traits.name}", self._fault)

    async def stop(self) -> None:
        """End the task and wait for it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _fault(self, error: BaseException) -> None:
        what = f"{type(error).__name__} in the venue's upkeep"
        self.condition.failed("closed", what, self.clock.now())
        self.note("crit", "venue_upkeep", f"{self.traits.name}: {what}, no new risk")

    async def _run(self) -> None:
        while True:
            await tasks.sleep(TICK_S)
            now = self.clock.monotonic()
            stale = self.watchdog.check(now)
            if stale:
                self._drop_clients(stale)
            every = CLOCK_AGAIN_NS if self.condition.state.name == "clock" else CLOCK_EVERY_NS
            half_open = self.condition.probe_due(self.clock.now())
            if half_open or now - self._measured_at > every:
                await self._probe(half_open)
            if self.keeps_key and now - self._kept_at > self.traits.keep_key_s * NS_PER_S:
                await self._keep_key()
            for trade in self.private.overdue(now):
                await self._whose(trade)
            for state in self.condition.take_changes():
                level = "info" if state.name == "ok" else "warn"
                text = ". ".join(part for part in (state.text, state.next_step) if part)
                self.note(level, f"venue_{state.name}", f"{self.traits.name} {state.name}: {text}")

    # clock -----------------------------------------------------------------------------------------------------------

    async def _probe(self, half_open: bool) -> None:
        """Ask the time; an answer to the probe of a breaker that is half open closes it."""
        import ccxt

        self._measured_at = self.clock.monotonic()
        asked = self.condition.state
        try:
            await self.measure_clock(1)
        except (ccxt.BaseError, *UNREADABLE) as error:
            self.on_verdict(judge(error))
            return
        now = self.clock.now()
        closes = half_open and self.condition.state is asked  # its `until` is already the time of the next probe
        self.condition.answered(max(now, asked.until) if closes else now)

    async def measure_clock(self, samples: int) -> None:
        """Ask the venue's time; what it says corrects stamps and lifetimes. Raises what ccxt raises."""
        LANE.set(QUERY)
        for _ in range(samples):
            sent = self.clock.now()
            venue = int(await self.instances.data.fetch_time()) * NS_PER_MS
            received = self.clock.now()
            offset = self._filter.add(sent, received, venue)
            if abs(venue - (sent + received) // 2 - offset) > received - sent + STEP_NS:
                self._filter = ClockFilter()  # older samples are of another clock
                offset = self._filter.add(sent, received, venue)
            self.condition.measured(offset)
        for exchange in (self.instances.data, self.instances.trade, self.instances.emergency):
            exchange.options["timeDifference"] = -round(self.condition.offset_ns / NS_PER_MS)
        for feed in self.feeds.values():
            feed.offset_ns = self.condition.offset_ns
        self._measured_at = self.clock.monotonic()

    # streams ---------------------------------------------------------------------------------------------------------

    def _drop_clients(self, stale: Sequence[Stream]) -> None:
        """A silent stream's sockets are closed, so that the next wait dials and subscribes anew."""
        wire, now = self.instances.wires["data"], self.clock.monotonic()
        clients = self.instances.data.clients or {}
        alone = len(clients) == 1
        for url, client in list(clients.items()):
            if alone or now - wire.counters.last_frame.get(url, 0) > NS_PER_S:
                clients.pop(url, None)
                tasks.spawn(_let_go(client), "silent socket", _lost)
        for stream in stale:
            self.note("warn", "stale", f"{self.traits.name} {stream.name}: {stream.why}")

    def _frame(self, client: Any, message: Any) -> bool:
        frame = self.traits.frame(message)
        if frame is None:
            return False
        if frame.key_expired:
            tasks.spawn(self._new_key(client), "listen key")
            return True
        if frame.last and self.traits.sequenced:
            before = self._newest_update.get(frame.symbol, 0)
            gap = bool(before and frame.before and frame.before != before)
            self.instances.wires["data"].counters.gaps += gap
            for feed in self.feeds.values():
                if feed.listing.instrument.symbol == frame.symbol:
                    feed.heard(frame.last)
                    if gap:
                        feed.gap(max(1, min(frame.first - before - 1, MOST_LOST)))
                    self._newest_update[frame.symbol] = frame.last
        return False

    async def _keep_key(self) -> None:
        """Renew the private stream's key; a failure is tried again after a minute."""
        import ccxt

        LANE.set(QUERY)
        self._kept_at = self.clock.monotonic()
        try:
            await self.traits.keep_key(self.instances.data)
        except (ccxt.BaseError, *UNREADABLE) as error:
            self._kept_at -= round((self.traits.keep_key_s - KEY_AGAIN_S) * NS_PER_S)
            self.note("warn", "listen_key", f"{self.traits.name}: the key was not renewed: {clean_text(error)}")

    async def _new_key(self, client: Any) -> None:
        """The key of the private stream ended: ccxt ignores that, so its memory is cleared and the socket closed."""
        import ccxt

        data = self.instances.data
        for kind in ("linear", "future", "swap"):
            options = data.options.get(kind)
            if isinstance(options, dict):
                options.pop("listenKey", None)
                options["lastAuthenticatedTime"] = 0
        data.clients.pop(client.url, None)
        client.reject(ccxt.NetworkError("the listen key has expired"))
        await client.close()
        self.note("warn", "listen_key", f"{self.traits.name}: the private stream's key expired, a new one is asked for")

    async def _whose(self, trade: Any) -> None:
        """A fill of an order that we do not know by id: the order says whose it is; the cross-check has the rest."""
        import ccxt

        try:
            order = await self.instances.data.fetch_order(str(trade["order"]), str(trade["symbol"]))
        except (ccxt.BaseError, *UNREADABLE) as error:
            self.note("warn", "fill_unclaimed", f"{self.traits.name}: {type(error).__name__} for a fill's order")
            return
        self.private.take_orders([order])
        self.private.take_trades([trade])


async def _let_go(client: Any) -> None:
    """Close a socket without waiting for a far side that may be gone: its closing handshake alone takes ten seconds."""
    async with tasks.timeout(LET_GO_S):
        await client.close()


def _lost(_error: BaseException) -> None:
    """No goodbye was heard; the connection is cut all the same."""
