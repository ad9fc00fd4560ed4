"""The process of an audit replay: `python -m core.build.audit.child`, questions on stdin, answers on stdout.

Started by a console, niced, and ended by the end of its stdin: it never outlives the console, however that died.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import sys
from typing import Any

from core.build.audit.session import Auditing
from core.build.audit.wire import READ, Unpacker, packed
from core.build.warm import niced
from core.clock import stopwatch
from core.domain.audit import AnyAuditAsk
from core.kernel import Kernels

SLICE_NS = 30_000_000
TELL_NS = 50_000_000  # between two answers that nobody asked for
IDLE_S = 0.5
PR_SET_CHILD_SUBREAPER = 36


def serve(questions: int, answers: int, session: Auditing) -> None:
    """Until `questions` (a file descriptor) ends, or nobody reads `answers`."""
    words: Unpacker[AnyAuditAsk] = Unpacker(AnyAuditAsk)
    told_at = 0
    while True:
        sources: list[Any] = [questions, *session.channels]
        ready, _, _ = select.select(sources, [], [], 0 if session.busy else IDLE_S)
        asked = questions in ready
        if asked:
            data = os.read(questions, READ)
            if not data:
                return
            for question in words.feed(data):
                session.take(question)
        for channel in ready:
            if channel is not questions and channel in session.channels:
                session.read(channel)
        now = stopwatch()
        session.work(now, lambda begun=now: stopwatch() - begun > SLICE_NS)  # type: ignore[misc]
        if asked or not session.busy or now - told_at >= TELL_NS:
            told_at = now
            for answer in session.told():
                _write(answers, packed(answer))


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def main() -> None:
    """Give way to trading, then serve."""
    niced()
    logging.disable(logging.CRITICAL)  # what the core logged then stands in its own log
    _adopt_orphans()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # runners are never waited for
    for number in (signal.SIGINT, signal.SIGHUP):  # the end of stdin ends it, nothing else of the terminal
        signal.signal(number, signal.SIG_IGN)
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints is no answer
    session = Auditing(Kernels("plain") if "--plain" in sys.argv else None)
    try:
        serve(0, answers, session)
    except BrokenPipeError:
        return  # the console is gone
    finally:
        session.close()
        _wait_for_runners()


def _adopt_orphans() -> None:
    """Runners whose parent has ended become ours, not init's: none is left behind as a dead entry of a process table.

    Linux only; elsewhere init forgets them.
    """
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _wait_for_runners() -> None:
    """Their channels are closed: each ends within a slice of its work."""
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        return  # none is left


if __name__ == "__main__":
    main()
