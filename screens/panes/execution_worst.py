"""Execution screen: the 20 worst orders by one measure, the newest, or what the risk gate refused; Enter opens one."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.order_pages import BY_ACK, BY_SLIPPAGE, NEWEST, REFUSED, WORST, OrderItem, OrderListPage
from core.domain.questions import OrderList
from screens import format as fmt
from screens.panes.orders import side_style
from screens.view import View
from screens.widgets.choosing import Choosing
from screens.widgets.lines import Line, Span
from screens.widgets.pane import Drawn
from screens.widgets.table import Column

MOST = 20
LISTS = ((WORST, BY_ACK), (WORST, BY_SLIPPAGE), (NEWEST, BY_ACK), (REFUSED, BY_ACK))
TITLES = {
    (WORST, BY_ACK): "Worst orders by order→ack", (WORST, BY_SLIPPAGE): "Worst orders by slippage",
    (NEWEST, BY_ACK): "Newest orders", (REFUSED, BY_ACK): "Orders refused by the risk gate",
}  # fmt: skip
EMPTY = {
    (WORST, BY_ACK): "no order of this core was acknowledged yet", (WORST, BY_SLIPPAGE): "no order was filled yet",
    (NEWEST, BY_ACK): "no order was decided yet", (REFUSED, BY_ACK): "the risk gate refused nothing",
}  # fmt: skip
BAD = ("rejected", "refused", "unknown", "absent")


class WorstOrders(Choosing):
    """Shows the newest page it was given; `k` turns to the next list."""

    columns = (
        Column("time"), Column("side"), Column("symbol", rank=3), Column("venue", rank=7), Column("what", rank=2),
        Column("px", True, 4), Column("ack", True), Column("slip bp", True, 1), Column("state", rank=5),
        Column("why", rank=6),
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__("fares-worst", "Worst orders", self._drawn, table=True)
        self.list = LISTS[0]
        self.page: OrderListPage | None = None
        self.trouble = ""

    @property
    def question(self) -> OrderList:
        return OrderList(kind=self.list[0], by=self.list[1], most=MOST)

    def turn(self) -> None:
        """The next list; the old page is not shown under the new name."""
        self.list = LISTS[(LISTS.index(self.list) + 1) % len(LISTS)]
        self.page = None
        if self._view is not None:
            self.show(self._view)

    def put_page(self, page: OrderListPage) -> None:
        if (page.kind, page.by) == self.list:
            self.page = page

    def rows(self, view: View) -> Sequence[OrderItem]:
        return self.page.rows if self.page is not None else ()

    def id_of(self, row: OrderItem) -> int:
        return row.number

    def cells(self, view: View, row: OrderItem) -> Sequence[Span]:
        times = f" x{row.times}" if row.times > 1 else ""
        slip = row.slippage_bps
        return (
            (fmt.clock(row.decided), "dim"), (row.side, side_style(row.side)), (row.symbol, "text"),
            (row.venue, "dim"), (row.what, "text"), (fmt.number(row.price, row.price_digits), "text"),
            (fmt.span_ns(row.ack_ns), "text" if row.ack_ns is not None else "dim"),
            (fmt.number(slip, 2, True), "text" if slip is not None else "dim"),
            (row.state, "warn" if row.state in BAD else "dim"),
            (row.code.replace("_", " ") + times, "warn" if row.code else "dim"),
        )  # fmt: skip

    def _drawn(self, view: View, width: int, height: int) -> Drawn:
        self.title = view.theme.text(TITLES[self.list])
        if self.page is None:
            text = f"no answer: {self.trouble}" if self.trouble else "asking the core"
            return Drawn([Line((fmt.UNKNOWN + "  " + fmt.shorten(text, width - 4), "dim"))])
        if not self.page.rows:
            return Drawn([Line((fmt.shorten(EMPTY[self.list], width), "dim"))], f"of {self.page.kept}")
        lines = self.table_of(view, width, height)
        return Drawn(lines, f"{self.note_of(self.page.rows)}  of {self.page.kept} kept", stale=bool(self.trouble))
