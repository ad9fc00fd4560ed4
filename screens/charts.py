"""Charts of the detail screens through plotext: lines over time with a scale at the left and the time (UTC) below.

plotext keeps one global figure, so this is for the UI thread alone; it is imported when the first chart is drawn.
What it draws is read back as cells and painted with our own styles: palette, mono and 16 colours hold here too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from screens import format as fmt
from screens.theme import Theme
from screens.widgets.lines import Line

LEAST_WIDTH, LEAST_HEIGHT = 24, 5
S = 1_000_000_000
STEPS_S = (15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 14_400, 21_600, 43_200)  # of the time axis
INK = 16  # colour number of the first series; the numbers only say which series a cell belongs to
_CODE = re.compile(r"\x1b\[([\d;]*)m")


@dataclass(frozen=True)
class Curve:
    """`ts` ns, rising; a None value or a step longer than `gap_ns` (0 = any) breaks the line. Later ones lie on top."""

    ts: Sequence[int]
    values: Sequence[float | None]
    style: str
    dashed: bool = False
    gap_ns: int = 0


@dataclass(frozen=True)
class Range:
    """The span between lowest and highest of each bucket, drawn as upright strokes."""

    ts: Sequence[int]
    low: Sequence[float]
    high: Sequence[float]
    style: str


def room(width: int, height: int) -> bool:
    """There is room for a chart with its two axes."""
    return width >= LEAST_WIDTH and height >= LEAST_HEIGHT


def scale(marks: Sequence[Curve | Range]) -> tuple[float, float] | None:
    """The common scale with a margin of 6 %; None when there is nothing to draw."""
    values = [v for mark in marks for v in _values(mark)]
    if not values:
        return None
    low, high = min(values), max(values)
    margin = (high - low) * 0.06 or max(abs(high), 1.0) * 1e-4
    return low - margin, high + margin


def time_chart(
    marks: Sequence[Curve | Range], span: tuple[int, int], width: int, height: int, theme: Theme, digits: int,
    sign: bool = False, names: Sequence[tuple[str, float, str]] = (),
) -> list[Line]:  # fmt: skip
    """`height` rows of at most `width` cells over `span` (ns, ns); no rows without values or without room.

    `names`: (word, level, style) written at the right edge in the row of their level, the first of a row wins.
    """
    bounds = scale(marks)
    if bounds is None or not room(width, height) or span[1] <= span[0]:
        return []
    low, high = bounds
    beside = max((len(name) + 1 for name, *_ in names), default=0) if width >= 60 else 0
    deep = height - 1  # the last row is the time axis
    wide = width - beside
    labels = _levels(low, high, deep, digits, sign)
    left = max(len(text) for _, text in labels)
    cells = _plotted(marks, span, bounds, labels, (wide, height), left, theme)
    rows = [_row(text, [mark.style for mark in marks]) for text in cells]
    if beside:
        for name, level, style in names:
            at = round((high - level) / (high - low) * (deep - 1))
            if 0 <= at < deep and rows[at].width <= wide:
                rows[at].pad(wide + 1).add(name, style)
    return rows


# --- what plotext is told --------------------------------------------------------------------------------------------
def _figure(width: int, height: int) -> Any:
    import plotext

    plotext.terminal.limit(False, False)  # the pane is the size, whatever this process believes of its terminal
    figure = plotext.figure
    figure.clear.all()
    figure.theme("colorless")
    figure.plot_size(width, height)
    figure.axes(False)
    return figure


def _marker(symbol: str, number: int) -> Any:
    import plotext

    return plotext.marker(symbol, INK + number)


def _plotted(
    marks: Sequence[Curve | Range], span: tuple[int, int], bounds: tuple[float, float],
    labels: Sequence[tuple[float, str]], size: tuple[int, int], left: int, theme: Theme,
) -> list[str]:  # fmt: skip
    figure = _figure(*size)
    start, end = span
    for number, mark in enumerate(marks):
        symbol = ("." if isinstance(mark, Range) else "-" if mark.dashed else "*") if theme.ascii_only else "braille"
        xs, ys, breaks = _points(mark, start, end, (size[0] - left) * 2)
        if not xs:
            continue
        signal = figure.signal(xs, ys, marker=_marker(symbol, number))
        if not (isinstance(mark, Curve) and mark.dashed):
            signal.lines(True)
            for at in breaks:
                signal.line(at, False)
        figure.draw(signal)
    figure.ruler("x").lim(0.0, (end - start) / S)
    figure.ruler("y").lim(*bounds)
    figure.ruler("y").ticks([level for level, _ in labels], [text.rjust(left) for _, text in labels])
    times = _times(start, end, size[0] - left)
    figure.ruler("x").ticks([at for at, _ in times], [text for _, text in times])
    return _built(figure)


def _built(figure: Any) -> list[str]:
    rows: list[str] = figure.build().string().split("\n")
    return rows[:-1] if rows and not rows[-1] else rows


def _points(mark: Curve | Range, start: int, end: int, columns: int) -> tuple[list[float], list[float], list[int]]:
    """x in seconds from the left edge, y, and the points that no line leads to."""
    xs: list[float] = []
    ys: list[float] = []
    breaks: list[int] = []
    if isinstance(mark, Range):
        for ts, low, high in zip(mark.ts, mark.low, mark.high):
            if start <= ts <= end and math.isfinite(low) and math.isfinite(high) and high > low:
                breaks.append(len(xs))
                xs += [(ts - start) / S] * 2
                ys += [low, high]
        return xs, ys, breaks
    before: int | None = None
    for ts, value in zip(mark.ts, mark.values):
        if value is None or not math.isfinite(value) or not start <= ts <= end:
            before = None if value is None or not math.isfinite(value) else before
            continue
        if mark.dashed and (ts - start) * columns // max(end - start, 1) % 4 >= 2:
            continue
        if before is None or (mark.gap_ns and ts - before > mark.gap_ns):
            breaks.append(len(xs))
        before = ts
        xs.append((ts - start) / S)
        ys.append(value)
    return xs, ys, breaks


def _values(mark: Curve | Range) -> Iterator[float]:
    for value in (*mark.low, *mark.high) if isinstance(mark, Range) else mark.values:
        if value is not None and math.isfinite(value):
            yield value


def _levels(low: float, high: float, deep: int, digits: int, sign: bool) -> list[tuple[float, str]]:
    """Levels with their words, each in a row of its own."""
    count = max(min((deep + 2) // 3, 7), 2)
    levels = [low + (high - low) * n / (count - 1) for n in range(count)]
    return [(level, fmt.number(level, digits, sign)) for level in levels]


def _times(start: int, end: int, width: int) -> list[tuple[float, str]]:
    """(seconds from the left edge, HH:MM[:SS]) at round times of the day, as many as have room."""
    span_s = (end - start) / S
    for step in STEPS_S:
        each = 8 if step < 60 else 5
        if span_s / step * (each + 3) <= width:
            break
    first = -(-start // (step * S)) * step * S
    found = []
    for ts in range(first, end + 1, step * S):
        at = (ts - start) / S
        if each / 2 / width * span_s <= at <= span_s - each / 2 / width * span_s:  # whole, inside the edges
            found.append((at, fmt.clock(ts)[:each]))
    return found or [(0.0, fmt.clock(start)[:5])]


# --- and how its answer is read --------------------------------------------------------------------------------------
def _row(text: str, styles: Sequence[str]) -> Line:
    """A row of cells with our styles; what has no colour is a label of an axis."""
    line, style, at = Line(), "dim", 0
    for code in _CODE.finditer(text):
        line.add(text[at : code.start()], style)
        at = code.end()
        number = re.fullmatch(r"38;5;(\d+)", code[1])
        style = styles[int(number[1]) - INK] if number else "dim"
    return line.add(text[at:], style)
