"""Flatten and resume: what will happen, what it costs, and the word that confirms it."""

from __future__ import annotations

from screens import format as fmt
from screens.confirm import flatten_word, resume_word
from screens.modals.base import Typed
from screens.panes.positions import buffer_text
from screens.view import View
from screens.widgets.lines import Line
from screens.widgets.table import Column, table

COLUMNS = (
    Column("symbol"), Column("qty", True), Column("mark", True), Column("uPnL", True), Column("liq%", True, 1),
    Column("est. cost", True),
)  # fmt: skip


class FlattenDialog(Typed):
    """Lists the positions and the estimated cost of closing them."""

    title_text = "FLATTEN: halt, cancel our orders, close every position"

    def __init__(self, view: View, then_stop: bool = False) -> None:
        assert view.snapshot is not None
        super().__init__(view, flatten_word(view.snapshot))
        self.then_stop = then_stop

    def body(self, width: int) -> list[Line]:
        snap = self.view.snapshot
        assert snap is not None
        held = [row for row in snap.positions if row.size and not row.foreign]
        rows = [
            [
                (row.symbol, "text"),
                (fmt.number(row.size, row.size_digits, True), "buy" if row.size > 0 else "sell"),
                (fmt.number(row.mark, row.price_digits), "text"),
                (fmt.number(row.unrealised, 2, True), "text"),
                (buffer_text(row.buffer), "text"),
                (fmt.number(row.close_cost, 2), "value"),
            ]
            for row in held
        ]
        lines = table(COLUMNS, rows, width, 7) if rows else [Line(("no position of ours", "dim"))]
        costs = [row.close_cost for row in held]
        total = None if any(cost is None for cost in costs) else sum(cost for cost in costs if cost is not None)
        lines.append(Line(("estimated cost ", "label"), (fmt.number(total, 2), "value"), (" of equity ", "label"))
                     .add(fmt.number(snap.pnl.equity, 2), "text"))  # fmt: skip
        lines.append(
            Line((f"{len(snap.orders)} open orders are cancelled; reduce-only closes until the venue says 0", "dim"))
        )
        if snap.state.foreign_orders or snap.state.foreign_positions:
            what = f"foreign: {snap.state.foreign_orders} orders, {snap.state.foreign_positions} positions, not touched"
            lines.append(Line((what, "warn")))
        if self.then_stop:
            lines.append(Line(("then the process ends", "warn")))
        return lines + self.prompt()


class ResumeDialog(Typed):
    """Quoting again adds risk: it asks."""

    title_text = "RESUME quoting"

    def __init__(self, view: View) -> None:
        assert view.snapshot is not None
        super().__init__(view, resume_word(view.snapshot))

    def body(self, width: int) -> list[Line]:
        snap = self.view.snapshot
        assert snap is not None
        return [
            Line(
                ("mode ", "label"),
                (snap.mode, "value"),
                ("  account ", "label"),
                (snap.account or fmt.UNKNOWN, "value"),
            ),
            Line(("paused because ", "label"), (fmt.shorten(snap.state.reason or fmt.UNKNOWN, width - 16), "text")),
            *self.prompt(),
        ]
