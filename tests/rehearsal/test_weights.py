"""The weight of a minute as the venue counts it and as we do, from the first request of a start on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.control.launch import Launch
from core.guard.private import private_dir
from tests.rehearsal.live import living, until
from tests.rehearsal.stage import HYPERLIQUID, environment, keys_of, several, venue_of


@pytest.mark.timeout(120)
async def test_a_start_has_counted_all_that_the_venue_counts(tmp_path: Path) -> None:
    """S0-28, R-N2: this venue tells no used weight; what is counted too low ends in a refusal for cancels too."""
    made: Any = venue_of(HYPERLIQUID, (), 3)
    server, _ = made
    state = private_dir(tmp_path / "state")
    config = state / "weights.yml"
    config.write_text(several([HYPERLIQUID], [f"http://127.0.0.1:{await server.start()}"], 3), encoding="utf-8")
    try:
        with environment(keys_of(HYPERLIQUID)):
            launch = Launch(state_dir=state, report_dir=private_dir(state / "reports"), config=config, mode="live")
            async with living(launch) as (core, _):
                budget, limits = core.venues[0].instances.budget, server.dialect.limits

                def agree() -> bool:
                    return limits._sum > 0 and budget.used(core.clock.monotonic()) == limits._sum

                await until(agree, "one count of both", 10.0, raises=False)  # a request may be on its way
                assert budget.used(core.clock.monotonic()) == limits._sum
    finally:
        await server.close()
