"""Audit replay: each key, what is asked of the replay, and that nothing of it reaches the core (CONSOLE.md 3)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app.console import Console
from app.journal_console import Replay
from app.options import Options
from core.clock import VirtualClock
from core.domain.audit import FIRST, LAST, GoTo, Move, OpenJournal, Rows, Sift
from core.domain.commands import Attended, Flatten, Halt, Pause
from core.domain.snapshot import Snapshot
from screens.audit import Audit
from screens.modals.filter import FilterLine
from screens.modals.flatten import FlattenDialog
from screens.modals.journals import JournalsDialog
from screens.overview import Overview
from screens.widgets.lines import Lines
from tests.console.fabricated import SECOND, StillClock, snapshot, state
from tests.console.fabricated_audit import FILES, PATH, START, STEPS, Invented, files, row

SIZE = (120, 40)


class Played:
    """A console with the audit screen open on the invented journal."""

    def __init__(self, desk: Any, snap: Snapshot | None = None, **options: Any) -> None:
        self.ports: list[Invented] = []

        def start() -> Invented:
            self.ports.append(Invented())
            return self.ports[-1]

        given = {"audit": start, "journals": files, **options}
        self.desk = desk(snap, **given) if snap is not None else desk(**given)
        self.app = self.desk.app

    @property
    def port(self) -> Invented:
        return self.ports[-1]

    def asked(self, *kinds: type) -> list[Any]:
        """Beside opening and the size of the list."""
        return [q for q in self.port.asked if not isinstance(q, OpenJournal | Rows) and (not kinds or type(q) in kinds)]

    async def look(self, pilot: Any) -> None:
        """A beat of the console."""
        self.app.poll()
        self.app.redraw()
        await pilot.pause(0.05)

    async def sees(self, pilot: Any, text: str) -> None:
        """Beats until the text stands there."""
        for _ in range(40):
            await self.look(pilot)
            if text in self.shown():
                return
        raise AssertionError(f"Expected {text!r} on the screen, was none: {self.shown()}")

    async def open(self, pilot: Any) -> Audit:
        await pilot.press("u")
        for _ in range(3):
            await self.look(pilot)
        assert isinstance(self.app.screen, Audit)
        return self.app.screen

    def shown(self) -> str:
        return "\n".join(lines.shown for lines in self.app.screen.query(Lines))

    def banner(self) -> str:
        return str(self.app.screen.query_one("#banner", Lines).shown)

    def commands(self) -> list[Any]:
        return [command for command in self.desk.client.sent if not isinstance(command, Attended)]


async def test_u_opens_the_newest_journal_at_its_newest_step_and_leaving_ends_the_process(desk: Any) -> None:
    p = Played(desk)
    async with p.app.run_test(size=SIZE) as pilot:
        screen = await p.open(pilot)
        assert p.port.asked[0] == OpenJournal(PATH)
        assert any(isinstance(question, Rows) and question.n > 20 for question in p.port.asked)
        assert screen.events is not None and screen.events.cursor == STEPS
        assert f"step {STEPS} of {STEPS}" in p.banner()
        await pilot.press("escape")
        await p.look(pilot)
        assert isinstance(p.app.screen, Overview) and p.port.closed and len(p.ports) == 1
        await pilot.press("u")
        await p.look(pilot)
        assert len(p.ports) == 2 and p.port.asked[0] == OpenJournal(PATH)
    assert p.port.closed


async def test_the_banner_says_replay_and_the_figures_below_are_those_of_now(desk: Any) -> None:
    """CONSOLE.md 3: banner = REPLAY, the live KPI row stays live."""
    p = Played(desk)
    async with p.app.run_test(size=SIZE) as pilot:
        await p.open(pilot)
        assert "REPLAY" in p.banner() and "not now" in p.banner() and "core now: PAPER ARMED" in p.banner()
        before = str(p.app.screen.query_one("#kpis", Lines).shown)
        money = msgspec.structs.replace(snapshot().pnl, net=987.65)
        p.desk.client.snap = msgspec.structs.replace(snapshot(1), pnl=money)
        p.desk.clock.step(1.0)
        await p.look(pilot)
        after = str(p.app.screen.query_one("#kpis", Lines).shown)
        assert "987.65" in after and after != before
        assert "987.65" not in p.app.screen.query_one("#pane-audit-pnl", Lines).shown


@pytest.mark.parametrize(
    ("key", "by"),
    [("comma", -1), ("full_stop", 1), ("less_than_sign", -10), ("greater_than_sign", 10), ("up", -1), ("down", 1)],
)
async def test_steps_and_tens_of_steps(desk: Any, key: str, by: int) -> None:
    p = Played(desk)
    async with p.app.run_test(size=SIZE) as pilot:
        screen = await p.open(pilot)
        p.port.ask(GoTo(seq=100))
        await p.look(pilot)
        await pilot.press(key)
        await p.look(pilot)
        assert p.asked(Move) == [Move(by)] and screen.events is not None and screen.events.cursor == 100 + by
        assert f"this is step {100 + by}" in p.shown()
        assert p.commands() == []


async def test_pages_and_both_ends(desk: Any) -> None:
    p = Played(desk)
    async with p.app.run_test(size=SIZE) as pilot:
        await p.open(pilot)
        room = next(q.n for q in reversed(p.port.asked) if isinstance(q, Rows))
        for key, question in (
            ("pageup", Move(-(room - 1))), ("pagedown", Move(room - 1)), ("home", GoTo(edge=FIRST)),
            ("end", GoTo(edge=LAST)),
        ):  # fmt: skip
            await pilot.press(key)
            await p.look(pilot)
            assert p.asked()[-1] == question


@pytest.mark.parametrize(
    ("typed", "question"),
    [
        ("#12", GoTo(seq=12)),
        ("1,2", GoTo(seq=12)),
        ("12:03", GoTo(ts=START - START % (60 * SECOND) + 60 * SECOND)),
        ("12:02:30", GoTo(ts=START - START % (60 * SECOND) + 30 * SECOND)),
    ],
)
async def test_g_goes_to_a_step_or_a_time(desk: Any, typed: str, question: GoTo) -> None:
    p = Played(desk)
    async with p.app.run_test(size=SIZE) as pilot:
        await p.open(pilot)
        await pilot.press("g")
        await pilot.pause(0.1)
        assert isinstance(p.app.screen, FilterLine)
        await pilot.press(*typed, "enter")
        await p.look(pilot)
        assert p.asked(GoTo) == [question]


@pytest.mark.parametrize("typed", ["soon", "24:00", "12:60", "1:2:3:4", "#", "-4", "12:", "²"])
async def test_g_says_what_it_expects(desk: Any, typed: str) -> None:
    p = Played(desk)
    async with p.app.run_test(size=SIZE) as pilot:
        await p.open(pilot)
        await pilot.press("g")
        await pilot.pause(0.1)
        await pilot.press(*typed, "enter")
        await p.look(pilot)
        assert p.asked(GoTo) == [] and "Expected HH:MM" in p.shown()


async def test_slash_filters_the_steps(desk: Any) -> None:
    p = Played(desk)
    async with p.app.run_test(size=SIZE) as pilot:
        await p.open(pilot)
        await pilot.press("slash")
        await pilot.pause(0.1)
        await pilot.press(*"fill", "enter")
        await p.sees(pilot, "filter 'fill'")
        assert p.asked(Sift) == [Sift("fill")]
        assert "command" not in p.app.screen.query_one("#pane-audit-events").shown
        await pilot.press("slash")
        await pilot.pause(0.1)
        await pilot.press(*("backspace",) * 4, *"no such", "enter")
        await p.sees(pilot, "none of 240 steps has this text")


async def test_space_plays_the_recorded_time_at_each_speed_and_does_not_freeze(desk: Any) -> None:
    p = Played(desk)
    clock: VirtualClock = p.desk.clock
    async with p.app.run_test(size=SIZE) as pilot:
        screen = await p.open(pilot)
        await pilot.press("home")
        await p.look(pilot)
        begun = row(1).ts
        await pilot.press("plus", "space")
        await p.look(pilot)
        assert screen.playing and "PLAY x10" in p.banner() and "FROZEN" not in p.shown()
        clock.set(clock.now() + SECOND)
        await p.look(pilot)
        assert p.asked(GoTo)[-1] == GoTo(ts=begun + 10 * SECOND)
        await pilot.press("plus", "minus", "minus", "minus")
        clock.set(clock.now() + SECOND)
        await p.look(pilot)
        assert p.asked(GoTo)[-1] == GoTo(ts=begun + 11 * SECOND)
        await pilot.press("space")
        asked = len(p.asked(GoTo))
        clock.set(clock.now() + 5 * SECOND)
        await p.look(pilot)
        assert not screen.playing and len(p.asked(GoTo)) == asked
        await pilot.press("plus", "plus", "plus", "plus", "space")
        clock.set(clock.now() + SECOND)
        await p.look(pilot)
        clock.set(clock.now() + SECOND)
        await p.look(pilot)
        assert screen.speed == 1_000 and not screen.playing  # it came to the end
        assert p.commands() == [] and p.app.hz == 2.0


async def test_a_step_stops_the_play(desk: Any) -> None:
    p = Played(desk)
    async with p.app.run_test(size=SIZE) as pilot:
        screen = await p.open(pilot)
        await pilot.press("home", "space")
        await p.look(pilot)
        assert screen.playing
        await pilot.press("full_stop")
        assert not screen.playing


async def test_enter_shows_the_whole_step_and_escape_goes_back(desk: Any) -> None:
    p = Played(desk)
    async with p.app.run_test(size=(80, 24)) as pilot:
        screen = await p.open(pilot)
        await pilot.press("enter")
        await p.look(pilot)
        assert screen.has_class("-zoom") and "round 3 goes on" in p.shown()
        await pilot.press("comma")
        await p.look(pilot)
        assert f"this is step {STEPS - 1}" in p.shown()
        await pilot.press("escape")
        assert p.app.screen is screen and not screen.has_class("-zoom")


async def test_y_copies_the_step(desk: Any) -> None:
    p = Played(desk)
    async with p.app.run_test(size=SIZE) as pilot:
        await p.open(pilot)
        await pilot.press("y")
        assert f"step {STEPS}" in p.app.clipboard and "net_cap" in p.app.clipboard


async def test_another_journal_is_chosen_from_the_list_or_named(desk: Any) -> None:
    p = Played(desk)
    async with p.app.run_test(size=SIZE) as pilot:
        await p.open(pilot)
        await pilot.press("J")
        await pilot.pause(0.25)
        assert isinstance(p.app.screen, JournalsDialog)
        await pilot.press("down", "enter")
        await p.look(pilot)
        assert p.port.asked[-1] == OpenJournal(FILES[1].path) or OpenJournal(FILES[1].path) in p.port.asked
        assert "backtest-2026" in p.shown()
        await pilot.press("colon")
        await pilot.pause(0.1)
        await pilot.press(*"audit /a/b.perpj", "enter")
        await pilot.pause(0.1)
        await p.look(pilot)
        assert OpenJournal("/a/b.perpj") in p.port.asked and len(p.ports) == 1


async def test_without_a_journal_it_says_so_and_starts_nothing(desk: Any) -> None:
    p = Played(desk, journals=tuple)
    async with p.app.run_test(size=SIZE) as pilot:
        await pilot.press("u")
        await p.look(pilot)
        assert p.ports == [] and "no journal in this state dir yet" in p.shown()


async def test_a_process_that_does_not_start_is_named_and_tried_again_with_another_journal(desk: Any) -> None:
    started: list[Invented] = []

    def start() -> Invented:
        if not started:
            started.append(Invented())
            raise OSError(12, "Cannot allocate memory")
        return started[0]

    p = Played(desk, audit=start)
    async with p.app.run_test(size=SIZE) as pilot:
        await pilot.press("u")
        for _ in range(3):
            await p.look(pilot)
        assert "did not start: Cannot allocate memory" in p.shown() and started[0].asked == []
        await pilot.press("J")
        await pilot.pause(0.25)
        await pilot.press("enter")
        await p.look(pilot)
        assert started[0].asked[0] == OpenJournal(PATH)


async def test_a_console_on_a_journal_alone_shows_the_past_on_every_screen_and_sends_nothing(desk: Any) -> None:
    """`perpconsole audit FILE`."""
    client = Replay()
    port = Invented()
    options = Options(
        clock=StillClock(), palette="default", ascii_only=False, read_only=True, journal=PATH, audit=lambda: port
    )
    app = Console(client, options)

    def shown() -> str:
        return "\n".join(lines.shown for lines in app.screen.query(Lines))

    async def look() -> None:
        for _ in range(4):
            app.poll()
            app.redraw()
            await pilot.pause(0.05)

    async with app.run_test(size=SIZE) as pilot:
        await look()
        assert isinstance(app.screen, Audit) and "no core" in shown() and "this is step 240" in shown()
        await pilot.press("escape")
        await look()
        assert isinstance(app.screen, Overview) and "REPLAY 2026-11-20 12:04" in shown() and "READ-ONLY" in shown()
        assert not port.closed and "mid" in shown()
        await pilot.press("ctrl+g", "f", "p")
        await look()
        assert client.answers() == [] and "READ-ONLY" in shown()
        await pilot.press("u")
        await look()
        assert "this is step 240" in shown()
    assert port.closed


@pytest.mark.parametrize("key", ["ctrl+g", "f12"])
async def test_emergency_halts_the_core_of_now_and_the_banner_says_so(desk: Any, key: str) -> None:
    p = Played(desk)
    async with p.app.run_test(size=SIZE) as pilot:
        await p.open(pilot)
        await pilot.press(key)
        await pilot.pause(0.1)
        assert len(p.desk.client.did(Halt)) == 1
        assert "the core of now, not the replay: EMERGENCY sent" in p.shown()
        p.desk.client.snap = state(snapshot(), run="HALTED", verified="clean", orders_at_stop=3)
        await p.look(pilot)
        assert "REPLAY" in p.banner() and "core now: PAPER HALTED" in p.banner()


async def test_pause_and_flatten_mean_the_core_of_now_and_say_so(desk: Any) -> None:
    p = Played(desk)
    async with p.app.run_test(size=SIZE) as pilot:
        await p.open(pilot)
        await pilot.press("p")
        assert len(p.desk.client.did(Pause)) == 1 and "the core of now, not the replay: pause sent" in p.shown()
        await pilot.press("f")
        await pilot.pause(0.25)
        assert isinstance(p.app.screen, FlattenDialog)
        assert "the core of now, not the replay" in p.app.screen_stack[-2].query_one("#actionline", Lines).shown
        await pilot.press("y")
        await pilot.pause(0.1)
        assert len(p.desk.client.did(Flatten)) == 1


async def test_no_other_key_of_the_screen_sends_anything(desk: Any) -> None:
    p = Played(desk)
    async with p.app.run_test(size=SIZE) as pilot:
        await p.open(pilot)
        for key in ("comma", "full_stop", "less_than_sign", "greater_than_sign", "space", "space", "plus", "minus", "y",
                    "home", "end", "pageup", "pagedown", "enter", "escape"):  # fmt: skip
            await pilot.press(key)
        assert p.commands() == []


async def test_it_is_there_without_a_picture_of_a_core(desk: Any) -> None:
    p = Played(lambda *_, **options: desk(None, **options))
    async with p.app.run_test(size=SIZE) as pilot:
        await p.open(pilot)
        assert "REPLAY" in p.banner() and "no core" in p.banner() and f"this is step {STEPS}" in p.shown()
