"""Execution: how fast and how well orders fare. Latency, its histograms, fills, markout, slippage, refusals, wires.

Each pane can be seen alone: left and right go through all of them, also those that a small terminal has no room for.
"""

from __future__ import annotations

from core.domain.order_pages import OrderListPage
from core.domain.questions import AnyQuestion, Page
from screens.actions import EXECUTION
from screens.base import bindings
from screens.board import Board
from screens.paged import Paged
from screens.panes import (
    execution_fills,
    execution_histogram,
    execution_latency,
    execution_markout,
    execution_rejects,
    execution_slippage,
    execution_streams,
)
from screens.panes.execution_worst import WorstOrders
from screens.view import View
from screens.widgets.pane import Draw, Drawn, Pane


class Execution(Paged, Board):
    """Nine panes at 120x36 and up; latency, one histogram, fills, markout and refusals below that."""

    scope = EXECUTION
    board = "fares"
    every_ns = 2_000_000_000
    BINDINGS = bindings(EXECUTION)

    def made(self) -> list[Pane]:
        panes: tuple[tuple[str, str, Draw, bool], ...] = (
            ("fares-latency", "Latency", self._latency, False),
            ("fares-tick", "Tick→order", execution_histogram.of("tick->order"), True),
            ("fares-fills", "Fill rate", self._fills, True),
            ("fares-markout", "Markout", execution_markout.draw, True),
            ("fares-ack", "Order→ack", execution_histogram.of("order->ack"), True),
            ("fares-slippage", "Slippage", execution_slippage.draw, True),
            ("fares-rejects", "Refusals", execution_rejects.draw, True),
            ("fares-streams", "Streams & API", execution_streams.draw, False),
        )
        return [*(Pane(name, title, draw, table=table) for name, title, draw, table in panes), WorstOrders()]

    @property
    def worst(self) -> WorstOrders:
        return self.query_one(WorstOrders)

    def question(self) -> AnyQuestion:
        return self.worst.question

    def take(self, page: Page) -> None:
        if isinstance(page, OrderListPage):
            self.worst.put_page(page)

    def show_body(self, view: View, tables: bool) -> None:
        self.worst.trouble = self.trouble
        super().show_body(view, tables)

    def turn_list(self) -> None:
        """The next list of orders; where the pane is hidden it is shown alone first."""
        if self.worst.display and self.worst.size.width:
            self.worst.turn()
            self.again_at_once()
        else:
            self.zoom(self.worst.pane)

    def turn(self, by: int) -> None:
        """The next pane alone, or the one before; the first or the last from the whole board."""
        panes = list(self.query(Pane))
        alone = next((at for at, pane in enumerate(panes) if pane.has_class("-zoomed")), None)
        if alone is None or not self.has_class("-zoom"):
            alone = -1 if by > 0 else 0
        self.zoom(panes[(alone + by) % len(panes)].pane)

    def _hidden(self, pane: str) -> bool:
        return not self.query_one(f"#pane-{pane}", Pane).display

    def _latency(self, view: View, width: int, height: int) -> Drawn:
        return execution_latency.draw(view, width, height, self._hidden("fares-streams"))

    def _fills(self, view: View, width: int, height: int) -> Drawn:
        return execution_fills.draw(view, width, height, self._hidden("fares-slippage"))
