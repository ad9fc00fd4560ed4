"""The steps of a journal: number, time, kind, orders, what happened, and what is known of it. One page of them."""

from __future__ import annotations

from core.domain.audit import DIFFERS, SAME, EventRow, EventsTold, JournalTold
from screens import format as fmt
from screens.view import View
from screens.widgets.lines import Line
from screens.widgets.pane import Drawn

STYLES = {
    "fill": "value", "command": "accent", "refused": "warn", "rejected": "warn", "not sent": "warn", "lost": "warn",
    "liquidated": "crit", "deleveraged": "crit", "create": "text", "amend": "text", "cancel": "text",
}  # fmt: skip
KIND, ORDER, CHECK = 11, 15, 7


def stamp(ts: int) -> str:
    """UTC time of day to the millisecond."""
    return f"{fmt.clock(ts)}.{ts % fmt.SECOND // 1_000_000:03d}"


def header(width: int, digits: int) -> Line:
    """Names over the columns."""
    line = Line(("  " + "step".rjust(digits) + " " + "time UTC".ljust(13) + "kind".ljust(KIND), "label"))
    if width >= 70:
        line.add("order".ljust(ORDER), "label")
    line.add("what", "label")
    return line.right(Line(("check", "label")), width)


def row_of(row: EventRow, view: View, width: int, digits: int, here: bool) -> Line:
    """One step; the cursor is a sign at its left."""
    line = Line(((">" if here else " ") + " ", "key"))
    line.add(f"{row.seq:>{digits}} ", "value" if here else "dim")
    line.add(stamp(row.ts) + " ", "value" if here else "text")
    line.add(fmt.shorten(row.kind, KIND - 1).ljust(KIND), STYLES.get(row.kind, "dim"))
    if width >= 70:
        more = f"+{row.more}" if row.more else ""
        line.add((fmt.shorten(row.order, ORDER - 1 - len(more)) + more).ljust(ORDER), "text")
    check = Line((row.check, "crit" if row.check == DIFFERS else "ok" if row.check == SAME else "dim"))
    room = width - line.width - check.width - 1
    line.add(fmt.shorten(row.text, max(room, 0)), "text")
    return line.right(check, width)


def page(view: View, width: int, height: int, told: EventsTold | None, file: JournalTold | None) -> Drawn:
    """`height` is the room for the header and the rows."""
    if file is not None and file.trouble and not (told and told.rows):
        return Drawn([Line((text, "warn")) for text in fmt.folded(file.trouble, max(width, 1))][:height])
    if told is None or file is None:
        return Drawn([Line(("opening the journal", "dim"))])
    if not told.rows:
        if told.needle and told.searched >= 1.0:
            text = f"none of {file.steps:,} steps has this text"
        elif told.needle:
            text = f"searching, {told.searched:.0%}"
        else:
            text = "no step yet" if file.read >= 1.0 else f"reading the file, {file.read:.0%}"
        return Drawn([Line((text, "dim"))], _note(told, file))
    digits = max(len(str(told.rows[-1].seq)), 4)
    lines = [header(width, digits)] if height > 2 else []
    rows = told.rows[: height - len(lines)]
    lines += [row_of(row, view, width, digits, row.seq == told.cursor) for row in rows]
    return Drawn(lines, _note(told, file))


def title(told: EventsTold | None, file: JournalTold | None, width: int) -> str:
    """The journal's name, as much of it as the note at the other end of the frame leaves."""
    if file is None or not file.name:
        return "Journal"
    note = _note(told, file) if told is not None else ""
    return f"Journal {fmt.shorten(file.name, max(width - len(note) - 17, 8))}"


def _note(told: EventsTold, file: JournalTold) -> str:
    parts = []
    if file.read < 1.0:
        parts.append(f"reading {file.read:.0%}")
    if told.needle:
        searched = "" if told.searched >= 1.0 else f" ({told.searched:.0%})"
        parts.append(f"filter {told.needle!r}: {told.matches:,}{searched} of")
    return "  ".join([*parts, f"{file.steps:,} steps"])
