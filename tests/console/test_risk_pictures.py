"""What the operator sees of Risk: SVG snapshots at each size and in each state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.console import Console
from app.options import Options
from tests.console.fabricated import FakeClient, StillClock
from tests.console.fabricated_risk import RISKS

SIZES = [(80, 24), (120, 40), (200, 60)]
IDS = ["80x24", "120x40", "200x60"]


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Console]:
    monkeypatch.delenv("NO_COLOR", raising=False)

    def make(snap: Any, **options: Any) -> Console:
        given = {"clock": StillClock(), "palette": "default", "ascii_only": False, **options}
        return Console(FakeClient(snap), Options(**given))

    return make


async def opened(pilot: Any) -> None:
    await pilot.pause(0.2)
    await pilot.press("r")
    await pilot.pause(0.4)


@pytest.mark.parametrize("size", SIZES, ids=IDS)
@pytest.mark.parametrize("name", ["maker", "hedged"])
def test_the_screen_at_each_size(name: str, size: tuple[int, int], snap_compare: Any, console: Any) -> None:
    assert snap_compare(console(RISKS[name]()), terminal_size=size, run_before=opened)


@pytest.mark.parametrize("size", SIZES[:2], ids=IDS[:2])
@pytest.mark.parametrize("name", ["tight", "halted", "stale", "naked", "unknown", "flat"])
def test_the_screen_in_each_state(name: str, size: tuple[int, int], snap_compare: Any, console: Any) -> None:
    assert snap_compare(console(RISKS[name]()), terminal_size=size, run_before=opened)


@pytest.mark.parametrize("size", [(80, 40), (120, 24)], ids=["80x40", "120x24"])
def test_the_screen_narrow_and_high_and_wide_and_low(size: tuple[int, int], snap_compare: Any, console: Any) -> None:
    assert snap_compare(console(RISKS["hedged"]()), terminal_size=size, run_before=opened)


def test_the_screen_before_the_first_picture(snap_compare: Any, console: Any) -> None:
    assert snap_compare(console(None), terminal_size=(80, 24), run_before=opened)


def test_the_screen_in_ascii_without_colours(snap_compare: Any, console: Any) -> None:
    app = console(RISKS["tight"](), palette="mono", ascii_only=True)
    assert snap_compare(app, terminal_size=(120, 40), run_before=opened)


def test_one_pane_alone(snap_compare: Any, console: Any) -> None:
    async def zoomed(pilot: Any) -> None:
        await opened(pilot)
        await pilot.press("tab", "enter")
        await pilot.pause(0.3)

    assert snap_compare(console(RISKS["hedged"]()), terminal_size=(80, 24), run_before=zoomed)
