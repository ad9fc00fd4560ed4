"""Every process that holds a lock file or its abstract socket, from /proc: also one that only inherited it (W4).

Reads /proc; takes no lock and sends no signal.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from core.guard.process import PROC, command_of, start_ticks, tty_of


class Holding(msgspec.Struct, frozen=True):
    """One process and what it holds: `lock`, `socket`."""

    pid: int
    start_ticks: int
    tty: str
    command: str
    what: tuple[str, ...]


class Holdings(msgspec.Struct, frozen=True):
    """All holders that may be seen; `unread` processes belong to others and hide their descriptors."""

    found: tuple[Holding, ...]
    unread: int


def holders(lock: Path, socket_name: str) -> Holdings:
    """Who holds the flock on `lock` (also after the file was deleted) or listens on the abstract `socket_name`."""
    lock = Path(os.path.abspath(lock))
    try:
        place = os.stat(lock)
        inode: tuple[int, int] | None = (place.st_dev, place.st_ino)
    except OSError:
        inode = None
    sockets = {f"socket:[{number}]" for number in socket_inodes(socket_name)}
    found, unread = [], 0
    for entry in os.listdir(PROC):
        if not entry.isdigit():
            continue
        pid = int(entry)
        try:
            what = _held_by(pid, lock, inode, sockets)
        except PermissionError:
            unread += 1
            continue
        ticks = start_ticks(pid) if what else None
        if ticks is not None:
            found.append(Holding(pid, ticks, tty_of(pid), command_of(pid), what))
    return Holdings(tuple(sorted(found, key=lambda holding: holding.start_ticks)), unread)


def socket_inodes(name: str) -> list[int]:
    """Inodes of the abstract Unix sockets called `name` in our network namespace."""
    try:
        lines = (PROC / "net/unix").read_text(errors="replace").splitlines()[1:]
    except OSError:
        return []
    rows = [line.split(None, 7) for line in lines]
    return [int(row[6]) for row in rows if len(row) == 8 and row[7] == "@" + name]


def _held_by(pid: int, lock: Path, inode: tuple[int, int] | None, sockets: set[str]) -> tuple[str, ...]:
    what = set()
    folder = PROC / str(pid) / "fd"
    try:
        descriptors = os.listdir(folder)
    except (FileNotFoundError, ProcessLookupError):  # ended while we looked
        return ()
    for descriptor in descriptors:
        try:
            target = os.readlink(folder / descriptor)
            if target in sockets:
                what.add("socket")
            elif target.startswith("/") and _is_lock(folder / descriptor, target, lock, inode):
                if "FLOCK" in (PROC / str(pid) / "fdinfo" / descriptor).read_text():
                    what.add("lock")
        except (FileNotFoundError, ProcessLookupError):
            continue
    return tuple(sorted(what))


def _is_lock(descriptor: Path, target: str, lock: Path, inode: tuple[int, int] | None) -> bool:
    if target == f"{lock} (deleted)":
        return True
    if not target.endswith(lock.name) or inode is None:
        return False
    found = os.stat(descriptor)
    return (found.st_dev, found.st_ino) == inode
