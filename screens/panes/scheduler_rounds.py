"""Finished rounds: when each ran, its net and its verdict, newest first. The reports themselves: key o."""

from __future__ import annotations

from core.domain.snapshot import RoundRow
from screens import format as fmt
from screens.theme import profit_sign, profit_style
from screens.view import View
from screens.widgets.lines import Line, Span
from screens.widgets.pane import Drawn
from screens.widgets.table import Column, table

COLUMNS = (
    Column("round", True), Column("ended UTC", rank=2), Column("length", True, 3), Column("net", True),
    Column("verdict"), Column("report", rank=1),
)  # fmt: skip
VERDICT = {"flat": "ok", "carried": "warn", "not verified": "crit", "cut off": "crit"}
LOUD = {"not verified": "NOT VERIFIED", "cut off": "CUT OFF"}


def _row(view: View, row: RoundRow) -> list[Span]:
    length = None if row.ended is None else row.ended - row.started
    return [
        (str(row.number), "value"),
        (fmt.date_time(row.ended), "text" if row.ended else "dim"),
        (fmt.hms(length), "text" if length is not None else "dim"),
        (fmt.number(row.net, 2, True) + profit_sign(view.theme, row.net), profit_style(row.net)),
        (LOUD.get(row.verdict, row.verdict), VERDICT.get(row.verdict, "text")),
        ("written" if row.report else "none", "text" if row.report else "dim"),
    ]


def draw(view: View, width: int, height: int) -> Drawn:
    snap = view.snapshot
    assert snap is not None
    ended = sorted((row for row in snap.rounds if row.verdict != "running"), key=lambda row: -row.number)
    if not ended:
        return Drawn([Line(("no round has ended yet", "dim"))])
    return Drawn(table(COLUMNS, [_row(view, row) for row in ended], width, height)[:height], f"{len(ended)}")
