"""Who holds the single-instance lock (UC-13)."""

from __future__ import annotations

from textual import events

from screens import format as fmt
from screens.modals.base import Dialog
from screens.widgets.lines import Line


class HolderDialog(Dialog):
    """PID, host, terminal, start, heartbeat age."""

    title_text = "Single-instance lock"

    def body(self, width: int) -> list[Line]:
        snap = self.view.snapshot
        holder = None if snap is None else snap.holder
        if snap is None or holder is None or not holder.pid:
            return [Line(("not told by the core", "dim")), Line(), Line((" Close ", "chip.note"), ("  Esc", "dim"))]
        beat = self.view.age_ns(holder.heartbeat_ns)
        rows = (
            ("PID", str(holder.pid), "value"),
            ("host", holder.host, "text"),
            ("terminal", holder.tty or "none (headless)", "text"),
            ("started", f"{fmt.date_time(holder.started)} UTC", "text"),
            ("heartbeat", f"{fmt.age(beat)} ago", "ok" if beat is not None and beat < 5 * fmt.SECOND else "crit"),
            ("file", holder.path, "dim"),
        )
        lines = [Line((f"{name:<11}", "label"), (fmt.shorten(text, width - 11), style)) for name, text, style in rows]
        return [*lines, Line(), Line((" Close ", "chip.note"), ("  Esc", "dim"))]

    def take(self, event: events.Key) -> None:
        if event.key in ("enter", "i"):
            self.dismiss("")
