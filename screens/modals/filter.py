"""One line of text at the bottom of a list: what to show, find or jump to. Esc leaves all as it was."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Input

from screens.modals.base import Modal


class FilterLine(Modal[str | None]):
    """Dismisses with the text, None for no change."""

    DEFAULT_CSS = """
    FilterLine { align: left bottom; background: transparent; }
    FilterLine > Input { height: 1; border: none; padding: 0 1; margin: 0 0 1 0; background: #18202b; }
    FilterLine > Input:focus { border: none; }
    FilterLine > Input > .input--placeholder, FilterLine > Input > .input--suggestion { color: #a9bacd; }
    """
    BINDINGS = [("escape", "leave", "Back")]

    def __init__(self, now: str, hint: str = "rows with this text; empty = all") -> None:
        super().__init__()
        self.now, self.hint = now, hint

    def compose(self) -> ComposeResult:
        yield Input(self.now, placeholder=self.hint, max_length=80)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())

    def action_leave(self) -> None:
        self.dismiss(None)
