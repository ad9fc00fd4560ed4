"""The `/` line: what the list below shows only. Enter keeps it, Esc leaves it as it was, an empty line shows all."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.widgets import Input


class FilterLine(ModalScreen[str | None]):
    """Dismisses with the text, None for no change."""

    DEFAULT_CSS = """
    FilterLine { align: left bottom; background: transparent; }
    FilterLine > Input { height: 1; border: none; padding: 0 1; margin: 0 0 1 0; background: #18202b; }
    FilterLine > Input:focus { border: none; }
    """
    BINDINGS = [("escape", "leave", "Back")]

    def __init__(self, now: str) -> None:
        super().__init__()
        self.now = now

    def compose(self) -> ComposeResult:
        yield Input(self.now, placeholder="/ rows with this text; empty = all", max_length=80)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())

    def action_leave(self) -> None:
        self.dismiss(None)
