"""Retry-After during a stop: whatever lane asks, nothing arrives at the venue inside the window (R-N2), and the stop
ends when it is over. Counted in the venue's own log."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from core.control.outcome import FLAT_SEALED
from core.domain.commands import Halt
from core.domain.events import Asked
from core.domain.units import NS_PER_MS, NS_PER_S
from core.venues.wire.faults import Rule
from tests.venues.ccxt import panic_hall
from tests.venues.ccxt.fault_hall import BOTH, Hall, quoting, settled
from tests.venues.ccxt.live_hall import eventually, trading
from tests.venues.wire import hyperliquid_hall

ON_ITS_WAY_NS = 200 * NS_PER_MS  # sent before the refusal was read: both ends share one loop, which other work delays
WAIT_S = 2


def inside(at: Any, seconds: float = WAIT_S) -> list[str]:
    """Requests that came while a 429 or 418 of before forbade them, streams aside."""
    found, until = [], 0
    for asked in at.server.asked:
        if "/ws" not in asked.place:
            if until - int(seconds * NS_PER_S) + ON_ITS_WAY_NS < asked.ts < until:
                found.append(asked.place)
            if asked.status in (418, 429):
                until = asked.ts + int(seconds * NS_PER_S)
    return found


@BOTH
@pytest.mark.row("R-N2")
@pytest.mark.parametrize("where", ["orders", "cancel"])
@pytest.mark.parametrize("status", [418, 429])
async def test_a_stop_of_the_core_sends_nothing_inside_a_retry_after(hall: Hall, where: str, status: int) -> None:
    """The emergency lane is past every budget of ours, never past the venue's ban: 418 grows with each request."""
    async with hall.venue() as at:
        core = hall.core(at)
        async with trading(core):
            await quoting(core, at)
            at.fault("status", getattr(hall, where), times=1, status=status, text="Too many requests",
                     retry_after=WAIT_S, code=-1003 if hall.name == "binance_usdm" else 0)  # fmt: skip
            core.driver.push(Asked(Halt(id="h", who="test")))
            await eventually(lambda: at.fired("status") == 1, "the refusal")
            await eventually(lambda: core.engine.state.run == "HALTED", "HALTED after the ban", 30.0)
            assert inside(at) == []
            assert at.exchange.books.open_of() == []
        settled(core, at)


@pytest.mark.row("R-N2")
@pytest.mark.slow
@pytest.mark.parametrize("place", ["POST /info:meta*", "POST /info:exchangeStatus", "POST /info:clearinghouseState",
                                   "POST /info:l2Book", "POST /exchange:order"])  # fmt: skip
async def test_no_question_of_a_panic_is_asked_inside_a_retry_after(
    state_dir: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Markets, clock, positions, books and closes as much as the lists of orders."""
    for name in ("LIFETIME_NS", "SKEW_NS", "LAG_NS"):
        monkeypatch.setattr(f"core.control.live_account.{name}", 100_000_000)
    ban = Rule("status", at=place, times=1, status=429, text="slow down", retry_after=WAIT_S)
    async with hyperliquid_hall.venue(ban, rules=panic_hall.FREE) as at:
        panic_hall.ours(at, 5)
        panic_hall.long(at)
        panic_hall.record(at, state_dir)
        code, evidence = await asyncio.to_thread(panic_hall.panic, state_dir)
        assert (code, panic_hall.left(at)) == (FLAT_SEALED, (0, [0])), evidence.body()
        assert at.server.faults.done == {"status": 1}
        assert inside(at) == []
