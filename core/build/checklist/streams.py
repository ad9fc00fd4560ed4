"""S1-50 of the go-live checklist: do the streams come, and does the private one live? Listens for a few seconds.

The private streams run over the trade instance, so every socket of it is theirs; a ping of ours must come back.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from core import tasks
from core.build.checklist.items import Checklist
from core.domain.ports import Clock
from core.domain.units import NS_PER_MS, NS_PER_S
from core.venues.ccxt.streams import Stream
from core.venues.ccxt.venue import CcxtVenue

LOOK_S = 0.05
PONG_S = 3.0
ROWS = ("S1-50",)
BOOKS = 2  # the first may be a snapshot that was asked for: news over the socket must follow


class Listening:
    """Of one venue that is open. `hear` takes until everything came, or `seconds`."""

    def __init__(self, venue: CcxtVenue) -> None:
        self.venue, self.clock = venue, venue.clock
        self.public: list[Stream] = []
        self.private: list[Stream] = []
        data = venue.instances.data
        for number, listing in venue.listings.items():
            feed, symbol = venue.feeds[number], listing.symbol
            mark: Callable[[str], Any] = getattr(data, venue.traits.mark_from)
            self.public += [
                self._stream(
                    f"book {listing.instrument.symbol}", partial(data.watch_order_book, symbol), feed.take_book
                ),
                self._stream(f"mark {listing.instrument.symbol}", partial(mark, symbol), feed.take_mark),
            ]
        own = venue.instances.trade
        self.private = [
            self._stream("orders", lambda: own.watch_orders(), venue.private.take_orders),
            self._stream("own trades", lambda: own.watch_my_trades(), venue.private.take_trades),
        ]

    def _stream(self, name: str, watch: Callable[[], Any], take: Callable[[Any], Any]) -> Stream:
        return Stream(name, watch, take, lambda up, why: None, self.clock)

    async def hear(self, seconds: float, items: Checklist) -> None:
        """Adds an item for each public stream and one for the private ones. Ends what it started."""
        streams = [*self.public, *self.private]
        for stream in streams:
            stream.start()
        end = self.clock.monotonic() + round(seconds * NS_PER_S)
        try:
            while self.clock.monotonic() < end and not (all(came(s) for s in self.public) and self._sockets()):
                await tasks.sleep(LOOK_S)
            for stream in self.public:
                self._told(stream, seconds, items)
            await self._private(seconds, items)
        finally:
            for stream in streams:
                await stream.stop()

    def _told(self, stream: Stream, seconds: float, items: Checklist) -> None:
        if not came(stream):
            why = f": {stream.why}" if stream.restarts else ""
            items.judge(
                f"stream {stream.name}",
                False,
                f"nothing within {seconds:g} s{why}",
                "without it nothing is quoted; look at the venue's status page, then ask again",
                ROWS,
            )
            return
        age = stream.age_ns(self.clock.monotonic()) / NS_PER_MS
        items.judge(
            f"stream {stream.name}",
            stream.refused == 0,
            f"comes; newest {age:.0f} ms old, {stream.restarts} reconnects"
            + (f", {stream.refused} unreadable: {stream.why}" if stream.refused else ""),
            "the venue's form has changed: do not trade before the reader is mended",
            ROWS,
        )

    # the private ones ------------------------------------------------------------------------------------------------

    def _sockets(self) -> list[Any]:
        """The connections of the private streams that stand."""
        clients = (self.venue.instances.trade.clients or {}).values()
        return [client for client in clients if client.isConnected and not client.closed()]

    async def _private(self, seconds: float, items: Checklist) -> None:
        step = "without it fills come by polling alone; check the key's rights and the venue's status page"
        sockets, failed = self._sockets(), [s for s in self.private if s.restarts and s.why]
        if failed or not sockets:
            why = failed[0].why if failed else f"no connection within {seconds:g} s"
            items.judge("private stream", False, why, step, ROWS)
            return
        counters = self.venue.instances.wires["trade"].counters
        for client in sockets:
            took = await pong_ns(client, self.clock)
            age = (self.clock.now() // NS_PER_MS - int(client.connectionEstablished or 0)) / 1e3
            if took is None:
                items.judge("private stream", False, f"connected, but no pong within {PONG_S:g} s", step, ROWS)
                continue
            items.judge(
                "private stream",
                True,
                f"up; heartbeat answered in {took / NS_PER_MS:.0f} ms, connected {age:.1f} s, "
                f"{counters.disconnects} reconnects",
                step,
                ROWS,
            )


def came(stream: Stream) -> bool:
    """News came over its socket."""
    return stream.batches >= (BOOKS if stream.name.startswith("book") else 1)


async def pong_ns(client: Any, clock: Clock) -> int | None:
    """How long a websocket ping of ours took; None where no pong came."""
    before = client.lastPong
    sent = clock.monotonic()
    client.lastPong = None
    try:
        async with tasks.timeout(PONG_S):
            await client.connection.ping()
            while client.lastPong is None:
                await tasks.sleep(0.002)
    except (TimeoutError, ConnectionError):
        client.lastPong = before
        return None
    return clock.monotonic() - sent
