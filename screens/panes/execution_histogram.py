"""Execution screen: how long one stretch took, as columns over log bins of round bounds, this round."""

from __future__ import annotations

from collections.abc import Sequence

from screens import format as fmt
from screens.panes.execution_latency import count
from screens.theme import Theme
from screens.view import View
from screens.widgets.lines import Line
from screens.widgets.pane import Draw, Drawn

Bins = Sequence[tuple[int, int]]  # lower bound ns, count
UNITS = ((10**9, "s"), (10**6, "ms"), (10**3, "µs"))
MAX_CELL = 8
RISING = " ▁▂▃▄▅▆▇█"


def bound(ns: int) -> str:
    """A bin's lower bound, without needless digits: 160µs, 1.6ms, 2s."""
    unit, name = next(((unit, name) for unit, name in UNITS if ns >= unit), (1, "ns" if ns else ""))
    return f"{ns / unit:g}{name}"


def folded(bins: Bins, most: int) -> list[tuple[int, int]]:
    """At most `most` bins: neighbours put together, two by two."""
    made = list(bins)
    while len(made) > max(most, 1):
        made = [
            (made[at][0], made[at][1] + (made[at + 1][1] if at + 1 < len(made) else 0)) for at in range(0, len(made), 2)
        ]
    return made


def eighths(counts: Sequence[int], height: int) -> list[int]:
    """Height of each column in eighths of a row, the tallest full; a bin that holds anything is seen."""
    top = max(counts, default=0)
    return [max(round(count / top * height * 8), 1) if count > 0 else 0 for count in counts]


def columns(bins: Bins, width: int, height: int, theme: Theme) -> list[Line]:
    """`height` rows: columns and under them the lower bounds, as many as have room."""
    made = folded(bins, width)
    cell = min(max(width // len(made), 1), MAX_CELL)
    broad, rows = cell - (cell > 2), max(height - 1, 1)
    tall = eighths([n for _, n in made], rows)
    lines = []
    for y in range(rows):
        line = Line()
        for top in tall:
            filled = min(max(top - (rows - 1 - y) * 8, 0), 8)
            sign = " .:#"[(filled > 0) + (filled > 3) + (filled > 7)] if theme.ascii_only else RISING[filled]
            line.add(sign * broad + " " * (cell - broad), "line")
        lines.append(line)
    if height > 1:
        lines.append(_axis([low for low, _ in made], cell, width))
    return lines


def _axis(lows: Sequence[int], cell: int, width: int) -> Line:
    line = Line()
    for at, low in enumerate(lows):
        text = bound(low)
        if at * cell < line.width + (at > 0) or at * cell + len(text) > width:
            continue
        line.pad(at * cell).add(text, "dim")
    return line


def of(leg: str) -> Draw:
    """The pane of one stretch, named as in the Snapshot."""

    def draw(view: View, width: int, height: int) -> Drawn:
        snap = view.snapshot
        assert snap is not None
        row = next((row for row in snap.latency if row.name == leg), None)
        if row is None or not any(n > 0 for _, n in row.bins):
            return Drawn([Line(("not measured yet", "dim"))], "this round")
        lines = []
        if height > 3:
            head = Line(("p50 ", "label"), (fmt.span_ns(row.p50_ns), "text"), ("  p99 ", "label"))
            head.add(fmt.span_ns(row.p99_ns), "value" if row.p99_ns is not None else "dim")
            lines.append(head.right(Line((f"n={count(row.n)}", "dim")), width))
        return Drawn([*lines, *columns(row.bins, width, height - len(lines), view.theme)], "this round")

    return draw
