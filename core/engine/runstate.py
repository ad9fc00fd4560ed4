"""The one run state of a core and its legal moves. Pure: commands and results in, notes out.

STARTING -> PAUSED | RUNNING; RUNNING <-> PAUSED; any -> HALTING -> HALTED -> FLATTENING -> FLAT; FINISHING is the end
of a round, STOPPING the end of the process. Only `rearm` leaves HALTED and FLAT.
"""

from __future__ import annotations

from core.domain.events import Note

STARTING, PAUSED, RUNNING, FINISHING, STOPPING, STOPPED = (
    "STARTING",
    "PAUSED",
    "RUNNING",
    "FINISHING",
    "STOPPING",
    "STOPPED",
)
HALTING, HALTED, FLATTENING, FLAT = "HALTING", "HALTED", "FLATTENING", "FLAT"
LATCHED = (HALTING, HALTED, FLATTENING, FLAT)

MOVES: dict[str, tuple[str, ...]] = {
    STARTING: (PAUSED, RUNNING, HALTING, HALTED, FLATTENING, STOPPING),
    PAUSED: (RUNNING, FINISHING, HALTING, FLATTENING, STOPPING),
    RUNNING: (PAUSED, FINISHING, HALTING, FLATTENING, STOPPING),
    FINISHING: (RUNNING, PAUSED, HALTING, FLATTENING, STOPPING, STOPPED),
    HALTING: (HALTED, FLATTENING),
    HALTED: (HALTING, FLATTENING, PAUSED, STOPPING),
    FLATTENING: (FLAT, HALTED),
    FLAT: (HALTING, FLATTENING, PAUSED, STOPPING),
    STOPPING: (STOPPED, HALTING, FLATTENING),
    STOPPED: (),
}


class RunState:
    """Where the core stands and since when."""

    def __init__(self) -> None:
        self.run = STARTING
        self.since = 0
        self.reason = "starting"
        self.attended = True
        self.history: list[tuple[int, str]] = []

    @property
    def quoting(self) -> bool:
        """Strategies may be asked for quotes."""
        return self.run == RUNNING

    @property
    def latched(self) -> bool:
        return self.run in LATCHED

    def may(self, run: str) -> bool:
        return run in MOVES[self.run]

    def to(self, run: str, now: int, reason: str) -> Note | None:
        """Move; None when already there. Raises ValueError for a move that is not legal."""
        if run == self.run:
            return None
        if not self.may(run):
            raise ValueError(f"Expected a move from {self.run} to one of {', '.join(MOVES[self.run])}, was {run}")
        text = f"{self.run} -> {run}" + (f" {reason}" if reason else "")
        self.history.append((now, text))
        del self.history[:-50]
        self.run, self.since, self.reason = run, now, reason
        level = "crit" if run in (HALTING, HALTED, FLATTENING) else "info"
        return Note(level, f"run_{run.lower()}", text)
