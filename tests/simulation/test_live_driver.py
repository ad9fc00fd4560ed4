"""The live driver by named case: write-ahead, the wire gate, stale feeds, faults of ours, shutdown, replay."""

from __future__ import annotations

import itertools
import pathlib

import pytest

from core import tasks
from core.build.replaying import replay
from core.domain.commands import Flatten, Halt, Stop
from core.domain.events import Moment
from core.domain.order import CANCEL, CREATE, REDUCE_ONLY, STOP, Request
from core.domain.units import NS_PER_S
from core.engine.outgoing import ORDERS_AT_ONCE
from tests.simulation.async_venue import Weather
from tests.simulation.live_oracle import Oracle
from tests.simulation.live_rig import LiveRig
from tests.simulation.rig import START

SEED = 5


def test_a_quiet_run_trades_and_both_ledgers_agree_at_the_end() -> None:
    """UC-03: the same engine and strategies behind a real wire's driver."""

    async def script(rig: LiveRig) -> None:
        oracle = Oracle(rig)
        await rig.to(120)
        assert rig.engine.state.run == "RUNNING" and len(rig.exchange.books.trades) > 20
        oracle.settled()
        rig.ask(Stop(id="s", who="test"))
        await rig.to(130)
        oracle.settled()
        assert rig.driver.ended and not rig.exchange.books.open_of()

    LiveRig(SEED).run(script)


def test_a_journal_slower_than_a_second_halts_and_what_it_held_never_leaves() -> None:
    """R-S1, R-S3: no create without its frame on the disk."""
    slow = [0.0005]

    async def sync() -> None:
        await tasks.sleep(slow[0])

    async def script(rig: LiveRig) -> None:
        oracle = Oracle(rig)
        await rig.to(10)
        slow[0] = 5.0
        before = rig.venue.t
        await rig.to(30)
        assert any("journal" in why for why in rig.fatals) and rig.flag.closed
        assert rig.engine.state.run == "HALTED" and not rig.exchange.books.open_of()
        assert rig.creates_after(before + 1.1) == []
        oracle.always()
        assert "wire_refused" in rig.seen.codes()

    LiveRig(SEED, sync=sync).run(script)


def test_a_journal_that_fails_halts_and_cancels_go_out_without_the_disk() -> None:
    """R-S1: cancels never need the disk."""
    broken = [False]

    async def sync() -> None:
        if broken[0]:
            raise OSError(28, "No space left on device")

    async def script(rig: LiveRig) -> None:
        oracle = Oracle(rig)
        await rig.to(10)
        assert rig.exchange.books.open_of()
        broken[0] = True
        await rig.to(20)
        assert rig.flag.closed and "No space left" in rig.fatals[0]
        assert not rig.exchange.books.open_of() and rig.engine.state.run == "HALTED"
        oracle.settled()

    LiveRig(SEED, sync=sync).run(script)


def test_cancels_of_a_step_leave_before_its_creates_have_reached_the_disk() -> None:
    async def sync() -> None:
        await tasks.sleep(0.4)

    async def script(rig: LiveRig) -> None:
        decided: dict[int, float] = {}

        def note(step: object) -> None:
            for request in getattr(step, "requests"):  # noqa: B009
                decided[id(request)] = rig.venue.t
                kept.append(request)

        kept: list[object] = []
        rig.seen.each = note
        await rig.to(40)
        waits = {CREATE: [0.0], CANCEL: [0.0]}
        for at, request in rig.venue.log.sent:
            if request.kind in waits and id(request) in decided and not request.flags & STOP:
                waits[request.kind].append(at - decided[id(request)])
        assert len(waits[CANCEL]) > 3 and max(waits[CANCEL]) < 0.01
        assert max(waits[CREATE]) >= 0.0 and not rig.flag.closed

    LiveRig(SEED, sync=sync).run(script)


