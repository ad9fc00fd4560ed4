"""A screen made of panes: shows each at its rate, one alone when zoomed. What a pane draws is its own file's.

The layout is in console.tcss: the panes stand in a container of class `board` whose id the subclass gives.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Container

from screens.base import ConsoleScreen
from screens.view import View
from screens.widgets.pane import Pane


class Board(ConsoleScreen):
    """Subclasses give `scope`, `board` (the container's id) and `made()`."""

    board = ""

    def made(self) -> Sequence[Pane]:
        """The panes, in the order of the layout."""
        raise NotImplementedError

    def body(self) -> ComposeResult:
        with Container(id=self.board, classes="board"):
            yield from self.made()

    def panes(self) -> list[Pane]:
        """The panes that are shown now."""
        return [pane for pane in self.query(Pane) if pane.display and pane.size.width]

    def show_body(self, view: View, tables: bool) -> None:
        for pane in self.panes():
            if tables or not pane.table:
                pane.show(view)

    def zoom(self, name: str) -> None:
        """One pane alone."""
        for pane in self.query(Pane):
            pane.set_class(pane.pane == name, "-zoomed")
        self.add_class("-zoom")
        self.query_one(f"#pane-{name}", Pane).focus()
        self.call_after_refresh(self._again)

    def unzoom(self) -> bool:
        """Back to all panes; False when nothing was zoomed."""
        if not self.has_class("-zoom"):
            return False
        self.remove_class("-zoom")
        self.call_after_refresh(self._again)
        return True

    def on_pane_zoom(self, message: Pane.Zoom) -> None:
        self.zoom(message.pane)

    @property
    def focused_pane(self) -> Pane | None:
        return self.focused if isinstance(self.focused, Pane) else None
