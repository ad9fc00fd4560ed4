"""Rounds: the list, newest first, and the chosen report in a Markdown viewer. Files are read by the app, not here."""

from __future__ import annotations

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
from screens.widgets.choosing import Choosing
from screens.widgets.lines import Line
from screens.widgets.pane import Drawn

EMPTY = (
    "# No report chosen\n\nChoose a round with the arrows, Enter reads its report, `w` writes one of the running round."
)
VERDICT = {"running": "ok", "flat": "dim", "carried": "warn", "not verified": "crit", "cut off": "crit"}


class RoundList(Choosing):
    """The list with a cursor, which stays on its round while others come and the order changes."""

    def __init__(self) -> None:
        super().__init__("rounds", "Rounds", self.drawn, table=False)

    def rows(self, view: View) -> list[RoundRow]:
        if view.snapshot is None:
            return []
        newest = sorted(view.snapshot.rounds, key=lambda row: -row.number)
        return ordered(newest, view.sorts.get("rounds"), {"net": lambda row: row.net}) or newest

    def id_of(self, row: RoundRow) -> int:
        return row.number

    def drawn(self, view: View, width: int, height: int) -> Drawn:
        rounds = self.rows(view)
        cursor = self.settle(rounds)
        first = max(min(cursor - height // 2, len(rounds) - height), 0)
        lines = []
        for at, row in enumerate(rounds[first : first + height], first):
            chosen = at == cursor
            line = Line((view.theme.sign("arrow")[-1] + " " if chosen else "  ", "key"))
            line.add(f"{row.number:>3} ", "value" if chosen else "text")
            net = fmt.number(row.net, 2, True).rjust(8) + profit_sign(view.theme, row.net) + " "
            line.add(net, profit_style(row.net))
            line.add(row.verdict, VERDICT.get(row.verdict, "text"))
            lines.append(line.right(Line((fmt.clock(row.started)[:5], "dim")), width))
        return Drawn(lines or [Line(("no round yet", "dim"))], f"{len(rounds)}")


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
        if not self._opened and (row := next((row for row in rounds.rows(view) if row.report), None)) is not None:
            self._opened = True
            rounds.choose(row)
            self.read_chosen()

    @property
    def chosen(self) -> RoundRow | None:
        row: RoundRow | None = self.query_one(RoundList).chosen
        return row

    def read_chosen(self) -> None:
        if self.chosen is not None and self.chosen.report:
            self.post_message(self.Read(self.chosen.report))
        elif self.chosen is not None:
            self.show_report(f"# Round {self.chosen.number}\n\nNo report yet: `w` writes one now.")

    def show_report(self, markdown: str) -> None:
        viewer = self.query_one("#report", MarkdownViewer)
        viewer.document.update(fmt.plain_lines(markdown))
