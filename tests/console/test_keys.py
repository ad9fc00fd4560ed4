"""Every key on every screen and in every dialog: what reaches the core, and what must not (CONSOLE.md 3)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from textual import events

from core.domain.commands import (
    AckAlert,
    Answer,
    Attended,
    CancelOrder,
    Flatten,
    Halt,
    Pause,
    Rearm,
    Resume,
    SetLimit,
    Stop,
    WriteReport,
)
from screens.modals.base import STANDS_S, Dialog
from screens.modals.command import CommandLine
from screens.modals.flatten import FlattenDialog
from screens.modals.quit import QuitDialog
from screens.modals.rearm import RearmDialog
from screens.overview import Overview
from screens.rounds import Rounds
from tests.console.fabricated import SECOND, snapshot, state

OPENED_S = 0.2  # dialogs are deaf for 0.15 s
STOOD_S = STANDS_S + 0.1


def in_run(run: str, **changes: Any) -> Any:
    return state(snapshot(), run=run, **changes)


def live(run: str = "RUNNING", **changes: Any) -> Any:
    return msgspec.structs.replace(in_run(run, **changes), mode="LIVE", network="mainnet")


HALTED = in_run("HALTED", verified="clean", orders_at_stop=16, positions_left=1, reason="Ctrl+G")


async def test_a_controlling_console_says_that_it_is_there_and_a_viewer_does_not(desk) -> None:
    for read_only, count in ((False, 1), (True, 0)):
        d = desk(read_only=read_only)
        async with d.run():
            assert len(d.client.did(Attended)) == count


async def test_a_second_separate_press_flattens_after_halted_was_drawn(desk) -> None:
    """UC-05."""
    d = desk()
    async with d.run() as pilot:
        await pilot.press("ctrl+g")
        d.client.snap = in_run("HALTING", orders_left=3, orders_at_stop=16)
        for _ in range(300):
            await pilot.pause(0.05)
            if d.app.hook._machine._drawn:  # the frame stands on the screen
                break
        d.clock.step(1.0)
        await pilot.press("ctrl+g")
        assert d.client.did(Flatten) == []
        d.clock.step(0.5)
        for _ in range(300):
            await pilot.pause(0.05)
            if d.client.did(Flatten):
                break
        assert len(d.client.did(Flatten)) == 1
        assert len(d.client.did(Halt)) == 2


async def test_a_beat_while_the_console_is_taken_down_draws_nothing(desk) -> None:
    """UC-11: the last beat of a busy machine finds no screen and ends nothing badly."""
    d = desk()
    async with d.run():
        pass
    drawn = []
    d.app.redraw = lambda tables=True: drawn.append(tables)
    d.client.snap = in_run("HALTING", orders_left=3, orders_at_stop=16)
    d.clock.step(5.0)
    d.app.poll()
    assert drawn == []


async def test_the_switch_of_the_config_is_obeyed(desk) -> None:
    d = desk(msgspec.structs.replace(snapshot(), double_press_flattens=False))
    async with d.run() as pilot:
        await pilot.press("ctrl+g")
        d.client.snap = msgspec.structs.replace(HALTED, double_press_flattens=False)
        await pilot.pause(0.25)
        d.clock.step(1.0)
        await pilot.press("ctrl+g")
        d.clock.step(0.5)
        await pilot.pause(0.6)
        assert d.client.did(Flatten) == []


async def test_a_core_that_shows_no_stop_after_half_a_second_is_reported(desk) -> None:
    calls: list[int] = []
    d = desk(on_stuck=lambda: calls.append(1))
    async with d.run() as pilot:
        await pilot.press("ctrl+g")
        await pilot.pause(0.15)
        d.clock.step(0.6)
        await pilot.pause(0.25)
        assert calls == [1]


async def test_pause_needs_no_question_and_resume_asks(desk) -> None:
    d = desk()
    async with d.run() as pilot:
        await pilot.press("p")
        assert len(d.client.did(Pause)) == 1
        d.client.snap = in_run("PAUSED", reason="operator")
        await pilot.pause(0.25)
        await pilot.press("p")
        assert d.client.did(Resume) == []
        await pilot.pause(OPENED_S)
        await pilot.press("y")
        assert [c.word for c in d.client.did(Resume)] == ["y"]


@pytest.mark.parametrize(("resumed_once", "word"), [(False, "main-01"), (True, "go")])
async def test_resume_with_real_money_is_typed(desk, resumed_once: bool, word: str) -> None:
    d = desk(live("PAUSED", resumed_once=resumed_once))
    async with d.run() as pilot:
        await pilot.press("p")
        await pilot.pause(OPENED_S)
        await pilot.press("y", "enter")
        assert d.client.did(Resume) == []
        await pilot.press("p")
        await pilot.pause(OPENED_S)
        await pilot.press(*["minus" if c == "-" else c for c in word])
        await pilot.pause(STOOD_S)
        await pilot.press("enter")
        assert [c.word for c in d.client.did(Resume)] == [word]


async def test_flatten_in_paper_takes_y_and_nothing_else(desk) -> None:
    d = desk()
    async with d.run() as pilot:
        for key in ("enter", "escape"):
            await pilot.press("f")
            assert isinstance(d.app.screen, FlattenDialog)
            await pilot.pause(OPENED_S)
            await pilot.press("n", "f", key)
            assert not isinstance(d.app.screen, Dialog)
        assert d.client.did(Flatten) == []
        await pilot.press("f")
        await pilot.pause(OPENED_S)
        await pilot.press("y")
        assert len(d.client.did(Flatten)) == 1


async def test_flatten_with_real_money_takes_the_typed_word(desk) -> None:
    d = desk(live())
    async with d.run() as pilot:
        for wrong in (["y"], ["f", "l", "a", "enter"], ["f", "l", "a", "t", "t", "enter"]):
            await pilot.press("f")
            await pilot.pause(OPENED_S)
            await pilot.press(*wrong)
            await pilot.press("escape")
        assert d.client.did(Flatten) == []
        await pilot.press("f")
        await pilot.pause(OPENED_S)
        await pilot.press("f", "l", "x", "backspace", "a", "t")
        await pilot.pause(STOOD_S)
        await pilot.press("enter")
        assert len(d.client.did(Flatten)) == 1


async def test_an_enter_that_comes_with_the_word_is_not_a_persons(desk, monkeypatch) -> None:
    """A burst of bytes that holds word and Enter: it says so, and one more Enter confirms."""
    monkeypatch.setattr("screens.modals.base.STANDS_S", 0.4)
    d = desk(live())
    async with d.run() as pilot:
        await pilot.press("f")
        await pilot.pause(OPENED_S)
        await pilot.press(*"flat", "enter")
        assert d.client.did(Flatten) == [] and isinstance(d.app.screen, FlattenDialog)
        assert "Enter once more" in d.app.screen.query_one("#dialog").shown
        await pilot.pause(0.6)
        await pilot.press("enter")
        assert len(d.client.did(Flatten)) == 1


async def test_keys_in_the_first_instant_of_a_dialog_are_dropped(desk, monkeypatch) -> None:
    """An unbracketed paste of `fy` must not answer its own dialog."""
    monkeypatch.setattr("screens.modals.base.DEAF_S", 30.0)
    d = desk()
    async with d.run() as pilot:
        await pilot.press("f", "y")
        assert d.client.did(Flatten) == []


async def test_rearm_only_when_halted_with_a_reason_and_the_word(desk) -> None:
    d = desk()
    async with d.run() as pilot:
        await pilot.press("R")
        assert not isinstance(d.app.screen, Dialog)
        d.client.snap = HALTED
        await pilot.pause(0.25)
        await pilot.press("R")
        assert isinstance(d.app.screen, RearmDialog)
        await pilot.pause(OPENED_S)
        await pilot.press("enter")  # no reason
        assert not isinstance(d.app.screen, Dialog)
        await pilot.press("R")
        await pilot.pause(OPENED_S)
        await pilot.press("o", "k", "space", "R", "enter", "a", "r", "m")
        await pilot.pause(STOOD_S)
        await pilot.press("enter")
        assert [(c.word, c.reason) for c in d.client.did(Rearm)] == [("arm", "ok R")]


async def test_rearm_on_mainnet_wants_the_account_name(desk) -> None:
    d = desk(live("HALTED", verified="clean"))
    async with d.run() as pilot:
        await pilot.press("R")
        await pilot.pause(OPENED_S)
        await pilot.press("x", "enter", "a", "r", "m", "enter")
        assert d.client.did(Rearm) == []


@pytest.mark.parametrize("key", ["q", "d", "ctrl+q"])
async def test_leaving_asks_and_escape_stays(desk, key: str) -> None:
    d = desk()
    async with d.run() as pilot:
        await pilot.press(key)
        assert isinstance(d.app.screen, QuitDialog)
        await pilot.pause(OPENED_S)
        await pilot.press("d")  # not offered: this client cannot detach
        assert isinstance(d.app.screen, QuitDialog)
        await pilot.press("escape")
        assert not isinstance(d.app.screen, Dialog)
        assert d.client.did(Stop) == []


async def test_detach_is_offered_only_when_the_client_can(desk) -> None:
    d = desk(attached=True)
    async with d.run() as pilot:
        await pilot.press("q")
        await pilot.pause(OPENED_S)
        await pilot.press("d")
        await pilot.pause()
    assert d.app.return_value == "detach"
    assert d.client.did(Stop) == []


async def test_stop_waits_for_the_core_to_end(desk) -> None:
    alive = [True]
    d = desk(core_alive=lambda: alive[0])
    async with d.run() as pilot:
        await pilot.press("q")
        await pilot.pause(OPENED_S)
        await pilot.press("s")
        assert [c.flatten for c in d.client.did(Stop)] == [False]
        await pilot.pause(0.25)
        assert d.app.return_value is None
        alive[0] = False
        await pilot.pause(0.25)
    assert d.app.return_value == "stop"


async def test_stop_with_real_money_is_typed(desk) -> None:
    d = desk(live())
    async with d.run() as pilot:
        await pilot.press("q")
        await pilot.pause(OPENED_S)
        await pilot.press("s")
        assert d.client.did(Stop) == []
        await pilot.pause(OPENED_S)
        await pilot.press(*"stop")
        await pilot.pause(STOOD_S)
        await pilot.press("enter")
        assert len(d.client.did(Stop)) == 1


async def test_flatten_then_stop_asks_for_the_word_again(desk) -> None:
    d = desk()
    async with d.run() as pilot:
        await pilot.press("q")
        await pilot.pause(OPENED_S)
        await pilot.press("x")
        assert isinstance(d.app.screen, FlattenDialog)
        await pilot.pause(OPENED_S)
        await pilot.press("y")
        assert [c.flatten for c in d.client.did(Stop)] == [True]


async def test_keys_of_the_lock_and_the_reports(desk) -> None:
    """UC-13: one key each for the holder, the reports, and writing one now."""
    d = desk(read_report=lambda path: f"# Report of {path}\n\ntext")
    async with d.run() as pilot:
        await pilot.press("i")
        shown = d.app.screen.query_one("#dialog").shown
        assert all(text in shown for text in ("4242", "desk-1", "/dev/pts/3", "1.0s ago"))
        await pilot.press("escape", "w")
        assert len(d.client.did(WriteReport)) == 1
        await pilot.press("o")
        await pilot.pause(0.3)
        assert isinstance(d.app.screen, Rounds)
        assert d.app.screen.chosen.number == 16  # the newest that has a report
        assert "round-0016" in d.app.screen.query_one("#report").document.source
        await pilot.press("down", "enter")
        await pilot.pause(0.3)
        assert "round-0015" in d.app.screen.query_one("#report").document.source
        await pilot.press("y")
        assert d.app.clipboard == "reports/round-0015.md"
        await pilot.press("e")
        assert "round-0015" in d.app.view.note
        await pilot.press("escape")
        assert isinstance(d.app.screen, Overview)


async def test_digits_zoom_escape_and_zero_go_back_and_only_back(desk) -> None:
    d = desk()
    async with d.run() as pilot:
        sent = len(d.client.sent)
        for number in "123456789":
            await pilot.press(number)
            assert [pane.number for pane in d.app.overview.panes()] == [int(number)]
            await pilot.press("0" if int(number) % 2 else "escape")
            assert len(d.app.overview.panes()) == 10
        await pilot.press("tab", "enter")
        assert len(d.app.overview.panes()) == 1
        await pilot.press("escape", "escape", "escape")
        assert isinstance(d.app.screen, Overview)
        assert len(d.client.sent) == sent


async def test_freeze_keeps_the_panes_and_the_kpis_live_and_ends_by_itself(desk) -> None:
    d = desk()
    async with d.run() as pilot:
        await pilot.pause(0.2)
        pane, kpis = d.app.overview.query_one("#pane-positions"), d.app.overview.query_one("#kpis")
        before = pane.shown
        await pilot.press("space")
        pnl = msgspec.structs.replace(snapshot().pnl, net=77.0)
        d.client.snap = msgspec.structs.replace(snapshot(), positions=(), net=(), pnl=pnl)
        d.clock.step(0.6)
        await pilot.pause(0.25)
        assert pane.shown == before
        assert "+77.00" in kpis.shown
        assert "FROZEN" in d.app.overview.query_one("#banner").shown
        d.clock.step(60)
        await pilot.pause(0.25)
        assert "no positions" in pane.shown


async def test_plus_and_minus_stay_between_half_and_four_hertz(desk) -> None:
    d = desk()
    async with d.run() as pilot:
        for _ in range(5):
            await pilot.press("plus")
        assert d.app.hz == 4.0
        for _ in range(9):
            await pilot.press("minus")
        assert d.app.hz == 0.5


async def test_the_command_line_tightens_a_limit_and_says_how_it_is_typed(desk) -> None:
    d = desk()
    async with d.run() as pilot:
        for text in ("limit value 1.5k", "limit net config BTC"):
            await pilot.press("colon", *text, "enter")
        sent = [(c.limit, c.value, c.symbol) for c in d.client.did(SetLimit)]
        assert sent == [("value", 1_500.0, ""), ("net", None, "BTC")]
        for typed in ("limit", "limit net", "limit net -1", "limit net 1 2 3"):
            await pilot.press("colon", *["minus" if c == "-" else c for c in typed], "enter")
            assert "limit NAME VALUE" in d.app.view.note
        assert len(d.client.did(SetLimit)) == 2


async def test_the_command_line_runs_actions_by_name_and_cancels_by_id(desk) -> None:
    d = desk()
    async with d.run() as pilot:
        await pilot.press("colon")
        assert isinstance(d.app.screen, CommandLine)
        await pilot.press(*"cancel a91b", "enter")
        assert [c.cl_id for c in d.client.did(CancelOrder)] == [0xA01]
        await pilot.press("colon", *"cancel zzzz", "enter")
        assert len(d.client.did(CancelOrder)) == 1
        await pilot.press("colon", *"pause", "enter")
        await pilot.pause()
        assert len(d.client.did(Pause)) == 1
        await pilot.press("colon", *"nonsense", "enter")
        assert "nonsense" in d.app.view.note


async def test_answers_of_the_core_reach_the_action_line(desk) -> None:
    d = desk()
    async with d.run() as pilot:
        await pilot.press("p")
        d.client.replies.append(Answer(id=d.client.did(Pause)[0].id, ok=False, text="not while halting"))
        await pilot.pause(0.25)
        assert "pause: not while halting" in d.app.overview.query_one("#actionline").shown


async def test_a_bracketed_paste_fires_nothing(desk) -> None:
    d = desk(live("HALTED"))
    async with d.run() as pilot:
        sent = len(d.client.sent)
        for where in ("", "f", "R", "colon"):
            if where:
                await pilot.press(where)
                await pilot.pause(OPENED_S)
            d.app.screen.post_message(events.Paste("fF\x07flat\ry"))
            await pilot.pause()
            await pilot.press("escape")
        assert len(d.client.sent) == sent


TORN = [
    ("escape", "left_square_bracket", tail) for tail in [*"ABCDFHPQRSIMOZ", *"0123456789", "tilde"]
] + [("escape", "O", tail) for tail in "ABCDFHPQRS"]  # fmt: skip


@pytest.mark.parametrize("mode", [snapshot(), live("HALTED", verified="clean"), live("PAUSED")])
async def test_torn_escape_sequences_never_trade(desk, mode: Any) -> None:
    d = desk(mode)
    async with d.run() as pilot:
        for keys in TORN:
            for key in keys:
                d.app.post_message(events.Key(key, key if len(key) == 1 else None))
            await pilot.pause()
            if isinstance(d.app.screen, Dialog):
                await pilot.press("escape")
        kinds = {type(c) for c in d.client.sent} - {Attended, AckAlert}
        assert kinds == set()


async def test_a_lost_terminal_tells_the_core_and_closes_the_console(desk) -> None:
    lost: list[str] = []
    d = desk(on_lost=lost.append)
    async with d.run() as pilot:
        d.app.terminal_lost("SIGHUP")
        await pilot.pause()
    assert d.app.return_value == "lost"
    assert lost == ["SIGHUP"]
    assert [c.yes for c in d.client.did(Attended)] == [True, False]


async def test_sigterm_asks_the_core_to_stop(desk) -> None:
    d = desk()
    async with d.run():
        d.app.terminated("SIGTERM")
        assert len(d.client.did(Stop)) == 1


async def test_silence_is_shown_after_one_second_and_covers_the_body_after_three(desk) -> None:
    d = desk()
    async with d.run() as pilot:
        await pilot.pause(0.2)
        banner, box = d.app.overview.query_one("#banner"), d.app.overview.query_one("#lost")
        assert "core ●" in banner.shown
        d.clock.step(1.4)
        await pilot.pause(0.25)
        assert "core ◌ 1.4s" in banner.shown
        assert not box.display
        d.clock.step(1.7)
        await pilot.pause(0.25)
        assert box.display
        assert "NO DATA FROM CORE 3s" in box.shown
        assert "Ctrl+G still works" in box.shown
        d.client.snap = snapshot(2)
        await pilot.pause(0.25)
        d.clock.step(0.6)
        d.client.snap = snapshot(3)
        await pilot.pause(0.25)
        assert not box.display


async def test_a_dead_core_is_named_and_q_leaves_at_once(desk) -> None:
    d = desk(core_alive=lambda: False)
    async with d.run() as pilot:
        await pilot.pause(0.2)
        assert "CORE DEAD 13:02:11" in d.app.overview.query_one("#banner").shown
        await pilot.press("q")
        await pilot.pause()
    assert d.app.return_value == "core dead"
    assert SECOND
