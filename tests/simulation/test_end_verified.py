"""An end is verified by the venue's word alone: an order of unknown fate, or a last look without an answer, is none."""

from __future__ import annotations

import msgspec
import pytest

from core.domain.commands import Halt, Pause, Stop
from core.domain.events import Read, ReadReply
from core.domain.instrument import Instrument
from core.domain.order import FILLED, Report
from core.domain.units import NS_PER_S
from core.engine.lastlook import AGAIN_NS
from core.engine.live import LiveDriver
from core.engine.runstate import HALTED, PAUSED
from core.engine.stopping import NONCE_BASE, Q_NS, UNBOUNDED_NS, Stopping
from core.engine.timers import TimerQueue
from tests.simulation.async_venue import AsyncVenue
from tests.simulation.live_rig import LiveRig


@pytest.mark.parametrize("silent", [False, True])
def test_an_end_whose_last_look_was_not_answered_is_not_verified(monkeypatch: pytest.MonkeyPatch, silent: bool) -> None:
    """R-O4: the dead-man's switches stay armed then."""
    read = AsyncVenue.read

    async def last(self: AsyncVenue, asked: Read, emergency: bool = False) -> ReadReply:
        reply = await read(self, asked, emergency)
        lost = silent and asked.what == "orders" and asked.nonce == NONCE_BASE
        return ReadReply(asked.what, asked.nonce, reply.ts, error="no answer") if lost else reply

    monkeypatch.setattr(AsyncVenue, "read", last)

    async def script(rig: LiveRig) -> None:
        await rig.to(15)
        rig.ask(Stop(id="s", who="test"))
        await rig.to(40)
        assert rig.driver.ended and rig.engine.end_verified is not silent

    LiveRig(5).run(script)


@pytest.mark.parametrize("what", ["orders", "trades"])
@pytest.mark.parametrize("flatten", [False, True])
def test_a_last_look_that_a_limit_refused_is_asked_again_once_that_is_over(
    monkeypatch: pytest.MonkeyPatch, what: str, flatten: bool
) -> None:
    """R-O4, R-N2: nothing of ours is left, so an exit code that says otherwise sends a person to look for nothing."""
    read = AsyncVenue.read
    asked: list[float] = []

    async def last(self: AsyncVenue, one: Read, emergency: bool = False) -> ReadReply:
        if one.nonce != NONCE_BASE or one.what != what:
            return await read(self, one, emergency)
        asked.append(self.t)
        if len(asked) == 1:
            self.door.failed("banned", 2.5)
        return await read(self, one, emergency)

    monkeypatch.setattr(AsyncVenue, "read", last)

    async def script(rig: LiveRig) -> None:
        await rig.to(15)
        rig.ask(Stop(id="s", who="test", flatten=flatten))
        await rig.to(60)
        assert rig.driver.ended and rig.engine.end_verified

    LiveRig(5).run(script)
    first, again = asked
    assert 2.5 <= again - first < 3.0, "told when it ends, nobody asks in between"


@pytest.mark.parametrize(("error", "times"), [("no answer", 6), ("auth: the key is gone", 1), ("", 1)])
def test_a_last_look_without_an_answer_ends_within_its_time(
    monkeypatch: pytest.MonkeyPatch, error: str, times: int
) -> None:
    read = AsyncVenue.read
    asked: list[float] = []

    async def last(self: AsyncVenue, one: Read, emergency: bool = False) -> ReadReply:
        reply = await read(self, one, emergency)
        if one.nonce != NONCE_BASE or one.what != "orders":
            return reply
        asked.append(self.t)
        return ReadReply(one.what, one.nonce, reply.ts, error=error) if error else reply

    monkeypatch.setattr(AsyncVenue, "read", last)

    async def script(rig: LiveRig) -> None:
        await rig.to(15)
        rig.ask(Stop(id="s", who="test"))
        await rig.to(60)
        assert rig.driver.ended and rig.engine.end_verified is not bool(error)

    LiveRig(5).run(script)
    assert len(asked) == times and asked[-1] - asked[0] <= AGAIN_NS / NS_PER_S


@pytest.mark.parametrize("before", [HALTED, PAUSED])
def test_an_end_outside_a_round_stays_unverified_whatever_comes_after_its_last_look(
    monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    """R-S4: nobody clears that stop, and the next moment would have called it verified."""
    read = AsyncVenue.read

    async def last(self: AsyncVenue, asked: Read, emergency: bool = False) -> ReadReply:
        reply = await read(self, asked, emergency)
        return ReadReply(asked.what, asked.nonce, reply.ts, error="dark") if asked.nonce == NONCE_BASE else reply

    monkeypatch.setattr(AsyncVenue, "read", last)

    async def script(rig: LiveRig) -> None:
        await rig.to(15)
        rig.ask(Halt(id="h", who="test", reason="before") if before == HALTED else Pause())
        await rig.to(30)
        assert rig.engine.state.run == before
        rig.ask(Stop(id="s", who="test"))
        await rig.to(60)
        assert rig.driver.ended and not rig.engine.end_verified

    LiveRig(5).run(script)


@pytest.mark.parametrize("late", [False, True])
def test_a_flat_end_with_a_fill_that_only_the_last_look_shows_is_not_verified(
    monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    """R-E8: its news was lost, and the positions were of a replica that is behind."""
    look = LiveDriver._last_look

    async def shown(self: LiveDriver) -> None:
        post = self.engine.posts[0]
        if late:
            fill = Report(0, FILLED, self.clock.now(), (9 << 7) + 3, 77, 0, 250_000, 20, 0, 10**9 + 7)
            self.inbox.report(fill)
        await look(self)
        assert post.ledger.s.pos == (20 if late else 0)

    monkeypatch.setattr(LiveDriver, "_last_look", shown)

    async def script(rig: LiveRig) -> None:
        await rig.to(15)
        rig.ask(Stop(id="s", who="test", flatten=True))
        await rig.to(60)
        assert rig.driver.ended and rig.engine.end_verified is not late

    LiveRig(5).run(script)


def test_an_end_with_an_order_of_unknown_fate_waits_for_its_proof_and_without_it_is_not_verified() -> None:
    async def script(rig: LiveRig) -> None:
        await rig.to(20)
        rig.venue.weather.until_s, rig.venue.weather.lose_before = 1e9, 1.0
        while not rig.ledger.n_unknown:
            await rig.to(rig.venue.t + 0.05)
        rig.venue.weather.lose_before = 0.0
        rig.ask(Stop(id="s", who="test"))
        rig.seen.each = lambda step: ends.append((rig.engine.state.run, rig.ledger.n_unknown))
        await rig.to(rig.venue.t + 40)
        assert rig.driver.ended and rig.engine.end_verified

    ends: list[tuple[str, int]] = []
    LiveRig(5).run(script)
    assert any(unknown for _, unknown in ends) and not any(unknown for run, unknown in ends if run == "STOPPED")


def test_a_stop_at_a_venue_without_expiring_creates_waits_for_longer() -> None:
    async def script(rig: LiveRig) -> None:
        await rig.to(15)
        for venue, q_ns in (("paper", Q_NS), ("lighter", UNBOUNDED_NS)):
            post = rig.engine.posts[0]
            x: Instrument = msgspec.structs.replace(post.instrument, venue=venue)
            post.instrument = x
            stopping = Stopping([post], TimerQueue(), lambda account: True, list)
            stopping.begin("halt", "latched", "s", "x", "ours", 1, True)
            assert [run.plan.q_ns for run in stopping.runs.values()] == [q_ns]

    LiveRig(5).run(script)
