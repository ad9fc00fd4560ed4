"""Faults of requests on the real wire: answers that never come, refusals that are none, a cancel that meets a fill.

Each ends with both ledgers equal, no client id used twice and no fill lost, whatever was on the way.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.domain.commands import Pause
from core.domain.events import Asked, Read
from core.domain.order import CANCEL_REJECTED, LOST, REJECTED
from core.domain.reasons import FILTER_STEP, UNKNOWN_ORDER_ID, name_of
from core.domain.units import NS_PER_S
from tests.venues.ccxt.fault_hall import BOTH, LIVELY, FaultCore, Hall, Venue, equal, quoting, settled
from tests.venues.ccxt.live_hall import eventually, trading

PERIOD_NS = 2 * NS_PER_S  # of the cross-check, instead of five seconds
IMPATIENT_MS = 700  # of the trade client, instead of five seconds


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The account is cross-checked more often: these tests are of the outcome, those of private news of its time."""
    monkeypatch.setattr("core.engine.crosscheck.PERIOD_NS", PERIOD_NS)


async def lost_answer(hall: Hall, do: str, **rule: Any) -> None:
    """A create is acted on; its answer and the stream's news are lost: UNKNOWN at once, found, never sent again."""
    async with hall.venue() as at:
        core = hall.core(at)
        core.venue.instances.trade.timeout = IMPATIENT_MS
        at.fault(do, hall.create, times=1, **rule)
        at.fault("gap", hall.ws_private, until_s=3.0)
        async with trading(core):
            await eventually(lambda: core.kinds(LOST), "an order of unknown fate")
            lost = core.kinds(LOST)[0].cl_id
            assert core.most_unknown == 1, "UNKNOWN is a state, counted at its worst"
            await eventually(lambda: core.ledger.n_unknown == 0, "its fate")
            await equal(core, at)
        settled(core, at)
        assert at.fired(do) == 1
        text = core.venue.ids.text(lost)
        assert [order.client for order in at.exchange.books.orders].count(text) == 1, "sent once, and it stood"


@BOTH
@pytest.mark.row("R-O1")
@pytest.mark.slow
async def test_a_create_whose_answer_times_out_after_it_was_applied_is_found_and_not_sent_again(hall: Hall) -> None:
    await lost_answer(hall, "hang_after", seconds=3.0)


@BOTH
@pytest.mark.row("R-O1")
@pytest.mark.slow
async def test_a_create_whose_connection_drops_after_it_was_applied_is_found_and_not_sent_again(hall: Hall) -> None:
    await lost_answer(hall, "drop_after")


@BOTH
@pytest.mark.row("R-O1")
@pytest.mark.slow
async def test_a_create_answered_5xx_after_it_was_applied_is_found_and_not_sent_again(hall: Hall) -> None:
    await lost_answer(hall, "status_after", status=502, text="bad gateway")


@BOTH
@pytest.mark.row("R-O1")
@pytest.mark.slow
async def test_a_create_that_never_arrived_is_unknown_until_its_lifetime_proves_it_absent(hall: Hall) -> None:
    """RELIABILITY 2.3: absence is proof only after R + skew + L; before that it is counted as if it stood."""
    async with hall.venue() as at:
        core = hall.core(at)
        core.venue.instances.trade.timeout = IMPATIENT_MS
        at.fault("drop", hall.create, times=1)
        async with trading(core):
            await eventually(lambda: core.kinds(LOST), "an order of unknown fate")
            lost, at_ns = core.kinds(LOST)[0].cl_id, core.kinds(LOST)[0].ts
            await eventually(lambda: core.ledger.n_unknown == 0, "its fate", 15.0)
            assert core.engine.now - at_ns > 5_000_000_000
            await equal(core, at)
        settled(core, at)
        assert core.venue.ids.text(lost) not in [order.client for order in at.exchange.books.orders]


