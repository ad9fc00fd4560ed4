"""Funding window: next settlement of each venue in UTC by its own interval, what it brings and bars (S1-52, S1-62)."""

from __future__ import annotations

from core.domain.pair_picture import LegRow, PairRow
from screens import format as fmt
from screens import pair as words
from screens.panes.pair_gate import FIRST, filters
from screens.theme import profit_style
from screens.view import View
from screens.widgets.lines import Line, Span
from screens.widgets.pane import Drawn
from screens.widgets.table import Column, table

COLUMNS = (
    Column("venue"), Column("per", True, 2), Column("next UTC", True), Column("left", True), Column("rate", True),
    Column("due", True), Column("round", True, 1), Column("cost apr", True, 3),
)  # fmt: skip
SETTLEMENT = "minutes to settlement"


def every(interval_ns: int) -> str:
    """1h, 4h, 8h; minutes where it is not whole hours."""
    if interval_ns <= 0:
        return fmt.UNKNOWN
    hours, rest = divmod(interval_ns, 3600 * fmt.SECOND)
    return f"{hours}h" if not rest else f"{interval_ns // (60 * fmt.SECOND)}m"


def due(leg: LegRow) -> float | None:
    """What the next settlement brings at the present rate, price and size, quote; > 0 = we receive. None = unknown."""
    if leg.rate is None or leg.price is None or leg.next_ts is None:
        return None
    amount = -leg.size * leg.price * leg.rate
    return amount if words.known(amount) else None


def money(value: float | None, flat: bool = False) -> Span:
    """An amount of funding in two digits, four where it is small; a flat leg gets none."""
    if flat or value is None:
        return "-" if flat else fmt.UNKNOWN, "dim"
    return fmt.number(value, 2 if not value or abs(value) >= 0.01 else 4, True), profit_style(value)


def _round(view: View, leg: LegRow) -> float | None:
    """What this round's settlements have brought on the leg's venue."""
    rows = view.snapshot.funding if view.snapshot is not None else ()
    return next((row.paid_round for row in rows if (row.venue, row.symbol) == (leg.venue, leg.symbol)), None)


def _row(view: View, leg: LegRow) -> list[Span]:
    snap = view.snapshot
    left = None if leg.next_ts is None or snap is None else leg.next_ts - snap.ts
    over = left is not None and left < 0
    cost = fmt.percent(leg.funding_paid, 1, True)
    return [
        (leg.venue, "text"),
        (every(leg.interval_ns), "text"),
        (fmt.clock(leg.next_ts)[:5], "text"),
        ("over" if over else fmt.hms(left), "warn" if over else "value" if left is not None else "dim"),
        (fmt.percent(leg.rate, 4, True), "text"),
        money(due(leg), not leg.size),
        money(_round(view, leg)),
        (cost, "dim" if leg.funding_paid is None else "down" if leg.funding_paid > 0 else "up"),
    ]


def barred(pair: PairRow, leg: int) -> Line:
    """Whether the core bars entries with this first leg before its settlement."""
    row = next((row for row in pair.gates[leg] if row.name == SETTLEMENT), None)
    line = Line((f"{FIRST[leg]} ".ljust(12), "label"))
    if row is None:
        return line.add(fmt.UNKNOWN, "dim")
    line.add(f"{words.figure(pair, SETTLEMENT, row.value)} to go, bar {words.figure(pair, SETTLEMENT, row.limit)} ")
    bar = filters(pair.gates[leg])
    if bar is not None and not bar.holds and "settlement" in bar.note:
        return line.add("ENTRIES BARRED", "warn")
    if row.value is None or row.limit is None:
        return line.add("calendar unknown", "warn")
    inside = row.value <= row.limit
    return line.add("inside, not adverse" if inside and bar is not None and bar.holds else "inside" if inside else "ok",
                    "text" if inside else "ok")  # fmt: skip


def row(view: View, pair: PairRow, width: int) -> Line:
    """The window in a row: when each venue settles, what it brings, and which first leg it bars."""
    for room in (12, 8, 4):
        line = _windows(view, pair, room)
        if line.width <= width:
            return line
    return line


def _windows(view: View, pair: PairRow, room: int) -> Line:
    line = Line(("funding ", "label"))
    for n, leg in enumerate(pair.legs):
        left = None if leg.next_ts is None or view.snapshot is None else leg.next_ts - view.snapshot.ts
        part = Line(
            (f" {view.theme.sign('sep')} " if n else "", "faint"), (fmt.shorten(leg.venue, room) + " ", "label")
        )
        part.add(f"{every(leg.interval_ns)} {fmt.clock(leg.next_ts)[:5]} in ", "text").add(fmt.age(left), "value")
        if leg.size:
            text, style = money(due(leg))
            part.add(f" {text}", style)
        elif pair.state == words.S0 and barred(pair, n).plain.endswith("BARRED"):
            part.add(" BARRED", "warn")
        line.extend(part)
    return line


def draw(view: View, pair: PairRow, width: int, height: int) -> Drawn:
    lines = table(COLUMNS, [_row(view, leg) for leg in pair.legs], width, 3, 1)
    lines += [barred(pair, 0), barred(pair, 1)]
    text, style = words.guard(pair)
    lines.append(Line(("carry ", "label"), (words.carry(pair), "text")))
    lines.append(Line(("net funding paid, annualised ", "label"), (text, style)))
    if height > len(lines):
        lines.append(Line(("rate > 0: longs pay shorts; due and round > 0: to us", "dim")))
    return Drawn(lines[:height], "UTC")
