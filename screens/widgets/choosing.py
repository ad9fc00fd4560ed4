"""A framed table with a cursor: the arrows choose a row, which stays chosen while the table moves under it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual import events

from screens.view import View
from screens.widgets.lines import Line, Span
from screens.widgets.pane import Pane
from screens.widgets.table import Column, table

STEPS = {"up": -1, "down": 1, "pageup": -10, "pagedown": 10, "home": -(10**6), "end": 10**6}
MARK = 2


class Choosing(Pane):
    """Subclasses give `rows(view)` in the order of the table, `id_of(row)`, and `cells(view, row)` for `columns` where
    `table_of` draws them."""

    columns: Sequence[Column] = ()
    _chosen: Any = None
    _at = 0

    def rows(self, view: View) -> Sequence[Any]:
        raise NotImplementedError

    def id_of(self, row: Any) -> Any:
        raise NotImplementedError

    def cells(self, view: View, row: Any) -> Sequence[Span]:
        raise NotImplementedError

    @property
    def chosen(self) -> Any:
        """The row under the cursor as it is now; None where there is none."""
        rows = self.rows(self._view) if self._view is not None else ()
        return rows[self.settle(rows)] if rows else None

    def settle(self, rows: Sequence[Any]) -> int:
        """Where the cursor is: on the chosen row wherever that went, else where it was."""
        found = next((n for n, row in enumerate(rows) if self.id_of(row) == self._chosen), None)
        self._at = min(max(self._at if found is None else found, 0), max(len(rows) - 1, 0))
        self._chosen = self.id_of(rows[self._at]) if rows else None
        return self._at

    def choose(self, row: Any) -> None:
        """This row from now on."""
        self._chosen = self.id_of(row)
        if self._view is not None:
            self.show(self._view)

    def move(self, by: int) -> None:
        """The row that many further."""
        rows = self.rows(self._view) if self._view is not None else ()
        if not rows:
            return
        self._at = min(max(self.settle(rows) + by, 0), len(rows) - 1)
        self._chosen = self.id_of(rows[self._at])
        if self._view is not None:
            self.show(self._view)

    def on_key(self, event: events.Key) -> None:
        if event.key in STEPS:
            event.stop()
            self.move(STEPS[event.key])

    def table_of(self, view: View, width: int, height: int, columns: Sequence[Column] | None = None) -> list[Line]:
        """Header and the rows round the cursor; no header where there is room for one row only."""
        rows = self.rows(view)
        at = self.settle(rows)
        room = max(height - 1, 1)
        first = max(min(at - room // 2, len(rows) - room), 0)
        shown = rows[first : first + room]
        lines = table(columns or self.columns, [self.cells(view, row) for row in shown], width - MARK, len(shown) + 1)
        arrow = view.theme.sign("arrow")[-1] + " "
        out = [Line(("  ", "text")).extend(lines[0])]
        for n, line in enumerate(lines[1:], first):
            out.append(Line((arrow if n == at else "  ", "key")).extend(line))
        return out[1:] if height < 2 else out[:height]

    def note_of(self, rows: Sequence[Any]) -> str:
        """`3 of 20`."""
        return f"{self._at + 1} of {len(rows)}" if rows else ""
