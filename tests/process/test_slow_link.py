"""An attached console at 80x24 behind 200 ms and 20 kB/s: keys reach the gate, nothing is torn, torn keys are harmless.

The link is a pty between the program and the terminal (slow_link.py); the terminal is tmux, which parses every byte.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.clock import stopwatch
from core.control.client import ControlClient
from core.domain.snapshot import Snapshot
from tests.process.pane import Pane
from tests.process.real_core import core, eventually, status, until, with_orders

pytestmark = [
    pytest.mark.slow,
    pytest.mark.tmux,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed here"),
]
LINK = ("0.2", "20000")  # seconds, bytes a second
WHOLE, TORN = "0", "1"
SIZE = (80, 24)
DEBRIS = re.compile(r"\x1b|\[\??\d+(?:;\d+)*[A-Za-z]|�")
ENDS = {"╭": "╮", "│": "│", "╰": "╯"}


class SlowPane(Pane):
    """The same program, at the far end of the link."""

    def __init__(self, state_dir: Path, chunk: str, *words: str) -> None:
        self.chunk = chunk
        super().__init__(state_dir, SIZE, *words)

    def run(self, *words: str) -> str:
        if "new-session" in words:
            at = words.index(sys.executable)
            words = (*words[:at], sys.executable, "-m", "tests.process.slow_link", *LINK, self.chunk, *words[at:])
        return super().run(*words)


@contextlib.contextmanager
def attached(state_dir: Path, *words: str, chunk: str = "") -> Iterator[Pane]:
    """`attach` behind the link, or at a terminal beside it where no chunk is given."""
    program = words or ("attach",)
    pane = SlowPane(state_dir, chunk, *program) if chunk else Pane(state_dir, SIZE, *program)
    try:
        yield pane
    finally:
        pane.kill()


def picture_of(state_dir: Path) -> Snapshot:
    with ControlClient(state_dir, "viewer") as client:
        return next(client.watch(4.0, 10.0))


def body(screen: str) -> list[str]:
    """The rows between the KPI rows and the action line: what stands still on a still screen."""
    return [row.rstrip() for row in screen.splitlines()[3:22]]


def torn(screen: str) -> list[str]:
    """Rows that no console would draw: too long, with the rest of a sequence in them, or a frame without its end."""
    rows = screen.splitlines()
    bad = [row for row in rows if len(row) > SIZE[0] or DEBRIS.search(row)]
    return bad + [row for row in rows if row[:1] in ENDS and (len(row) != SIZE[0] or row[-1] != ENDS[row[0]])]


def whole(pane: Pane) -> str:
    """A screen without a torn row. A frame on its way may be seen half; it must become whole by itself."""

    def looked() -> str:
        screen = pane.picture()
        return screen if screen.strip() and not torn(screen) else ""

    return str(eventually(looked, "a whole screen", 20.0))


def test_keys_reach_the_gate_ahead_of_what_is_still_to_be_drawn(state_dir: Path) -> None:
    """CONSOLE 4: key to closed gate, as the core saw it, with more being drawn than the link carries."""
    with core(state_dir), attached(state_dir, chunk=WHOLE) as pane:
        until(state_dir, "RUNNING")
        with_orders(state_dir)
        pane.sees("ARMED")
        pane.press("+")  # 4 Hz
        for key in ("r", "x", "c", "v", "l", "]", "]", "["):  # whole screens, faster than they can travel
            pane.press(key)
        began = stopwatch()
        pane.press("C-g")
        halted = eventually(lambda: (p := picture_of(state_dir)).state.run == "HALTED" and p, "HALTED")
        seen_ms, gate_ms = (stopwatch() - began) / 1e6, (halted.state.t_gate_closed_ns or 0) / 1e6
        print(f"key to closed gate {gate_ms:.2f} ms; from the finger to a HALTED core that was asked {seen_ms:.0f} ms")
        assert 0 < gate_ms < 250, "the gate waited for the picture"
        assert halted.orders == ()
        pane.sees("HALTED orders 0")
        whole(pane)


def test_the_screen_behind_the_link_is_the_screen_beside_it(state_dir: Path) -> None:
    """Still screens are compared row by row with a console at a fast terminal, moving ones by their frames."""
    looker = ("attach", "--read-only")
    with core(state_dir), attached(state_dir, *looker, chunk=WHOLE) as slow, attached(state_dir, *looker) as fast:
        until(state_dir, "RUNNING")
        for pane in (slow, fast):
            pane.sees("READ-ONLY")
        for key, word in (("?", "EMERGENCY"), ("c", "Self-check"), ("?", "EMERGENCY"), ("c", "Self-check")):
            for pane in (slow, fast):
                pane.press(key)
            if key == "?":
                fast.sees(word)
                eventually(lambda: body(slow.picture()) == body(fast.picture()), f"the same screen after {key}", 20.0)
            whole(slow)
        for key in ("r", "x", "v", "j", "Escape"):
            slow.press(key)
            whole(slow)
        slow.sees("Orders")
        for _ in range(20):  # ten seconds of repaints: never a row that stays torn
            threading.Event().wait(0.5)
            whole(slow)


TAILS = ("Up", "Down", "Left", "Right", "Home", "End", "PageUp", "PageDown", "IC", "DC", "F1", "F2", "F3", "F4", "F5")


def test_sequences_that_the_link_tears_trade_nothing(state_dir: Path) -> None:
    """CONSOLE 2 and 4: ESC [ A in three pieces of 0.3 s each is Esc, a bracket and an A; none of it moves the core."""
    with core(state_dir), attached(state_dir, chunk=TORN) as pane:
        until(state_dir, "RUNNING")
        pane.sees("ARMED")
        before = with_orders(state_dir)
        pane.press(*TAILS)
        pane.run("send-keys", "-l", "\x1b[<0;40;12M\x1b[<0;40;12m\x1b[I\x1b[O\x1b[1;5D\x1b[200~f p\x1b[201~")
        threading.Event().wait(0.3 * (sum(4 for _ in TAILS) + 60))
        found = status(state_dir)
        assert found["run"] == "RUNNING" and not found["gate_closed"]
        assert picture_of(state_dir).state.reason == "" or "operator" not in picture_of(state_dir).state.reason
        assert len(with_orders(state_dir)["orders"]) >= 2 <= len(before["orders"])
        pane.press("C-g")  # one byte, which nothing can tear
        until(state_dir, "HALTED")
