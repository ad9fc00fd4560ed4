"""A terminal at the end of a slow link: what the program writes arrives late and thinly, keys arrive late and torn.

usage: slow_link.py LATENCY_S BYTES_PER_S CHUNK COMMAND ...   Runs the command on a pty of the size of its own terminal
and carries both ways. CHUNK: most bytes of a key sequence that travel together, 0 = all.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import sys
import termios
import time
import tty
from collections import deque

READ = 65_536
TORN_S = 0.3  # longer than the toolkit waits for the rest of a sequence
PIPE = 4_096  # bytes on the link at most: a program that draws more waits, as on a full socket


class Lane:
    """Bytes on their way: each piece leaves when the one before it has and arrives `latency` later."""

    def __init__(self, latency_s: float, bytes_per_s: float, chunk: int, room: int) -> None:
        self.latency_s, self.bytes_per_s, self.chunk, self.room = latency_s, bytes_per_s, chunk, room
        self._free = 0.0  # when the sender's end is idle again
        self._way: deque[tuple[float, bytes]] = deque()
        self._on_way = 0

    @property
    def full(self) -> bool:
        return self._on_way >= self.room

    def send(self, data: bytes) -> None:
        size = self.chunk or max(int(self.bytes_per_s / 50), 1)
        for at in range(0, len(data), size):
            piece = data[at : at + size]
            spend = len(piece) / self.bytes_per_s
            if self.chunk:  # torn: pieces of one sequence arrive apart
                spend = max(spend, TORN_S)
            self._free = max(self._free, time.monotonic()) + spend
            self._way.append((self._free + self.latency_s, piece))
            self._on_way += len(piece)

    def due(self) -> bytes:
        """What has arrived by now."""
        out, now = b"", time.monotonic()
        while self._way and self._way[0][0] <= now:
            out += self._way.popleft()[1]
        self._on_way -= len(out)
        return out

    def next_s(self) -> float:
        """Seconds until the next piece arrives."""
        return max(self._way[0][0] - time.monotonic(), 0.0) if self._way else 1.0


def copy_size(inner: int) -> None:
    size = fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8)
    fcntl.ioctl(inner, termios.TIOCSWINSZ, size)


def carry(inner: int, latency_s: float, bytes_per_s: float, chunk: int) -> None:
    """Until the program has ended and all that it wrote has arrived."""
    shown, typed = Lane(latency_s, bytes_per_s, 0, PIPE), Lane(latency_s, bytes_per_s, chunk, PIPE)
    open_ = True
    while open_ or shown._way:
        ears = ([0] if not typed.full else []) + ([inner] if open_ and not shown.full else [])
        ready, _, _ = select.select(ears, [], [], min(shown.next_s(), typed.next_s(), 0.05))
        if 0 in ready:
            typed.send(os.read(0, READ))
        if inner in ready:
            try:
                data = os.read(inner, 1_024)
            except OSError:
                data = b""
            open_ = bool(data)
            shown.send(data)
        if keys := typed.due():
            os.write(inner, keys)
        data = shown.due()
        while data:
            data = data[os.write(1, data) :]


def main() -> int:
    latency_s, bytes_per_s, chunk = float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    pid, inner = pty.fork()
    if pid == 0:
        os.execvp(sys.argv[4], sys.argv[4:])
    copy_size(inner)
    signal.signal(signal.SIGWINCH, lambda *_: copy_size(inner))
    before = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        carry(inner, latency_s, bytes_per_s, chunk)
    finally:
        termios.tcsetattr(0, termios.TCSANOW, before)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    sys.exit(main())
