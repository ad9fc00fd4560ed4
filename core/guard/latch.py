"""The halt latch: a file whose existence means HALTED, across crashes and restarts (RELIABILITY.md 5 E1, W6, K-34).

Three names: `halt.latch` (the stop, written once), `halt.latch.flatten` (the stop was raised to flatten) and
`halt.latch.state` (how far it got). No locks, so that a frozen process can never block a stop. Only `clear` removes it.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from core.domain.errors import Refused
from core.guard.private import open_private, private_dir, replace_synced, sync_dir, write_synced

if TYPE_CHECKING:
    from core.domain.ports import Clock  # loads numpy; the guard must start fast

NAME = "halt.latch"
STATES = ("HALTING", "HALTED", "FLATTENING", "FLAT")
UNREADABLE = "UNREADABLE"


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """One emergency stop. verb: halt | flatten; ts ns UTC; state: one of STATES, or UNREADABLE for a damaged file."""

    stop_id: str
    verb: str = "halt"
    reason: str = "operator"
    who: str = ""
    ts: int = 0
    scope: str = "ours"
    state: str = "HALTING"
    schema: int = 1


def new_stop_id(clock: Clock) -> str:
    """An id no other stop has: process, thread and time."""
    return f"stop-{clock.now():x}-{os.getpid():x}-{threading.get_ident() & 0xFFFF:x}"


class Latch:
    """The latch of one state dir. Every method reads the disk: another process may have stopped us."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / NAME
        self._flatten = folder / f"{NAME}.flatten"
        self._state = folder / f"{NAME}.state"
        self._history = folder / f"{NAME}.history"

    def engaged(self) -> bool:
        """Whether anything of that name exists, readable or not. One lstat: cheap enough for every request."""
        return os.path.lexists(self.path)

    def read(self) -> Stop | None:
        """The stop in force, None if there is none. A file that cannot be read or parsed is a stop, too."""
        if not self.engaged():
            return None
        try:
            stop = msgspec.json.decode(self.path.read_bytes(), type=Stop)
        except FileNotFoundError:
            return None if not self.engaged() else self._damaged("it is a dangling link")
        except (OSError, msgspec.DecodeError) as error:
            return self._damaged(str(error))
        if os.path.lexists(self._flatten):
            stop = msgspec.structs.replace(stop, verb="flatten")
        try:
            state = self._state.read_text().strip()
        except (OSError, UnicodeDecodeError):
            state = stop.state
        return msgspec.structs.replace(stop, state=state if state in STATES else stop.state)

    def _damaged(self, why: str) -> Stop:
        return Stop(stop_id="damaged", reason=f"{self.path} is damaged: {why}", state=UNREADABLE)

    def engage(self, stop: Stop) -> Stop:
        """Latch durably and return the stop in force: the one already there if there is one (its verb raised to
        flatten if this one flattens, never lowered). Raises OSError when the disk refuses.
        """
        private_dir(self.folder)
        if not self.engaged():
            draft = self.folder / f".{NAME}.{stop.stop_id}.{threading.get_ident():x}"
            draft.unlink(missing_ok=True)
            try:
                write_synced(draft, msgspec.json.encode(stop))
                self._state.unlink(missing_ok=True)  # of a stop whose clearing was cut short
                os.link(draft, self.path)
            except FileExistsError:
                return self.engage(stop)  # another stop was a moment faster: join it
            finally:
                draft.unlink(missing_ok=True)
            sync_dir(self.folder)
        if stop.verb == "flatten" and not os.path.lexists(self._flatten):
            fd = open_private(self._flatten, os.O_WRONLY | os.O_CREAT)
            try:
                os.write(fd, msgspec.json.encode(stop))
                os.fsync(fd)
            finally:
                os.close(fd)
            sync_dir(self.folder)
        return self.read() or stop

    def advance(self, state: str) -> None:
        """Note how far the stop got; never steps back. Raises ValueError for an unknown state, Refused unlatched."""
        rank = STATES.index(state)
        now = self.read()
        if now is None:
            raise Refused(f"Expected a halt latch to move to {state}, was none")
        if now.state in STATES and STATES.index(now.state) >= rank:
            return
        replace_synced(self._state, state.encode(), f"{os.getpid():x}.{threading.get_ident():x}")

    def clear(self, reason: str, who: str, ts: int) -> Stop:
        """Re-arm: remove the latch, with a reason, after keeping the stop in the history. Returns the cleared stop.

        Raises Refused without a reason or without a latch. The latch itself goes last: a crash in between is a halt.
        """
        if not reason.strip():
            raise Refused("Expected a reason for clearing the halt latch, was none; give --reason")
        stop = self.read()
        if stop is None:
            raise Refused("Expected a halt latch, was none; nothing to clear")
        fd = open_private(self._history, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            entry = {"cleared": ts, "by": who, "why": reason, "stop": stop}
            os.write(fd, msgspec.json.encode(entry) + b"\n")
            os.fsync(fd)
        finally:
            os.close(fd)
        for path in (self._state, self._flatten, self.path):
            path.unlink(missing_ok=True)
        sync_dir(self.folder)
        return stop
