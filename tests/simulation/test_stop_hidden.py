"""A venue hides an order from its lists and refuses the cancel: a stop is not done, does not spin, and says so (R-E4).

Found by the simulation: a close beside the hidden order was refused as more than the position, forty times a second and
for ever, and nothing looked for orders again.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import pytest

from core.domain.commands import Flatten, Halt
from core.domain.events import Read, ReadReply
from core.domain.order import CANCEL, CANCEL_REJECTED, CREATE, STOP, Report, Request
from core.domain.reasons import VENUE_CLOSED
from core.engine.stopping import NONCE_BASE
from core.execution.stopping import UNVERIFIED
from tests.simulation.async_venue import AsyncVenue
from tests.simulation.live_rig import LiveRig

DONE = ("HALTED", "FLAT")


@dataclass
class Blindness:
    """What the venue does while `on`: no order in its lists (those of the stop alone, or all), no cancel taken."""

    every_list: bool
    on: bool = False


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Blindness:
    it = Blindness(request.param)
    read, send = AsyncVenue.read, AsyncVenue.send

    async def holed(self: AsyncVenue, asked: Read, emergency: bool = False) -> ReadReply:
        reply = await read(self, asked, emergency)
        lost = it.on and asked.what == "orders" and (it.every_list or asked.nonce >= NONCE_BASE)
        return msgspec.structs.replace(reply, orders=()) if lost else reply

    async def refused(self: AsyncVenue, request: Request) -> None:
        if not it.on or request.kind != CANCEL:
            await send(self, request)
            return
        no = Report(request.instrument, CANCEL_REJECTED, self.clock.now(), request.cl_id, code=VENUE_CLOSED)
        self.news.give(no, self.inbox, "answer")

    monkeypatch.setattr(AsyncVenue, "read", holed)
    monkeypatch.setattr(AsyncVenue, "send", refused)
    return it


@pytest.mark.parametrize("blind", [False, True], indirect=True, ids=["the stop's lists", "every list"])
def test_a_flatten_beside_a_hidden_order_says_so_and_ends_when_the_venue_lets_it(blind: Blindness) -> None:
    """R-E4, R-E8: never FLAT while anything may stand; UNVERIFIED with its reason, an alarm after a minute, few
    requests, and FLAT soon after the venue shows the order or takes its cancel."""

    async def script(rig: LiveRig) -> None:
        await rig.to(20)
        blind.on = rig.flag.closed = True
        rig.ask(Flatten(id="f", who="test"))
        begun = rig.venue.t
        while rig.venue.t < begun + 110:
            await rig.to(rig.venue.t + 0.25)
            if rig.exchange.books.open_of():
                assert rig.engine.state.run != "FLAT"
        assert rig.exchange.books.open_of() and rig.engine.posts[0].ledger.s.pos, "Expected both to stand still"
        told = rig.engine.stopping.progress()
        assert told is not None and told.venue.status == UNVERIFIED and told.venue.reason
        assert told.venue.since <= rig.start + round((begun + 30) * 1e9)
        since = (told.venue.since - rig.start) / 1e9
        alarms = [(ts - rig.start) / 1e9 for ts in rig.seen.when("stop_stuck")]
        assert alarms and alarms[0] <= since + 61, (since, alarms)
        closes = [r for ts, r in rig.seen.requests if r.kind == CREATE and r.flags & STOP]
        cancels = [r for ts, r in rig.seen.requests if r.kind == CANCEL and ts > rig.start + (begun + 10) * 1e9]
        assert len(closes) <= 40 and len(cancels) <= 60, (len(closes), len(cancels))
        blind.on = False
        await rig.to(rig.venue.t + 20)
        assert rig.engine.state.run == "FLAT"
        assert rig.exchange.books.open_of() == [] and rig.exchange.position(0)[0] == 0

    LiveRig(5).run(script)


@pytest.mark.parametrize("blind", [False], indirect=True)
def test_a_halt_is_not_done_while_the_ledger_knows_of_an_order_that_the_stops_lists_hide(blind: Blindness) -> None:
    async def script(rig: LiveRig) -> None:
        await rig.to(20)
        blind.on = rig.flag.closed = True
        rig.ask(Halt(id="h", who="test"))
        while rig.venue.t < 90:
            await rig.to(rig.venue.t + 0.25)
            assert rig.engine.state.run not in DONE or not rig.exchange.books.open_of()
        assert rig.exchange.books.open_of() and rig.seen.when("stop_stuck")
        blind.on = False
        await rig.to(rig.venue.t + 15)
        assert rig.engine.state.run == "HALTED" and rig.exchange.books.open_of() == []

    LiveRig(5).run(script)
