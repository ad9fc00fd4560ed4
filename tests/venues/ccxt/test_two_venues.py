"""One live core at two loopback venues of different dialects: both trade, and neither hangs on the other when it must
be cancelled, read or stopped. The core is the program's own; the oracle is each venue's own books."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.build.holdings import kept_holdings
from core.clock import SystemClock
from core.control.desk import Desk
from core.control.launch import Launch
from core.control.venue_record import read_venues
from core.domain.commands import Halt, Resume, Stop
from core.domain.errors import PerpError
from core.domain.order import CREATE, IOC
from core.engine.inbox import Inbox
from core.guard.account import AccountGuard
from core.guard.private import private_dir
from core.venues.ccxt.venue import CcxtVenue
from core.venues.wire.behind import WireExchange
from core.venues.wire.server import VenueServer
from tests.rehearsal.live import Living, differences, living, until
from tests.rehearsal.stage import BINANCE, HYPERLIQUID, environment, keys_of, several, venue_of
from tests.venues.ccxt.live_hall import request

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
STAGES = (BINANCE, HYPERLIQUID)
BLIND_S = 10.0  # R-N1: of an account that was not confirmed
BACK_S = 75.0  # a cool-down of a minute may begin with the return
FUNDING_S = 35.0  # a loopback venue settles half a minute in; the list of payments is read twice a minute at most


@dataclass
class At:
    """A running venue that can be killed and brought back under its address."""

    server: VenueServer
    exchange: WireExchange
    port: int
    alive: bool = True

    async def kill(self) -> None:
        """Every connection is cut, nothing listens any more."""
        await self.server.close()
        self.alive = False

    async def back(self) -> None:
        await self.server.start(self.port)
        self.alive = True

    def open(self) -> list[Any]:
        return self.exchange.books.open_of()

    @property
    def orders(self) -> int:
        return len(self.exchange.books.orders)


@contextlib.asynccontextmanager
async def both(folder: Path, dead_man: bool = True) -> AsyncIterator[tuple[At, At, Launch]]:
    """The two venues and what a start needs to trade at both."""
    at = []
    for stage in STAGES:
        server, exchange = venue_of(stage, (), 7)
        at.append(At(server, exchange, await server.start()))
    if not dead_man:
        at[1].server.dialect.dead_man.volume = 10**9  # type: ignore[attr-defined]
    state = private_dir(folder)
    config = state / "two.yml"
    config.write_text(several(STAGES, [f"http://127.0.0.1:{one.port}" for one in at], 7), encoding="utf-8")
    try:
        with environment({name: value for stage in STAGES for name, value in keys_of(stage).items()}):
            yield (
                at[0],
                at[1],
                Launch(state_dir=state, report_dir=private_dir(state / "reports"), config=config, mode="live"),
            )
    finally:
        for one in at:
            if one.alive:
                await one.server.close()


@contextlib.asynccontextmanager
async def quoting(launch: Launch, *at: At) -> AsyncIterator[tuple[Living, Desk]]:
    """Resumed, with orders at every venue."""
    async with living(launch) as (core, desk):
        before = [one.orders for one in at]
        await asyncio.sleep(0.5)
        assert [one.orders for one in at] == before, "K-34: nothing is sent before a person says so"
        desk.send(Resume(word="y"))
        await until(lambda: all(one.open() for one in at) or core.failed, "orders at both venues", 30.0)
        yield core, desk
        assert core.failed == []


async def stopped(core: Living, desk: Desk) -> None:
    """The clean end."""
    desk.send(Stop(id="end", who="test"))
    await until(lambda: core.ended, "the end", 40.0)


def exchanges(*at: At) -> list[WireExchange]:
    return [one.exchange for one in at]


async def test_one_engine_quotes_at_both_venues_and_all_books_agree_until_a_halt_empties_both(tmp_path: Path) -> None:
    """Issue 4 point 6; R-O1, R-E3: orders, fills, fees and positions are the venues' own; the halt holds for both."""
    async with both(tmp_path / "state") as (a, b, launch), quoting(launch, a, b) as (core, desk):
        assert [record.name for record in read_venues(launch.state_dir)] == ["binance_usdm", "hyperliquid"]
        assert {record.epoch for record in read_venues(launch.state_dir)} == {core.going.epoch}
        assert [post.account for post in core.engine.posts] == [0, 1]
        text = core.pictures.dead_man
        assert "binance_usdm loopback" in text and "hyperliquid loopback" in text and text.count("s left") == 2, text
        await until(lambda: a.exchange.books.trades and b.exchange.books.trades, "fills at both", 40.0)
        await until(lambda: not differences(core, exchanges(a, b)), "books that agree", 20.0, raises=False)
        assert differences(core, exchanges(a, b)) == []
        desk.send(Halt(id="h", who="test", reason="drill"))
        await until(lambda: core.engine.state.run == "HALTED", "HALTED", 30.0)
        assert a.open() == b.open() == []
        await asyncio.sleep(1.2)  # the latch of an account is written with its heartbeat
        reasons = [guard.latch.read() for guard in core.guards.each]
        assert [stop.reason if stop else "" for stop in reasons] == ["drill", "drill"]
        held = {one.sign.split("|")[1].split(",")[0]: one.rows[0].pos
                for one in kept_holdings(launch.state_dir).values()}  # fmt: skip
        assert held == {"binance_usdm": a.exchange.position(0)[0], "hyperliquid": b.exchange.position(0)[0]}
        listed = await core._listed()
        told = {row["venue"]: row["lots"] for row in listed["positions"]}
        assert told == {name: lots for name, lots in held.items() if lots} and "error" not in listed
        for guard in core.guards.each:
            guard.rearmed("end of the drill", "test", core.clock.now())


