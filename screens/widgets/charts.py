"""Line charts in braille (or plain signs): several series on one scale, the newest at the right edge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from screens import format as fmt
from screens.theme import Theme
from screens.widgets.lines import Line

DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


@dataclass(frozen=True)
class Series:
    """Values oldest first (None breaks the line) with a style; later series are drawn over earlier ones."""

    values: Sequence[float | None]
    style: str
    dashed: bool = False


class Canvas:
    """A grid of cells, each 2 x 4 dots; the style of a cell is that of the last series that touched it."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.bits = [[0] * width for _ in range(height)]
        self.styles = [[""] * width for _ in range(height)]

    def dot(self, x: int, y: int, style: str) -> None:
        if 0 <= x < self.width * 2 and 0 <= y < self.height * 4:
            self.bits[y // 4][x // 2] |= DOTS[y % 4][x % 2]
            self.styles[y // 4][x // 2] = style

    def row(self, y: int, theme: Theme) -> Line:
        line, run, style = Line(), "", "text"
        for bits, name in zip(self.bits[y], self.styles[y]):
            sign = " " if not bits else (_plain(bits) if theme.ascii_only else chr(0x2800 + bits))
            name = name or "text"
            if name != style and run:
                line.add(run, style)
                run = ""
            style, run = name, run + sign
        return line.add(run, style)


def _plain(bits: int) -> str:
    top, bottom = bits & 0x1B, bits & 0xE4
    return ":" if top and bottom else "'" if top else "."


def bounds(series: Sequence[Series]) -> tuple[float, float] | None:
    """The common scale with a margin of 6 %; None when there is nothing to draw."""
    values = [v for one in series for v in one.values if v is not None and math.isfinite(v)]
    if not values:
        return None
    low, high = min(values), max(values)
    margin = (high - low) * 0.06 or max(abs(high), 1.0) * 1e-4
    return low - margin, high + margin


def resample(values: Sequence[float | None], width: int) -> list[float | None]:
    """All points over `width` places: each place has the newest known one of its share, or they are stretched."""
    if not values or width < 1:
        return []
    if len(values) >= width:
        ends = [len(values) * (i + 1) // width for i in range(width)]
        return [_newest(values[start:end]) for start, end in zip([0, *ends], ends)]
    if len(values) == 1:
        return [values[0]]
    step = (len(values) - 1) / max(width - 1, 1)
    return [values[round(i * step)] for i in range(width)]


def _newest(values: Sequence[float | None]) -> float | None:
    return next((value for value in reversed(values) if value is not None), None)


def line_chart(
    series: Sequence[Series], width: int, height: int, theme: Theme, digits: int, labels: bool = True
) -> list[Line]:
    """`height` rows of at most `width` cells with a scale at the left."""
    scale = bounds(series)
    if scale is None or width < 4 or height < 1:
        return []
    low, high = scale
    marks = [fmt.number(high - (high - low) * y / max(height - 1, 1), digits) for y in range(height)]
    left = max(len(mark) for mark in marks) + 1 if labels else 0
    canvas = Canvas(width - left, height)
    dots = height * 4
    for one in series:
        previous: int | None = None
        for x, value in enumerate(resample(one.values, canvas.width * 2)):
            if value is None or not math.isfinite(value):
                previous = None
                continue
            y = round((high - value) / (high - low) * (dots - 1))
            if one.dashed:
                if x % 4 < 2:
                    canvas.dot(x, y, one.style)
            else:
                start, end = (y, y) if previous is None else (min(previous, y), max(previous, y))
                for at in range(start, end + 1):
                    canvas.dot(x, at, one.style)
            previous = y
    lines = []
    every = 1 if height <= 4 else 2
    for y in range(height):
        line = Line()
        if labels:
            mark = marks[y] if y % every == 0 or y == height - 1 else ""
            line.add(mark.rjust(left - 1) + " ", "dim")
        lines.append(line.extend(canvas.row(y, theme)))
    return lines
