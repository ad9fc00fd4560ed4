"""The life of rounds as a state machine: times and venue answers in, actions out. No clock, no I/O, no tasks.

RUNNING -> CANCELLING -> FLATTENING | (carry) -> VERIFYING -> REPORTING -> next RUNNING, PAUSED or DONE.
The engine carries the actions out and calls back; `due()` says when it wants to be called again.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from core.domain.units import FAR, NS_PER_S

HOUR_NS = 3600 * NS_PER_S
LATE_NS = NS_PER_S  # an end later than this is stated in the report (S3-60)
OnEnd = Literal["flatten", "carry"]
IDLE, RUNNING, CANCELLING, FLATTENING, VERIFYING, REPORTING, PAUSED, DONE = (
    "idle", "running", "cancelling", "flattening", "verifying", "reporting", "paused", "done",
)  # fmt: skip


class Plan(msgspec.Struct, frozen=True):
    """What the operator asked for. rounds 0 = no end."""

    length_ns: int = 4 * HOUR_NS
    rounds: int = 0
    on_end: OnEnd = "flatten"
    verify_ns: int = 30 * NS_PER_S  # an end not verified by then is reported as such
    ask_again_ns: int = NS_PER_S

    @staticmethod
    def of(hours: float, rounds: int = 0, on_end: OnEnd = "flatten") -> Plan:
        """Length in hours, any positive number (0.5 = 30 min). Raises ValueError for anything else."""
        if not 0 < hours < 24 * 366:
            raise ValueError(f"Expected round hours above 0 and below 8784, was {hours}")
        if rounds < 0:
            raise ValueError(f"Expected rounds 0 (no end) or more, was {rounds}")
        return Plan(length_ns=max(1, round(hours * HOUR_NS)), rounds=rounds, on_end=on_end)


class Do(msgspec.Struct, frozen=True):
    """One action for the engine. `what`: open (a round: snapshot first) | quiet (no new quotes) | cancel | flatten |
    verify (ask the venue) | report | pause | done. `number` and `text` name the round and the reason."""

    what: str
    number: int = 0
    text: str = ""


class Ending(msgspec.Struct, frozen=True):
    """How a round ended, for its report."""

    number: int
    started: int
    due: int
    ended: int
    reason: str  # timer | operator | stop | halt | cut off
    verdict: str  # flat | carried | not verified | cut off
    verified: bool
    late_ns: int = 0
    orders_left: int = 0
    positions_left: int = 0


class Scheduler:
    """Call `start` when trading starts, `tick` at every timer named by `due`, the others as things happen."""

    def __init__(self, plan: Plan, first_number: int = 1) -> None:
        self.plan = plan
        self.state = IDLE
        self.number = first_number - 1
        self.played = 0
        self.started = self.deadline = self.ended = 0
        self.reason = ""
        self.late_ns = 0
        self.orders = self.positions = 0
        self.ending: Ending | None = None
        self._on_end: OnEnd = plan.on_end
        self._last_round = False
        self._give_up = self._ask_at = FAR

    def due(self) -> int:
        """Core time of the next `tick`, FAR when none is wanted."""
        if self.state == RUNNING:
            return self.deadline
        return min(self._give_up, self._ask_at) if self.finishing else FAR

    @property
    def finishing(self) -> bool:
        return self.state in (CANCELLING, FLATTENING, VERIFYING)

    @property
    def over(self) -> bool:
        """All rounds are played: nothing may trade in this process any more."""
        return self.state == DONE

    def elapsed_ns(self, now: int) -> int:
        return max(0, now - self.started) if self.state not in (IDLE, PAUSED, DONE) else 0

    def start(self, now: int) -> tuple[Do, ...]:
        """Trading starts, or goes on after PAUSED. Nothing while a round is under way or all are played."""
        if self.state not in (IDLE, PAUSED):
            return ()
        self.number += 1
        self.state, self.started, self.deadline = RUNNING, now, now + self.plan.length_ns
        self.late_ns, self.reason, self.ending = 0, "", None
        self._on_end, self._give_up, self._ask_at = self.plan.on_end, FAR, FAR
        return (Do("open", self.number),)

    def tick(self, now: int) -> tuple[Do, ...]:
        """A timer. Early calls do nothing, so one too many is harmless; a late one (suspend) ends the round once."""
        if self.state == RUNNING and now >= self.deadline:
            self.late_ns = now - self.deadline
            return self._finish(now, "timer")
        if not self.finishing:
            return ()
        if now >= self._give_up:
            return self._close(now, verified=False)
        if now >= self._ask_at:
            self._ask_at = now + self.plan.ask_again_ns
            return (Do({CANCELLING: "cancel", FLATTENING: "flatten"}.get(self.state, "verify"), self.number),)
        return ()

    def finish(self, now: int, reason: str = "operator", carry: bool = False) -> tuple[Do, ...]:
        """End the running round now, as its timer would (`round finish`); `carry` keeps positions (a halt)."""
        if self.state != RUNNING:
            return ()
        if carry:
            self._on_end = "carry"
        return self._finish(now, reason)

    def wants_flat(self) -> bool:
        """Whether the end under way must bring positions to zero."""
        return self._on_end == "flatten"

    def stop(self, now: int, flatten: bool, reason: str = "stop") -> tuple[Do, ...]:
        """The process ends: no further round; positions are kept unless `flatten`. Also while a round is finishing."""
        self._last_round = True
        self._on_end = "flatten" if flatten else "carry"
        if self.state == RUNNING:
            return self._finish(now, reason)
        if self.state in (IDLE, PAUSED):
            self.state = DONE
            return (Do("done"),)
        return ()

    def _finish(self, now: int, reason: str) -> tuple[Do, ...]:
        self.reason, self.state = reason, CANCELLING
        self._give_up = now + self.plan.verify_ns
        self._ask_at = now + self.plan.ask_again_ns
        return (Do("quiet", self.number, reason), Do("cancel", self.number))

    def left(self, orders: int, positions: int) -> None:
        """What our ledgers show, for an end that no venue confirms. Moves nothing."""
        if self.finishing:
            self.orders, self.positions = orders, positions

    def observe(self, now: int, orders: int, positions: int) -> tuple[Do, ...]:
        """What our ledgers show: open orders (UNKNOWN ones too) and instruments with a position. Only moves us on;
        nothing is believed before `verified`."""
        self.orders, self.positions = orders, positions
        if not self.finishing or self.state == VERIFYING or orders > 0:
            return ()
        if self._on_end == "flatten" and positions > 0:
            if self.state == FLATTENING:
                return ()
            self.state, self._ask_at = FLATTENING, now + self.plan.ask_again_ns
            return (Do("flatten", self.number),)
        self.state, self._ask_at = VERIFYING, now + self.plan.ask_again_ns
        return (Do("verify", self.number),)

    def verified(self, now: int, orders: int, positions: int) -> tuple[Do, ...]:
        """The venue's own answer to `verify`. Anything left sends us back to cancelling until the time is up."""
        if self.state != VERIFYING:
            return ()
        self.orders, self.positions = orders, positions
        if orders == 0 and (positions == 0 or self._on_end == "carry"):
            return self._close(now, verified=True)
        self.state, self._ask_at = CANCELLING, now + self.plan.ask_again_ns
        return (Do("cancel", self.number), *self.observe(now, orders, positions))

    def _close(self, now: int, verified: bool) -> tuple[Do, ...]:
        verdict = "not verified" if not verified else "flat" if self.positions == 0 else "carried"
        self.state, self.ended = REPORTING, now
        self._give_up = self._ask_at = FAR
        self.played += 1
        self.ending = Ending(
            number=self.number, started=self.started, due=self.deadline, ended=now, reason=self.reason,
            verdict=verdict, verified=verified, late_ns=self.late_ns, orders_left=self.orders,
            positions_left=self.positions,
        )  # fmt: skip
        return (Do("report", self.number, verdict),)

    def reported(self, now: int) -> tuple[Do, ...]:
        """The report is written (or has failed and was said so): the next round starts at once, or none does."""
        if self.state != REPORTING or self.ending is None:
            return ()
        if self._last_round or (self.plan.rounds and self.played >= self.plan.rounds):
            self.state = DONE
            return (Do("done", self.number),)
        if not self.ending.verified:
            self.state = PAUSED
            return (Do("pause", self.number, "the end of the round could not be verified"),)
        self.state = IDLE
        return self.start(now)


def cut_off(number: int, started: int, length_ns: int, last_seen: int, positions: int, orders: int) -> Ending:
    """The ending of a round whose process died; figures are those of the journal's last frame."""
    return Ending(
        number=number, started=started, due=started + length_ns, ended=max(started, last_seen), reason="cut off",
        verdict="cut off", verified=False, orders_left=orders, positions_left=positions,
    )  # fmt: skip
