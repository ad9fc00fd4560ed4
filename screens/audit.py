"""Audit replay: the steps of a journal, and the engine that made them as it stood then. The figures above stay live.

It asks nobody itself: the app takes the questions of `asks` to a process of its own, and hands in what that told.
Nothing here sends a command; keys that stop, pause or flatten are the console's own and mean the core of now.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from core.domain.audit import (
    FIRST,
    LAST,
    AnyAuditAsk,
    AnyAuditTold,
    CursorTold,
    EventsTold,
    GoTo,
    JournalTold,
    Move,
    Rows,
    Sift,
)
from core.domain.snapshot import Snapshot
from screens import format as fmt
from screens.actions import AUDIT, Action
from screens.base import bindings
from screens.board import Board
from screens.panes import audit_events, audit_step, orders, pnl, positions, state
from screens.times import of_day
from screens.view import View
from screens.widgets import chrome
from screens.widgets.lines import Line, Lines, to_strip
from screens.widgets.pane import Draw, Drawn, Pane

SPEEDS = (1, 10, 100, 1_000)


class Audit(Board):
    """`take` what was told, `asks` what is to be asked. `playing` and `speed`: the app moves the cursor by them."""

    scope = AUDIT
    board = "audit"
    BINDINGS = bindings(AUDIT)

    def __init__(self, actions: Sequence[Action]) -> None:
        super().__init__(actions)
        self.file: JournalTold | None = None
        self.events: EventsTold | None = None
        self.cursor: CursorTold | None = None
        self.picture: Snapshot | None = None
        self.playing = False
        self.speed = SPEEDS[0]
        self._room = 0
        self._questions: list[AnyAuditAsk] = []

    def made(self) -> list[Pane]:
        return [
            Pane("audit-events", "Journal", self._events),
            Pane("audit-step", "Step", self._step),
            Pane("audit-state", "State then", self._then(state.draw)),
            Pane("audit-positions", "Positions then", self._then(positions.draw)),
            Pane("audit-orders", "Orders then", self._then(orders.draw)),
            Pane("audit-pnl", "PnL then", self._then(pnl.draw)),
        ]

    def on_mount(self) -> None:
        self.query_one("#pane-audit-events", Pane).focus()

    # what was told ---------------------------------------------------------------------------------------------------
    def take(self, told: AnyAuditTold) -> None:
        """The newest of its kind replaces the one before."""
        if isinstance(told, JournalTold):
            if self.file is None or (told.path and told.path != self.file.path):
                self.events = self.cursor = self.picture = None
                self.playing = False
            elif not told.path:
                told = replace_trouble(self.file, told.trouble)
            self.file = told
        elif isinstance(told, EventsTold):
            self.events = told
        else:
            self.cursor = told
            self.picture = told.picture or self.picture

    def asks(self) -> list[AnyAuditAsk]:
        """What to ask now: the keys since the last time, and the rows that are seen."""
        out, self._questions = self._questions, []
        room = max(self.query_one("#pane-audit-events", Pane).size.height - 3, 1) if self.is_mounted else 0
        if room != self._room:
            self._room = room
            out.append(Rows(room))
        return out

    def opened(self) -> None:
        """Another process answers from here on: it does not know how much is seen."""
        self._room = 0

    # keys ------------------------------------------------------------------------------------------------------------
    def move(self, by: int) -> None:
        self.playing = False
        self._questions.append(Move(by))

    def page(self, by: int) -> None:
        self.move(by * max(self._room - 1, 1))

    def edge(self, last: bool) -> None:
        self.playing = False
        self._questions.append(GoTo(edge=LAST if last else FIRST))

    def go_to(self, text: str) -> bool:
        """`#1234`, `HH:MM` or `HH:MM:SS` (UTC) on a day of the journal; False for anything else."""
        text = text.strip()
        number = text.removeprefix("#").replace(",", "")
        if number.isascii() and number.isdigit() and len(number) <= 18:
            self._questions.append(GoTo(seq=max(int(number), 1)))
        else:
            ts = self._time(text)
            if ts is None:
                return False
            self._questions.append(GoTo(ts=ts))
        self.playing = False
        return True

    def _time(self, text: str) -> int | None:
        """A time of day on the cursor's day; a day earlier or later where the journal has it only there."""
        since_midnight = of_day(text)
        if since_midnight is None or self.file is None or not self.file.steps:
            return None
        at = self.cursor.ts if self.cursor is not None else self.file.last_ts
        wanted = at - at % fmt.DAY + since_midnight
        for day in (0, -fmt.DAY, fmt.DAY):
            if self.file.first_ts <= wanted + day <= self.file.last_ts:
                return wanted + day
        return wanted

    def play(self) -> None:
        self.playing = not self.playing

    def played_to(self, ts: int) -> None:
        """The time of the recording has come this far; at its end it stops."""
        self._questions.append(GoTo(ts=ts))
        if self.file is not None and ts >= self.file.last_ts:
            self.playing = False

    def turn_speed(self, by: int) -> None:
        self.speed = SPEEDS[min(max(SPEEDS.index(self.speed) + by, 0), len(SPEEDS) - 1)]

    @property
    def needle(self) -> str:
        return self.events.needle if self.events is not None else ""

    def filter(self, text: str) -> None:
        self._questions.append(Sift(text))

    def details(self) -> None:
        self.zoom("audit-step")

    def text(self) -> str:
        """The step under the cursor, for the clipboard."""
        return "\n".join(audit_step.text_lines(self.cursor)) if self.cursor is not None else ""

    # pictures --------------------------------------------------------------------------------------------------------
    def show_body(self, view: View, tables: bool) -> None:
        past = replace(view, snapshot=self.picture or Snapshot(mode="REPLAY"), silence_ns=0)
        for pane in self.panes():
            if pane.pane == "audit-events":
                pane.title = audit_events.title(self.events, self.file, pane.size.width)
            elif pane.pane == "audit-step" and self.cursor is not None:
                pane.title = f"Step {self.cursor.seq:,}"
            pane.show(past)

    def show_chrome(self, view: View) -> None:
        """The banner says REPLAY; the rows of figures below it stay those of the core of now."""
        super().show_chrome(view)
        line, ground = self.banner(view, self.size.width)
        self.query_one("#banner", Lines).put([to_strip(line, self.size.width, view.theme, back=ground)])

    def banner(self, view: View, width: int) -> tuple[Line, str]:
        """Time at the cursor, then in its own chip what the core does now: a stop is never hidden by a replay."""
        snap = view.snapshot
        play = Line((f" {'PLAY ' if self.playing else ''}x{self.speed} ", "chip.warn" if self.playing else "replay"))
        life = chrome.life(view)
        if snap is None or snap.mode == "REPLAY":
            now = short = Line((" no core ", "replay"))
        else:
            stopped = snap.state.run in chrome.STOPS
            style = "halted" if stopped else chrome.MODE_STYLE.get(snap.mode, "paper")
            now = Line((f" core now: {chrome.mode_word(snap)} {chrome.run_text(snap)} ", style))
            short = Line((f" now {chrome.mode_word(snap)} {chrome.run_text(snap)} ", style))
            if stopped and width >= 150:
                now.add(f"{chrome.stop_text(view, snap)} ", style)
        for tail in (Line().extend(now).extend(life), Line().extend(short).extend(life), now, short, Line()):
            for head in self._heads(view):
                if head.width + play.width + tail.width <= width:
                    line = Line().extend(head).extend(play)
                    return line.pad(width - tail.width, "replay").extend(tail), "replay"
        return Line((" REPLAY ", "replay")), "replay"

    def _heads(self, view: View) -> list[Line]:
        """Where the replay stands, in ever fewer words."""
        back, dash = view.theme.sign("back"), view.theme.sign("dash")
        at = self.cursor.ts if self.cursor is not None else 0
        when = f"{fmt.date_time(at)}{fmt.clock(at)[5:]}" if at else fmt.UNKNOWN
        whole = Line((f" {back} REPLAY {when} {dash} not now ", "replay"))
        ways = [whole, Line((f" {back} REPLAY {when[5:] if at else when} {dash} not now ", "replay"))]
        if self.events is not None and self.file is not None:
            step = f" step {self.events.cursor:,} of {self.file.steps:,} "
            ways.insert(0, Line().extend(whole).add(step, "replay"))
        return ways

    def _events(self, view: View, width: int, height: int) -> Drawn:
        return audit_events.page(view, width, height, self.events, self.file)

    def _step(self, view: View, width: int, height: int) -> Drawn:
        return audit_step.draw(view, width, height, self.cursor, self.file)

    def _then(self, draw: Draw) -> Callable[[View, int, int], Drawn]:
        """A pane of a live core, drawn of the engine as it stood at the cursor."""

        def drawn(view: View, width: int, height: int) -> Drawn:
            if self.picture is None:
                return Drawn([Line((audit_step.way(self.cursor, self.file) or fmt.UNKNOWN, "dim"))])
            made = draw(view, width, height)
            behind = audit_step.way(self.cursor, self.file)
            if behind:
                made.note, made.note_style = behind, "warn"
            return made

        return drawn


def replace_trouble(file: JournalTold, trouble: str) -> JournalTold:
    """The same file, and what went wrong with it."""
    return JournalTold(
        file.path, file.name, file.mode, file.first_ts, file.last_ts, file.steps, file.read, file.torn, trouble
    )  # fmt: skip
