"""A table that fits its pane: columns of lower rank go first when there is no room; numbers stand right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from screens.format import shorten
from screens.widgets.lines import Line, Span

GAP = 2
MAX_GAP = 5


@dataclass(frozen=True)
class Column:
    """`rank` 0 is always shown; the highest ranks are dropped first. `right` aligns numbers."""

    name: str
    right: bool = False
    rank: int = 0


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[Span]], width: int, height: int, least: int = GAP
) -> list[Line]:
    """Header and rows as lines, `least` blanks between columns; rows beyond `height` end in `… n more`."""
    widths = [max([cell_len(column.name), *(cell_len(row[i][0]) for row in rows)]) for i, column in enumerate(columns)]
    shown = list(range(len(columns)))
    while len(shown) > 1 and sum(widths[i] for i in shown) + least * (len(shown) - 1) > width:
        last = max(shown, key=lambda i: (columns[i].rank, i))
        if columns[last].rank == 0:
            break
        shown.remove(last)
    free = width - sum(widths[i] for i in shown)
    gap = 1 if free < least * (len(shown) - 1) else min(max(free // max(len(shown) - 1, 1), least), MAX_GAP)

    def put(cells: Sequence[Span]) -> Line:
        line = Line()
        for n, i in enumerate(shown):
            text, style = cells[i]
            blank = " " * max(widths[i] - cell_len(text), 0)
            if n:
                line.add(" " * gap)
            line.add(blank + text if columns[i].right else text + blank, style)
        return line

    lines = [put([(column.name, "label") for column in columns])]
    room = height - 1
    fit = rows if len(rows) <= room else rows[: max(room - 1, 0)]
    lines += [put(row) for row in fit]
    if len(rows) > len(fit) and room > 0:
        lines.append(Line((f"… {len(rows) - len(fit)} more", "dim")))
    return lines


def giving_way(
    columns: Sequence[Column], rows: Sequence[Sequence[Span]], at: int, keep: int, width: int, least: int = GAP
) -> tuple[list[Column], list[list[Span]]]:
    """For `table`: the text in column `at` is cut first, down to `keep` cells; then columns go by rank."""
    widths = [max([cell_len(column.name), *(cell_len(row[i][0]) for row in rows)]) for i, column in enumerate(columns)]
    kept = max(min(keep, widths[at]), cell_len(columns[at].name))
    shown = list(range(len(columns)))

    def others() -> int:
        return sum(widths[i] for i in shown if i != at) + least * (len(shown) - 1)

    while others() + kept > width:
        last = max((i for i in shown if i != at), key=lambda i: (columns[i].rank, i), default=at)
        if columns[last].rank == 0:
            break
        shown.remove(last)
    room = max(width - others(), kept)
    cut = [list(row) for row in rows]
    for row in cut:
        row[at] = (shorten(row[at][0], room), row[at][1])
    return [columns[i] for i in shown], [[row[i] for i in shown] for row in cut]


def pairs(items: Sequence[tuple[str, str, str]], width: int, least: int = 20) -> list[Line]:
    """`(label, value, style)` in as many columns as fit: label left, value right in each."""
    across = max(min(width // least, len(items)), 1)
    cell = (width - 3 * (across - 1)) // across
    lines = []
    for start in range(0, len(items), across):
        line = Line()
        for n, (label, value, style) in enumerate(items[start : start + across]):
            if n:
                line.pad(n * (cell + 3))
            line.add(label, "label")
            line.pad(n * (cell + 3) + cell - cell_len(value)).add(value, style)
        lines.append(line)
    return lines
