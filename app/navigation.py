"""Which screen is open and how it is drawn: moves between screens, panes, freeze, refresh rate. Sends nothing.

A mixin of the App.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from screens.actions import HELP, OVERVIEW, ROUNDS, SCREENS, SPREAD
from screens.base import ConsoleScreen
from screens.help import Help
from screens.rounds import Rounds
from screens.spread import Spread


class Navigation:
    """Expects of the App: screens, overview, actions, redraw, freeze, set_rate."""

    def show_screen(self: Any, scope: str) -> None:
        """The overview is always below; at most one other screen stands on it."""
        top = self.screen
        if not isinstance(top, ConsoleScreen) or top.scope == scope:
            return
        if top is not self.overview:
            self.pop_screen()
        if scope == ROUNDS:
            self.push_screen(Rounds(self.actions))
        elif scope == SPREAD:
            self.push_screen(Spread(self.actions))
        elif scope == HELP:
            self.push_screen(Help(self.actions, OVERVIEW if top.scope == HELP else top.scope))
        self.call_after_refresh(self.redraw)

    def action_back(self: Any) -> None:
        if self.screen is self.overview:
            self.overview.unzoom()
        elif isinstance(self.screen, ConsoleScreen):
            self.show_screen(OVERVIEW)

    def action_spread(self: Any) -> None:
        self.show_screen(SPREAD)

    def action_next_pair(self: Any) -> None:
        if isinstance(self.screen, Spread):
            self.screen.move(1)

    def action_previous_pair(self: Any) -> None:
        if isinstance(self.screen, Spread):
            self.screen.move(-1)

    def action_rounds(self: Any) -> None:
        self.show_screen(ROUNDS)

    def action_help(self: Any) -> None:
        self.show_screen(HELP)

    def _turn(self: Any, by: int) -> None:
        """The next screen; that of the pair only where the core has one."""
        here = self.screen.scope if isinstance(self.screen, ConsoleScreen) else OVERVIEW
        views = [screen.view for screen in (self.screen, self.overview) if isinstance(screen, ConsoleScreen)]
        paired = here == SPREAD or any(view and view.snapshot and view.snapshot.pairs for view in views)
        turn = [scope for scope in SCREENS if scope != SPREAD or paired]
        self.show_screen(turn[(turn.index(here) + by) % len(turn)])

    def action_next_screen(self: Any) -> None:
        self._turn(1)

    def action_previous_screen(self: Any) -> None:
        self._turn(-1)

    def action_zoom_focused(self: Any) -> None:
        pane = self.overview.focused_pane
        if pane is not None:
            self.overview.zoom(pane.pane)

    def action_next_pane(self: Any) -> None:
        self.screen.focus_next()

    def action_previous_pane(self: Any) -> None:
        self.screen.focus_previous()

    def action_open_report(self: Any) -> None:
        if isinstance(self.screen, Rounds):
            self.screen.read_chosen()

    def action_freeze(self: Any) -> None:
        self.freeze()

    def action_faster(self: Any) -> None:
        self.set_rate(2.0)

    def action_slower(self: Any) -> None:
        self.set_rate(0.5)


def _zoom(number: int) -> Callable[[Any], None]:
    def zoom(self: Any) -> None:
        self.show_screen(OVERVIEW)
        self.overview.zoom_number(number)

    return zoom


for _number in range(1, 10):
    setattr(Navigation, f"action_zoom_{_number}", _zoom(_number))
