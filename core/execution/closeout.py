"""What of an account's positions a stop closes now: ours alone, slice by slice, and what it must leave or wait for.

Every size comes from the venue's list just read (E5-E7). Knows neither phases nor reads: `core.execution.emergency`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from core.domain.events import HeldPosition, ReadReply
from core.domain.lateness import LAG_NS, Q_NS
from core.domain.order import ACCEPTED, CANCELED, EXPIRED, FILLED, REJECTED, SLOTS, Report, Request
from core.domain.reasons import RATE_LIMIT
from core.domain.units import NS_PER_MS, NS_PER_S
from core.execution.closing import Closing, Grid, Touch, is_dust, next_slice, ours_of
from core.execution.stopping import StopPlan

TOUCH_FRESH_NS = 2 * NS_PER_S
LIST_YOUNG_NS = 5 * NS_PER_S  # a close that a limit refused is sized by the same list again
ENDS = (REJECTED, CANCELED, EXPIRED)
STOP_SEQ = 1 << 42  # client ids of closes: a space of their own above every millisecond sequence


def is_stop(cl_id: int) -> bool:
    """A close of some stop: its id names no ledger."""
    return STOP_SEQ <= cl_id // SLOTS < 2 * STOP_SEQ


class Sent(msgspec.Struct):
    """A close beside foreign lots, which reduce-only would take too: what must be seen of it before the next one."""

    cl_id: int
    before: int  # the position that it was sized by
    qty: int
    until: int  # ns: lists asked for from then on show all that came of it
    trades: dict[int, int] = msgspec.field(default_factory=dict)  # lots by trade id
    gone: int = -1  # lots that its end says were filled; -1: no end was told that says so

    def shown(self, pos: int, asked: int) -> bool:
        """A list is behind this close while it shows more than its fills have left. Before all of them are told any
        list may be, whatever it shows: it may be one of between two trades."""
        filled = sum(self.trades.values())
        told = filled >= self.qty or filled <= self.gone
        left = abs(self.before) - max(filled, self.gone)
        return asked >= self.until or (told and pos * self.before > 0 and abs(pos) <= left)


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
        self._sent: dict[int, Sent] = {}  # by instrument, beside foreign lots
        self._arrives_ns = max(plan.q_ns, Q_NS)
        self._count = 0
        self._sent_at = 0  # when the list was asked for that the closes on their way come from
        self.on_their_way: dict[int, tuple[Request, bool]] = {}  # by id; True: all that is held there is ours to close
        self._refused: list[Request] = []  # by a limit: proof that nothing was done

    def told(self, report: Report, now: int) -> None:
        """A close that did nothing may be followed by another one at once, sized by a list no older than its own."""
        request, whole = self.on_their_way.pop(report.cl_id, (None, False))
        if request is not None and whole and report.kind == REJECTED and report.code == RATE_LIMIT:
            self._refused.append(request)
        sent = self._sent.get(report.instrument)
        if sent is None or sent.cl_id != report.cl_id:
            return
        if report.kind == FILLED:
            sent.trades[report.trade_id] = report.qty
        elif report.kind == REJECTED:
            sent.gone = max(sent.gone, 0)
        elif report.kind in (CANCELED, EXPIRED) and report.left:
            sent.gone = max(sent.gone, 0, (report.qty or sent.qty) - report.left)
        if report.kind in (ACCEPTED, FILLED, *ENDS):  # it is not on its way any more
            sent.until = min(sent.until, now + LAG_NS)

    def follow(self, earlier: Closeout) -> None:
        """The closes of an earlier stop of this account may still be on their way. Ids go on from its last one."""
        self._sent = earlier._sent
        self._count = max(0, (earlier.started - self.started) // NS_PER_MS + earlier._count + 1)

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
            if held.instrument in self.kept or (not everything and self._lags(held, asked)):
                self.positions[held.instrument], self.waiting = mine, True
                continue
            request = self._slice(mine, grid, now)
            if request is not None:
                requests.append(request)
                self.on_their_way[request.cl_id] = request, mine == held.pos
                self.positions[held.instrument] = mine
                if not everything and mine != held.pos:
                    self._sent[held.instrument] = Sent(request.cl_id, held.pos, request.qty, now + self._arrives_ns)
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

    def _lags(self, held: HeldPosition, asked: int) -> bool:
        sent = self._sent.get(held.instrument)
        return sent is not None and not sent.shown(held.pos, asked)

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
