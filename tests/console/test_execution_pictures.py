"""What the operator sees of the Execution screen: SVG snapshots at each size and in each state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from app.console import Console
from app.options import Options
from core.domain.snapshot import Snapshot
from tests.console.fabricated import SECOND, FakeClient, StillClock, state
from tests.console.fabricated_execution import faring

SIZES = {"80x24": (80, 24), "120x40": (120, 40), "200x60": (200, 60)}
OTHERS = {"100x24": (100, 24), "80x40": (80, 40), "120x36": (120, 36)}


def stopped() -> Snapshot:
    snap = state(faring(), run="HALTED", since=faring().ts - 9 * SECOND, reason="key", orders_at_stop=16,
                 positions_left=1, verified="clean")  # fmt: skip
    return msgspec.structs.replace(snap, orders=())


def bad() -> Snapshot:
    """Old streams, budgets nearly used up, an order whose fate is unknown, latency beyond every band."""
    base = faring()
    feeds = (
        msgspec.structs.replace(base.feeds[0], age_ns=14 * SECOND, gaps=3, lost=41),
        msgspec.structs.replace(base.feeds[1], up=False, reconnects=4),
    )
    worse = [msgspec.structs.replace(base.latency[1], p99_ns=162_000_000, max_ns=900_000_000, band="unacceptable")]
    execution = msgspec.structs.replace(base.execution, unknown=2, lost=3, dropped=12, reject_rate=0.081)
    return msgspec.structs.replace(
        base, feeds=feeds, latency=(base.latency[0], *worse, *base.latency[2:]), execution=execution,
        weight_used=2310, orders_used=231,
    )  # fmt: skip


STATES: dict[str, Callable[[], Snapshot | None]] = {
    "halted": stopped,
    "stale": bad,
    "nothing": lambda: None,
    "unmeasured": lambda: Snapshot(ts=faring().ts, seq=1),
}


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Console]:
    monkeypatch.delenv("NO_COLOR", raising=False)

    def make(snap: Snapshot | None, **options: Any) -> Console:
        given = {"clock": StillClock(), "palette": "default", "ascii_only": False, **options}
        return Console(FakeClient(snap), Options(**given))

    return make


def opened(*keys: str) -> Callable[[Any], Any]:
    async def press(pilot: Any) -> None:
        await pilot.pause(0.2)
        for key in ("x", *keys):
            await pilot.press(key)
            await pilot.pause(0.3)

    return press


@pytest.mark.parametrize("size", SIZES)
def test_the_screen_in_paper(snap_compare: Any, console: Any, size: str) -> None:
    assert snap_compare(console(faring()), terminal_size=SIZES[size], run_before=opened())


@pytest.mark.parametrize("size", OTHERS)
def test_the_screen_at_other_sizes(snap_compare: Any, console: Any, size: str) -> None:
    assert snap_compare(console(faring()), terminal_size=OTHERS[size], run_before=opened())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", STATES)
def test_the_screen_in_each_state(snap_compare: Any, console: Any, name: str, size: str) -> None:
    assert snap_compare(console(STATES[name]()), terminal_size=SIZES[size], run_before=opened())


@pytest.mark.parametrize("size", SIZES)
def test_the_screen_in_ascii_without_colours(snap_compare: Any, console: Any, size: str) -> None:
    app = console(bad(), palette="mono", ascii_only=True)
    assert snap_compare(app, terminal_size=SIZES[size], run_before=opened())


@pytest.mark.parametrize("times", [2, 6, 8])
def test_a_pane_alone_in_a_small_terminal(snap_compare: Any, console: Any, times: int) -> None:
    """The histogram, the slippage and the streams; the last two have no room beside the others there."""
    assert snap_compare(console(faring()), terminal_size=(80, 24), run_before=opened(*["right"] * times))
