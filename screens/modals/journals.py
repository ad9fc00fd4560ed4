"""Which journal to replay: a short list, the newest first. Chooses a file to read and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from core.domain.audit import JournalFile
from screens import format as fmt
from screens.modals.base import Dialog
from screens.view import View
from screens.widgets.lines import Line

SEEN = 12


class JournalsDialog(Dialog):
    """Dismisses with the path of the chosen file."""

    title_text = "Replay which journal?"
    wide = 76

    def __init__(self, view: View, files: Sequence[JournalFile], now: str) -> None:
        super().__init__(view)
        self.files = files
        self.at = next((n for n, one in enumerate(files) if one.path == now), 0)

    def body(self, width: int) -> list[Line]:
        if not self.files:
            return [Line(("no journal in this state dir yet", "dim")), Line(), self._keys()]
        first = min(max(self.at - SEEN // 2, 0), max(len(self.files) - SEEN, 0))
        lines = []
        for n, one in enumerate(self.files[first : first + SEEN], first):
            here = n == self.at
            line = Line((f"{self.view.theme.sign('on')} " if here else "  ", "key"))
            size = fmt.short(float(one.size)) + "B"
            tail = Line((f" {size:>7}  {fmt.date_time(one.changed)}", "text" if here else "dim"))
            line.add(fmt.shorten(one.name, max(width - line.width - tail.width, 8)), "value" if here else "text")
            lines.append(line.right(tail, width))
        if len(self.files) > SEEN:
            lines.append(Line((f"{self.at + 1} of {len(self.files)}", "dim")))
        return [*lines, Line(), self._keys()]

    def _keys(self) -> Line:
        return Line((" Close ", "chip.note"), ("  Esc", "dim"), ("     up down", "key"), (" choose  ", "text")).add(
            "Enter", "key"
        ).add(" replay it", "text")  # fmt: skip

    def take(self, event: events.Key) -> None:
        if event.key == "enter":
            self.dismiss(self.files[self.at].path if self.files else "")
        elif event.key in ("up", "down") and self.files:
            self.at = min(max(self.at + (1 if event.key == "down" else -1), 0), len(self.files) - 1)
            self.draw()
