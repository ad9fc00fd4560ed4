"""What a venue adapter does in front of the wire, in virtual time: bans, breaker, measured clock. Nothing else.

The same parts as the real adapter has (`WeightBudget`, `Condition`, `ClockFilter`) in the same order of questions, so
that the rules of a ban and of an overload are those of the program: inside a ban an emergency is told when it ends.
"""

from __future__ import annotations

from core import tasks
from core.domain.order import CREATE, REDUCE_ONLY, STOP, Request
from core.domain.ports import Clock
from core.domain.reasons import OK
from core.domain.units import NS_PER_S
from core.venues.budget import CANCEL_LANE, EMERGENCY, ORDER, QUERY, WeightBudget
from core.venues.condition import ClockFilter, Condition

WEIGHT = 2_400  # a minute
MEASURE_S, AGAIN_S = 12.0, 1.0  # of the clock: ordinarily, and while it is off


class Door:
    """One process's side of the wire. A new core has a new one."""

    def __init__(self, clock: Clock, offset_ns: int) -> None:
        self.clock = clock
        self.budget, self.condition = WeightBudget(WEIGHT), Condition()
        self._filter = ClockFilter()
        self.measured(offset_ns)

    def measured(self, offset_ns: int) -> None:
        """The venue's clock less ours, as a question to it has just said."""
        now = self.clock.now()
        self._filter = ClockFilter()  # a clock that was set: older samples are of another one
        self.condition.measured(self._filter.add(now, now, now + offset_ns))

    @property
    def next_measure_s(self) -> float:
        return AGAIN_S if self.condition.state.name == "clock" else MEASURE_S

    def stamp(self) -> int:
        """What we believe the venue's time to be, ns."""
        return self.clock.now() + self.condition.offset_ns

    def blocks(self, request: Request) -> int:
        """Why a create may not leave, 0 = it may."""
        if request.kind != CREATE or request.flags & STOP:
            return OK
        code = self.condition.blocks(self.clock.now())
        if request.flags & REDUCE_ONLY and self.condition.state.name in ("overloaded", "clock"):
            return OK
        return code

    async def admit(self, lane: int) -> bool:
        """Wait for the lane's turn; an order and an emergency never wait: False."""
        while (wait := self.wait_ns(lane)) > 0:
            if lane in (ORDER, EMERGENCY):
                return False
            await tasks.sleep(wait / NS_PER_S)
        self.budget.spend(1.0, self.clock.monotonic())
        return True

    @property
    def spent(self) -> float:
        """Share of what questions may use."""
        return self.budget.share(QUERY, self.clock.monotonic())

    def word(self, why: str, emergency: bool) -> str:
        """Why there is no answer; a stop is told when a ban is over."""
        left = self.budget.banned_until - self.clock.monotonic()
        return f"banned {self.clock.now() + left} {why}" if emergency and left > 0 else why

    def wait_ns(self, lane: int) -> int:
        return self.budget.wait_ns(lane, 1.0, self.clock.monotonic())

    def failed(self, venue: str, retry_after_s: float = 0.0) -> None:
        """A request failed; what that says of the venue, in the words of `Condition`."""
        if venue == "banned":
            self.budget.ban(retry_after_s, self.clock.monotonic())
        self.condition.failed(venue, "", self.clock.now(), retry_after_s)

    def probed(self, half_open: bool) -> None:
        """A probe came back."""
        until = self.condition.state.until
        self.condition.answered(max(self.clock.now(), until) if half_open else self.clock.now())

    def answered(self, asked: int) -> int:
        """A read that was asked for at `asked` was answered: `Condition.proves_at`."""
        self.condition.answered(self.clock.now())
        return self.condition.proves_at(asked)


def lane_of(request: Request) -> int:
    """The lane of a request."""
    if request.flags & STOP:
        return EMERGENCY
    return ORDER if request.kind == CREATE else CANCEL_LANE


def lane_of_read(emergency: bool) -> int:
    """The lane of a read."""
    return EMERGENCY if emergency else QUERY
