"""ccxt against a loopback venue as a site: TLS under the exchange's own host names, through the fence.

Nothing of ccxt or of ours is replaced. The truth is what the exchange behind the wire has; only `foreign`, `inject`
and the faults touch that side.
"""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from core.clock import SteadyClock, SystemClock
from core.domain.events import Read, ReadReply
from core.domain.order import FUNDED, LIMIT, Report, Request
from core.domain.units import MONEY, NS_PER_MS, NS_PER_S
from core.engine.inbox import Inbox
from core.kernel import Kernels
from core.venues.ccxt.instances import Access
from core.venues.ccxt.venue import CcxtVenue
from core.venues.identity import read_text
from core.venues.wire.behind import WireExchange
from core.venues.wire.certificates import server_context
from core.venues.wire.faults import Faults, Plan, Rule
from core.venues.wire.fence import HOSTS, Fence
from core.venues.wire.server import VenueServer
from tests.contract.played import Played
from tests.contract.sites import Resting, Site, Truth
from tests.contract.tape import StillTape

EQUITY = 100_000 * MONEY
WARM_NS = 2 * NS_PER_S
QUIET_S, POLL_S = 0.15, 0.01
EPOCH = 9


@functools.cache
def _certificate(hosts: tuple[str, ...]) -> tuple[ssl.SSLContext, bytes]:
    """One CA a test run is enough: it holds for a day."""
    return server_context(hosts, SystemClock())


