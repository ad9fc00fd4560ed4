"""Execution screen: where the mid went after our fills, this round; maker and taker, bars round zero."""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.domain.snapshot import Execution
from screens import format as fmt
from screens.theme import profit_style
from screens.view import View
from screens.widgets.lines import Line, Span
from screens.widgets.pane import Drawn
from screens.widgets.table import Column, table

NOTE = "bp, + = the mid went our way"
IMPORTANT = (1.0, 10.0, 0.1, 60.0, 5.0, 30.0)  # seconds; where there is no room the last go first
AFTER, FIGURE, COUNT = 5, 7, 7
LEAST_BAR = 7


def finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def diverging(value: float | None, scale: float, width: int) -> tuple[int, int]:
    """Cells left and right of the middle of a bar of `width`; any value but 0 is seen."""
    half = (width - 1) // 2
    if value is None or not value or not math.isfinite(value) or scale <= 0:
        return 0, 0
    cells = min(max(round(abs(value) / scale * half), 1), half)
    return (cells, 0) if value < 0 else (0, cells)


def _bar(view: View, value: float | None, scale: float, width: int) -> Line:
    left, right = diverging(value, scale, width)
    half, full = (width - 1) // 2, "#" if view.theme.ascii_only else "█"
    line = Line((" " * (half - left) + full * left, "down"), (view.theme.sign("sep"), "faint"), (full * right, "up"))
    return line.pad(width)


def _figure(value: float | None, width: int) -> Span:
    return fmt.number(value, 2, True).rjust(width), profit_style(finite(value))


def _by_horizon(view: View, e: Execution, width: int) -> list[Line]:
    """A row a horizon, with bars of the maker fills."""
    maker, taker = list(e.markout_bps), dict(e.markout_taker_bps)
    counted = width >= AFTER + 2 * (FIGURE + COUNT) + LEAST_BAR + 2
    fixed = AFTER + 2 * FIGURE + 2 + (2 * COUNT if counted else 0)
    wide = width - fixed
    both = [v for _, v in maker] + list(taker.values())
    scale = max([abs(v) for value in both if (v := finite(value)) is not None], default=0.0)
    head = Line(("after".ljust(AFTER), "label"), ("maker".rjust(FIGURE), "label"))
    head.add("n".rjust(COUNT) if counted else "", "label").pad(width - FIGURE - (COUNT if counted else 0))
    lines = [head.add("taker".rjust(FIGURE), "label").add("n".rjust(COUNT) if counted else "", "label")]
    counts = [*e.markout_n, *[None] * len(maker)]
    taker_n = dict(zip(taker, e.markout_taker_n))
    for (seconds, value), n in zip(maker, counts):
        line = Line((f"{seconds:g}s".rjust(AFTER), "label"), _figure(value, FIGURE))
        line.add(("" if n is None else str(n)).rjust(COUNT) if counted else "", "dim").add(" ")
        if wide >= LEAST_BAR:
            line.extend(_bar(view, value, scale, wide))
        line.pad(width - FIGURE - (COUNT if counted else 0)).add(*_figure(taker.get(seconds), FIGURE))
        if counted:
            line.add(str(taker_n.get(seconds, "")).rjust(COUNT), "dim")
        lines.append(line)
    return lines


def _by_row(e: Execution, width: int, height: int) -> list[Line]:
    """Horizons as columns: where there are fewer rows than horizons."""
    taker = dict(e.markout_taker_bps)
    columns, rows = [Column("")], [[("maker", "label")], [("taker", "label")]]
    for seconds, value in e.markout_bps:
        rank = IMPORTANT.index(seconds) if seconds in IMPORTANT else len(IMPORTANT)
        columns.append(Column(f"{seconds:g}s", True, rank))
        for row, one in zip(rows, (value, taker.get(seconds))):
            row.append(_figure(one, 0))
    return table(columns, rows if e.markout_taker_bps else rows[:1], width, max(height, 2), 1)


def draw(view: View, width: int, height: int) -> Drawn:
    snap = view.snapshot
    assert snap is not None
    e = snap.execution
    if not e.markout_bps:
        return Drawn([Line((fmt.UNKNOWN + "  no fills measured yet", "dim"))], "this round")
    tall = height > len(e.markout_bps) and width >= AFTER + 2 * FIGURE + 2
    lines: Sequence[Line] = _by_horizon(view, e, width) if tall else _by_row(e, width, height)
    lines = list(lines)
    adverse = Line(("adverse ", "label"), (fmt.percent(e.adverse_rate, 0), "text"), (" of fills after 1 s", "dim"))
    if len(lines) < height and width >= adverse.width:
        lines.append(adverse)
    if len(lines) < height and len(NOTE) <= width:
        lines.append(Line((NOTE, "dim")))
    return Drawn(lines[:height], "bp, this round" if tall else f"adverse {fmt.percent(e.adverse_rate, 0)}, bp")
