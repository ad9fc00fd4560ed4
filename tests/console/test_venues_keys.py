"""Keys of the screen Venues & streams: how it opens and closes, zoom and copy, and that nothing is ever sent."""

from __future__ import annotations

from typing import Any

import msgspec

from screens.overview import Overview
from screens.venues import Venues
from tests.console.fabricated_venues import SHOWN, one_down, paper

HIDDEN = "venues-funding"


def shown(desk: Any, pane: str) -> str:
    return str(desk.app.screen.query_one(f"#pane-venues-{pane}").shown)


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
