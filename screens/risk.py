"""Risk: every limit, liquidation buffers, what a move of the market would do, stops, dead-man, naked legs, money.

Up and down move through the limits where they do not all fit.
"""

from __future__ import annotations

from screens.actions import RISK
from screens.base import bindings
from screens.board import Board
from screens.panes import risk_buffer, risk_limits, risk_money, risk_stops, risk_whatif
from screens.view import View
from screens.widgets.pane import Drawn, Pane


class Risk(Board):
    """All five panes at 120x36 and up; below that buffers and money stand inside the other three."""

    scope = RISK
    board = "risk"
    BINDINGS = bindings(RISK)

    first = 0  # of the limits that are seen

    def made(self) -> list[Pane]:
        return [
            Pane("risk-limits", "Limits", self._limits, table=True),
            Pane("risk-stops", "Stops", self._stops),
            Pane("risk-buffer", "Liquidation buffer", risk_buffer.draw),
            Pane("risk-money", "Loss & reduce bands", risk_money.draw),
            Pane("risk-whatif", "What if", risk_whatif.draw, table=True),
        ]

    def move(self, by: int) -> None:
        """On in the list of limits, or back; stays at the ends."""
        pane = self.query_one("#pane-risk-limits", Pane)
        snap = self.view.snapshot if self.view is not None else None
        if snap is None or self.view is None:
            return
        last = max(len(risk_limits.merged(snap.limits)) - max(pane.size.height - 3, 1), 0)
        self.first = min(max(min(self.first, last) + by, 0), last)
        pane.show(self.view)

    def _limits(self, view: View, width: int, height: int) -> Drawn:
        return risk_limits.draw(view, width, height, self.first)

    def _stops(self, view: View, width: int, height: int) -> Drawn:
        """Where the money has no pane of its own its lines follow here."""
        money = self.query_one("#pane-risk-money", Pane)
        told = None if money.display else risk_money.loud_first(view, width)
        return risk_stops.draw(view, width, height, told)
