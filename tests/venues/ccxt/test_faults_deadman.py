"""The dead-man's switch on the real wire, and a second core on the account. Windows here are the venues' least.

Armed before the first order, refreshed while all is well, never during a halt; it fires when we are frozen.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.build.protection import Protection
from core.build.second_writer import SecondWriter
from core.domain.commands import Halt
from core.domain.events import Asked
from core.domain.order import CREATE, IOC, REDUCE_ONLY, REJECTED
from core.domain.reasons import STALE_DATA
from core.domain.units import NS_PER_MS, NS_PER_S
from core.venues.ccxt.deadman import DeadManSwitch
from core.venues.ccxt.traits import DeadMan
from tests.venues.ccxt.fault_hall import BINANCE, BOTH, FaultCore, Hall, Venue, equal, quoting, settled
from tests.venues.ccxt.live_hall import EPOCH, eventually, request, trading

WINDOW_MS = 6_000
BEAT = {"binance_usdm": "POST /fapi/v1/countdownCancelAll", "hyperliquid": "POST /exchange:scheduleCancel"}


def fired(at: Venue) -> int:
    return int(at.dialect.dead_man.fired)


def shorter(core: FaultCore) -> DeadManSwitch:
    """The core's switch with a window of seconds instead of a minute."""
    core.venue.traits.dead_man = DeadMan("test", WINDOW_MS, 5_000)
    switch = core.venue.deadman
    switch._window_ns = WINDOW_MS * NS_PER_MS
    return switch


@contextlib.asynccontextmanager
async def protected(core: FaultCore, tmp_path: Any) -> AsyncIterator[Protection]:
    """As core.build.live_core: opened, armed, then the driver runs; the halt flag holds the beats."""
    alerts: list[Any] = []
    guard = Protection(
        {"test": shorter(core)}, tmp_path, tmp_path, core.clock, lambda *words: alerts.append(words)
    )  # fmt: skip
    opened, closed = core.venue.open, core.venue.close

    async def stop_and_close() -> None:
        await guard.stop()
        await closed()

    async def open_and_arm() -> None:
        await opened()
        await guard.start()

    core.venue.open, core.venue.close = open_and_arm, stop_and_close  # type: ignore[method-assign]
    core.driver.after = lambda: guard.hold() if core.closed else None
    async with trading(core):
        yield guard


@BOTH
@pytest.mark.slow
async def test_the_switch_is_armed_before_the_first_order_and_disarmed_at_a_clean_end(
    hall: Hall, tmp_path: Any
) -> None:
    async with hall.venue() as at:
        core = hall.core(at)
        async with protected(core, tmp_path) as guard:
            await quoting(core, at)
            assert guard.kinds == {"test": "venue"} and "s left" in guard.text()
            places = at.places()
            assert places.index(BEAT[hall.name]) < places.index(hall.create)
            beats = core.venue.deadman.beats
            await eventually(lambda: core.venue.deadman.beats > beats, "a beat each quarter of the window", 3.0)
            await equal(core, at)
        settled(core, at)
        assert fired(at) == 0 and core.venue.deadman.state == "off"
        switch = at.dialect.dead_man
        assert not (switch.until if hall is BINANCE else switch.at_ms), "the venue's own word"


@BOTH
@pytest.mark.slow
async def test_the_switch_is_not_refreshed_during_a_halt(hall: Hall, tmp_path: Any) -> None:
    async with hall.venue() as at:
        core = hall.core(at)
        async with protected(core, tmp_path) as guard:
            await quoting(core, at)
            core.closed = True
            core.driver.push(Asked(Halt(id="h", who="test")))
            await eventually(lambda: core.engine.state.run == "HALTED", "HALTED")
            beats = core.venue.deadman.beats
            await asyncio.sleep(WINDOW_MS / 4_000 + 0.3)
            assert core.venue.deadman.beats == beats and "not refreshed while stopping" in guard.text()
        settled(core, at)


@BOTH
@pytest.mark.slow
async def test_the_switch_fires_at_the_venue_when_the_driver_is_frozen(hall: Hall, tmp_path: Any) -> None:
    """Nothing of ours moves any more, beats included: the venue cancels what stands, within its window."""
    async with hall.venue() as at:
        core = hall.core(at)
        switch = shorter(core)
        await core.venue.open()
        try:
            assert await switch.arm()
            await core.venue.send(request(CREATE, 5, px=at.exchange.top(0)[0] - 100))
            assert len(at.exchange.books.open_of()) == 1
            assert switch._task is not None
            switch._task.cancel()  # frozen: no task of ours runs
            last = switch.deadline_ns
            await eventually(lambda: fired(at), "the venue's own cancel", WINDOW_MS / 1_000 + 1.0)
            assert abs(core.clock.monotonic() - last) < NS_PER_S // 2, "at the deadline that was on screen"
            assert at.exchange.books.open_of() == [] and len(at.exchange.books.orders) == 1
        finally:
            await core.venue.close()


