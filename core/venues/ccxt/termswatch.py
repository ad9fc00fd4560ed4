"""Keeps an eye on the terms of a venue's instruments: reads them now and then, compares, tells the engine what changed.

Low priority: a read waits for the weight that queries may use and for the end of any Retry-After. One soon after
something hints at a change (an order refused for its step or size, figures off our grid), rarely again where that was
none. A read that fails is no change, and no alarm before `STALE` periods without one: the venue itself refuses what is
off its grid. An answer that cannot be (a step of zero, our symbol gone) is not believed at once, since lists come
truncated from a stale replica; until a whole one comes nothing new is sent, and a second such answer in a row halts:
then nobody knows what a lot is, and a limit that cannot be evaluated counts as hit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from core import rng, tasks
from core.domain.errors import Unavailable
from core.domain.events import Relisted
from core.domain.instrument import Instrument
from core.domain.ports import Clock
from core.domain.units import NS_PER_S
from core.venues.ccxt.terms import STATE, Change, Terms, differences, relisted

TICK_S = 0.25
EVERY_S = 600.0
JITTER = 0.1  # of the period, either way: not every core of an operator in the same second
AGAIN_NS = 60 * NS_PER_S  # after a read that failed
CLOSED_NS = 15 * NS_PER_S  # while a market takes nothing new: it may open again at any time
NO_HINT_NS = 15 * NS_PER_S  # after a hint that was none
ANSWER_S = 30.0  # for its turn and the answer: a Retry-After may be days
DOUBT_NS = 5 * NS_PER_S  # until an answer that cannot be believed is asked for again
STALE = 3  # periods without an answer
Answer = Mapping[int, Terms | str]  # by number; a text = why this cannot be the instrument's terms
Say = Callable[[str, str, str], None]  # level, code, text


class TermsWatch:
    """`ask` answers for all instruments or raises Unavailable; `tell` hears each change; `hints` counts what looks like
    one. `opening`: the terms that were checked when the venue was opened."""

    def __init__(
        self, name: str, instruments: Mapping[int, Instrument], ask: Callable[[], Awaitable[Answer]],
        tell: Callable[[Relisted], None], note: Say, clock: Clock, *, hints: Callable[[], int] = lambda: 0,
        every_s: float = EVERY_S, seed: int = 0,
    ) -> None:  # fmt: skip
        self.name, self.instruments, self.ask, self.tell, self.note = name, dict(instruments), ask, tell, note
        self.clock, self.hints, self.every_ns = clock, hints, round(every_s * NS_PER_S)
        self.opening: dict[int, Terms] = {}
        self.now: dict[int, Terms] = {}
        self.doubts: dict[int, str] = {}
        self.read_at = 0  # monotonic, of the newest whole answer
        self.reads = self.failures = 0
        self.why = ""  # the newest read failed
        self._halted: set[int] = set()
        self._due = self._no_hint_until = 0
        self._hints = 0
        self._alarmed = False
        self._dice = rng.stream(seed, f"terms/{name}")
        self._task: asyncio.Task[None] | None = None

    def begin(self, opening: Mapping[int, Terms]) -> None:
        """The terms that the start was checked against; the first reading is a period from now."""
        self.opening, self.now = dict(opening), dict(opening)
        self.read_at = self.clock.monotonic()
        self._later(self.every_ns)

    def start(self) -> None:
        """Begin to read; ended by `stop`."""
        self._task = tasks.spawn(self._run(), f"terms {self.name}", self._fault)

    async def stop(self) -> None:
        """End the task and wait for it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def soon(self) -> None:
        """Something looks like a change: read now, unless such a hint was none a moment ago."""
        now = self.clock.monotonic()
        if now >= self._no_hint_until:
            self._due = min(self._due, now)

    @property
    def age_ns(self) -> int:
        """Since the newest whole answer."""
        return self.clock.monotonic() - self.read_at

    @property
    def stale_ns(self) -> int:
        """The age beyond which it is said."""
        return STALE * self.every_ns

    def _fault(self, error: BaseException) -> None:
        self.note("crit", "terms", f"{self.name}: terms are not watched any more: {type(error).__name__}; restart")

    async def _run(self) -> None:
        while True:
            await tasks.sleep(TICK_S)
            hints = self.hints()
            if hints != self._hints:
                self._hints = hints
                self.soon()
            if self.clock.monotonic() >= self._due:
                await self.look()
            if self.age_ns > self.stale_ns and not self._alarmed:
                self._alarmed = True
                minutes = self.age_ns // (60 * NS_PER_S)
                self.note("warn", "terms_stale", f"{self.name}: terms not read for {minutes} min: {self.why}")

    def _later(self, ns: int) -> None:
        draw = 1.0 - JITTER + 2 * JITTER * float(self._dice.random())
        self._due = self.clock.monotonic() + round(ns * draw)

    async def look(self) -> None:
        """One reading, whatever comes of it."""
        self._due = self.clock.monotonic() + self.every_ns  # of nobody else, while this one waits for its turn
        try:
            async with tasks.timeout(ANSWER_S):
                answer = await self.ask()
        except (Unavailable, TimeoutError) as error:
            self.failures, self.why = self.failures + 1, str(error) or f"no answer in {ANSWER_S:g} s"
            self._later(min(AGAIN_NS, self.every_ns))
            return
        self.reads, self.why, self._alarmed = self.reads + 1, "", False
        self._hints = self.hints()
        changed = [self._compare(number, answer.get(number, "not in the venue's list")) for number in self.instruments]
        if not any(changed):
            self._no_hint_until = self.clock.monotonic() + NO_HINT_NS
        if self.doubts:
            self._later(DOUBT_NS)
            return
        self.read_at = self.clock.monotonic()
        closed = any(terms.state for terms in self.now.values())
        self._later(min(CLOSED_NS, self.every_ns) if closed else self.every_ns)

    def _compare(self, number: int, found: Terms | str) -> bool:
        """Tell what is different from what was told last; True when something is."""
        if isinstance(found, str):
            return self._doubt(number, found)
        instrument, known = self.instruments[number], self.now[number]
        found = _kept(known, found)
        changes = differences(known, found, instrument)
        doubted = self.doubts.pop(number, "")
        if not changes and not doubted:
            return False
        self._halted.discard(number)
        self.now[number] = found
        changes = changes or (Change("terms", doubted, "readable again", STATE),)
        self.tell(relisted(number, instrument, self.opening[number], found, changes))
        return True

    def _doubt(self, number: int, why: str) -> bool:
        """First nothing new is sent; where the next answer is no better, halt."""
        again = number in self.doubts
        if again and number in self._halted:
            return False
        self.doubts[number] = why
        told = relisted(
            number, self.instruments[number], self.opening[number], self.now[number], (), f"in doubt: {why}"
        )
        if again:
            self._halted.add(number)
            halt = f"its terms cannot be read, twice in a row: {why}"
            told = msgspec.structs.replace(told, halt=halt, text=f"{self.instruments[number].symbol}: {halt}")
        self.tell(told)
        return True


def _kept(known: Terms, found: Terms) -> Terms:
    """What the venue does not tell this time stays as it was."""
    told = {name: getattr(found, name) for name in Terms.__struct_fields__}
    return msgspec.structs.replace(known, **{name: value for name, value in told.items() if value is not None})
