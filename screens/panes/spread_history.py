"""The chart of one window of the past: a spread with its bands, the mid with our quotes, or the PnL of the round.

Drawn by plotext once for each page and size; between two pages the same rows are shown again.
"""

from __future__ import annotations

from functools import lru_cache

from core.domain.history_page import HistoryPage
from screens.charts import LEAST_WIDTH, Curve, Range, room, scale, time_chart
from screens.theme import Theme
from screens.widgets.charts import Series, line_chart
from screens.widgets.lines import Line

S = 1_000_000_000
WINDOWS: tuple[tuple[str, int], ...] = (("5m", 300), ("1h", 3_600), ("4h", 14_400), ("24h", 86_400))
POINTS = 150  # of a chart: about two in a cell of its pane
EVERY = 150  # a window is asked for again after this part of it, but not more than every 2 s
SLOWEST_NS = 15 * S


def every_ns(window_s: int) -> int:
    """How often a window is asked for."""
    return min(max(window_s * S // EVERY, 2 * S), SLOWEST_NS)


def covering(elapsed_ns: int) -> int:
    """Seconds of the shortest window that shows all of it, the longest where none does."""
    return next((seconds for _, seconds in WINDOWS if seconds * S >= elapsed_ns), WINDOWS[-1][1])


def digits_of(low: float, high: float) -> int:
    """Decimals that tell the levels of a scale apart."""
    room = high - low
    return 0 if room > 200 else 1 if room > 4 else 2 if room > 0.4 else 3


@lru_cache(maxsize=8)
def spread(page: HistoryPage, width: int, height: int, theme: Theme, names: tuple[str, str, str]) -> tuple[Line, ...]:
    """Value, upper, lower and middle level, each named at its last place; nothing without values or without room."""
    gap = gap_ns(page)
    levels = (page.upper, "sell"), (page.lower, "buy"), (page.middle, "band")
    marks: list[Curve | Range] = [Range(page.ts, page.low, page.high, "band")]
    marks += [Curve(page.ts, values, style, dashed=True, gap_ns=gap) for values, style in levels]
    marks.append(Curve(page.ts, page.last, "line", gap_ns=gap))
    words = []
    for name, (values, style) in zip(names, levels):
        level = next((v for v in reversed(values) if v is not None), None)
        if level is not None:
            words.append((name, level, "label" if style == "band" else style))
    return _drawn(page, marks, width, height, theme, page.unit == "bp", tuple(words))


@lru_cache(maxsize=8)
def money(page: HistoryPage, started: int, width: int, height: int, theme: Theme, style: str) -> tuple[Line, ...]:
    """Net PnL since `started` (the round's begin): lowest and highest of each bucket, and the line of the last ones."""
    inside = [n for n, ts in enumerate(page.ts) if ts >= started]
    ts, low, high, last = (
        tuple(row[n] for n in inside)
        for row in (page.ts, page.low, page.high, page.last)  # type: ignore[misc]
    )
    marks: list[Curve | Range] = [Range(ts, low, high, "band"), Curve(ts, last, style, gap_ns=gap_ns(page))]
    return _drawn(page, marks, width, height, theme, True, (), started)


def gap_ns(page: HistoryPage) -> int:
    """A longer step between two buckets is a gap: no line leads over it."""
    return max(page.bucket_s * 3 // 2, 3) * S


def _drawn(
    page: HistoryPage, marks: list[Curve | Range], width: int, height: int, theme: Theme, sign: bool,
    names: tuple[tuple[str, float, str], ...], since: int = 0,
) -> tuple[Line, ...]:  # fmt: skip
    bounds = scale(marks)
    if bounds is None:
        return ()
    span = max(page.until - page.window_s * S, since), page.until
    digits = digits_of(*bounds)
    if room(width, height):
        return tuple(time_chart(marks, span, width, height, theme, digits, sign, names))
    series = [Series(_columns(mark, span), mark.style, mark.dashed) for mark in marks if isinstance(mark, Curve)]
    return tuple(line_chart(series, width, height, theme, digits, labels=width >= LEAST_WIDTH))


def _columns(curve: Curve, span: tuple[int, int]) -> list[float | None]:
    """The newest value of each column of a chart without room for axes; a column without one is a gap."""
    out: list[float | None] = [None] * POINTS
    for ts, value in zip(curve.ts, curve.values):
        at = (ts - span[0]) * POINTS // (span[1] - span[0])
        if 0 <= at < POINTS and value is not None:
            out[at] = value
    return out
