"""Does the core that we watch still live? Its heartbeat file, its pid with start time, and its word that it ended well.

Age is counted in our own waking time: a machine that slept, or a watcher that was stopped, blames nobody. Reads only,
but for `mark_clean_end`, which the core calls.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from core.domain.errors import Refused
from core.guard.lock import BEAT_FILE
from core.guard.private import open_private, replace_synced
from core.guard.process import boot_id, start_ticks

if TYPE_CHECKING:
    from core.domain.ports import Clock

END_FILE = "core.ended"
ALIVE, STALE, GONE, ENDED = "alive", "stale", "gone", "ended"


class Watched(msgspec.Struct, frozen=True):
    """One process of one boot."""

    pid: int
    start_ticks: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> Watched:
        """That process now. Raises Refused when there is none."""
        ticks = start_ticks(pid)
        if ticks is None:
            raise Refused(f"Expected a running process, was pid {pid}, which is gone")
        return cls(pid, ticks, boot_id())

    @property
    def alive(self) -> bool:
        """Whether that very process still runs (also when it is frozen)."""
        return self.boot == boot_id() and start_ticks(self.pid) == self.start_ticks


def mark_clean_end(state_dir: Path) -> None:
    """The core's last word before it gives its lock up: no order of ours is left, nobody needs to watch. Only after the
    venues said so. Raises OSError, Refused."""
    replace_synced(state_dir / END_FILE, msgspec.json.encode(Watched.of(os.getpid())), f"{os.getpid():x}")


def ended_cleanly(state_dir: Path, core: Watched) -> bool:
    """Whether this very core said so."""
    try:
        fd = open_private(state_dir / END_FILE, os.O_RDONLY)
    except (OSError, Refused):
        return False
    try:
        return msgspec.json.decode(os.read(fd, 4096), type=Watched) == core
    except (OSError, msgspec.DecodeError):
        return False
    finally:
        os.close(fd)


class Pulse:
    """`look()` every `poll_s`. `silent_s`: for how long the heartbeat has not changed, in waking time."""

    def __init__(self, state_dir: Path, core: Watched, clock: Clock, stale_s: float, poll_s: float) -> None:
        self.state_dir, self.core = state_dir, core
        self._clock, self._stale_s, self._poll_s = clock, stale_s, poll_s
        self._text = ""
        self._looked = clock.monotonic()
        self.silent_s = 0.0

    def look(self) -> str:
        """ALIVE, STALE (no heartbeat, the process is there), GONE, or ENDED (cleanly). Beats of others who take the
        lock for a moment (`panic`, `position`) are not the core's."""
        now = self._clock.monotonic()
        waking_s = min((now - self._looked) / 1e9, 2 * self._poll_s)
        self._looked = now
        text = self._read()
        if text != self._text and text.split()[:1] == [str(self.core.pid)]:
            self._text, self.silent_s = text, 0.0
        else:
            self.silent_s += waking_s
        alive = self.core.alive
        if ended_cleanly(self.state_dir, self.core):  # asked last: its last word comes just before its end
            return ENDED
        if not alive:
            return GONE
        return STALE if self.silent_s >= self._stale_s else ALIVE

    def _read(self) -> str:
        try:
            return (self.state_dir / BEAT_FILE).read_text(errors="replace")[:100]
        except OSError:
            return ""
