"""Spread bands: one series between its bands, or our quotes round the mid, as a line chart with its scale."""

from __future__ import annotations

from screens import format as fmt
from screens.view import STALE, View
from screens.widgets.charts import Series, bounds, line_chart
from screens.widgets.lines import Line
from screens.widgets.pane import Drawn


def _digits(low: float, high: float) -> int:
    room = high - low
    return 0 if room > 200 else 1 if room > 4 else 2 if room > 0.4 else 3


def _period(ts: tuple[int, ...]) -> int:
    """The usual distance of two points, at least a second."""
    return max((ts[-1] - ts[0]) // (len(ts) - 1), 1_000_000_000) if len(ts) > 1 else 1_000_000_000


def draw(view: View, width: int, height: int) -> Drawn:
    snap = view.snapshot
    assert snap is not None
    chart = snap.chart
    series = [
        Series(chart.upper, "sell", dashed=True),
        Series(chart.lower, "buy", dashed=True),
        Series(chart.value, "line"),
    ]
    scale = bounds(series)
    if scale is None:
        return Drawn([Line(("no prices yet", "dim"))], chart.unit)
    age = view.age_ns(chart.ts[-1]) if chart.ts else None
    stale = view.freshness(age, _period(chart.ts)) == STALE
    digits = _digits(*scale)
    upper = next((v for v in reversed(chart.upper) if v is not None), None)
    lower = next((v for v in reversed(chart.lower) if v is not None), None)
    legend = Line((f"{view.theme.sign('grid')}{chart.upper_name} ", "sell"), (fmt.number(upper, digits), "text"))
    legend.add(f"  {view.theme.sign('h')}now ", "line").add(
        ("?" if stale else "") + fmt.number(chart.now, digits), "value"
    )
    legend.add(f"  {view.theme.sign('grid')}{chart.lower_name} ", "buy").add(fmt.number(lower, digits))
    if chart.z is not None:
        legend.add("  z ", "label").add(fmt.number(chart.z, 1, True), "value")
    if len(chart.ts) > 1:
        legend.right(Line((f"{fmt.age(chart.ts[-1] - chart.ts[0])} {view.theme.sign('now')}", "dim")), width)
    if height < 3:
        return Drawn([legend], chart.unit, "dim", age, stale)
    lines = line_chart(series, width, height - 1, view.theme, digits)
    return Drawn([*lines, legend], f"{chart.title} {chart.unit}".strip(), "dim", age, stale)
