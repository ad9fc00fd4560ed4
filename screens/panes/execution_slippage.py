"""Execution screen: maker share and slippage against the mid of the decision, last hour, by kind and side."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.execution_picture import SlipRow
from screens import format as fmt
from screens.panes.execution_latency import count
from screens.view import View
from screens.widgets.lines import Line, Span
from screens.widgets.pane import Drawn
from screens.widgets.table import Column, table

NOTE = "bp of price, + = cost, - = gain"
WORDS = {"good": "text", "high": "warn", "bad": "warn"}
COLUMNS = (
    Column("kind"), Column("side"), Column("fills", True, 3), Column("mean", True), Column("worst", True, 2),
    Column("", rank=1),
)  # fmt: skip


def cost_style(bps: float | None) -> str:
    """Positive slippage costs us."""
    return "dim" if bps is None else "down" if bps > 0 else "up" if bps < 0 else "text"


def _row(row: SlipRow) -> list[Span]:
    return [
        (row.kind, "label"),
        (row.side, "buy" if row.side == "BUY" else "sell"),
        (count(row.n), "text"),
        (fmt.number(row.mean_bps, 2, True), cost_style(row.mean_bps)),
        (fmt.number(row.worst_bps, 2, True), "text"),
        (row.word.upper() if row.word == "bad" else row.word, WORDS.get(row.word, "dim")),
    ]


def _rows(slips: Sequence[SlipRow], width: int, height: int) -> list[Line]:
    """One table; the place as first column where there are several."""
    places = sorted({(row.venue, row.symbol) for row in slips})
    names = dict(zip(places, fmt.distinct(places)))
    several = len(places) > 1
    columns = (Column("at"), *COLUMNS) if several else COLUMNS
    cells = []
    for row in slips:
        place: list[Span] = [(fmt.shorten(names[row.venue, row.symbol], 10), "text")] if several else []
        cells.append([*place, *_row(row)])
    return table(columns, cells, width, height, 1)


def draw(view: View, width: int, height: int) -> Drawn:
    snap = view.snapshot
    assert snap is not None
    e = snap.execution
    head = Line(("maker ", "label"), (fmt.percent(e.maker_share, 0), "dim" if e.maker_share is None else "value"))
    fills = Line((f"of {count(e.n_fills)} fills", "dim"))
    room = width - head.width - fills.width - 4
    if room >= 4 and e.maker_share is not None:
        head.add("  " + fmt.bar(e.maker_share, room, view.theme.ascii_only), "line")
    lines = [head.right(fills, width)]
    mean = fmt.number(e.slippage_bps, 2, True)
    line = Line(("mean ", "label"), (mean, cost_style(e.slippage_bps)))
    lines.append(line.add("" if mean == fmt.UNKNOWN else "bp, all fills", "dim"))
    if e.slips and height > len(lines) + min(len(e.slips), 2):
        lines += _rows(e.slips, width, height - len(lines))
    if len(lines) < height and len(NOTE) <= width:
        lines.append(Line((NOTE, "dim")))
    return Drawn(lines[:height], "1h")
