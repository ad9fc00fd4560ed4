"""Keys of the screen Venues & streams: how it opens and closes, zoom and copy, and that nothing is ever sent."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from core.domain.commands import Attended, Halt, Pause
from screens.overview import Overview
from screens.venues import Venues
from tests.console.fabricated_venues import SHOWN, one_down, paper

HIDDEN = "venues-funding"


def shown(desk: Any, pane: str) -> str:
    return str(desk.app.screen.query_one(f"#pane-venues-{pane}").shown)


async def test_v_opens_the_screen_and_escape_closes_it(desk: Any) -> None:
    d = desk(paper())
    async with d.run() as pilot:
        for close in ("escape", "0", "left_square_bracket", "right_square_bracket"):
            await pilot.press("v")
            await pilot.pause(0.3)
            assert isinstance(d.app.screen, Venues)
            assert "paper" in shown(d, "accounts")
            await pilot.press(close)
            assert not isinstance(d.app.screen, Venues)
            await pilot.press("escape")
            assert isinstance(d.app.screen, Overview)
        assert [type(c) for c in d.client.sent] == [Attended]


async def test_the_command_line_opens_the_screen_by_its_name(desk: Any) -> None:
    d = desk(paper())
    async with d.run() as pilot:
        await pilot.press("colon", *"venues", "enter")
        await pilot.pause(0.2)
        assert isinstance(d.app.screen, Venues)


async def test_tab_and_enter_show_one_pane_alone_and_escape_all_of_them(desk: Any) -> None:
    d = desk(one_down())
    async with d.run((80, 24)) as pilot:
        await pilot.press("v")
        await pilot.pause(0.4)
        assert HIDDEN not in [pane.pane for pane in d.app.screen.panes()]
        assert "more" in shown(d, "streams")
        await pilot.press("tab", "enter")
        await pilot.pause(0.3)
        assert [pane.pane for pane in d.app.screen.panes()] == ["venues-streams"]
        assert "more" not in shown(d, "streams")
        await pilot.press("escape")
        await pilot.pause(0.3)
        assert isinstance(d.app.screen, Venues)
        assert len(d.app.screen.panes()) == 3
        await pilot.press("escape")
        assert isinstance(d.app.screen, Overview)


async def test_shift_tab_goes_back_and_y_copies_the_focused_pane(desk: Any) -> None:
    d = desk(paper())
    async with d.run() as pilot:
        await pilot.press("v")
        await pilot.pause(0.3)
        await pilot.press("tab", "shift+tab", "y")
        await pilot.pause(0.1)
        assert "dead-man" in d.app.clipboard


async def test_keys_that_are_the_same_everywhere_work_here(desk: Any) -> None:
    d = desk(paper())
    async with d.run() as pilot:
        await pilot.press("v", "p", "ctrl+g")
        assert len(d.client.did(Pause)) == 1
        assert len(d.client.did(Halt)) == 1


async def test_a_venue_that_falls_is_seen_at_once_without_waiting_for_the_tables(desk: Any) -> None:
    d = desk(SHOWN["paired"]())
    async with d.run((80, 24)) as pilot:
        await pilot.press("v")
        await pilot.pause(0.4)
        assert "DOWN" not in shown(d, "accounts")
        down = SHOWN["one_down"]()
        d.client.snap = msgspec.structs.replace(down, seq=down.seq + 1)
        d.clock.step(0.6)
        await pilot.pause(0.4)
        assert "okx DOWN" in shown(d, "accounts").splitlines()[1]


async def test_no_picture_of_the_core_is_waited_for(desk: Any) -> None:
    d = desk(None)
    async with d.run() as pilot:
        await pilot.press("v")
        await pilot.pause(0.3)
        assert "waiting for the core" in shown(d, "accounts")


@pytest.mark.parametrize("size", [(79, 24), (80, 23), (40, 3)])
async def test_below_80x24_the_safe_strip_stays(desk: Any, size: tuple[int, int]) -> None:
    d = desk(paper())
    async with d.run(size) as pilot:
        await pilot.press("v")
        await pilot.pause(0.3)
        assert d.app.screen.safe_strip
        assert not d.app.screen.query_one("#body").display
        assert "^G" in d.app.screen.query_one("#keys").shown
