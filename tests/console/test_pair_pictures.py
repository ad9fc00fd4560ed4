"""What the operator sees of a pair: SVG snapshots of its screen and panes, and the rules in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.console import Console
from app.options import Options
from core.domain.pair_picture import PairRow
from tests.console.fabricated import FakeClient, StillClock
from tests.console.fabricated_pair import PAIRS, pictured, several

SIZES = [(120, 40), (80, 24)]
IDS = ["120x40", "80x24"]
SHOWN = ("s0", "s1", "s2", "s3", "s4", "stuck")


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Console]:
    monkeypatch.delenv("NO_COLOR", raising=False)

    def make(*rows: PairRow, **options: Any) -> Console:
        given = {"clock": StillClock(), "palette": "default", "ascii_only": False, **options}
        return Console(FakeClient(pictured(*rows)), Options(**given))

    return make


async def settled(pilot: Any) -> None:
    await pilot.pause(0.3)


async def opened(pilot: Any) -> None:
    await pilot.pause(0.2)
    await pilot.press("s")
    await pilot.pause(0.4)


@pytest.mark.parametrize("size", SIZES, ids=IDS)
@pytest.mark.parametrize("name", SHOWN)
def test_the_screen_in_each_state(name: str, size: tuple[int, int], snap_compare: Any, console: Any) -> None:
    assert snap_compare(console(PAIRS[name]()), terminal_size=size, run_before=opened)


@pytest.mark.parametrize("size", [(200, 60), (80, 40), (120, 24)], ids=["200x60", "80x40", "120x24"])
def test_the_screen_at_other_sizes(size: tuple[int, int], snap_compare: Any, console: Any) -> None:
    assert snap_compare(console(*several()), terminal_size=size, run_before=opened)


@pytest.mark.parametrize("size", SIZES, ids=IDS)
@pytest.mark.parametrize("name", ["s3", "stuck", "no_bands"])
def test_the_overview_of_a_pair(name: str, size: tuple[int, int], snap_compare: Any, console: Any) -> None:
    assert snap_compare(console(PAIRS[name]()), terminal_size=size, run_before=settled)


def test_the_overview_of_several_pairs(snap_compare: Any, console: Any) -> None:
    assert snap_compare(console(*several()), terminal_size=(120, 40), run_before=settled)


def test_the_screen_in_ascii_without_colours(snap_compare: Any, console: Any) -> None:
    app = console(PAIRS["stuck"](), palette="mono", ascii_only=True)
    assert snap_compare(app, terminal_size=(120, 40), run_before=opened)
