"""`perpconsole doctor`: is this machine fit to trade from? Looks, changes nothing but a probe file of its own."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from app.context import Globals

GB = 1 << 30
WARN_FREE, LEAST_FREE = GB, 200 << 20
SLEEPS, SLEEP_S = 200, 0.001
JITTER_WARN_MS = 5.0


def register(cli: typer.Typer) -> None:
    cli.command("doctor")(doctor)


def doctor(ctx: typer.Context) -> None:
    """Check terminal, lock, disk, permissions, compiler and clock. Exit 1 when something would stop a start."""
    options: Globals = ctx.obj
    checks: list[Callable[[Path], tuple[str, str]]] = [
        _platform, _terminal, _state_dir, _lock, _latch, _venues, _disk, _sync, _numba, _jitter,
    ]  # fmt: skip
    rows: list[dict[str, Any]] = []
    for check in checks:
        verdict, text = check(options.state)
        rows.append({"check": check.__name__.strip("_").replace("_", " "), "verdict": verdict, "text": text})
    failed = any(row["verdict"] == "FAIL" for row in rows)
    lines = [f"{row['verdict']:<5} {row['check']:<10} {row['text']}" for row in rows]
    options.show({"ok": not failed, "checks": rows}, "\n".join(lines), code=1 if failed else 0)


def _platform(state: Path) -> tuple[str, str]:
    import platform

    python = platform.python_version()
    where = f"Python {python} on {platform.system()} {platform.machine()}"
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
        return "warn", f"{where}: PAPER only; Linux on x86_64 and aarch64 is tested"
    return "ok", where


def _terminal(state: Path) -> tuple[str, str]:
    from app.hangup import terminal_ok, utf8_locale

    good, why = terminal_ok()
    if not good:
        return "warn", f"{why}: only run --headless works here"
    size = os.get_terminal_size()
    text = (
        f"{size.columns}x{size.lines}, TERM={os.environ.get('TERM', '')}{'' if utf8_locale() else ', no UTF-8: ASCII'}"
    )
    return ("ok" if size.columns >= 80 and size.lines >= 24 else "warn"), text


def _state_dir(state: Path) -> tuple[str, str]:
    from core.domain.errors import Refused
    from core.guard.filesystem import check_lockable
    from core.guard.private import check_private

    if not state.exists():
        return "ok", f"{state}: will be made at the first start"
    try:
        check_private(state, "folder")
        return "ok", f"{state}: private, on {check_lockable(state)}"
    except Refused as error:
        return "FAIL", str(error)


def _lock(state: Path) -> tuple[str, str]:
    from core.clock import SystemClock
    from core.guard.lock import BEAT_FILE, InstanceLock, describe, heartbeat_age, read_record

    if not state.is_dir():
        return "ok", "free"
    clock = SystemClock()
    lock = InstanceLock(state, clock)
    held = lock.holders()
    if not held.found:
        return "ok", "free"
    text = describe(read_record(lock.path), heartbeat_age(state / BEAT_FILE, clock), held)
    return ("warn" if len(held.found) > 1 else "ok"), f"held: {text}"


def _latch(state: Path) -> tuple[str, str]:
    from core.guard.latch import Latch

    stop = Latch(state).read()
    if stop is None:
        return "ok", "not engaged"
    return "warn", f"{stop.state} since stop {stop.stop_id} by {stop.who}: {stop.reason}; perpconsole resume re-arms"


def _venues(state: Path) -> tuple[str, str]:
    """The real accounts that a stop from here would read, and what of them it never looks at."""
    from core.control.venue_record import looked_at, read_venues
    from core.domain.errors import Refused

    if not state.is_dir():
        return "ok", "no real account was opened from here"
    try:
        found = read_venues(state)
    except (OSError, Refused) as error:
        return "FAIL", str(error)
    told = [f"{record.label}: a stop looks at {looked_at(record.name)}" for record in found]
    return "ok", " | ".join(told) or "no real account was opened from here"


def _disk(state: Path) -> tuple[str, str]:
    place = next(folder for folder in (state, *state.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    text = f"{free / GB:.1f} GB free at {place}"
    if free < LEAST_FREE:
        return "FAIL", f"{text}; a core halts below 0.2 GB"
    return ("warn" if free < WARN_FREE else "ok"), text


def _sync(state: Path) -> tuple[str, str]:
    """The journal must reach the disk before an order leaves: how long does that take here?"""
    if not state.is_dir():
        return "ok", "not measured: no state dir yet"
    probe = state / f".probe.{os.getpid()}"
    times = []
    try:
        fd = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            for _ in range(20):
                began = time.perf_counter()
                os.write(fd, b"x" * 512)
                os.fdatasync(fd)
                times.append((time.perf_counter() - began) * 1e3)
        finally:
            os.close(fd)
            probe.unlink()
    except OSError as error:
        return "FAIL", f"cannot write: {error.strerror}"
    worst = max(times)
    return ("ok" if worst < 10 else "warn"), f"fdatasync median {sorted(times)[10]:.2f} ms, worst {worst:.2f} ms of 20"


def _numba(state: Path) -> tuple[str, str]:
    from core.kernel import cache_dir, numba_usable

    good, why = numba_usable()
    if not good:
        return "warn", f"kernels run as plain Python, slower: {why}"
    warm = any(cache_dir().rglob("*.nbi"))
    return "ok", f"kernels compile; cache {'warm' if warm else 'empty: the first start compiles in the background'}"


def _jitter(state: Path) -> tuple[str, str]:
    """How late a 1 ms sleep ends, and whether wall and monotonic clock agree meanwhile."""
    late = []
    wall, steady = time.time_ns(), time.monotonic_ns()
    for _ in range(SLEEPS):
        began = time.perf_counter()
        time.sleep(SLEEP_S)
        late.append((time.perf_counter() - began - SLEEP_S) * 1e3)
    drift_ms = ((time.time_ns() - wall) - (time.monotonic_ns() - steady)) / 1e6
    p99 = sorted(late)[int(SLEEPS * 0.99)]
    text = (
        f"1 ms sleeps end late by p99 {p99:.2f} ms, max {max(late):.2f} ms; wall against monotonic {drift_ms:+.2f} ms"
    )
    return ("ok" if p99 < JITTER_WARN_MS and abs(drift_ms) < 10 else "warn"), text
