"""A stop that two lists called done is not over when an order of ours shows itself (R-E4). Found by the simulation
(seed 306): both of the stop's lists had come without a page, and HALTED stood beside a resting order. Here every list
of the venue is without it, until the core's own proof of absence has called it gone."""

from __future__ import annotations

import msgspec
import pytest

from core.domain.commands import Halt
from core.domain.events import Read, ReadReply
from core.domain.order import CANCEL, CANCEL_REJECTED, Report, Request
from core.domain.reasons import VENUE_CLOSED
from tests.simulation.async_venue import AsyncVenue
from tests.simulation.live_rig import LiveRig


def test_an_order_that_shows_itself_after_a_stop_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    blind = [False]
    read, send = AsyncVenue.read, AsyncVenue.send

    async def holed(self: AsyncVenue, asked: Read, emergency: bool = False) -> ReadReply:
        reply = await read(self, asked, emergency)
        lost = blind[0] and asked.what == "orders"
        return msgspec.structs.replace(reply, orders=()) if lost else reply

    async def refused(self: AsyncVenue, request: Request) -> None:
        if not blind[0] or request.kind != CANCEL:
            await send(self, request)
            return
        no = Report(request.instrument, CANCEL_REJECTED, self.clock.now(), request.cl_id, code=VENUE_CLOSED)
        self.news.give(no, self.inbox, "answer")

    monkeypatch.setattr(AsyncVenue, "read", holed)
    monkeypatch.setattr(AsyncVenue, "send", refused)

    async def script(rig: LiveRig) -> None:
        await rig.to(20)
        assert rig.exchange.books.open_of()
        blind[0] = True
        rig.flag.closed = True
        rig.ask(Halt(id="h", who="test"))
        while rig.engine.state.run != "HALTED":
            await rig.to(rig.venue.t + 0.05)
            assert rig.venue.t < 60
        assert rig.exchange.books.open_of(), "Expected an order that the stop's lists hid, was none"
        blind[0] = False
        await rig.to(rig.venue.t + 14)
        assert rig.exchange.books.open_of() == [] and rig.engine.state.run == "HALTED"
        assert "an order of ours stands after the stop" in " ".join(note.text for _, note in rig.seen.notes)

    LiveRig(5).run(script)


def test_an_unknown_order_is_asked_for_every_second_until_it_is_proved() -> None:
    """R-O1: R + skew + L + 2 s after it was sent, not two periods of the cross-check."""

    async def script(rig: LiveRig) -> None:
        await rig.to(20)
        rig.venue.weather.until_s, rig.venue.weather.lose_before = 1e9, 1.0
        while not rig.ledger.n_unknown:
            await rig.to(rig.venue.t + 0.05)
            assert rig.venue.t < 60
        rig.venue.weather.lose_before = 0.0
        sent = [at for at, request in rig.venue.log.sent if request.cl_id][-1]
        while rig.ledger.n_unknown:
            await rig.to(rig.venue.t + 0.05)
            assert rig.venue.t < sent + 8.2, "Expected the proof within R + skew + L + 2 s"

    for seed in (3, 4, 5):
        print("seed", seed)
        LiveRig(seed).run(script)
