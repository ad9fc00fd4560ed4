"""The console in a real terminal: signals, a terminal that dies, is not there, or is not read (CONSOLE.md 0.4, 2)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.console.torrent import strings

ROOT = Path(__file__).parents[2]
SEED = 20261121
pytestmark = pytest.mark.slow


class Terminal:
    """A pty of 120x40 with the lively console in it; `read` drains it while wanted."""

    def __init__(self, out: Path, *words: str) -> None:
        self.out = out
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

        def own_the_terminal() -> None:
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        env = {
            **os.environ,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, "-m", "tests.console.lively", str(out), *words]
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, cwd=ROOT, env=env, preexec_fn=own_the_terminal
        )
        os.close(slave)
        self.bytes = 0
        self.reading = True
        self._open = True
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self) -> None:
        while self._open:
            if not self.reading:
                time.sleep(0.02)
                continue
            try:
                self.bytes += len(os.read(self.master, 65536))
            except OSError:
                return

    def log(self) -> str:
        return self.out.read_text() if self.out.exists() else ""

    def wait(self, done: Callable[[], bool], seconds: float = 15.0) -> bool:
        """Bounded wait on a real process: the one place where wall time passes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if done():
                return True
            time.sleep(0.02)
        return done()

    def close(self) -> None:
        """The window is closed: the kernel hangs up."""
        self._open = self.reading = False
        with contextlib.suppress(OSError):
            os.close(self.master)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    made = Terminal(tmp_path / "log")
    try:
        assert made.wait(lambda: "Attended" in made.log() and made.bytes > 3000), made.log()
        yield made
    finally:
        if made.process.poll() is None:
            made.process.kill()
        made.process.wait()
        made.close()


def test_a_hang_up_ends_the_console_and_tells_the_core(terminal: Terminal) -> None:
    """UC-11: the console exits in good order; the core hears Attended(no)."""
    os.kill(terminal.process.pid, signal.SIGHUP)
    assert terminal.wait(lambda: "ended lost" in terminal.log())
    assert "lost: SIGHUP" in terminal.log()
    assert terminal.log().count("Attended") == 2
    assert "Stop" not in terminal.log()


def test_a_terminal_that_is_gone_ends_the_console(terminal: Terminal) -> None:
    terminal.close()
    assert terminal.wait(lambda: "ended lost" in terminal.log())
    assert terminal.wait(lambda: terminal.process.poll() is not None)


def test_sigterm_asks_for_a_stop_and_waits_for_the_core(terminal: Terminal) -> None:
    os.kill(terminal.process.pid, signal.SIGTERM)
    assert terminal.wait(lambda: "ended stop" in terminal.log())
    assert "Stop" in terminal.log()


def test_sigtstp_does_not_stop_the_process(terminal: Terminal) -> None:
    os.kill(terminal.process.pid, signal.SIGTSTP)
    before = terminal.bytes
    assert terminal.wait(lambda: terminal.bytes > before + 500)
    state = Path(f"/proc/{terminal.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    assert state != "T"


@pytest.mark.parametrize("key", [b"\x07", b"\x1b[24~", b"\x1b[103;5u", b"f\x07"])
def test_the_key_is_seen_in_every_form(terminal: Terminal, key: bytes) -> None:
    os.write(terminal.master, key)
    assert terminal.wait(lambda: terminal.log().count("Halt") == 1)


def test_the_key_is_seen_while_nobody_reads_the_terminal(terminal: Terminal) -> None:
    terminal.reading = False
    terminal.wait(lambda: False, 2.0)  # the pty fills, the repaint blocks
    os.write(terminal.master, b"\x07")
    assert terminal.wait(lambda: "Halt" in terminal.log())
    terminal.reading = True


def test_a_held_key_halts_and_never_flattens_two_presses_do(terminal: Terminal) -> None:
    """UC-05."""
    os.write(terminal.master, b"\x07")
    terminal.wait(lambda: False, 0.7)
    for _ in range(40):
        os.write(terminal.master, b"\x07")
        terminal.wait(lambda: False, 0.04)
    terminal.wait(lambda: False, 0.6)
    assert "Flatten" not in terminal.log()
    os.write(terminal.master, b"\x07")
    assert terminal.wait(lambda: "Flatten" in terminal.log(), 3.0)


def test_pasted_text_fires_nothing(terminal: Terminal) -> None:
    os.write(terminal.master, b"\x1b[200~fFp\x07y\r\x1b[201~")
    terminal.wait(lambda: False, 1.0)
    assert [line.split()[0] for line in terminal.log().splitlines()] == ["Attended"]


def test_without_a_terminal_it_is_refused_with_the_reason(tmp_path: Path) -> None:
    out = tmp_path / "log"
    done = subprocess.run(
        [sys.executable, "-m", "tests.console.lively", str(out)], stdin=subprocess.DEVNULL, capture_output=True,
        cwd=ROOT, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Expected a terminal on stdin" in out.read_text()
    assert done.stdout == b""


STRINGS = 42


def test_random_strings_of_bytes_in_a_real_terminal_with_real_money(tmp_path: Path) -> None:
    """CONSOLE 4: the real driver with its threads, 0.3 s between the parts of a split escape. test_fuzz.py has the
    many."""
    made = Terminal(tmp_path / "log", "live")
    try:
        assert made.wait(lambda: "Attended" in made.log() and made.bytes > 3000), made.log()
        print(f"seed {SEED}")
        for typed in strings(SEED, 0, STRINGS):
            chunks = typed.chunks[:6] if typed.slowly else typed.chunks
            for chunk in chunks:
                os.write(made.master, chunk)
                made.wait(lambda: False, 0.3 if typed.slowly else 0.02)
            os.write(made.master, b"\x1b[201~")  # no paste stays open into the next one
            assert made.process.poll() is None, (typed, made.log())
        for _ in range(4):
            os.write(made.master, b"\x1b")
            made.wait(lambda: False, 0.3)
        did = {line.split()[0] for line in made.log().splitlines()}
        assert did <= {"Attended", "Pause", "AckAlert", "WriteReport"}, made.log()
        os.write(made.master, b"\x07")
        assert made.wait(lambda: "Halt" in made.log()), "the input still lives"
    finally:
        if made.process.poll() is None:
            made.process.kill()
        made.process.wait()
        made.close()
