"""Gate, latch and disk of a running core: stops of the engine's own are latched, a full disk stops it, re-arm opens.

The same for a paper and a live core; knows no venue and no driver.
"""

from __future__ import annotations

from collections.abc import Callable

from core.build.keeping import Keeping
from core.build.observers import Observers
from core.control.desk import Desk
from core.domain.commands import Flatten, Halt
from core.domain.errors import Defer, PerpError
from core.domain.events import Asked, Input, Step
from core.domain.ports import Clock
from core.engine.engine import Engine
from core.engine.runstate import LATCHED


class Guarding:
    """`push` hands an input to the driver; `who` is the operator of this process."""

    def __init__(
        self, desk: Desk, engine: Engine, observers: Observers, keeping: Keeping, clock: Clock, who: str,
        push: Callable[[Input], None],
    ) -> None:  # fmt: skip
        self.desk, self.engine, self.observers = desk, engine, observers
        self.keeping, self.clock, self.who, self._push = keeping, clock, who, push

    def resume_stop(self) -> None:
        """A latch on disk at start: the stop goes on where it was (W6), nothing trades."""
        stop = self.desk.gate.stop
        if self.desk.gate.closed and stop is not None:
            verb = Flatten if stop.verb == "flatten" else Halt
            self._push(Asked(verb(id=stop.stop_id, who=stop.who, reason=stop.reason, scope=stop.scope)))

    def noted(self, step: Step) -> None:
        """What the engine said that concerns gate and latch."""
        for note in step.notes:
            if note.code == "rearmed":
                self._reopen(note.text)
            elif note.code == "latched":
                self._close()
            elif note.code.startswith("run_"):
                self._advance()

    def _close(self) -> None:
        """A stop of the engine's own (a limit, a cross-check) is as latched as one by key: gate and disk."""
        stopping = self.engine.stopping
        if stopping.plan is not None:
            self.desk.gate.close(stopping.plan.reason, stopping.verb, "core", stopping.scope)

    def _advance(self) -> None:
        """How far a stop got, for whoever starts after us."""
        latch, run = self.desk.gate.latch, self.engine.state.run
        if latch is None or run not in LATCHED:
            return
        try:
            if latch.engaged():
                latch.advance(run)
        except (PerpError, OSError) as error:
            self._alert("warn", "latch", f"progress of the stop not kept: {error}")

    def _reopen(self, why: str) -> None:
        latch = self.desk.gate.latch
        try:
            if latch is not None and latch.engaged():
                latch.clear(why, self.who, self.clock.now())
            self.desk.gate.reopen()
        except (PerpError, Defer, OSError) as error:
            self._alert("crit", "latch", f"gate stays closed: {error}")

    # disk ------------------------------------------------------------------------------------------------------------

    def stop_by_disk(self, why: str) -> None:
        """The disk takes no more, or too slowly: no new risk."""
        if not self.desk.gate.closed:
            self.desk.send(Halt(reason=why, who="core"))

    def look_for_room(self) -> None:
        """Once a minute: retention, and whether there is room left."""
        try:
            room = self.keeping.look(self.clock.now())
        except OSError as error:
            self._alert("warn", "disk", f"the disk cannot be asked: {error.strerror}")
            return
        if room is None:
            return
        if room.removed:
            self._alert("info", "retention", f"{len(room.removed)} old files removed, {room.bytes / 1e6:,.0f} MB")
        if room.level:
            self._alert(room.level, "disk", room.text)
        if room.level == "crit":
            self.stop_by_disk(f"disk: {room.text}")

    def _alert(self, level: str, code: str, text: str) -> None:
        self.observers.alerts.add(self.engine.now, level, code, text)
