"""Who a process is: pid with start time, boot, host, terminal, program, read from /proc. Reads, never signals.

A pid alone names nobody: it is reused. Pid and start time together name one process of one boot.
"""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path

import msgspec

PROC = Path("/proc")


class Identity(msgspec.Struct, frozen=True):
    """One process. `start_ticks`: field 22 of /proc/pid/stat, clock ticks after boot. `tty` empty = none."""

    pid: int
    start_ticks: int
    boot: str
    host: str
    tty: str = ""
    exe: str = ""
    uid: int = -1


@cache
def boot_id() -> str:
    """The id of this boot; empty where the kernel does not tell."""
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def start_ticks(pid: int) -> int | None:
    """When the process started, in ticks after boot; None if there is no such process (a zombie counts as gone)."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (OSError, UnicodeDecodeError):
        return None
    if len(fields) < 20 or fields[0] in "ZX":
        return None
    return int(fields[19])


def started_ns(ticks: int) -> int:
    """Start ticks as ns UTC, to a second or so (the kernel's boot time is whole seconds); 0 if unknown."""
    try:
        lines = (PROC / "stat").read_text().splitlines()
        booted = next(int(line.split()[1]) for line in lines if line.startswith("btime "))
    except (OSError, StopIteration):
        return 0
    return booted * 1_000_000_000 + ticks * 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def tty_of(pid: int) -> str:
    """The controlling terminal as in /dev, or empty. tty_nr of /proc/pid/stat, decoded for the common drivers."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        number = int(fields[4])
    except (OSError, UnicodeDecodeError, IndexError, ValueError):
        return ""
    major, minor = os.major(number & 0xFFFFFFFF), os.minor(number & 0xFFFFFFFF)
    if 136 <= major <= 143:
        return f"pts/{(major - 136) * 256 + minor}"
    if major == 4:
        return f"tty{minor}" if minor < 64 else f"ttyS{minor - 64}"
    return f"{major}:{minor}" if number else ""


def exe_of(pid: int) -> str:
    """The program file, or empty when it may not be read."""
    try:
        return os.readlink(PROC / str(pid) / "exe")
    except OSError:
        return ""


def uid_of(pid: int) -> int:
    """The owner of a process, -1 if it is gone."""
    try:
        return os.stat(PROC / str(pid)).st_uid
    except OSError:
        return -1


def command_of(pid: int) -> str:
    """The command line, at most 200 characters, control characters replaced."""
    try:
        raw = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return ""
    text = raw.replace(b"\0", b" ").decode("utf-8", "replace").strip()
    return "".join(c if c.isprintable() else "?" for c in text)[:200]


def identity_of(pid: int) -> Identity | None:
    """Who `pid` is now, None if it is gone."""
    ticks = start_ticks(pid)
    if ticks is None:
        return None
    return Identity(pid, ticks, boot_id(), socket.gethostname(), tty_of(pid), exe_of(pid), uid_of(pid))


def myself() -> Identity:
    """This process."""
    identity = identity_of(os.getpid())
    return identity or Identity(os.getpid(), 0, boot_id(), socket.gethostname(), uid=os.getuid())


def is_same(pid: int, ticks: int, boot: str, host: str) -> bool | None:
    """Whether that very process still lives. None: it belongs to another host, so nobody can tell from here."""
    if host != socket.gethostname():
        return None
    return boot == boot_id() and start_ticks(pid) == ticks


def operator() -> str:
    """operator@tty of this process, for the audit."""
    name = os.environ.get("SUDO_USER") or os.environ.get("USER") or os.environ.get("LOGNAME") or f"uid{os.getuid()}"
    name = "".join(c for c in name if c.isprintable())[:64]
    return f"{name}@{tty_of(os.getpid()) or 'no-tty'}"
