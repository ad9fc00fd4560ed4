"""What the console does when its terminal dies or a signal comes (CONSOLE.md 0.4 and 2). Decides nothing for the core.

SIGHUP: the console exits, the core is told and goes on. SIGTERM: stop. SIGTSTP: never stops the process, only a hint.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable

TOO_SIMPLE = ("", "dumb", "unknown")


def terminal_ok() -> tuple[bool, str]:
    """Whether a console can be drawn here, and if not why. Ask before the App is made: without a tty it would spin."""
    for name, stream in (("stdin", sys.__stdin__), ("stdout", sys.__stdout__), ("stderr", sys.__stderr__)):
        try:
            if stream is None or not os.isatty(stream.fileno()):
                return False, f"Expected a terminal on {name}, was a file, a pipe or nothing"
        except (OSError, ValueError):
            return False, f"Expected a terminal on {name}, was closed"
    term = os.environ.get("TERM", "")
    if term in TOO_SIMPLE:
        return False, f"Expected a TERM that can place a cursor, was {term or 'unset'}"
    return True, ""


def utf8_locale() -> bool:
    """Whether the terminal takes box drawing; otherwise the console draws in ASCII."""
    name = next((v for k in ("LC_ALL", "LC_CTYPE", "LANG") if (v := os.environ.get(k))), "")
    return "utf-8" in name.lower() or "utf8" in name.lower()


class Hangup:
    """Signal handlers of the console's loop. `install` only after the loop runs; `remove` when it ends.

    `on_lost(why)`: the terminal is gone, close the console, the core goes on. `on_stop(why)`: end the process in good
    order. `on_hint(text)`: say it on the action line.
    """

    def __init__(
        self, on_lost: Callable[[str], None], on_stop: Callable[[str], None], on_hint: Callable[[str], None]
    ) -> None:
        self._on_lost, self._on_stop, self._on_hint = on_lost, on_stop, on_hint
        self._loop: asyncio.AbstractEventLoop | None = None

    def install(self) -> None:
        loop = self._loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._on_lost, "SIGHUP")
        loop.add_signal_handler(signal.SIGTERM, self._on_stop, "SIGTERM")
        loop.add_signal_handler(
            signal.SIGTSTP, self._on_hint, "not suspended: the core would stop; q quits or detaches"
        )

    def remove(self) -> None:
        """After the console the core may go on in this process: SIGHUP and SIGTSTP ignored, SIGTERM still stops it."""
        if self._loop is None:
            return
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGTSTP):
            self._loop.remove_signal_handler(number)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda number, frame: self._on_stop("SIGTERM"))
        self._loop = None
