"""A framed text that is read: lines of a page at the present width, scrolled by keys; without a page it says why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual import events

from screens import format as fmt
from screens.view import View
from screens.widgets.lines import Line
from screens.widgets.pane import Drawn, Pane


class Reading(Pane):
    """Subclasses give `lines(view, width)` of `page` and `note()`; `steps`: what the keys move by, in rows."""

    steps: Mapping[str, int] = {}
    hint = ""  # behind the position, where there is more than fits

    def __init__(self, name: str, title: str) -> None:
        super().__init__(name, title, self._drawn)
        self.page: Any = None
        self.trouble = ""
        self.top = 0

    def lines(self, view: View, width: int) -> list[Line]:
        raise NotImplementedError

    def note(self) -> str:
        raise NotImplementedError

    @property
    def ready(self) -> bool:
        """There is something to read."""
        return self.page is not None

    def on_key(self, event: events.Key) -> None:
        if event.key in self.steps:
            event.stop()
            self.top = max(self.top + self.steps[event.key], 0)
            if self._view is not None:
                self.show(self._view)

    def _drawn(self, view: View, width: int, height: int) -> Drawn:
        if not self.ready:
            text = f"no answer: {self.trouble}" if self.trouble else "asking the core"
            return Drawn([Line((fmt.UNKNOWN + "  " + fmt.shorten(text, width - 4), "dim"))])
        rows = self.lines(view, width)
        last = max(len(rows) - height, 0)
        self.top = min(self.top, last)
        note = self.note()
        if last:
            note += f"  {self.top + 1}-{min(self.top + height, len(rows))} of {len(rows)}{self.hint}"
        return Drawn(rows[self.top : self.top + height], note, stale=bool(self.trouble))
