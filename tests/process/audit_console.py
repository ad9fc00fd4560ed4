"""What a console does with a replay, without a screen: opens the journal of argv[1] at its end, prints the pid of the
replay's process, and waits. Killed by the test."""

from __future__ import annotations

import sys
import threading

from app.audit_process import AuditProcess
from core.domain.audit import CursorTold, GoTo, OpenJournal

replay = AuditProcess()
replay.ask(OpenJournal(sys.argv[1]))
pause = threading.Event()
there = False
while not there:
    pause.wait(0.05)
    there = any(isinstance(one, CursorTold) and one.share is None for one in replay.told())
replay.ask(GoTo(seq=1))
print(replay.pid, flush=True)
pause.wait()
