"""The program on a real terminal: a tmux server of its own with one pane."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

from tests.process.real_core import PATIENCE_S, PLAIN, eventually, status
from tests.process.running import ROOT


class Pane:
    """One tmux server of our own with one pane that runs the program."""

    def __init__(self, state_dir: Path, size: tuple[int, int], *words: str, **more: str) -> None:
        self.state_dir = state_dir
        self._socket = f"perp-{uuid.uuid4().hex[:12]}"
        columns, rows = size
        settings = {"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "COLORTERM": "", **PLAIN, **more}
        assigned = [f"{name}={value}" for name, value in settings.items()]
        program = [sys.executable, "-m", "app", "--state-dir", str(state_dir), "--metrics-port", "0", *words]
        self.run(
            "-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), "-c", str(ROOT), "env",
            *assigned, *program,
        )  # fmt: skip

    def run(self, *words: str) -> str:
        """One tmux command against our own server."""
        done = subprocess.run(
            ["tmux", "-L", self._socket, *words], capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        return done.stdout

    def picture(self) -> str:
        """The text on the screen."""
        return self.run("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        self.run("send-keys", *keys)

    def sees(self, text: str) -> str:
        """Wait until the screen shows `text`; the screen."""

        def shown() -> str:
            screen = self.picture()
            return screen if text in screen else ""

        return str(eventually(shown, f"{text!r} on the screen"))

    def kill(self) -> None:
        """The terminal dies: the server and its pane."""
        self.run("kill-server")


def alive(pid: int) -> bool:
    """A process that runs or is stopped; not one that has ended and waits for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def console(state_dir: Path, size: tuple[int, int] = (120, 40), *words: str, **more: str) -> Iterator[Pane]:
    """The program with its console; whatever is left of it is ended by its own pid."""
    pane = Pane(state_dir, size, *words, **more)
    pid = 0
    try:
        pid = int(eventually(lambda: status(state_dir).get("pid"), "a core behind the console"))
        yield pane
    finally:
        pane.kill()
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            eventually(lambda: not alive(pid), "the end of the process")
