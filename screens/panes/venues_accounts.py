"""Venues: one row each with state, network, account, clock; above them, loud, what is down and what to do."""

from __future__ import annotations

from screens import format as fmt
from screens.panes.venues_state import CRIT, OK, WARN, Standing, account, clock, dead_man, foreign, mark, standings
from screens.view import View
from screens.widgets.lines import Line, Span
from screens.widgets.pane import Drawn
from screens.widgets.table import Column, table

COLUMNS = (
    Column("venue"), Column("state"), Column("network"), Column("prices from", rank=2), Column("account"),
    Column("foreign", rank=1), Column("clock", True, 1),
)  # fmt: skip
CHIPS = {CRIT: "chip.crit", WARN: "chip.warn"}


def _row(view: View, one: Standing, feeds: bool) -> list[Span]:
    row = one.row
    prices = row.feed or ("simulated" if row.network == "simulated" else "the venue") if row.network else fmt.UNKNOWN
    return [
        (row.venue, "value"),
        (f"{mark(view, one.grade)} {one.word}", one.style),
        (row.network or fmt.UNKNOWN, "text" if row.network else "dim"),
        *([(prices, "text")] if feeds else []),
        account(view, row),
        foreign(row),
        clock(row),
    ]


def _loud(view: View, one: Standing, width: int) -> list[Line]:
    """A venue that is not up: its name and word in reverse, then why and the next step."""
    if one.grade not in CHIPS:
        return []
    head = Line((f" {one.row.venue} {one.word} ", CHIPS[one.grade]))
    why = one.why or "nothing more is known"
    until = one.row.until
    if until is not None and view.snapshot is not None:
        why += f" ({fmt.age(until - view.snapshot.ts)})"
    rows = fmt.folded("x" * head.width + " " + why, max(width, head.width + 8))
    first = rows[0][head.width :].strip()
    if first:
        head.add(" " + first, "text")
    return [head, *(Line((row, "text")) for row in rows[1:])]


def _disagrees(one: Standing, width: int) -> list[Line]:
    """Why the account is not reconciled, and what stands there that is not ours."""
    row, lines = one.row, []
    if row.why and row.why != fmt.UNKNOWN:
        word = "account differs: " if row.reconciled else "account not reconciled: "
        lines += [Line((text, "warn")) for text in fmt.folded(f"{row.venue} {word}{row.why}", max(width, 8))]
    orders, positions = row.foreign_orders or 0, row.foreign_positions or 0
    if orders or positions:
        text = f"{row.venue} holds {_many(orders, 'order')} and {_many(positions, 'position')} not ours: never touched"
        lines += [Line((text, "warn")) for text in fmt.folded(text, max(width, 8))]
    return lines


def _many(n: int, word: str) -> str:
    return f"{n} {word}" + ("" if n == 1 else "s")


def within(view: View, lines: list[Line], most: int, width: int) -> list[Line]:
    """The first `most` of them; that there are more is marked at the end of the last."""
    if len(lines) <= most:
        return lines
    last, sign = lines[most - 1], " " + view.theme.sign("more")
    *before, (text, style) = last.spans
    room = width - (last.width - len(text)) - len(sign)
    return [*lines[: most - 1], Line(*before, (text[: max(room, 0)] + sign, style))]


def switches(view: View, shown: list[Standing], width: int) -> list[Line]:
    """The dead-man's switch of each venue in as few rows as it takes; one that has none comes first."""
    parts = sorted(((one.row.venue, *dead_man(one.row)) for one in shown), key=lambda part: part[2] != "crit")
    lines, line = [], Line(("dead-man ", "label"))
    if len({text for _, text, _ in parts}) == 1 and parts[0][2] == "dim":  # simulated, or unknown: of all the same
        parts = parts[:1]
    for n, (venue, text, style) in enumerate(parts):
        part = Line((venue + " " if len(parts) > 1 else "", "label"), (text, style))
        gap = f"  {view.theme.sign('sep')}  " if n else ""
        if n and line.width + len(gap) + part.width > width:
            lines.append(line)
            line, gap = Line(("         ", "label")), ""
        line.add(gap, "faint").extend(part)
    return [*lines, line] if parts else []


def draw(view: View, width: int, height: int) -> Drawn:
    shown = standings(view)
    if not shown:
        return Drawn([Line(("no venue yet", "dim"))])
    loud = [line for one in shown for line in _loud(view, one, width)]
    loud += [line for one in shown for line in _disagrees(one, width)]
    feeds = any(one.row.feed for one in shown)
    columns = [column for column in COLUMNS if feeds or column.name != "prices from"]
    rows = table(columns, [_row(view, one, feeds) for one in shown], width, len(shown) + 1)
    tail = switches(view, shown, width)
    lines = [*within(view, loud, max(height - len(rows) - len(tail), 1), width), *rows, *tail]
    bad = sum(one.grade in CHIPS for one in shown)
    worst = shown[0].grade
    note = f"{bad} of {len(shown)} not up" if bad else f"{len(shown)} up" if worst == OK else ""
    return Drawn(lines[:height], note, "crit" if worst == CRIT else "warn" if worst == WARN else "dim",
                 view.silence_ns, view.quiet)  # fmt: skip
