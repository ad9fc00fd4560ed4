"""What cancels our orders when this process cannot: each venue's own switch, else a watchdog process, else nothing.

Owns which of the three it is and says so; never refreshed while a stop is under way (RELIABILITY.md section 3).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
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
NONE = "NO DEAD-MAN"


class Protection:
    """`switches` by label of the venue. One watchdog process watches every venue that grants none; `kinds` says who
    does what. `text()` is for the screen: the switch with its deadline, the watchdog, or NO DEAD-MAN, which is first
    where one venue of several has nothing."""

    def __init__(
        self, switches: Mapping[str, DeadManSwitch], state_dir: Path, reports: Path, clock: Clock,
        alert: Callable[[str, str, str], None],
    ) -> None:  # fmt: skip
        self.switches, self.state_dir, self.reports = dict(switches), state_dir, reports
        self.clock, self.alert = clock, alert
        self.kinds = dict.fromkeys(self.switches, NOTHING)
        self._pid = 0
        self._looked = self._started = 0
        self._watched = False
        self._held = False

    async def start(self) -> None:
        """Before the first order."""
        granted = await asyncio.gather(*(switch.arm() for switch in self.switches.values()))
        for label, yes in zip(self.switches, granted, strict=True):
            self.kinds[label] = VENUE if yes else WATCHDOG
        if not all(granted):
            self._spawn("; ".join(self._why(label) for label in self._without()))

    def _without(self) -> list[str]:
        """The venues that a watchdog watches."""
        return [label for label, kind in self.kinds.items() if kind != VENUE]

    def _why(self, label: str) -> str:
        refusal = self.switches[label].why
        return f"{label} refused its switch: {refusal}" if refusal else f"{label} has no switch"

    def _spawn(self, why: str) -> None:
        self._started = self.clock.monotonic()
        labels = self._without()
        try:
            self._pid = spawn_watchdog(self.state_dir, self.reports, labels).pid
        except (OSError, PerpError) as error:
            self.kinds |= dict.fromkeys(labels, NOTHING)
            self.alert("crit", "no_dead_man", f"{why}; no watchdog either: {error}. If this dies, orders stay")
            return
        self.kinds |= dict.fromkeys(labels, WATCHDOG)
        self.alert("info", "watchdog", f"{why}; a watchdog, pid {self._pid}, cancels our orders if this process dies")

    def text(self) -> str:
        """One line; also looks after the watchdog, once a second."""
        now = self.clock.monotonic()
        if WATCHDOG in self.kinds.values() and now - self._looked > LOOK_NS:
            self._looked = now
            self._look(now)
        parts = self.each(now)
        if len(parts) == 1:
            return next(iter(parts.values()))
        told = [f"{NONE} {label}{text.removeprefix(NONE)}" if text.startswith(NONE) else f"{label} {text}"
                for label, text in parts.items()]  # fmt: skip
        return "; ".join(sorted(told, key=lambda text: not text.startswith(NONE)))

    def each(self, now: int) -> dict[str, str]:
        """The words of `text` by label; `now` monotonic."""
        return {label: self._one(label, now) for label in self.kinds}

    def _one(self, label: str, now: int) -> str:
        switch, kind = self.switches[label], self.kinds[label]
        if kind == WATCHDOG:
            return f"watchdog pid {self._pid}" + ("" if self._watched else " (starting)")
        if kind == NOTHING:
            return NONE
        if switch.state != ARMED:
            return f"{NONE}: {switch.why or switch.state}"
        left = max(0, switch.deadline_ns - now) // NS_PER_S
        return f"{left} s left" + (", not refreshed while stopping" if self._held else "")

    def _look(self, now: int) -> None:
        try:
            self._watched = is_watched(self.state_dir, self._without())
        except (OSError, PerpError) as error:
            self._watched = False
            self.alert("warn", "watchdog", f"its state cannot be read: {error}")
        if not self._watched and now - self._started > max(PATIENCE_NS, AGAIN_NS if self._pid else 0):
            self._spawn("the watchdog is gone")

    def hold(self) -> None:
        """A stop has begun: no beat from now on."""
        if not self._held:
            self._held = True
            for switch in self.switches.values():
                switch.hold()

    def release(self) -> None:
        """Re-armed by a person."""
        self._held = False
        for switch in self.switches.values():
            switch.release()

    async def stop(self) -> None:
        """A clean end with no order left; the watchdog ends by itself once it reads the core's last word."""
        await asyncio.gather(*(switch.disarm() for switch in self.switches.values()))
