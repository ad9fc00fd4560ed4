"""The real program in a terminal that misbehaves: sizes in a storm, SIGTSTP, nobody reading, no terminal at all.

The core inside goes on through all of it (CONSOLE.md 0.4, 2). Bounded; figures are printed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core import rng
from core.control.client import ControlClient
from core.control.protocol import Do
from core.domain.commands import FinishRound
from core.domain.snapshot import Snapshot
from tests.bench.terminal import Terminal
from tests.process.pane import console
from tests.process.real_core import PLAIN, environment, eventually, status, until, with_orders
from tests.process.running import ROOT

pytestmark = pytest.mark.slow
SEED, SIZES, STORM_S = 20261121, 200, 10.0
DEAF_S = 10.0
HARMED_NS = 250_000_000  # a loop that stood for so long at its p99 was harmed, on any machine
needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed here")


def picture(state_dir: Path) -> Snapshot:
    with ControlClient(state_dir) as client:
        return next(client.watch(1.0, 20.0))


def lag(state_dir: Path) -> int | None:
    """p99 ns of the core's loop in the running round."""
    row = next(row for row in picture(state_dir).latency if row.name == "loop lag")
    print(f"loop lag p99 {row.p99_ns} max {row.max_ns} ns of {row.n}")
    return row.p99_ns


def new_round(state_dir: Path) -> None:
    """The core's histograms start anew."""
    before = status(state_dir)["round"]["number"]
    with ControlClient(state_dir) as client:
        assert client.ask(Do(command=FinishRound(id="storm"))).ok
    eventually(lambda: (s := status(state_dir))["round"]["number"] > before and s["run"] == "RUNNING", "a new round")


@pytest.mark.tmux
@needs_tmux
def test_two_hundred_sizes_in_ten_seconds_and_the_last_one_is_drawn_right(state_dir: Path) -> None:
    """CONSOLE 3: never a refusal, at any size; the loop of the core does not notice."""
    draw = rng.stream(SEED, "sizes")
    print(f"seed {SEED}")
    with console(state_dir, (120, 40), "run", "--on-round-end", "carry") as pane:
        until(state_dir, "RUNNING")
        with_orders(state_dir)
        pane.sees("Latency")
        new_round(state_dir)
        begun, pid = time.monotonic(), status(state_dir)["pid"]
        for n in range(SIZES):
            columns, rows = (1, 1) if n == SIZES // 2 else (int(draw.integers(1, 301)), int(draw.integers(1, 101)))
            pane.run("resize-window", "-x", str(columns), "-y", str(rows))
            time.sleep(max(0.0, begun + (n + 1) * STORM_S / SIZES - time.monotonic()))
        print(f"{SIZES} sizes in {time.monotonic() - begun:.1f} s")
        seq = status(state_dir)["seq"]
        for columns, rows in ((100, 30), (80, 24), (140, 45)):
            pane.run("resize-window", "-x", str(columns), "-y", str(rows))

            def fits(columns: int = columns, rows: int = rows) -> bool:
                lines = pane.picture().splitlines()
                words = ("PAPER" in lines[0], "Help" in lines[-1] or "Quit" in lines[-1]) if lines else (False,)
                return len(lines) == rows and all(words) and all(len(line) <= columns for line in lines)

            eventually(fits, f"a whole picture of {columns}x{rows}: {pane.picture()}", 30.0)
        assert "Traceback" not in pane.picture()
        found = status(state_dir)
        assert (found["pid"], found["run"], found["attended"]) == (pid, "RUNNING", True)
        assert found["seq"] > seq
        p99 = lag(state_dir)
        assert p99 is not None and p99 < HARMED_NS


def test_sigtstp_from_outside_never_stops_a_core_that_trades(state_dir: Path) -> None:
    """CONSOLE 2: the toolkit alone would SIGSTOP the process and the core in it."""
    with Terminal(state_dir, **PLAIN) as screen:
        assert screen.until(r"mid\s+\d{2,7}\.\d", 90.0) is not None, screen.text
        os.kill(screen.child.pid, signal.SIGTSTP)
        assert screen.until("not suspended", 30.0) is not None
        for number in (signal.SIGTSTP, signal.SIGCONT, signal.SIGTSTP):
            os.kill(screen.child.pid, number)
            screen.rest(0.3)
        seq = status(state_dir)["seq"]
        eventually(lambda: screen.rest(0.05) or status(state_dir)["seq"] > seq, "a core that goes on")
        state = Path(f"/proc/{screen.child.pid}/stat").read_text().rpartition(")")[2].split()[0]
        assert state not in "Tt"


def test_a_terminal_that_nobody_reads_holds_up_the_picture_and_nothing_else(state_dir: Path) -> None:
    """CONSOLE 4: the core trades on, the socket answers, and the picture is whole again once somebody reads."""
    with Terminal(state_dir, "run", "--on-round-end", "carry", **PLAIN) as screen:
        assert screen.until(r"mid\s+\d{2,7}\.\d", 90.0) is not None, screen.text
        until(state_dir, "RUNNING")
        screen.rest(0.5)
        new_round(state_dir)
        screen.drain()
        screen.fill()
        seqs, end = [], time.monotonic() + DEAF_S
        while time.monotonic() < end:
            found = status(state_dir)
            assert found["run"] == "RUNNING" and found["picture_age_ms"] < 5_000
            seqs.append(found["seq"])
            time.sleep(1.0)
        assert screen.fill() == 0, "the terminal's buffer stayed full"
        assert seqs == sorted(seqs) and seqs[-1] > seqs[0]
        p99 = lag(state_dir)
        assert p99 is not None and p99 < HARMED_NS
        screen.rest(2.0)
        screen.write(b"l")
        assert screen.until("Logs", 30.0) is not None
        screen.rest(0.5)
        screen.write(b"0")
        assert screen.until(r"mid\s+\d{2,7}\.\d", 30.0) is not None
        assert status(state_dir)["attended"] is True


@pytest.mark.parametrize("words", [(), ("run",), ("attach",)])
def test_without_a_terminal_the_program_refuses_at_once_and_writes_no_escapes(
    state_dir: Path, words: tuple[str, ...]
) -> None:
    """`< /dev/null`: the toolkit alone would spin and write into the file."""
    done = subprocess.run(
        [sys.executable, "-m", "app", "--state-dir", str(state_dir), *words], cwd=ROOT,
        env=environment(TERM="xterm-256color"), stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert b"Expected a terminal on stdin" in done.stderr and b"\x1b" not in done.stderr
    assert done.stdout == b""
