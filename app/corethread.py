"""The trading core in a thread and loop of its own, and the watchdog that acts when that loop stops after a halt.

Takes a coroutine factory and knows nothing of what runs in it. A failure is kept, never lost.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from core import tasks
from core.domain.errors import PerpError
from core.guard.gate import GateFlag
from core.guard.latch import Stop
from core.guard.private import open_private

SWITCH_S = 0.0005  # CONSOLE.md 0.1: the repainting thread must give way this soon
TICK_S = 0.1
STUCK_S = 0.5
WATCHED_S = 10.0


class CoreThread:
    """`start()`, `join()`, `alive`, `failure`. `ticks` moves ten times a second while the core's loop lives.

    on_tick: called in the core's thread with every tick (heartbeat); what it raises ends the core and is `failure`.
    """

    def __init__(
        self, main: Callable[[], Coroutine[Any, Any, None]], on_tick: Callable[[], None] | None = None
    ) -> None:
        self._main, self._on_tick = main, on_tick
        self.ticks = 0
        self.failure: BaseException | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="core", daemon=True)

    def start(self) -> None:
        """Start the thread. Sets the interpreter's switch interval for the whole process."""
        sys.setswitchinterval(SWITCH_S)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Running now."""
        return self._thread.is_alive()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the end, interruptible by signals; True when it has ended."""
        return self._ended.wait(timeout_s)

    def _run(self) -> None:
        try:
            with asyncio.Runner() as runner:
                self.failure = runner.run(self._watched())
        finally:
            self._ended.set()

    async def _watched(self) -> BaseException | None:
        """Run the core beside the ticker; the first of both that ends, ends both. Returns what failed."""
        core = tasks.spawn(self._main(), "core", on_error=_kept)
        ticker = tasks.spawn(self._tick(), "core-tick", on_error=_kept)
        await asyncio.wait({core, ticker}, return_when=asyncio.FIRST_COMPLETED)
        ended = [task for task in (ticker, core) if task.done()]
        for task in (core, ticker):
            task.cancel()
        await asyncio.wait({core, ticker})
        for task in ended:
            if not task.cancelled() and task.exception() is not None:
                return task.exception()
        return None

    async def _tick(self) -> None:
        while True:
            self.ticks += 1
            if self._on_tick is not None:
                self._on_tick()
            await tasks.sleep(TICK_S)


def _kept(error: BaseException) -> None:
    """The failure is read from the task itself."""


class StuckWatch:
    """0.5 s after a stop: a core whose loop has not moved gets `panic --halt-only` as a process of its own (E2)."""

    def __init__(self, gate: GateFlag, core: CoreThread, spawn: Callable[[], None]) -> None:
        self._core, self._spawn = core, spawn
        self._lock = threading.Lock()
        self._done: set[str] = set()
        gate.listen(self._closed)

    def _closed(self, stop: Stop) -> None:
        threading.Thread(target=self._look, args=(stop.stop_id,), name="stuck-watch", daemon=True).start()

    def _look(self, stop_id: str) -> None:
        """Every 0.5 s of the first seconds of a stop: the loop may take the halt, tick once more and then hang."""
        pause = threading.Event()
        for _ in range(int(WATCHED_S / STUCK_S)):
            seen = self._core.ticks
            pause.wait(STUCK_S)
            if self._core.ticks == seen:
                if self._core.alive or self._core.failure is not None:
                    self.act(stop_id)
                return

    def act(self, stop_id: str = "") -> None:
        """Start it now, once a stop; the console calls this, too, when no picture shows the stop."""
        with self._lock:
            if stop_id in self._done:
                return
            self._done.add(stop_id)
        self._spawn()


def spawn_panic(state_dir: Path, report_dir: Path) -> subprocess.Popen[bytes]:
    """`perpconsole panic --halt-only` in its own session, its words in a log file: it may have to end this process.
    Nobody asked for more than ours."""
    root = str(Path(__file__).resolve().parent.parent)  # the same code as ours, whatever the working directory is
    known = [path for path in [os.environ.get("PYTHONPATH", "")] if path]
    words = ["-m", "app", "--state-dir", str(state_dir), "--report-dir", str(report_dir), "panic", "--halt-only"]
    words += ["--scope", "ours"]
    out = _log(state_dir / "panic.log")
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
    """Where the words of that process go; nowhere, when the disk refuses: the stop goes first."""
    try:
        return open_private(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    except (OSError, PerpError):
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
