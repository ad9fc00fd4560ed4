"""Words of the emergency stop: its plan (content of the latch), states, events, actions, progress and evidence."""

from __future__ import annotations

import msgspec

from core.domain.events import Note, Read
from core.domain.order import Request
from core.execution.closing import Grid

SWEEP, CLOSE, CONFIRM, DONE = "sweep", "close", "confirm", "done"
OK, UNVERIFIED, BANNED, AUTH_FAILED = "OK", "UNVERIFIED", "BANNED", "AUTH_FAILED"
SEVERITY = (OK, BANNED, UNVERIFIED, AUTH_FAILED)
STATES = ("RUNNING", "HALTING", "HALTED", "FLATTENING", "FLAT")
STATE_OF = {
    ("halt", SWEEP): "HALTING",
    ("halt", DONE): "HALTED",
    ("flatten", SWEEP): "HALTING",
    ("flatten", CLOSE): "FLATTENING",
    ("flatten", CONFIRM): "FLATTENING",
    ("flatten", DONE): "FLAT",
}


class StopPlan(msgspec.Struct, frozen=True):
    """What a stop is; stored in the latch, enough to start again at E3 after a crash.

    verb: halt | flatten; scope: ours | account. q_ns: how much later than the first the second empty read must be asked
    (R + skew + L; 0 where nothing can be in flight). foreign: (instrument, lots) held before us. account: whose stop,
    of several run at once.
    """

    stop_id: str
    verb: str
    reason: str
    started: int
    scope: str = "ours"
    q_ns: int = 0
    keep_stops: bool = True
    grids: tuple[Grid, ...] = ()
    foreign: tuple[tuple[int, int], ...] = ()
    first_nonce: int = 0
    account: int = 0


class Tick(msgspec.Struct, frozen=True):
    """Time passed."""


class Trigger(msgspec.Struct, frozen=True):
    """A further halt or flatten joins the run; verb and scope only ever widen."""

    verb: str
    reason: str
    scope: str = "ours"

    def joined(self, other: Trigger) -> Trigger:
        """Both at once: the wider verb and the wider scope."""
        verb = "flatten" if "flatten" in (self.verb, other.verb) else self.verb
        scope = "account" if "account" in (self.scope, other.scope) else self.scope
        return Trigger(verb, f"{self.reason}; {other.reason}", scope)


class Venue(msgspec.Struct, frozen=True):
    """What we know of the venue itself."""

    status: str
    reason: str
    since: int
    until: int = 0


class Actions(msgspec.Struct, frozen=True):
    """What the caller must do; `wake_at` ns for the next Tick, 0 = none needed."""

    requests: tuple[Request, ...]
    reads: tuple[Read, ...]
    notes: tuple[Note, ...]
    wake_at: int


class Progress(msgspec.Struct, frozen=True):
    """`orders_left` of `orders_at_start`, positions not yet zero, verified: unverified | clean | sealed. `stops_kept`:
    protective ones that a halt leaves at the venue."""

    state: str
    venue: Venue
    verified: str
    orders_left: int
    orders_at_start: int
    positions_left: int
    foreign_orders: int
    foreign_positions: int
    dust: tuple[tuple[int, int], ...]
    stops_kept: int = 0


class Evidence(msgspec.Struct, frozen=True):
    """One line of the emergency report."""

    ts: int
    what: str
    text: str


def overall(states: list[tuple[str, Venue]]) -> tuple[str, str]:
    """State and venue status over several venues: the worst; never FLAT while one is not verified."""
    status = max((venue.status for _, venue in states), key=SEVERITY.index, default=OK)
    state = min((state for state, _ in states), key=STATES.index, default="RUNNING")
    if state == "FLAT" and status != OK:
        state = "FLATTENING"
    return state, status


VERIFIED = ("unverified", "clean", "sealed")


def together(parts: list[Progress]) -> Progress:
    """The progress of a stop at several accounts: the worst of each figure, sums of what is left."""
    state, _ = overall([(part.state, part.venue) for part in parts])
    return Progress(
        state=state,
        venue=max((part.venue for part in parts), key=lambda venue: SEVERITY.index(venue.status)),
        verified=min((part.verified for part in parts), key=VERIFIED.index),
        orders_left=sum(part.orders_left for part in parts),
        orders_at_start=sum(part.orders_at_start for part in parts),
        positions_left=sum(part.positions_left for part in parts),
        foreign_orders=sum(part.foreign_orders for part in parts),
        foreign_positions=sum(part.foreign_positions for part in parts),
        dust=tuple(row for part in parts for row in part.dust),
        stops_kept=sum(part.stops_kept for part in parts),
    )
