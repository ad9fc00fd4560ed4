"""Logs and Config: what is asked, what is shown, each key, and how they look (CONSOLE.md 3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.domain.questions import ConfigInForce, ConfigPage, ConfigRow, LogLines, LogPage
from core.domain.snapshot import Check, LogRow
from screens.config import Config
from screens.logs import KEPT, Logs
from screens.modals.filter import FilterLine
from screens.paged import Paged
from screens.widgets.listing import Listing
from tests.console.fabricated import SECOND, T0, snapshot

LEVELS = ("info", "info", "warn", "info", "crit")
PATIENCE = 200  # looks of 0.05 s: a question is asked every tenth of a second and answered beside the loop


def row(n: int) -> LogRow:
    level = LEVELS[n % len(LEVELS)]
    return LogRow(T0 + n * SECOND, level, "[order_update]", f"line {n} of the core, {'late' if n % 7 else 'odd'}")


class Lines:
    """A core's ring: `total` lines, the newest `kept` of them."""

    def __init__(self, total: int, kept: int = KEPT, page: int = 2_000) -> None:
        self.total, self.kept, self.page = total, kept, page

    def __call__(self, asked: LogLines) -> LogPage:
        first = max(asked.after, self.total - self.kept) + 1
        rows = tuple(row(n) for n in range(first, min(first + self.page, self.total + 1)))
        return LogPage(first, self.total, rows)


PAGE = ConfigPage(
    "configs/paper.yml", "a" * 64,
    (
        ConfigRow("mode", "paper", "file"), ConfigRow("equity", "200", "env PERP__EQUITY"),
        ConfigRow("strategies.0.params.layer_spacing_mode", "geometric", "default"),
        ConfigRow("venues.binance_usdm.keys.secret", "••••3f2a", "file"),
        *(ConfigRow(f"risk.limit_{n}", str(n), "default") for n in range(60)),
    ),
    (
        Check("feeds fresh", True, "books come"), Check("layers", False, "8 of 24 can be placed"),
        Check("clock within 250 ms", None, "no sample yet"),
    ),
)  # fmt: skip


def lists(desk: Any, lines: Lines | None = None) -> Any:
    d = desk()
    d.client.pages = {LogLines: lines or Lines(240), ConfigInForce: PAGE}
    return d


async def until(pilot: Any, true: Callable[[], Any]) -> None:
    """Wait for a page to come; fails after ten seconds."""
    for _ in range(PATIENCE):
        if true():
            return
        await pilot.pause(0.05)
    raise AssertionError("Expected a page within 10 s, was none")


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
    ring = Lines(4_500)
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
    ring = Lines(100, kept=50)
    d = lists(desk, ring)
    async with d.run() as pilot:
        screen = await opened(pilot, d, "l")
        assert texts(screen)[0] == row(51).text and screen.missed == 0
        ring.total = 200
        d.clock.step(1.0)
        await until(pilot, lambda: screen.last == 200)
        assert screen.missed == 50 and "50 lines lost" in screen.listing.shown


async def test_another_core_starts_the_list_anew(desk: Any) -> None:
    ring = Lines(100)
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


async def test_slash_filters_and_escape_changes_nothing(desk: Any) -> None:
    d = lists(desk)
    async with d.run() as pilot:
        screen = await opened(pilot, d, "l")
        await pilot.press("slash")
        assert isinstance(d.app.screen, FilterLine)
        await pilot.press(*"odd", "enter")
        await until(pilot, lambda: d.app.screen is screen and screen.needle)
        assert texts(screen) and all("odd" in text for text in texts(screen))
        await pilot.press("slash", "x", "escape")
        await until(pilot, lambda: d.app.screen is screen)
        assert screen.needle == "odd"
        await pilot.press("slash", "backspace", "backspace", "backspace", "enter")
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
        d.client.pages = {ConfigInForce: PAGE}
        d.clock.step(6.0)
        await until(pilot, lambda: screen.listing("values").rows)
        assert "equity" in screen.listing("values").shown


@pytest.mark.parametrize("key", ["l", "c"])
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_lists_look(snap_compare: Any, desk: Any, key: str, size: tuple[int, int]) -> None:
    d = lists(desk)

    async def shown(pilot: Any) -> None:
        await opened(pilot, d, key)

    assert snap_compare(d.app, terminal_size=size, run_before=shown)


@pytest.mark.parametrize("key", ["l", "c"])
def test_lists_look_in_ascii_without_colours(snap_compare: Any, desk: Any, key: str) -> None:
    d = desk(snapshot(), palette="mono", ascii_only=True)
    d.client.pages = {LogLines: Lines(240), ConfigInForce: PAGE}

    async def shown(pilot: Any) -> None:
        await opened(pilot, d, key)

    assert snap_compare(d.app, terminal_size=(80, 24), run_before=shown)
