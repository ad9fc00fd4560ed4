"""The console of a demonstration: the plain one with a caption above the action line, which says what just happened.

Takes the words from outside and knows no pair; changes nothing else of any screen.
"""

from __future__ import annotations

from collections.abc import Callable

from app.console import Console
from app.options import Options
from core.domain.ports import CoreClient
from screens import format as fmt
from screens.base import NARROW as FULL
from screens.base import ConsoleScreen
from screens.view import View
from screens.widgets.lines import Line, Lines, to_strip

WIDE, NARROW = 2, 3  # rows of the caption, the same for every sentence: nothing jumps
NAME = "caption"


class CaptionedConsole(Console):
    """`words()`: a head and a sentence; both empty = nothing was said yet. At 80x24 the alerts make room (9 shows them,
    the banner counts them)."""

    CSS = """
    Overview.-w-compact.-h-compact #grid { grid-size: 1 3; grid-rows: 5 1fr 5; }
    .-w-compact.-h-compact #pane-alerts { display: none; }
    """

    def __init__(self, client: CoreClient, words: Callable[[], tuple[str, str]], options: Options) -> None:
        super().__init__(client, options)
        self.words = words

    def redraw(self, tables: bool = True) -> None:
        super().redraw(tables)
        for screen in self.screen_stack:
            if isinstance(screen, ConsoleScreen) and screen.is_mounted and screen.size.width:
                self._caption(screen)

    def _caption(self, screen: ConsoleScreen) -> None:
        found = screen.query(f"#{NAME}").results(Lines)
        box = next(found, None)
        if box is None:
            screen.mount(Lines(id=NAME), before="#actionline")
            return  # it is filled with the next picture
        head, text = self.words()
        width = screen.size.width
        box.display = bool(head) and not screen.safe_strip
        if not box.display:
            return
        most = WIDE if width >= FULL else NARROW
        rows = caption(head, text, width, most, self.view)
        box.styles.height = most
        box.put([to_strip(row, width, self.view.theme, back="kpi.back") for row in rows])


def caption(head: str, text: str, width: int, most: int, view: View) -> list[Line]:
    """The head as a chip, then the sentence: `most` rows, the last of them cut where it does not fit."""
    lead = f" {head} "
    rows = fmt.folded("x" * len(lead) + " " + text, width - 1)
    if len(rows) > most:
        rows = [*rows[: most - 1], fmt.shorten(" ".join(rows[most - 1 :]), width - 1, view.theme.sign("more"))]
    first = Line((lead, "chip.ok"), (rows[0][len(lead) :], "value"))
    lines = [first, *(Line((" " + row, "value")) for row in rows[1:])]
    return [*lines, *(Line() for _ in range(most - len(lines)))]
