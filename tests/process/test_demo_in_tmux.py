"""`perpconsole demo pair` on a real terminal: every state stands long enough to be seen, in under a minute (S1-01)."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.clock import SystemClock
from tests.process.real_core import PLAIN, eventually
from tests.process.running import ROOT

pytestmark = [
    pytest.mark.tmux,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed here"),
]
SIZES = [(80, 24), (120, 40)]
PRESENT = re.compile(r"\[S(\d) [A-Z ]+\]")
LOOK_S = 0.2
PATH = [0, 1, 2, 3, 4, 0, 1, 2, 3, 5, 0]


class Shown:
    """The demo in a tmux server of its own; its temporary folders lie in `folder`."""

    def __init__(self, folder: Path, size: tuple[int, int]) -> None:
        self.folder, self.socket = folder, f"perp-{uuid.uuid4().hex[:12]}"
        settings = {"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "COLORTERM": "", "TMPDIR": str(folder), **PLAIN}
        self.tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", str(size[0]), "-y", str(size[1]), "-c", str(ROOT), "env",
            *[f"{name}={value}" for name, value in settings.items()], sys.executable, "-m", "app", "demo", "pair",
        )  # fmt: skip

    def tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self.socket, *words], capture_output=True, text=True, timeout=60, check=False
        )
        return done.stdout

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p")

    def press(self, key: str) -> None:
        self.tmux("send-keys", key)


@pytest.fixture(params=SIZES, ids=[f"{w}x{h}" for w, h in SIZES])
def shown(request: pytest.FixtureRequest, state_dir: Path) -> Iterator[Shown]:
    made = Shown(state_dir, request.param)
    try:
        yield made
    finally:
        made.tmux("kill-server")
        eventually(lambda: not os.listdir(state_dir), "its folders gone with it")


@pytest.mark.row("S1-01")
def test_every_state_is_seen_for_two_seconds_and_told_in_under_a_minute(shown: Shown) -> None:
    """S1-01, S1-37: S0..S5 on the screen; at the end the money by source, and it stays until `q`."""
    clock, pause = SystemClock(), threading.Event()
    begun = clock.monotonic()
    seen: list[tuple[int, float]] = []  # state, when it was first on the screen
    told: dict[int, str] = {}
    screen = ""
    while "finished in" not in screen:
        assert (clock.monotonic() - begun) / 1e9 < 60.0, (seen, screen)
        pause.wait(LOOK_S)
        screen = shown.screen()
        found = PRESENT.search(screen)
        if found is None:
            continue
        state = int(found[1])
        if not seen or seen[-1][0] != state:
            seen.append((state, clock.monotonic() / 1e9))
        if not told.get(state):
            told[state] = next((line for line in screen.splitlines() if line.startswith(f" S{state} ")), "")
    assert [state for state, _ in seen] == PATH
    stood = [later - at for (_, at), (_, later) in itertools.pairwise(seen)]
    assert min(stood) >= 2.0 - LOOK_S, stood
    assert all(told.values()), told
    text = " ".join(line.strip() for line in screen.splitlines())
    assert re.search(r"all six states were seen\. The round's net \S+ = spread \S+ trend \S+ carry \S+ fees", text)
    pause.wait(1.0)
    assert "finished in" in shown.screen()  # it stays
    shown.press("q")
    eventually(lambda: "Leave the console?" in shown.screen(), "the question")
    pause.wait(0.8)  # a dialog does not take keys that were on their way before it stood
    shown.press("s")
    eventually(lambda: not shown.tmux("list-sessions"), "the end after q")


@pytest.mark.parametrize("shown", SIZES[:1], indirect=True)
def test_stop_by_hand_is_not_held_up_by_the_demo_and_a_lost_terminal_ends_it(shown: Shown) -> None:
    """The market stands while a sentence is read; a stop does not. No terminal, no demo: nothing is left behind."""
    pause = threading.Event()
    eventually(lambda: "[S1 FIRST LEG]" in shown.screen(), "the first leg")
    shown.press("C-g")
    eventually(lambda: {"STOP", "HALTING", "HALTED"} & set(shown.screen().split("\n")[0].split()), "the stop", 5.0)
    eventually(lambda: "orders 0/" in shown.screen() and "the demo waits" in shown.screen(), "its proof", 10.0)
    pause.wait(0.5)
    assert os.listdir(shown.folder)
    shown.tmux("kill-server")
    eventually(lambda: not os.listdir(shown.folder), "the end without a terminal")
