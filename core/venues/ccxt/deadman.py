"""The venue's dead-man's switch: armed before the first order, refreshed each quarter window, never while halting.

It cancels orders, never positions. When a beat fails we are quiet at half the window, before the venue acts
(RELIABILITY section 3). Where the venue has none, or does not grant it, `state` says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from core import tasks
from core.domain.ports import Clock
from core.domain.reasons import STALE_DATA
from core.domain.units import NS_PER_MS, NS_PER_S
from core.venues.budget import CANCEL_LANE
from core.venues.ccxt.instances import Instances
from core.venues.ccxt.traits import Traits
from core.venues.ccxt.verdicts import judge
from core.venues.ccxt.wiring import LANE, UNREADABLE

NONE, ARMED, REFUSED, OFF = "none", "armed", "refused", "off"


class DeadManSwitch:
    """`deadline_ns` (monotonic) is when the venue would cancel; 0 = not armed."""

    reason = STALE_DATA

    def __init__(self, traits: Traits, instances: Instances, symbols: Sequence[str], clock: Clock) -> None:
        self.traits, self.instances, self.symbols, self.clock = traits, instances, tuple(symbols), clock
        self.state = OFF if traits.dead_man is not None else NONE
        self.why = ""
        self.deadline_ns = 0
        self.beats = 0
        self.failures = 0
        self._window_ns = traits.dead_man.window_ms * NS_PER_MS if traits.dead_man else 0
        self._hold = False
        self._task: asyncio.Task[None] | None = None

    async def arm(self) -> bool:
        """The first beat; True where the venue granted it. Beats go on until `stop` or `hold`."""
        if self.traits.dead_man is None:
            return False
        if not await self._beat():
            self.state = REFUSED
            return False
        self._task = tasks.spawn(self._run(), "dead-man's switch")
        return True

    def hold(self) -> None:
        """A halt has begun: no beat from now on, so the venue's switch fires if we do not get through."""
        self._hold = True

    def release(self) -> None:
        """Re-armed."""
        self._hold = False

    async def disarm(self) -> None:
        """At a clean end, with no order left."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self.state == ARMED and not self._hold:
            await self._beat(0)
            self.state, self.deadline_ns = OFF, 0

    @property
    def held(self) -> bool:
        """No beat goes out."""
        return self._hold

    def quiet(self, now: int) -> bool:
        """True when new orders must not go out: armed, and half of the window has passed without a beat."""
        return self.state == ARMED and now > self.deadline_ns - self._window_ns // 2

    async def _run(self) -> None:
        while True:
            await tasks.sleep(self._window_ns / 4 / NS_PER_S)
            if not self._hold:
                await self._beat()

    async def _beat(self, timeout_ms: int | None = None) -> bool:
        import ccxt

        LANE.set(CANCEL_LANE)
        window = self._window_ns // NS_PER_MS if timeout_ms is None else timeout_ms
        sent = self.clock.monotonic()
        try:
            await self.traits.arm(self.instances.emergency, self.symbols, window)
        except (ccxt.BaseError, *UNREADABLE) as error:
            self.failures += 1
            self.why = judge(error).text
            return False
        self.beats += 1
        self.why = ""
        self.state, self.deadline_ns = ARMED, sent + self._window_ns
        return True
