"""The newest 2,000 orders with what each went through, sorted out of the rings of `Timelines` by whoever asks.

One asker at a time (`guard`); the core's thread is never among them. An order that was placed before the rings begin is
known from what the measures still hold of it, without what woke the strategy.
"""

from __future__ import annotations

import threading
from collections import deque

import msgspec

from core.domain.order import (
    ACCEPTED,
    AMEND,
    AMEND_REJECTED,
    AMENDED,
    CANCEL_REJECTED,
    CREATE,
    DELEVERAGED,
    FILLED,
    LIQUIDATED,
    LOST,
    Refusal,
    Report,
    Request,
)
from core.kpi.orders import Fill, Order
from core.telemetry.timelines import Kept, Timelines

KEPT = 2_000
REFUSALS = 200  # kinds of refusal kept: ledger, request, purpose, reason
EVENTS = 256  # of one order; above that amends of its middle go
HEAD = 4  # events of the start that stay
TRADES = (FILLED, LIQUIDATED, DELEVERAGED)
TOLD = (ACCEPTED, AMENDED, AMEND_REJECTED, CANCEL_REJECTED, LOST)  # ends come from the measures

Seen = (
    Report | Fill | Order | Request | Refusal | int
)  # Order: its end, or that it was found; int: it left; AMEND: held


class Event(msgspec.Struct, frozen=True, gc=False):
    """When, and what was seen; `code` where a request was held back."""

    ts: int
    seen: Seen
    code: int = 0


class Record(msgspec.Struct):
    """One order. `why` None: it was placed before the rings begin."""

    number: int
    order: Order  # as placed: ledger, time, mid of the decision; the measures go on writing its state
    why: int | None
    request: Request
    events: list[Event]
    marks: dict[tuple[int, int], float | None]  # fill, position of the horizon -> bps
    omitted: int = 0


class Refused(msgspec.Struct, frozen=True, gc=False):
    """The newest of refusals alike: same ledger, kind of request, purpose and reason."""

    number: int
    i: int
    ts: int
    why: int
    mid2: int
    refusal: Refusal
    times: int


class OrderIndex:
    """Take `guard`, call `refresh()`, read `kept` and `refusals`."""

    def __init__(self, timelines: Timelines, most: int = KEPT) -> None:
        self.timelines, self.most = timelines, most
        self.guard = threading.Lock()
        self.kept: dict[int, Record] = {}  # by client id, oldest first
        self.refusals: dict[tuple[int, int, int, int], Refused] = {}
        self._over: deque[int] = deque()  # client ids of ended orders, oldest end first
        self._number = 0
        self._fills: dict[int, Record] = {}  # number of a fill

    def refresh(self) -> None:
        """Everything that came since the last call."""
        timelines = self.timelines
        departures = timelines.departures
        left = len(departures) if departures is not None else 0
        for _ in range(len(timelines.steps)):
            self._absorb(timelines.steps.popleft())
        for _ in range(left):
            assert departures is not None
            cl_id, kind, ts = departures.popleft()
            if kind == CREATE and (record := self._of(cl_id)) is not None:
                self._add(record, Event(ts, 0))
        for _ in range(len(timelines.marks)):
            number, at, bps = timelines.marks.popleft()
            if (record := self._fills.get(number)) is not None:
                record.marks[number, at] = bps

    def _absorb(self, step: Kept) -> None:
        ts = step.ts
        fills = iter(step.fills)
        for report in step.applied:
            fill = next(fills, None) if report.kind in TRADES else None
            if fill is not None and (record := self._of(fill.cl_id)) is not None:
                self._fills[fill.number] = record
                self._add(record, Event(ts, fill))
            elif report.kind in TOLD:
                if (record := self._of(report.cl_id)) is not None:
                    self._add(record, Event(ts, report))
        for held in step.held:
            if held.kind == AMEND and (record := self._of(held.cl_id)) is not None:
                self._add(record, Event(ts, AMEND, held.code))
        for order in step.found:
            if (record := self._of(order.cl_id)) is not None:
                self._add(record, Event(ts, order))
        for order in step.ended:
            if (record := self.kept.get(order.cl_id)) is not None:
                self._add(record, Event(order.ended, order))
                self._over.append(order.cl_id)
        placed = iter(step.placed)
        for request in step.requests:
            if request.kind == CREATE:
                self._new(next(placed), request, step.why)
            elif (record := self._of(request.cl_id)) is not None:
                self._add(record, Event(ts, request))
        for refusal in step.refused:
            self._refuse(step, refusal)

    def _new(self, order: Order, request: Request, why: int | None) -> Record:
        self._number += 1
        record = self.kept[request.cl_id] = Record(self._number, order, why, request, [], {})
        if len(self.kept) > self.most:
            gone = self.kept.pop(self._over.popleft() if self._over else next(iter(self.kept)))
            for event in gone.events:
                if isinstance(event.seen, Fill):
                    self._fills.pop(event.seen.number, None)
        return record

    def _of(self, cl_id: int) -> Record | None:
        """The order's record; one of before the rings is made of what the measures hold."""
        record = self.kept.get(cl_id)
        if record is None and (order := self.timelines.measures.orders.get(cl_id)) is not None:
            request = Request(
                order.strategy, order.instrument, CREATE, cl_id, 0, order.side, order.px, order.qty, order.type,
                order.tif, order.flags, order.key,
            )  # fmt: skip
            record = self._new(order, request, None)
        return record

    def find(self, cl_id: int) -> Record | None:
        """By client id, also one of which nothing was heard since the rings begin."""
        return self._of(cl_id)

    def _refuse(self, step: Kept, refusal: Refusal) -> None:
        request = refusal.request
        if request.kind != CREATE and (record := self._of(request.cl_id)) is not None:
            self._add(record, Event(step.ts, refusal))
            return
        i = self.timelines.measures.owner(request)
        key = (i, request.kind, request.key, refusal.code)
        before = self.refusals.pop(key, None)  # again at the end: the oldest is forgotten first
        self._number += before is None
        self.refusals[key] = Refused(
            before.number if before is not None else self._number, i, step.ts, step.why, step.mids[i], refusal,
            1 + (before.times if before is not None else 0),
        )  # fmt: skip
        if len(self.refusals) > REFUSALS:
            del self.refusals[next(iter(self.refusals))]

    def _add(self, record: Record, event: Event) -> None:
        events = record.events
        if len(events) >= EVENTS:  # the oldest of its middle that is no fill makes room
            at = next((n for n in range(HEAD, EVENTS) if type(events[n].seen) in (Request, Report)), HEAD)
            del events[at]
            record.omitted += 1
        events.append(event)
