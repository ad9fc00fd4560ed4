"""What a live core tells before its first resume (S1-50, S1-55): a real core on a loopback venue, its own pictures."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ccxt
import msgspec
import pytest

from core import tasks
from core.build.checking import check_live
from core.build.checklist.account import Account
from core.build.checklist.items import FAIL, NOTE, OK, Checklist
from core.build.checklist.rights import _bound
from core.build.checklist.running import buffer_of
from core.build.live_core import LiveCore
from core.clock import SteadyClock
from core.config.instruments import find_instrument
from core.control.desk import Desk
from core.domain.commands import AckAlert, Resume, Stop
from core.domain.snapshot import Snapshot
from core.guard.gate import GateFlag
from core.risk.params import RiskParams
from core.venues.ccxt.binanceusdm import BinanceUsdm
from core.venues.ccxt.markets import Listing
from core.venues.wire.faults import Rule
from tests.unit.build.test_checklist import KEY, SECRET, launch
from tests.venues.wire import binance_hall

ETH = find_instrument("binance_usdm", "ETHUSDC")


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_USDM_API_KEY", KEY)
    monkeypatch.setenv("BINANCE_USDM_SECRET", SECRET)


@contextlib.asynccontextmanager
async def living(at: Any, folder: Path) -> AsyncIterator[Desk]:
    """`run --mode live` without its process: the core of the program, in this loop."""
    desk = Desk(GateFlag(SteadyClock()))
    (folder / "state").mkdir(mode=0o700)
    start = msgspec.structs.replace(launch(folder, "binance_usdm", at.url), metrics_port=0, headless=True)
    core = LiveCore(start, desk)
    errors: list[BaseException] = []
    task = tasks.spawn(core.run(), "core", errors.append)
    try:
        yield desk
        desk.send(Stop(id="end", who="test"))
        async with asyncio.timeout(20):
            while not task.done():
                await asyncio.sleep(0.02)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert not errors, errors


async def seen(desk: Desk, true: Callable[[Snapshot], Any], what: str) -> Snapshot:
    """The first picture for which it holds."""
    try:
        async with asyncio.timeout(20):
            while (snap := desk.latest()) is None or not true(snap):
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"Expected {what}, was {desk.latest()}") from None
    return snap


def told(snap: Snapshot) -> dict[str, bool | None]:
    return {check.name: check.ok for check in snap.rearm}


ALL = {
    "account reconciled", "feeds fresh", "streams up", "clock within 250 ms", "nothing foreign",
    "liquidation at netMax", "alerts read",
}  # fmt: skip


@pytest.mark.row("S1-50")
async def test_a_paused_live_core_tells_its_checklist_until_the_first_resume_and_never_after(tmp_path: Path) -> None:
    """S1-55, S0-22: every line good, and with it the dead-man's deadline."""
    async with binance_hall.venue() as at, living(at, tmp_path) as desk:
        await seen(desk, lambda s: s.state.run == "PAUSED" and told(s).get("streams up") is True, "a paused core")
        desk.send(AckAlert(id="read", who="test"))
        snap = await seen(desk, lambda s: set(told(s).values()) == {True}, "every line good")
        assert set(told(snap)) == ALL
        assert "s left" in snap.dead_man and snap.mode == "TESTNET"
        desk.send(Resume(id="go", who="test"))
        snap = await seen(desk, lambda s: s.state.run == "RUNNING", "a running core")
        assert snap.rearm == ()


async def test_a_stream_that_falls_silent_is_the_first_line_and_a_foreign_order_is_counted(tmp_path: Path) -> None:
    """R-N1, R-B1."""
    async with binance_hall.venue() as at:
        at.exchange.create("somebody-else", 0, 0, at.exchange.top(0)[0] - 3_000, 50)
        async with living(at, tmp_path) as desk:
            await seen(desk, lambda s: told(s).get("feeds fresh") is True, "fresh feeds")
            at.server.faults.add(Rule("silent", at="ws:depth", seconds=60.0))
            snap = await seen(desk, lambda s: told(s).get("feeds fresh") is False, "stale feeds")
            lines = [check.ok for check in snap.rearm]
            assert lines == sorted(lines, key=lambda ok: {False: 0, None: 1, True: 2}[ok]), "the worst first"
            assert told(snap)["nothing foreign"] is None
            assert "1 orders" in next(check.text for check in snap.rearm if check.name == "nothing foreign")
        assert len(at.exchange.books.open_of()) == 1, "a foreign order is never touched"


async def test_a_checklist_beside_a_trading_core_names_it_and_leaves_its_dead_man_s_switch_alone(
    tmp_path: Path,
) -> None:
    """R-W1: under another state dir, too; disarming here would leave that core without one."""
    (tmp_path / "other").mkdir()
    async with binance_hall.venue() as at, living(at, tmp_path) as desk:
        await seen(desk, lambda s: s.state.run == "PAUSED" and s.dead_man, "a paused core")
        armed = dict(at.dialect.dead_man.until)
        assert any(armed.values())
        body = await asyncio.to_thread(check_live, launch(tmp_path / "other", "binance_usdm", at.url), 3.0)
        found = {item["name"]: item for item in body["items"]}
        assert found["core of this state dir"]["verdict"] == OK
        assert found["core of this account"]["verdict"] == NOTE and "pid" in found["core of this account"]["found"]
        assert "left alone" in found["dead-man's switch"]["found"]
        assert all(until >= armed[symbol] for symbol, until in at.dialect.dead_man.until.items()), "still armed"


# the bound itself ----------------------------------------------------------------------------------------------------


def test_the_bound_is_the_isolated_formula_in_the_bracket_of_the_position() -> None:
    """S1-55, FORMULAS.md 6: entry 2,500 at 10x in the bracket of 0.4 % without an amount."""
    margin = 0.2 * 2_500 / 10
    assert buffer_of(ETH, 1, 0.2, 2_500.0, margin) == pytest.approx(1 - 0.9 / 0.996, abs=1e-12)
    assert buffer_of(ETH, -1, 0.2, 2_500.0, margin) == pytest.approx(1.1 / 1.004 - 1, abs=1e-12)


@pytest.mark.parametrize(("leverage", "isolated", "verdict"), [(10, True, OK), (20, True, FAIL), (10, False, NOTE)])
def test_leverage_that_the_liquidation_guard_would_cut_at_entry_fails(
    leverage: int, isolated: bool, verdict: str
) -> None:
    """S1-55, S0-40: the redline is 5 % of the price."""
    listed = Listing(0, msgspec.structs.replace(ETH, leverage=leverage, isolated=isolated), BinanceUsdm())
    items = Checklist()
    venue: Any = None
    margin = Account(venue, items, {}, frozenset()).liquidation(listed, RiskParams(), 2_500.0)
    assert margin == pytest.approx(0.21 * 2_500 / leverage)
    assert [item.verdict for item in items.items] == [verdict]


async def test_a_network_without_the_question_of_addresses_is_a_note_not_a_failure() -> None:
    """The demo of Binance: ccxt has no address for that page there."""
    exchange = Exchange()
    venue: Any = SimpleNamespace(traits=BinanceUsdm(), instances=SimpleNamespace(data=exchange))
    items = Checklist()
    await _bound(venue, items)
    assert exchange.asked and [item.verdict for item in items.items] == [NOTE]


class Exchange:
    """Of a demo network."""

    asked = 0

    async def sapiGetAccountApiRestrictions(self) -> Any:
        self.asked += 1
        raise ccxt.NotSupported("no such page")
