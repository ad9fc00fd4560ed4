"""The HTTP and websocket server in front of the exchange: one port, one dialect, faults on the way in and out.

Owns the pump that runs the market by the wall clock, TLS, the fault rules of requests, and the venue's own pages for
tests and operators under /_venue (books, what was asked, faults). Listens on the loopback alone.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec
from aiohttp import web

from core import tasks
from core.domain.errors import Refused
from core.domain.ports import Clock
from core.domain.units import NS_PER_S
from core.venues.wire.behind import Public, WireExchange
from core.venues.wire.faults import VENUE_WIDE, Faults, Rule
from core.venues.wire.orders import Changed
from core.venues.wire.pages import books_page
from core.venues.wire.stream import Stream
from core.venues.wire.terms import relist

PUMP_S = 0.01
MAX_BODY = 4 << 20
UNANSWERED = ("hang", "hang_after", "drop", "drop_after")
REQUEST_FAULTS = (
    "hang", "hang_after", "drop", "drop_after", "status", "status_after", "says", "says_after", "slow",
)  # fmt: skip
PAGES = "/_venue"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Dialect(Protocol):
    """What one exchange's wire must provide. `place` names a request for the fault rules and the log."""

    name: str

    def routes(self, app: web.Application, server: VenueServer) -> None: ...
    async def place(self, request: web.Request) -> str: ...
    def failure(self, status: int, code: int, text: str, retry_after: int) -> web.Response: ...
    def on_event(self, event: Public | Changed) -> None: ...
    def on_tick(self, now: int) -> None: ...
    def venue_fault(self, rule: Rule) -> None: ...
    def relisted(self, instrument: int) -> None: ...


class Asked(msgspec.Struct, frozen=True):
    """One request as it came in."""

    ts: int  # ns
    place: str
    status: int  # 0 = never answered