@BOTH
@pytest.mark.row("R-O3")
@pytest.mark.slow
async def test_a_cancel_that_races_a_fill_is_a_question_and_the_fill_is_counted_once(hall: Hall) -> None:
    """The venue fills an order of ours, its news are late, and the cancel that follows finds nothing there."""
    async with hall.venue(character=LIVELY) as at:
        core = hall.core(at)
        at.fault("late", hall.ws_private, seconds=1.0)
        raced: list[str] = []

        def on_change(event: Any) -> None:
            trade = getattr(event, "trade", None)
            if trade is not None and not trade.order.open and not raced:
                raced.append(trade.order.client)
                core.driver.push(Asked(Pause(id="race", who="test")))

        at.exchange.listeners.append(on_change)
        async with trading(core):
            await eventually(lambda: raced, "a fill", 30.0)
            await eventually(lambda: core.kinds(CANCEL_REJECTED), "a cancel that found nothing")
            await equal(core, at)
        settled(core, at)
        mine = next(request.cl_id for _, request in core.requests if core.venue.ids.text(request.cl_id) == raced[0])
        no = [report.code for report in core.kinds(CANCEL_REJECTED) if report.cl_id == mine]
        assert set(no) == {UNKNOWN_ORDER_ID}, [name_of(code) for code in no]


@BOTH
@pytest.mark.row("R-B4")
@pytest.mark.slow
async def test_reads_answered_503_are_never_taken_for_an_empty_account(hall: Hall) -> None:
    """Orders, positions and trades answer 503 for a while: nothing is forgotten, nothing re-sent, nothing is flat."""
    async with hall.venue(character=LIVELY) as at:
        core = hall.core(at)
        async with trading(core):
            await quoting(core, at)
            for place in (hall.orders, hall.positions, hall.trades):
                at.fault("status", place, status=503, text="unavailable")
            reply = await core.venue.read(Read("orders", 7))
            assert reply.error and "503" in reply.error and reply.orders == ()
            last = core.engine.check.last_ok
            await eventually(lambda: ("warn", "reconcile") in [said[:2] for said in core.said], "a warning", 10.0)
            assert core.engine.check.last_ok == last, "not answered is not agreed"
            assert "not told" in core.engine.check.why and "503" in core.engine.check.why
            await equal(core, at)  # by the streams: nothing was forgotten, nothing believed gone
            assert core.engine.check.last_ok == last
            at.server.faults.clear()
            await eventually(lambda: core.engine.check.last_ok > last, "a clean reconcile after it", 15.0)
            await equal(core, at)
        settled(core, at)
        assert "overloaded" in core.states() and "new ones wait" in core.told("venue_overloaded")


async def until_cooling(core: FaultCore, at: Venue) -> None:
    """Until three identical rejects have cooled the strategy down, and its exits rest as well."""
    await eventually(lambda: "mode_cooldown" in core.codes, "COOLDOWN", 20.0)


@BOTH
@pytest.mark.row("R-O6", "R-N5")
@pytest.mark.slow
async def test_a_filter_that_the_list_does_not_show_cools_down_after_three_identical_rejects(hall: Hall) -> None:
    """What the operator sees: COOLDOWN with the reason; no loop of refused orders at the venue. Where the list shows
    it: `test_faults_terms.py`."""
    async with hall.venue() as at:
        core = hall.core(at)
        async with trading(core):
            await quoting(core, at)
            at.fault("drop", "GET /fapi/v1/exchangeInfo")  # Hyperliquid lists no price step
            at.exchange.inject(0, "filters", (7_919, 0, 0))  # a price step that hardly any price of ours is on
            at.exchange.inject(0, "cancel_order", (0,))
            await until_cooling(core, at)
            reason = next(text for _, code, text in core.said if code == "mode_cooldown")
            assert name_of(FILTER_STEP) in reason
            await asyncio.sleep(1.0)
            refused = len([r for r in core.kinds(REJECTED) if r.code == FILTER_STEP])
            await asyncio.sleep(2.0)
            again = len([r for r in core.kinds(REJECTED) if r.code == FILTER_STEP])
            assert refused >= 3 and again == refused, "R-O6: no loop"
            at.exchange.inject(0, "filters", (1, 0, 0))
            await equal(core, at)
        settled(core, at)
