"""When a websocket of one account is dialled: never more often than the venue allows, and soon after a network is back.

All sockets of an account share one allowance. Those that fail take turns, and the first that gets through lets the
others go at once: however long an outage was, the next dial is never further away than one gap. What a stream does
with its connection is `streams`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from core import tasks
from core.domain.ports import Clock
from core.domain.units import NS_PER_S
from core.venues.ccxt.traits import DialLimit

SHARE = 0.85  # of the venue's limit, as the lasting rate; the rest may be used at once
LEAST_S = 0.1  # after a first failure
LEAST_JITTER = 0.75  # of a gap: many accounts that lost one network do not come back in step
BESIDE_S = 1.5  # a dial that hears nothing for so long gets another one beside it
LOOK_S = 0.05
MOST_QUIET_S = 86_400.0  # of a Retry-After


class GivenUp(ConnectionError):
    """Nobody waits for this connection any more."""


class Dials:
    """Of one account; `dice` gives 0 .. 1, for the jitter. `made` counts attempts since the start."""

    def __init__(self, limit: DialLimit, clock: Clock, dice: Callable[[], float]) -> None:
        self.clock, self._dice = clock, dice
        self._rate = SHARE * limit.most / limit.window_s
        self._room = max(1.0, (1.0 - SHARE) * limit.most)
        self.gap_s = 1.0 / self._rate
        self.made = 0
        self._tokens, self._counted = self._room, clock.monotonic()
        self._failures: dict[str, int] = {}  # by address, since any of them got through
        self._last: dict[str, int] = {}  # newest attempt, by address
        self._next = 0  # before it none that failed is dialled
        self._through = 0  # the newest that got through
        self._quiet = 0  # before it nothing is dialled: the venue asked for silence
        self._waiting: dict[object, str] = {}

    def wait_s(self, ticket: object, url: str) -> float:
        """Until this one may dial, seconds; 0 = now. A fresh look is due after LOOK_S: others free or take turns."""
        now = self.clock.monotonic()
        self._tokens = min(self._room, self._tokens + self._rate * (now - self._counted) / NS_PER_S)
        self._counted = now
        self._waiting[ticket] = url
        quiet = max(0.0, (self._quiet - now) / NS_PER_S)
        if not self._failures.get(url):
            return max(quiet, (1.0 - self._tokens) / self._rate)
        spared = min(len(self._failures) - 1.0, self._room / 2.0)  # for the others, which go once one got through
        wait = max(quiet, (1.0 + spared - self._tokens) / self._rate)
        first = min((other for other in self._waiting.values() if self._failures.get(other)), key=self._tried)
        return max(wait, (self._next - now) / NS_PER_S, 0.0 if first == url else LOOK_S)

    def _tried(self, url: str) -> int:
        return self._last.get(url, 0)

    def forget(self, ticket: object) -> None:
        """It waits no more."""
        self._waiting.pop(ticket, None)

    def dialled(self, url: str) -> None:
        """An attempt leaves."""
        self.made += 1
        self._tokens -= 1.0
        self._last[url] = self.clock.monotonic()
        if self._failures.get(url):
            self._later(url)

    def failed(self, url: str, quiet_s: float = 0.0) -> None:
        """It did not get through, or is not yet; `quiet_s` is the venue's Retry-After."""
        now = self.clock.monotonic()
        self._failures[url] = self._failures.get(url, 0) + 1
        self._quiet = max(self._quiet, now + round(quiet_s * NS_PER_S))
        self._later(url)

    def _later(self, url: str) -> None:
        gap = min(self.gap_s, LEAST_S * 2.0 ** min(self._failures[url] - 1, 10))
        gap *= LEAST_JITTER + (1.0 - LEAST_JITTER) * float(self._dice())
        self._next = max(self._next, self.clock.monotonic() + round(gap * NS_PER_S))

    def connected(self) -> None:
        """The network is there: whoever waits for a turn goes now."""
        self._failures.clear()
        self._next, self._through = 0, self.clock.monotonic()

    async def dial(self, url: str, connect: Callable[[], Awaitable[Any]], wanted: Callable[[], bool]) -> Any:
        """The first connection that comes about. The packets of a dial into a dead network are sent again ever more
        rarely, so one that hears nothing is not waited for alone. Raises what the last attempt raised, or GivenUp."""
        attempts: set[asyncio.Task[Any]] = set()
        ticket, began = object(), 0
        try:
            while True:
                if not wanted():
                    raise GivenUp(url)
                alone = self.clock.monotonic() - began
                again = not attempts or alone >= BESIDE_S * NS_PER_S or self._through > began
                if again and self.wait_s(ticket, url) <= 0.0:
                    self.forget(ticket)
                    if attempts:
                        self.failed(url)
                    self.dialled(url)
                    attempts.add(tasks.spawn(_made(connect), f"dial {url}", _heard))
                    began = self.clock.monotonic()
                if not attempts:
                    await tasks.sleep(LOOK_S)
                    continue
                over, attempts = await asyncio.wait(attempts, timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
                for attempt in over:
                    error = attempt.exception()
                    if error is None:
                        attempts |= over - {attempt}
                        self.connected()
                        return attempt.result()
                    self.failed(url, _retry_after(error))
                    if not attempts:
                        raise error
        finally:
            self.forget(ticket)
            for attempt in attempts:
                attempt.add_done_callback(_close)
                attempt.cancel()


async def _made(connect: Callable[[], Awaitable[Any]]) -> Any:
    return await connect()


def _heard(_error: BaseException) -> None:
    """`dial` looks at every attempt itself."""


def _close(attempt: asyncio.Task[Any]) -> None:
    """A connection that came second is not kept open beside the first."""
    if not attempt.cancelled() and attempt.exception() is None:
        tasks.spawn(attempt.result().close(), "second connection", _heard)


def _retry_after(error: BaseException) -> float:
    """Seconds; 0 where the header is none, or no figure."""
    headers = getattr(error, "headers", None)
    try:
        asked = float((headers or {}).get("Retry-After") or 0.0)
    except ValueError:
        return 0.0
    return min(asked, MOST_QUIET_S) if asked > 0.0 else 0.0
