"""The single-instance lock: a kernel lock on a file plus an abstract Unix socket of the same name (UC-07, S3-53,
S3-59, RELIABILITY.md W1-W4).

Both die with the process, so nothing stale is left behind. Pids in the record are for display only and are checked by
their start time. Never kills anybody (K-33) and never waits for a holder.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import socket
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from core.clock import iso
from core.domain.errors import Refused
from core.guard.filesystem import check_lockable
from core.guard.holders import Holdings, holders
from core.guard.private import open_private, private_dir
from core.guard.process import is_same, myself, operator, started_ns

if TYPE_CHECKING:
    from core.domain.ports import Clock  # loads numpy; the guard must start fast

LOCK_FILE, BEAT_FILE = "lock", "lock.heartbeat"
HANDOVER_S = 0.5  # a dying holder closes file and socket one after the other; a new one writes its record a bit later


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What the holder wrote about itself. `started` ns UTC; `start_ticks` and `boot` say which process `pid` meant."""

    pid: int
    start_ticks: int
    boot: str
    host: str
    tty: str
    exe: str
    who: str
    started: int
    path: str
    role: str = "core"


class LockHeld(Refused):
    """Somebody else holds the lock. `record` is None when the holder wrote none; `age_ns` of its last heartbeat."""

    def __init__(self, path: Path, record: Record | None, age_ns: int | None, holdings: Holdings) -> None:
        self.path, self.record, self.age_ns, self.holdings = path, record, age_ns, holdings
        super().__init__(f"Expected nobody to hold {path}, was {describe(record, age_ns, holdings)}")


def describe(record: Record | None, age_ns: int | None, holdings: Holdings) -> str:
    """One sentence on the holder: pid, host, terminal, start time, heartbeat age, and every other process (W4)."""
    parts = []
    if record is not None:
        alive = is_same(record.pid, record.start_ticks, record.boot, record.host)
        state = {True: "", False: " (that process is gone)", None: " (another host, cannot be checked)"}[alive]
        age = "no heartbeat" if age_ns is None else f"heartbeat {age_ns / 1e9:.1f} s ago"
        parts.append(
            f"pid {record.pid}{state} on {record.host}, terminal {record.tty or 'none'}, "
            f"started {iso(record.started)} UTC, {age}"
        )
    for holding in holdings.found:
        if record is None or holding.pid != record.pid:
            role = "inherited by" if record is not None else "held by"
            parts.append(
                f"{role} pid {holding.pid} on {socket.gethostname()}, terminal {holding.tty or 'none'}, "
                f"started {iso(started_ns(holding.start_ticks))} UTC: {holding.command}"
            )
    if not parts:
        parts.append(f"held by a process that hides from us ({holdings.unread} processes of other users)")
    return "; ".join(parts)