class VenueServer:
    """`await start()` gives the port; `await close()` ends everything that it began."""

    def __init__(self, exchange: WireExchange, dialect: Dialect, faults: Faults, clock: Clock) -> None:
        self.exchange, self.dialect, self.faults, self.clock = exchange, dialect, faults, clock
        self.streams: set[Stream] = set()
        self.asked: list[Asked] = []
        self.failed: BaseException | None = None  # why the venue stopped, if it did
        self._closed_until = 0  # maintenance
        self._runner: web.AppRunner | None = None
        self._pump: asyncio.Task[None] | None = None
        exchange.listeners.append(dialect.on_event)

    async def start(self, port: int = 0, tls: ssl.SSLContext | None = None) -> int:
        """Listen on 127.0.0.1. Raises Refused where the port is taken."""
        app = web.Application(client_max_size=MAX_BODY, middlewares=[self._middleware])
        app.router.add_get(f"{PAGES}/books", self._books)
        app.router.add_get(f"{PAGES}/asked", self._asked)
        app.router.add_post(f"{PAGES}/fault", self._fault)
        app.router.add_post(f"{PAGES}/inject", self._inject)
        self.dialect.routes(app, self)
        self._runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, ssl_context=tls)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise Refused(f"Expected a free port on 127.0.0.1, {port} is not: {error.strerror}") from None
        self._pump = tasks.spawn(self._run(), "loopback venue: market", self._stopped)
        return int(self._runner.addresses[0][1])

    async def close(self) -> None:
        """Cut every connection and stop the market."""
        if self._pump is not None:
            self._pump.cancel()
        for stream in list(self.streams):
            stream.abort()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _run(self) -> None:
        while True:
            self.exchange.catch_up()
            now = self.clock.now()
            while (rule := self.faults.at("venue", now, VENUE_WIDE)) is not None:
                self._venue_fault(rule)
            self.dialect.on_tick(self.exchange.now())
            await tasks.sleep(PUMP_S)

    def _stopped(self, error: BaseException) -> None:
        self.failed = error
        for stream in list(self.streams):
            stream.abort()

    def _venue_fault(self, rule: Rule) -> None:
        if rule.do == "skew":
            self.exchange.skew_ns = int(rule.seconds * NS_PER_S)
        elif rule.do == "maintenance":
            self._closed_until = self.clock.now() + int(rule.seconds * NS_PER_S)
        elif rule.do == "terms":
            self.dialect.relisted(relist(self.exchange, rule.text))
        else:
            self.dialect.venue_fault(rule)

    # requests ----------------------------------------------------------------------------------------------------

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(PAGES):
            return await handler(request)
        if self.failed is not None:
            return self.dialect.failure(503, 0, f"the loopback venue has stopped: {self.failed}", 0)
        place = await self.dialect.place(request)
        now = self.clock.now()
        rule = self.faults.at(place, now, REQUEST_FAULTS)
        if now < self._closed_until:
            rule = Rule("status", status=503, text="Service unavailable: maintenance")
        entry = len(self.asked)
        self.asked.append(Asked(now, place, 0))
        response = await (handler(request) if rule is None else self._suffer(rule, request, handler))
        if rule is None or rule.do not in UNANSWERED:
            self.asked[entry] = Asked(now, place, response.status)
        return response

    async def _suffer(self, rule: Rule, request: web.Request, handler: Handler) -> web.StreamResponse:
        failure = self.dialect.failure(rule.status or 503, rule.code, rule.text or "fault", rule.retry_after)
        words = web.Response(text=rule.text, content_type="application/json")
        if rule.do in ("status", "says"):
            return failure if rule.do == "status" else words
        if rule.do not in ("hang", "drop"):
            answer = await handler(request)
            if rule.do in ("status_after", "says_after"):
                return failure if rule.do == "status_after" else words
            if rule.do == "slow":
                await tasks.sleep(rule.seconds)
                return answer
        if rule.do in ("hang", "hang_after"):
            await tasks.sleep(rule.seconds or 60.0)
        if request.transport is not None:
            request.transport.abort()
        return failure

    # streams -----------------------------------------------------------------------------------------------------

    async def open_stream(self, request: web.Request) -> Stream:
        """Accept a websocket. The dialect then calls `stream.run(...)` and `drop(stream)`."""
        socket = web.WebSocketResponse(autoping=False, max_msg_size=MAX_BODY, compress=False)
        await socket.prepare(request)
        stream = Stream(socket, request, self.faults, self.clock)
        self.streams.add(stream)
        return stream

    def drop(self, stream: Stream) -> None:
        """The stream has ended."""
        self.streams.discard(stream)

    # the venue's own pages -----------------------------------------------------------------------------------------

    async def _books(self, _request: web.Request) -> web.Response:
        return web.json_response(body=msgspec.json.encode(books_page(self.exchange)))

    async def _asked(self, _request: web.Request) -> web.Response:
        return web.json_response(body=msgspec.json.encode({"asked": self.asked, "faults": self.faults.done}))

    async def _fault(self, request: web.Request) -> web.Response:
        try:
            rule = msgspec.json.decode(await request.read(), type=Rule)
            if rule.do in VENUE_WIDE:
                self._venue_fault(rule)
            else:
                self.faults.add(rule)
        except (msgspec.DecodeError, Refused) as error:
            return web.Response(status=400, text=str(error))
        return web.Response(text="ok")

    async def _inject(self, request: web.Request) -> web.Response:
        try:
            wish = msgspec.json.decode(await request.read(), type=Injection)
            done = self.exchange.inject(wish.instrument, wish.what, wish.values)
        except (msgspec.DecodeError, KeyError, IndexError) as error:
            return web.Response(status=400, text=f"Expected instrument, what, values; was {error}")
        return web.Response(text="done" if done else "nothing to do")


class Injection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A venue-made change: see core.exchange.faults."""

    instrument: int
    what: str
    values: tuple[int, ...] = ()
