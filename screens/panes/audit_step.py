"""One step: why the engine woke, what came in, what it asked of the venues, what was refused and why."""

from __future__ import annotations

from core.domain.audit import CursorTold, JournalTold
from core.domain.audit import Line as StepLine
from screens import format as fmt
from screens.panes.audit_events import stamp
from screens.view import View
from screens.widgets.lines import Line
from screens.widgets.pane import Drawn

SIGNS = {"in": "in ", "out": "out", "refused": "NO ", "info": "   ", "warn": "!  ", "crit": "!! "}
STYLES = {"in": "text", "out": "accent", "refused": "warn", "info": "dim", "warn": "warn", "crit": "crit"}


def way(told: CursorTold | None, file: JournalTold | None) -> str:
    """How far the engine is from the cursor, in a word or two; "" once it is there."""
    if file is not None and file.trouble:
        return ""
    if told is None:
        return "replaying"
    return "" if told.share is None else f"replaying {min(told.share, 0.99):.0%}"


def text_lines(told: CursorTold) -> list[str]:
    """The step as plain text, for the clipboard."""
    head = f"step {told.seq} {fmt.date_time(told.ts)} ({stamp(told.ts)} UTC)"
    return [head, *(f"{SIGNS.get(line.level, '   ')} {line.text}" for line in told.lines)]


def _ordered(told: CursorTold, width: int, room: int) -> list[StepLine]:
    """As it went; where it does not all fit: what was refused or wrong, what was decided, what came in."""
    lines = list(told.lines)
    if sum(len(fmt.folded(line.text, max(width - 4, 1))) for line in lines) > room:
        lines.sort(key=lambda line: (line.level == "in", line.level in ("out", "info")))
    return lines


def draw(view: View, width: int, height: int, told: CursorTold | None, file: JournalTold | None) -> Drawn:
    """In the order in which it went; what does not fit is counted (Enter shows all)."""
    lines: list[Line] = []
    if file is not None and file.trouble:
        lines += [Line((text, "warn")) for text in fmt.folded(file.trouble, max(width, 1))]
    if told is None:
        return Drawn((lines or [Line(("the engine is being rebuilt", "dim"))])[:height])
    if told.differs:
        lines += [Line((text, "crit")) for text in fmt.folded(f"DIFFERS: {told.differs}", max(width, 1))[:4]]
    for line in _ordered(told, width, height - len(lines)):
        sign, style = SIGNS.get(line.level, "   "), STYLES.get(line.level, "text")
        for n, text in enumerate(fmt.folded(line.text, max(width - 4, 1))):
            lines.append(Line((f"{sign if not n else '   '} ", "label"), (fmt.shorten(text, width - 4), style)))
    if len(lines) > height:
        lines = [*lines[: max(height - 1, 0)], Line((f"… {len(lines) - height + 1} more lines: Enter", "dim"))]
    return Drawn(lines[:height], way(told, file) or stamp(told.ts))