@pytest.mark.timeout(180)
async def test_a_dead_venue_leaves_the_other_trading_read_and_saved_and_is_taken_up_again(tmp_path: Path) -> None:
    """R-N1, R-B4: the blind account quotes nothing and is not taken for flat; after its return both books agree."""
    begun = time.monotonic()
    async with both(tmp_path / "state") as (a, b, launch), quoting(launch, a, b) as (core, desk):
        await until(lambda: not differences(core, exchanges(a, b)), "books that agree", 20.0)
        await b.kill()
        blind = core.engine.posts[1]
        await until(lambda: blind.risk.s.pull_quotes == 1, "pulled quotes at the dead venue", 30.0)
        before, confirmed = a.orders, core.engine.check.each[0].last_ok
        await asyncio.sleep(BLIND_S)
        assert a.orders > before, "the living venue is quoted"
        assert core.engine.check.each[0].last_ok > confirmed > core.engine.check.each[1].last_ok
        assert core.engine.state.run in ("RUNNING", "PAUSED"), core.engine.state.reason
        listed = await core._listed()
        assert "hyperliquid" in listed["error"] and "binance" not in listed["error"]
        assert all(row["venue"] == "binance_usdm" for row in listed["orders"])
        saved = {one.sign.split("|")[1].split(",")[0]: one.as_of for one in kept_holdings(launch.state_dir).values()}
        assert saved["binance_usdm"] >= saved["hyperliquid"]
        await b.back()
        await until(lambda: blind.risk.s.pull_quotes == 0 or core.failed, "quotes again", BACK_S, raises=False)
        assert blind.risk.s.pull_quotes == 0, [f"{row.code} {row.text}" for row in core.observers.alerts.rows()]
        await until(lambda: time.monotonic() > begun + FUNDING_S, "funding settled at both", FUNDING_S)
        await until(lambda: not differences(core, exchanges(a, b)), "books that agree", 60.0, raises=False)
        assert differences(core, exchanges(a, b)) == []
        await stopped(core, desk)
        assert a.open() == b.open() == [] and differences(core, exchanges(a, b)) == []


async def test_a_halt_empties_the_living_venue_at_once_and_the_dead_one_when_it_is_back(tmp_path: Path) -> None:
    """R-E3: never called done before both venues have said so."""
    async with both(tmp_path / "state") as (a, b, launch), quoting(launch, a, b) as (core, desk):
        assert b.open()
        await b.kill()
        desk.send(Halt(id="h", who="test", reason="drill"))
        await until(lambda: a.open() == [], "no order at the living venue", 5.0)
        run = core.engine.stopping.runs
        await until(lambda: run[0].finished(), "the living venue proven empty", 20.0)
        assert core.engine.state.run == "HALTING" and not run[1].finished()
        await b.back()
        await until(lambda: core.engine.state.run == "HALTED", "HALTED", 60.0)
        assert a.open() == b.open() == []
        for guard in core.guards.each:
            guard.rearmed("end of the drill", "test", core.clock.now())


