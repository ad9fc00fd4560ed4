"""How often each stage of a wake said no, by reason: of each ledger, this round and in the last hour, newest example.

Hears from `Timelines` of the steps that matter. Every value is replaced whole, never changed, so any thread may read it
at any time. Counts that blocks keep anyway (planner, quoter) are read when somebody asks, against an earlier reading.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec

from core.domain import why_page as wp
from core.domain.events import Note, RequestRefused, Step
from core.domain.order import LOST, REJECTED, Refusal, Report
from core.domain.reasons import MESSAGE_BUDGET, name_of
from core.kpi.measures import Measures

MINUTE_NS = 60_000_000_000
HOUR = 60  # minutes
OPENED = "round_open"
RUNS = "run_"  # notes of the run state; others that count are of the risk's own modes
MODE = "mode_"
OWN = ("paused", "halted")  # the core's own run state, told by its own notes
PULLED = "quotes_pulled"

Key = tuple[int, int, str]  # ledger, stage of `wp.STAGES`, reason
Example = Refusal | RequestRefused | Report | str


class No(msgspec.Struct, frozen=True):
    """Since the start: how often, and the newest."""

    times: int
    ts: int
    example: Example


class Meters(msgspec.Struct, frozen=True):
    """Counts that stand in blocks: (ledger, stage, reason) and how to read the number since the start."""

    keys: tuple[Key, ...] = ()
    read: Callable[[], tuple[int, ...]] = tuple


class Mark(msgspec.Struct, frozen=True):
    """All counts as they stood at one time."""

    ts: int
    told: dict[Key, int]
    read: tuple[int, ...]


class Noes:
    """`modes(ledger)`: reason of the risk's mode and its words, "" = none; `pulls(ledger)`: stage and reason for which
    quotes were pulled."""

    name = "noes"

    def __init__(
        self, measures: Measures, meters: Meters, seats: dict[int, tuple[int, ...]],
        modes: Callable[[int], tuple[str, str]], pulls: Callable[[int], tuple[int, str]], now: int,
    ) -> None:  # fmt: skip
        self.measures, self.meters = measures, meters
        self.seats = seats  # ledgers of each strategy
        self.modes, self.pulls = modes, pulls
        self.told: dict[Key, No] = {}
        self._mode: dict[int, str] = {}
        self.round = self._mark(now)
        self.minutes: deque[Mark] = deque([self.round], maxlen=HOUR + 1)
        measures.on_second.append(self._second)

    def take(self, step: Step) -> None:
        """After `Measures` took it."""
        if step.refused:
            for refusal in step.refused:
                stage = wp.BUDGET if refusal.code == MESSAGE_BUDGET else wp.GATE
                self._no(self.measures.owner(refusal.request), stage, name_of(refusal.code), step.moment.ts, refusal)
        if step.moment.inputs:
            for event in step.moment.inputs:
                if type(event) is RequestRefused:
                    self._no(self._ledger(event), wp.WIRE, name_of(event.code), step.moment.ts, event)
        if step.applied:
            for report, i in zip(step.applied, step.takers, strict=True):
                if report.kind == REJECTED:
                    self._no(i, wp.VENUE, name_of(report.code), step.moment.ts, report)
                elif report.kind == LOST:
                    self._no(i, wp.UNKNOWN, "no answer", step.moment.ts, report)
        if step.notes:
            for note in step.notes:
                self._note(note, step.moment.ts)

    def _ledger(self, event: RequestRefused) -> int:
        order = self.measures.orders.get(event.cl_id)
        if order is None:
            order = next((ended for ended in self.measures.ended if ended.cl_id == event.cl_id), None)
        if order is not None:
            return order.i
        books = self.measures.books
        return next((i for i in range(books.count) if books.place(i) == event.instrument), 0)

    def _note(self, note: Note, ts: int) -> None:
        code = note.code
        if code == OPENED:
            self.round = self._mark(ts)
        elif code.startswith(RUNS) and code != "run_running":
            for i in range(self.measures.books.count):
                self._no(i, wp.RUN, code.removeprefix(RUNS).upper(), ts, note.text)
        elif code.startswith(MODE):
            for i in self.seats.get(note.strategy, ()):
                why, words = self.modes(i)
                if why and why not in OWN and why != self._mode.get(i):
                    self._no(i, wp.RUN, why, ts, words)
                self._mode[i] = why
        elif code == PULLED:
            for i in self.seats.get(note.strategy, ()):
                stage, why = self.pulls(i)
                if why:
                    self._no(i, stage, why, ts, "")

    def _no(self, i: int, stage: int, code: str, ts: int, example: Example) -> None:
        key = (i, stage, code)
        before = self.told.get(key)
        self.told[key] = No(1 if before is None else before.times + 1, ts, example)

    def _second(self, ts: int) -> None:
        if ts // MINUTE_NS != self.minutes[-1].ts // MINUTE_NS:
            self.minutes.append(self._mark(ts))

    def _mark(self, ts: int) -> Mark:
        return Mark(ts, {key: no.times for key, no in self.told.items()}, tuple(self.meters.read()))


class Count(msgspec.Struct, frozen=True):
    """One reason of one stage: times this round and in the last hour (at most; a minute is its grain), newest."""

    stage: int
    code: str
    round: int
    hour: int
    ts: int | None
    example: Example


def counts(noes: Noes, i: int, now: int) -> list[Count]:
    """Every reason that ledger `i` met in the last hour or this round, from any thread."""
    marks, round_ = tuple(noes.minutes), noes.round
    told, read = list(noes.told.items()), noes.meters.read()  # after the marks: never less than they say
    hour = next((mark for mark in marks if mark.ts >= now - HOUR * MINUTE_NS), marks[-1])
    found = []
    for key, no in told:
        if key[0] == i:
            times = (no.times - round_.told.get(key, 0), no.times - hour.told.get(key, 0))
            if times != (0, 0):
                found.append(Count(key[1], key[2], *times, no.ts, no.example))
    for at, key in enumerate(noes.meters.keys):
        if key[0] == i:
            times = (read[at] - round_.read[at], read[at] - hour.read[at])
            if times != (0, 0):
                found.append(Count(key[1], key[2], *times, None, ""))
    return found
