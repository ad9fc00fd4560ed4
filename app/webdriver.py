"""The terminal of a console in a browser: packets on stdin and stdout, a closed pipe ends the console.

Of the toolkit's web driver it replaces what would outlive the server: input that ended unseen, output to nobody.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from textual.drivers._byte_stream import ByteStream
from textual.drivers.web_driver import WebDriver, _ExitInput

from app.keyhook import KeyHook
from app.rawinput import RawInput

MARK = "TEXTUAL_DRIVER"  # the server starts its consoles with it
WEB = "textual.drivers.web_driver:WebDriver"
COLUMNS, ROWS = (20, 80, 500), (5, 24, 200)  # least, usual, most


class PipeDriver(WebDriver):
    """`on_end` and `first_size` are set by `driver_for`, since the toolkit makes the instance itself."""

    on_end: Callable[[str], None]
    first_size: tuple[int, int]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._size = self.first_size
        self._gone = False
        self._write = self._put  # type: ignore[assignment]

    def _put(self, data: bytes) -> int:
        """Nobody reads any more: the console is to end, and what it would still show goes nowhere."""
        left = memoryview(data)
        try:
            while left and not self._gone:
                left = left[os.write(self.fileno, left) :]
        except OSError as error:
            self._gone = True
            self.on_end(f"browser gone: {error.strerror}")
        return len(data)

    def run_input_thread(self) -> None:
        """Packets of keys and of sizes, until the pipe is closed or the console ends."""
        raw = RawInput(KeyHook(_viewer, _viewer, lambda: 0, lambda: 0), lambda: self._size, self._debug)
        packets = ByteStream()
        with contextlib.suppress(_ExitInput, json.JSONDecodeError):  # told to end, or no packets of ours
            for data in self._input_reader:
                for kind, payload in packets.feed(data) if data else ():
                    if kind == "D":
                        for event in raw.feed(payload):
                            self.process_message(event)
                    else:
                        self._on_meta(kind, payload)
                for event in raw.tick():
                    self.process_message(event)
        self._input_reader.close()
        if not self.exit_event.is_set():
            self.on_end("end of input")


def _viewer(t_key: int) -> None:
    """A viewer's EMERGENCY stops nothing; the console's own binding says so."""


def asked_for(environ: Mapping[str, str]) -> bool:
    """A server started this process for a browser."""
    return environ.get(MARK) == WEB


def size_of(environ: Mapping[str, str]) -> tuple[int, int]:
    """Columns and rows of the browser's page at its start, within reason."""
    return within(environ.get("COLUMNS", ""), COLUMNS), within(environ.get("ROWS", ""), ROWS)


def within(text: object, bounds: tuple[int, int, int]) -> int:
    """A whole number in its bounds; what is none is the usual one."""
    least, usual, most = bounds
    try:
        return min(max(int(str(text)), least), most)
    except ValueError:
        return usual


def driver_for(size: tuple[int, int], on_end: Callable[[str], None]) -> type[WebDriver]:
    """A driver class of this first size; `on_end(why)` is called, from whatever thread, when the browser is gone."""
    return type("BoundPipeDriver", (PipeDriver,), {"first_size": size, "on_end": staticmethod(on_end)})
