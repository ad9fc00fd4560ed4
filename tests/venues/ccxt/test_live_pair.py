"""A pair live on two loopback venues of different dialects: the program's core, the venues' own books as oracle."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.build.holdings import kept_holdings
from core.control.desk import Desk
from core.control.launch import Launch
from core.domain.commands import Halt, Resume, Stop
from core.domain.errors import Refused
from core.domain.order import IOC, REDUCE_ONLY
from core.domain.reasons import VENUE_BUSY
from core.engine.pair_seat import PairSeat
from core.guard.private import private_dir
from core.venues.wire.behind import WireExchange
from core.venues.wire.server import VenueServer
from tests.rehearsal.live import Living, differences, living, until
from tests.rehearsal.stage import HYPERLIQUID, LONG_LEG, environment, keys_of, pair_of, venue_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]
STAGES = (LONG_LEG, HYPERLIQUID)
BASE = 0.01  # coins a leg
S3 = 3
SEED = 7  # of a market in which the first leg soon gains


@contextlib.asynccontextmanager
async def pair(folder: Path, seed: int) -> AsyncIterator[tuple[list[VenueServer], list[WireExchange], Launch]]:
    """The two venues and what a start needs."""
    made = [venue_of(stage, (), seed) for stage in STAGES]
    servers, at = [server for server, _ in made], [exchange for _, exchange in made]
    state = private_dir(folder)
    config = state / "pair.yml"
    urls = [f"http://127.0.0.1:{await server.start()}" for server in servers]
    config.write_text(pair_of(STAGES, urls, seed), encoding="utf-8")
    launch = Launch(state_dir=state, report_dir=private_dir(state / "reports"), config=config, mode="live")
    try:
        with environment({name: value for stage in STAGES for name, value in keys_of(stage).items()}):
            yield servers, at, launch
    finally:
        for server in servers:
            await server.close()


def coins(at: list[WireExchange]) -> list[float]:
    """What each venue itself says that we hold, base coin."""
    return [round(one.position(0)[0] * one.instruments[0].lot, 8) for one in at]


def stage_of(core: Living) -> int:
    return int(seat_of(core).status.s.state)


def seat_of(core: Living) -> PairSeat:
    seat = core.engine.seats[0]
    assert isinstance(seat, PairSeat)
    return seat


def cell_of(core: Living) -> tuple[int, ...]:
    """Stage, cell, episode, which leg was first and when it was locked."""
    s = seat_of(core).saga.s
    return int(s.stage), int(s.state), int(s.episode), int(s.first), int(s.lock_ts)


def hedged(at: list[WireExchange]) -> bool:
    """By both venues' own word, within one lot of the coarser grid."""
    held = coins(at)
    return abs(held[0]) > 0.0 and abs(sum(held)) <= max(one.instruments[0].lot for one in at) + 1e-9


async def locked(core: Living, desk: Desk) -> None:
    desk.send(Resume(word="y"))
    await until(lambda: stage_of(core) == S3 or core.failed, "S3", 60.0)
    assert core.failed == []


def before(places: list[str], first: str, then: str) -> bool:
    return first in places and places.index(first) < places.index(then)


@pytest.mark.row("S1-24")
async def test_a_pair_opens_locks_and_ends_flat_on_two_dialects(tmp_path: Path) -> None:
    """Issue 4 point 6: S0 to S3 hedged by both venues' own books; margin and leverage stood at both before the first
    order, set and read back; a flatten ends both legs."""
    async with pair(tmp_path / "state", SEED) as (servers, at, launch), living(launch) as (core, desk):
        for one in at:
            one.exchange.account.s.leverage[0] = 3  # somebody sets another value by hand: a start sets it again
        await locked(core, desk)
        assert hedged(at) and abs(coins(at)[0]) == BASE
        long, short = ([asked.place for asked in server.asked] for server in servers)
        for place in ("POST /fapi/v1/marginType", "POST /fapi/v1/leverage", "GET /fapi/v1/symbolConfig"):
            assert before(long, place, "POST /fapi/v1/order"), place
        for place in ("POST /exchange:updateLeverage", "POST /info:activeAssetData"):
            assert before(short, place, "POST /exchange:order"), place
        await until(lambda: not differences(core, at), "books that agree", 40.0, raises=False)
        assert differences(core, at) == []
        desk.send(Stop(id="end", who="test", flatten=True))
        await until(lambda: core.ended, "the end", 60.0)
        assert core.failed == [] and coins(at) == [0.0, 0.0]
        assert [one.books.open_of() for one in at] == [[], []]


async def test_a_halt_leaves_no_order_at_either_venue_and_the_pair_hedged(tmp_path: Path) -> None:
    """R-E3, K-32: zero orders by both venues' own word; positions stay, and both are on record."""
    async with pair(tmp_path / "state", SEED) as (_, at, launch), living(launch) as (core, desk):
        await locked(core, desk)
        desk.send(Halt(id="h", who="test", reason="drill"))
        await until(lambda: core.engine.state.run == "HALTED", "HALTED", 30.0)
        assert [one.books.open_of() for one in at] == [[], []] and hedged(at)
        await until(lambda: [one.rows[0].pos for one in kept_holdings(launch.state_dir).values()] ==
                    [one.position(0)[0] for one in at], "both legs on record", 10.0)  # fmt: skip
        listed = await core._listed()
        assert {row["venue"] for row in listed["positions"]} == {"binance_usdm", "hyperliquid"}
        for guard in core.guards.each:
            guard.rearmed("end of the drill", "test", core.clock.now())


