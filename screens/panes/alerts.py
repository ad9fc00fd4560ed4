"""Alerts, newest first, unacknowledged ones above the rest; the word says the level."""

from __future__ import annotations

from core.domain.snapshot import AlertRow
from screens import format as fmt
from screens.view import View
from screens.widgets.lines import Line
from screens.widgets.pane import Drawn

WORDS = {"crit": ("CRIT", "crit"), "warn": ("warn", "warn"), "info": ("info", "dim")}


def ordered(alerts: tuple[AlertRow, ...]) -> list[AlertRow]:
    """Unacked crit and warn first, then by time, newest first."""
    return sorted(alerts, key=lambda row: (row.acked or row.level == "info", -row.ts))


def newest_unacked(alerts: tuple[AlertRow, ...]) -> AlertRow | None:
    """The alert that one press of `a` acknowledges."""
    waiting = [row for row in ordered(alerts) if not row.acked]
    return waiting[0] if waiting else None


def _fold(text: str, room: int) -> tuple[str, str]:
    """Cut at the last blank that fits."""
    at = text.rfind(" ", 0, room + 1)
    at = at if at > room // 2 else room
    return text[:at], text[at:].strip()


def draw(view: View, width: int, height: int) -> Drawn:
    snap = view.snapshot
    assert snap is not None
    waiting = sum(not row.acked and row.level != "info" for row in snap.alerts)
    lines: list[Line] = []
    folds = 0
    for row in ordered(snap.alerts)[:height]:
        word, style = WORDS.get(row.level, (row.level, "text"))
        fresh = not row.acked and row.level != "info"
        line = Line((view.theme.sign("warn") + " " if fresh else "  ", style), (fmt.clock(row.ts) + " ", "dim"))
        line.add(f"{word} ", style if fresh else "dim")
        mood, room = "text" if fresh else "dim", width - line.width
        spare = height - len(snap.alerts) - folds
        if len(row.text) > room and fresh and spare > 0:
            head, tail = _fold(row.text, room)
            lines += [line.add(head, mood), Line((" " * (width - room), mood), (fmt.shorten(tail, room), mood))]
            folds += 1
        else:
            lines.append(line.add(fmt.shorten(row.text, room, view.theme.sign("more")), mood))
    if not lines:
        lines = [Line(("no alerts", "dim"))]
    return Drawn(lines[:height], f"{waiting} unacked  a=ack" if waiting else "all acked", "warn" if waiting else "dim")
