"""`Engine.process(moment) -> step`: the only place where state changes. Synchronous, no I/O, no clock, no chance.

Order inside a moment: our books, reports, inputs, then stop or trade, then the round, then one journal frame.
The same moments give the same steps, to the last byte.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.commands import Answer
from core.domain.events import (
    W_INPUT,
    Asked,
    Configured,
    Due,
    Health,
    Input,
    Link,
    Moment,
    Note,
    Read,
    ReadReply,
    Relisted,
    RequestRefused,
    Started,
    Step,
)  # fmt: skip
from core.domain.order import LOST, Refusal, Report, Request
from core.domain.reasons import PAUSED as PAUSED_CODE
from core.domain.reasons import UNKNOWN_ORDER_ID, name_of
from core.engine import ending, limiting, relisting
from core.engine.accounts import Accounts
from core.engine.commanding import REARM_WORD, obey
from core.engine.journal import Frame, Journal
from core.engine.orders import OrderDesk
from core.engine.post import Post, Taken
from core.engine.roundlife import Machine, RoundLife
from core.engine.runstate import PAUSED, RUNNING, STARTING, RunState
from core.engine.seat import Seat
from core.engine.stopping import FLATTEN, HALT, Stopping
from core.engine.timers import TimerQueue
from core.kernel import Kernels

GRACE = "grace"


class Engine:
    """All strategies of one core on its venue accounts. Built by `core.build`; driven by one driver at a time.

    `equity` is what the account held when this core began plus what its ledgers made since, 1e-8 quote.
    """

    def __init__(
        self, seats: Sequence[Seat], journal: Journal, machine: Machine, kernels: Kernels, equity: int,
        start_paused: bool = False, grace_ns: int = 0, arm_word: str = REARM_WORD, adopts: bool = False,
        first_word: str = "",
    ) -> None:  # fmt: skip
        self.seats = tuple(seats)
        self.posts: tuple[Post, ...] = tuple(post for seat in seats for post in seat.posts)
        self.journal = journal
        self.rounds = RoundLife(machine)
        self.timers = TimerQueue()
        self.state = RunState()
        self.orders = OrderDesk(self.posts)
        self.check = Accounts(self.posts, self.timers, lambda why: ending.latch(self, HALT, why), adopts)
        self.stopping = Stopping(self.posts, self.timers, lambda account: self.check.each[account].clean, self._pairs)
        self.start_paused, self.grace_ns, self.arm_word = start_paused, grace_ns, arm_word
        self.first_word = first_word  # of the first resume after a start, "" = any
        self.resumed_once = False
        self.equity_start = equity
        self.seq = 0
        self.now = 0
        self.places: dict[int, list[Post]] = {}
        for post in self.posts:
            self.places.setdefault(post.place, []).append(post)
        self.bases: dict[int, int] = dict.fromkeys(self.places, 0)
        self.first_notes: list[Note] = []  # said with the start
        self.started: Started | None = None
        self._valued = False
        self.end_verified = False  # STOPPED, and by the venue's word
        self.end_wanted: bool | None = None  # a stop of the process that waits for the halt under way; True = flatten
        self.ends_flat = False  # the process ends without positions
        self.ends_halted = False  # the process ends out of a halt: its limits have fired already
        self.health = Health()
        self.links: dict[int, bool] = {}
        self.relisted: dict[int, Relisted] = {}  # terms that changed since the opening, by place
        self._replies: list[ReadReply] = []
        self._held: list[Report] = []  # reports that came before the account was adopted
        self.taken = Taken()
        for post in self.posts:
            post.taken = self.taken
        self._fresh()
        self.bind(kernels)

    def bind(self, kernels: Kernels) -> None:
        """Use this form of the kernels from the next moment on. Feeds must be bound again by the driver."""
        self.kernels = kernels
        for seat in self.seats:
            seat.bind(kernels)

    def _fresh(self) -> None:
        self.taken.clear()
        self.requests: list[Request] = []
        self.refused: list[Refusal] = []
        self.reads: list[Read] = []
        self.notes: list[Note] = []
        self.answers: list[Answer] = []

    def process(self, moment: Moment) -> Step:
        """Apply one moment. An exception means a bug: state is half written, the driver latches HALT."""
        self.seq += 1
        now = self.now = moment.ts
        self._fresh()
        for piece in moment.slices:
            base = self.bases[piece.instrument]
            for post in self.places[piece.instrument]:
                post.observe(piece.first - base, piece.last - base, now)
        reports: Sequence[Report] = moment.reports
        if self.check.holds_reports:
            self._held += reports
        elif reports:
            self._take(reports, now)
        due: list[str] = []
        for event in moment.inputs:
            if type(event) is Due:
                due.append(event.name)
            else:
                self._input(event, now)
        self._trade(moment.why, due, now, reports)
        self.rounds.advance(self, due, now)
        step = Step(
            self.seq, moment, tuple(self.requests), tuple(self.refused), tuple(self.reads), tuple(self.notes),
            tuple(self.answers), tuple(self.taken.reports), tuple(self.taken.numbers),
        )  # fmt: skip
        self.journal.append(Frame(self.seq, moment, step.requests, step.refused, step.reads))
        return step

    def _take(self, reports: Sequence[Report], now: int) -> None:
        for number, mine in self.orders.route(reports).items():
            self.posts[number].take(mine, now)
        for report in reports:
            if report.kind == LOST or report.code == UNKNOWN_ORDER_ID:  # not found: gone, filled, or never there
                self.check.doubted(report.instrument, now)
        self.orders.share_exposure()

    def _input(self, event: Input, now: int) -> None:
        if isinstance(event, ReadReply):
            notes, untold = self.check.answered(event, now)
            self.notes += notes
            if not self.check.holds_reports:
                held, self._held = self._held, []
                self._take([*held, *untold], now)
            self._replies.append(event)
        elif isinstance(event, Asked):
            self.answers.append(obey(self, event.command, now))
        elif isinstance(event, RequestRefused):
            self.orders.unsent(event)
            self.notes.append(Note("info", "wire_refused", f"not sent: {name_of(event.code)}"))
        elif isinstance(event, Health):
            self._vitals(event, now)
        elif isinstance(event, Link):
            self.links[event.instrument] = event.up
            level = "info" if event.up else "warn"
            self.notes.append(Note(level, "link_up" if event.up else "link_down", event.why))
        elif isinstance(event, Relisted):
            relisting.follow(self, event)
        elif isinstance(event, Configured):
            self.seats[event.strategy].configure(event.values)
            text = f"config {event.sha256[:12]} in force"
            self.notes.append(Note("info", "configured", text, event.strategy, "strategy_adjust"))
        elif isinstance(event, Started):
            self.started = event
            self.notes.append(Note("info", "boot", f"strategy online (mode={event.mode})", -1, "boot"))
            self.notes += self.first_notes
            self.check.ask(now, self.reads)

    def _vitals(self, event: Health, now: int) -> None:
        self.health = event
        for post in self.posts:
            vitals = post.vitals.s
            vitals.ts = now
            vitals.tick_to_order_p99_ns, vitals.order_ack_p99_ns = event.tick_to_order_p99_ns, event.order_ack_p99_ns
            vitals.loop_lag_ns, vitals.clock_offset_ns = event.loop_lag_ns, event.clock_offset_ns
            vitals.requests, vitals.request_errors = event.requests, event.request_errors
            vitals.links_down = event.links_down

    def _trade(self, why: int, due: list[str], now: int, reports: Sequence[Report]) -> None:
        """Guard always; quote only when running or paused; a stop under way owns every request."""
        if due:
            self.check.due(due, now, self.reads)
        self._value_account()
        for seat in self.seats:
            if seat.guard(now, self.notes) and not self.ends_halted:
                ending.by_risk(self, seat)
        if GRACE in due and not self.state.attended and self.state.run == RUNNING:
            self._pause("nobody attended for the grace time")
        replies, self._replies = self._replies, []
        if self.stopping.begun:
            ending.step(self, now, replies, reports)
            if not self.stopping.active:
                for seat in self.seats:
                    if seat.after_stop(now, self.notes) and self.stopping.verb == HALT and self.state.latched:
                        ending.latch(self, FLATTEN, f"{seat.name}: the stop of the leg that was kept")
            if self.state.run not in (RUNNING, PAUSED):
                return
        if self.state.run == STARTING and self.check.clean:
            self.move(*((PAUSED, "reconciled; resume to quote") if self.start_paused else (RUNNING, "reconciled")))
            if self.start_paused:
                self._pause("start")
            self.start_decisions(now)
        if self.state.run not in (RUNNING, PAUSED):
            return
        limiting.pull(self, now)
        for seat in self.seats:
            own = seat.timer in due
            if own:
                self.timers.at(now + seat.wakes.timer_ns, seat.timer)
            seat.decide(now, why | (W_INPUT if due else 0), own, self.notes)
            seat.plan(now, self.requests, self.refused)
            soon, due_at = seat.wake_by(now), self.timers.when(seat.timer)
            if soon and (due_at is None or soon < due_at):
                self.timers.at(soon, seat.timer)

    def _pause(self, reason: str) -> None:
        self.move(PAUSED, reason)
        for post in self.posts:
            post.pause(PAUSED_CODE, self.now)

    # small things ------------------------------------------------------------------------------------------------

    def move(self, run: str, reason: str) -> None:
        """Change the run state and say so."""
        note = self.state.to(run, self.now, reason)
        if note is not None:
            self.notes.append(note)

    def start_decisions(self, now: int) -> None:
        """Arm every strategy's own timer."""
        for seat in self.seats:
            if self.timers.when(seat.timer) is None:
                self.timers.at(now + seat.wakes.timer_ns, seat.timer)

    def grace(self, attended: bool) -> None:
        """The last controlling console went (or one came): run or stop the grace timer."""
        if attended:
            self.timers.cancel(GRACE)
        elif self.grace_ns:
            self.timers.at(self.now + self.grace_ns, GRACE)

    def _pairs(self) -> list[tuple[Post, Post]]:
        return [legs for seat in self.seats if (legs := seat.legs()) is not None]

    def _value_account(self) -> None:
        """Once, at the first clean reconcile: limits count from what is really there, whatever the run state is."""
        if self._valued or not self.check.clean:
            return
        self._valued = True
        if self.check.adopted_balance is not None:
            self.equity_start = self.check.adopted_balance
        elif self.start_paused and self.check.balance is not None:
            self.equity_start = min(self.equity_start, self.check.balance)

    @property
    def equity(self) -> int:
        """1e-8 quote at the marks."""
        return self.equity_start + sum(post.net_pnl() for post in self.posts)

    @property
    def armed(self) -> bool:
        """Every post has a valued book: trading may start."""
        return all(post.risk.s.armed for post in self.posts)
