"""The emergency engine of one venue: halt and flatten as a table state x event, without I/O, clock or tasks.

It cancels by the venue's own list, closes by the venue's own positions, and calls nothing done that two reads have not
shown (RELIABILITY.md section 5, E3-E8). The caller delivers events and carries out `Actions`; it never gives up.
Resumable: `Emergency(plan)` from the latch starts again at E3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.domain.events import Note, OpenOrder, Read, ReadReply
from core.domain.order import REDUCE_ONLY, STOP, Report, Request
from core.domain.units import NS_PER_MS, NS_PER_S
from core.execution.asking import RETRY_FIRST_NS, Asking, Retrying
from core.execution.closeout import Closeout, is_stop
from core.execution.closing import Touch, cancel_of
from core.execution.seal import Seal
from core.execution.standoff import Standoff
from core.execution.stopping import (
    AUTH_FAILED,
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
from core.execution.zero import Zero

SLICE_WAIT_NS = 50 * NS_PER_MS
READ_TIMEOUT_NS = 2 * NS_PER_S
UNPROVED_NS = NS_PER_S  # between two lists of a venue that is overloaded

Event = ReadReply | Report | Tick | Touch | Trigger


class Emergency:
    """One stop on one venue. `on(event, now)` for everything that happens; `jitter` are draws in 0 .. 1."""

    def __init__(self, plan: StopPlan, jitter: Sequence[float] = (0.5,)) -> None:
        self.plan = plan
        self.verb, self.scope = plan.verb, plan.scope
        self.venue = Venue(OK, "", plan.started)
        self.phase = SWEEP
        self.evidence: list[Evidence] = []
        self.orders: tuple[OpenOrder, ...] = ()
        self.foreign_orders = self.stops_kept = 0
        self.orders_at_start = -1
        self.verified = "unverified"
        self.closeout = Closeout(plan)
        self.standoff = Standoff()
        self.heard = False  # the venue has answered since the newest trigger
        self.ours_known = True  # False: not reconciled yet, so in scope `ours` nobody knows what may be closed
        self.together = False  # the caller waits out a Retry-After before it sends, and lets reads leave together
        self._asking = Asking(plan.first_nonce)
        self._wake = plan.started
        self.seal = Seal(plan.q_ns)
        self._zero = Zero()
        self._retrying = Retrying(jitter)
        self._flattening = False
        self._table: dict[tuple[str, str], Callable[[ReadReply, int, int], Actions]] = {
            (SWEEP, "orders"): self._sweep,
            (CLOSE, "positions"): self._close,
            (CONFIRM, "orders"): self._confirm,
        }

    def on(self, event: Event, now: int) -> Actions:
        """What to send, read, note, and when to come back (`wake_at`, ns; 0 = only on an event)."""
        if isinstance(event, ReadReply):
            return self._on_reply(event, now)
        if isinstance(event, Touch):
            self.closeout.touch[event.instrument] = event
            return self._actions()
        if isinstance(event, Trigger):
            return self._on_trigger(event, now)
        if isinstance(event, Report):
            self.closeout.told(event, now)
            if is_stop(event.cl_id):
                self.standoff.told(event)
            self._evidence(now, "report", f"kind {event.kind} cl_id {event.cl_id} qty {event.qty} px {event.px}")
            if self.phase == CLOSE and not self._asking.waits:
                if self.together and self.closeout.on_their_way:
                    return self._actions()
                if self.together and (requests := self.closeout.again(now)):
                    self._wake = now + SLICE_WAIT_NS
                    self._evidence(now, "close", f"{len(requests)} slices again: a limit refused them")
                    return self._actions(*requests)
                self._wake = min(self._wake, now)
        return self._tick(now)

    def progress(self) -> Progress:
        """Figures for banner and report: what is left as the venue last listed it, and how far it is verified."""
        return Progress(
            self.state(), self.standoff.venue(self.venue), self.verified, len(self.orders),
            max(self.orders_at_start, len(self.orders)),
            sum(1 for lots in self.closeout.positions.values() if lots), self.foreign_orders,
            self.closeout.foreign_positions,
            tuple(sorted(self.closeout.dust.items())), self.stops_kept,
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
        return 6 if self.closeout.dust_value() else 0

    def _actions(self, *requests: Request, reads: tuple[Read, ...] = (), notes: tuple[Note, ...] = ()) -> Actions:
        return Actions(requests, reads, notes, self._wake)

    def _evidence(self, now: int, what: str, text: str) -> None:
        self.evidence.append(Evidence(now, what, text))

    def _on_trigger(self, trigger: Trigger, now: int) -> Actions:
        """Any number of triggers join this run; a flatten widens a halt, nothing narrows it."""
        self._evidence(now, "trigger", trigger.reason)
        self.heard = self.heard and self.phase != DONE
        widened = trigger.verb == "flatten" and self.verb == "halt"
        further = trigger.scope == "account" and self.scope != "account"
        if widened:
            self.verb = "flatten"
        if further:
            self.scope = "account"
            self._restart(SWEEP, now)
        elif self.phase == DONE:
            self._restart(CLOSE if widened else SWEEP, now)
        return self._tick(now)

    def _restart(self, phase: str, now: int) -> None:
        self._flattening = self._flattening or phase == CLOSE
        if phase == SWEEP:
            self.seal.since, self.verified = None, "unverified"
        self._zero.since = None
        self.phase, self._wake = phase, now
        self._asking.forget()

    def _tick(self, now: int) -> Actions:
        if self.phase == DONE:
            self._wake = 0
            return self._actions()
        what = "positions" if self.phase == CLOSE else "orders"
        if self._asking.waits:
            if now < self._asking.waits:
                return self._actions()
            return self._failed(now, f"no answer to {what} in {READ_TIMEOUT_NS // NS_PER_S} s")
        if now < self._wake:
            return self._actions()
        if self.phase == CLOSE:
            known = self.scope == "account" or self.ours_known
            self.standoff.reconciled(known, now)
            if not known:
                self._wake = now + RETRY_FIRST_NS
                return self._actions()
        if (kept := self._asking.take(what)) is not None:
            return self._table[self.phase, what](*kept, now)
        self._wake = now + READ_TIMEOUT_NS
        return self._actions(reads=self._asking.ask(what, self._beside(now), now, self._wake))

    def _beside(self, now: int) -> str:
        """What comes next if this answer is what we hope for; "" where that is not near, or reads go one by one."""
        if not self.together or self.verb != "flatten":
            return ""
        if self.phase == SWEEP and (self.scope == "account" or self.ours_known):
            return "positions" if self.seal.passed(now) else ""
        return "orders" if self._zero.near(now) else ""

    def _on_reply(self, reply: ReadReply, now: int) -> Actions:
        what, asked = self._asking.of(reply)
        if reply.what != what:
            if not what and self._zero.since is not None and self.closeout.shown(reply, self.scope == "account"):
                self._restart(CLOSE, now)  # a list that another asked for shows what ours did not
            return self._tick(now)
        if self._asking.keep(reply, what, "positions" if self.phase == CLOSE else "orders"):
            return self._actions()
        if reply.error:
            self._asking.failed(reply)
            return (
                self._failed(now, reply.error)
                if self._asking.is_newest(reply) and self._asking.waits
                else self._tick(now)
            )
        self.heard = True
        self._asking.forget()  # a late answer of this phase is one too: a venue slower than our patience is stopped too
        self._retrying.failures = 0
        if self.venue.status != OK:
            self.venue = Venue(OK, "", now)
        self._evidence(now, reply.what, f"{len(reply.orders)} orders {len(reply.positions)} positions at {reply.ts}")
        actions = self._table[self.phase, reply.what](reply, asked, now)
        self._asking.done()
        return actions

    def _failed(self, now: int, error: str) -> Actions:
        """Again for ever, with growing delay. `auth...` and `banned <until ns>` are states of their own. Reads
        that were not answered yet may still be."""
        self._asking.waits = 0
        self.venue, self._wake = self._retrying.after(error, self.venue, now)
        self._evidence(now, "failed", error)
        text = f"{self.venue.status}: {error}"
        return self._actions(notes=(Note("crit", "stop_read_failed", text, tag="emergency"),))

    def _list(self, reply: ReadReply) -> tuple[OpenOrder, ...]:
        """Orders that this stop must bring to zero; foreign ones are counted and left alone in scope `ours`."""
        ours = [order for order in reply.orders if self.scope == "account" or order.cl_id != 0]
        self.foreign_orders = len(reply.orders) - len(ours)
        keeps = self.plan.keep_stops and self.verb == "halt"
        gone = [order for order in ours if not (keeps and order.flags & STOP and order.flags & REDUCE_ONLY)]
        self.stops_kept = len(ours) - len(gone)
        return tuple(gone)

    def _cancel_all(self, now: int) -> Actions:
        self.verified = "unverified"
        self.seal.broken(now, any(order.cl_id == 0 for order in self.orders))
        self.orders, wait = self.standoff.again(self.orders, now)
        self._wake = now + wait
        self._evidence(now, "cancel", f"{len(self.orders)} orders")
        return self._actions(*(cancel_of(order) for order in self.orders))

    def keep(self, kept: frozenset[int], now: int) -> None:
        """Instruments that may not be closed now, though they are ours; looked at again when one of them may."""
        freed = self.closeout.kept - kept
        self.closeout.kept = kept
        if freed and self.phase == CLOSE and not self._asking.waits:
            self._wake = min(self._wake, now)

    def hold(self, held: bool, now: int) -> None:
        """For a caller that knows: its own books hold what could be closed, so lists without it must agree for L."""
        freed = self._zero.held and not held
        self._zero.held = held
        if freed and self._zero.near(now) and self.phase == CLOSE and not self._asking.waits:
            self._wake = min(self._wake, now)

    def stand(self, orders: tuple[OpenOrder, ...], now: int) -> None:
        """For a caller that knows: see `Standoff.standing`. Looked at again when the last one is gone."""
        freed = self.standoff.standing and not orders
        self.standoff.standing = orders
        if freed and self.phase == SWEEP and not self._asking.waits and self.venue.status == OK:
            self._wake = min(self._wake, now)

    def answered(self, now: int) -> None:
        """For a caller that has heard from the venue: a delay that grew in its silence is over, a ban is not."""
        if self.venue.status == UNVERIFIED and not self._asking.waits:
            self._wake = min(self._wake, now)

    def settle(self, since: int, now: int) -> None:
        """For a caller that knows: since when no order of ours can be on its way or alive, 0 = one may be. The list may
        then be sealed without waiting for Q."""
        fresh = bool(since) and not self.seal.settled
        self.seal.settled = since
        if (
            fresh
            and self.phase == SWEEP
            and self.seal.since is not None
            and not self._asking.waits
            and self.venue.status == OK
        ):
            self._wake = min(self._wake, now)

    def _sweep(self, reply: ReadReply, asked: int, now: int) -> Actions:
        """E3, E4: cancel what is listed until a read is empty (clean), and so is what could have shown all that was
        on its way (sealed)."""
        self.orders = self._list(reply)
        if self.orders_at_start < 0:
            self.orders_at_start = len(self.orders)
        if self.orders or self.standoff.standing:
            return self._cancel_all(now)
        if not reply.proof:
            return self._unproved(now)
        if wake := self.seal.next_look(asked, now, self.verb == "halt"):
            self.verified, self._wake = "clean", wake
            return self._tick(now)
        self.verified = "sealed"
        if self.verb == "flatten":
            self._restart(CLOSE, now)
            return self._tick(now)
        return self._done(now, "orders zero, positions kept")

    def _unproved(self, now: int) -> Actions:
        """Empty, but the venue is overloaded and may still apply what it has taken in: Q counts from the last such."""
        if self.phase == SWEEP:
            self.verified = "clean"
            self.seal.unproved(now)
        self._wake = now + UNPROVED_NS
        return self._tick(now)

    def _close(self, reply: ReadReply, asked: int, now: int) -> Actions:
        """E5-E8: slices until the venue lists zero, twice, as far apart as `Zero` says. Where it refuses every close,
        orders that it hid may be why: they are looked for again."""
        if wait := self.standoff.refuses(self.closeout.positions, now):
            self._evidence(now, "refused", self.standoff.why)
            self._restart(SWEEP, now + wait)
            return self._actions()
        requests = self.closeout.slices(reply.positions, self.scope == "account", asked, now)
        if requests or self.closeout.waiting:
            self._zero.since = None
            self._wake = now + (SLICE_WAIT_NS if requests else RETRY_FIRST_NS)
            left = sum(map(abs, self.closeout.positions.values()))
            self._evidence(now, "close", f"{len(requests)} slices, {left} lots left")
            return self._actions(*requests)
        if wake := self._zero.next_look(asked, now):
            self._wake = wake
            return self._tick(now)
        self.phase, self._wake = CONFIRM, now
        return self._tick(now)

    def _confirm(self, reply: ReadReply, asked: int, now: int) -> Actions:
        """E4 once more: an exit may have left an order."""
        self.orders = self._list(reply)
        if self.orders or self.standoff.standing:
            self._restart(SWEEP, now)
            return self._cancel_all(now)
        if not reply.proof:
            return self._unproved(now)
        return self._done(now, f"flat, dust {sum(map(abs, self.closeout.dust.values()))} lots")

    def _done(self, now: int, text: str) -> Actions:
        self.phase, self._wake, self._zero.since = DONE, 0, None
        self.standoff.moved()
        self._evidence(now, "done", text)
        return self._actions(notes=(Note("crit", "stop_done", text, tag="emergency"),))
