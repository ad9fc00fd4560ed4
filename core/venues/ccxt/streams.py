"""One task a stream: waits for ccxt, hands the news on at once, asks again with jitter after a fault, knows its age.

A stream is up only while news come: `age_ns` counts from the newest, whatever the socket says (R-N1). What the news
mean is `public` and `private`; this module only keeps them coming.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from core import rng, tasks
from core.domain.ports import Clock
from core.domain.units import NS_PER_S
from core.venues.ccxt.verdicts import clean_text
from core.venues.ccxt.wiring import UNREADABLE, never_answered

LEAST_S, MOST_S = 0.1, 10.0  # after one failure, after many: what the venue refused is asked for ever more rarely
UNHEARD_S = 1.0  # after many where nobody answered; when it is dialled then is `dials`
MOST_PATIENCE = 4  # times a stream's limit that a new connection may take to say its first word


class Stream:
    """`watch()` gives one batch of news; `take(news)` hands it on, False = not of the stream; `on_link(up, why)` hears
    changes of state."""

    def __init__(
        self,
        name: str,
        watch: Callable[[], Awaitable[Any]],
        take: Callable[[Any], bool | None],
        on_link: Callable[[bool, str], None],
        clock: Clock,
        seed: int = 0,
    ) -> None:
        self.name, self._watch, self._take, self._on_link, self.clock = name, watch, take, on_link, clock
        self.up = False
        self.newest_ns = 0  # monotonic
        self.dialled_ns = 0  # monotonic; of the wait that is on
        self.patience = 1
        self.batches = 0
        self.restarts = 0
        self.refused = 0  # batches that could not be read
        self.why = "not yet connected"
        self.forget: Callable[[], None] = lambda: None  # what ccxt keeps of it, before it is asked for anew
        self._most_s = MOST_S  # between two attempts, by what ended the last
        self._dice = rng.stream(seed, f"redial/{name}")
        self._task: asyncio.Task[None] | None = None
        self._inner: asyncio.Task[Any] | None = None

    def start(self) -> None:
        """Begin; ended by `stop`."""
        self._task = tasks.spawn(self._run(), f"stream {self.name}")

    async def stop(self) -> None:
        """End the task and wait for it."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def age_ns(self, now: int) -> int:
        """Since the newest news, on the monotonic clock; since for ever before the first."""
        return now - self.newest_ns

    def waited_ns(self, now: int) -> int:
        """Since the newest news or the newest dial: a connection that never says a word is silent as well."""
        return now - max(self.newest_ns, self.dialled_ns)

    def redial(self, why: str, most_s: float = MOST_S) -> None:
        """Give up the wait that is on: the stream is silent, or what it says cannot be read, or its key is gone."""
        self.why, self._most_s = why, most_s
        self.forget()
        if not self.up:
            self.patience = min(MOST_PATIENCE, 2 * self.patience)
        if self._inner is not None and not self._inner.done():
            self._inner.cancel()

    async def _run(self) -> None:
        failures = 0
        while True:
            batches, self.dialled_ns = self.batches, self.clock.monotonic()
            self._inner = tasks.spawn(self._listen(), f"watch {self.name}", _heard)
            try:
                await self._inner
            except asyncio.CancelledError:
                self._inner.cancel()
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
                self._fell(self.why or "its socket was given up")
            except Exception as error:
                self._most_s = UNHEARD_S if unheard(error) else MOST_S
                self._fell(clean_text(error))
            failures = 1 if self.batches > batches else failures + 1
            wait = min(self._most_s, LEAST_S * 2 ** min(failures - 1, 10)) * (0.5 + float(self._dice.random()))
            await tasks.sleep(wait)

    async def _listen(self) -> None:
        """One batch after the other. Nothing is awaited between two waits: what came then would be told only with the
        next frame, and after the last fill of a burst there is none."""
        while True:
            self._news(await self._watch())

    def _news(self, news: Any) -> None:
        problem = ""
        try:
            if self._take(news) is False:
                return  # told, but no news of the stream
        except UNREADABLE as error:
            self.refused += 1
            problem = clean_text(error)
        self.batches += 1
        self.newest_ns, self.patience = self.clock.monotonic(), 1
        if not self.up:
            self.up = True
            self._on_link(True, "")
        self.why = problem

    def _fell(self, why: str) -> None:
        self.restarts += 1
        self.why = why
        if self.up:
            self.up = False
            self._on_link(False, why)


def unheard(error: BaseException) -> bool:
    """The network failed and the venue said nothing: no socket, one that was cut, a request without an answer."""
    import ccxt

    return type(error) is ccxt.NetworkError or never_answered(error)


def _heard(_error: BaseException) -> None:
    """The loop above awaits the same task and deals with its error."""


class Watchdog:
    """Which streams are older than they may be. `limits`: stream -> ns; checked by whoever has a clock tick."""

    def __init__(self) -> None:
        self._limits: list[tuple[Stream, int]] = []

    def add(self, stream: Stream, limit_ns: int) -> None:
        self._limits.append((stream, limit_ns))

    @property
    def limits(self) -> dict[str, int]:
        """How long each may be silent, ns, by name."""
        return {stream.name: limit for stream, limit in self._limits}

    def check(self, now: int) -> list[Stream]:
        """Redials every stream that has been silent for too long, on this connection or a new one; returns them."""
        stale = [
            stream
            for stream, limit in self._limits
            if stream.dialled_ns and stream.waited_ns(now) > limit * stream.patience
        ]
        for stream in stale:
            stream.redial(f"silent for {stream.waited_ns(now) / NS_PER_S:.1f} s", UNHEARD_S)
        return stale