class WiredSite(Site):
    """Opened by `start`, ended by `stop`; in between nothing of ccxt or of ours is replaced."""

    def __init__(self, played: Played) -> None:
        super().__init__(played.places())
        self.played, self.name, self.can = played, f"ccxt {played.name}", played.can
        clock = SystemClock()
        self.exchange = WireExchange(StillTape(self.places), EQUITY, 3, Kernels("plain"), clock, WARM_NS)
        self.dialect: Any = played.dialect(self.exchange)
        self.server = VenueServer(self.exchange, self.dialect, Faults(Plan(seed=3), clock.now()), clock)
        self.inbox = Inbox(len(self.places))
        self.epoch = EPOCH
        self._answers: list[Report] = []
        self._fresh: list[Report] = []
        self._strangers = 0

    # life ----------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        hosts = HOSTS[self.played.name]
        context, ca_pem = _certificate(hosts)
        port = await self.server.start(tls=context)
        self.fence = Fence(port, hosts, ca_pem)
        await self._open()

    async def _open(self) -> None:
        access = Access("mainnet", self.played.keys, None, self.fence.session)
        numbered = [(i, place.instrument) for i, place in enumerate(self.places)]
        self.venue = CcxtVenue(
            self.played.traits(), access, numbered, self.inbox, SteadyClock(), epoch=self.epoch
        )  # fmt: skip
        await self.venue.open()
        tell = self.venue.door.report

        def told(report: Report) -> None:
            self._answers.append(report)
            tell(report)

        self.venue.door.report = told  # answers apart from news: the private feed keeps the venue's own way
        self.venue._report = told  # type: ignore[method-assign]
        await self.listening()
        streams = [urlsplit(url) for url in self.venue.instances.data.clients if "://" in url]
        assert {url.scheme for url in streams} == {"wss"} and {url.hostname for url in streams} <= self.fence.hosts
        for exchange in (self.venue.instances.data, self.venue.instances.trade, self.venue.instances.emergency):
            exchange.timeout_on_exit = 10  # ms; there is no far end to wait for

    async def stop(self) -> None:
        venue = getattr(self, "venue", None)  # none where it could not be opened
        try:
            if venue is not None:
                await venue.close()
        finally:
            await self.server.close()
        assert self.server.failed is None
        assert self.fence.refused == {}, "no request leaves the fence"
        actions = getattr(self.dialect, "actions", None)
        assert actions is None or not any(actions.refused.values()), "nobody else is paid"

    async def restart(self) -> None:
        await self.venue.close()
        await self.eventually(lambda: not self.played.listens(self.dialect), "the end of the old streams")
        self.epoch += 1
        await self._open()

    # the port ------------------------------------------------------------------------------------------------------

    def _take(self) -> int:
        found = list(self.inbox.take_reports())
        self.log += found
        self._fresh += found
        return len(found)

    async def send(self, request: Request) -> None:
        await self.venue.send(request)
        self._take()

    async def reports(self) -> list[Report]:
        quiet = 0.0
        while quiet < QUIET_S:
            await asyncio.sleep(POLL_S)
            quiet = 0.0 if self._take() else quiet + POLL_S
        fresh, self._fresh = self._fresh, []
        return fresh

    async def ask(self, read: Read) -> ReadReply:
        return await self.venue.read(read)

    async def cancel_all(self, instrument: int) -> bool:
        return await self.venue.cancel_all(instrument)

    def answers(self) -> list[Report]:
        return self._answers

    async def eventually(self, holds: Callable[[], Any], what: str, seconds: float = 8.0) -> None:
        try:
            async with asyncio.timeout(seconds):
                while self._take() or not holds():
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise AssertionError(f"Expected {what} within {seconds:g} s, was not so") from None

    # behind the wire -----------------------------------------------------------------------------------------------

    def now(self) -> int:
        return self.exchange.now()

    def wire_requests(self) -> int:
        return len(self.server.asked)

    def wire_places(self, since: int) -> list[str]:
        return [asked.place for asked in self.server.asked[since:]]

    def fault(self, **rule: Any) -> None:
        """One more rule of the venue's fault plan."""
        self.server.faults.add(Rule(**rule))

    async def conditional(self, side: int, trigger: int, qty: int) -> None:
        self.played.stop_order(self, side, trigger, qty)

    async def arm_dead_man(self) -> bool:
        return await self.venue.deadman.arm()

    async def venue_clock(self, seconds: float) -> None:
        self.exchange.skew_ns = int(seconds * NS_PER_S)

    async def cut(self) -> None:
        for stream in list(self.server.streams):
            stream.abort()
        await self.eventually(lambda: not self.played.listens(self.dialect), "the end of the streams")

    async def listening(self) -> None:
        await self.eventually(lambda: self.played.listens(self.dialect), "private streams")

    async def outage(self, on: bool) -> None:
        if on:
            self.fault(do="status", at="*", status=503, text="Service unavailable")
        else:
            self.server.faults.clear()

    async def disturb(self) -> None:
        for place in self.played.news:
            self.fault(do="double", at=place, chance=0.5)
            self.fault(do="late", at=place, chance=0.3, seconds=0.1)

    async def lose_answer(self) -> None:
        self.fault(do="drop_after", at=self.played.creates, times=1)

    async def funding_due(self) -> None:
        self.venue.reader._answered_ns -= 31 * NS_PER_S

    async def inject(self, what: str, instrument: int = 0, *values: int) -> None:
        if what == "funding":
            market = self.exchange.exchange.markets[instrument].s
            market.next_funding = market.now + NS_PER_MS
            self.exchange.catch_up()
        else:
            assert self.exchange.inject(instrument, what, values), what
        if (what, *values) == ("cancel_only", 0):
            await self.venue.listed.watch.look()  # the next reading of the terms, without its wait

    async def foreign(self, side: int, px: int, qty: int, instrument: int = 0, tif: int = 0) -> None:
        self._strangers += 1
        name = f"{self.played.stranger}_{self._strangers}" if self.played.stranger else ""
        self.exchange.create(name, instrument, side, px, qty, LIMIT, tif)

    def truth(self) -> Truth:
        self.exchange.catch_up()
        books = self.exchange.books

        def ours(client: str) -> int:
            found = read_text(client)
            return found.cl_id if found is not None else 0

        def trade(t: Any) -> Report:
            order = t.order
            cl_id, venue = (ours(order.client), order.venue_id) if order is not None else (0, 0)
            return Report(
                t.instrument, t.kind, t.ts, cl_id, venue, t.side, t.px, t.qty, 0, t.id, t.fee, int(t.maker)
            )  # fmt: skip

        held = {i: self.exchange.position(i) for i in range(len(self.places))}
        return Truth(
            tuple(
                sorted(Resting(o.instrument, o.venue_id, ours(o.client), o.side, o.px, o.left) for o in books.open_of())
            ),
            tuple(ours(o.client) for o in books.orders if o.venue_id),
            tuple(trade(t) for t in sorted(books.trades, key=lambda t: t.id)),
            tuple((p.id, p.instrument, p.amount) for p in books.payments if p.kind == FUNDED),
            {i: where for i, where in held.items() if where[0]},
            {i: self.exchange.exchange.liquidation_px(i) for i, where in held.items() if where[0]},
            self.exchange.exchange.balance(),
        )
