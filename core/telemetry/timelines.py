"""What the orders of ours went through: a sink behind `Measures` that puts references into rings and nothing else.

Cheap by contract: a look on a step of market data, half a microsecond on one with requests or reports. Who asks sorts
the rings into orders (`order_index`), in his own thread; the core's never waits for him.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from core.domain.events import RequestRefused, Step
from core.domain.order import Refusal, Report, Request
from core.kpi.books import Books
from core.kpi.measures import Measures
from core.kpi.orders import Fill, Order

STEPS = 12_000  # with requests or reports, kept while nobody asks
MARKS = 12_000
NONE: tuple[Any, ...] = ()  # an empty list of the measures may be filled in a later step


class Kept(msgspec.Struct, frozen=True, gc=False):
    """What one step brought of orders; the lists are the measures' own, which make new ones for the next step."""

    ts: int
    why: int
    requests: tuple[Request, ...]
    refused: tuple[Refusal, ...]
    applied: tuple[Report, ...]
    placed: Sequence[Order]
    fills: Sequence[Fill]
    ended: Sequence[Order]
    found: Sequence[Order]  # UNKNOWN orders that reads found standing, as they were then
    held: tuple[RequestRefused, ...]  # by the wire gate
    mids: tuple[int, ...]  # best bid + best ask of each ledger, where something was refused


class Timelines:
    """`departures`: what a live driver knows of when requests left; None = they leave at the decision (simulated).

    `on_no(step)` hears of steps in which some stage said no: refusals, rejects, lost answers, notes.
    """

    name = "timelines"

    def __init__(self, books: Books, measures: Measures) -> None:
        self.books, self.measures = books, measures
        self.steps: deque[Kept] = deque(maxlen=STEPS)
        self.marks: deque[tuple[int, int, float | None]] = deque(maxlen=MARKS)  # fill, position of the horizon, bps
        self.departures: deque[tuple[int, int, int]] | None = None
        self.on_no: Callable[[Step], None] = lambda step: None
        self.seen = 0  # the last step that was taken whole
        self._noes = 0
        for markouts in measures.markouts:
            markouts.told = self._marked

    def take(self, step: Step) -> None:
        """After `Measures` took it."""
        measures, refused = self.measures, step.refused
        said_no = measures.n_noes != self._noes
        if step.requests or step.applied or refused or said_no or measures.ended:
            moment = step.moment
            held = tuple(one for one in moment.inputs if type(one) is RequestRefused) if said_no else NONE
            mids = tuple(markouts.mid2 for markouts in measures.markouts) if refused else NONE
            self.steps.append(
                Kept(
                    moment.ts, moment.why, step.requests, refused, step.applied, measures.placed or NONE,
                    measures.fills or NONE, measures.ended or NONE, measures.found if said_no else NONE, held, mids,
                )
            )  # fmt: skip
        if said_no or refused or step.notes:
            self._noes = measures.n_noes
            self.on_no(step)
        self.seen = step.seq

    def _marked(self, number: int, at: int, bps: float | None) -> None:
        """A markout of one of our fills is known (None: no mid then)."""
        self.marks.append((number, at, bps))


def away_bps(side: int, px: int, mid2: int) -> float | None:
    """How far a price in ticks lies behind the mid (passive > 0), bps; None without either. `mid2` = bid + ask."""
    if mid2 <= 0 or px <= 0:
        return None
    return (1 - 2 * side) * (mid2 - 2 * px) / mid2 * 1e4
