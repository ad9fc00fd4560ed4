"""Distance of each position's mark to its liquidation price, the nearest first, and the floors that act on it."""

from __future__ import annotations

import math

from core.domain.snapshot import PositionRow
from screens import format as fmt
from screens import whatif
from screens.panes.positions import PERIOD_NS, buffer_style, buffer_text
from screens.view import STALE, View
from screens.widgets.lines import Line
from screens.widgets.pane import Drawn

WORDS = {"ok": "ok", "warn": "!", "crit": "CRIT", "dim": ""}


def word(view: View, share: float | None) -> str:
    """PAST at or behind the liquidation price, CRIT and ! by the floors, ok, nothing where unknown."""
    return "PAST" if share is not None and share <= 0 else WORDS[buffer_style(view, share)]


def names(rows: list[PositionRow]) -> list[str]:
    return fmt.distinct([(row.venue, row.symbol) for row in rows])


def _row(view: View, row: PositionRow, name: str, width: int) -> Line:
    share = whatif.buffer(row)
    style = buffer_style(view, share)
    old = view.freshness(view.age_ns(row.ts), PERIOD_NS) == STALE
    text = ("?" if old and share is not None else "") + buffer_text(share)
    tail = Line((f"{text} {word(view, share)}".rstrip().rjust(11), "stale" if old else style))
    if row.liquidation is not None and width > 46:
        tail.add(f"  liq {fmt.number(row.liquidation, row.price_digits)}", "dim")
    if width > 66:
        tail.add(f"  {row.margin}", "dim")
    line = Line((fmt.shorten(name, 12).ljust(12) + " ", "text"))
    room = width - line.width - tail.width - 1
    full = None if share is None else 1.0 if math.isinf(share) else share
    if room >= 4:
        line.add(fmt.bar(full, room, view.theme.ascii_only), "stale" if old else style)
    return line.right(tail, width)


def draw(view: View, width: int, height: int) -> Drawn:
    snap = view.snapshot
    assert snap is not None
    held = [row for row in snap.positions if row.size]
    if not held:
        return Drawn([Line(("no position, nothing to liquidate", "dim"))][:height])
    ages = [age for row in held if (age := view.age_ns(row.ts)) is not None]
    oldest = max(ages, default=None)
    stale = any(view.freshness(view.age_ns(row.ts), PERIOD_NS) == STALE for row in held)

    def nearest(pair: tuple[PositionRow, str]) -> float:
        share = whatif.buffer(pair[0])
        return -math.inf if share is None else share

    rows = sorted(zip(held, names(held)), key=nearest)
    floors = Line()
    for label, value in (("reduce < ", snap.buffer_warn), ("HALT, flatten < ", snap.buffer_halt)):
        if value is not None:
            floors.add(label, "label").add(fmt.percent(value) + "  ", "text")
    room = height - bool(floors.width and height > 1)
    fit = rows if len(rows) <= room else rows[: max(room - 1, 1)]
    lines = [_row(view, row, name, width) for row, name in fit]
    if len(fit) < len(rows) and len(lines) < room:
        lines.append(Line((f"{len(rows) - len(fit)} more, further away", "dim")))
    if floors.width and len(lines) < height:
        lines.append(floors)
    return Drawn(lines[:height], f"{len(held)}" if len(held) > 1 else "", "dim", oldest, stale)
