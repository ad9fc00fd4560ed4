"""Which screen is open and how it is drawn: moves between screens, panes, freeze, refresh rate. Sends nothing.

A mixin of the App.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from screens.actions import ACTIONS, HELP, OVERVIEW, SCREENS
from screens.audit import Audit
from screens.base import ConsoleScreen
from screens.board import Board
from screens.config import Config
from screens.execution import Execution
from screens.help import Help
from screens.logs import Logs
from screens.risk import Risk
from screens.rounds import Rounds
from screens.scheduler import Scheduler
from screens.sorting import turned
from screens.spread import Spread
from screens.venues import Venues
from screens.why import Why

BUILT: dict[str, type[ConsoleScreen]] = {
    screen.scope: screen for screen in (Risk, Execution, Spread, Rounds, Audit, Config, Logs, Venues, Scheduler, Why)
}


MOVES: tuple[tuple[str, str, type[ConsoleScreen], str], ...] = (  # forward, back, on which screen, by what
    ("next_pair", "previous_pair", Spread, "move"),
    ("window_longer", "window_shorter", Spread, "widen"),
    ("limits_down", "limits_up", Risk, "move"),
    ("next_alone", "previous_alone", Execution, "turn"),
    ("next_column", "previous_column", Why, "move"),
)


class Navigation:
    """Expects of the App: screens, overview, actions, redraw, freeze, set_rate."""

    def show_screen(self: Any, scope: str) -> None:
        """The overview is always below; at most one other screen stands on it."""
        top = self.screen
        if not isinstance(top, ConsoleScreen) or top.scope == scope:
            return
        while self.screen is not self.overview:
            self.pop_screen()
        if scope == HELP:
            self.push_screen(Help(self.actions, OVERVIEW if top.scope == HELP else top.scope))
        elif scope in BUILT:
            self.push_screen(BUILT[scope](self.actions))
        self.call_after_refresh(self.redraw)

    def action_back(self: Any) -> None:
        if (isinstance(self.screen, Board | Spread) and self.screen.unzoom()) or self.close_timeline():
            return
        if self.screen is not self.overview and isinstance(self.screen, ConsoleScreen):
            self.show_screen(OVERVIEW)

    def action_chart_alone(self: Any) -> None:
        if isinstance(self.screen, Spread):
            self.screen.zoom_chart()

    def _turn(self: Any, by: int) -> None:
        """The next screen in the order of the registry; a timeline is nobody's neighbour."""
        here = self.screen.scope if isinstance(self.screen, ConsoleScreen) else OVERVIEW
        at = SCREENS.index(here) if here in SCREENS else 0
        self.show_screen(SCREENS[(at + by) % len(SCREENS)])

    def action_next_screen(self: Any) -> None:
        self._turn(1)

    def action_previous_screen(self: Any) -> None:
        self._turn(-1)

    def action_zoom_focused(self: Any) -> None:
        pane = self.screen.focused_pane if isinstance(self.screen, Board) else None
        if pane is not None and not self.inspect(pane):
            self.screen.zoom(pane.pane)

    def action_next_pane(self: Any) -> None:
        self.screen.focus_next()

    def action_previous_pane(self: Any) -> None:
        self.screen.focus_previous()

    def action_open_report(self: Any) -> None:
        if isinstance(self.screen, Rounds):
            self.screen.read_chosen()

    def action_freeze(self: Any) -> None:
        self.freeze()

    def _sort(self: Any, what: str) -> None:
        """The tables of the screen on top that have such a column."""
        for pane, column, down in getattr(self.screen, "sortable", {}).get(what, ()):
            sort = turned(self.sorts.get(pane), column, down)
            self.sorts = {name: old for name, old in self.sorts.items() if name != pane}
            if sort is not None:
                self.sorts[pane] = sort
            way = "as it was" if sort is None else f"{column}, {'largest' if sort[1] else 'smallest'} first"
            self.note(f"{pane} sorted: {way}", "text")
        self.redraw()

    def action_mouse(self: Any) -> None:
        """Without the mouse the terminal selects text."""
        self.mouse_on = not self.mouse_on
        if self._driver is not None and hasattr(self._driver, "listen_to_mouse"):
            self._driver.listen_to_mouse(self.mouse_on)
        self.note("mouse on" if self.mouse_on else "mouse off: the terminal selects text", "text")

    def action_faster(self: Any) -> None:
        self.set_rate(2.0)

    def action_slower(self: Any) -> None:
        self.set_rate(0.5)


def _zoom(number: int) -> Callable[[Any], None]:
    def zoom(self: Any) -> None:
        self.show_screen(OVERVIEW)
        self.overview.zoom_number(number)

    return zoom


def _moving(screen: type[ConsoleScreen], method: str, by: int) -> Callable[[Any], None]:
    def move(self: Any) -> None:
        if isinstance(self.screen, screen):
            getattr(self.screen, method)(by)

    return move


def _sorting(what: str) -> Callable[[Any], None]:
    def sort(self: Any) -> None:
        self._sort(what)

    return sort


def _screen(scope: str) -> Callable[[Any], None]:
    def show(self: Any) -> None:
        self.show_screen(scope)

    return show


for _scope in SCREENS:
    if _scope != OVERVIEW:
        setattr(Navigation, f"action_{_scope}", _screen(_scope))
for _forward, _back, _on, _method in MOVES:
    setattr(Navigation, f"action_{_forward}", _moving(_on, _method, 1))
    setattr(Navigation, f"action_{_back}", _moving(_on, _method, -1))
for _action in ACTIONS:
    if _action.name.startswith("sort_"):
        setattr(Navigation, f"action_{_action.name}", _sorting(_action.name.removeprefix("sort_")))
for _number in range(1, 10):
    setattr(Navigation, f"action_zoom_{_number}", _zoom(_number))
