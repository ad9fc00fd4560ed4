"""The terminal driver with our own input thread: raw bytes pass the key hook first, end of input ends the console.

Replaces only the read loop of Textual's Linux driver (which spins for ever at end of input) and its SIGTSTP handler
(which would stop the whole process, the trading core with it).
"""

from __future__ import annotations

import os
import select
import signal
from codecs import getincrementaldecoder
from collections.abc import Callable
from typing import Any

from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

from app.keyhook import KeyHook

READ_BYTES = 4096
POLL_S = 0.05


class HookDriver(LinuxDriver):
    """`hook` and `on_end` are set by `driver_for`, since the toolkit makes the instance itself."""

    hook: KeyHook
    on_end: Callable[[str], None]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)  # hangup.py puts its hint here once the loop runs

    def run_input_thread(self) -> None:
        """Read, show the hook every byte, then parse. Never blocks longer than 50 ms."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
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
                self.hook.feed(data)
                for event in parser.feed(decode(data)):
                    self.process_message(event)
            for event in parser.tick():
                self.process_message(event)
        try:
            for _ in parser.feed(""):
                pass
        except (EOFError, ParseError):
            return  # input ended inside a sequence: nothing is owed to a screen that closes


def driver_for(hook: KeyHook, on_end: Callable[[str], None]) -> type[LinuxDriver]:
    """A driver class bound to this hook; `on_end(why)` is called from the input thread when the terminal is gone."""
    return type("BoundHookDriver", (HookDriver,), {"hook": hook, "on_end": staticmethod(on_end)})
