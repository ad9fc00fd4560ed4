"""Lines of styled spans and the widget that shows them: repaints only the rows that changed.

Text here is data, never markup; control characters end in `plain`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from screens.format import plain
from screens.theme import Theme

Span = tuple[str, str]


class Line:
    """One row under construction: `add` to it; `width` counts cells."""

    __slots__ = ("spans", "width")

    def __init__(self, *spans: Span) -> None:
        self.spans: list[Span] = []
        self.width = 0
        for text, style in spans:
            self.add(text, style)

    def add(self, text: str, style: str = "text") -> Line:
        if text:
            text = plain(text)
            self.spans.append((text, style))
            self.width += len(text) if text.isascii() else cell_len(text)
        return self

    def pad(self, width: int, style: str = "text") -> Line:
        """Blanks up to `width`."""
        if self.width < width:
            self.add(" " * (width - self.width), style)
        return self

    def extend(self, other: Line) -> Line:
        self.spans.extend(other.spans)
        self.width += other.width
        return self

    def right(self, other: Line, width: int, style: str = "text") -> Line:
        """`other` at the right edge; left out when there is no room."""
        if self.width + other.width + 1 <= width:
            self.pad(width - other.width, style).extend(other)
        return self

    def mark(self, needle: str, style: str) -> Line:
        """Each coming of `needle`, whatever the case, in this style; one that spans two styles is left as it is."""
        spans = []
        for text, own in self.spans:
            parts = re.split(f"({re.escape(needle)})", text, flags=re.IGNORECASE)
            spans += [(part, style if n % 2 else own) for n, part in enumerate(parts) if part]
        self.spans = spans
        return self

    def center(self, width: int) -> Line:
        room = max(width - self.width, 0) // 2
        if room:
            self.spans.insert(0, (" " * room, "text"))
            self.width += room
        return self

    @property
    def plain(self) -> str:
        return "".join(text for text, _ in self.spans)


def to_strip(line: Line, width: int, theme: Theme, dim: bool = False, back: str = "ground") -> Strip:
    """The row as Textual paints it, exactly `width` cells; `dim` draws all of it as stale."""
    on, text = theme.on, theme.text
    segments = [Segment(text(part), on("stale" if dim else name, back)) for part, name in line.spans]
    return Strip(segments).adjust_cell_length(width, theme.style(back))


class Lines(Widget):
    """A widget made of rows. Call `put` with the rows; unchanged rows are not painted again."""

    DEFAULT_CSS = "Lines { height: 1; width: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: list[Strip] = []

    def put(self, rows: Sequence[Strip]) -> None:
        old, new = self._rows, list(rows)
        self._rows = new
        if len(old) != len(new):
            self.refresh()
            return
        dirty = [i for i, (a, b) in enumerate(zip(old, new)) if a is not b and a != b]
        if len(dirty) > len(new) // 2:
            self.refresh()
        elif dirty:
            self.refresh(*(Region(0, i, self.size.width, 1) for i in dirty))

    def render_line(self, y: int) -> Strip:
        if y < len(self._rows):
            return self._rows[y]
        return Strip.blank(self.size.width, Style.null())

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return container.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return max(len(self._rows), 1)

    @property
    def shown(self) -> str:
        """The rows as plain text (tests)."""
        return "\n".join(row.text.rstrip() for row in self._rows)
