"""The frame of every screen: banner, KPI rows, body, action line, footer. Repaints what changed.

No screen reads a clock or touches a core: the app hands in a View and takes the actions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.screen import Screen

from screens.actions import EMERGENCY, Action, built, of_scope, textual_key
from screens.actions import footer as footer_of
from screens.view import View
from screens.widgets import chrome, kpis
from screens.widgets.lines import Line, Lines, to_strip

NARROW, SMALL_W, SMALL_H = 100, 80, 24


def bindings(scope: str) -> list[Binding]:
    """The toolkit's bindings of one scope; the App has an `action_` for each. EMERGENCY comes before any widget."""
    return [
        Binding(
            ",".join(textual_key(key) for key in action.keys),
            f"app.{action.name}",
            action.does,
            id=action.name,
            show=False,
            priority=action.danger == EMERGENCY or action.name == "hint_quit",
        )
        for action in of_scope(built(), scope)
    ]


class ConsoleScreen(Screen[None]):
    """Subclasses give `scope`, `body()` and `show_body(view, tables)`."""

    scope = ""
    sortable: Mapping[str, Sequence[tuple[str, str, bool]]] = {}  # what -> pane, column, largest first
    CSS_PATH = "console.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-w-strip"), (SMALL_W, "-w-compact"), (NARROW, "-w-full")]
    VERTICAL_BREAKPOINTS = [(0, "-h-strip"), (SMALL_H, "-h-compact"), (36, "-h-full")]

    def __init__(self, actions: Sequence[Action]) -> None:
        super().__init__()  # no id: the same screen may be opened again before the old one has gone
        self.actions = footer_of(actions, self.scope)
        self.view: View | None = None

    def compose(self) -> ComposeResult:
        yield Lines(id="banner")
        yield Lines(id="kpis")
        with Container(id="body"):
            yield from self.body()
        yield Lines(id="lost")
        yield Lines(id="actionline")
        yield Lines(id="keys")

    def body(self) -> ComposeResult:
        raise NotImplementedError

    def show_body(self, view: View, tables: bool) -> None:
        """Repaint the body; `tables` False leaves tables and plots for the next beat."""

    @property
    def safe_strip(self) -> bool:
        """Below 80x24: banner, KPIs and keys only; never a refusal."""
        return self.size.width < SMALL_W or self.size.height < SMALL_H

    def show(self, view: View, tables: bool = True) -> None:
        self.view = view
        if not self.is_mounted or not self.size.width or self not in self.app.screen_stack:
            return  # not there yet, or taken away already
        self.show_chrome(view)
        if not self.safe_strip:
            self.show_body(view, tables)

    def show_chrome(self, view: View) -> None:
        """Banner, KPI rows, action line and footer."""
        if not self.is_mounted or not self.size.width:
            return
        width, theme = self.size.width, view.theme
        top, ground = chrome.banner(view, width)
        self.query_one("#banner", Lines).put([to_strip(top, width, theme, back=ground)])
        rows = kpis.wide(view, width) if width >= NARROW else kpis.narrow(view, width)
        stopped = view.snapshot is not None and view.snapshot.state.run in chrome.STOPS
        if stopped:
            for row in rows:
                row.spans = [(text, "halted") for text, _ in row.spans]
        back = "halted" if stopped else "kpi.back"
        if self.safe_strip and self.size.height < 6:
            rows = rows[:1]
        self.query_one("#kpis", Lines).put(
            [to_strip(row, width, theme, view.lost and not stopped, back) for row in rows]
        )
        self.query_one("#actionline", Lines).put([to_strip(chrome.action_line(view, width), width, theme)])
        keys = chrome.footer(self.actions, width, view)
        self.query_one("#keys", Lines).put([to_strip(keys, width, theme, back="bar")])
        self._show_lost(view)

    def _show_lost(self, view: View) -> None:
        box = self.query_one("#lost", Lines)
        box.display = view.lost and not self.safe_strip
        if not box.display:
            return
        width = max(min(self.size.width - 8, 70), 10)
        if view.core_dead:
            dead_man = view.snapshot.dead_man if view.snapshot is not None else ""
            what = dead_man or "check the venue: perpconsole panic"
            text = f"CORE DEAD {view.core_dead} {view.theme.sign('dash')} {what}"
        else:
            text = f"NO DATA FROM CORE {view.silence_ns // 1_000_000_000}s {view.theme.sign('dash')} numbers are old"
        rows = [
            Line(),
            Line((text, "chip.crit")).center(width),
            Line(("Ctrl+G still works", "value")).center(width),
            Line(),
        ]
        box.styles.width = width
        box.styles.offset = ((self.size.width - width) // 2, self.size.height // 2 - 2)
        box.put([to_strip(row, width, view.theme, back="kpi.back") for row in rows])

    def on_resize(self) -> None:
        if self.view is not None:
            self.call_after_refresh(self._again)

    def on_screen_resume(self) -> None:
        if self.view is not None:
            self.call_after_refresh(self._again)

    def _again(self) -> None:
        if self.view is not None:
            self.show(self.view)
