"""Pages for the screen that is seen: asked beside the console's loop, one at a time, so that no core can hold up a key.

A mixin of the App.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual import work
from textual.screen import ModalScreen

from core.domain.errors import PerpError
from core.domain.questions import AnyQuestion
from screens.logs import LEVELS, Logs
from screens.modals.filter import FilterLine
from screens.paged import Paged


class Paging:
    """Expects of the App: client, clock, screen, view, note, redraw, copy_to_clipboard."""

    _asking = False

    def look_for_pages(self: Any) -> None:
        """Ten times a second: ask what the screen that is seen is due to ask; a dialog covers a part of it only."""
        screen = next((one for one in reversed(self.screen_stack) if not isinstance(one, ModalScreen)), None)
        if self._asking or not isinstance(screen, Paged) or not screen.is_mounted:
            return
        if self._frozen_since is not None and screen.asked:
            return  # frozen panes stand still; one that was opened since is filled once
        question = screen.asks(self.clock.monotonic())
        if question is not None:
            self._asking = True
            self._ask_page(screen, question)

    @work(thread=True, exit_on_error=False)
    def _ask_page(self: Any, screen: Paged, question: AnyQuestion) -> None:
        try:
            page, trouble = self.client.query(question), ""
        except PerpError as error:
            page, trouble = None, str(error)
        finally:
            self._asking = False
        self.call_from_thread(self._page_came, screen, page, trouble)

    def _page_came(self: Any, screen: Paged, page: Any, trouble: str) -> None:
        screen.trouble = trouble
        if not screen.is_mounted:
            return
        if page is not None:
            screen.take(page)
        if screen.view is not None:
            screen.show(screen.view)

    # --- keys of lists ----------------------------------------------------------------------------------------------
    def action_filter(self: Any) -> None:
        """`/`: a list that is filtered shows only these rows, the log is searched."""
        screen = self.screen
        if isinstance(screen, Logs):
            self._line(screen.sought, "find this text; n and N go on and back; empty = none", self._search)
        elif hasattr(screen, "filter"):
            self._line(screen.needle, "rows with this text; empty = all", screen.filter)
        else:
            self.note("/ searches the log and filters the values of Config")

    def _line(self: Any, now: str, hint: str, then: Callable[[str], None]) -> None:
        self.push_screen(FilterLine(now, hint), lambda text: None if text is None else then(text))

    def _search(self: Any, text: str) -> None:
        if not self.screen.search(text):
            self.note(f"no line with {text!r}")

    def action_only(self: Any) -> None:
        if isinstance(self.screen, Logs):
            self._line(self.screen.needle, "lines with this text; empty = all", self.screen.filter)

    def action_jump(self: Any) -> None:
        if isinstance(self.screen, Logs):
            self._line("", "HH:MM or HH:MM:SS, UTC", self._jump)

    def _jump(self: Any, text: str) -> None:
        if text and not self.screen.jump(text):
            self.note(f"Expected HH:MM or HH:MM:SS (UTC) of a line that is kept, was {text}")

    def action_export(self: Any) -> None:
        if isinstance(self.screen, Logs):
            self._export("log", self.screen.text(all_rows=True))

    @work(thread=True, exit_on_error=False)
    def _export(self: Any, name: str, text: str) -> None:
        """Beside the loop: a slow disk must not hold up a key."""
        try:
            rows, path = text.count(chr(10)) + bool(text), self.options.export(name, text)
            said, level = f"{rows} rows written to {path}", "text"
        except OSError as error:
            said, level = f"not written: {error.strerror or error}", "warn"
        self.call_from_thread(self.note, said, level)

    def action_follow(self: Any) -> None:
        if isinstance(self.screen, Logs):
            self.screen.follow()

    def _find(self: Any, by: int) -> None:
        if isinstance(self.screen, Logs) and not self.screen.find(by):
            what = repr(self.screen.sought) if self.screen.sought else "WARN or CRIT"
            self.note(f"no further {what} this way", "text")

    def action_find_next(self: Any) -> None:
        self._find(1)

    def action_find_previous(self: Any) -> None:
        self._find(-1)

    def action_copy_rows(self: Any) -> None:
        text = self.screen.text()
        self.copy_to_clipboard(text)
        self.note(f"{text.count(chr(10)) + bool(text)} rows copied", "text")

    action_copy_values = action_copy_rows


def _level(level: str) -> Any:
    def choose(self: Any) -> None:
        if isinstance(self.screen, Logs):
            self.screen.choose(level)

    return choose


for _name in LEVELS:
    setattr(Paging, f"action_level_{_name}", _level(_name))
