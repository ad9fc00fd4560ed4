"""A venue's Retry-After as one account of a stop obeys it: nothing leaves inside it, what waited leaves together after.

Questions and cancels that were refused are asked again, signed anew, in one turn of the loop: n of them cost about
log2(n) windows of a venue that refuses half. What is sent under `ONCE` (a create) is never sent again. The end of a ban
(418) lets one request through by itself. Knows neither venues nor what is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, TypeVar

from core import tasks
from core.domain.ports import Clock
from core.domain.units import NS_PER_S

T = TypeVar("T")
ONCE: ContextVar[bool] = ContextVar("once", default=False)
SHORT_NS = 5 * NS_PER_S  # a longer window is shown to the operator, not waited out here


class Window:
    """`until`: wall, ns; 0 = never shut. `banned`: a 418 was heard, and no other answer after its end."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.until = 0
        self.banned = False
        self.refusals = 0
        self._turn: asyncio.Event | None = None  # of those who wait: all are woken in one turn of the loop
        self._alone = asyncio.Lock()

    @property
    def is_shut(self) -> bool:
        """Nothing may leave now."""
        return self.clock.now() < self.until

    def shut(self, wait_ns: int, banned: bool = False) -> None:
        """The venue has refused: nothing for so long; a longer window stays."""
        self.refusals += 1
        self.until = max(self.until, self.clock.now() + wait_ns)
        self.banned = self.banned or banned

    def answered(self) -> None:
        """An answer that is no refusal. After the end of a ban it ends the caution, too."""
        if self.banned and not self.is_shut:
            self.banned = False

    def check(self) -> None:
        """Raises ccxt.RateLimitExceeded while it is shut: whoever asks has sent nothing."""
        left = self.until - self.clock.now()
        if left > 0:
            import ccxt

            code = 418 if self.banned else 429
            raise ccxt.RateLimitExceeded(f"{code}: {left / NS_PER_S:.1f} s of Retry-After left, nothing sent")

    async def opened(self) -> None:
        """Wait until it is over. Raises as `check` where that is long, or a ban."""
        while (left := self.until - self.clock.now()) > 0:
            if self.banned or left > SHORT_NS:
                self.check()
            if self._turn is not None:
                await self._turn.wait()
                continue
            self._turn = turn = asyncio.Event()
            try:
                await tasks.sleep(left / NS_PER_S)
                while (left := self.until - self.clock.now()) > 0 and left <= SHORT_NS and not self.banned:
                    await tasks.sleep(left / NS_PER_S)
            finally:
                self._turn = None
                turn.set()

    async def through(self, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer of `ask`, which is called again for as long as short windows refuse it; once under `ONCE`. Raises
        what `ask` raises otherwise."""
        import ccxt

        if ONCE.get():
            return await ask()
        while True:
            await self.opened()
            try:
                if not self.banned:
                    return await ask()
                async with self._alone:
                    if self.banned:
                        self.check()
                        return await ask()
            except (ccxt.RateLimitExceeded, ccxt.DDoSProtection):
                if not 0 < self.until - self.clock.now() <= SHORT_NS or self.banned:
                    raise  # shown, not waited out; or an order rate: words without a Retry-After

    def gate(self, connector: Any) -> None:
        """Look again between the connecting and the first byte: a request that had to connect may have been overtaken
        by the refusal of another one. `connector`: aiohttp's."""
        connect = connector.connect

        async def connected(*words: Any, **named: Any) -> Any:
            connection = await connect(*words, **named)
            try:
                await tasks.sleep(0.0)  # those that were signed in this turn are written in one, without work between
                self.check()
            except BaseException:
                connection.release()
                raise
            return connection

        connector.connect = connected
