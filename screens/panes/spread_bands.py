"""Spread bands: a pair's spread between its bands, or our quotes round the mid, as a line chart with its scale."""

from __future__ import annotations

import msgspec

from core.domain.history_page import HistoryPage
from core.domain.pair_picture import PairRow
from core.domain.snapshot import Chart
from screens import format as fmt
from screens import pair as words
from screens.panes import spread_history
from screens.panes.spread_history import WINDOWS, digits_of
from screens.view import STALE, View
from screens.widgets.charts import Series, bounds, line_chart
from screens.widgets.lines import Line
from screens.widgets.pane import Drawn


def _period(ts: tuple[int, ...]) -> int:
    """The usual distance of two points, at least a second."""
    return max((ts[-1] - ts[0]) // (len(ts) - 1), 1_000_000_000) if len(ts) > 1 else 1_000_000_000


def _lines(chart: Chart) -> list[Series]:
    return [
        Series(chart.upper, "sell", dashed=True),
        Series(chart.lower, "buy", dashed=True),
        Series(chart.value, "line"),
    ]


def _last(values: tuple[float | None, ...]) -> float | None:
    return next((v for v in reversed(values) if words.known(v)), None)


def _of(pair: PairRow, value: float | None, unit: str) -> float | None:
    """A spread in the unit of its chart."""
    return words.bps(pair, value) if unit == "bp" else value


def _legend(view: View, chart: Chart, digits: int, stale: bool, width: int, sign: bool,
            levels: tuple[float | None, float | None]) -> Line:  # fmt: skip
    grid = view.theme.sign("grid")

    def marked(text: str) -> str:
        return f"?{text}" if stale and text != fmt.UNKNOWN else text

    upper, lower = levels
    legend = Line((f"{grid}{chart.upper_name} ", "sell"), (fmt.number(upper, digits, sign), "text"))
    legend.add(f"  {view.theme.sign('h')}now ", "line").add(marked(fmt.number(chart.now, digits, sign)), "value")
    legend.add(f"  {grid}{chart.lower_name} ", "buy").add(fmt.number(lower, digits, sign))
    if chart.z is not None:
        legend.add("  z ", "label").add(marked(fmt.number(chart.z, 1, True)), "value")
    if len(chart.ts) > 1:
        legend.right(Line((f"{fmt.age(chart.ts[-1] - chart.ts[0])} {view.theme.sign('now')}", "dim")), width)
    return legend


def _of_window(view: View, page: HistoryPage | None, name: str, names: tuple[str, str, str], width: int,
               height: int) -> list[Line] | None:  # fmt: skip
    """The window that was asked for; None where the short chart of the picture shows as much."""
    if page is None or (page.name != name and page.window_s <= WINDOWS[0][1]):
        return None
    if page.name != name or not page.until:
        return [Line(("asking the core for the window", "dim"))]
    if not page.ts:
        return [Line(("no prices in this window", "dim"))]
    return list(spread_history.spread(page, width, height, view.theme, names))


def quotes(view: View, width: int, height: int, page: HistoryPage | None = None) -> Drawn:
    """The chart of a core without pairs: our quotes round the mid, or the mid itself over a longer window."""
    assert view.snapshot is not None
    quoter = view.snapshot.quoter
    past = _of_window(view, page, quoter.symbol, ("ask", "bid", "res."), width, height - 1)
    if past is not None:
        now = Line((f"{view.theme.sign('h')}mid ", "line"), (fmt.number(quoter.mid, quoter.price_digits), "value"))
        for label, price, style in (("ask ", quoter.best_ask, "sell"), ("bid ", quoter.best_bid, "buy"),
                                    ("reservation ", quoter.reservation, "label")):  # fmt: skip
            now.add(f"  {label}", style).add(fmt.number(price, quoter.price_digits), "text")
        return Drawn([*past, now][:height], f"{quoter.symbol} mid and our quotes, UTC")
    chart = view.snapshot.chart
    series = _lines(chart)
    scale = bounds(series)
    if scale is None:
        return Drawn([Line(("no prices yet", "dim"))], chart.unit)
    age = view.age_ns(chart.ts[-1]) if chart.ts else None
    stale = view.freshness(age, _period(chart.ts)) == STALE
    digits = digits_of(*scale)
    legend = _legend(view, chart, digits, stale, width, False, (_last(chart.upper), _last(chart.lower)))
    if height < 3:
        return Drawn([legend], chart.unit, "dim", age, stale)
    lines = line_chart(series, width, height - 1, view.theme, digits)
    return Drawn([*lines, legend], f"{chart.title} {chart.unit}".strip(), "dim", age, stale)


def _estimates(view: View, pair: PairRow, unit: str, width: int) -> Line:
    """Mean, sigma, half-life; while there are no bands, how many samples are still wanted (S1-19)."""
    ready = words.known(pair.lower) and words.known(pair.upper)
    samples = f"{pair.samples}/{pair.samples_wanted}"
    line = Line() if ready else Line(("no bands yet ", "warn"), ("samples ", "label"), (samples, "text"))
    half = fmt.age(fmt.ns_of(pair.half_life_s))
    sigma = fmt.number(words.bps(pair, pair.sigma), 2) if unit == "bp" else fmt.number(pair.sigma, pair.price_digits)
    items = [("mean ", words.in_unit(pair, pair.mean, unit)), ("sigma ", sigma), ("half-life ", half)]
    if ready:
        items.append(("n ", samples))
    for label, text in items:
        if line.width + 2 + len(label) + len(text) <= width:
            line.add("  " if line.width else "").add(label, "label").add(text, "text")
    return line


def of_pair(view: View, at: int, width: int, height: int, page: HistoryPage | None = None) -> Drawn:
    """Spread of pair `at` over the window of `page`. Without one: the short chart that the core keeps of the featured
    pair; another one gets its figures alone."""
    snap = view.snapshot
    assert snap is not None
    pair, chart = snap.pairs[at], snap.chart
    age, stale = words.oldest(view, pair)
    unit = chart.unit if at == words.featured(snap.pairs) else "bp"
    name = fmt.shorten(words.which(snap.pairs, at), max(width - 44, 12))  # beside title and STALE
    note = f"{name} price {pair.price_source} {unit}"
    below = [words.bands_line(view, pair, width), _estimates(view, pair, "bp", width)]
    past = _of_window(view, page, pair.name, ("UB", "LB", "mean"), width, height - len(below))
    if past is not None:
        return Drawn([*past, *below][:height], f"{name} price {pair.price_source} bp, UTC", "dim", age, stale)
    series = _lines(chart) if at == words.featured(snap.pairs) else []
    scale = bounds(series)
    if scale is None:
        rows = [words.bands_line(view, pair, width)]
        if words.known(pair.lower):
            rows.append(_estimates(view, pair, "bp", width))
        if at != words.featured(snap.pairs):
            rows.append(
                Line(("the chart is kept for ", "dim"), (words.which(snap.pairs, words.featured(snap.pairs)), "text"))
            )
        return Drawn(rows[:height], note, "dim", age, stale)
    point = view.age_ns(chart.ts[-1]) if chart.ts else None
    if view.freshness(point, _period(chart.ts)) == STALE:
        stale, age = True, max(age or 0, point or 0)
    chart = msgspec.structs.replace(chart, now=_of(pair, pair.spread, unit), z=pair.z)  # a point may be a second old
    mean = _of(pair, pair.mean, unit)
    mean = mean if words.known(mean) else None
    if mean is not None:
        series.insert(0, Series((mean,) * len(chart.value), "band", dashed=True))
    digits = digits_of(*(bounds(series) or scale))
    levels = _of(pair, pair.upper, unit), _of(pair, pair.lower, unit)
    legend = _legend(view, chart, digits, stale, width, True, levels)
    if height < 3:
        return Drawn([legend], note, "dim", age, stale)
    below = [legend, _estimates(view, pair, unit, width)]
    if height < 5:
        below = below[:1] if words.known(pair.lower) else below[1:]
    named = 6 if width >= 60 else 0  # room for the names of the levels
    deep = height - len(below)
    lines = line_chart(series, width - named, deep, view.theme, digits)
    if named:
        low, high = bounds(series) or scale
        for name, level, style in ((chart.upper_name, _last(chart.upper), "sell"),
                                   (chart.lower_name, _last(chart.lower), "buy"), ("mean", mean, "label")):  # fmt: skip
            if level is not None:
                row = lines[round((high - level) / (high - low) * (deep * 4 - 1)) // 4]
                if row.width <= width - named:
                    row.pad(width - named + 1).add(name, style)
    return Drawn([*lines, *below], note, "dim", age, stale)


def draw(view: View, width: int, height: int) -> Drawn:
    snap = view.snapshot
    assert snap is not None
    if snap.pairs:
        return of_pair(view, words.featured(snap.pairs), width, height)
    return quotes(view, width, height)