async def test_requests_that_hang_at_one_venue_hold_up_none_of_the_other(tmp_path: Path) -> None:
    """Its places on the wire are its own: a hedge must leave while the other venue answers nothing."""
    async with both(tmp_path / "state") as (a, b, launch), quoting(launch, a, b) as (core, _):
        outgoing = core.driver.outgoing
        lane = outgoing._orders[1]
        for _ in range(8):
            await lane.acquire()
        before = a.orders
        await until(lambda: a.orders > before + 2, "orders at the other venue", 30.0)
        assert lane.locked()
        for _ in range(8):
            lane.release()
        await until(lambda: not differences(core, exchanges(a, b)), "books that agree", 30.0)


@pytest.mark.row("R-W5")
async def test_a_second_writer_at_the_second_venue_stops_the_core_at_both(tmp_path: Path) -> None:
    async with both(tmp_path / "state") as (a, b, launch), quoting(launch, a, b) as (core, _):
        await until(lambda: core.engine.check.clean, "a clean reconcile", 20.0)
        going = core.going.each[1]
        listed = [(0, place.instrument) for _, place in going.places]
        other = CcxtVenue(going.traits, going.access, listed, Inbox(1), SystemClock(), epoch=core.going.epoch ^ 1)
        await other.open(listen=False)
        try:
            await other.send(request(CREATE, 5, px=b.exchange.top(0)[0] - 5_000))
        finally:
            await other.close()
        await until(lambda: core.driver.failure, "a fatal", 10.0)
        assert "second writer" in core.driver.failure and "hyperliquid" in core.driver.failure
        await until(lambda: core.engine.state.run == "HALTED", "HALTED", 30.0)
        assert a.open() == b.open() == []
        await asyncio.sleep(1.2)
        for guard in core.guards.each:
            guard.rearmed("end of the drill", "test", core.clock.now())


@pytest.mark.row("R-W1")
async def test_a_core_whose_second_account_is_held_starts_at_neither(tmp_path: Path) -> None:
    async with both(tmp_path / "state") as (_, __, launch):
        async with living(launch) as (core, desk):
            names = [going.account for going in core.going.each]
            await stopped(core, desk)
        other = AccountGuard(names[1], SystemClock(), any_filesystem=True)
        other.take()
        try:
            with pytest.raises(PerpError, match="pid"):
                async with living(launch):
                    pass
            free = AccountGuard(names[0], SystemClock(), any_filesystem=True)
            free.take()
            free.release()
        finally:
            other.release()


async def test_positions_at_both_venues_are_ours_again_after_a_restart_and_the_records_go_when_both_are_flat(
    tmp_path: Path,
) -> None:
    """R-B1: each venue's record by itself; `venues.json` is written before anything is opened, and forgotten late."""
    async with both(tmp_path / "state") as (a, b, launch):
        async with quoting(launch, a, b) as (core, desk):
            await until(
                lambda: (a.exchange.position(0)[0] and b.exchange.position(0)[0]) or core.failed,
                "positions at both",
                60.0,
            )
            await stopped(core, desk)
            left = [one.exchange.position(0)[0] for one in (a, b)]
        if any(left):
            assert len(read_venues(launch.state_dir)) == 2
        async with living(launch) as (core, desk):
            await until(lambda: core.engine.state.run == "PAUSED", "PAUSED", 30.0)
            assert [post.ledger.s.pos for post in core.engine.posts] == left
            assert core.engine.check.foreign_positions == 0
            desk.send(Resume(word="y"))
            await until(lambda: core.engine.state.run == "RUNNING", "RUNNING", 10.0)
            desk.send(Stop(id="end", who="test", flatten=True))
            await until(lambda: core.ended, "the end", 60.0)
        assert [one.exchange.position(0)[0] for one in (a, b)] == [0, 0] and a.open() == b.open() == []
        assert read_venues(launch.state_dir) == ()


async def test_foreign_orders_of_either_venue_are_counted_and_left_alone(tmp_path: Path) -> None:
    async with both(tmp_path / "state") as (a, b, launch):
        b.exchange.create("somebody-else", 0, 0, b.exchange.top(0)[0] - 5_000, 50)
        a.exchange.create("somebody-else", 0, 0, a.exchange.top(0)[1] + 600, 50, tif=IOC)
        async with quoting(launch, a, b) as (core, desk):
            assert core.engine.check.each[0].foreign_positions == 1 and core.engine.check.each[1].foreign_orders == 1
            await stopped(core, desk)
            ours = core.engine.posts[0].ledger.s.pos
        assert len(b.open()) == 1 and a.exchange.position(0)[0] == 50 + ours
        assert len(read_venues(launch.state_dir)) == 2, "a person has to look"
