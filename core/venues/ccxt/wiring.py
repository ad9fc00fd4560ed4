"""Our hooks in every ccxt class: lanes instead of its limiter, raw frames with time stamps, headers, safe frame loop.

`wired(base)` makes the thin subclass; a contract test names each hook, so a ccxt upgrade that moves one fails loudly.
Nothing here knows a venue: what differs is a `Traits` of the venue's own file.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from core import tasks
from core.domain.ports import Clock
from core.domain.units import NS_PER_S
from core.venues.budget import CANCEL_LANE, ORDER, QUERY, WeightBudget

LANE: ContextVar[int] = ContextVar("lane", default=QUERY)
REDUCE_LANE = 4  # an order that reduces: the weight that cancels have, and as little patience as any order
MOST_FRAME = 4 << 20  # bytes; larger ones are not read (R-N3)
HOOKS = ("throttle", "fetch", "on_rest_response", "client", "on_connected", "on_error", "on_close")


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
    """What one ccxt instance shares with its venue adapter: budget, counters, and who looks at raw frames."""

    def __init__(self, clock: Clock, budget: WeightBudget | None) -> None:
        self.clock, self.budget = clock, budget
        self.counters = Counters()
        self.on_frame: Callable[[Any, Any], bool] | None = None  # True = taken, ccxt need not see it
        self.on_headers: Callable[[int, dict[str, str]], None] | None = None
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
            lane = LANE.get()
            share = CANCEL_LANE if lane == REDUCE_LANE else lane
            while (wait := budget.wait_ns(share, weight, self.wire.clock.monotonic())) > 0:
                if lane in (ORDER, REDUCE_LANE):
                    budget.refused += 1
                    raise ccxt.RateLimitExceeded(f"{self.id} own weight budget: an order does not wait")
                await tasks.sleep(wait / NS_PER_S)
            budget.spend(weight, self.wire.clock.monotonic())

        async def fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
            counters, start = self.wire.counters, self.wire.clock.monotonic()
            counters.requests += 1
            try:
                return await super().fetch(url, method, headers, body)
            except Exception:
                counters.errors += 1
                raise
            finally:
                counters.latencies.append((method, self.wire.clock.monotonic() - start))

        def on_rest_response(
            self, code: int, reason: str, url: str, method: str, response_headers: Any, response_body: Any, *rest: Any
        ) -> Any:
            now = self.wire.clock.monotonic()
            low = {str(key).lower(): str(value) for key, value in response_headers.items()}
            if self.wire.budget is not None and code in (418, 429):
                self.wire.budget.ban(number(low.get("retry-after")), now)
            if self.wire.on_headers is not None:
                self.wire.on_headers(code, low)
            return super().on_rest_response(code, reason, url, method, response_headers, response_body, *rest)

        def client(self, url: str) -> Any:
            known = self.clients is not None and url in self.clients
            client = super().client(url)
            if not known:
                client.on_message_callback = self._safe(client.on_message_callback)
                client.handle_message = self._safe_text(client.handle_message)
            return client

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
                    client.reject(error)
                except (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError):
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
                except (ValueError, TypeError, KeyError, AttributeError):
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


def number(text: str | None) -> float:
    """A header's figure, 0 where it is none."""
    try:
        return float(text or 0.0)
    except ValueError:
        return 0.0
