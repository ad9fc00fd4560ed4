"""Re-arm after a halt: the checklist, a reason in words, then the typed word. Never offered unless HALTED or FLAT."""

from __future__ import annotations

from textual import events

from screens import format as fmt
from screens.confirm import rearm_checks, rearm_word
from screens.modals.base import Typed
from screens.view import View
from screens.widgets.lines import Line


class RearmDialog(Typed):
    """Two steps: reason (Enter), word (Enter). Dismisses with `word\\nreason`."""

    title_text = "RE-ARM: clear the halt"
    timeout_s = 0.0
    wide = 70

    def __init__(self, view: View) -> None:
        assert view.snapshot is not None
        super().__init__(view, rearm_word(view.snapshot))
        self.reason = ""
        self.step = "reason"

    def body(self, width: int) -> list[Line]:
        snap = self.view.snapshot
        assert snap is not None
        lines = [
            Line(("halted because ", "label"), (fmt.shorten(snap.state.reason or fmt.UNKNOWN, width - 16), "text")),
            Line(),
        ]
        for name, good, text in rearm_checks(snap):
            word, style = ("ok  ", "ok") if good else ("--  ", "dim") if good is None else ("NO  ", "crit")
            lines.append(Line((word, style), (name, "text")).right(Line((text, "dim")), width))
        lines.append(Line())
        if self.step == "reason":
            lines.append(Line(("reason: ", "label"), (self.reason, "value"), ("▏", "key"), ("  Enter", "dim")))
            lines.append(Line((" Cancel ", "chip.note"), ("  Esc", "dim")))
            return lines
        lines.append(Line(("reason: ", "label"), (fmt.shorten(self.reason, width - 8), "text")))
        return lines + self.prompt()

    def take(self, event: events.Key) -> None:
        if self.step == "word":
            super().take(event)
            return
        if event.key == "enter":
            if self.reason.strip():
                self.step = "word"
            else:
                self.dismiss("")
                return
        elif event.key == "backspace":
            self.reason = self.reason[:-1]
        elif event.character is not None and event.is_printable and len(self.reason) < 120:
            self.reason += event.character
        self.draw()

    def dismiss(self, result: str | None = None):  # type: ignore[override]
        return super().dismiss(f"{result}\n{self.reason.strip()}" if result else "")
