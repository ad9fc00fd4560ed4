"""The core's side of its watchdog: start it, know whether it watches, let it go. And the file through which it tells.

A core arms nothing and sends no order before `is_watched` says yes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from core.control.pulse import Watched
from core.domain.errors import PerpError, Refused
from core.guard.private import open_private, replace_synced

STATE_FILE, LOCK_NAME, LOG_FILE = "watchdog.json", "watchdog.lock", "watchdog.log"
STARTING, WATCHING, WORKING = "starting", "watching", "cancelling"
STALE_S = 15.0


class WatchdogState(msgspec.Struct, frozen=True):
    """What the watchdog last said: who it is, whom it watches, where, in which phase."""

    me: Watched
    core: Watched
    phase: str
    venues: tuple[str, ...]


def say_state(state_dir: Path, core: Watched, phase: str, venues: tuple[str, ...]) -> None:
    """The watchdog's own: write it. Raises OSError, Refused."""
    state = WatchdogState(Watched.of(os.getpid()), core, phase, venues)
    replace_synced(state_dir / STATE_FILE, msgspec.json.encode(state), f"{os.getpid():x}")


def read_state(state_dir: Path) -> WatchdogState | None:
    """What the last watchdog said, None where none did. Raises Refused for a file that is not private."""
    try:
        fd = open_private(state_dir / STATE_FILE, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        return msgspec.json.decode(os.read(fd, 65_536), type=WatchdogState)
    except (OSError, msgspec.DecodeError):
        return None
    finally:
        os.close(fd)


def is_watched(state_dir: Path, venues: Sequence[str], core: Watched | None = None) -> bool:
    """True while a living watchdog watches this core (ours by default) at all of these venues (record labels) and has
    read each of them once. Ask before the first order and once a second from then on."""
    state = read_state(state_dir)
    if state is None or state.core != (core or Watched.of(os.getpid())) or state.phase == STARTING:
        return False
    return state.me.alive and set(venues) <= set(state.venues)


def spawn_watchdog(
    state_dir: Path,
    reports: Path,
    venues: Sequence[str],
    *,
    stale_s: float = STALE_S,
    core: Watched | None = None,
) -> subprocess.Popen[bytes]:
    """`perpconsole watchdog` in its own session, its words in `watchdog.log`; `venues` are record labels. It takes the
    environment of this process, so keys from there are found. Raises Refused without a venue, OSError."""
    if not venues:
        raise Refused("Expected a venue to watch, was none")
    watched = core or Watched.of(os.getpid())
    root = str(Path(__file__).resolve().parents[2])  # the same code as ours, whatever the working directory is
    known = [path for path in [os.environ.get("PYTHONPATH", "")] if path]
    words = ["-m", "app", "--state-dir", str(state_dir), "--report-dir", str(reports), "watchdog"]
    words += ["--core", f"{watched.pid}:{watched.start_ticks}", "--stale-s", f"{stale_s:g}"]
    words += [word for venue in venues for word in ("--venue", venue)]
    out = _log(state_dir / LOG_FILE)
    try:
        return subprocess.Popen(
            [sys.executable, *words],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([root, *known])},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    finally:
        os.close(out)


def _log(path: Path) -> int:
    """Where its words go; nowhere, when the disk refuses: the watch goes first."""
    try:
        return open_private(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    except (OSError, PerpError):
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
