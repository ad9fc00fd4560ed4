"""What the toolkit draws by itself (frames, scroll bars, reports, text fields) for a terminal with less than all signs
and colours: ASCII look-alikes, greys. Our own rows are made so already."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter, Monochrome

from screens.theme import Theme


class AsciiOnly(LineFilter):
    """Every sign beyond ASCII becomes its look-alike or `?`, as wide as it was."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same cells in ASCII."""
        return [part if part.text.isascii() else self._plain(part) for part in segments]

    def _plain(self, part: Segment) -> Segment:
        text = self.theme.text(part.text)
        return Segment(text + " " * (cell_len(part.text) - len(text)), part.style, part.control)


def filters(theme: Theme, no_color: bool) -> list[LineFilter]:
    """What this theme needs; the toolkit has made greys already where NO_COLOR is set."""
    found: list[LineFilter] = [AsciiOnly(theme)] if theme.ascii_only else []
    return found if no_color or theme.palette != "mono" else [*found, Monochrome()]
