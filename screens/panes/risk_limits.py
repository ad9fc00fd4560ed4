"""Every limit: now, its bound, how much of it is used, how often it acted, what happens when it is hit, whose it is.

Limits that are hit, missing or nearly reached stand first; then the order of the ladder; limits on single orders last.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.domain.limit_rows import REFUSALS, LimitRow
from screens import format as fmt
from screens.panes.positions import PERIOD_NS
from screens.view import STALE, View
from screens.widgets.lines import Span
from screens.widgets.pane import Drawn
from screens.widgets.table import Column, giving_way, table

NEAR = 0.8
KEEP = 16  # least signs of what happens when a limit is hit
CALM, TIGHT, HIT = 0, 1, 2
NOT_NOW = "per order"


def merged(rows: Sequence[LimitRow]) -> list[LimitRow]:
    """One row where several instruments of a strategy carry one limit on its money or its orders: the one used most."""
    out: dict[tuple[str, ...], LimitRow] = {}
    for row in rows:
        wide = row.slope or row.per_order
        key = (row.owner, row.name, str(row.bound)) if wide else (row.owner, row.name, row.venue, row.symbol)
        known = out.get(key)
        if known is None or mood(row) > mood(known) or (row.used or 0.0) > (known.used or 0.0):
            out[key] = row
    return list(out.values())


def mood(row: LimitRow) -> int:
    """HIT also where the bound is missing: such a limit refuses. A limit that refuses orders may be full (TIGHT)."""
    if row.bound is None:
        return HIT
    if row.used is not None and not row.used < 1:
        return TIGHT if full(row) else HIT
    return TIGHT if row.used is not None and row.used >= NEAR else CALM


def full(row: LimitRow) -> bool:
    """At the bound, not beyond it, of a limit that only refuses more: a pair that is locked stands there."""
    return row.does in REFUSALS and row.used is not None and 1 <= row.used <= 1 + 1e-9


def ordered(rows: Sequence[LimitRow]) -> list[LimitRow]:
    """Hit, near, the rest as it came, per order last."""
    return sorted(merged(rows), key=lambda row: (-mood(row), row.per_order))


def figure(row: LimitRow, value: float | None) -> str:
    """A figure of the limit with digits by its unit."""
    if value is None or math.isnan(value):
        return fmt.UNKNOWN
    if math.isinf(value):
        return "none" if row.floor else fmt.UNKNOWN
    if not row.unit:
        return fmt.number(value, 0)
    if abs(value) >= 100_000:
        return fmt.short(value)
    if row.bound is not None and abs(row.bound) < 1:
        return fmt.number(value, 3)
    return fmt.number(value, 1 if row.unit in ("s", "ms", "bp", "%") else 2)


def share_text(row: LimitRow) -> str:
    """The used share in whole per cent, within 0 .. 999 %."""
    if row.used is None or math.isnan(row.used):
        return fmt.UNKNOWN
    return f"{min(max(row.used, 0.0), 9.99):.0%}"


def used_text(row: LimitRow, bar: int, ascii_only: bool, brief: bool = False) -> str:
    """`████░░ 47%`, `HIT 104%`, `85% !`; `brief`: `HIT` alone; unknown is `--`."""
    if row.bound is None:
        return "HIT" if brief else "MISSING"
    if row.used is None or math.isnan(row.used):
        return "" if row.per_order else fmt.UNKNOWN
    share, state = share_text(row), mood(row)
    if brief:
        return "FULL" if full(row) else "HIT" if state == HIT else share + ("!" if state == TIGHT else "")
    text = "FULL" if full(row) else f"HIT {share}" if state == HIT else f"{share} !" if state == TIGHT else f"{share}  "
    return fmt.bar(row.used, bar, ascii_only) + text.rjust(9) if bar else text.rjust(9)


def when_hit(row: LimitRow) -> str:
    return "refuses: the bound is missing" if row.bound is None else row.does


def stale_owners(view: View) -> set[str]:
    """Strategies with a position whose mark is too old to trust a figure made from it."""
    rows = view.snapshot.positions if view.snapshot is not None else ()
    return {row.owner for row in rows if row.size and view.freshness(view.age_ns(row.ts), PERIOD_NS) == STALE}


def _cells(view: View, row: LimitRow, place: str, width: int, old: bool) -> dict[str, Span]:
    style = ("text", "warn", "crit")[mood(row)]
    now = NOT_NOW if row.per_order else figure(row, row.now)
    asks = old and now not in (fmt.UNKNOWN, NOT_NOW)
    bound = figure(row, row.bound)
    loud = style if style != "text" else "value"
    bar = 10 if width >= 100 else 6 if width >= 84 else 0
    used = used_text(row, bar, view.theme.ascii_only, width < NARROW)
    return {
        "limit": (row.name + (", tightened" if row.tightened else ""), style if style != "text" else "label"),
        "where": (place, "dim"),
        "now": ("?" + now if asks else now, "stale" if asks else loud if now not in (fmt.UNKNOWN, NOT_NOW) else "dim"),
        "max": (f"{'min ' if row.floor else ''}{bound} {row.unit}".rstrip(), "text"),
        "used": (used, "stale" if asks else style if style != "text" or width < NARROW else "band"),
        "now/max": (
            f"{'?' if asks else ''}{now}/{bound}" if now != NOT_NOW else f"max {bound}",
            "stale" if asks else loud,
        ),
        "fired": (str(row.fired) if row.fired else "-", "text" if row.fired else "dim"),
        "when hit": (when_hit(row), style),
        "owner": (fmt.shorten(row.owner, 16), "dim"),
    }


COLUMNS = (
    Column("limit"), Column("where", rank=3), Column("now", True, 1), Column("max", True, 2), Column("used", True),
    Column("fired", True, 5), Column("when hit", rank=3), Column("owner", rank=4),
)  # fmt: skip
BRIEF = (Column("limit"), Column("now/max", True), Column("used", True))
NARROW = 60


def draw(view: View, width: int, height: int, first: int = 0) -> Drawn:
    """Rows from `first` on; what does not fit is told in the note."""
    snap = view.snapshot
    assert snap is not None
    rows = ordered(snap.limits)
    age = view.age_ns(snap.ts)
    stale = view.freshness(age, PERIOD_NS) == STALE
    if not rows:
        return Drawn(table((Column("limit"),), [[("no limit is known", "dim")]], width, height)[1:][:height])
    room = max(height - 1, 1)
    first = max(min(first, len(rows) - room), 0)
    shown = rows[first : first + room]
    places = list(dict.fromkeys((row.venue, row.symbol) for row in snap.limits))
    named = dict(zip(places, fmt.distinct(places)))
    owners = list(dict.fromkeys(row.owner for row in rows))
    old = stale_owners(view)
    gone = {"where"} if len(places) < 2 else set()
    gone |= {"owner"} if len(owners) < 2 else set()
    columns = [column for column in (COLUMNS if width >= NARROW else BRIEF) if column.name not in gone]
    cells = []
    for row in shown:
        place = "all" if row.slope or row.per_order else named[row.venue, row.symbol]
        made = _cells(view, row, place, width, (row.owner in old and bool(row.slope or row.floor)) or stale)
        cells.append([made[column.name] for column in columns])
    text, keep, gap = ("when hit", KEEP, 2) if width >= NARROW else ("limit", 8, 1)
    at = next(n for n, column in enumerate(columns) if column.name == text)
    columns, cells = giving_way(columns, cells, at, keep, width, gap)
    hits = sum(mood(row) == HIT for row in rows)
    note = f"{first + 1}-{first + len(shown)} of {len(rows)}, up down" if len(shown) < len(rows) else f"{len(rows)}"
    whose = f"{fmt.shorten(owners[0], max(width - 40, 8))}  " if len(owners) == 1 and width >= NARROW else ""
    note = f"{whose}{hits} HIT, {note}" if hits else whose + note
    lines = table(columns, cells, width, max(height, 2), gap)
    return Drawn(lines[-1:] if height == 1 else lines[:height], note, "crit" if hits else "dim", age, stale)