def test_creates_that_wait_when_the_gate_closes_are_dropped_and_never_existed() -> None:
    """R-E1: the wire gate asks in the very call that sends."""

    async def sync() -> None:
        await tasks.sleep(0.3)

    async def script(rig: LiveRig) -> None:
        oracle = Oracle(rig)
        seen: list[float] = []
        rig.seen.each = lambda step: seen.append(rig.venue.t) if any(r.kind == CREATE for r in step.requests) else None
        while not seen:
            await rig.to(rig.venue.t + 0.01)
        rig.flag.closed = True  # the key: nothing of the engine has run yet
        rig.ask(Halt(id="h", who="test", reason="key"))
        await rig.to(rig.venue.t + 15)
        assert rig.venue.log.creates == [] and rig.engine.state.run == "HALTED"
        assert rig.ledger.n_live == 0 and "wire_refused" in rig.seen.codes()
        oracle.after_halt.clear()
        oracle.settled()

    LiveRig(SEED, sync=sync).run(script)


def test_quotes_are_pulled_within_a_second_of_a_silent_feed_being_stale_and_come_back() -> None:
    """R-N1."""

    async def script(rig: LiveRig) -> None:
        await rig.to(19)
        assert rig.exchange.books.open_of()
        stale = rig.instrument.book_stale_ns / NS_PER_S
        await rig.to(20 + stale + 1.2)
        quotes = [order for order in rig.exchange.books.open_of() if not order.flags & REDUCE_ONLY]
        assert quotes == [], rig.seen.codes()  # exits may stand
        await rig.to(60)
        assert rig.exchange.books.open_of() and rig.engine.state.run == "RUNNING"

    LiveRig(SEED, Weather(silent_s=(20.0, 40.0))).run(script)


def test_a_missing_fill_is_found_within_six_seconds() -> None:
    """R-O4: one fill frame silently missing."""

    async def script(rig: LiveRig) -> None:
        oracle = Oracle(rig)
        await rig.to(20)
        rig.venue.weather.report_lost, rig.venue.weather.until_s = 1.0, 1e9
        count = len(rig.exchange.books.trades)
        while len(rig.exchange.books.trades) == count:
            await rig.to(rig.venue.t + 0.1)
        rig.venue.weather.report_lost = 0.0
        missed = rig.exchange.books.trades[count]
        at = rig.venue.t
        while sum(rig.ledger.n_fills) < len(rig.exchange.books.trades):
            await rig.to(rig.venue.t + 0.05)
            assert rig.venue.t - at < 6.0, f"fill {missed.id} was not found"
        await rig.to(rig.venue.t + 10)
        oracle.settled()

    LiveRig(SEED).run(script)


def test_a_funding_payment_that_no_stream_told_is_found_and_counted_once() -> None:
    """R-O4, R-B3: what the venue does to the account unasked comes in by the cross-check too."""

    async def script(rig: LiveRig) -> None:
        oracle = Oracle(rig)
        rig.venue.weather.until_s = 1e9
        while not rig.exchange.books.payments:
            rig.venue.weather.report_lost = float(rig.venue.t > 19.9)
            await rig.to(rig.venue.t + 0.02)
            assert rig.venue.t < 60
        rig.venue.weather.report_lost = 0.0
        await rig.to(rig.venue.t + 12)
        assert rig.ledger.funding == rig.exchange.books.payments[0].amount != 0
        oracle.settled()
        await rig.to(rig.venue.t + 20)
        oracle.settled()

    eight = START + 8 * 3600 * NS_PER_S
    for seed in range(SEED, SEED + 3):
        print("seed", seed)
        LiveRig(seed, start=eight - 20 * NS_PER_S).run(script)