async def test_a_venue_that_dies_leaves_a_locked_pair_alone_and_it_can_be_ended_after_its_return(
    tmp_path: Path,
) -> None:
    """One venue down: hold. Nothing is closed on the living venue alone."""
    async with pair(tmp_path / "state", SEED) as (servers, at, launch), living(launch) as (core, desk):
        await locked(core, desk)
        port = int(core.going.each[1].record.url.rpartition(":")[2])
        await servers[1].close()
        await until(lambda: bool(seat_of(core).saga.s.down[1]), "the venue seen as down", 20.0)
        held = coins(at)
        await asyncio.sleep(6.0)
        assert coins(at) == held and hedged(at) and core.failed == []
        assert core.engine.check.each[0].clean, "the living venue is read"
        await servers[1].start(port)
        await until(lambda: not seat_of(core).saga.s.down[1], "the venue up again", 60.0)
        desk.send(Stop(id="end", who="test", flatten=True))
        await until(lambda: core.ended, "the end", 90.0)
        assert core.failed == [] and coins(at) == [0.0, 0.0]


@pytest.mark.row("S1-43")
@pytest.mark.parametrize("resumed", [True, False], ids=["resumed", "left PAUSED"])
async def test_a_pair_resumes_in_the_same_cell_after_a_restart(tmp_path: Path, resumed: bool) -> None:
    """The core is left without a word while the pair is locked; the next one knows state, legs and lock, and ends them
    at a stop, whether a round runs by then or not."""
    async with pair(tmp_path / "state", SEED) as (_, at, launch):
        async with living(launch) as (core, desk):
            await locked(core, desk)
            await until(lambda: core.engine.check.clean and hedged(at), "a hedged pair", 20.0)
            was, held = cell_of(core), coins(at)
        async with living(launch) as (core, desk):
            assert cell_of(core) == was and was[0] == S3 and coins(at) == held
            assert core.engine.check.foreign_positions == 0
            if resumed:
                desk.send(Resume(word="y"))
                await until(lambda: core.engine.state.run == "RUNNING", "RUNNING", 10.0)
                await asyncio.sleep(2.0)
            assert hedged(at) and core.failed == []
            desk.send(Stop(id="end", who="test", flatten=True))
            await until(lambda: core.ended, "the end", 60.0)
        assert coins(at) == [0.0, 0.0]


@pytest.mark.row("S1-24")
async def test_a_venue_that_refuses_or_keeps_another_margin_gets_no_pair(tmp_path: Path) -> None:
    """Its no is a refusal with the next step, and so is a yes after which it says something else."""
    async with pair(tmp_path / "state", SEED) as (servers, at, launch):
        at[1].set_leverage = lambda i, leverage: None  # type: ignore[method-assign]
        at[1].exchange.account.s.leverage[0] = 3
        with pytest.raises(Refused, match=r"hyperliquid: Expected isolated 10x on BTC, was isolated 3x.*by hand"):
            async with living(launch):
                pass
        at[0].create("somebody-else", 0, 0, at[0].top(0)[1] + 600, 5, tif=IOC)
        at[0].exchange.account.s.isolated[0] = 0
        with pytest.raises(
            Refused, match=r"binance_usdm: Expected isolated 10x on BTCUSDT, the venue refused.*by hand"
        ):
            async with living(launch):
                pass
        assert not any("order" in asked.place for server in servers for asked in server.asked if "POST" in asked.place)


@pytest.mark.row("S1-30")
async def test_a_second_leg_that_its_venue_refuses_has_the_first_leg_taken_back(tmp_path: Path) -> None:
    """K-28: never left naked: by both venues' own books nothing is held, and no order stands."""
    async with pair(tmp_path / "state", SEED) as (_, at, launch), living(launch) as (core, desk):
        at[1].inject(0, "reject_all", (VENUE_BUSY,))
        desk.send(Resume(word="y"))
        await until(lambda: seat_of(core).saga.s.stage == 2 and coins(at)[0] + coins(at)[1] != 0, "S2", 60.0)
        await until(lambda: coins(at) == [0.0, 0.0], "nothing held", 20.0)
        assert core.failed == [] and stage_of(core) in (0, 1, 2)


@pytest.mark.row("S1-32")
async def test_a_leg_that_the_venue_takes_has_its_peer_cut_and_nothing_is_opened_again(tmp_path: Path) -> None:
    """B3: deleveraging of one leg: the other is closed by itself, and the episode opens no order more."""
    async with pair(tmp_path / "state", SEED) as (_, at, launch), living(launch) as (core, desk):
        await locked(core, desk)
        episode = int(seat_of(core).saga.s.episode)
        orders = [len(one.books.orders) for one in at]
        assert at[1].inject(0, "adl")
        await until(lambda: coins(at) == [0.0, 0.0], "the peer cut", 20.0)
        await until(lambda: stage_of(core) == 0 or seat_of(core).saga.s.episode != episode, "S0", 20.0)
        opened = [order for one, n in zip(at, orders, strict=True) for order in one.books.orders[n:]]
        if int(seat_of(core).saga.s.episode) == episode:
            assert opened and all(order.flags & REDUCE_ONLY for order in opened)
        assert core.failed == []
