"""The Overview: every pane at 120x40, four of them at 80x24, one alone when zoomed."""

from __future__ import annotations

from screens.actions import OVERVIEW
from screens.base import bindings
from screens.board import Board
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


class Overview(Board):
    """The first screen."""

    scope = OVERVIEW
    board = "grid"
    BINDINGS = bindings(OVERVIEW)

    def made(self) -> list[Pane]:
        panes = []
        for name, title, number, draw, table, third in PANES:
            pane = Pane(name, title, draw, number, table)
            pane.set_class(third, "third")
            panes.append(pane)
        return panes

    def show_body(self, view: View, tables: bool) -> None:
        self.set_class(view.snapshot is not None and len(view.snapshot.positions) > 1, "-two")
        super().show_body(view, tables)

    def zoom_number(self, number: int) -> None:
        self.zoom(next(pane.pane for pane in self.query(Pane) if pane.number == number))
