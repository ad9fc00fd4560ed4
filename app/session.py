"""Everything that stands round a core in this process: private folders, lock, latch, gate, desk, socket, core thread.

Starts in that order and stops in the reverse one. What trades is handed in as a coroutine factory.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from app.corethread import CoreThread, StuckWatch, spawn_panic
from core.clock import SystemClock
from core.control.desk import Desk
from core.control.launch import Launch
from core.control.server import ControlServer
from core.domain.commands import Attended, Flatten, Halt, Stop
from core.domain.snapshot import Holder
from core.guard.gate import GateFlag
from core.guard.latch import Latch
from core.guard.lock import BEAT_FILE, InstanceLock, heartbeat_age
from core.guard.private import private_dir
from core.guard.process import operator

Factory = Callable[[], Coroutine[Any, Any, None]]
BEATS = 10  # core ticks a heartbeat: one second
CHECKS = 600  # core ticks a look at the lock file: one minute


def harden() -> None:
    """Private files and no core dumps, for the whole process (X2, X3)."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Session:
    """`with Session(launch) as session: session.start(factory)`. Raises LockHeld when another core holds the dir."""

    def __init__(self, launch: Launch) -> None:
        self.launch, self.clock = launch, SystemClock()
        self.alarms: list[str] = []
        harden()
        private_dir(launch.state_dir)
        self.lock = InstanceLock(
            launch.state_dir, self.clock, any_filesystem=os.environ.get("PERP_ALLOW_FILESYSTEM") == "1"
        )
        self.lock.acquire()
        try:
            private_dir(launch.report_dir)
            self.latch = Latch(launch.state_dir)
            self.gate = GateFlag(self.clock, self.latch, self.alarm)
            self.desk = Desk(self.gate)
            self.server = ControlServer(self.desk, launch.state_dir, launch.report_dir)
            self.desk.holder, self.desk.viewers = self._holder, lambda: self.server.viewers
        except BaseException:
            self.lock.release()
            raise
        self.core: CoreThread | None = None
        self.watch: StuckWatch | None = None

    def start(self, main: Factory) -> CoreThread:
        """Start socket and core thread."""
        self.core = CoreThread(main, self._tick)
        self.watch = StuckWatch(self.gate, self.core, self.panic)
        self.server.start()
        self.core.start()
        return self.core

    def _tick(self) -> None:
        """In the core's thread, so the heartbeat stops when the core does."""
        ticks = self.core.ticks if self.core is not None else 0
        if ticks % BEATS == 1:
            self._beat()
        if ticks % CHECKS == CHECKS - 1 and not self.lock.still_held() and not self.gate.closed:
            self.desk.send(Halt(reason="lock file lost: another start may be possible (W3)", who="guard"))

    def _beat(self) -> None:
        """A disk that takes no heartbeat takes no journal either: no new risk, and the core lives on to cancel (S1)."""
        try:
            self.lock.beat()
        except OSError as error:
            if not self.gate.closed:
                self.desk.send(Halt(reason=f"heartbeat: {error}", who="guard"))

    def _holder(self) -> Holder:
        """Us, as UC-13 shows it; `heartbeat_ns` is the age of the last beat."""
        record, path = self.lock.record, self.lock.path
        if record is None:
            return Holder()
        age = heartbeat_age(path.with_name(BEAT_FILE), self.clock) or 0
        return Holder(record.pid, record.host, record.tty, record.started, age, str(path))

    def alarm(self, text: str) -> None:
        """A fault of the guard: kept, and shown where a terminal line is free."""
        self.alarms.append(text)
        if self.launch.headless:
            with contextlib.suppress(OSError, ValueError):  # nobody reads it any more: a stop does not end by that
                print(text, file=sys.stderr, flush=True)

    def panic(self) -> None:
        """The core is stuck after a stop: hand over to a process of its own."""
        child = spawn_panic(self.launch.state_dir, self.launch.report_dir)
        self.alarm(f"the core does not move after a halt: panic --halt-only started, pid {child.pid}, see panic.log")

    def core_alive(self) -> bool:
        """The core's thread runs (or has not been started yet)."""
        return self.core is None or self.core.alive

    def stuck(self) -> None:
        """The console saw no stop after its key: once a stop, `panic --halt-only` takes over."""
        if self.watch is not None:
            self.watch.act(self.gate.stop_id)

    def stop_requested(self, why: str) -> None:
        """SIGTERM, Ctrl+C: orders cancelled, verified, exit, no latch. A second one changes nothing."""
        self.desk.send(Stop(who=f"{operator()} {why}"))

    def unattended(self, why: str, policy: str = "continue") -> None:
        """The console is gone, the core goes on in this process and answers its socket and signals.

        policy (`on_terminal_lost`): continue | halt | flatten.
        """
        self.desk.send(Attended(yes=False, who=why))
        if policy != "continue":
            verb = Flatten if policy == "flatten" else Halt
            self.desk.send(verb(reason=f"terminal {why}, on_terminal_lost: {policy}", who=operator()))
        self.install_signals()

    def install_signals(self) -> None:
        """Of a headless core: SIGUSR1 halt, SIGTERM and SIGINT stop, SIGHUP nothing (it outlives its terminal)."""
        signal.signal(signal.SIGUSR1, lambda *_: self.desk.send(Halt(reason="SIGUSR1", who=operator())))
        signal.signal(signal.SIGTERM, lambda *_: self.stop_requested("SIGTERM"))
        signal.signal(signal.SIGINT, lambda *_: self.stop_requested("SIGINT"))
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.desk.disconnect()
        self.server.stop()
        self.gate.shut()
        self.lock.release()


def state_folder(given: Path | None) -> Path:
    """The state dir: the option, PERP_STATE_DIR, or the XDG state folder of the user."""
    if given is not None:
        return Path(os.path.abspath(given))
    if os.environ.get("PERP_STATE_DIR"):
        return Path(os.path.abspath(os.environ["PERP_STATE_DIR"]))
    import platformdirs

    return Path(platformdirs.user_state_dir("perpconsole", appauthor=False))
