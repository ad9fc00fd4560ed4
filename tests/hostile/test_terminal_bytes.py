"""The bytes that the console really writes to a terminal while every field is hostile, read at the far end of a pty."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from core.clock import stopwatch
from core.domain.units import NS_PER_S
from tests.hostile.drawn import wrong_bytes

ROOT = Path(__file__).parents[2]
KEYS = (b"2", b"3", b"4", b"5", b"6", b"7", b"8", b"9", b"0", b"1", b"q", b"\x1b", b"?")
POINTER = re.compile("\x1b]22;[a-z-]{0,20}\x07")  # the toolkit's own: the shape of the mouse's pointer
EACH_S, FIRST_S = 1.2, 6.0


def heard(master: int, seconds: float) -> bytes:
    """What is written to the terminal in this time."""
    out, end = b"", stopwatch() + round(seconds * NS_PER_S)
    while (left := (end - stopwatch()) / NS_PER_S) > 0:
        ready, _, _ = select.select([master], [], [], left)
        if ready:
            with contextlib.suppress(OSError):
                out += os.read(master, 1 << 16)
    return out


@pytest.mark.row("R-X4")
@pytest.mark.tmux
@pytest.mark.slow
def test_no_control_byte_of_a_hostile_field_reaches_a_real_terminal() -> None:
    """0 OSC, DCS or APC bytes: whatever the driver writes is a sequence of the toolkit's own, or printable."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
    child = subprocess.Popen([sys.executable, "-m", "tests.hostile.hostile_console"], stdin=slave, stdout=slave,
                             stderr=slave, cwd=ROOT, env=env, start_new_session=True)  # fmt: skip
    os.close(slave)
    try:
        written = heard(master, FIRST_S)
        for key in KEYS:
            os.write(master, key)
            written += heard(master, EACH_S)
        assert child.poll() is None, written[-2_000:].decode("utf-8", "replace")
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait(10)
        os.close(master)
    text = POINTER.sub("", written.decode("utf-8"))
    print(f"{len(text):,} characters written")
    assert len(text) > 50_000
    assert "Traceback" not in text
    for opening in ("\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bX", "\x9b", "\x9d", "\x90", "\x9f"):
        assert opening not in text, f"{opening!r} in {text[max(0, text.find(opening) - 60) :][:160]!r}"
    assert not wrong_bytes(text)
