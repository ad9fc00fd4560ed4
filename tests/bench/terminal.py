"""The real `perpconsole` on a pseudo-terminal of 120x40: start, what it drew, keys. Ends what it started, by pid."""

from __future__ import annotations

import fcntl
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
    """`with Terminal(state_dir) as screen`: the console runs; `text` is everything drawn, escapes taken out."""

    def __init__(self, state: pathlib.Path, **env: str) -> None:
        self.state, self.env = state, env
        self._raw = b""

    def __enter__(self) -> Self:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.begun = time.perf_counter()
        self.child = subprocess.Popen(
            [PROGRAM, "--state-dir", self.state, "--metrics-port", "0"], stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True, cwd=CHECKOUT,
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
                self.read(0.05)
            if self.child.poll() is None:
                self.child.kill()
                self.child.wait()
        os.close(self.master)

    def read(self, seconds: float) -> None:
        """Take what is drawn for at most `seconds`; returns as soon as something came."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if ready:
            try:
                self._raw += os.read(self.master, 1 << 16)
            except OSError:  # the child closed its side
                time.sleep(seconds)

    def drain(self) -> None:
        """Read all that waits, and forget it."""
        while select.select([self.master], [], [], 0)[0]:
            self.read(0)
            if self.child.poll() is not None:
                break
        self._raw = b""

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
