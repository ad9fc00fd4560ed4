"""A panic over two venues of which one does not answer: the other one is stopped at once, a pair's leg is held, FLAT is
never said before both have said it (RELIABILITY.md section 5: "venue does not answer", "one leg unreachable")."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from core.control.outcome import CANNOT_START, FLAT_SEALED
from core.domain.errors import Refused
from core.guard.latch import Latch
from tests.venues.ccxt import panic_hall
from tests.venues.ccxt.emergency_hall import Both, both, keys_of
from tests.venues.wire.hyperliquid_hall import eventually

SILENT = {"binance_usdm": "* /fapi/*", "hyperliquid": "POST /*"}
pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second empty read after 0.3 s instead of Q."""
    for name in ("LIFETIME_NS", "SKEW_NS", "LAG_NS"):
        monkeypatch.setattr(f"core.control.live_account.{name}", 100_000_000)


def state_of(at: Both) -> str:
    stop = Latch(at.state_dir).read()
    return stop.state if stop is not None else ""


def left_behind(at: Both) -> None:
    """A hedged pair, and on either venue an instrument that belongs to no pair."""
    for one, lots in zip(at.each, (20, -2_000), strict=True):
        one.rest(5)
        one.hold(lots)
        one.hold(100 if one.name == "binance_usdm" else 50, 1)


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["binance_usdm", "hyperliquid"])
async def test_a_leg_is_held_while_the_other_legs_venue_is_silent_and_all_else_is_closed_at_once(
    state_dir: Path, lost: str
) -> None:
    """Orders of the reachable venue are gone, its unpaired position is closed, its leg stands; nobody says FLAT."""
    async with both(state_dir) as at:
        left_behind(at)
        at.recorded(pair="pair")
        silent, answers = (at.binance, at.hyperliquid) if lost == "binance_usdm" else (at.hyperliquid, at.binance)
        leg = answers.lots()
        silent.fault("status", SILENT[lost], status=503, text="unavailable")
        stop = asyncio.create_task(asyncio.to_thread(at.panic))
        await eventually(lambda: answers.left[0] == 0 and answers.left[2] == 0, "the reachable venue stopped", 15.0)
        await asyncio.sleep(1.0)
        assert answers.left == (0, leg, 0) and not stop.done(), "its leg would stand naked"
        assert silent.left[0] == 5 and state_of(at) == "HALTING"
        silent.heal()
        code, evidence = await stop
        assert (code, answers.left, silent.left) == (FLAT_SEALED, (0, 0, 0), (0, 0, 0)), evidence.body()
        assert state_of(at) == "FLAT"
        held = [step.text for step in evidence.steps if step.step == "hold"]
        assert any("does not answer yet" in text and answers.name in text for text in held), held


@pytest.mark.slow
async def test_close_reachable_closes_the_leg_that_can_be_reached(state_dir: Path) -> None:
    async with both(state_dir) as at:
        left_behind(at)
        at.recorded(pair="pair")
        at.hyperliquid.fault("status", "POST /*", status=503, text="unavailable")
        stop = asyncio.create_task(asyncio.to_thread(at.panic, close_reachable=True))
        await eventually(lambda: at.binance.left == (0, 0, 0), "the reachable venue flat, its leg too", 15.0)
        assert not stop.done() and state_of(at) == "HALTING"
        at.hyperliquid.heal()
        assert (await stop)[0] == FLAT_SEALED and at.hyperliquid.left == (0, 0, 0)


async def test_a_leg_whose_other_account_cannot_even_be_opened_is_kept_and_said(state_dir: Path) -> None:
    """No keys for one of them: the stop ends, names the leg that it kept, and does not claim to be flat."""
    async with both(state_dir) as at:
        left_behind(at)
        at.recorded(pair="pair")

        def keys(record: Any) -> Any:
            if record.name == "hyperliquid":
                raise Refused("Expected HYPERLIQUID_PRIVATE_KEY, found none in the environment")
            return keys_of(record)

        code, evidence = await asyncio.to_thread(panic_hall.panic, state_dir, keys)
        assert code == CANNOT_START
        assert at.binance.left == (0, 20, 0)
        kept = next(one for one in evidence.outcomes if one.venue.startswith("binance"))
        assert kept.code == 3 and "BTCUSDT kept: its other leg's venue cannot be stopped" in kept.text
        again, _ = await asyncio.to_thread(panic_hall.panic, state_dir, keys, close_reachable=True)
        assert (again, at.binance.left) == (CANNOT_START, (0, 0, 0))


@pytest.mark.slow
async def test_a_venue_that_is_lost_for_seconds_holds_up_no_other_and_is_stopped_when_it_is_back(
    state_dir: Path,
) -> None:
    """Two market makers, no pair: R-E3 in parallel, R-E8; the exit code waits for both."""
    async with both(state_dir) as at:
        left_behind(at)
        at.recorded()
        at.binance.fault("hang", SILENT["binance_usdm"], seconds=60.0)
        began = time.monotonic()
        stop = asyncio.create_task(asyncio.to_thread(at.panic))
        await eventually(lambda: at.hyperliquid.left == (0, 0, 0), "the living venue flat", 15.0)
        assert not stop.done() and time.monotonic() - began < 10.0
        assert state_of(at) == "HALTING", "one venue has said nothing yet"
        await asyncio.sleep(max(0.0, 7.0 - (time.monotonic() - began)))
        at.binance.heal()
        back = time.monotonic()
        code, _ = await stop
        assert (code, at.binance.left) == (FLAT_SEALED, (0, 0, 0))
        assert time.monotonic() - back < 4.5, "what hung is not waited for, and a delay that grew is not waited out"


async def test_legs_that_wait_for_each_other_both_end_flat(state_dir: Path) -> None:
    """E6: while both venues answer the smaller leg waits for the larger one, and neither for ever."""
    async with both(state_dir) as at:
        for one, lots in zip(at.each, (20, -2_000), strict=True):
            one.hold(lots)
        at.recorded(pair="pair")
        code, evidence = await asyncio.to_thread(at.panic)
        assert (code, at.binance.left[1], at.hyperliquid.left[1]) == (FLAT_SEALED, 0, 0), evidence.body()
