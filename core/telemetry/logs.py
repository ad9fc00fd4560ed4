"""JSON logs: one object a line with tag, level and text; rotated at 50 MB x 10; a ring of 10,000 lines for the console.

Every sink gets its text through the redactor, tracebacks and other libraries' messages included (R-X2).
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import logging.handlers
import os
import sys
import threading
import traceback
from collections import deque
from pathlib import Path

import msgspec

from core.domain.events import Note
from core.domain.snapshot import LogRow
from core.guard.redact import Redactor

RING = 10_000
BYTES, FILES = 50_000_000, 10
BOOT, ORDER_UPDATE, STRATEGY_ADJUST = "[boot]", "[order_update]", "[strategy_adjust]"  # S3-35, S1-48
LEVELS = {"info": logging.INFO, "warn": logging.WARNING, "crit": logging.CRITICAL}
WORDS = {logging.DEBUG: "debug", logging.INFO: "info", logging.WARNING: "warn", logging.ERROR: "error",
         logging.CRITICAL: "crit"}  # fmt: skip
ROOT = "perpconsole"
LONGEST = 8_000


class _Json(logging.Formatter):
    """{"ts", "level", "tag", "code", "text", "error"}; each cleaned whole, before it is cut to length: half a secret
    is known to nobody."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self.redactor = redactor

    def row(self, record: logging.LogRecord) -> tuple[LogRow, dict[str, object]]:
        tag = self.redactor.clean(printable(str(getattr(record, "tag", "")) or f"[{record.name.rsplit('.', 1)[-1]}]"))
        text = self.redactor.clean(printable(self.redactor.clean(record.getMessage())))
        ts = int(getattr(record, "core_ts", 0)) or round(record.created * 1e9)
        level = WORDS.get(record.levelno, "info")
        entry: dict[str, object] = {"ts": ts, "level": level, "tag": tag, "text": text}
        if code := getattr(record, "code", ""):
            entry["code"] = self.redactor.clean(printable(str(code)))
        if record.exc_info and record.exc_info[0] is not None:
            lines = "".join(traceback.format_exception(*record.exc_info))  # no locals: they hold keys
            entry["error"] = "\n".join(printable(line) for line in self.redactor.clean(lines)[:LONGEST].split("\n"))
        return LogRow(ts=ts, level=level, tag=tag, text=text), entry

    def format(self, record: logging.LogRecord) -> str:
        return msgspec.json.encode(self.row(record)[1]).decode()


class Ring(logging.Handler):
    """The newest lines as rows; `rows(n)` may be called from any thread."""

    def __init__(self, formatter: _Json, size: int = RING) -> None:
        super().__init__()
        self._json = formatter
        self._rows: deque[LogRow] = deque(maxlen=size)
        self._guard = threading.Lock()
        self.total = 0

    def emit(self, record: logging.LogRecord) -> None:
        row = self._json.row(record)[0]
        with self._guard:
            self._rows.append(row)
            self.total += 1

    def rows(self, n: int = RING) -> tuple[LogRow, ...]:
        with self._guard:
            return tuple(self._rows)[-n:]

    def after(self, number: int, most: int) -> tuple[int, int, tuple[LogRow, ...]]:
        """(number of the first, number of the newest line of all, rows) after line `number`, counted from 1; the
        oldest that is kept where that one is gone."""
        with self._guard:
            oldest = self.total - len(self._rows)
            start = max(number, oldest)
            rows = tuple(itertools.islice(self._rows, start - oldest, start - oldest + most))
            return start + 1, self.total, rows

    def lines(self, n: int) -> tuple[str, ...]:
        """For the log tail of a report."""
        return tuple(f"{row.level:<5} {row.tag} {row.text}" for row in self.rows(n))


class Log:
    """The program's log. `folder` None keeps the ring only. Close it to release the file."""

    def __init__(self, folder: Path | None, redactor: Redactor, bytes_a_file: int = BYTES, files: int = FILES) -> None:
        formatter = _Json(redactor)
        self.ring = Ring(formatter)
        self.logger = logging.getLogger(ROOT)
        self.logger.setLevel(logging.INFO)
        self._handlers: list[logging.Handler] = [self.ring]
        self.path: Path | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path = folder / "perpconsole.jsonl"
            file = _PrivateFile(self.path, bytes_a_file, files, self.ring)
            file.setFormatter(formatter)
            self._handlers.append(file)
        root = logging.getLogger()  # messages of libraries pass the same redactor
        for handler in self._handlers:
            root.addHandler(handler)

    def say(self, tag: str, text: str, level: str = "info", code: str = "", ts: int = 0) -> None:
        """One line. `ts` is core time; 0 takes the wall clock."""
        extra = {"tag": tag, "code": code, "core_ts": ts}
        self.logger.log(LEVELS.get(level, logging.INFO), "%s", text, extra=extra)

    def note(self, ts: int, note: Note) -> None:
        """A note of the engine with its own tag."""
        self.say(note.tag or f"[{note.code}]", note.text, note.level, note.code, ts)

    def close(self) -> None:
        root = logging.getLogger()
        for handler in self._handlers:
            root.removeHandler(handler)
            handler.close()


class _PrivateFile(logging.handlers.RotatingFileHandler):
    """Rotation with mode 0600; `files` counts the running one. A disk that refuses lines costs those lines: said once
    on `ring`, never as a traceback on the terminal."""

    def __init__(self, path: Path, size: int, files: int, ring: Ring) -> None:
        super().__init__(path, maxBytes=size, backupCount=files - 1, encoding="utf-8")
        self._ring, self._told = ring, False

    def handleError(self, record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self._told:
            self._told = True
            text = f"log file not written: {error.strerror}; lines are kept here alone"
            self._ring.emit(logging.LogRecord(ROOT, logging.CRITICAL, __file__, 0, text, None, None))

    def close(self) -> None:
        with contextlib.suppress(OSError):  # what it still held is lost, and was told
            super().close()

    def _open(self):  # type: ignore[no-untyped-def]
        fd = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        return os.fdopen(fd, "a", encoding="utf-8")


def printable(text: str) -> str:
    """Control characters out (a log line must not write to a terminal), length capped."""
    return "".join(c if c.isprintable() else " " for c in text[:LONGEST])
