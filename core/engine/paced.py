"""Paper in real time: the virtual-time driver, let forward as far as the wall clock allows.

The wall clock only paces; every stamp in the journal is market time. At any speed the same events, seed and commands
give the same journal. Owns no trading state.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from core import tasks
from core.clock import stopwatch
from core.domain.units import NS_PER_MS, NS_PER_S
from core.engine.simulate import SimDriver

SLICE_NS = 8 * NS_PER_MS  # of work before the loop gets its turn
STEP_NS = 50 * NS_PER_MS  # market time between two looks at the stopwatch, at speed 1
BEHIND_NS = NS_PER_S
IDLE_S = 0.01


class Pacer:
    """`speed` market seconds a wall second, inf = as fast as it goes. `before` runs ahead of each slice (commands);
    `on_turn(wall_ns_late)` after it (pictures): how much later than it wished it came to its turn, or how far it is
    behind the market, whichever is more."""

    def __init__(
        self, driver: SimDriver, speed: float, before: Callable[[], None], on_turn: Callable[[int], None]
    ) -> None:
        self.driver, self.speed = driver, speed
        self.before, self.on_turn = before, on_turn
        self.wake = asyncio.Event()
        self.stopped = False
        self._rebase = False
        self._overslept_ns = 0

    def pace(self, speed: float) -> None:
        """Another speed from now on; may be called from any thread."""
        self.speed = speed
        self._rebase = True

    async def run(self) -> None:
        """Until the driver has ended or `stopped` is set."""
        driver = self.driver
        origin, wall = driver.now, stopwatch()
        while not driver.ended and not self.stopped:
            self.before()
            begun = stopwatch()
            if self._rebase:
                self._rebase, origin, wall = False, driver.now, begun
            if math.isinf(self.speed):
                target = driver.now + 3600 * NS_PER_S
            else:
                target = origin + int((begun - wall) * self.speed)
                if target - driver.now > BEHIND_NS * max(1.0, self.speed):
                    origin, wall = driver.now, begun  # cannot keep up, or the machine slept: go on from here
                    target = driver.now + STEP_NS
            step = STEP_NS if self.speed <= 1 else int(STEP_NS * min(self.speed, 1200.0))
            while driver.now < target and stopwatch() - begun < SLICE_NS:
                if driver.run(min(target, driver.now + step)):
                    break
            late = max(0, target - driver.now) if not math.isinf(self.speed) else 0
            self.on_turn(max(late, self._overslept_ns))
            self.wake.clear()
            if late or math.isinf(self.speed):
                self._overslept_ns = 0
                await tasks.sleep(0)
            else:
                await self._idle()

    async def _idle(self) -> None:
        """A short rest that a command ends early."""
        self._overslept_ns, due = 0, stopwatch() + round(IDLE_S * NS_PER_S)
        try:
            async with tasks.timeout(IDLE_S):
                await self.wake.wait()
        except TimeoutError:
            self._overslept_ns = max(0, stopwatch() - due)
