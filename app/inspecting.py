"""Keys that look closer: the timeline of one order, lists of orders, the columns of Why not? Sends nothing.

A mixin of the App.
"""

from __future__ import annotations

from typing import Any

from screens.execution import Execution
from screens.panes.execution_worst import WorstOrders
from screens.panes.orders_chosen import Orders
from screens.timeline import Timeline
from screens.widgets.pane import Pane


class Inspecting:
    """Expects of the App: screen, actions, note, redraw, copy_to_clipboard."""

    def inspect(self: Any, pane: Pane) -> bool:
        """Enter in a pane that is alone already and has a chosen row: its timeline. False: nothing to open here."""
        if not isinstance(pane, Orders | WorstOrders) or not (
            pane.has_class("-zoomed") and self.screen.has_class("-zoom")
        ):
            return False
        if isinstance(pane, Orders):
            if pane.order:
                self.open_timeline(cl_id=pane.order)
            elif pane.chosen is not None:
                self.note("not an order of ours: there is no timeline of it")
        elif pane.chosen is not None:
            self.open_timeline(pane.chosen.cl_id, pane.chosen.number)
        return True

    def open_timeline(self: Any, cl_id: int = 0, number: int = 0) -> None:
        """On top of what stands; Esc goes back there."""
        self.push_screen(Timeline(self.actions, cl_id, number))
        self.call_after_refresh(self.redraw)

    def close_timeline(self: Any) -> bool:
        """Back to where it was opened; False where none is open."""
        if not isinstance(self.screen, Timeline):
            return False
        self.pop_screen()
        self.call_after_refresh(self.redraw)
        return True

    def action_worst_list(self: Any) -> None:
        if isinstance(self.screen, Execution):
            self.screen.turn_list()

    def _copy_lines(self: Any) -> None:
        text = self.screen.text()
        self.copy_to_clipboard(text)
        self.note(f"{text.count(chr(10)) + bool(text)} lines copied", "text")

    action_copy_timeline = action_copy_why = _copy_lines
