"""A live round under mixed faults on both dialects: the venue's own books and ours agree in everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rehearsal.live import run, told
from tests.rehearsal.stage import HYPERLIQUID, LONG_LEG, STAGES, restless


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "dialects", [*([name] for name in sorted(STAGES)), sorted(STAGES)], ids=lambda names: "+".join(names)
)
async def test_all_books_agree_after_a_bad_minute(dialects: list[str], tmp_path: Path) -> None:
    """UC-10, R-O1, R-O2, R-O4: orders, fills, fees, funding, position and cost; `make rehearse` takes ten minutes."""
    out = await run([STAGES[name] for name in dialects], 40.0, tmp_path / "state", seed=3)
    print(told(out))
    assert out.differences == []
    # how much is traded in forty seconds is the machine's affair; that the faults met trading is not
    assert min(out.orders) > 0 and sum(out.fills) > 0 and len(out.faults) >= 4 * len(dialects)


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_pair_on_two_dialects_ends_flat_after_a_bad_minute_and_all_books_agree(tmp_path: Path) -> None:
    """Issue 4 point 6: it opens, locks, unlocks and closes again and again while both venues have a bad day."""
    out = await run([LONG_LEG, HYPERLIQUID], 40.0, tmp_path / "state", seed=7, profile=restless)
    print(told(out))
    assert out.differences == []
    assert min(out.fills) > 0 and len(out.faults) >= 8


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_a_calm_session_quotes_without_a_single_refusal_of_the_venue(tmp_path: Path) -> None:
    """Nothing goes wrong: no alert above warn, no difference, no client id twice."""
    out = await run([STAGES["binance_usdm"]], 12.0, tmp_path / "state", seed=4, faulty=False)
    print(told(out))
    assert out.differences == [] and out.faults == {} and min(out.orders) > 0
    assert [line for line in out.alerts if line.startswith("crit")] == []
