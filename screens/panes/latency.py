"""Latency: p50, p99 and max of each stretch of the path, with its band (S0-23) as a word."""

from __future__ import annotations

from core.domain.snapshot import LatencyRow
from screens import format as fmt
from screens.view import View
from screens.widgets.lines import Line, Span
from screens.widgets.pane import Drawn
from screens.widgets.table import Column, table

COLUMNS = (
    Column(""), Column("p50", True), Column("p95", True, 4), Column("p99", True), Column("max", True, 1),
    Column("band", rank=2), Column("trend", rank=3),
)  # fmt: skip
BANDS = {
    "excellent": ("excellent", "ok"), "good": ("good", "ok"), "acceptable": ("acceptable", "text"),
    "degraded": ("degraded", "warn"), "unacceptable": ("UNACCEPT.", "crit"),
}  # fmt: skip


def band(name: str) -> Span:
    return BANDS.get(name, (fmt.UNKNOWN, "dim"))


def _row(view: View, row: LatencyRow) -> list[Span]:
    return [
        (row.name.replace("->", view.theme.sign("arrow")), "label"),
        (fmt.span_ns(row.p50_ns), "text"),
        (fmt.span_ns(row.p95_ns), "text"),
        (fmt.span_ns(row.p99_ns), "value"),
        (fmt.span_ns(row.max_ns), "dim"),
        band(row.band),
        (fmt.blocks(row.spark, 6, view.theme.ascii_only), "line"),
    ]


def draw(view: View, width: int, height: int) -> Drawn:
    snap = view.snapshot
    assert snap is not None
    if snap.latency:
        rows = table(COLUMNS, [_row(view, row) for row in snap.latency], width, height)
    else:
        rows = [Line(("not measured yet", "dim"))]
    feeds = snap.feeds
    if height > len(rows) and feeds:
        gaps, again = sum(feed.gaps for feed in feeds), sum(feed.reconnects for feed in feeds)
        mixed = sum(feed.conflated for feed in feeds)
        line = Line(("gaps ", "label"), (str(gaps), "warn" if gaps else "text"))
        line.add("  reconnects ", "label").add(str(again), "warn" if again else "text")
        if line.width + 12 < width:
            line.add("  conflated ", "label").add(fmt.short(mixed) if mixed > 999 else str(mixed))
        rows.append(line)
    count = max((row.n for row in snap.latency), default=0)
    return Drawn(rows, f"n {count if count < 1000 else fmt.short(count)}" if count else "")
