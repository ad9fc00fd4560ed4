"""The `:` line: an action by name, `cancel ID`, `limit NAME VALUE`. A text field: Ctrl+G works in it as everywhere."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.suggester import SuggestFromList
from textual.widgets import Input

from screens.actions import Action
from screens.modals.base import Modal
from screens.view import View


class TypedInput(Input):
    """Commands are typed, not pasted."""

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()


class CommandLine(Modal[str]):
    """Dismisses with the text, or "" for nothing."""

    DEFAULT_CSS = """
    CommandLine { align: left bottom; background: transparent; }
    CommandLine > Input { height: 1; border: none; padding: 0 1; margin: 0 0 1 0; background: #18202b; }
    CommandLine > Input:focus { border: none; }
    CommandLine > Input > .input--placeholder, CommandLine > Input > .input--suggestion { color: #a9bacd; }
    """
    BINDINGS = [("escape", "leave", "Back")]

    def __init__(self, view: View, actions: Sequence[Action]) -> None:
        super().__init__()
        self.view = view
        self.names = [action.name for action in actions if not action.later]

    def compose(self) -> ComposeResult:
        names = [*self.names, "cancel ", "limit "]
        words = ": action, cancel ID, limit NAME VALUE"
        yield TypedInput(placeholder=words, suggester=SuggestFromList(names), max_length=80)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())

    def action_leave(self) -> None:
        self.dismiss("")
