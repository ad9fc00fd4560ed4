"""A live round under mixed faults on both dialects: the venue's own books and ours agree in everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rehearsal.live import STAGES, run, told


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("dialect", sorted(STAGES))
async def test_both_books_agree_after_a_bad_minute(dialect: str, tmp_path: Path) -> None:
    """UC-10, R-O1, R-O2, R-O4: orders, fills, fees, funding, position and cost; `make rehearse` takes ten minutes."""
    out = await run(STAGES[dialect], 40.0, tmp_path / "state", seed=3)
    print(told(out))
    assert out.differences == []
    assert out.orders > 4 and out.fills > 0 and len(out.faults) >= 5


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_a_calm_session_quotes_without_a_single_refusal_of_the_venue(tmp_path: Path) -> None:
    """Nothing goes wrong: no alert above warn, no difference, no client id twice."""
    out = await run(STAGES["binance_usdm"], 12.0, tmp_path / "state", seed=4, faulty=False)
    print(told(out))
    assert out.differences == [] and out.faults == {} and out.orders > 3
    assert [line for line in out.alerts if line.startswith("crit")] == []
