"""Rounds: the list, newest first, and the chosen report in a Markdown viewer. Files are read by the app, not here."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message
from textual.widgets import MarkdownViewer

from core.domain.snapshot import RoundRow
from screens import format as fmt
from screens.actions import ROUNDS
from screens.base import ConsoleScreen, bindings
from screens.sorting import ordered
from screens.theme import profit_sign, profit_style
from screens.view import View
from screens.widgets.lines import Line
from screens.widgets.pane import Drawn, Pane

EMPTY = (
    "# No report chosen\n\nChoose a round with the arrows, Enter reads its report, `w` writes one of the running round."
)
VERDICT = {"running": "ok", "flat": "dim", "carried": "warn", "not verified": "crit", "cut off": "crit"}


class RoundList(Pane):
    """The list with a cursor."""

    def __init__(self) -> None:
        super().__init__("rounds", "Rounds", self.rows_of, table=False)
        self.cursor = 0

    def rounds(self) -> list[RoundRow]:
        snap = self._view.snapshot if self._view is not None else None
        if snap is None or self._view is None:
            return []
        newest = sorted(snap.rounds, key=lambda row: -row.number)
        return ordered(newest, self._view.sorts.get("rounds"), {"net": lambda row: row.net}) or newest

    def rows_of(self, view: View, width: int, height: int) -> Drawn:
        rounds = self.rounds()
        self.cursor = min(self.cursor, max(len(rounds) - 1, 0))
        first = max(min(self.cursor - height // 2, len(rounds) - height), 0)
        lines = []
        for at, row in enumerate(rounds[first : first + height], first):
            chosen = at == self.cursor
            line = Line((view.theme.sign("arrow")[-1] + " " if chosen else "  ", "key"))
            line.add(f"{row.number:>3} ", "value" if chosen else "text")
            net = fmt.number(row.net, 2, True).rjust(8) + profit_sign(view.theme, row.net) + " "
            line.add(net, profit_style(row.net))
            line.add(row.verdict, VERDICT.get(row.verdict, "text"))
            lines.append(line.right(Line((fmt.clock(row.started)[:5], "dim")), width))
        return Drawn(lines or [Line(("no round yet", "dim"))], f"{len(rounds)}")

    def move(self, by: int) -> None:
        self.cursor = min(max(self.cursor + by, 0), max(len(self.rounds()) - 1, 0))
        if self._view is not None:
            self.show(self._view)

    def on_key(self, event: events.Key) -> None:
        steps = {"up": -1, "down": 1, "pageup": -10, "pagedown": 10, "home": -(10**6), "end": 10**6}
        if event.key in steps:
            event.stop()
            self.move(steps[event.key])


class Rounds(ConsoleScreen):
    """List at the left (above, when narrow), report at the right."""

    scope = ROUNDS
    sortable = {"net": (("rounds", "net", False),)}
    BINDINGS = bindings(ROUNDS)

    _opened = False

    class Read(Message):
        """The operator wants this report: the app answers with `show_report`."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    def body(self) -> ComposeResult:
        with Container(id="rounds"):
            yield RoundList()
            yield MarkdownViewer(EMPTY, show_table_of_contents=True, open_links=False, id="report")

    def on_mount(self) -> None:
        self.query_one(RoundList).focus()

    def show_body(self, view: View, tables: bool) -> None:
        rounds = self.query_one(RoundList)
        rounds.show(view)
        if not self._opened and (row := next((row for row in rounds.rounds() if row.report), None)) is not None:
            self._opened = True
            rounds.move(rounds.rounds().index(row) - rounds.cursor)
            self.read_chosen()

    @property
    def chosen(self) -> RoundRow | None:
        rounds = self.query_one(RoundList).rounds()
        return rounds[self.query_one(RoundList).cursor] if rounds else None

    def read_chosen(self) -> None:
        if self.chosen is not None and self.chosen.report:
            self.post_message(self.Read(self.chosen.report))
        elif self.chosen is not None:
            self.show_report(f"# Round {self.chosen.number}\n\nNo report yet: `w` writes one now.")

    def show_report(self, markdown: str) -> None:
        viewer = self.query_one("#report", MarkdownViewer)
        viewer.document.update(markdown)
