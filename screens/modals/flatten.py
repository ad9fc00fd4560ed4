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
REAL = ("LIVE", "TESTNET")
CHECKS = 8  # lines of the checklist that 24 rows have room for
READ_S = 60.0  # to read them


class FlattenDialog(Typed):
    """Lists the positions and the estimated cost of closing them."""

    title_text = "FLATTEN: halt, cancel our orders, close every position"
    wide = 70

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
        what = f"{len(snap.orders)} open orders cancelled; reduce-only closes until the venue says 0"
        lines += [Line((row, "dim")) for row in fmt.folded(what, width)]
        if snap.state.foreign_orders or snap.state.foreign_positions:
            what = f"foreign: {snap.state.foreign_orders} orders, {snap.state.foreign_positions} positions, not touched"
            lines += [Line((row, "warn")) for row in fmt.folded(what, width)]
        if self.then_stop:
            lines.append(Line(("then the process ends", "warn")))
        return lines + self.prompt()


class ResumeDialog(Typed):
    """Quoting again adds risk: it asks. On a real venue with the go-live checklist and what cancels our orders if this
    process dies, before the word is typed."""

    title_text = "RESUME quoting"
    wide = 70

    def __init__(self, view: View) -> None:
        assert view.snapshot is not None
        if view.snapshot.mode in REAL:
            self.timeout_s = READ_S
        super().__init__(view, resume_word(view.snapshot))

    def body(self, width: int) -> list[Line]:
        snap = self.view.snapshot
        assert snap is not None
        lines = [
            Line(
                ("mode ", "label"),
                (snap.mode, "value"),
                ("  account ", "label"),
                (snap.account or fmt.UNKNOWN, "value"),
            ),
            Line(("paused because ", "label"), (fmt.shorten(snap.state.reason or fmt.UNKNOWN, width - 16), "text")),
        ]
        if snap.mode in REAL:
            lines += [self._dead_man(width), *self._checks(width)]
        return [*lines, *self.prompt()]

    def _dead_man(self, width: int) -> Line:
        """Not told, or NO DEAD-MAN: a warning either way."""
        said = self.view.snapshot.dead_man if self.view.snapshot is not None else ""
        text = said or "NO DEAD-MAN: the core has not told one"
        safe = not text.startswith("NO DEAD-MAN")
        return Line(("dead-man ", "label"), (fmt.shorten(text, width - 10), "text" if safe else "warn"))

    def _checks(self, width: int) -> list[Line]:
        snap = self.view.snapshot
        lines = []
        for check in (snap.rearm if snap is not None else ())[:CHECKS]:
            word, style = ("ok  ", "ok") if check.ok else ("--  ", "dim") if check.ok is None else ("NO  ", "crit")
            text = fmt.shorten(check.text, max(width - len(check.name) - 6, 1))
            lines.append(Line((word, style), (check.name, "text")).right(Line((text, "dim")), width))
        return lines
