"""A framed list that scrolls: rows of the screen's own kind, a filter, and following the newest at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from textual import events

from screens.sorting import Sort, ordered
from screens.view import View
from screens.widgets.lines import Line
from screens.widgets.pane import Drawn, Pane

STEPS = {"up": -1, "down": 1}
PAGES = {"pageup": -1, "pagedown": 1}


class Listing(Pane):
    """`row_of(row, view, width)` draws a row, `text_of(row)` is what the filter looks in.

    follow: None = a list that starts at its top; True = at its end, until scrolled up. `put_rows` replaces the rows.
    """

    def __init__(
        self, name: str, title: str, row_of: Callable[[Any, View, int], Line], text_of: Callable[[Any], str],
        empty: str, follow: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__(name, title, self._drawn)
        self.row_of, self.text_of, self.empty = row_of, text_of, empty
        self.follow = follow
        self.needle = ""
        self.fits: Callable[[Any], bool] = lambda row: True
        self.keys: Mapping[str, Callable[[Any], Any]] = {}  # what the rows can be sorted by
        self.found = ""  # rows with this text stand out
        self._n_found = 0
        self._sort: Sort | None = None
        self.rows: Sequence[Any] = ()
        self._kept: list[Any] = []
        self._top = 0

    def put_rows(self, rows: Sequence[Any]) -> None:
        self.rows = rows
        self.sift()

    def sift(self) -> None:
        """Apply filter and choice again."""
        needle = self.needle.casefold()
        kept = [row for row in self.rows if self.fits(row) and needle in self.text_of(row).casefold()]
        self._kept = ordered(kept, self._sort, self.keys) or kept
        self._n_found = sum(self.has(row, self.found) for row in self._kept) if self.found else 0
        if self._view is not None:
            self.show(self._view)

    def show(self, view: View) -> None:
        if view.sorts.get(self.pane) != self._sort:
            self._sort = view.sorts.get(self.pane)
            self._view = None  # sifted here, drawn below
            self.sift()
        super().show(view)

    def has(self, row: Any, text: str) -> bool:
        """The row's text contains `text`, whatever the case."""
        return text.casefold() in self.text_of(row).casefold()

    def holds(self, text: str) -> bool:
        """Any row that passes the filter contains `text`."""
        return any(self.has(row, text) for row in self._kept)

    @property
    def kept(self) -> list[Any]:
        """Rows that pass the filter."""
        return self._kept

    def scroll_to_row(self, at: int) -> None:
        """Row `at` of the kept ones at the top; following ends, unless it is the end."""
        room = max(self.size.height - 2, 1)
        last = max(len(self._kept) - room, 0)
        self._top = min(max(at, 0), last)
        if self.follow is not None:
            self.follow = self._top == last
        if self._view is not None:
            self.show(self._view)

    def find(self, like: Callable[[Any], bool], by: int) -> bool:
        """Scroll to the next (by 1) or previous (-1) row that is `like` it; False when there is none."""
        room = max(self.size.height - 2, 1)
        at = self._top + by
        while 0 <= at < len(self._kept):
            if like(self._kept[at]):
                before = self._top
                self.scroll_to_row(at)
                return self._top != before or at < self._top + room
            at += by
        return False

    def to_end(self) -> None:
        """Follow the newest again."""
        self.scroll_to_row(len(self._kept))

    def on_key(self, event: events.Key) -> None:
        room = max(self.size.height - 2, 1)
        if event.key in STEPS:
            self.scroll_to_row(self._top + STEPS[event.key])
        elif event.key in PAGES:
            self.scroll_to_row(self._top + PAGES[event.key] * room)
        elif event.key == "home":
            self.scroll_to_row(0)
        elif event.key == "end":
            self.to_end()
        else:
            return
        event.stop()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_to_row(self._top + 3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_to_row(self._top - 3)

    def _nothing(self) -> str:
        """Why no row is shown."""
        return f"none of {len(self.rows)} rows is of this level and filter" if self.rows else self.empty

    def _drawn(self, view: View, width: int, height: int) -> Drawn:
        last = max(len(self._kept) - height, 0)
        self._top = last if self.follow else min(self._top, last)
        shown = self._kept[self._top : self._top + height]
        rows = [self._row(row, view, width) for row in shown] or [Line((self._nothing(), "dim"))]
        note = f"{len(self._kept)}" if len(self._kept) == len(self.rows) else f"{len(self._kept)} of {len(self.rows)}"
        if last:
            note += "  newest" if self._top == last and self.follow else f"  {self._top + 1}-{self._top + len(shown)}"
        if self.needle:
            note += f"  only {self.needle!r}"
        if self.found:
            note += f"  {self._n_found} found {self.found!r}"
        return Drawn(rows, note)

    def _row(self, row: Any, view: View, width: int) -> Line:
        line = self.row_of(row, view, width)
        if self.found and self.has(row, self.found):
            line.mark(self.found, "chip.note")
        return line
