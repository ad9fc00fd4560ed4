"""The emergency engine of one venue: halt and flatten as a table state x event, without I/O, clock or tasks.

It cancels by the venue's own list, closes by the venue's own positions, and calls nothing done that two reads have not
shown (RELIABILITY.md section 5, E3-E8). The caller delivers events and carries out `Actions`; it never gives up.
Resumable: `Emergency(plan)` from the latch starts again at E3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.domain.events import Note, OpenOrder, Read, ReadReply
from core.domain.order import CANCEL, IOC, KEY_FLATTEN, LIMIT, REDUCE_ONLY, SLOTS, STOP, Report, Request
from core.domain.units import NS_PER_MS, NS_PER_S
from core.execution.closing import Closing, Grid, Touch, is_dust, next_slice, ours_of
from core.execution.stopping import (
    AUTH_FAILED,
    BANNED,
    CLOSE,
    CONFIRM,
    DONE,
    OK,
    STATE_OF,
    SWEEP,
    UNVERIFIED,
    Actions,
    Evidence,
    Progress,
    StopPlan,
    Tick,
    Trigger,
    Venue,
)

CANCEL_WAIT_NS = 50 * NS_PER_MS
SLICE_WAIT_NS = 50 * NS_PER_MS
ZERO_GAP_NS = 250 * NS_PER_MS
READ_TIMEOUT_NS = 2 * NS_PER_S
RETRY_FIRST_NS = 250 * NS_PER_MS
RETRY_MAX_NS = 5 * NS_PER_S
TOUCH_FRESH_NS = 2 * NS_PER_S
STOP_SEQ = 1 << 42  # client ids of closes: a space of their own above every millisecond sequence

Event = ReadReply | Report | Tick | Touch | Trigger


class Emergency:
    """One stop on one venue. `on(event, now)` for everything that happens; `jitter` are draws in 0 .. 1."""

    def __init__(self, plan: StopPlan, jitter: Sequence[float] = (0.5,)) -> None:
        self.plan = plan
        self.verb = plan.verb
        self.venue = Venue(OK, "", plan.started)
        self.phase = SWEEP
        self.evidence: list[Evidence] = []
        self.orders: tuple[OpenOrder, ...] = ()
        self.positions: dict[int, int] = {}
        self.dust: dict[int, int] = {}
        self.foreign_orders = 0
        self.foreign_positions = 0
        self.orders_at_start = -1
        self.verified = "unverified"
        self._grids = {grid.instrument: grid for grid in plan.grids}
        self._foreign = dict(plan.foreign)
        self._closing: dict[int, Closing] = {}
        self._touch: dict[int, Touch] = {}
        self._jitter = tuple(jitter) or (0.5,)
        self._nonce = plan.first_nonce
        self._asked: tuple[str, int, int] | None = None  # what, nonce, when
        self._wake = plan.started
        self._empty_at: int | None = None
        self._zero_at: int | None = None
        self._failures = 0
        self._n_close = 0
        self._flattening = False
        self._table: dict[tuple[str, str], Callable[[ReadReply, int], Actions]] = {
            (SWEEP, "orders"): self._sweep,
            (CLOSE, "positions"): self._close,
            (CONFIRM, "orders"): self._confirm,
        }

    def on(self, event: Event, now: int) -> Actions:
        """What to send, read, note, and when to come back (`wake_at`, ns; 0 = only on an event)."""
        if isinstance(event, ReadReply):
            return self._on_reply(event, now)
        if isinstance(event, Touch):
            self._touch[event.instrument] = event
            return self._actions()
        if isinstance(event, Trigger):
            return self._on_trigger(event, now)
        if isinstance(event, Report):
            self._evidence(now, "report", f"kind {event.kind} cl_id {event.cl_id} qty {event.qty} px {event.px}")
            if self.phase == CLOSE and self._asked is None:
                self._wake = min(self._wake, now)
        return self._tick(now)

    def progress(self) -> Progress:
        """Figures for banner and report: what is left as the venue last listed it, and how far it is verified."""
        return Progress(
            self.state(), self.venue, self.verified, len(self.orders), max(self.orders_at_start, len(self.orders)),
            sum(1 for lots in self.positions.values() if lots), self.foreign_orders, self.foreign_positions,
            tuple(sorted(self.dust.items())),
        )  # fmt: skip

    def state(self) -> str:
        """HALTING, HALTED, FLATTENING or FLAT; FLAT only with the venue verified."""
        if self.phase == SWEEP and self._flattening:
            return "FLATTENING"  # never backwards
        return STATE_OF[self.verb, self.phase]

    def finished(self) -> bool:
        """Nothing left to do for this verb; further triggers only verify again."""
        return self.phase == DONE

    def exit_code(self) -> int:
        """0 flat, 2 orders zero and positions kept, 3 not verified, 4 auth failed, 6 dust above what is declared."""
        if self.venue.status == AUTH_FAILED:
            return 4
        if self.phase != DONE or self.venue.status != OK:
            return 3
        if self.verb == "halt":
            return 2
        return 6 if self._dust_value() > self.plan.dust_value else 0

    def _dust_value(self) -> int:
        total = 0
        for instrument, lots in self.dust.items():
            touch = self._touch.get(instrument)
            if touch is None:
                return 1 << 62  # cannot be valued: more than declared
            total += abs(lots) * touch.ask * self._grids[instrument].unit
        return total

    def _actions(self, *requests: Request, reads: tuple[Read, ...] = (), notes: tuple[Note, ...] = ()) -> Actions:
        return Actions(requests, reads, notes, self._wake)

    def _evidence(self, now: int, what: str, text: str) -> None:
        self.evidence.append(Evidence(now, what, text))

    def _on_trigger(self, trigger: Trigger, now: int) -> Actions:
        """Any number of triggers join this run; a flatten widens a halt, nothing narrows it."""
        self._evidence(now, "trigger", trigger.reason)
        widened = trigger.verb == "flatten" and self.verb == "halt"
        if widened:
            self.verb = "flatten"
        if self.phase == DONE:
            self._restart(CLOSE if widened else SWEEP, now)
        return self._tick(now)

    def _restart(self, phase: str, now: int) -> None:
        self._flattening = self._flattening or phase == CLOSE
        if phase == SWEEP:
            self._empty_at, self.verified = None, "unverified"
        self._zero_at = None
        self.phase, self._wake, self._asked = phase, now, None

    def _tick(self, now: int) -> Actions:
        if self.phase == DONE:
            self._wake = 0
            return self._actions()
        if self._asked is not None:
            if now - self._asked[2] < READ_TIMEOUT_NS:
                return self._actions()
            return self._failed(now, f"no answer to {self._asked[0]} in {READ_TIMEOUT_NS // NS_PER_S} s")
        if now < self._wake:
            return self._actions()
        what = "positions" if self.phase == CLOSE else "orders"
        self._nonce += 1
        self._asked = (what, self._nonce, now)
        self._wake = now + READ_TIMEOUT_NS
        return self._actions(reads=(Read(what, self._nonce),))

    def _on_reply(self, reply: ReadReply, now: int) -> Actions:
        if self._asked is None or (reply.what, reply.nonce) != self._asked[:2]:
            return self._tick(now)
        if reply.error:
            return self._failed(now, reply.error)
        self._asked = None
        self._failures = 0
        if self.venue.status != OK:
            self.venue = Venue(OK, "", now)
        self._evidence(now, reply.what, f"{len(reply.orders)} orders {len(reply.positions)} positions at {reply.ts}")
        return self._table[self.phase, reply.what](reply, now)

    def _failed(self, now: int, error: str) -> Actions:
        """Again for ever, with growing delay. `auth...` and `banned <until ns>` are states of their own."""
        self._asked = None
        delay = min(RETRY_MAX_NS, RETRY_FIRST_NS << min(self._failures, 5))
        draw = self._jitter[self._failures % len(self._jitter)]
        self._failures += 1
        self._wake = now + delay + int(delay * 0.25 * draw)
        status, until = UNVERIFIED, 0
        if error.startswith("auth"):
            status, self._wake = AUTH_FAILED, now + RETRY_MAX_NS
        elif error.startswith("banned"):
            words = error.split()
            until = int(words[1]) if len(words) > 1 and words[1].isdigit() else now + RETRY_MAX_NS
            status, self._wake = BANNED, max(until, now + RETRY_FIRST_NS)
        since = self.venue.since if self.venue.status == status else now
        self.venue = Venue(status, error, since, until)
        self._evidence(now, "failed", error)
        return self._actions(notes=(Note("crit", "stop_read_failed", f"{status}: {error}", tag="emergency"),))

    def _list(self, reply: ReadReply) -> tuple[OpenOrder, ...]:
        """Orders that this stop must bring to zero; foreign ones are counted and left alone in scope `ours`."""
        ours = [order for order in reply.orders if self.plan.scope == "account" or order.cl_id != 0]
        self.foreign_orders = len(reply.orders) - len(ours)
        if self.plan.keep_stops and self.verb == "halt":
            ours = [order for order in ours if not (order.flags & STOP and order.flags & REDUCE_ONLY)]
        return tuple(ours)

    def _cancel_all(self, now: int) -> Actions:
        self._empty_at, self.verified = None, "unverified"
        self._wake = now + CANCEL_WAIT_NS
        self._evidence(now, "cancel", f"{len(self.orders)} orders")
        return self._actions(*(cancel_of(order) for order in self.orders))

    def _sweep(self, reply: ReadReply, now: int) -> Actions:
        """E3, E4: cancel what is listed until a read is empty (clean), and a second one Q later (sealed)."""
        self.orders = self._list(reply)
        if self.orders_at_start < 0:
            self.orders_at_start = len(self.orders)
        if self.orders:
            return self._cancel_all(now)
        if self._empty_at is None:
            self._empty_at, self.verified = now, "clean"
            self._wake = now + self.plan.q_ns
            return self._tick(now)
        if now - self._empty_at < self.plan.q_ns:
            self._wake = self._empty_at + self.plan.q_ns
            return self._tick(now)
        self.verified = "sealed"
        if self.verb == "flatten":
            self._restart(CLOSE, now)
            return self._tick(now)
        return self._done(now, "orders zero, positions kept")

    def _close(self, reply: ReadReply, now: int) -> Actions:
        """E5-E8: slices until the venue lists zero, twice, at least 250 ms apart."""
        self.positions, self.dust, self.foreign_positions = {}, {}, 0
        requests: list[Request] = []
        for held in reply.positions:
            grid = self._grids.get(held.instrument)
            mine = (
                held.pos if self.plan.scope == "account" else ours_of(held.pos, self._foreign.get(held.instrument, 0))
            )
            if self.plan.scope != "account" and (grid is None or mine != held.pos):
                self.foreign_positions += held.pos != 0
            if grid is None and self.plan.scope == "account" and held.pos:
                grid = Grid(held.instrument, 1, abs(held.pos), 0)
                self._grids[held.instrument] = grid
            if grid is None or mine == 0:
                continue
            request = self._slice(mine, grid, now)
            if request is not None:
                requests.append(request)
                self.positions[held.instrument] = mine
            elif is_dust(mine, grid):
                self.dust[held.instrument] = mine
        if requests:
            self._zero_at = None
            self._wake = now + SLICE_WAIT_NS
            self._evidence(now, "close", f"{len(requests)} slices, {sum(map(abs, self.positions.values()))} lots left")
            return self._actions(*requests)
        if self._zero_at is None:
            self._zero_at = now
        if now - self._zero_at < ZERO_GAP_NS:
            self._wake = self._zero_at + ZERO_GAP_NS
            return self._tick(now)
        self.phase, self._wake = CONFIRM, now
        return self._tick(now)

    def _slice(self, mine: int, grid: Grid, now: int) -> Request | None:
        closing = self._closing.setdefault(grid.instrument, Closing())
        touch = self._touch.get(grid.instrument)
        if touch is not None and now - touch.ts > TOUCH_FRESH_NS:
            touch = None
        self._n_close += 1
        seq = STOP_SEQ + self.plan.started // NS_PER_MS + self._n_close
        return next_slice(mine, grid, touch, closing, seq * SLOTS + SLOTS - 1 - self.plan.account)

    def _confirm(self, reply: ReadReply, now: int) -> Actions:
        """E4 once more: an exit may have left an order."""
        self.orders = self._list(reply)
        if self.orders:
            self._restart(SWEEP, now)
            return self._cancel_all(now)
        return self._done(now, f"flat, dust {sum(map(abs, self.dust.values()))} lots")

    def _done(self, now: int, text: str) -> Actions:
        self.phase, self._wake = DONE, 0
        self._evidence(now, "done", text)
        return self._actions(notes=(Note("crit", "stop_done", text, tag="emergency"),))


def cancel_of(order: OpenOrder) -> Request:
    """A stop's own cancel of an order that the venue lists."""
    return Request(-1, order.instrument, CANCEL, order.cl_id, order.venue_id, order.side, order.px, order.left, LIMIT,
                   IOC, STOP, KEY_FLATTEN)  # fmt: skip
