"""The terminal driver with our own input thread: raw bytes pass the key hook first, end of input ends the console.

Replaces of Textual's Linux driver the read loop (which spins for ever at end of input), the handlers of SIGTSTP (which
would stop the whole process, the trading core with it) and SIGCONT, and the waits for its writer (for ever, once a
dead terminal has ended that thread).
"""

from __future__ import annotations

import math
import os
import select
import signal
from collections.abc import Callable
from queue import Full
from typing import Any

from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver

from app.keyhook import KeyHook
from app.rawinput import RawInput

READ_BYTES = 4096
POLL_S = 0.05
CLOSE_S = 2.0  # that the last picture may take to a slow terminal


class HookDriver(LinuxDriver):
    """`hook` and `on_end` are set by `driver_for`, since the toolkit makes the instance itself."""

    hook: KeyHook
    on_end: Callable[[str], None]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)  # hangup.py puts its hint here once the loop runs
        signal.signal(signal.SIGCONT, signal.SIG_DFL)  # comes with a hang-up too: no second pair of threads

    def write(self, data: str) -> None:
        """Never waits for a writer that has ended: the terminal is gone, and what it should show with it."""
        if self._writer_thread is not None:
            _put(self._writer_thread, data)

    def listen_to_mouse(self, yes: bool) -> None:
        """Ask the terminal for the mouse, or leave it to the terminal."""
        if yes:
            self._enable_mouse_support()
        else:
            self._disable_mouse_support()

    def close(self) -> None:
        """The writer ends when it has written all; one that a dead or deaf terminal holds is left behind."""
        if self._writer_thread is not None:
            _put(self._writer_thread, None, CLOSE_S)
            self._writer_thread.join(CLOSE_S)

    def run_input_thread(self) -> None:
        """Read, show the hook every byte, then parse. Never blocks longer than 50 ms."""
        raw = RawInput(self.hook, self._get_terminal_size, self._debug)
        self.hook.reads_keys = True
        while not self.exit_event.is_set():
            ready, _, _ = select.select([self.fileno], [], [], POLL_S)
            self.hook.poll()
            if ready:
                try:
                    data = os.read(self.fileno, READ_BYTES)
                except OSError as error:  # EIO: the terminal is gone
                    self.on_end(f"terminal lost: {error.strerror}")
                    return
                if not data:
                    self.on_end("end of input")
                    return
                for event in raw.feed(data):
                    self.process_message(event)
            for event in raw.tick():
                self.process_message(event)
        raw.close()


def _put(writer: WriterThread, data: str | None, most_s: float = math.inf) -> None:
    waited = 0.0
    while writer.is_alive() and waited < most_s:
        try:
            writer._queue.put(data, timeout=POLL_S)
        except Full:
            waited += POLL_S
        else:
            return


def driver_for(hook: KeyHook, on_end: Callable[[str], None]) -> type[LinuxDriver]:
    """A driver class bound to this hook; `on_end(why)` is called from the input thread when the terminal is gone."""
    return type("BoundHookDriver", (HookDriver,), {"hook": hook, "on_end": staticmethod(on_end)})
