"""Venues & streams: what is up, how old its data is, what it still allows us, and whether its account is known."""

from __future__ import annotations

from screens.actions import VENUES
from screens.base import bindings
from screens.board import Board
from screens.panes import venues_accounts, venues_funding, venues_streams, venues_wire
from screens.panes.venues_state import OK, UNTOLD, foreign, standings
from screens.view import View
from screens.widgets.pane import Drawn, Pane


class Venues(Board):
    """Four panes at 120x36 and up; below that funding stands in rows of the allowances."""

    scope = VENUES
    board = "venues"
    BINDINGS = bindings(VENUES)

    def made(self) -> list[Pane]:
        return [
            Pane("venues-accounts", "Venues", venues_accounts.draw),
            Pane("venues-streams", "Streams", venues_streams.draw, table=True),
            Pane("venues-wire", "Requests & allowances", self._wire, table=True),
            Pane("venues-funding", "Funding", venues_funding.draw, table=True),
        ]

    def _wire(self, view: View, width: int, height: int) -> Drawn:
        alone = not self.query_one("#pane-venues-funding", Pane).display and not self.has_class("-zoom")
        return (venues_wire.with_funding if alone else venues_wire.draw)(view, width, height)

    def show_body(self, view: View, tables: bool) -> None:
        shown = standings(view)
        self.set_class(len(shown) > 1, "-two")
        self.set_class(len(shown) > 2, "-many")
        self.set_class(
            any(one.grade not in (OK, UNTOLD) or one.row.why or foreign(one.row)[1] == "warn" for one in shown),
            "-trouble",
        )
        super().show_body(view, tables)
