"""`panic` beside a living core, on the wire: one venue hangs and the core waits for it; the other account's foreign
positions and orders go all the same (S3-55)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.control.outcome import FLAT_SEALED
from core.control.venue_record import write_venues
from tests.unit.control.support import FakeCore
from tests.venues.ccxt.emergency_hall import both
from tests.venues.ccxt.live_hall import eventually


@pytest.mark.row("S3-55")
@pytest.mark.slow
@pytest.mark.parametrize("hung", ["binance_usdm", "hyperliquid"])
async def test_a_hanging_venue_holds_up_nothing_at_the_other_one_while_the_core_is_flattening(
    state_dir: Path, hung: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within 3 s beyond the time in which something of the core may still arrive (Q, here 0.3 s)."""
    for name in ("LIFETIME_NS", "SKEW_NS", "LAG_NS"):
        monkeypatch.setattr(f"core.control.live_account.{name}", 100_000_000)
    async with both(state_dir) as at:
        silent, other = (at.binance, at.hyperliquid) if hung == "binance_usdm" else (at.hyperliquid, at.binance)
        other.hold(60, 1, ours=False)
        other.rest(2, instrument=1, ours=False, first=50)
        write_venues(state_dir, [one.record() for one in at.each])
        core = FakeCore(state_dir)
        core.never_done = True
        silent.fault("hang", "*", seconds=60.0)
        task = asyncio.create_task(asyncio.to_thread(at.panic))
        try:
            await eventually(lambda: core.gate.closed, "the gate of the core closed")
            await eventually(lambda: other.left == (0, 0, 0), "nothing left at the venue that answers", 3.5)
            assert core.desk.latest().state.run == "FLATTENING" and not task.done()  # type: ignore[union-attr]
        finally:
            silent.heal()
            core.recover()
            code, evidence = await task
            core.stop()
        assert code == FLAT_SEALED, evidence.body()