class InstanceLock:
    """`acquire()` or LockHeld; `beat()` once a second; `still_held()` once a minute; `release()`.

    folder: the state dir (or for an account lock the runtime dir, with a `name` of its own).
    any_filesystem: skip the allow-list of local filesystems. role: core | panic | position, for others to read.
    """

    def __init__(
        self, folder: Path, clock: Clock, name: str = LOCK_FILE, any_filesystem: bool = False, role: str = "core"
    ) -> None:
        self.path = folder / name
        self._beat_path = folder / f"{name}.heartbeat"
        self._clock, self._any, self._role = clock, any_filesystem, role
        self._fd = self._beat_fd = -1
        self._socket: socket.socket | None = None
        self._beats = 0
        self.record: Record | None = None
        _living.add(self)

    @property
    def socket_name(self) -> str:
        """Abstract name by device and inode of the folder: a bind mount of it is the same place."""
        place = os.stat(self.path.parent)
        key = f"{os.getuid()}:{place.st_dev}:{place.st_ino}:{self.path.name}"
        return "perpconsole/" + hashlib.sha256(key.encode()).hexdigest()[:32]

    def acquire(self) -> Record:
        """Take the lock and write who we are. Raises LockHeld, or Refused when the folder cannot carry a lock."""
        private_dir(self.path.parent)
        if not self._any:
            check_lockable(self.path.parent)
        self._fd = self._take_file()
        try:
            self._socket = self._take_socket()
            self.record = self._write_record()
            self._beat_fd = open_private(self._beat_path, os.O_RDWR | os.O_CREAT)
            self.beat()
        except BaseException:
            self.release()
            raise
        return self.record

    def _take_file(self) -> int:
        while True:
            fd = open_private(self.path, os.O_RDWR | os.O_CREAT)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(fd)
                raise self._held() from None
            if _same_file(fd, self.path):
                return fd
            os.close(fd)  # deleted between open and lock: what we hold is no longer the file of that name

    def _take_socket(self) -> socket.socket:
        pause = threading.Event()
        deadline = self._clock.monotonic() + int(HANDOVER_S * 1e9)
        while True:
            own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)  # close-on-exec by default
            try:
                own.bind("\0" + self.socket_name)
                return own
            except OSError:
                own.close()
                if self._clock.monotonic() > deadline:
                    self._close()  # else we would list ourselves
                    raise self._held() from None
            pause.wait(0.01)

    def _held(self) -> LockHeld:
        """The refusal. A new holder needs a moment to replace its dead predecessor's record; an inherited lock never
        gets a new one, so waiting for it has an end."""
        pause = threading.Event()
        for _ in range(int(HANDOVER_S / 0.01)):
            record = read_record(self.path)
            if record is not None and is_same(record.pid, record.start_ticks, record.boot, record.host) is not False:
                break
            pause.wait(0.01)
        return LockHeld(self.path, record, heartbeat_age(self._beat_path, self._clock), self.holders())

    def holders(self) -> Holdings:
        """Every process that holds this lock or its socket, us included when we do."""
        return holders(self.path, self.socket_name)

    def _write_record(self) -> Record:
        me = myself()
        record = Record(
            pid=me.pid, start_ticks=me.start_ticks, boot=me.boot, host=me.host, tty=me.tty, exe=me.exe,
            who=operator(), started=self._clock.now(), path=str(self.path), role=self._role,
        )  # fmt: skip
        raw = msgspec.json.encode(record)
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, raw, 0)
        return record

    def beat(self) -> None:
        """Say that we live: rewrites one line in place. Raises OSError when even that fails."""
        self._beats += 1
        os.pwrite(self._beat_fd, f"{os.getpid():>10} {self._clock.now():>20} {self._beats:>12}\n".encode(), 0)

    def still_held(self) -> bool:
        """False when the lock file was deleted or replaced under us, or never taken: stop trading then (W3)."""
        return self._fd >= 0 and self._socket is not None and _same_file(self._fd, self.path)

    def release(self) -> None:
        """Give it up. The file stays: deleting it would let two starts lock two files of one name."""
        self._close()

    def _close(self) -> None:
        for fd in (self._fd, self._beat_fd):
            if fd >= 0:
                with contextlib.suppress(OSError):  # closed already by somebody who closed every descriptor
                    os.close(fd)
        self._fd = self._beat_fd = -1
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __enter__(self) -> InstanceLock:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def read_record(lock: Path) -> Record | None:
    """What the last holder wrote, None if nothing readable."""
    try:
        return msgspec.json.decode(lock.read_bytes(), type=Record)
    except (OSError, msgspec.DecodeError):
        return None


def heartbeat_age(path: Path, clock: Clock) -> int | None:
    """ns since the last heartbeat, None if there is none to read."""
    try:
        return max(0, clock.now() - int(path.read_text().split()[1]))
    except (OSError, ValueError, IndexError):
        return None


def _same_file(fd: int, path: Path) -> bool:
    try:
        named = os.stat(path, follow_symlinks=False)
    except OSError:
        return False
    held = os.fstat(fd)
    return (held.st_dev, held.st_ino) == (named.st_dev, named.st_ino)


_living: weakref.WeakSet[InstanceLock] = weakref.WeakSet()


def _forked() -> None:
    """A child never inherits the lock: it closes its copies, which leaves the parent's lock untouched."""
    for lock in list(_living):
        lock._close()


os.register_at_fork(after_in_child=_forked)