@BOTH
@pytest.mark.slow
async def test_quoting_stops_at_half_the_window_when_beats_fail(hall: Hall) -> None:
    """So that we are quiet before the venue acts; and it goes on when a beat came through."""
    async with hall.venue() as at:
        core = hall.core(at)
        switch = shorter(core)
        await core.venue.open()
        try:
            assert await switch.arm()
            bid = at.exchange.top(0)[0]
            at.fault("status", BEAT[hall.name], status=503, text="unavailable")
            await core.venue.send(request(CREATE, 5, px=bid - 100))
            assert len(at.exchange.books.orders) == 1, "before half of the window"
            half = switch.deadline_ns - WINDOW_MS * NS_PER_MS // 2
            await asyncio.sleep((half - core.clock.monotonic()) / NS_PER_S + 0.05)
            await core.venue.send(request(CREATE, 6, px=bid - 110))
            said = [(r.kind, r.cl_id // 128, r.code) for r in core.driver.inbox.take_reports()]
            assert (REJECTED, 6, STALE_DATA) in said and len(at.exchange.books.orders) == 1
            assert switch.failures >= 1 and switch.why
            at.server.faults.clear()
            await eventually(lambda: not switch.quiet(core.clock.monotonic()), "a beat", 3.0)
            await core.venue.send(request(CREATE, 7, px=bid - 120))
            assert len(at.exchange.books.orders) == 2 and fired(at) == 0
        finally:
            await core.venue.close()


@BOTH
@pytest.mark.slow
async def test_the_quiet_time_of_the_switch_keeps_no_exit_from_closing_at_once(hall: Hall) -> None:
    """What cannot rest needs no switch: a position is closable while the beats fail. A resting exit stays barred."""
    async with hall.venue() as at:
        core = hall.core(at)
        switch = shorter(core)
        await core.venue.open()
        try:
            assert await switch.arm()
            bid, ask = at.exchange.top(0)
            await core.venue.send(request(CREATE, 5, px=ask + 100, tif=IOC))
            held = at.exchange.position(0)[0]
            assert held > 0
            at.fault("status", BEAT[hall.name], status=503, text="unavailable")
            half = switch.deadline_ns - WINDOW_MS * NS_PER_MS // 2
            await asyncio.sleep((half - core.clock.monotonic()) / NS_PER_S + 0.05)
            assert switch.quiet(core.clock.monotonic())
            await core.venue.send(request(CREATE, 6, side=1, px=ask + 500, flags=REDUCE_ONLY))
            said = [(r.kind, r.cl_id // 128, r.code) for r in core.driver.inbox.take_reports()]
            assert (REJECTED, 6, STALE_DATA) in said
            await core.venue.send(request(CREATE, 7, side=1, px=bid - 500, tif=IOC, qty=held, flags=REDUCE_ONLY))
            assert at.exchange.position(0)[0] == 0
        finally:
            await core.venue.close()


@BOTH
@pytest.mark.row("R-W5")
@pytest.mark.slow
async def test_a_second_writer_on_the_account_halts_us_within_one_poll(hall: Hall) -> None:
    """Another core of ours, another epoch, same account: HALT, and what carries our mark is cancelled, whoever sent it.
    As core.build.live_core, this core looks each turn."""
    async with hall.venue() as at:
        core = hall.core(at)
        writer = SecondWriter([(hall.name, core.venue.ids)], core.engine.check)

        def look() -> None:
            if why := writer.look():
                core.driver.fatal(why)

        core.driver.after = look
        other = hall.adapter(at, epoch=EPOCH + 1)
        async with trading(core):
            await quoting(core, at)
            assert writer._known == {0: set()}
            await other.open(listen=False)
            try:
                await other.send(request(CREATE, 5, px=at.exchange.top(0)[0] - 5_000))
                sent = core.clock.now()
                await eventually(lambda: core.fatals, "a fatal", 8.0)
                assert core.clock.now() - sent <= 6 * NS_PER_S
                assert "second writer" in core.fatals[0] and f"{EPOCH + 1:06x}" in core.fatals[0]
                await eventually(lambda: core.engine.state.run == "HALTED", "HALTED")
                assert at.exchange.books.open_of() == []
            finally:
                await other.close()
        settled(core, at)
