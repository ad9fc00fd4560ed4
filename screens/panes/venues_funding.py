"""Funding of each venue: rate for one interval, next settlement in UTC and in how long, what this round brought."""

from __future__ import annotations

from core.domain.venue_picture import FundingRow
from screens import format as fmt
from screens.panes.pair_funding import every
from screens.theme import profit_style
from screens.view import View
from screens.widgets.lines import Line, Span
from screens.widgets.pane import Drawn
from screens.widgets.table import Column, table

COLUMNS = (
    Column("venue"), Column("symbol"), Column("rate", True), Column("per", True, 3), Column("from", rank=2),
    Column("next UTC", True, 1), Column("in", True), Column("this round", True, 1),
)  # fmt: skip


def places(rows: tuple[FundingRow, ...]) -> list[FundingRow]:
    """One row an instrument; what several strategies were paid there is added up."""
    found: dict[tuple[str, str], FundingRow] = {}
    paid: dict[tuple[str, str], float] = {}
    for row in rows:
        place = (row.venue, row.symbol)
        found.setdefault(place, row)
        paid[place] = paid.get(place, 0.0) + row.paid_round
    return [
        FundingRow(row.venue, row.symbol, row.rate, row.next_ts, row.assumed, paid[place], row.interval_ns)
        for place, row in found.items()
    ]


def left(view: View, row: FundingRow) -> Span:
    """To the settlement; `over` once its time has passed and no new one is known."""
    snap = view.snapshot
    if row.next_ts is None or snap is None:
        return fmt.UNKNOWN, "dim"
    ns = row.next_ts - snap.ts
    if view.quiet:
        return "?" + fmt.hms(ns), "stale"
    return ("over", "warn") if ns < 0 else (fmt.hms(ns), "value")


def _row(view: View, row: FundingRow) -> list[Span]:
    return [
        (row.venue, "value"),
        (row.symbol, "text"),
        (fmt.percent(row.rate, 4, True), "text" if row.rate is not None else "dim"),
        (every(row.interval_ns), "text"),
        ("config ASSUMED" if row.assumed else "venue", "warn" if row.assumed else "text"),
        (fmt.clock(row.next_ts), "text" if row.next_ts else "dim"),
        left(view, row),
        (fmt.number(row.paid_round, 2 if not row.paid_round or abs(row.paid_round) >= 0.01 else 4, True),
         profit_style(row.paid_round)),
    ]  # fmt: skip


def short(view: View, width: int) -> list[Line]:
    """For a small terminal, in as few rows as it takes: rate and time to the settlement of each."""
    rows = places(view.snapshot.funding) if view.snapshot is not None else []
    lines, line = [], Line(("funding ", "label"))
    for n, (row, name) in enumerate(zip(rows, fmt.distinct([(row.venue, row.symbol) for row in rows]), strict=True)):
        part = Line((f"{name} ", "label"), (fmt.percent(row.rate, 4, True), "text" if row.rate is not None else "dim"))
        part.add(" ASSUMED" if row.assumed else "", "warn").add(" in ", "label").add(*left(view, row))
        gap = f"  {view.theme.sign('sep')}  " if n else ""
        if n and line.width + len(gap) + part.width > width:
            lines.append(line)
            line, gap = Line((" " * 8, "label")), ""
        line.add(gap, "faint").extend(part)
    return [*lines, line] if rows else []


def draw(view: View, width: int, height: int) -> Drawn:
    snap = view.snapshot
    assert snap is not None
    rows = places(snap.funding)
    if not rows:
        return Drawn([Line(("no funding known", "dim"))])
    lines = table(COLUMNS, [_row(view, row) for row in rows], width, height, 1)
    if height > len(lines) + 1:
        lines.append(Line(("rate > 0: longs pay shorts; this round > 0: paid to us", "dim")))
    return Drawn(lines[:height], "", "dim", view.silence_ns, view.quiet)
