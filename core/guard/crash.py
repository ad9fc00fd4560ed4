"""The last words of a process: uncaught errors of any thread or loop go to stderr cleaned, and without locals (R-X2).

Owns the hooks of the interpreter. Decides nothing and ends nothing; exit codes are the command line's.
"""

from __future__ import annotations

import contextlib
import logging
import resource
import sys
import threading
import traceback
from types import TracebackType

from core.guard.redact import PROCESS


def text_of(error: BaseException) -> str:
    """The traceback of an error with its causes: source lines, no locals, no secret."""
    return PROCESS.clean("".join(traceback.format_exception(error)))


def install() -> None:
    """Take over the interpreter's hooks; no core file keeps this memory. asyncio reports through logging, whose last
    resort is cleaned, too."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.excepthook = _uncaught
    sys.unraisablehook = _unraisable
    threading.excepthook = _in_thread
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_Clean())


class _Clean(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return PROCESS.clean(super().format(record))


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _print(text_of(error.with_traceback(trace)))


def _in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is None or isinstance(args.exc_value, SystemExit):
        return
    name = args.thread.name if args.thread is not None else "unknown"
    _print(f"Exception in thread {name}:\n{text_of(args.exc_value)}")


def _unraisable(args: sys.UnraisableHookArgs) -> None:
    head = PROCESS.clean(f"{args.err_msg or 'Exception ignored in'}: {args.object!r}\n")
    _print(head + (text_of(args.exc_value) if args.exc_value is not None else ""))


def _print(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # nobody listens any more; an error here would print uncleaned
        if sys.stderr is not None:
            sys.stderr.write(text if text.endswith("\n") else text + "\n")
            sys.stderr.flush()
