"""What cancels our orders when this process cannot: the venue's own switch, else a watchdog process, else nothing.

Owns which of the three it is and says so; never refreshed while a stop is under way (RELIABILITY.md section 3).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.control.watching import is_watched, spawn_watchdog
from core.domain.errors import PerpError
from core.domain.ports import Clock
from core.domain.units import NS_PER_S
from core.venues.ccxt.deadman import ARMED, DeadManSwitch

LOOK_NS = NS_PER_S
AGAIN_NS = 60 * NS_PER_S
PATIENCE_NS = 20 * NS_PER_S  # of a watchdog that starts: it loads ccxt and reads the account once
VENUE, WATCHDOG, NOTHING = "venue", "watchdog", "none"


class Protection:
    """`text()` is for the screen: the switch with its deadline, the watchdog, or NO DEAD-MAN."""

    def __init__(
        self, switch: DeadManSwitch, state_dir: Path, reports: Path, label: str, clock: Clock,
        alert: Callable[[str, str, str], None],
    ) -> None:  # fmt: skip
        self.switch, self.state_dir, self.reports, self.label = switch, state_dir, reports, label
        self.clock, self.alert = clock, alert
        self.kind = NOTHING
        self._pid = 0
        self._looked = self._started = 0
        self._watched = False
        self._held = False

    async def start(self) -> None:
        """Before the first order."""
        if await self.switch.arm():
            self.kind = VENUE
            return
        why = f"the venue refused its switch: {self.switch.why}" if self.switch.why else "the venue has no switch"
        self._spawn(why)

    def _spawn(self, why: str) -> None:
        self._started = self.clock.monotonic()
        try:
            self._pid = spawn_watchdog(self.state_dir, self.reports, [self.label]).pid
        except (OSError, PerpError) as error:
            self.kind = NOTHING
            self.alert("crit", "no_dead_man", f"{why}; no watchdog either: {error}. If this dies, orders stay")
            return
        self.kind = WATCHDOG
        self.alert("info", "watchdog", f"{why}; a watchdog, pid {self._pid}, cancels our orders if this process dies")

    def text(self) -> str:
        """One line; also looks after the watchdog, once a second."""
        now = self.clock.monotonic()
        if self.kind == VENUE:
            if self.switch.state != ARMED:
                return f"NO DEAD-MAN: {self.switch.why or self.switch.state}"
            left = max(0, self.switch.deadline_ns - now) // NS_PER_S
            held = ", not refreshed while stopping" if self._held else ""
            return f"{left} s left{held}"
        if self.kind == WATCHDOG and now - self._looked > LOOK_NS:
            self._looked = now
            self._look(now)
        if self.kind == WATCHDOG:
            return f"watchdog pid {self._pid}" + ("" if self._watched else " (starting)")
        return "NO DEAD-MAN"

    def _look(self, now: int) -> None:
        try:
            self._watched = is_watched(self.state_dir, [self.label])
        except (OSError, PerpError) as error:
            self._watched = False
            self.alert("warn", "watchdog", f"its state cannot be read: {error}")
        if not self._watched and now - self._started > max(PATIENCE_NS, AGAIN_NS if self._pid else 0):
            self._spawn("the watchdog is gone")

    def hold(self) -> None:
        """A stop has begun: no beat from now on."""
        if not self._held:
            self._held = True
            self.switch.hold()

    def release(self) -> None:
        """Re-armed by a person."""
        self._held = False
        self.switch.release()

    async def stop(self) -> None:
        """A clean end with no order left; the watchdog ends by itself once it reads the core's last word."""
        await self.switch.disarm()
