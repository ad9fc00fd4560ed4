"""Next: what happens, soonest first, with its countdown and what follows; then what waits without a time."""

from __future__ import annotations

from screens import format as fmt
from screens.agenda import Item, agenda, waiting
from screens.view import View
from screens.widgets.lines import Line
from screens.widgets.pane import Drawn

LEFT = 9  # of the countdown


def at(ts: int, now: int) -> str:
    """Time of day in UTC; of another day with its date."""
    return fmt.clock(ts) if ts // fmt.DAY == now // fmt.DAY else fmt.date_time(ts)[5:]


def left(view: View, item: Item, now: int) -> tuple[str, str]:
    """The countdown in core time; `?` while no picture comes, `over` once its time has passed."""
    ns = item.left_ns(now)
    if view.quiet:
        return "?" + fmt.hms(ns), "stale"
    if ns < 0:
        return "over", "warn"
    return fmt.hms(ns), item.tone if item.tone != "text" else "value"


def _rows(view: View, item: Item, now: int, width: int, clock: int, whole: bool) -> list[Line]:
    """One item; `whole` with what follows it in rows below where it does not fit beside it."""
    text, style = left(view, item, now)
    line = Line((text.rjust(LEFT) + "  ", style))
    if clock:
        line.add(at(item.ts, now).ljust(clock) + "  ", "dim")
    indent = line.width
    line.add(item.what, item.tone if item.tone != "text" else "value")
    if line.width + 2 + len(item.then) <= width:
        return [line.add("  ").add(item.then, "text")]
    if not whole:
        return [line]
    below = [Line((" " * indent, "text"), (row, "text")) for row in fmt.folded(item.then, max(width - indent, 8))]
    return [line, *below]


def draw(view: View, width: int, height: int) -> Drawn:
    snap = view.snapshot
    assert snap is not None
    items, waits = agenda(snap), waiting(snap)
    clock = max((len(at(item.ts, snap.ts)) for item in items), default=8)
    if width < LEFT + clock + 4 + max((len(item.what) for item in items), default=0):
        clock = 0  # the countdown stays
    tail = [Line((fmt.shorten(row, width), style)) for text, style in waits for row in fmt.folded(text, max(width, 8))]
    tail = tail[: max(height // 2, 1)]
    room = height - len(tail)
    blocks = [_rows(view, item, snap.ts, width, clock, False) for item in items]
    spare = room - len(blocks) if len(blocks) <= room else 2 if room > 3 else 0
    for n, item in enumerate(items):  # what follows each, the soonest first, for as long as there is room
        whole = _rows(view, item, snap.ts, width, clock, True)
        if len(whole) - 1 > spare:
            break
        blocks[n], spare = whole, spare - len(whole) + 1
    lines: list[Line] = []
    for n, block in enumerate(blocks):
        last = n == len(blocks) - 1
        if len(lines) + len(block) > room - (not last):
            if room > len(lines):
                lines.append(Line((f"{view.theme.sign('more')} {len(blocks) - n} more", "dim")))
            break
        lines += block
    if not items:
        lines.append(Line(("nothing has a time", "dim")))
    pace = "" if snap.speed == 1 else f"  core time x{snap.speed:g}"
    return Drawn((lines + tail)[:height], f"UTC{pace}", "dim", view.silence_ns, view.quiet)
