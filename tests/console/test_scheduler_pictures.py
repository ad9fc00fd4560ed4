"""What the operator sees of the screen Scheduler: SVG snapshots in each state and size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.console import Console
from app.options import Options
from tests.console.fabricated import FakeClient, StillClock
from tests.console.fabricated_venues import SHOWN

STATES = ("paper", "paired", "one_down", "stale", "halted", "nothing")


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Console]:
    monkeypatch.delenv("NO_COLOR", raising=False)

    def make(name: str, **options: Any) -> Console:
        given = {"clock": StillClock(), "palette": "default", "ascii_only": False, **options}
        return Console(FakeClient(SHOWN[name]()), Options(**given))

    return make


async def opened(pilot: Any) -> None:
    await pilot.pause(0.2)
    await pilot.press("j")
    await pilot.pause(0.4)


@pytest.mark.parametrize("name", STATES)
def test_the_screen_at_80x24_in_each_state(name: str, snap_compare: Any, console: Any) -> None:
    assert snap_compare(console(name), terminal_size=(80, 24), run_before=opened)


@pytest.mark.parametrize("size", [(120, 40), (200, 60), (80, 40), (120, 24)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_screen_at_other_sizes(size: tuple[int, int], snap_compare: Any, console: Any) -> None:
    assert snap_compare(console("paired"), terminal_size=size, run_before=opened)


@pytest.mark.parametrize("name", ["halted", "stale", "nothing"])
def test_the_screen_at_120x40_in_trouble(name: str, snap_compare: Any, console: Any) -> None:
    assert snap_compare(console(name), terminal_size=(120, 40), run_before=opened)


def test_the_screen_in_ascii_without_colours(snap_compare: Any, console: Any) -> None:
    app = console("one_down", palette="mono", ascii_only=True)
    assert snap_compare(app, terminal_size=(120, 40), run_before=opened)
