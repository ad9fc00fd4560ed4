"""Writes the report of a core's own stop, `emergency-<utc>.md`, one a stop id: beside the core, in a thread (E9, E10).

At the trigger, while it goes on, when it is done and when the process ends. A disk that refuses costs an alarm and a
later try, never the stop. A stop that an earlier process began is completed in that process's file.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from core.build.stop_page import exact, page_of
from core.build.stop_record import Facts, StopRecord
from core.clock import stamp, stopwatch
from core.control.evidence_page import head_row, markdown
from core.domain.errors import PerpError
from core.domain.events import Step
from core.domain.units import NS_PER_S
from core.guard.gate import GateFlag
from core.guard.latch import Stop
from core.guard.private import private_dir, replace_synced, write_synced

EVERY_NS = 2 * NS_PER_S  # while a stop goes on
AGAIN_NS = 5 * NS_PER_S  # after a disk that refused
SHARE = 20  # at most a twentieth of the time goes into writing
END_S = 2.0
MOST_BEFORE = 2 << 20
WRITER = head_row("written by", "the core")
Alert = Callable[[str, str, str], None]  # level, code, text


class _Job(msgspec.Struct, frozen=True):
    stop: int
    version: int
    facts: Facts
    latch: Stop | None
    head: dict[str, Any]


class _Done(msgspec.Struct, frozen=True):
    job: _Job
    path: str
    error: str
    took_ns: int


class StopFiles:
    """The last sink but one: keeps the record, then looks whether a write is due; `end` when the core leaves. `path`:
    the file of the stop in force, "" before it is there. `head`: rows that only the caller knows."""

    name = "evidence"

    def __init__(
        self, record: StopRecord, folder: Path, gate: GateFlag, head: Mapping[str, Any], alert: Alert
    ) -> None:  # fmt: skip
        self.record, self.folder, self.path = record, folder, ""
        self._gate, self._head, self._alert = gate, dict(head), alert
        self._places = {post.place: post.instrument for post in record.engine.posts}
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[_Done] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._busy = self._trouble = self._was_finished = False
        self._latch: Stop | None = None  # of the gate, also once a re-arm has opened it
        self._of_gate: dict[str, Any] = {}
        self._written = (0, 0)  # stop, version
        self._known = 0  # the stop that was begun with
        self._due = 0
        self._at: tuple[int, Path, str] | None = None  # of the writer's thread: stop, file, what stood in it before

    def take(self, step: Step) -> None:
        self.record.take(step)
        if self.record.stops:
            self.look()

    def look(self) -> None:
        """A write where one is due; what the last one came to."""
        with contextlib.suppress(queue.Empty):
            self._heard(self._done.get_nowait())
        record = self.record
        if not record.stops or self._written == (record.stops, record.version):
            return
        if self._busy:
            self._look_after()
            return
        fresh = self._known != record.stops
        over = record.finished and not self._was_finished
        if fresh or over or stopwatch() >= self._due:
            self._start()

    def _look_after(self) -> None:
        """A writer that ended by a fault of its own is said once; nothing is written any more then."""
        if self._thread is not None and not self._thread.is_alive() and not self._trouble:
            self._trouble = True
            self._alert("crit", "evidence", "evidence of the stop not written: its writer ended; the journal has it")

    def _start(self) -> None:
        record, gate = self.record, self._gate
        if self._known != record.stops:
            self._known, self.path, self._trouble, self._latch, self._of_gate = record.stops, "", False, None, {}
        if gate.stop is not None:
            self._latch, self._of_gate = gate.stop, _gate_rows(gate, gate.stop)
        self._busy, self._was_finished = True, record.finished
        job = _Job(record.stops, record.version, record.facts(), self._latch, {**self._of_gate, **self._head})
        self._jobs.put(job)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="evidence", daemon=True)
            self._thread.start()

    def _heard(self, done: _Done) -> None:
        self._busy = False
        if done.error:
            self._due, self._was_finished = stopwatch() + AGAIN_NS, False
            if not self._trouble:
                self._alert("crit", "evidence", f"evidence of the stop not written: {done.error}; it is tried again")
            self._trouble = True
            return
        self._written = (done.job.stop, done.job.version)
        self._due = stopwatch() + max(EVERY_NS, SHARE * done.took_ns)
        if done.path != self.path or self._trouble:
            self._alert("info", "evidence", f"evidence of the stop: {done.path}")
        self.path, self._trouble = done.path, False

    def end(self) -> None:
        """The last write, waited for, but not for a disk that hangs."""
        if self._busy:
            with contextlib.suppress(queue.Empty):
                self._heard(self._done.get(timeout=END_S))
        if self.record.stops and not self._busy and self._written != (self.record.stops, self.record.version):
            self._start()
            with contextlib.suppress(queue.Empty):
                self._heard(self._done.get(timeout=END_S))
        self._jobs.put(None)

    # in the writer's thread ------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            begun, path, error = stopwatch(), "", ""
            try:
                path = str(self._write(job))
            except (OSError, PerpError) as refused:
                error = str(refused)
            self._done.put(_Done(job, path, error, stopwatch() - begun))

    def _write(self, job: _Job) -> Path:
        private_dir(self.folder)
        head = dict(job.head)
        head["latch written"] = self._latched()
        head["written by"] = "the core"
        stop_id = job.latch.stop_id if job.latch is not None else ""
        if self._at is None or self._at[0] != job.stop:
            found = self._earlier(stop_id) if stop_id else None
            self._at = (job.stop, *found) if found is not None else None
        before = self._at[2] if self._at is not None else ""
        data = markdown(page_of(job.facts, self._places, head, before)).encode()
        if self._at is None:
            ts = job.latch.ts if job.latch is not None else job.facts.begun
            self._at = (job.stop, self._new(ts, data), "")
        else:
            replace_synced(self._at[1], data, f"{os.getpid():x}")
        return self._at[1]

    def _latched(self) -> str:
        latch = self._gate.latch
        try:
            return exact(latch.path.lstat().st_mtime_ns) if latch is not None else "kept nowhere"
        except OSError:
            return "not on the disk"

    def _new(self, ts: int, data: bytes) -> Path:
        """A name that is free: a panic of the same second has its own file."""
        for n in range(100):
            path = self.folder / f"emergency-{stamp(ts)}{f'-{n}' if n else ''}.md"
            try:
                write_synced(path, data)
                return path
            except FileExistsError:
                continue
        raise FileExistsError(f"Expected a free name for emergency-{stamp(ts)}.md, was none in 100")

    def _earlier(self, stop_id: str) -> tuple[Path, str] | None:
        """The file that a core began for this stop, and its text."""
        mine = head_row("stop_id", stop_id)
        for path in sorted(self.folder.glob("emergency-*.md")):
            with contextlib.suppress(OSError, UnicodeDecodeError):
                with path.open("rb") as file:
                    text = file.read(MOST_BEFORE).decode("utf-8", "replace")
                head = text.splitlines()[:40]
                if mine in head and WRITER in head:
                    return path, text
        return None


def _gate_rows(gate: GateFlag, stop: Stop) -> dict[str, Any]:
    after = gate.closed_after_ns
    closed = exact(stop.ts) + ("" if after is None else f", {after / 1e6:.3f} ms after the key")
    return {"stop_id": stop.stop_id, "who": stop.who, "gate closed (wall clock)": closed}
