"""The timeline of one order: decision, gate, sent, acknowledged, fills, markout. Asked again while the order lives."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Container

from core.domain import order_pages as op
from core.domain.order_pages import OrderEvent, OrderItem, OrderPage
from core.domain.questions import OrderTimeline, Page
from screens import format as fmt
from screens.actions import TIMELINE, Action
from screens.base import bindings
from screens.paged import Paged
from screens.panes.orders import side_style
from screens.view import View
from screens.widgets.lines import Line
from screens.widgets.reading import Reading

TIME_W, MS_W, WHAT_W = 12, 11, 14
STEPS = {"up": -1, "down": 1, "pageup": -10, "pagedown": 10, "home": -(10**6), "end": 10**6}
BAD = (op.NOT_SENT, op.REJECTED, op.NO_ANSWER, op.ABSENT, op.AMEND_REFUSED, op.CANCEL_REFUSED)
GOOD = (op.FILL, op.FILLED)


def stamp(ts: int | None) -> str:
    """13:02:11.123."""
    return fmt.UNKNOWN if ts is None else f"{fmt.clock(ts)}.{ts // 1_000_000 % 1_000:03d}"


def since(ts: int | None, start: int) -> str:
    """Milliseconds since the decision: +263.6."""
    return fmt.UNKNOWN if ts is None else f"{(ts - start) / 1e6:+,.1f}"


def numbers(event: OrderEvent, item: OrderItem, horizons_s: tuple[float, ...]) -> list[str]:
    """What an event says beside its name, in parts that stay together."""
    if event.what == op.MARKOUT:
        marks = [f"{h:g}s {fmt.number(bps, 2, True)}" for h, bps in zip(horizons_s, event.marks, strict=False)]
        return [f"bp after {marks[0]}", *marks[1:]] if marks else []
    parts = []
    size = "" if event.size is None else fmt.number(event.size, item.size_digits)
    price = "" if event.price is None else f"@ {fmt.number(event.price, item.price_digits)}"
    if size or price:
        parts.append(f"{size} {price}".strip())
    if event.maker is not None:
        parts.append("maker" if event.maker else "taker")
    if event.fee is not None:
        parts.append(f"fee {fmt.number(event.fee, 6)}")
    if event.bps is not None:
        parts.append(f"slippage {event.bps:+.2f} bp" if event.what == op.FILL else away(event.bps))
    if event.code:
        parts.append(event.code.replace("_", " "))
    if event.what == op.DECIDED:
        parts.append(f"woken by {event.note or fmt.UNKNOWN}")
    elif event.note:
        parts.append(event.note)
    if event.what == op.SENT and event.ts is None:
        parts.append("when it left is not known")
    return parts


def joined(parts: list[str], width: int) -> list[str]:
    """Parts with commas in rows of at most `width`; a longer part is folded at its words."""
    rows = [""]
    for part in parts:
        if rows[-1] and len(rows[-1]) + 2 + len(part) <= width:
            rows[-1] += f", {part}"
            continue
        rows[-1] += "," if rows[-1] and len(rows[-1]) < width else ""
        rows += fmt.folded(part, width)
    return rows[1:] or rows


def away(bps: float) -> str:
    """Where a price stands from the mid."""
    return f"{bps:.2f} bp behind the mid" if bps >= 0 else f"{-bps:.2f} bp beyond the mid"


def head(item: OrderItem, width: int) -> list[Line]:
    """Whose order it is and what became of it."""
    first = Line((f"{item.side} ", side_style(item.side)), (fmt.number(item.size, item.size_digits), "value"))
    price = "at market" if item.price is None else f"@ {fmt.number(item.price, item.price_digits)}"
    first.add(f" {price}  ", "value").add(f"{item.symbol} {item.venue}  ", "text").add(item.what, "text")
    state = Line(
        ("state ", "label"), (item.state, "warn" if item.state in ("unknown", "rejected", "refused") else "ok")
    )
    if item.code:
        state.add(f" {item.code.replace('_', ' ')}", "warn")
    state.add("  filled ", "label").add(fmt.number(item.filled, item.size_digits), "text")
    state.add("  ack ", "label").add(fmt.span_ns(item.ack_ns), "text")
    state.add("  slippage ", "label").add(f"{fmt.number(item.slippage_bps, 2, True)} bp", "text")
    state.add("  fees ", "label").add(fmt.number(item.fees, 6), "text")
    times = f"  {item.times} times alike" if item.times > 1 else ""
    third = Line((fmt.shorten(f"{item.strategy}  {item.type}  id {item.cl_id:x}{times}", width), "dim"))
    return [first, state, third, Line()]


def event_lines(event: OrderEvent, item: OrderItem, horizons_s: tuple[float, ...], width: int) -> list[Line]:
    """One event; what does not fit stands on further lines under its numbers."""
    mark = event.what == op.MARKOUT
    style = "warn" if event.what in BAD or (event.what == op.GATE and event.code) else "text"
    style = "value" if event.what in GOOD else "dim" if mark else style
    line = Line((("" if mark else stamp(event.ts)).ljust(TIME_W), "dim"))
    line.add(("" if mark else since(event.ts, item.decided)).rjust(MS_W + 1), "text")
    line.add("  " + event.what.ljust(WHAT_W) + " ", style)
    texts = joined(numbers(event, item, horizons_s), max(width - line.width, 12))
    lines = [line.add(texts[0], style)]
    lines += [Line((" " * (TIME_W + WHAT_W + MS_W + 4), "text"), (text, style)) for text in texts[1:]]
    return lines


def page_lines(page: OrderPage, width: int) -> list[Line]:
    """The whole timeline."""
    item = page.item
    if item is None:
        return [Line(("this core keeps no such order: it keeps the newest 2,000", "dim"))]
    rows = head(item, width)
    title = Line(("time UTC".ljust(TIME_W), "label"), ("ms since".rjust(MS_W + 1), "label"), ("  what", "label"))
    rows.append(title)
    for event in page.events:
        rows += event_lines(event, item, page.horizons_s, width)
    if page.omitted:
        rows.append(Line((f"{page.omitted} amends between its first and its newest are not kept", "dim")))
    return rows


class TimelinePane(Reading):
    """The page's lines, scrolled by the arrows."""

    steps = STEPS
    page: OrderPage | None

    def __init__(self) -> None:
        super().__init__("timeline", "Order")

    def lines(self, view: View, width: int) -> list[Line]:
        assert self.page is not None
        return page_lines(self.page, width)

    def note(self) -> str:
        assert self.page is not None
        return "ended" if self.page.ended else "alive" if self.page.item is not None else ""


class Timeline(Paged):
    """Of the order with a client id, or kept under a number."""

    scope = TIMELINE
    BINDINGS = bindings(TIMELINE)
    every_ns = 500_000_000

    def __init__(self, actions: Sequence[Action], cl_id: int = 0, number: int = 0) -> None:
        super().__init__(actions)
        self.cl_id, self.number = cl_id, number

    def body(self) -> ComposeResult:
        with Container(id="timeline"):
            yield TimelinePane()

    def on_mount(self) -> None:
        self.pane.focus()

    @property
    def pane(self) -> TimelinePane:
        return self.query_one(TimelinePane)

    def question(self) -> OrderTimeline:
        return OrderTimeline(cl_id=self.cl_id, number=self.number)

    def take(self, page: Page) -> None:
        if isinstance(page, OrderPage):
            self.pane.page = page

    def show_body(self, view: View, tables: bool) -> None:
        self.pane.trouble = self.trouble
        self.pane.show(view)

    def text(self) -> str:
        """All lines, for the clipboard."""
        page = self.pane.page
        return "" if page is None else "\n".join(line.plain.rstrip() for line in page_lines(page, 120))
