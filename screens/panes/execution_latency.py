"""Execution screen: every measured stretch of the path, this round, with its band word and the trend of its worst."""

from __future__ import annotations

from core.domain.snapshot import LatencyRow
from screens import format as fmt
from screens.panes.execution_streams import summary
from screens.panes.latency import band
from screens.view import View
from screens.widgets.lines import Line, Span
from screens.widgets.pane import Drawn
from screens.widgets.table import Column, table

COLUMNS = (
    Column("stretch"), Column("n", True, 4), Column("p50", True), Column("p95", True, 3), Column("p99", True),
    Column("max", True, 1), Column("band", rank=2), Column("trend", rank=5),
)  # fmt: skip
TREND, BROAD = 12, 100  # seconds shown; twice as many where there is room
LEGEND = "band of p99: <5ms excellent  <10 good  ≤50 acceptable  ≤100 degraded"


def count(n: int) -> str:
    return str(n) if n < 10_000 else fmt.short(n)


def _row(view: View, row: LatencyRow, trend: int) -> list[Span]:
    return [
        (row.name.replace("->", view.theme.sign("arrow")), "label"),
        (count(row.n), "dim"),
        (fmt.span_ns(row.p50_ns), "text"),
        (fmt.span_ns(row.p95_ns), "text"),
        (fmt.span_ns(row.p99_ns), "value" if row.p99_ns is not None else "dim"),
        (fmt.span_ns(row.max_ns), "text"),
        band(row.band),
        (fmt.blocks(row.spark[-trend:], trend, view.theme.ascii_only), "line"),
    ]


def draw(view: View, width: int, height: int, streams: bool = False) -> Drawn:
    """`streams`: their totals and the venue's budgets in one more row, where no pane of theirs is shown."""
    snap = view.snapshot
    assert snap is not None
    room = height - (streams and height > 2)
    trend = TREND * 2 if width > BROAD else TREND
    rows = table(COLUMNS, [_row(view, row, trend) for row in snap.latency], width, room) if snap.latency else []
    if not rows:
        rows = [Line(("not measured yet", "dim"))]
    if len(rows) < room and len(LEGEND) <= width:
        rows.append(Line((LEGEND, "dim")))
    if room < height:
        rows.append(summary(view, width))
    return Drawn(rows[:height], "this round")
