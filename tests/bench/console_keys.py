"""From the key to the closed gate: console inside, attached, its terminal not read, and `panic` beside a stopped one.

Every press is a fresh one, re-armed over the control socket; times end at the stamp that the closing gate takes itself.
"""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import time
from collections.abc import Callable, Sequence

from core.domain.errors import PerpError
from tests.bench.arrangements import ATTACHED, EMBEDDED, Running, running
from tests.bench.children import CHECKOUT, environment
from tests.bench.table import Row, judged, not_run, quantile
from tests.bench.terminal import PROGRAM

EMERGENCY = b"\x07"
KEY_MS = 10.0
WANTED = f"p99 < {KEY_MS:g} ms"
FEW = 5
FROZEN_S = 4.0
FROM = "from writing 0x07 to the pseudo-terminal to the wall-clock stamp that the closing gate takes"
Say = Callable[[str], None]


def rows(folder: pathlib.Path, quick: bool, say: Say) -> list[Row]:
    """Four ways to the same gate."""
    return [
        _key("key to closed gate, console repainting", EMBEDDED, 10 if quick else 36, say,
             f"{FROM}; core, market and repainting console in one process; each press is a fresh one, re-armed by the "
             "socket; with so few presses p99 is the largest"),
        _key("key to closed gate, attached console", ATTACHED, 8 if quick else 24, say,
             f"{FROM}; through the control socket to the core's process"),
        _key("key to closed gate, terminal not read", EMBEDDED, 6 if quick else 16, say,
             f"{FROM}; the terminal's buffer filled to its end before the first press and full after the last, the "
             f"console blocked on it since {FROZEN_S:g} s", unread=True),
        _panic(5 if quick else 10, say),
    ]  # fmt: skip


def _key(path: str, kind: str, presses: int, say: Say, note: str, unread: bool = False) -> Row:
    taken: list[float] = []
    try:
        with running(kind) as core:
            assert core.screen is not None
            if unread:
                core.screen.fill()
                time.sleep(FROZEN_S)
            for n in range(presses):
                # the re-armed picture is drawn; another phase of the repaint each time
                pause = 0.7 + 0.037 * (n % 14)
                time.sleep(pause) if unread else core.rest(pause)
                taken.append(_press(core, not unread))
            if unread and core.screen.fill() > 0:
                return not_run(path, WANTED, "the terminal's buffer did not stay full")
    except (PerpError, TimeoutError, OSError) as error:
        say(f"{path}: stopped after {len(taken)} presses: {error}")
        if len(taken) < FEW:
            return not_run(path, WANTED, f"{type(error).__name__}: {error}")
    return _row(path, taken, say, note)


def _press(core: Running, read: bool) -> float:
    """ms of one press; quoting again afterwards."""
    assert core.screen is not None
    pressed = time.time_ns()
    core.screen.write(EMERGENCY)
    body = core.until(lambda body: body["gate_closed"] and body["stop"], read=read)
    core.rearm(read)
    return (int(body["stop"]["ts"]) - pressed) / 1e6


def _row(path: str, taken: Sequence[float], say: Say, note: str) -> Row:
    p50, p99 = quantile(taken, 0.5), quantile(taken, 0.99)
    say(f"{path}: p50 {p50:.2f} ms, p99 {p99:.2f} ms of {len(taken)}")
    measured = f"p50 {p50:.2f} ms, p99 {p99:.2f} ms, max {max(taken):.2f} ms, n {len(taken)}"
    return judged(path, WANTED, measured, p99 < KEY_MS, note)


def _panic(times: int, say: Say) -> Row:
    """`panic --halt-only` in another terminal while the attached console is stopped by SIGSTOP."""
    path = "panic to closed gate, attached console stopped"
    taken: list[float] = []
    whole: list[float] = []
    try:
        with running(ATTACHED) as core:
            os.kill(core.console_pid, signal.SIGSTOP)
            try:
                for _ in range(times):
                    begun = time.time_ns()
                    said = _panicked(core.state)
                    at = {step["step"]: step["ms"] for step in reversed(said["steps"])}  # the first of each
                    taken.append(at["E0"] - at["E1"])
                    whole.append((said["started"] - begun) / 1e6 + at["E0"])
                    core.rearm(read=False)
            finally:
                os.kill(core.console_pid, signal.SIGCONT)
    except (PerpError, TimeoutError, OSError, KeyError, ValueError) as error:
        say(f"{path}: stopped after {len(taken)}: {type(error).__name__}: {error}")
        if len(taken) < FEW:
            return not_run(path, WANTED, f"{type(error).__name__}: {error}")
    p50, p99 = quantile(whole, 0.5), quantile(whole, 0.99)
    note = (
        "from the latch on the disk to the core's word that its gate is closed, connection and hello included; from "
        f"the start of the command, Python's own start in it, p50 {p50:.0f} ms, p99 {p99:.0f} ms"
    )
    return _row(path, taken, say, note)


def _panicked(state: pathlib.Path) -> dict[str, object]:
    done = subprocess.run(
        [PROGRAM, "--state-dir", state, "--json", "panic", "--halt-only"], cwd=CHECKOUT, env=environment(),
        capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    found: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
