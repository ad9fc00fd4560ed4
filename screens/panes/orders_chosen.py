"""The Orders pane of the Overview with a cursor: shown while the pane is zoomed, or once the arrows were used in it."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from core.domain.snapshot import OrderRow
from screens.panes import orders
from screens.sorting import headed, ordered
from screens.view import View
from screens.widgets.choosing import STEPS, Choosing
from screens.widgets.lines import Span
from screens.widgets.pane import Drawn


class Orders(Choosing):
    """Enter in the zoomed pane opens the timeline of the order under the cursor."""

    columns = orders.COLUMNS
    _choosing = False

    def __init__(self, name: str, title: str, number: int) -> None:
        super().__init__(name, title, self._drawn, number, True)

    def rows(self, view: View) -> Sequence[OrderRow]:
        snap = view.snapshot
        if snap is None:
            return ()
        chosen = ordered(snap.orders, view.sorts.get("orders"), orders.KEYS)
        return chosen if chosen is not None else sorted(snap.orders, key=lambda row: (-row.price, row.id))

    def id_of(self, row: OrderRow) -> tuple[str, str]:
        return row.venue, row.id

    def cells(self, view: View, row: OrderRow) -> Sequence[Span]:
        return orders.cells(view, row)

    @property
    def zoomed(self) -> bool:
        return self.has_class("-zoomed") and self.screen.has_class("-zoom")

    @property
    def order(self) -> int:
        """Client id under the cursor; 0 where there is none of ours."""
        row = self.chosen
        return row.cl_id if row is not None and row.ours else 0

    def on_key(self, event: events.Key) -> None:
        """Before `Choosing.on_key`, which the toolkit calls as well."""
        if event.key in STEPS:
            self._choosing = True

    def on_blur(self) -> None:
        self._choosing = False

    def _drawn(self, view: View, width: int, height: int) -> Drawn:
        drawn = orders.draw(view, width, height)
        rows = self.rows(view)
        if not rows or not (self._choosing or self.zoomed):
            return drawn
        columns = headed(self.columns, view.sorts.get("orders"), view.theme)
        drawn.rows = self.table_of(view, width, height, columns)
        drawn.note = f"{self.note_of(rows)}  {drawn.note}"
        return drawn
