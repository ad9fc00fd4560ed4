"""The keys of the Execution screen: what they show, and that none of them reaches the core."""

from __future__ import annotations

from typing import Any

import pytest

from screens.actions import EXECUTION, built, of_scope
from screens.widgets.pane import Pane
from tests.console.fabricated_execution import faring

NAMES = ["latency", "tick", "fills", "markout", "ack", "slippage", "rejects", "streams", "worst"]


def shown(app: Any) -> list[str]:
    return [pane.pane.removeprefix("fares-") for pane in app.screen.panes()]


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_left_and_right_show_every_pane_alone_also_those_without_room(desk: Any, size: tuple[int, int]) -> None:
    d = desk(faring())
    async with d.run(size) as pilot:
        await pilot.press("x")
        await pilot.pause(0.2)
        whole = shown(d.app)
        sent = len(d.client.sent)
        seen = []
        for _ in range(len(NAMES) + 1):
            await pilot.press("right")
            await pilot.pause(0.1)
            seen += shown(d.app)
        assert seen == [*NAMES, "latency"]
        await pilot.press("left")
        await pilot.pause(0.1)
        assert shown(d.app) == ["worst"]
        await pilot.press("left")
        await pilot.pause(0.1)
        assert "REST calls 3120" in d.app.screen.query_one("#pane-fares-streams", Pane).shown
        assert d.app.screen.query_one("#pane-fares-streams", Pane).size.width > size[0] - 3  # all of it
        await pilot.press("escape")
        await pilot.pause(0.1)
        assert shown(d.app) == whole
        await pilot.press("left")
        await pilot.pause(0.1)
        assert shown(d.app) == ["worst"]
        assert len(d.client.sent) == sent


async def test_enter_zooms_the_focused_pane_and_y_copies_it(desk: Any) -> None:
    d = desk(faring())
    async with d.run() as pilot:
        await pilot.press("x")
        await pilot.pause(0.2)
        await pilot.press("tab", "enter")
        await pilot.pause(0.2)
        assert shown(d.app) == ["tick"]
        await pilot.press("y")
        assert "p99 0.41ms" in d.app.clipboard


async def test_a_small_terminal_keeps_the_totals_of_what_it_has_no_room_for(desk: Any) -> None:
    d = desk(faring())
    async with d.run((80, 24)) as pilot:
        await pilot.press("x")
        await pilot.pause(0.2)
        assert shown(d.app) == ["latency", "tick", "fills", "markout", "rejects"]
        assert "reconnects 1" in d.app.screen.query_one("#pane-fares-latency", Pane).shown
        assert "slippage +0.21bp" in d.app.screen.query_one("#pane-fares-fills", Pane).shown


def test_no_key_of_the_screen_touches_the_market() -> None:
    mine = of_scope(built(), EXECUTION)
    assert {key for action in mine for key in action.keys} == {"k", "left", "right"}
    assert {action.danger for action in mine} == {"view"}
