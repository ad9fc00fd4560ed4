"""The Overview: every pane at 120x40, four of them at 80x24, one alone when zoomed."""

from __future__ import annotations

from core.domain.history_page import HistoryPage
from core.domain.questions import Page, PnlHistory
from screens.actions import OVERVIEW
from screens.base import bindings
from screens.board import Board
from screens.paged import Paged
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
from screens.panes.orders_chosen import Orders
from screens.panes.spread_history import POINTS, covering, every_ns
from screens.view import View
from screens.widgets.pane import Draw, Drawn, Pane

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


class Overview(Paged, Board):
    """The first screen. Asks for one page: the curve of the round while its PnL is zoomed."""

    scope = OVERVIEW
    board = "grid"
    sortable = {
        "price": (("orders", "px", True),),
        "size": (("orders", "qty", True), ("positions", "qty", True)),
        "age": (("orders", "age", False),),
        "profit": (("positions", "uPnL", False),),
        "liquidation": (("positions", "liq%", False),),
    }
    BINDINGS = bindings(OVERVIEW)
    curve: HistoryPage | None = None

    def made(self) -> list[Pane]:
        panes = []
        for name, title, number, draw, table, third in PANES:
            pane = Orders(name, title, number) if name == "orders" else Pane(name, title, draw, number, table)
            if name == "pnl":
                pane.draw = self._pnl
            pane.set_class(third, "third")
            panes.append(pane)
        return panes

    def question(self) -> PnlHistory | None:
        """The running round, in the shortest window that shows it whole; nothing while the pane is small."""
        view = self.view
        if not self.has_class("-zoom") or not self.query_one("#pane-pnl").has_class("-zoomed"):
            return None
        if view is None or view.snapshot is None:
            return None
        window_s = covering(view.snapshot.round.elapsed_ns)
        self.every_ns = every_ns(window_s)
        return PnlHistory(window_s=window_s, most=POINTS)

    def take(self, page: Page) -> None:
        if isinstance(page, HistoryPage):
            self.curve = page

    def zoom(self, name: str) -> None:
        self.again_at_once()
        super().zoom(name)

    def _pnl(self, view: View, width: int, height: int) -> Drawn:
        return pnl.draw(view, width, height, self.curve if self.has_class("-zoom") else None)

    def show_body(self, view: View, tables: bool) -> None:
        self.set_class(view.snapshot is not None and len(view.snapshot.positions) > 1, "-two")
        super().show_body(view, tables)

    def zoom_number(self, number: int) -> None:
        self.zoom(next(pane.pane for pane in self.query(Pane) if pane.number == number))
