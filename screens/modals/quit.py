"""Quit: detach, stop, flatten then stop, or stay. Never by one key alone with real money."""

from __future__ import annotations

from textual import events

from screens.confirm import stop_word
from screens.modals.base import Dialog, Typed
from screens.view import View
from screens.widgets.lines import Line


class QuitDialog(Dialog):
    """Dismisses with detach, stop, flatten or ""."""

    title_text = "Leave the console?"

    def body(self, width: int) -> list[Line]:
        snap = self.view.snapshot
        held = 0 if snap is None else sum(bool(row.size) for row in snap.positions)
        orders = 0 if snap is None else len(snap.orders)
        noun = "position is" if held == 1 else "positions are"
        lines = []
        if self.view.can_detach and not self.view.read_only:
            lines.append(Line(("d", "key"), ("  detach: the console closes, the core goes on", "text")))
        if self.view.read_only:
            lines.append(Line(("d", "key"), ("  close this viewer", "text")))
        else:
            lines.append(
                Line(("s", "key"), (f"  stop: cancel {orders} orders, verify, end; {held} {noun} kept", "text"))
            )
            lines.append(Line(("x", "key"), ("  flatten, then stop (asks again)", "text")))
        return [*lines, Line(), Line((" Stay ", "chip.note"), ("  Esc or Enter", "dim"))]

    def take(self, event: events.Key) -> None:
        if event.key == "enter":
            self.dismiss("")
        elif event.key == "d" and (self.view.can_detach or self.view.read_only):
            self.dismiss("detach")
        elif event.key == "s" and not self.view.read_only:
            self.dismiss("stop")
        elif event.key == "x" and not self.view.read_only:
            self.dismiss("flatten")


class StopDialog(Typed):
    """With real money stopping is typed."""

    title_text = "STOP: cancel our orders, verify, end the process; positions are kept"
    wide = 70

    def __init__(self, view: View) -> None:
        assert view.snapshot is not None
        super().__init__(view, stop_word(view.snapshot))

    def body(self, width: int) -> list[Line]:
        return self.prompt()
