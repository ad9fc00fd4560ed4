"""A console on a core of another process, in a real terminal: attach, die, come back; one controller, many viewers."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.clock import stopwatch
from tests.process.pane import Pane, alive, console
from tests.process.real_core import asked, command, core, eventually, status, until, with_orders

pytestmark = [
    pytest.mark.tmux,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed here"),
]
STANDS_S = 0.8  # a dialog does not take keys that were on their way before it stood


@contextlib.contextmanager
def attached(state_dir: Path, *words: str, size: tuple[int, int] = (120, 40)) -> Iterator[Pane]:
    """`perpconsole attach` in a terminal of its own."""
    pane = Pane(state_dir, size, *(words or ("attach",)))
    try:
        yield pane
    finally:
        pane.kill()


def test_a_killed_terminal_leaves_the_core_alone_and_attach_shows_its_state_again(state_dir: Path) -> None:
    """UC-03, UC-11, CONSOLE 4: the core is UNATTENDED in between and never stops quoting."""
    with core(state_dir) as child:
        until(state_dir, "RUNNING")
        with attached(state_dir) as pane:
            screen = pane.sees("Latency")
            assert "PAPER" in screen and "ARMED" in screen
            eventually(lambda: status(state_dir).get("attended") is True, "a core that is attended")
        gone = eventually(lambda: (s := status(state_dir)).get("attended") is False and s, "UNATTENDED")
        assert gone["run"] == "RUNNING" and gone["pid"] == child.pid
        began = stopwatch()
        with attached(state_dir, size=(80, 24)) as pane:
            assert all(len(line) <= 80 for line in pane.sees("ETHUSDC").splitlines())
            print(f"state on the screen {(stopwatch() - began) / 1e9:.2f} s after the command")
            pane.press("q")
            pane.sees("detach")
            threading.Event().wait(STANDS_S)
            pane.press("d")
            eventually(lambda: status(state_dir).get("attended") is False, "a console that has left")
        assert child.poll() is None and status(state_dir)["run"] == "RUNNING"


def test_emergency_of_an_attached_console_halts_and_its_stop_ends_the_core(state_dir: Path) -> None:
    """UC-05, R-E0..E8."""
    with core(state_dir) as child, attached(state_dir) as pane:
        until(state_dir, "RUNNING")
        with_orders(state_dir)
        pane.sees("ARMED")
        pane.press("C-g")
        until(state_dir, "HALTED")
        pane.sees("EMERGENCY STOP")
        assert asked(state_dir, "position", "--verify")["orders"] == []
        pane.press("q")
        pane.sees("Leave the console?")
        threading.Event().wait(STANDS_S)
        pane.press("s")
        eventually(lambda: child.poll() is not None, "the end of the core")


def test_sigterm_to_an_attached_console_ends_the_console_alone(state_dir: Path) -> None:
    with core(state_dir) as child, attached(state_dir) as pane:
        pane.sees("ARMED")
        os.kill(int(pane.run("display-message", "-p", "#{pane_pid}")), signal.SIGTERM)
        eventually(lambda: status(state_dir).get("attended") is False, "a console that has left")
        assert child.poll() is None and status(state_dir)["run"] == "RUNNING"


def test_a_viewer_looks_on_and_moves_nothing(state_dir: Path) -> None:
    """CONSOLE 0.2: one controller, any number of viewers; a second controller is refused by name."""
    with core(state_dir), attached(state_dir) as first, attached(state_dir, "attach", "--read-only") as viewer:
        until(state_dir, "RUNNING")
        first.sees("ARMED")
        viewer.sees("READ-ONLY")
        with attached(state_dir, "attach") as second:
            eventually(lambda: "Expected no other controller" in second.picture() or not second.picture(), "a refusal")
        viewer.press("p")
        viewer.sees("this console only watches")
        viewer.press("C-g")
        viewer.sees("perpconsole halt")
        found = status(state_dir)
        assert found["run"] == "RUNNING" and not found["gate_closed"] and found["viewers"] == 2


def test_a_second_start_names_the_holder_and_offers_to_attach(state_dir: Path) -> None:
    """UC-07: Enter is no."""
    with core(state_dir) as child:
        done = command(state_dir, "core")
        assert done.returncode == 1 and str(child.pid) in done.stderr
        with attached(state_dir, "run") as pane:
            assert str(child.pid) in pane.sees("Enter = nothing")
            pane.press("v", "Enter")
            pane.sees("READ-ONLY")


def test_a_core_with_a_console_of_its_own_takes_viewers_only(state_dir: Path) -> None:
    with console(state_dir) as pane:
        until(state_dir, "RUNNING")
        with attached(state_dir, "attach", "--read-only") as viewer:
            viewer.sees("READ-ONLY")
        done = command(state_dir, "status")
        assert "attended: yes" in done.stdout
        pid = status(state_dir)["pid"]
        pane.kill()
        eventually(lambda: status(state_dir).get("attended") is False, "UNATTENDED")
        with attached(state_dir) as back:
            back.sees("ARMED")
            eventually(lambda: status(state_dir).get("attended") is True, "a core that is attended again")
        assert alive(pid)
