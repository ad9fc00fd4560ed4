"""What a terminal is sent, as text: the rows as they stand, and a letter for the style of each cell.

A picture is a file that a person can read in a review. Knows no screen of ours.
"""

from __future__ import annotations

import difflib
import string
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from screens.modals import base
from screens.modals.base import Dialog
from screens.widgets import lines

FOLDER = Path(__file__).parent / "pictures"
LETTERS = "." + string.ascii_letters + string.digits + "!#$%&*+-/:;<=>?@^_~()[]{}"
EDGE = "|"
PATIENCE = 40  # looks until two that follow each other are the same


@dataclass
class Picture:
    """`rows` of exactly `width` cells, `styles` one letter a cell, `legend` what each letter stands for.

    `cuts`: text that did not fit its row and was cut without a word, with the number of cells it had. Not in the file.
    """

    rows: list[str]
    styles: list[str]
    legend: dict[str, str]
    cuts: list[tuple[str, int]] = field(default_factory=list)

    @property
    def size(self) -> tuple[int, int]:
        return cell_len(self.rows[0]), len(self.rows)

    def cells(self, y: int) -> list[tuple[str, Style]]:
        """(sign, style) of row `y`; the second cell of a wide sign is ""."""
        found: list[tuple[str, Style]] = []
        for sign in self.rows[y]:
            for n in range(cell_len(sign)):
                found.append(("" if n else sign, style_of(self.legend[self.styles[y][len(found)]])))
        return found

    def runs(self) -> list[tuple[str, Style, int]]:
        """(text, style, row) of every stretch of one style."""
        made = []
        for y in range(len(self.rows)):
            text, last = "", None
            for sign, style in self.cells(y):
                if last is not None and style is not last:
                    made.append((text, last, y))
                    text = ""
                text, last = text + sign, style
            if last is not None:
                made.append((text, last, y))
        return made

    def text(self) -> str:
        """As it is written to its file."""
        legend = [f"{letter}  {name}" for letter, name in self.legend.items()]
        return "\n".join([*(EDGE + row + EDGE for row in [*self.rows, *self.styles]), *legend, ""])


def read(path: Path) -> Picture:
    """The picture of a file. Raises ValueError for a file that is none."""
    rows = path.read_text(encoding="utf-8").splitlines()
    framed = [row[1:-1] for row in rows if len(row) > 1 and row[0] == row[-1] == EDGE]
    legend = dict(row.split("  ", 1) for row in rows[len(framed) :])
    if not framed or len(framed) % 2:
        raise ValueError(f"Expected rows and styles in {path.name}, was {len(framed)} rows")
    half = len(framed) // 2
    return Picture(framed[:half], framed[half:], legend)


_STYLES: dict[str, Style] = {}


def style_of(name: str) -> Style:
    """The very same object for the same name."""
    if name not in _STYLES:
        _STYLES[name] = Style.parse(name)
    return _STYLES[name]


def named(style: Style | None) -> str:
    """Attributes and colours; links and meta data are not seen."""
    if style is None:
        return "none"
    words = [name for name in ("bold", "dim", "italic", "underline", "reverse", "strike") if getattr(style, name)]
    if style.color is not None and not style.color.is_default:
        words.append(style.color.name)
    if style.bgcolor is not None and not style.bgcolor.is_default:
        words.append(f"on {style.bgcolor.name}")
    return " ".join(words) or "none"


def taken(app: Any) -> Picture:
    """What stands on the terminal of `app` now."""
    rows, styles = [], []
    legend: dict[str, str] = {}
    for strip in app.screen._compositor.render_strips():
        text = style = ""
        for part in strip:
            name = named(part.style)
            if name not in legend.values():
                legend[LETTERS[len(legend)]] = name
            letter = next(letter for letter, known in legend.items() if known == name)
            text, style = text + part.text, style + letter * cell_len(part.text)
        rows.append(text)
        styles.append(style)
    return Picture(rows, styles, legend)


class _Watched(Strip):
    """A row that tells what is cut off it."""

    cuts: list[tuple[str, int]] = []

    def adjust_cell_length(self, cell_length: int, style: Style | None = None) -> Strip:
        if self.cell_length > cell_length:
            self.cuts.append((self.text, cell_length))
        return super().adjust_cell_length(cell_length, style)


async def shot(
    app: Any, size: tuple[int, int], does: Callable[[Any], Awaitable[None]], patch: pytest.MonkeyPatch
) -> Picture:
    """Start `app`, do something with the pilot, and take the picture when nothing moves any more."""
    patch.setattr(Dialog, "_tick", lambda _self: None)  # a slow machine would draw another second
    patch.setattr(base, "DEAF_S", 0.001)
    patch.setattr(lines, "Strip", _Watched)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await does(pilot)
        before = None
        for _ in range(PATIENCE):
            app.poll()
            await app.workers.wait_for_complete()
            await pilot.pause()
            _Watched.cuts = []
            app.redraw()
            await pilot.pause()
            now = taken(app)
            now.cuts = list(_Watched.cuts)
            if before is not None and before.text() == now.text():
                return now
            before = now
    raise AssertionError(f"Expected a picture that stands still after {PATIENCE} looks, was still moving")


def compare(name: str, picture: Picture, update: bool) -> None:
    """Against the file of that name; `--snapshot-update` writes it."""
    path = FOLDER / f"{name}.txt"
    text = picture.text()
    if update:
        FOLDER.mkdir(exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
        return
    assert path.exists(), f"Expected the picture {path.name}, was none: --snapshot-update makes it"
    before = path.read_text(encoding="utf-8").splitlines()
    changed = "\n".join(difflib.unified_diff(before, text.splitlines(), "expected", "was", n=0, lineterm=""))
    assert not changed, f"Expected {path.name} as it was:\n{changed}"
