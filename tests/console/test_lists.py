"""Logs and Config: what is asked, what is shown, each key, and how they look (CONSOLE.md 3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.exporting import export_to
from core.domain.questions import ConfigInForce, LogLines
from screens import format as fmt
from screens.config import Config
from screens.logs import Logs
from screens.modals.filter import FilterLine
from screens.paged import Paged
from screens.widgets.listing import Listing
from tests.console.fabricated_pages import CONFIG_PAGE, Ring, row
from tests.console.waiting import until


def lists(desk: Any, lines: Ring | None = None) -> Any:
    d = desk()
    d.client.pages = {LogLines: lines or Ring(240), ConfigInForce: CONFIG_PAGE}
    return d


async def opened(pilot: Any, d: Any, key: str) -> Any:
    """The screen of a key with its first page in it, or with why there is none."""
    await pilot.press(key)
    await until(pilot, lambda: isinstance(d.app.screen, Paged))
    screen = d.app.screen
    await until(pilot, lambda: screen.trouble or any(listing.rows for listing in screen.query(Listing)))
    return screen


def texts(screen: Logs) -> list[str]:
    return [one.text for one in screen.listing.kept]


async def test_logs_come_page_by_page_and_follow_the_newest(desk: Any) -> None:
    ring = Ring(4_500)
    d = lists(desk, ring)
    async with d.run() as pilot:
        screen = await opened(pilot, d, "l")
        await until(pilot, lambda: screen.last == 4_500)
        assert isinstance(screen, Logs) and len(screen.lines) == 4_500
        assert [q.after for q in d.client.asked if isinstance(q, LogLines)][:3] == [0, 2_000, 4_000]
        assert "line 4500" in screen.listing.shown and "newest" in screen.listing.shown
        ring.total += 3
        d.clock.step(1.0)
        await until(pilot, lambda: screen.last == 4_503)
        assert "line 4503" in screen.listing.shown
        await pilot.press("up", "up")
        ring.total += 1
        d.clock.step(1.0)
        await until(pilot, lambda: screen.last == 4_504)
        assert "line 4504" not in screen.listing.shown, "scrolled up: it stays where it is"
        await pilot.press("F")
        assert "line 4504" in screen.listing.shown


async def test_lines_that_the_ring_lost_before_they_were_asked_for_are_counted(desk: Any) -> None:
    ring = Ring(100, kept=50)
    d = lists(desk, ring)
    async with d.run() as pilot:
        screen = await opened(pilot, d, "l")
        assert texts(screen)[0] == row(51).text and screen.missed == 0
        ring.total = 200
        d.clock.step(1.0)
        await until(pilot, lambda: screen.last == 200)
        assert screen.missed == 50 and "50 lines lost" in screen.listing.shown


async def test_another_core_starts_the_list_anew(desk: Any) -> None:
    ring = Ring(100)
    d = lists(desk, ring)
    async with d.run() as pilot:
        screen = await opened(pilot, d, "l")
        ring.total = 5
        d.clock.step(1.0)
        await until(pilot, lambda: screen.last == 5)
        assert texts(screen) == [row(n).text for n in range(1, 6)]


@pytest.mark.parametrize(("key", "least"), [("1", 240), ("2", 240), ("3", 96), ("4", 48), ("5", 48)])
async def test_digits_choose_a_level_and_above(desk: Any, key: str, least: int) -> None:
    d = lists(desk)
    async with d.run() as pilot:
        screen = await opened(pilot, d, "l")
        await pilot.press(key)
        assert len(texts(screen)) == least and isinstance(d.app.screen, Logs)
        screen.filter("no such text")
        assert "none of 240 rows" in screen.listing.shown
    assert len(d.client.sent) == 1, "nothing but that somebody is here"


async def test_n_and_shift_n_walk_the_warnings(desk: Any) -> None:
    d = lists(desk)
    async with d.run() as pilot:
        screen = await opened(pilot, d, "l")
        await pilot.press("home", "n")
        assert screen.listing.kept[screen.listing._top].level in ("warn", "crit")
        first = screen.listing._top
        await pilot.press("n", "N")
        assert screen.listing._top == first


async def test_slash_in_the_log_searches_marks_and_walks_what_it_found(desk: Any) -> None:
    """CONSOLE.md 3, LOGS: / search, n N."""
    d = lists(desk)
    async with d.run() as pilot:
        screen = await opened(pilot, d, "l")
        await pilot.press("home", "slash", *"odd", "enter")
        await until(pilot, lambda: d.app.screen is screen and screen.sought)
        assert len(texts(screen)) == 240, "a search hides nothing"
        tops = [screen.listing._top]
        for key in ("n", "n", "N"):
            await pilot.press(key)
            tops.append(screen.listing._top)
        assert tops[1] == tops[0] + 7 and tops[2] == tops[1] + 7 and tops[3] == tops[1]
        assert all("odd" in screen.listing.kept[top].text for top in tops)
        assert f"{240 // 7} found 'odd'" in screen.listing.shown
        await pilot.press("slash", *"zz", "enter")
        await until(pilot, lambda: "no line with 'zz'" in d.app.view.note)


async def test_t_jumps_to_a_time_of_day(desk: Any) -> None:
    d = lists(desk)
    async with d.run() as pilot:
        screen = await opened(pilot, d, "l")
        at = fmt.clock(row(33).ts)
        await pilot.press("t", *[":" if c == ":" else c for c in at], "enter")
        await until(pilot, lambda: d.app.screen is screen and screen.listing.follow is False)
        assert screen.listing.kept[screen.listing._top].text == row(33).text
        await pilot.press("t", *"99", "enter")
        await until(pilot, lambda: "Expected HH:MM" in d.app.view.note)


async def test_e_writes_the_lines_that_are_shown(desk: Any, tmp_path: Path) -> None:
    d = desk(export=export_to(tmp_path))
    d.client.pages = {LogLines: Ring(240)}
    async with d.run() as pilot:
        await opened(pilot, d, "l")
        await pilot.press("5", "e")
        await until(pilot, lambda: "48 rows written to" in d.app.view.note)
        [path] = (tmp_path / "exports").iterdir()
        lines = path.read_text().splitlines()
        assert len(lines) == 48 and all(" crit " in line for line in lines) and path.stat().st_mode & 0o777 == 0o600
        assert lines[0].startswith(fmt.stamp(row(4).ts))


async def test_an_export_that_the_disk_refuses_is_said(desk: Any) -> None:
    d = lists(desk)
    async with d.run() as pilot:
        await opened(pilot, d, "l")
        await pilot.press("e")
        await until(pilot, lambda: "not written" in d.app.view.note)


async def test_shift_letters_sort_config_values(desk: Any) -> None:
    d = lists(desk)
    async with d.run() as pilot:
        screen = await opened(pilot, d, "c")
        values = screen.listing("values")
        as_it_came = [one.key for one in values.kept]
        await pilot.press("O")
        assert [one.origin for one in values.kept][:3] == ["env PERP__EQUITY", "file", "file"]
        await pilot.press("K")
        assert [one.key for one in values.kept] == sorted(as_it_came)
        await pilot.press("K")
        assert [one.key for one in values.kept] == sorted(as_it_came, reverse=True)
        await pilot.press("K")
        assert [one.key for one in values.kept] == as_it_came


async def test_enter_shows_one_list_of_config_alone(desk: Any) -> None:
    d = lists(desk)
    async with d.run(size=(120, 40)) as pilot:
        screen = await opened(pilot, d, "c")
        await pilot.press("enter")
        await pilot.pause()
        assert screen.listing("values").size.width == 120 and not screen.listing("checks").display
        await pilot.press("escape")
        await pilot.pause()
        assert d.app.screen is screen and screen.listing("checks").display


async def test_ampersand_filters_and_escape_changes_nothing(desk: Any) -> None:
    d = lists(desk)
    async with d.run() as pilot:
        screen = await opened(pilot, d, "l")
        await pilot.press("ampersand")
        assert isinstance(d.app.screen, FilterLine)
        await pilot.press(*"odd", "enter")
        await until(pilot, lambda: d.app.screen is screen and screen.needle)
        assert texts(screen) and all("odd" in text for text in texts(screen))
        await pilot.press("ampersand", "x", "escape")
        await until(pilot, lambda: d.app.screen is screen)
        assert screen.needle == "odd"
        await pilot.press("ampersand", "backspace", "backspace", "backspace", "enter")
        await until(pilot, lambda: d.app.screen is screen and not screen.needle)
        assert len(texts(screen)) == 240


async def test_y_copies_what_is_shown(desk: Any) -> None:
    d = lists(desk)
    async with d.run() as pilot:
        await opened(pilot, d, "l")
        await pilot.press("5", "y")
        assert d.app.clipboard.count("\n") == 47 and "CRIT" not in d.app.clipboard.split(" ")[0]
        await pilot.press("escape")
        await opened(pilot, d, "c")
        await pilot.press("y")
        assert "equity  200  env PERP__EQUITY" in d.app.clipboard


async def test_config_shows_origin_checks_worst_first_and_filters(desk: Any) -> None:
    d = lists(desk)
    async with d.run() as pilot:
        screen = await opened(pilot, d, "c")
        assert isinstance(screen, Config)
        checks = screen.listing("checks")
        assert [one.name for one in checks.kept] == ["layers", "clock within 250 ms", "feeds fresh"]
        assert "Self-check 1/3 ok  1 FAIL" in checks.shown and "••••3f2a" in screen.listing("values").shown
        await pilot.press("slash", *"equity", "enter")
        await until(pilot, lambda: d.app.screen is screen)
        assert [one.key for one in screen.listing("values").kept] == ["equity"]


async def test_a_core_that_does_not_answer_is_said_and_asked_again(desk: Any) -> None:
    d = desk()
    async with d.run() as pilot:
        screen = await opened(pilot, d, "c")
        assert "no page here" in screen.listing("values").shown
        d.client.pages = {ConfigInForce: CONFIG_PAGE}
        d.clock.step(6.0)
        await until(pilot, lambda: screen.listing("values").rows)
        assert "equity" in screen.listing("values").shown


async def test_a_page_comes_beneath_a_dialog(desk: Any) -> None:
    """`c` and `/` in one breath: what the dialog does not cover is filled."""
    d = lists(desk)
    async with d.run() as pilot:
        asked = d.app.look_for_pages
        d.app.look_for_pages = lambda: None
        await pilot.press("c", "slash")
        assert isinstance(d.app.screen, FilterLine)
        d.app.look_for_pages = asked
        below = d.app.screen_stack[-2]
        await until(pilot, lambda: below.listing("values").rows)
        assert "equity" in below.listing("values").shown and isinstance(d.app.screen, FilterLine)