def test_flatten_leaves_nothing_at_the_venue_and_says_so_only_then() -> None:
    """R-E8: FLAT is what the venue said twice."""

    async def script(rig: LiveRig) -> None:
        oracle = Oracle(rig)
        while rig.exchange.position(0)[0] == 0:
            await rig.to(rig.venue.t + 0.5)
        rig.flag.closed = True
        rig.ask(Flatten(id="f", who="test"))
        while rig.engine.state.run != "FLAT":
            await rig.to(rig.venue.t + 0.05)
            assert rig.venue.t < 200
        assert rig.exchange.position(0)[0] == 0 and not rig.exchange.books.open_of()
        await rig.to(rig.venue.t + 10)
        assert rig.exchange.position(0)[0] == 0
        oracle.always()

    LiveRig(SEED, Weather(until_s=1e9, lose_after=0.1, report_lost=0.1, read_fails=0.2)).run(script)


def test_a_broken_engine_closes_the_gate_and_cancels_what_the_venue_lists_of_ours() -> None:
    async def script(rig: LiveRig) -> None:
        await rig.to(20)
        assert rig.exchange.books.open_of()

        def boom(_moment: Moment) -> None:
            raise ZeroDivisionError("a bug of ours")

        rig.engine.process = boom  # type: ignore[assignment]
        with pytest.raises(ZeroDivisionError):
            await rig.to(40)
        assert rig.flag.closed and "ZeroDivisionError" in rig.fatals[0] and not rig.exchange.books.open_of()

    LiveRig(SEED).run(script)


def test_an_adapter_that_raises_is_told_as_lost_and_halts() -> None:
    async def script(rig: LiveRig) -> None:
        await rig.to(10)
        await rig.break_adapter()
        assert rig.flag.closed and "KeyError" in rig.fatals[0]
        await rig.to(rig.venue.t + 30)
        assert not rig.exchange.books.open_of() and rig.ledger.n_unknown == 0

    LiveRig(SEED).run(script)


def test_orders_on_the_wire_at_once_are_bounded_and_a_stop_is_not_behind_them() -> None:
    """R-E3: emergency > order."""

    async def script(rig: LiveRig) -> None:
        rig.venue.weather.until_s, rig.venue.weather.late = 1e9, 1.0
        out, peak, send = 0, 0, rig.venue.send

        async def counted(request: Request) -> None:
            nonlocal out, peak
            out += request.kind == CREATE
            peak = max(peak, out)
            await send(request)
            out -= request.kind == CREATE

        rig.venue.send = counted  # type: ignore[method-assign]
        await rig.to(20)
        assert 1 < peak <= ORDERS_AT_ONCE
        at = rig.venue.t
        rig.venue.weather.late = 0.0
        rig.flag.closed = True
        rig.ask(Halt(id="h", who="test", reason="key"))
        while not any(r.flags & STOP for _, r in rig.venue.log.sent):
            await rig.to(rig.venue.t + 0.005)
            assert rig.venue.t - at < 1.0

    LiveRig(SEED).run(script)


def test_a_live_journal_replays_to_identical_requests_without_any_other_file(tmp_path: pathlib.Path) -> None:
    """DESIGN 4: rows of a live feed stand in the journal."""
    path = tmp_path / "live.perpj"

    async def script(rig: LiveRig) -> None:
        await rig.to(60)
        rig.ask(Stop(id="s", who="test"))
        await rig.to(75)

    rig = LiveRig(SEED, Weather(until_s=40, lose_after=0.1, report_twice=0.2, gap=0.01, read_fails=0.1), path).run(
        script
    )
    rig.journal.close()
    body = replay(path, verify=True)
    assert body["ok"] and body["frames"] == rig.seen.steps and body["requests"] == len(rig.seen.requests), body


def test_sleeping_rows_wait_for_the_next_wake_and_none_is_lost() -> None:
    """Wake conditions: rows that wake nobody join the slice of the next moment."""

    async def script(rig: LiveRig) -> None:
        slices: list[tuple[int, int]] = []
        rig.seen.each = lambda step: slices.extend((s.first, s.last) for s in step.moment.slices)
        await rig.to(60)
        assert slices[0][0] == 0 and all(a[1] == b[0] for a, b in itertools.pairwise(slices))
        assert 300 < slices[-1][1] <= rig.driver.events
        assert len(slices) < slices[-1][1] / 2  # several rows a wake

    LiveRig(SEED).run(script)
