"""Stops beside lots that are not ours, where the venue's lists are behind or where nobody knows yet what is ours."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from core.domain.commands import FinishRound, Flatten, Stop
from core.domain.events import Read, ReadReply
from core.domain.order import CREATE, STOP, Request
from core.engine.runstate import FLAT, FLATTENING, STOPPED
from core.engine.stopping import LATCHED, NONCE_BASE
from core.execution.standoff import ALARM_NS
from core.execution.stopping import OK, UNVERIFIED
from tests.simulation.rig import Rig

S = 10**9
FOREIGN = 50  # lots that somebody else holds


class Behind:
    """A venue whose lists of positions stay what a stop saw first, for `for_ns`; `deaf`: these reads fail."""

    def __init__(self, venue: Any) -> None:
        self.venue, self.for_ns = venue, 0
        self.deaf: tuple[str, ...] = ()
        self._first: tuple[int, ReadReply] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.venue, name)

    def read(self, read: Read, now: int) -> ReadReply:
        if read.what in self.deaf:
            return ReadReply(read.what, read.nonce, now, error="timeout")
        reply: ReadReply = self.venue.read(read, now)
        if read.what != "positions" or read.nonce < NONCE_BASE or not self.for_ns:
            return reply
        since, first = self._first = self._first or (now, reply)
        return reply if now >= since + self.for_ns else msgspec.structs.replace(first, nonce=read.nonce)


def beside_foreign(seed: int, on_end: str = "carry") -> tuple[Rig, Behind]:
    """As a live account is: what it holds at the start is not ours."""
    held: list[Behind] = []

    def wrap(venue: Any) -> Behind:
        held.append(Behind(venue))
        return held[-1]

    rig = Rig(seed, on_end=on_end, wrap=wrap)
    for check in rig.engine.check.each:
        check.adopts = False
    account, unit = rig.exchange.account.s, rig.engine.posts[0].instrument.unit
    account.pos[0], account.cost[0] = FOREIGN, FOREIGN * 250_000 * unit
    return rig, held[-1]


def long_of(seed: int, least: int, on_end: str = "carry") -> tuple[Rig, Behind]:
    """With a position of ours on the side of the foreign one."""
    for n in range(20):
        rig, venue = beside_foreign(seed + n, on_end)
        for k in range(60, 200):
            rig.to(k)
            if rig.engine.posts[0].ledger.s.pos >= least:
                return rig, venue
    raise AssertionError("no seed with a long position")


def position(rig: Rig) -> int:
    return int(rig.exchange.account.s.pos[0])


def closes(rig: Rig) -> list[Request]:
    return [request for _, request in rig.seen.requests if request.kind == CREATE and request.flags & STOP]


@pytest.mark.parametrize("command", [Stop(id="s", flatten=True), FinishRound(id="f")], ids=["process", "round"])
@pytest.mark.parametrize("after_s", [0.001, 0.2])
def test_a_stop_that_takes_over_a_flatten_knows_its_closes(command: Any, after_s: float, seed: int) -> None:
    """R-E3: the key is pressed while a close of the end is on its way or just filled, and lists are a second behind.
    What was sent is not sent again: the lots that are left are somebody else's."""
    rig, venue = long_of(seed, 4, on_end="flatten")
    venue.for_ns = S
    rig.ask(command)
    while not closes(rig):
        rig.to(rig.t + 0.001)
    rig.to(rig.t + after_s)
    begun = rig.engine.stopping.plan
    rig.ask(Flatten(id="key"))
    rig.to(rig.t + 0.001)
    assert rig.engine.stopping.purpose == LATCHED and rig.engine.stopping.plan != begun
    for _ in range(400):
        rig.to(rig.t + 0.02)
        assert position(rig) >= FOREIGN, "lots of somebody else were sold"
    ids = [request.cl_id for request in closes(rig)]
    assert len(ids) == len(set(ids))
    rig.to(rig.t + 30)
    assert rig.run_state in (FLAT, STOPPED)
    assert position(rig) == FOREIGN and rig.engine.posts[0].ledger.s.pos == 0


def test_a_flatten_of_an_account_that_was_never_reconciled_says_so(seed: int) -> None:
    """R-E5: UNVERIFIED(reason, since), an alarm after a minute, and FLAT once the venue says what is held."""
    rig, venue = beside_foreign(seed)
    venue.deaf = ("positions", "trades")
    rig.ask(Flatten(id="latch", reason="latch on disk"))
    rig.to(50)
    told = rig.engine.stopping.progress()
    assert told is not None and rig.run_state == FLATTENING
    assert told.venue.status == UNVERIFIED and "not reconciled" in told.venue.reason
    assert rig.seen.when("stop_stuck") == []
    rig.to(130)
    alarms = rig.seen.when("stop_stuck")
    assert alarms and 0 <= alarms[0] - told.venue.since - ALARM_NS <= S
    venue.deaf = ()
    rig.to(180)
    told = rig.engine.stopping.progress()
    assert rig.run_state == FLAT and told is not None and told.venue.status == OK and position(rig) == FOREIGN
