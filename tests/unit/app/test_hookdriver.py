"""The driver's writer: a terminal that is gone, or that reads nothing, never keeps the process (UC-11)."""

from __future__ import annotations

import threading
from typing import Any

from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread

import app.hookdriver as hookdriver
from app.hookdriver import HookDriver


class File:
    """A terminal: `gone` raises as a dead one does, else it takes nothing until `read` is set."""

    def __init__(self, gone: bool) -> None:
        self.gone, self.read, self.written = gone, threading.Event(), ""

    def write(self, text: str) -> None:
        if self.gone:
            raise OSError(5, "Input/output error")
        self.read.wait()
        self.written += text

    def flush(self) -> None:
        """Nothing is kept back."""


class Quiet(WriterThread):
    """Its end by an error is what is looked at: not printed."""

    def run(self) -> None:
        try:
            super().run()
        except OSError:
            return


def driver(file: File) -> Any:
    made: Any = HookDriver.__new__(HookDriver)
    made._writer_thread = Quiet(file)  # type: ignore[arg-type]
    made._writer_thread.start()
    return made


def test_a_dead_terminal_takes_no_more_and_holds_up_nothing() -> None:
    made = driver(File(gone=True))
    for _ in range(MAX_QUEUED_WRITES * 3):
        made.write("x")
    made.close()
    assert not made._writer_thread.is_alive()


def test_a_terminal_that_reads_nothing_is_left_behind_at_the_end(monkeypatch: Any) -> None:
    monkeypatch.setattr(hookdriver, "CLOSE_S", 0.2)
    file = File(gone=False)
    made = driver(file)
    for _ in range(MAX_QUEUED_WRITES + 1):  # one that the writer holds, and a full queue
        made.write("x")
    made.close()
    assert made._writer_thread.is_alive() and file.written == ""
    file.read.set()
    made.close()
    assert not made._writer_thread.is_alive() and file.written == "x" * (MAX_QUEUED_WRITES + 1)


def test_what_was_written_last_reaches_a_terminal_that_reads() -> None:
    file = File(gone=False)
    file.read.set()
    made = driver(file)
    made.write("last picture")
    made.close()
    assert file.written == "last picture"
