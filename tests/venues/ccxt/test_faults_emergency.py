"""The emergency lane: a stop's cancels overtake hundreds of waiting requests. Order only; times are the bench's."""

from __future__ import annotations

import pytest

from core.domain.commands import Halt
from core.domain.events import Asked
from tests.bench.emergency import QUEUED, full_queue, market_ahead
from tests.venues.ccxt.fault_hall import BOTH, Hall, places_of, quoting, settled
from tests.venues.ccxt.live_hall import agree, eventually, trading


@BOTH
@pytest.mark.slow
async def test_the_cancels_of_a_stop_overtake_500_waiting_requests(hall: Hall) -> None:
    async with hall.venue() as at:
        market_ahead(at)
        core = hall.core(at)
        async with trading(core):
            await quoting(core, at)
            standing = len(at.exchange.books.open_of())
            await full_queue(core, at, hall)
            await eventually(lambda: at.fired("hang") >= 1, "some of them at the venue")
            called = at.server.clock.now()
            core.driver.push(Asked(Halt(id="h", who="test")))
            await eventually(lambda: not at.exchange.books.open_of(), "no order at the venue")
            done = at.server.clock.now()
            creates = [asked for asked in places_of(at, hall.create)() if called < asked.ts <= done]
            cancels = [asked for asked in places_of(at, hall.cancel)() if called < asked.ts <= done]
            assert len(cancels) >= 1 and standing >= 2
            waiting = core.driver.outgoing.in_flight
            assert waiting > QUEUED - 32, "they were overtaken, not waited for"
            at.server.faults.clear()
            await eventually(lambda: core.engine.state.run == "HALTED", "HALTED", 30.0)
            await eventually(lambda: not core.driver.outgoing.in_flight, "an empty queue", 30.0)
            after = [asked for asked in places_of(at, hall.create)() if asked.ts > called + 50_000_000]
            assert after == [] and len(creates) <= 8, "what waited never left: the gate is closed"
            await eventually(lambda: not agree(core, at.exchange), "ledgers that agree", 20.0)
        settled(core, at)
