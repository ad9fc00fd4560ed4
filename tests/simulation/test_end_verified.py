"""An end is verified by the venue's word alone: an order of unknown fate, or a last look without an answer, is none."""

from __future__ import annotations

import msgspec
import pytest

from core.domain.commands import Stop
from core.domain.events import Read, ReadReply
from core.domain.instrument import Instrument
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
