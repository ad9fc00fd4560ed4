"""Execution screen: fill rates of the last hour, all and by side, how long a fill takes, and by grid layer as bars."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.snapshot import Execution
from screens import format as fmt
from screens.view import View
from screens.widgets.lines import Line
from screens.widgets.pane import Drawn

LABEL, RATE = 9, 6


def _rate(view: View, label: str, rate: float | None, n: int | None, style: str, width: int) -> Line:
    line = Line((label.ljust(LABEL), "label"), (fmt.percent(rate).rjust(RATE), "dim" if rate is None else style))
    tail = Line(("" if n is None else f"n={n}", "dim"))
    room = width - line.width - 8
    if room >= 4 and rate is not None:
        line.add("  " + fmt.bar(rate, room - 2, view.theme.ascii_only), "line")
    return line.right(tail, width)


def _sides(e: Execution) -> Line:
    """Both sides in one row."""
    line = Line(("buy ", "label"), (fmt.percent(e.fill_rate_buy), "buy"), ("  sell ", "label"))
    return line.add(fmt.percent(e.fill_rate_sell), "sell")


def _cost(e: Execution) -> Line:
    """Maker share and mean slippage, where their pane is not shown."""
    line = Line(("maker ", "label"), (fmt.percent(e.maker_share, 0), "text"), ("  slippage ", "label"))
    text = fmt.number(e.slippage_bps, 2, True)
    return line.add(text if text == fmt.UNKNOWN else text + "bp", "dim" if text == fmt.UNKNOWN else "text")


def _inline(rates: Sequence[tuple[int, float | None]], width: int) -> Line:
    """The layers' rates in one row, the nearest layer first, as many as have room."""
    line = Line(("layers ", "label"))
    for at, (_, rate) in enumerate(rates):
        cell = ("" if at == 0 else " ") + fmt.percent(rate, 0)
        if line.width + len(cell) > width:
            break
        line.add(cell, "text")
    return line


def draw(view: View, width: int, height: int, cost: bool = False) -> Drawn:
    """`cost`: maker share and slippage too, where no pane of theirs is shown."""
    snap = view.snapshot
    assert snap is not None
    e = snap.execution
    lines = [_rate(view, "all", e.fill_rate, e.n_orders, "value", width)]
    if height > 5:
        lines.append(_rate(view, "buy", e.fill_rate_buy, e.n_buy, "buy", width))
        lines.append(_rate(view, "sell", e.fill_rate_sell, e.n_sell, "sell", width))
        times = Line(("time to fill ", "label"), ("p50 ", "dim"), (fmt.span_ns(e.fill_p50_ns), "text"))
        lines.append(times.add("  p95 ", "dim").add(fmt.span_ns(e.fill_p95_ns), "text"))
    else:
        lines.append(_sides(e))
    if cost:
        lines.append(_cost(e))
    room = height - len(lines)
    if room == 1 and len(e.by_layer) > 1:
        lines.append(_inline(e.by_layer, width))
    elif room > 0:
        counts = [*e.layer_n, *[None] * len(e.by_layer)]
        rows = [
            _rate(view, f"layer {layer + 1}", rate, n, "text", width) for (layer, rate), n in zip(e.by_layer, counts)
        ]
        if len(rows) > room:
            rows = [*rows[: room - 1], Line((f"… {len(rows) - room + 1} more, outer layers", "dim"))]
        lines += rows
    return Drawn(lines[:height], "1h")
