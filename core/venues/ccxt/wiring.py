"""Our hooks in every ccxt class: lanes instead of its limiter, raw frames with time stamps, headers, safe frame loop.

`wired(base)` makes the thin subclass; a contract test names each hook, so a ccxt upgrade that moves one fails loudly.
Nothing here knows a venue: what differs is a `Traits` of the venue's own file.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

from core import tasks
from core.domain.ports import Clock
from core.domain.units import NS_PER_S
from core.venues.budget import CANCEL_LANE, EMERGENCY, ORDER, QUERY, WeightBudget
from core.venues.ccxt.answers import Check, checked
from core.venues.ccxt.dials import Dials
from core.venues.ccxt.window import Window

LANE: ContextVar[int] = ContextVar("lane", default=QUERY)
SPENT: ContextVar[float] = ContextVar("spent", default=0.0)  # the weight of the request that is about to leave
REDUCE_LANE = 4  # an order that reduces: the weight that cancels have, and as little patience as any order
MOST_FRAME = 4 << 20  # bytes; larger ones are not read (R-N3)
# what reading a hostile message may end in; nested too deep is a RuntimeError
UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError, RuntimeError)
HOOKS = (
    "throttle", "fetch", "request", "on_rest_response", "client", "ws_dial_delay", "on_connected", "on_error",
    "on_close",
)  # fmt: skip


class Counters:
    """What the wire did, for metrics and Health (S3-31): counts since the start, ns of the newest."""

    def __init__(self) -> None:
        self.requests = 0
        self.errors = 0
        self.frames = 0
        self.poisoned = 0  # frames that made a handler raise
        self.gaps = 0
        self.lost = 0
        self.connects = 0
        self.disconnects = 0
        self.latencies: list[tuple[str, int]] = []  # (method and path, ns) since the last take
        self.last_frame: dict[str, int] = {}  # by url

    def take_latencies(self) -> list[tuple[str, int]]:
        """The measured round trips since the last call."""
        taken, self.latencies = self.latencies, []
        return taken


class Wire:
    """What one ccxt instance shares with its venue adapter: budget, counters, and who looks at raw frames. `urgent`:
    nothing waits here, all of it is counted, and inside a Retry-After it is refused. `dials`: when its sockets are
    dialled; without it as ccxt likes."""

    def __init__(
        self, clock: Clock, budget: WeightBudget | None, urgent: bool = False, dials: Dials | None = None
    ) -> None:
        self.clock, self.budget, self.urgent, self.dials = clock, budget, urgent, dials
        self.window: Window | None = None  # of an instance that waits a Retry-After out and asks again
        self.counters = Counters()
        self.answers: Mapping[str, Check] = {}
        self.asks: Callable[[str, str, Mapping[str, Any]], str] = lambda method, path, params: path
        self.owes: Callable[[str, Any], float] = lambda asked, answer: 0.0  # weight that only the answer tells
        self.on_frame: Callable[[Any, Any], bool] | None = None  # True = taken, ccxt need not see it
        self.on_headers: Callable[[int, dict[str, str]], None] | None = None
        self.on_answer: Callable[[str, int, str], None] | None = None  # request, status (0 = no answer), raw body
        self.on_up: Callable[[str], None] | None = None
        self.on_down: Callable[[str, str], None] | None = None


def wired(base: type[Any]) -> type[Any]:
    """The class with our hooks. Instances get `wire` before their first request."""
    import ccxt

    class Wired(base):  # type: ignore[misc]
        wire: Wire

        async def throttle(self, cost: Any = None) -> None:
            budget, weight = self.wire.budget, float(cost or 1.0)
            if budget is None:
                return
            lane = EMERGENCY if self.wire.urgent else LANE.get()
            share = CANCEL_LANE if lane == REDUCE_LANE else lane
            while (wait := budget.wait_ns(share, weight, self.wire.clock.monotonic())) > 0:
                if self.wire.urgent:
                    raise ccxt.RateLimitExceeded(f"{self.id} 429: {wait / NS_PER_S:.1f} s of Retry-After, nothing sent")
                if lane in (ORDER, REDUCE_LANE):
                    budget.refused += 1
                    raise ccxt.RateLimitExceeded(f"{self.id} own weight budget: an order does not wait")
                await tasks.sleep(wait / NS_PER_S)
            budget.spend(weight, self.wire.clock.monotonic())
            SPENT.set(weight)

        async def fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
            counters, start = self.wire.counters, self.wire.clock.monotonic()
            counters.requests += 1
            try:
                return await super().fetch(url, method, headers, body)
            except Exception as error:
                counters.errors += 1
                if self.wire.budget is not None and never_left(error):
                    self.wire.budget.refund(SPENT.get())
                if self.wire.on_answer is not None and never_answered(error):
                    self.wire.on_answer(request_name(url, method, body), 0, "")
                raise
            finally:
                counters.latencies.append((method, self.wire.clock.monotonic() - start))

        async def request(self, path: str, *rest: Any, **named: Any) -> Any:
            """The answer, if it looks like one."""
            ask = functools.partial(super().request, path, *rest, **named)
            answer = await (ask() if self.wire.window is None else self.wire.window.through(ask))
            method = rest[1] if len(rest) > 1 else named.get("method", "GET")
            params = rest[2] if len(rest) > 2 else named.get("params") or {}
            asked = self.wire.asks(method, path, params)
            if self.wire.budget is not None and (owed := self.wire.owes(asked, answer)) > 0:
                self.wire.budget.spend(owed, self.wire.clock.monotonic())
            return checked(self.wire.answers, asked, answer)

        def on_rest_response(
            self, code: int, reason: str, url: str, method: str, response_headers: Any, response_body: Any, *rest: Any
        ) -> Any:
            now = self.wire.clock.monotonic()
            low = {str(key).lower(): str(value) for key, value in response_headers.items()}
            if self.wire.budget is not None and code in (418, 429):
                self.wire.budget.ban(number(low.get("retry-after")), now)
            if self.wire.on_headers is not None:
                self.wire.on_headers(code, low)
            if self.wire.on_answer is not None:
                asked = rest[1] if len(rest) > 1 else None
                self.wire.on_answer(request_name(url, method, asked), code, response_body)
            return super().on_rest_response(code, reason, url, method, response_headers, response_body, *rest)

        def client(self, url: str) -> Any:
            known = self.clients is not None and url in self.clients
            client = super().client(url)
            if not known:
                client.on_message_callback = self._safe(client.on_message_callback)
                client.handle_message = self._safe_text(client.handle_message)
                if (dials := self.wire.dials) is not None:
                    client.create_connection = self._dialled(dials, client, client.create_connection)
            return client

        def ws_dial_delay(self, url: str) -> float:
            """Nothing beside `Dials`: ccxt's own wait doubles to 30 s, and begins anew only once a dial got through."""
            return float(super().ws_dial_delay(url)) if self.wire.dials is None else 0.0

        def _dialled(self, dials: Dials, client: Any, connect: Callable[[Any], Any]) -> Callable[[Any], Any]:
            """In its turn, and only while this is the client of its address: one that was let go dials no more."""

            def dial(session: Any) -> Any:
                return dials.dial(
                    client.url, lambda: connect(session), lambda: (self.clients or {}).get(client.url) is client
                )

            return dial

        def _safe(self, handler: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
            """A frame that makes a handler raise is counted, not the end of the receive loop."""

            def handle(client: Any, message: Any) -> None:
                counters = self.wire.counters
                counters.frames += 1
                counters.last_frame[client.url] = self.wire.clock.monotonic()
                try:
                    if self.wire.on_frame is None or not self.wire.on_frame(client, message):
                        handler(client, message)
                except ccxt.BaseError as error:
                    counters.poisoned += 1
                    client.reject(error)
                except UNREADABLE:
                    counters.poisoned += 1

            return handle

        def _safe_text(self, handler: Callable[[Any], None]) -> Callable[[Any], None]:
            """The same for text that is no JSON, or too long to be news."""

            def handle(message: Any) -> None:
                data = getattr(message, "data", None)
                if isinstance(data, str | bytes) and len(data) > MOST_FRAME:
                    self.wire.counters.poisoned += 1
                    return
                try:
                    handler(message)
                except UNREADABLE:
                    self.wire.counters.poisoned += 1

            return handle

        def on_connected(self, client: Any, message: Any = None) -> None:
            self.wire.counters.connects += 1
            super().on_connected(client, message)
            if self.wire.on_up is not None:
                self.wire.on_up(client.url)

        def on_error(self, client: Any, error: Any) -> None:
            self._down(client, str(type(error).__name__))
            super().on_error(client, error)

        def on_close(self, client: Any, error: Any) -> None:
            self._down(client, "closed")
            super().on_close(client, error)

        def _down(self, client: Any, why: str) -> None:
            self.wire.counters.disconnects += 1
            if self.wire.on_down is not None:
                self.wire.on_down(client.url, why)

    Wired.__name__ = f"Wired{base.__name__}"
    return Wired


def request_name(url: str, method: str, body: Any) -> str:
    """A request as evidence names it: method, path and, where one path has many, its kind. Never a query, a key or a
    signature."""
    kind = ""
    if isinstance(body, str) and body.startswith("{"):
        try:
            told = json.loads(body)
        except ValueError:
            told = {}
        action = told.get("action")
        kind = str((action if isinstance(action, dict) else told).get("type") or "")
    return f"{method} {urlsplit(url).path}{':' if kind else ''}{kind[:40]}"


def never_answered(error: BaseException) -> bool:
    """True where a request ended in the network and no answer was read."""
    import ccxt

    cause = type(error.__cause__).__module__.partition(".")[0] if error.__cause__ is not None else ""
    return isinstance(error, ccxt.RequestTimeout) or (
        isinstance(error, ccxt.NetworkError) and cause in ("aiohttp", "asyncio", "builtins")
    )


def never_left(error: BaseException) -> bool:
    """True where no connection was made, so that the venue counts nothing."""
    import aiohttp

    return isinstance(error.__cause__, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)


def number(text: str | None) -> float:
    """A header's figure, 0 where it is none."""
    try:
        return float(text or 0.0)
    except ValueError:
        return 0.0
