"""Help: keys of the screen one came from, global keys, the emergency card, the glossary (S3-70)."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll

from screens import format as fmt
from screens.actions import EMERGENCY, EMERGENCY_CARD, GLOBAL, HELP, SECOND_PRESS, Action, help_rows
from screens.base import ConsoleScreen
from screens.glossary import GLOSSARY
from screens.view import View
from screens.widgets.lines import Line, Lines, to_strip


def entry(left: str, text: str, width: int, style: str, indent: int = 20) -> list[Line]:
    """A term and its sentence, the sentence folded under itself."""
    rows = fmt.folded(text, max(width - indent - 2, 20))
    lines = [Line(("  " + left.ljust(indent), style), (rows[0], "text"))]
    return lines + [Line((" " * (indent + 2), "text"), (row, "text")) for row in rows[1:]]


def help_lines(actions: Sequence[Action], came_from: str, width: int) -> list[Line]:
    """The whole page."""
    lines: list[Line] = []
    if own := help_rows(actions, came_from):
        lines += [Line((f"KEYS OF {came_from.upper()}", "title"))]
        for keys, does, _ in own:
            lines += entry(keys, does, width, "key")
        lines.append(Line())
    lines.append(Line(("KEYS EVERYWHERE", "title")))
    for keys, does, danger in help_rows(actions, GLOBAL):
        lines += entry(keys, does, width, "value" if danger == EMERGENCY else "key")
    lines += [Line(), Line(("EMERGENCY CARD", "title"))]
    for key, does, twin in EMERGENCY_CARD:
        lines += entry(key, f"{does}  [{twin}]", width, "value")
    lines += entry("", SECOND_PRESS, width, "text")
    lines += [Line(), Line(("GLOSSARY", "title"))]
    for term, meaning in GLOSSARY:
        lines += entry(term, meaning, width, "accent")
    return lines


class Help(ConsoleScreen):
    """Scrolls with the arrows; Esc goes back."""

    scope = HELP

    def __init__(self, actions: Sequence[Action], came_from: str = "") -> None:
        super().__init__(actions)
        self.all_actions, self.came_from = actions, came_from
        self._drawn_for: tuple[int, object] | None = None

    def body(self) -> ComposeResult:
        with VerticalScroll(id="help"):
            yield Lines(id="helptext")

    def show_body(self, view: View, tables: bool) -> None:
        width = self.size.width - 4
        if self._drawn_for == (width, view.theme):
            return
        self._drawn_for = (width, view.theme)
        lines = self.query_one("#helptext", Lines)
        rows = help_lines(self.all_actions, self.came_from, width)
        lines.styles.height = len(rows)
        lines.put([to_strip(row, width, view.theme) for row in rows])
        self.query_one("#help", VerticalScroll).focus()
