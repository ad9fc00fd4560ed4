"""What of an account's positions a stop closes now: ours alone, slice by slice, and what it must leave or wait for.

Every size comes from the venue's list just read (E5-E7). Knows neither phases nor reads: `core.execution.emergency`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from core.domain.events import HeldPosition, ReadReply
from core.domain.lateness import LAG_NS
from core.domain.order import CANCELED, EXPIRED, FILLED, REJECTED, SLOTS, Report, Request
from core.domain.reasons import RATE_LIMIT
from core.domain.units import NS_PER_MS, NS_PER_S
from core.execution.closing import Closing, Grid, Touch, is_dust, next_slice, ours_of
from core.execution.stopping import StopPlan

TOUCH_FRESH_NS = 2 * NS_PER_S
LIST_YOUNG_NS = 5 * NS_PER_S  # a close that a limit refused is sized by the same list again
STOP_SEQ = 1 << 42  # client ids of closes: a space of their own above every millisecond sequence


def is_stop(cl_id: int) -> bool:
    """A close of some stop: its id names no ledger."""
    return STOP_SEQ <= cl_id // SLOTS < 2 * STOP_SEQ


class Closeout:
    """`positions` (ours still to close), `dust` and `foreign_positions` are as of the last list. `waiting`: something
    that is ours was left for later."""

    def __init__(self, plan: StopPlan) -> None:
        self.started, self.account = plan.started, plan.account
        self.grids = {grid.instrument: grid for grid in plan.grids}
        self.foreign = dict(plan.foreign)  # instrument -> lots held before us; the caller keeps it true
        self.kept: frozenset[int] = frozenset()  # may not be closed now: the other leg's venue does not answer
        self.touch: dict[int, Touch] = {}
        self.positions: dict[int, int] = {}
        self.dust: dict[int, int] = {}
        self.foreign_positions = 0
        self.waiting = False
        self._closing: dict[int, Closing] = {}
        self._sent: dict[int, tuple[int, int, int]] = {}  # beside foreign lots: id of the close, the list then, when
        self._filled: set[int] = set()  # closes that did something
        self._count = 0
        self._sent_at = 0  # when the list was asked for that the closes on their way come from
        self.on_their_way: dict[int, tuple[Request, bool]] = {}  # by id; True: all that is held there is ours to close
        self._refused: list[Request] = []  # by a limit: proof that nothing was done

    def told(self, report: Report) -> None:
        """A close that did nothing may be followed by another one at once."""
        request, whole = self.on_their_way.pop(report.cl_id, (None, False))
        if request is not None and whole and report.kind == REJECTED and report.code == RATE_LIMIT:
            self._refused.append(request)
        if report.kind == FILLED:
            self._filled.add(report.cl_id)
        elif report.kind in (REJECTED, CANCELED, EXPIRED) and report.cl_id not in self._filled:
            self._sent = {k: sent for k, sent in self._sent.items() if sent[0] != report.cl_id}

    def slices(self, listed: Sequence[HeldPosition], everything: bool, asked: int, now: int) -> list[Request]:
        """The closes for this list, asked for at `asked`. `everything`: foreign positions too (scope account)."""
        self.positions, self.dust, self.foreign_positions, self.waiting = {}, {}, 0, False
        self.on_their_way, self._refused, self._sent_at = {}, [], asked
        requests = []
        for held in listed:
            grid, mine = self.grids.get(held.instrument), held.pos
            if not everything:
                mine = ours_of(held.pos, self.foreign.get(held.instrument, 0))
                self.foreign_positions += held.pos != 0 and (grid is None or mine != held.pos)
            elif grid is None and held.pos:
                grid = self.grids[held.instrument] = Grid(held.instrument, 1, abs(held.pos), 0)
            if grid is None or mine == 0:
                continue
            if held.instrument in self.kept or self._may_lag(held, asked):
                self.positions[held.instrument], self.waiting = mine, True
                continue
            request = self._slice(mine, grid, now)
            if request is not None:
                requests.append(request)
                self.on_their_way[request.cl_id] = request, mine == held.pos
                self.positions[held.instrument] = mine
                if not everything and mine != held.pos:
                    self._sent[held.instrument] = (request.cl_id, held.pos, now)
            elif is_dust(mine, grid):
                self.dust[held.instrument] = mine
        return requests

    def shown(self, reply: ReadReply, everything: bool) -> bool:
        """A list of positions, whoever asked for it, with something in it that an order could close."""
        for held in reply.positions if reply.what == "positions" and not reply.error else ():
            grid = self.grids.get(held.instrument)
            mine = held.pos if everything else ours_of(held.pos, self.foreign.get(held.instrument, 0))
            if abs(mine) >= (grid.least if grid is not None else 1) and (everything or grid is not None):
                return True
        return False

    def again(self, now: int) -> list[Request]:
        """What a limit refused, under new ids, while the list that it came from is young: nothing of it was done, and
        reduce-only bounds it by what is held. Where foreign lots lie beside ours it does not: those wait for a list."""
        refused, self._refused = self._refused, []
        if now - self._sent_at > LIST_YOUNG_NS:
            return []
        made = [
            msgspec.structs.replace(request, cl_id=self._next_id())
            for request in refused
            if request.instrument not in self.kept
        ]
        self.on_their_way.update((request.cl_id, (request, True)) for request in made)
        return made

    def _may_lag(self, held: HeldPosition, asked: int) -> bool:
        """Beside foreign lots reduce-only does not protect: the list must have moved since our last close there."""
        _, before, when = self._sent.get(held.instrument, (0, held.pos + 1, 0))
        return held.pos == before and asked - when < LAG_NS

    def _slice(self, mine: int, grid: Grid, now: int) -> Request | None:
        touch = self.touch.get(grid.instrument)
        if touch is not None and now - touch.ts > TOUCH_FRESH_NS:
            touch = None
        closing = self._closing.setdefault(grid.instrument, Closing())
        return next_slice(mine, grid, touch, closing, self._next_id())

    def _next_id(self) -> int:
        self._count += 1
        seq = STOP_SEQ + self.started // NS_PER_MS + self._count
        return seq * SLOTS + SLOTS - 1 - self.account

    def value_of(self, instrument: int) -> int | None:
        """1e-8 quote of the dust there, at the ask; None where no price of it was ever seen."""
        touch = self.touch.get(instrument)
        if touch is None or touch.ask <= 0:
            return None
        return abs(self.dust.get(instrument, 0)) * touch.ask * self.grids[instrument].unit

    def dust_value(self) -> int:
        """1e-8 quote of the dust that is worth more than what is declared for its instrument; more than any bound where
        a price is missing."""
        total = 0
        for instrument in self.dust:
            value = self.value_of(instrument)
            if value is None:
                return 1 << 62
            if value > self.grids[instrument].dust_value:
                total += value
        return total
