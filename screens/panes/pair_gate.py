"""The gate as a truth table for both first legs: each condition's value, its bound, whether it holds (S1-13)."""

from __future__ import annotations

from core.domain.pair_picture import GateRow, PairRow
from screens import format as fmt
from screens import pair as words
from screens.view import View
from screens.widgets.lines import Line, Span
from screens.widgets.pane import Drawn
from screens.widgets.table import Column, table

FIRST = ("long first", "short first")
COLUMNS = (
    Column("condition"), Column("long first  ", True), Column("short first ", True), Column("bound", True),
)  # fmt: skip
FILTERS = "filters"


def filters(rows: tuple[GateRow, ...]) -> GateRow | None:
    return next((row for row in rows if row.name == FILTERS), None)


def verdict(pair: PairRow, leg: int) -> Line:
    """`long first  2 of 3, BARRED: adverse settlement ahead`."""
    rows = pair.gates[leg]
    line = Line((FIRST[leg].ljust(12), "label"))
    if not rows:
        return line.add(fmt.UNKNOWN, "dim")
    asked = [row for row in rows if row.holds is not None and row.name != FILTERS]
    line.add(f"{sum(bool(row.holds) for row in asked)} of {len(asked)}", "text")
    barred = filters(rows)
    if barred is not None and barred.holds:
        return line.add(", filters pass", "ok")
    return line.add(f", BARRED: {barred.note or fmt.UNKNOWN}" if barred is not None else "", "warn")


def summary(pair: PairRow, width: int) -> list[Line]:
    """Both verdicts; one that is too long is folded under itself."""
    lines = []
    for leg in range(2):
        line = verdict(pair, leg)
        if line.width <= width:
            lines.append(line)
            continue
        style = line.spans[-1][1]
        for n, row in enumerate(fmt.folded(line.plain[12:], max(width - 12, 8))):
            lines.append(Line(((FIRST[leg] if not n else "").ljust(12), "label"), (row, style)))
    return lines


def _cell(pair: PairRow, name: str, leg: int) -> Span:
    """The value and whether it holds."""
    row = next((row for row in pair.gates[leg] if row.name == name), None)
    if row is None:
        return fmt.UNKNOWN + "    ", "dim"
    word, style = words.holds(row)
    text = words.figure(pair, name, row.value)
    return f"{text} {word:<3}", style if word else "dim" if text == fmt.UNKNOWN else "text"


def _bound(pair: PairRow, name: str) -> Span:
    row = next((row for rows in pair.gates for row in rows if row.name == name), None)
    if row is None or row.limit is None:
        return (row.note if row is not None else ""), "dim"
    return words.bound(pair, name, row.limit), "dim"


def draw(view: View, pair: PairRow, width: int, height: int) -> Drawn:
    names = list(dict.fromkeys(row.name for rows in pair.gates for row in rows if row.name != FILTERS))
    if not names:
        return Drawn([Line(("gate not judged yet", "dim"))], "", "dim")
    rows = []
    for name in names:
        rows.append(
            [(words.SHORTER.get(name, name), "text"), _cell(pair, name, 0), _cell(pair, name, 1), _bound(pair, name)]
        )
    head = summary(pair, width)
    room = max(height - len(head), 1)  # the conditions and the volatility stand first: what is cut only informs
    lines = [*head, *table(COLUMNS, rows[: max(room - 1, 1)], width, room, 1)]
    note = "asked now" if pair.state == words.S0 else f"asked in S0, now S{pair.state}"
    return Drawn(lines[:height], note)
