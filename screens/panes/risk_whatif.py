"""What if every market moved at once: profit, equity, buffers, and the limit that would be hit first on the way.

The figures are those of `screens.whatif`; this draws them.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.snapshot import PositionRow, Snapshot
from screens import format as fmt
from screens import whatif
from screens.panes import risk_limits
from screens.panes.positions import PERIOD_NS, buffer_style, buffer_text
from screens.panes.risk_buffer import names, word
from screens.theme import profit_style
from screens.view import STALE, View
from screens.whatif import Outcome
from screens.widgets.lines import Line, Span
from screens.widgets.pane import Drawn
from screens.widgets.table import Column, giving_way, table

WEIGHT = (-0.10, 0.10, -0.05, 0.05, -0.20, 0.20, 0.0, -0.02, 0.02)  # what stays where there is no room
LEAST = 24


def _money(value: float | None, sign: bool = False) -> str:
    return fmt.short(value, sign) if value is not None and abs(value) >= 1e6 else fmt.number(value, 2, sign)


def _first(snap: Snapshot, out: Outcome) -> Span:
    """`-3.1% round stop loss`; with `?` before it where another limit could not be told."""
    if not out.move:
        rows = risk_limits.merged(snap.limits)
        now = [row.name for row in rows if risk_limits.mood(row) == risk_limits.HIT]
        sure = rows and not any(row.used is None for row in rows if row.slope or row.floor)
        return (
            ("HIT now: " + ", ".join(dict.fromkeys(now)), "crit")
            if now
            else ("none hit" if sure else fmt.UNKNOWN, "dim")
        )
    if not snap.limits and not snap.bands:
        return fmt.UNKNOWN, "dim"
    if out.first is None:
        return (fmt.UNKNOWN, "dim") if out.blind else ("none", "dim")
    owners = {row.owner for row in snap.limits}
    owner = f" ({out.first.owner})" if len(owners) > 1 else ""
    at = fmt.percent(out.first.at, 1 if abs(out.first.at or 0.0) >= 0.01 else 2, True)
    return f"{'?' if out.blind else ''}{at} {out.first.name}{owner}", "warn"


def _buffer(view: View, share: float | None, words: bool) -> Span:
    told = word(view, share) if words or (share is not None and share <= 0) else ""
    return f"{buffer_text(share)} {told}".rstrip(), buffer_style(view, share)


def _cells(view: View, snap: Snapshot, out: Outcome, held: Sequence[str], old: bool) -> list[Span]:
    move = f"{out.move:+.0%}" if out.move else "now"
    cells: list[Span] = [
        (_money(out.pnl, True) if out.move else "", profit_style(out.pnl)),
        (_money(out.equity), "text" if out.equity is not None else "dim"),
        *(_buffer(view, share, False) for share in (out.buffers if len(held) > 1 else ())),
        _buffer(view, out.smallest, True),
    ]
    if old:
        cells = [("?" + text if text and text != fmt.UNKNOWN else text, "stale") for text, _ in cells]
    past = [f"{name}{'?' if gone is None else ''}" for name, gone in zip(held, out.past) if gone is not False]
    sure = any(out.past)
    first, style = _first(snap, out)
    first = f"?{first}" if old and out.first is not None and not out.blind else first
    return [(move, "value"), *cells, (" ".join(past) or "none", "crit" if sure else "dim"), (first, style)]


def _columns(held: Sequence[str]) -> list[Column]:
    """A column a position where there are several, and the names of those past their price."""
    made = [Column("move", True), Column("PnL", True), Column("equity", True, 2)]
    if len(held) > 1:
        made += [Column(fmt.shorten(name, 12), True, 3) for name in held]
    least = "min buffer" if len(held) > 1 else "liq buffer"
    return [*made, Column(least, True), Column("past liq", rank=1), Column("first limit hit", rank=1)]


def draw(view: View, width: int, height: int) -> Drawn:
    snap = view.snapshot
    assert snap is not None
    held: list[PositionRow] = [row for row in snap.positions if row.size]
    if not held:
        return Drawn([Line(("no position: a move of the market changes nothing until an order fills", "dim"))][:height])
    ages = [age for row in held if (age := view.age_ns(row.ts)) is not None]
    stale = any(view.freshness(view.age_ns(row.ts), PERIOD_NS) == STALE for row in held)
    kept = set(WEIGHT[: max(height - 1, 1)])
    moves = sorted(move for move in WEIGHT if move in kept)
    equity = snap.pnl.equity if snap.pnl.equity_start or snap.pnl.equity else None
    outcomes = whatif.what_if(held, equity, snap.limits, snap.bands, moves)
    places = names(held)
    rows = [_cells(view, snap, out, places, stale) for out in outcomes]
    columns = _columns(places)
    if all(gone is False for out in outcomes for gone in out.past):
        columns, rows = [*columns[:-2], columns[-1]], [[*row[:-2], row[-1]] for row in rows]
    columns, rows = giving_way(columns, rows, len(columns) - 1, LEAST, width, least=1)
    lines = table(columns, rows, width, max(height, 2), least=1)
    gone = sum(any(out.past) for out in outcomes)
    note = f"PAST its liquidation price after {gone} of them" if gone else "all markets at once, nothing traded"
    oldest = max(ages, default=None)
    return Drawn(lines[-1:] if height == 1 else lines[:height], note, "crit" if gone else "dim", oldest, stale)
