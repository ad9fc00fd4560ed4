"""Why not? Of each strategy on each instrument the stages of a wake, what they say now, and the first that says no."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Container

from core.domain import why_page as wp
from core.domain.questions import Page, WhyNot
from core.domain.why_page import WhyColumn, WhyCount, WhyPage, WhyStage
from screens import format as fmt
from screens.actions import WHY, Action
from screens.base import bindings
from screens.paged import Paged
from screens.view import View
from screens.widgets.lines import Line
from screens.widgets.pane import Drawn, Pane
from screens.widgets.reading import Reading

VERDICT_W = max(len(one) for one in (wp.PASSES, wp.NO, wp.PART, wp.NOT_ASKED, wp.NOT_KNOWN))
NAME_W = max(map(len, wp.STAGES))
STYLES = {wp.PASSES: "ok", wp.NO: "chip.warn", wp.PART: "warn", wp.NOT_ASKED: "dim", wp.NOT_KNOWN: "dim"}
PAGES = {"pageup": -10, "pagedown": 10, "home": -(10**6), "end": 10**6}
MOST_COLUMNS = 5
CHROME = 5  # rows of banner, figures, action line and footer
LEAST = len(wp.STAGES) + 2 + 4  # all stages, an answer of two rows, two frames


def choice_line(view: View, column: WhyColumn, chosen: bool, width: int) -> Line:
    """One column in a row: where, and the answer."""
    line = Line((view.theme.sign("arrow")[-1] + " " if chosen else "  ", "key"))
    line.add(f"{column.strategy} {column.symbol} {column.venue}  ", "value" if chosen else "text")
    style = "warn" if column.stage else "ok"
    said = f"NO at {column.stage}" if column.stage else f"quoted, {column.orders} orders" if column.orders else "passes"
    return line.add(fmt.shorten(said, max(width - line.width, 0)), style)


def times_of(stage: WhyStage) -> str:
    """Since when, until when."""
    parts = []
    if stage.verdict in (wp.NO, wp.PART) and stage.since:
        parts.append(f"since {fmt.clock(stage.since)}")
    if stage.until:
        parts.append(f"until {fmt.clock(stage.until)}")
    return ", ".join(parts)


def stage_line(view: View, stage: WhyStage, first: bool, width: int) -> Line:
    """One stage; the whole text of the first that says no stands above, so here it may be cut."""
    line = Line((view.theme.sign("arrow")[-1] + " " if first else "  ", "key"))
    line.add(stage.name.ljust(NAME_W + 2), "value" if first else "text")
    line.add(stage.verdict, STYLES.get(stage.verdict, "text")).pad(NAME_W + VERDICT_W + 6)
    times = times_of(stage)
    room = width - line.width
    tail = f" ({times})" if times and len(stage.text) + len(times) + 3 <= room else ""
    return line.add(
        fmt.shorten(stage.text, room - len(tail)) + tail, "dim" if stage.verdict == wp.NOT_ASKED else "text"
    )


def count_line(stage: str, count: WhyCount, width: int) -> Line:
    """How often one stage said no for one reason, and the newest."""
    line = Line((f"  {stage:<{NAME_W}} ", "dim"), (fmt.shorten(count.code.replace("_", " "), 27).ljust(28), "text"))
    line.add(_times(count.round).rjust(7), "text").add(_times(count.hour).rjust(8), "text")
    line.add(f"  {fmt.clock(count.newest)}", "dim")
    if count.example and width - line.width > 8:
        line.add("  " + fmt.shorten(count.example, width - line.width - 2), "dim")
    return line


def _times(n: int | None) -> str:
    return fmt.UNKNOWN if n is None else str(n) if n < 100_000 else fmt.short(n)


def stage_lines(view: View, column: WhyColumn, width: int) -> list[Line]:
    """The answer, the stages, the counts."""
    style = "warn" if column.stage else "ok"
    rows = [Line((text, style)) for text in fmt.folded(column.answer, width)]
    rows += [stage_line(view, stage, stage.name == column.stage, width) for stage in column.stages]
    counted = [(stage.name, count) for stage in column.stages for count in stage.counts]
    rows.append(Line())
    if not counted:
        rows.append(Line(("no stage has said no this round or in the last hour", "dim")))
        return rows
    head = Line(("  how often".ljust(NAME_W + 3) + "reason".ljust(28), "label"))
    rows.append(head.add("round".rjust(7) + "hour".rjust(8) + "  newest", "label"))
    return rows + [count_line(name, count, width) for name, count in counted]


class Choices(Pane):
    """The columns; the screen moves the cursor."""

    def __init__(self) -> None:
        super().__init__("why-choice", "Strategy and symbol", self._drawn)
        self.columns: Sequence[WhyColumn] = ()
        self.at = 0
        self.can_focus = False

    def _drawn(self, view: View, width: int, height: int) -> Drawn:
        first = max(min(self.at - height // 2, len(self.columns) - height), 0)
        rows = [
            choice_line(view, column, n == self.at, width)
            for n, column in enumerate(self.columns[first : first + height], first)
        ]
        return Drawn(rows, f"{self.at + 1} of {len(self.columns)}")


class Stages(Reading):
    """The chosen column."""

    steps = PAGES
    hint = " PgDn"
    page: WhyPage | None

    def __init__(self) -> None:
        super().__init__("why-stages", "Why not?")
        self.column: WhyColumn | None = None

    @property
    def ready(self) -> bool:
        return self.page is not None and self.column is not None

    def lines(self, view: View, width: int) -> list[Line]:
        assert self.column is not None
        return stage_lines(view, self.column, width)

    def note(self) -> str:
        assert self.page is not None
        return fmt.clock(self.page.now) + ("" if self.page.steady else "  of several moments")


class Why(Paged):
    """`up` and `down` choose the column."""

    scope = WHY
    BINDINGS = bindings(WHY)

    def __init__(self, actions: Sequence[Action]) -> None:
        super().__init__(actions)
        self.at = 0

    def body(self) -> ComposeResult:
        with Container(id="why"):
            yield Choices()
            yield Stages()

    def on_mount(self) -> None:
        self.stages.focus()

    @property
    def stages(self) -> Stages:
        return self.query_one(Stages)

    def question(self) -> WhyNot:
        return WhyNot()

    def take(self, page: Page) -> None:
        if isinstance(page, WhyPage):
            self.stages.page = page
            self.move(0)

    def move(self, by: int) -> None:
        """The column that many further."""
        page = self.stages.page
        columns = page.columns if page is not None else ()
        self.at = min(max(self.at + by, 0), max(len(columns) - 1, 0))
        if by:
            self.stages.top = 0
        self.stages.column = columns[self.at] if columns else None
        choices = self.query_one(Choices)
        choices.columns, choices.at = columns, self.at
        choices.display = len(columns) > 1
        choices.styles.height = min(len(columns), max(self.size.height - CHROME - LEAST, 1), MOST_COLUMNS) + 2
        if by and self.view is not None:
            self.show(self.view)

    def show_body(self, view: View, tables: bool) -> None:
        self.stages.trouble = self.trouble
        for pane in self.query(Pane):
            if pane.display:
                pane.show(view)

    def text(self) -> str:
        """The chosen column, for the clipboard."""
        column = self.stages.column
        if column is None or self.view is None:
            return ""
        return "\n".join(line.plain.rstrip() for line in stage_lines(self.view, column, 120))
