"""Audit replay in a real terminal beside a core that trades: CONSOLE.md 3 AUDIT, issue 5 point 6."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from core.guard.latch import Latch
from tests.process.pane import alive, console
from tests.process.real_core import eventually, status, until, with_orders
from tests.process.test_audit_child import family

pytestmark = [
    pytest.mark.tmux,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed here"),
]


def replays(pid: int) -> list[int]:
    """Processes of a replay below the console's."""
    return [
        one for one in family(pid) if b"core.build.audit.child" in Path(f"/proc/{one}/cmdline").read_bytes()
    ]  # fmt: skip


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
def test_the_journal_of_the_running_core_is_stepped_through_while_it_trades(
    state_dir: Path, size: tuple[int, int]
) -> None:
    with console(state_dir, size) as pane:
        until(state_dir, "RUNNING")
        with_orders(state_dir)
        pid = status(state_dir)["pid"]
        pane.press("u")
        pane.sees("REPLAY")
        screen = pane.sees("core now: PAPER ARMED")
        assert all(len(line) <= size[0] for line in screen.splitlines())
        assert "not now" in screen.splitlines()[0] and "FROZEN" not in screen
        eventually(lambda: replays(pid), "the replay's process")
        pane.press("Home")
        pane.sees("Step 1 ")
        pane.press(".")
        pane.sees("Step 2")
        pane.press("/")
        threading.Event().wait(0.3)  # the line opens
        pane.press("-l", "create")
        pane.press("Enter")
        pane.sees("filter 'create'")
        pane.press("g")
        threading.Event().wait(0.3)
        pane.press("-l", "#1")
        pane.press("Enter")
        pane.sees("Step 1 ")
        before, seq = pane.picture().splitlines()[1:3], status(state_dir)["seq"]
        eventually(lambda: pane.picture().splitlines()[1:3] != before, "figures of now that go on")
        assert status(state_dir)["seq"] > seq
        pane.press("C-g")
        until(state_dir, "HALTED")
        assert "REPLAY" in pane.sees("PAPER HALTED").splitlines()[0]
        assert Latch(state_dir).engaged()
        pids = replays(pid)
        pane.press("Escape")
        eventually(lambda: "REPLAY" not in pane.picture(), "the overview again")
        eventually(lambda: not any(alive(one) for one in pids), "the end of the replay with its screen")


def test_a_replay_ends_with_a_killed_terminal_while_the_core_goes_on(state_dir: Path) -> None:
    """UC-11: the core is UNATTENDED, the replay is gone."""
    with console(state_dir) as pane:
        until(state_dir, "RUNNING")
        with_orders(state_dir)
        pid = status(state_dir)["pid"]
        pane.press("u")
        pids = eventually(lambda: replays(pid), "the replay's process")
        pane.kill()
        eventually(lambda: status(state_dir).get("attended") is False, "UNATTENDED")
        eventually(lambda: not any(alive(one) for one in pids), "the end of the replay")
        assert status(state_dir)["run"] == "RUNNING"
