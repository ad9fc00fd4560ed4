"""What the operator sees of the audit replay: at each size and in each state; any words at any width."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.console import Console
from app.options import Options
from core.domain.audit import CursorTold, EventRow, EventsTold, JournalTold, Line
from core.domain.snapshot import Snapshot
from screens.panes import audit_events, audit_step
from screens.theme import Theme
from screens.view import View
from screens.widgets.pane import Drawn, Pane, frame
from tests.console.fabricated import T0, FakeClient, StillClock, snapshot, state
from tests.console.fabricated_audit import Invented, files

SIZES = [(80, 24), (120, 40), (200, 60)]
IDS = ["80x24", "120x40", "200x60"]
BAD = "x.perpj: Expected a perpconsole journal of version 1, was another kind of file"


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Console]:
    monkeypatch.delenv("NO_COLOR", raising=False)

    def make(snap: Any = ..., port: Invented | None = None, **options: Any) -> Console:
        given = {"clock": StillClock(), "palette": "default", "ascii_only": False, **options}
        client = FakeClient(snapshot() if snap is ... else snap)
        return Console(client, Options(audit=lambda: port or Invented(), journals=files, **given))

    return make


async def opened(pilot: Any) -> None:
    await pilot.pause(0.2)
    await pilot.press("u")
    for _ in range(4):
        pilot.app.poll()
        await pilot.pause(0.1)
    await pilot.press("comma", "comma")
    pilot.app.poll()
    pilot.app.redraw()
    await pilot.pause(0.2)


@pytest.mark.parametrize("size", [*SIZES, (80, 40), (120, 24)], ids=[*IDS, "80x40", "120x24"])
def test_the_screen_at_each_size(size: tuple[int, int], snap_compare: Any, console: Any) -> None:
    assert snap_compare(console(), terminal_size=size, run_before=opened)


@pytest.mark.parametrize("size", SIZES[:2], ids=IDS[:2])
def test_the_core_of_now_is_halted(size: tuple[int, int], snap_compare: Any, console: Any) -> None:
    snap = state(snapshot(), run="HALTED", verified="clean", orders_at_stop=16, positions_left=1, reason="Ctrl+G")
    assert snap_compare(console(snap), terminal_size=size, run_before=opened)


@pytest.mark.parametrize("size", SIZES[:2], ids=IDS[:2])
def test_the_core_of_now_is_silent(size: tuple[int, int], snap_compare: Any, console: Any) -> None:
    async def silent(pilot: Any) -> None:
        await opened(pilot)
        pilot.app.clock.step(2.0)
        pilot.app.poll()
        await pilot.pause(0.2)

    assert snap_compare(console(), terminal_size=size, run_before=silent)


def test_no_core_at_all(snap_compare: Any, console: Any) -> None:
    assert snap_compare(console(None), terminal_size=(80, 24), run_before=opened)


def test_the_engine_is_on_its_way(snap_compare: Any, console: Any) -> None:
    port = Invented(share=0.43, read=0.7)
    assert snap_compare(console(port=port), terminal_size=(120, 40), run_before=opened)


def test_a_step_came_out_different(snap_compare: Any, console: Any) -> None:
    assert snap_compare(console(port=Invented(differs=238)), terminal_size=(120, 40), run_before=opened)


@pytest.mark.parametrize("size", SIZES[:2], ids=IDS[:2])
def test_a_file_that_is_no_journal(size: tuple[int, int], snap_compare: Any, console: Any) -> None:
    assert snap_compare(console(port=Invented(trouble=BAD)), terminal_size=size, run_before=opened)


def test_the_screen_in_ascii_without_colours(snap_compare: Any, console: Any) -> None:
    app = console(palette="mono", ascii_only=True)
    assert snap_compare(app, terminal_size=(120, 40), run_before=opened)


@pytest.mark.parametrize("size", SIZES[:2], ids=IDS[:2])
def test_the_list_of_journals(size: tuple[int, int], snap_compare: Any, console: Any) -> None:
    async def listed(pilot: Any) -> None:
        await opened(pilot)
        await pilot.press("J")
        await pilot.pause(0.3)

    assert snap_compare(console(), terminal_size=size, run_before=listed)


WORDS = st.text("abc é\x1b[\t\n", max_size=60)
NUMBER = st.integers(0, 10**12)
ROWS = st.lists(
    st.builds(
        EventRow, NUMBER, st.integers(0, 2 * T0), WORDS, WORDS, NUMBER, WORDS, st.sampled_from(["ok", "DIFFERS"])
    ),
    max_size=9,
).map(tuple)
FILE = st.none() | st.builds(
    JournalTold, WORDS, WORDS, WORDS, NUMBER, NUMBER, NUMBER, st.floats(0, 1), NUMBER, st.sampled_from(["", BAD])
)
EVENTS = st.none() | st.builds(EventsTold, WORDS, NUMBER, st.floats(0, 1), NUMBER, NUMBER, ROWS)
CURSOR = st.none() | st.builds(
    CursorTold, NUMBER, st.integers(0, 2 * T0), NUMBER, st.none() | st.floats(0, 1), NUMBER, WORDS,
    st.lists(st.builds(Line, st.sampled_from(["in", "out", "refused", "crit", "other"]), WORDS), max_size=7).map(tuple),
)  # fmt: skip


@given(FILE, EVENTS, CURSOR, st.integers(10, 220), st.integers(1, 60), st.booleans())
def test_any_words_are_drawn_at_any_size(
    file: JournalTold | None, told: EventsTold | None, cursor: CursorTold | None, width: int, height: int, plain: bool
) -> None:
    view = View(Snapshot(mode="REPLAY"), Theme("mono" if plain else "default", plain), utc=T0)

    def events(v: View, w: int, h: int) -> Drawn:
        return audit_events.page(v, w, h, told, file)

    def step(v: View, w: int, h: int) -> Drawn:
        return audit_step.draw(v, w, h, cursor, file)

    for draw in (events, step):
        assert len(draw(view, width, height).rows) <= height
        strips = frame(Pane("x", "x", draw), view, width + 4, height + 2)
        assert {strip.cell_length for strip in strips} == {width + 4}
        if plain:
            assert all(strip.text.isascii() for strip in strips)
    assert len(audit_events.title(told, file, width)) <= max(width, 60)
