"""The venue as a whole is not what it was: maintenance, bans, used-up weight. Each is a named state with a next step.

Cancels and what reduces risk leave where the venue lets them; inside a Retry-After nothing does.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.domain.events import Read
from core.domain.order import CANCEL, CREATE, IOC, REDUCE_ONLY, REJECTED
from core.domain.reasons import RATE_LIMIT, VENUE_CLOSED, name_of
from core.domain.units import NS_PER_S
from core.engine.inbox import Inbox
from core.venues.condition import OVERLOAD_NS
from tests.venues.ccxt.fault_hall import BINANCE, BOTH, Hall, Venue, equal, quoting, settled
from tests.venues.ccxt.live_hall import eventually, request, trading


def asked_since(at: Venue, ts: int) -> list[str]:
    """REST requests that arrived after `ts`."""
    return [asked.place for asked in at.server.asked if asked.ts > ts and "/ws" not in asked.place]


@BOTH
@pytest.mark.row("R-N6")
@pytest.mark.slow
async def test_maintenance_is_a_named_state_cancels_are_still_tried_and_trading_goes_on_after_it(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.venues.condition.OVERLOAD_NS", 2 * NS_PER_S)
    async with hall.venue() as at:
        core = hall.core(at)
        async with trading(core):
            await quoting(core, at)
            begun = core.clock.now()
            at.fault("maintenance", seconds=3.0)
            await core.venue.read(Read("orders", 7))
            await eventually(lambda: core.venue.condition.state.name != "ok", "a named state", 8.0)
            await eventually(lambda: core.states(), "the operator told", 3.0)
            state = core.venue.condition.state
            assert state.name in ("overloaded", "closed", "down") and state.next_step
            await asyncio.sleep(max(0.0, 3.2 - (core.clock.now() - begun) / NS_PER_S))
            await eventually(lambda: core.venue.condition.state.name == "ok", "recovery", 20.0)
            await equal(core, at)
        settled(core, at)


@BOTH
@pytest.mark.row("R-N6")
async def test_cancels_are_tried_again_while_the_venue_is_in_maintenance(hall: Hall) -> None:
    """One cancel into a maintenance of a second: the same request, again, until the venue does it."""
    async with hall.venue() as at:
        inbox = Inbox(1)
        made = hall.adapter(at, inbox)
        await made.open(listen=False)
        try:
            await made.send(request(CREATE, 5, px=at.exchange.top(0)[0] - 100))
            at.fault("maintenance", seconds=0.8)
            await made.send(request(CREATE, 6, px=at.exchange.top(0)[0] - 100))
            before = len(at.server.asked)
            await made.send(request(CANCEL, 5))
            cancels = [asked.status for asked in at.server.asked[before:]]
            assert cancels[-1] == 200 and 503 in cancels, cancels
            assert at.exchange.books.open_of() == []
            assert len(at.exchange.books.orders) == 1, "the create of the maintenance was not sent again"
        finally:
            await made.close()


async def banned(hall: Hall, status: int) -> None:
    """Nothing at all leaves before Retry-After is over; the state counts down; then trading goes on by itself."""
    async with hall.venue() as at:
        core = hall.core(at)
        async with trading(core):
            await quoting(core, at)
            at.fault("status", hall.orders, times=1, status=status, code=-1003 if hall is BINANCE else 0,
                     text="Too many requests", retry_after=3)  # fmt: skip
            await core.venue.read(Read("orders", 7))
            assert at.fired("status") == 1
            hit = next(asked.ts for asked in at.server.asked if asked.status == status)
            await eventually(lambda: core.venue.condition.state.name == "banned", "state `banned`", 3.0)
            until = core.venue.condition.state.until
            assert 2 * NS_PER_S < until - hit <= 3 * NS_PER_S + NS_PER_S // 2, "a count-down"
            await eventually(lambda: "banned" in core.states(), "the operator told", 2.0)
            assert "nothing is sent until then" in core.told("venue_banned")
            await asyncio.sleep(max(0.0, (hit + 3 * NS_PER_S - core.clock.now()) / NS_PER_S))
            flying = NS_PER_S // 20  # what had left before the answer came
            early = [
                asked.place
                for asked in at.server.asked
                if hit + flying < asked.ts < hit + 3 * NS_PER_S and "/ws" not in asked.place
            ]
            assert early == [], "R-N2: no request inside a Retry-After"
            await eventually(lambda: core.venue.condition.state.name == "ok", "recovery", 10.0)
            await equal(core, at)
        settled(core, at)


@BOTH
@pytest.mark.row("R-N2")
@pytest.mark.slow
async def test_429_with_retry_after_is_obeyed_to_the_second(hall: Hall) -> None:
    await banned(hall, 429)


@BOTH
@pytest.mark.row("R-N2")
@pytest.mark.slow
async def test_418_is_silence_until_it_is_over(hall: Hall) -> None:
    await banned(hall, 418)


@BOTH
@pytest.mark.row("R-N2")
@pytest.mark.slow
async def test_above_80_percent_of_the_weight_only_cancels_and_reduce_only_orders_leave(hall: Hall) -> None:
    """COOLDOWN: the venue says how much is used (or we count it); new risk is refused here with its reason."""
    async with hall.venue() as at:
        inbox = Inbox(1)
        made = hall.adapter(at, inbox)
        await made.open(listen=False)
        try:
            bid = at.exchange.top(0)[0]
            await made.send(request(CREATE, 5, px=bid + 600, tif=IOC))
            await made.send(request(CREATE, 6, px=bid - 100))
            use_up(made, 0.85)
            assert made.instances.budget.cooling(made.clock.monotonic())
            count = len(at.server.asked)
            await made.send(request(CREATE, 7, px=bid - 200))
            assert len(at.server.asked) == count, "no request"
            said = [(r.kind, r.cl_id // 128, r.code) for r in inbox.take_reports()]
            assert (REJECTED, 7, RATE_LIMIT) in said, [(k, n, name_of(c)) for k, n, c in said]
            await made.send(request(CREATE, 8, side=1, px=bid + 900, flags=REDUCE_ONLY))
            await made.send(request(CANCEL, 6))
            standing = [order.client for order in at.exchange.books.open_of()]
            assert standing == [made.ids.text(8 * 128 + 1)], "reduce-only left, the cancel left"
        finally:
            await made.close()


def use_up(made: Any, share: float) -> None:
    """Weight is used up to this share of the minute."""
    budget, now = made.instances.budget, made.clock.monotonic()
    budget.spend(share * budget.limit - budget.used(now), now)


@BOTH
@pytest.mark.row("R-B4")
async def test_a_list_that_was_asked_of_an_overloaded_venue_is_no_proof_and_says_from_when_on_one_is(
    hall: Hall,
) -> None:
    async with hall.venue() as at:
        made = hall.adapter(at, Inbox(1))
        await made.open(listen=False)
        try:
            now = made.clock.now()
            made.condition.failed("overloaded", "503", now)
            reply = await made.read(Read("orders", 1))
            assert (reply.error, reply.proof, reply.proves_at) == ("", False, now + OVERLOAD_NS)
            made.condition.failed("banned", "429", now - OVERLOAD_NS, 1.0)  # what it is called since changes nothing
            assert not (await made.read(Read("orders", 2))).proof
            made.condition.failed("overloaded", "503", now - OVERLOAD_NS)
            reply = await made.read(Read("orders", 3))
            assert (reply.error, reply.proof, reply.proves_at) == ("", True, 0)
        finally:
            await made.close()


@BOTH
@pytest.mark.row("R-N6")
async def test_an_overloaded_venue_still_gets_what_reduces_risk(hall: Hall) -> None:
    async with hall.venue() as at:
        inbox = Inbox(1)
        made = hall.adapter(at, inbox)
        await made.open(listen=False)
        try:
            bid = at.exchange.top(0)[0]
            await made.send(request(CREATE, 5, px=bid + 600, tif=IOC))
            made.condition.failed("overloaded", "503", made.clock.now())
            await made.send(request(CREATE, 6, px=bid - 200))
            await made.send(request(CREATE, 7, side=1, px=bid + 900, flags=REDUCE_ONLY))
            said = [(r.kind, r.cl_id // 128, r.code) for r in inbox.take_reports()]
            assert (REJECTED, 6, VENUE_CLOSED) in said
            assert [order.client for order in at.exchange.books.open_of()] == [made.ids.text(7 * 128 + 1)]
        finally:
            await made.close()
