"""Pages for the screen on top: asked beside the console's loop, one at a time, so that no core can hold up a key.

A mixin of the App.
"""

from __future__ import annotations

from typing import Any

from textual import work

from core.domain.errors import PerpError
from core.domain.questions import AnyQuestion
from screens.logs import LEVELS, Logs
from screens.modals.filter import FilterLine
from screens.paged import Paged


class Paging:
    """Expects of the App: client, clock, screen, view, note, redraw, copy_to_clipboard."""

    _asking = False

    def look_for_pages(self: Any) -> None:
        """Ten times a second: ask what the screen on top is due to ask."""
        screen = self.screen
        if self._asking or not isinstance(screen, Paged) or not screen.is_mounted:
            return
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
        screen = self.screen
        if not hasattr(screen, "filter"):
            self.note("/ filters the lists of Logs and Config")
            return
        self.push_screen(FilterLine(screen.needle), lambda text: None if text is None else screen.filter(text))

    def action_follow(self: Any) -> None:
        if isinstance(self.screen, Logs):
            self.screen.follow()

    def _find(self: Any, by: int) -> None:
        if isinstance(self.screen, Logs) and not self.screen.find(by):
            self.note("no further WARN or CRIT this way", "text")

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
