"""The frame round a pane: number, title, note at the right, and the drawn body. Knows no pane's content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from textual import events
from textual.message import Message
from textual.strip import Strip

from screens import format as fmt
from screens.theme import Theme
from screens.view import View
from screens.widgets.lines import Line, Lines, to_strip


@dataclass
class Drawn:
    """What a pane gives back: rows, a note for the frame, and how old its oldest figure is (ns) when STALE."""

    rows: list[Line] = field(default_factory=list)
    note: str = ""
    note_style: str = "dim"
    stale_ns: int | None = None
    stale: bool = False


Draw = Callable[[View, int, int], Drawn]


class Pane(Lines, can_focus=True):
    """A framed pane. `draw(view, width, height)` makes the body. `table` panes repaint at half rate."""

    DEFAULT_CSS = "Pane { height: 1fr; width: 1fr; }"

    class Zoom(Message):
        """Enter or a double click: show this pane alone."""

        def __init__(self, pane: str) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, name: str, title: str, draw: Draw, number: int = 0, table: bool = False, id: str = "") -> None:
        super().__init__(id=id or f"pane-{name}")
        self.pane, self.title, self.draw, self.number, self.table = name, title, draw, number, table
        self._view: View | None = None

    def show(self, view: View) -> None:
        """Draw for this view at the present size."""
        self._view = view
        width, height = self.size
        if width < 6 or height < 2 or not self.display:
            return
        self.put(frame(self, view, width, height))

    def on_resize(self, event: events.Resize) -> None:
        if self._view is not None:
            self.show(self._view)

    def on_focus(self) -> None:
        if self._view is not None:
            self.show(self._view)

    on_blur = on_focus

    def on_click(self, event: events.Click) -> None:
        if event.chain == 2:
            self.post_message(self.Zoom(self.pane))


def frame(pane: Pane, view: View, width: int, height: int) -> list[Strip]:
    """The rows of the framed pane."""
    theme = view.theme
    drawn = pane.draw(view, width - 4, height - 2) if view.snapshot is not None else Drawn([_waiting(view)])
    edge = "focus" if pane.has_focus else "frame"
    strips = [to_strip(_top(pane, drawn, theme, width, edge), width, theme)]
    for y in range(height - 2):
        body = drawn.rows[y] if y < len(drawn.rows) else Line()
        inner = to_strip(body, width - 4, theme, dim=view.lost)
        side = theme.sign("v")
        left, right = to_strip(Line((side + " ", edge)), 2, theme), to_strip(Line((" " + side, edge)), 2, theme)
        strips.append(Strip.join([left, inner, right]))
    bottom = theme.sign("bl") + theme.sign("h") * (width - 2) + theme.sign("br")
    strips.append(to_strip(Line((bottom, edge)), width, theme))
    return strips


def _waiting(view: View) -> Line:
    return Line((fmt.UNKNOWN + "  waiting for the core", "dim"))


def _top(pane: Pane, drawn: Drawn, theme: Theme, width: int, edge: str) -> Line:
    rule = theme.sign("h")
    line = Line((theme.sign("tl") + rule + " ", edge))
    if pane.number:
        line.add(f"{pane.number} ", "key")
    old = Line((f" STALE {fmt.age(drawn.stale_ns)} ", "badstale"), (" ", edge)) if drawn.stale else Line()
    room = max(width - line.width - old.width - 2, 0)
    line.add(fmt.shorten(pane.title, room, theme.sign("more")) + " ", "focus" if pane.has_focus else "title")
    line.extend(old)
    tail = Line((" " + drawn.note + " ", drawn.note_style)) if drawn.note else Line()
    tail.add(rule + theme.sign("tr") if drawn.note else theme.sign("tr"), edge)
    if line.width + tail.width > width:
        tail = Line((theme.sign("tr"), edge))
    room = width - line.width - tail.width
    return line.add(rule * room, edge).extend(tail)
