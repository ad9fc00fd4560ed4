"""Keys of the Risk screen: what moves, and that nothing reaches the core."""

from __future__ import annotations

from typing import Any

import pytest

from screens.overview import Overview
from screens.widgets.pane import Pane
from tests.console.fabricated_risk import RISKS


def limits_of(app: Any) -> str:
    return str(app.screen.query_one("#pane-risk-limits", Pane).shown)


async def test_down_and_up_move_through_the_limits_and_stay_at_the_ends(desk: Any) -> None:
    d = desk(RISKS["maker"]())
    async with d.run((80, 24)) as pilot:
        await pilot.pause(0.2)
        sent = len(d.client.sent)
        await pilot.press("r")
        await pilot.pause(0.3)
        assert "1-4 of 20" in limits_of(d.app)
        await pilot.press("up")
        assert "1-4 of 20" in limits_of(d.app)
        await pilot.press("down", "down")
        assert "3-6 of 20" in limits_of(d.app)
        await pilot.press(*["down"] * 30)
        assert "17-20 of 20" in limits_of(d.app)
        await pilot.press("up")
        assert "16-19 of 20" in limits_of(d.app)
        assert len(d.client.sent) == sent


async def test_tab_and_enter_zoom_a_pane_and_escape_goes_back_in_two_steps(desk: Any) -> None:
    d = desk(RISKS["hedged"]())
    async with d.run() as pilot:
        await pilot.press("r")
        await pilot.pause(0.3)
        await pilot.press("tab", "enter")
        await pilot.pause(0.3)
        assert [pane.pane for pane in d.app.screen.panes()] == ["risk-stops"]
        await pilot.press("escape")
        await pilot.pause(0.2)
        assert len(d.app.screen.panes()) == 5
        await pilot.press("escape")
        assert isinstance(d.app.screen, Overview)


async def test_y_copies_the_focused_pane(desk: Any) -> None:
    d = desk(RISKS["maker"]())
    async with d.run() as pilot:
        await pilot.press("r")
        await pilot.pause(0.3)
        await pilot.press("y")
        await pilot.pause(0.2)
        assert "net cap (adaptive)" in d.app.clipboard


@pytest.mark.parametrize("size", [(80, 24), (80, 40)])
async def test_where_money_has_no_pane_its_lines_stand_with_the_stops(desk: Any, size: tuple[int, int]) -> None:
    d = desk(RISKS["maker"]())
    async with d.run(size) as pilot:
        await pilot.press("r")
        await pilot.pause(0.3)
        told = "limit -60.00" in d.app.screen.query_one("#pane-risk-stops", Pane).shown
        money = d.app.screen.query_one("#pane-risk-money", Pane)
        assert told != bool(money.display)


async def test_frozen_limits_still_move_under_the_keys(desk: Any) -> None:
    d = desk(RISKS["maker"]())
    async with d.run((80, 24)) as pilot:
        await pilot.press("r")
        await pilot.pause(0.3)
        await pilot.press("space", "down")
        await pilot.pause(0.2)
        assert "2-5 of 20" in limits_of(d.app)
