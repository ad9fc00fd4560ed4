"""The Overview: every pane at 120x40, four of them at 80x24, one alone when zoomed."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container

from screens.actions import OVERVIEW
from screens.base import ConsoleScreen, bindings
from screens.panes import (
    alerts,
    execution,
    funding,
    latency,
    liquidation,
    orders,
    pnl,
    positions,
    spread_bands,
    state,
)
from screens.view import View
from screens.widgets.pane import Draw, Pane

# name, title, number, draw, table or plot (half rate), a third of the width
PANES: tuple[tuple[str, str, int, Draw, bool, bool], ...] = (
    ("positions", "Positions", 1, positions.draw, True, False),
    ("spread", "Spread & bands", 2, spread_bands.draw, True, False),
    ("orders", "Orders", 3, orders.draw, True, False),
    ("state", "State", 4, state.draw, False, False),
    ("latency", "Latency", 5, latency.draw, False, True),
    ("execution", "Execution", 6, execution.draw, False, True),
    ("liquidation", "Liquidation buffer & limits", 7, liquidation.draw, False, True),
    ("pnl", "PnL", 8, pnl.draw, True, True),
    ("alerts", "Alerts", 9, alerts.draw, True, True),
    ("funding", "Funding & API", 0, funding.draw, False, True),
)


class Overview(ConsoleScreen):
    """The first screen."""

    scope = OVERVIEW
    BINDINGS = bindings(OVERVIEW)

    def body(self) -> ComposeResult:
        with Container(id="grid"):
            for name, title, number, draw, table, third in PANES:
                pane = Pane(name, title, draw, number, table)
                pane.set_class(third, "third")
                yield pane

    def panes(self) -> list[Pane]:
        """The panes that are shown now."""
        return [pane for pane in self.query(Pane) if pane.display and pane.size.width]

    def show_body(self, view: View, tables: bool) -> None:
        self.set_class(view.snapshot is not None and len(view.snapshot.positions) > 1, "-two")
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

    def zoom_number(self, number: int) -> None:
        self.zoom(next(pane.pane for pane in self.query(Pane) if pane.number == number))

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
