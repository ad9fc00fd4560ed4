"""Positions: size, entry, mark with its age, unrealised profit, distance to liquidation, and the sums."""

from __future__ import annotations

import math

from core.domain.snapshot import PositionRow
from screens import format as fmt
from screens.sorting import headed, ordered
from screens.theme import profit_sign, profit_style
from screens.view import STALE, View
from screens.widgets.lines import Line, Span
from screens.widgets.pane import Drawn
from screens.widgets.table import Column, table

PERIOD_NS = 1_000_000_000
COLUMNS = (
    Column("venue", rank=2), Column("symbol"), Column("qty", True), Column("entry", True, 4), Column("mark", True, 1),
    Column("uPnL", True), Column("liq%", True), Column("liq px", True, 6), Column("margin", rank=7),
)  # fmt: skip


KEYS = {
    "qty": lambda row: abs(row.size),
    "uPnL": lambda row: row.unrealised,
    "liq%": lambda row: None if row.size == 0 else row.buffer,
}


def buffer_text(share: float | None) -> str:
    """inf is a position that no price liquidates."""
    return "none" if share is not None and math.isinf(share) else fmt.percent(share)


def buffer_style(view: View, share: float | None) -> str:
    """ok / warn / crit by the limits of the snapshot, or 5 % and 15 % where it names none."""
    snap = view.snapshot
    if share is None or snap is None or math.isnan(share):
        return "dim"
    halt = snap.buffer_halt if snap.buffer_halt is not None else 0.05
    warn = snap.buffer_warn if snap.buffer_warn is not None else 0.15
    return "crit" if share < halt else "warn" if share < warn else "ok"


def _row(view: View, row: PositionRow) -> list[Span]:
    age = view.age_ns(row.ts)
    flat = row.size == 0
    old = view.freshness(age, PERIOD_NS) == STALE
    mark, mark_style = view.aged(fmt.number(row.mark, row.price_digits), age, PERIOD_NS)
    profit = fmt.number(row.unrealised, 2, sign=True) + profit_sign(view.theme, row.unrealised)
    side = "dim" if flat else "buy" if row.size > 0 else "sell"
    return [
        (row.venue, "text"),
        (row.symbol + ("*" if row.foreign else ""), "warn" if row.foreign else "text"),
        (fmt.number(row.size, row.size_digits, sign=not flat), side),
        (fmt.number(None if flat else row.entry, row.price_digits), "text"),
        (mark, mark_style),
        (
            ("?" if old and row.unrealised is not None else "") + profit,
            "stale" if old else profit_style(row.unrealised),
        ),
        ("-" if flat else buffer_text(row.buffer), "dim" if flat else buffer_style(view, row.buffer)),
        (fmt.number(None if flat else row.liquidation, row.price_digits), "text"),
        (row.margin, "dim"),
    ]


def draw(view: View, width: int, height: int) -> Drawn:
    snap = view.snapshot
    assert snap is not None
    ages = [age for row in snap.positions if (age := view.age_ns(row.ts)) is not None]
    oldest = max(ages, default=None)
    stale = bool(snap.positions) and view.freshness(oldest, PERIOD_NS) == STALE
    if not snap.positions:
        rows = [Line(("no positions", "dim"))]
    else:
        sort = view.sorts.get("positions")
        found = ordered(snap.positions, sort, KEYS) or snap.positions
        columns = headed(COLUMNS, sort, view.theme)
        rows = table(columns, [_row(view, row) for row in found], width, height if height < 4 else height - 2)
    if height >= 4:
        mark = "?" if stale else ""
        net = "  ".join(f"net {base} {mark}{fmt.number(size, 4, True)}" for base, size in snap.net) or "net --"
        sums = Line((net, "value"))
        for label, value in (
            ("gross", mark + fmt.short(snap.gross)),
            ("lev", UNKNOWN if snap.leverage is None else f"{mark}{fmt.number(snap.leverage, 2)}x"),
            ("margin", UNKNOWN if snap.margin_used is None else mark + fmt.percent(snap.margin_used)),
        ):
            if sums.width + len(label) + len(value) + 4 <= width:
                sums.add(f"   {label} ", "label").add(value, "text")
        while len(rows) < height - 1:
            rows.append(Line())
        rows.append(sums)
    note = "* foreign" if any(row.foreign for row in snap.positions) else ""
    return Drawn(rows, note, "warn", oldest, stale)


UNKNOWN = fmt.UNKNOWN
