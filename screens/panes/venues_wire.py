"""Requests & allowances: weight and orders used of what each venue grants, REST requests, errors and latency."""

from __future__ import annotations

from core.domain.snapshot import Snapshot
from core.domain.venue_picture import VenueRow
from screens import format as fmt
from screens.panes import venues_funding
from screens.panes.venues_state import venues
from screens.view import View
from screens.widgets.lines import Span
from screens.widgets.pane import Drawn
from screens.widgets.table import Column, table

COLUMNS = (
    Column("venue"), Column("weight/min", True), Column("used"), Column("orders/10s", True), Column("used"),
    Column("requests", True), Column("errors", True), Column("REST", True),
)  # fmt: skip
WARN_SHARE, CRIT_SHARE = 0.7, 0.95


def _budget(view: View, used: int | None, limit: int | None, gauge: int) -> tuple[Span, Span]:
    """`812/2400` and its share with a gauge; from 70 % WARN, from 95 % FULL."""
    if used is None or not limit:
        return (fmt.UNKNOWN, "dim"), (fmt.UNKNOWN, "dim")
    share = used / limit
    style, word = ("crit", " FULL") if share >= CRIT_SHARE else ("warn", " WARN") if share >= WARN_SHARE else ("", "")
    bar = fmt.bar(share, gauge, view.theme.ascii_only) + " " if gauge else ""
    return (f"{used}/{limit}", style or "text"), (f"{bar}{share:.0%}{word}", style or "line")


def _row(view: View, row: VenueRow, gauge: int) -> list[Span]:
    counts = [(fmt.UNKNOWN, "dim") if n is None else (str(n), "text") for n in (row.requests, row.errors)]
    if row.errors:
        counts[1] = (counts[1][0], "warn")
    latency = fmt.UNKNOWN if row.latency_ms is None else f"{row.latency_ms:.1f}ms"
    return [
        (row.venue, "value"),
        *_budget(view, row.weight_used, row.weight_limit, gauge),
        *_budget(view, row.orders_used, row.orders_limit, gauge),
        *counts,
        (latency, "text" if row.latency_ms is not None else "dim"),
    ]


def total(snap: Snapshot) -> VenueRow:
    """What the core knows of all venues together: the weight and orders are of the venue with least left."""
    return VenueRow(
        "all venues", network="", weight_used=snap.weight_used, weight_limit=snap.weight_limit or None,
        orders_used=snap.orders_used, orders_limit=snap.orders_limit or None, requests=snap.rest.requests,
        errors=snap.rest.errors, latency_ms=snap.rest.latency_ms,
    )  # fmt: skip


def draw(view: View, width: int, height: int, totals: bool = True) -> Drawn:
    snap = view.snapshot
    assert snap is not None
    rows = list(venues(snap))
    if not snap.venues or (totals and len(rows) > 1 and any(row.requests is None for row in rows)):
        rows.append(total(snap))
    gauge = 8 if width >= 90 else 4 if width >= 74 else 0
    lines = table(COLUMNS, [_row(view, row, gauge) for row in rows], width, len(rows) + 1, 1)
    return Drawn(lines[:height], "since the start", "dim", view.silence_ns, view.quiet)


def with_funding(view: View, width: int, height: int) -> Drawn:
    """For a small terminal: the funding of each venue in rows below, no totals."""
    drawn = draw(view, width, height, totals=False)
    drawn.rows += venues_funding.short(view, width)[: max(height - len(drawn.rows), 0)]
    return drawn
