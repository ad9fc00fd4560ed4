"""Keys of the screen Scheduler, its rows in words, and that nothing is ever sent."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from core.domain import snapshot as sn
from screens.panes import scheduler_history, scheduler_next, scheduler_rounds
from screens.theme import Theme
from screens.view import View
from screens.widgets.pane import Drawn
from tests.console.fabricated import SECOND, T0
from tests.console.fabricated_venues import SHOWN, halted, paired, timed


def shown(desk: Any, pane: str) -> str:
    return str(desk.app.screen.query_one(f"#pane-scheduler-{pane}").shown)


def view(snap: Any, **changes: Any) -> View:
    return View(snap, Theme(), utc=T0, **changes)


def text(drawn: Drawn) -> list[str]:
    return [row.plain for row in drawn.rows]


async def test_tab_enter_and_y_work_on_the_panes(desk: Any) -> None:
    d = desk(timed())
    async with d.run((80, 24)) as pilot:
        await pilot.press("j")
        await pilot.pause(0.3)
        await pilot.press("tab", "enter")
        await pilot.pause(0.3)
        assert [pane.pane for pane in d.app.screen.panes()] == ["scheduler-rounds"]
        await pilot.press("y")
        await pilot.pause(0.1)
        assert "carried" in d.app.clipboard
        await pilot.press("escape")
        await pilot.pause(0.3)
        assert len(d.app.screen.panes()) == 3


# --- rows in words ----------------------------------------------------------------------------------------------------
def test_each_row_counts_down_in_core_time_and_says_what_follows() -> None:
    first = text(scheduler_next.draw(view(timed()), 116, 20))[0]
    assert first.split()[:2] == ["01:48:56", "14:51:27"]
    assert "round 17 ends" in first and "positions closed" in first
    fast = scheduler_next.draw(view(msgspec.structs.replace(timed(), speed=60.0)), 116, 20)
    assert fast.note == "UTC  core time x60"


def test_without_new_pictures_a_countdown_is_doubted_and_the_pane_says_stale() -> None:
    drawn = scheduler_next.draw(view(timed(), silence_ns=4 * SECOND), 116, 20)
    assert text(drawn)[0].strip().startswith("?01:48:56")
    assert (drawn.stale, drawn.stale_ns) == (True, 4 * SECOND)


def test_a_time_that_has_passed_is_over() -> None:
    snap = timed(paired())
    late = tuple(msgspec.structs.replace(row, next_ts=snap.ts - SECOND) for row in snap.funding)
    first = text(scheduler_next.draw(view(msgspec.structs.replace(snap, funding=late)), 116, 20))[0]
    assert first.split()[0] == "over"


def test_where_there_is_little_room_the_next_one_is_whole_and_the_others_are_counted() -> None:
    each = text(scheduler_next.draw(view(timed(paired())), 72, 5))
    assert [row.split()[0].count(":") for row in each] == [2] * 5  # all of them rather than what follows
    rows = text(scheduler_next.draw(view(timed(paired())), 72, 4))
    assert len(rows) == 4
    assert rows[1].strip().startswith("rate ")
    assert rows[-1] == "… 3 more"
    assert len(text(scheduler_next.draw(view(timed(paired())), 76, 1))) == 1


def test_what_waits_without_a_time_stands_below() -> None:
    rows = text(scheduler_next.draw(view(halted(timed(paired()))), 116, 20))
    assert rows[0].split("  ")[-1] == "the venue cancels our orders"
    assert rows[-2:] == ["HALTED (Ctrl+G): until R re-arms", "no round runs"]


def test_finished_rounds_have_their_verdict_in_words_and_the_running_one_is_not_among_them() -> None:
    snap = timed()
    cut = sn.RoundRow(14, snap.ts - 50_000 * SECOND, snap.ts - 49_000 * SECOND, None, "", "cut off")
    rows = text(scheduler_rounds.draw(view(msgspec.structs.replace(snap, rounds=(cut, *snap.rounds))), 76, 8))
    assert [row.split()[0] for row in rows] == ["round", "16", "15", "14"]
    assert "04:00:00" in rows[1] and "flat" in rows[1] and "written" in rows[1]
    assert "CUT OFF" in rows[3] and "--" in rows[3] and "none" in rows[3]
    empty = msgspec.structs.replace(snap, rounds=())
    assert text(scheduler_rounds.draw(view(empty), 76, 8)) == ["no round has ended yet"]


def test_the_history_is_newest_first_with_its_age() -> None:
    rows = text(scheduler_history.draw(view(halted(timed())), 76, 8))
    assert rows[0] == "HALTED for 9.0s  Ctrl+G"
    assert rows[1].endswith("9.0s ago  HALTING → HALTED key")
    assert rows[3].endswith("14m22 ago  PAUSED → RUNNING operator")
    assert [style for _, style in scheduler_history.draw(view(halted(timed())), 76, 8).rows[1].spans][-1] == "crit"


@pytest.mark.parametrize("name", [name for name in SHOWN if name != "nothing"])
@pytest.mark.parametrize("width", [54, 76, 116, 196])
def test_nothing_is_cut_at_the_widths_of_the_screen(name: str, width: int) -> None:
    for draw in (scheduler_next.draw, scheduler_rounds.draw, scheduler_history.draw):
        assert max(row.width for row in draw(view(SHOWN[name]()), width, 14).rows) <= width
