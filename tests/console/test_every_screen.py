"""What is true of every screen alike: opened by its name, the safe strip, no picture yet, frozen, opened in a hurry."""

from __future__ import annotations

from typing import Any

import pytest

from screens.actions import AUDIT, HELP, OVERVIEW, SCREENS, built, textual_key
from screens.base import ConsoleScreen
from screens.widgets.pane import Pane
from tests.console.fabricated_pages import PAGES
from tests.console.showcase import base, opened_by

CHARACTERS = {textual_key(key): key for action in built() for key in action.keys if len(key) == 1}
OTHERS = [scope for scope in SCREENS if scope != OVERVIEW]


async def opened(pilot: Any, d: Any, scope: str) -> ConsoleScreen:
    d.client.pages = dict(PAGES)
    await pilot.press(*opened_by(scope))
    await pilot.pause()
    assert isinstance(d.app.screen, ConsoleScreen) and d.app.screen.scope == scope
    return d.app.screen


@pytest.mark.parametrize("scope", OTHERS)
async def test_the_command_line_opens_a_screen_by_its_name(desk: Any, scope: str) -> None:
    d = desk(base(scope))
    async with d.run() as pilot:
        await pilot.press("colon", *scope, "enter")
        await pilot.pause()
        assert d.app.screen.scope == scope


@pytest.mark.parametrize("scope", SCREENS)
async def test_below_80x24_the_safe_strip_stays(desk: Any, scope: str) -> None:
    d = desk(base(scope))
    async with d.run((79, 24)) as pilot:
        screen = await opened(pilot, d, scope)
        for size in ((79, 24), (80, 23), (40, 3), (20, 10)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert screen.safe_strip and not screen.query_one("#body").display
            assert ("REPLAY" if scope == AUDIT else "PAPER") in screen.query_one("#banner").shown
            assert "p99" in screen.query_one("#kpis").shown
            assert "^G" in screen.query_one("#keys").shown


@pytest.mark.parametrize("scope", [scope for scope in SCREENS if scope not in (AUDIT, HELP)])
async def test_no_picture_of_the_core_is_waited_for(desk: Any, scope: str) -> None:
    d = desk(None)
    async with d.run() as pilot:
        screen = await opened(pilot, d, scope)
        panes = [pane for pane in screen.query(Pane) if pane.display and pane.size.width]
        assert all("waiting for the core" in pane.shown for pane in panes)
        assert "waiting for the core" in screen.query_one("#banner").shown


@pytest.mark.parametrize("scope", OTHERS)
async def test_a_screen_that_is_opened_while_the_display_is_frozen_is_drawn(desk: Any, scope: str) -> None:
    d = desk(base(scope))
    async with d.run() as pilot:
        await pilot.pause()
        await pilot.press("space")
        screen = await opened(pilot, d, scope)
        assert scope == AUDIT or "FROZEN" in screen.query_one("#banner").shown
        panes = [pane for pane in screen.query(Pane) if pane.display and pane.size.width]
        assert all(pane.shown.strip() for pane in panes)
