"""The real `perpconsole` on a pseudo-terminal: start, what it drew, keys, a terminal that nobody reads or that dies.

Ends what it started, by pid.
"""

from __future__ import annotations

import fcntl
import functools
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from tests.bench.children import CHECKOUT, environment

_ESCAPES = re.compile(rb"\x1b\[[0-9;:?<>=]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_].*?\x1b\\|\x1b.")
PROGRAM = pathlib.Path(sys.executable).with_name("perpconsole")


class Terminal:
    """`with Terminal(state_dir, *words) as screen`: the program runs; `text` is everything drawn, escapes taken out.

    `drawn`: bytes that came from it so far.
    """

    def __init__(self, state: pathlib.Path, *words: str, size: tuple[int, int] = (120, 40), **env: str) -> None:
        self.state, self.words, self.size, self.env = state, words, size, env
        self._raw = b""
        self.drawn = 0
        self._open = False

    def __enter__(self) -> Self:
        self.master, slave = pty.openpty()
        self._open, self._name = True, os.ttyname(slave)
        self.resize(*self.size)
        self.begun = time.perf_counter()
        self.child = subprocess.Popen(
            [PROGRAM, "--state-dir", self.state, "--metrics-port", "0", *self.words],
            stdin=slave, stdout=slave, stderr=slave, cwd=CHECKOUT, preexec_fn=functools.partial(os.login_tty, 0),
            env=environment(TERM="xterm-256color", LANG="C.UTF-8", COLORTERM="truecolor", **self.env),
        )  # fmt: skip
        os.close(slave)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            end = time.perf_counter() + 10.0
            while self.child.poll() is None and time.perf_counter() < end:
                self.read(0.05) if self._open else time.sleep(0.05)
            if self.child.poll() is None:
                self.child.kill()
                self.child.wait()
        self.hang_up()

    def hang_up(self) -> None:
        """The window is closed: the kernel sends SIGHUP, every read and write of the program fails."""
        if self._open:
            self._open = False
            os.close(self.master)

    def resize(self, columns: int, rows: int) -> None:
        """The kernel sends SIGWINCH."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def fill(self) -> int:
        """Nobody reads any more: the terminal's buffer is filled to its end, so that every write of the program
        blocks. Bytes that went in."""
        end = os.open(self._name, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        taken = 0
        try:
            while True:
                taken += os.write(end, b"." * 256)
        except BlockingIOError:
            return taken
        finally:
            os.close(end)

    def read(self, seconds: float) -> None:
        """Take what is drawn for at most `seconds`; returns as soon as something came."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if ready:
            try:
                came = os.read(self.master, 1 << 16)
                self._raw, self.drawn = self._raw + came, self.drawn + len(came)
            except OSError:  # the child closed its side
                time.sleep(seconds)

    def drain(self) -> None:
        """Read all that waits, and forget it."""
        while select.select([self.master], [], [], 0)[0]:
            self.read(0)
            if self.child.poll() is not None:
                break
        self._raw = b""

    def rest(self, seconds: float) -> None:
        """Wait while the terminal is read, as a real one would; what was drawn is forgotten."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            self.read(min(0.02, max(0.0, end - time.perf_counter())))
            self._raw = b""
        self.drain()

    def write(self, data: bytes) -> None:
        os.write(self.master, data)

    @property
    def text(self) -> str:
        return _ESCAPES.sub(b"", self._raw).decode("utf-8", "replace")

    def until(self, pattern: str, seconds: float) -> float | None:
        """Seconds from the start until `pattern` was drawn; None when it was not in time or the program ended."""
        return self.first_of({"it": pattern}, seconds).get("it")

    def first_of(self, patterns: Mapping[str, str], seconds: float) -> dict[str, float]:
        """By name, seconds from the start until each pattern was drawn; ends when all were, or at the limit."""
        seen: dict[str, float] = {}
        end = time.perf_counter() + seconds
        while len(seen) < len(patterns) and time.perf_counter() < end and self.child.poll() is None:
            self.read(0.02)
            now, text = time.perf_counter() - self.begun, self.text
            for name, pattern in patterns.items():
                if name not in seen and re.search(pattern, text):
                    seen[name] = now
        return seen
