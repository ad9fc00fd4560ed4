"""Fill rate and execution quality of the last hour: slippage, markout, maker share, rejects, REST errors (S3-74)."""

from __future__ import annotations

from screens import format as fmt
from screens.view import View
from screens.widgets.lines import Line
from screens.widgets.pane import Drawn


def _bps(value: float | None) -> tuple[str, str]:
    return (fmt.number(value, 2, True), "dim" if value is None else "up" if value >= 0 else "down")


def draw(view: View, width: int, height: int) -> Drawn:
    snap = view.snapshot
    assert snap is not None
    e, theme = snap.execution, view.theme
    room = max(min(width - 26, 16), 0)
    lines = [
        Line(("fill rate ", "label"), (fmt.percent(e.fill_rate), "value" if e.fill_rate is not None else "dim"))
        .add("  " + fmt.bar(e.fill_rate, room, theme.ascii_only) if room and e.fill_rate is not None else "", "line")
        .right(Line((f"n={e.n_orders}", "dim")), width),
        Line(("buy ", "label"), (fmt.percent(e.fill_rate_buy), "buy"), ("  sell ", "label"))
        .add(fmt.percent(e.fill_rate_sell), "sell")
        .right(Line(("fills ", "label"), (str(e.n_fills), "text")), width),
        Line(("maker ", "label"), (fmt.percent(e.maker_share, 0), "text"), ("  slip ", "label"))
        .add(*_bps(e.slippage_bps)).add("bp  adverse ", "label").add(fmt.percent(e.adverse_rate, 0)),
    ]  # fmt: skip
    marks = Line(("markout", "label"))
    for seconds, value in e.markout_bps:
        cell = Line((f" {seconds:g}s ", "dim"), _bps(value))
        if marks.width + cell.width > width:
            break
        marks.extend(cell)
    lines.append(marks if e.markout_bps else Line(("markout ", "label"), (fmt.UNKNOWN, "dim")))
    rejects = Line(
        ("rejects ", "label"), (fmt.percent(e.reject_rate), "warn" if (e.reject_rate or 0) > 0.05 else "text")
    )
    for name, count in sorted(e.rejects, key=lambda item: -item[1]):
        cell = f"  {name} {count}"
        if rejects.width + len(cell) > width:
            break
        rejects.add(cell, "dim")
    lines.append(rejects)
    odd = Line(("unknown ", "label"), (str(e.unknown), "crit" if e.unknown else "text"))
    odd.add("  supp ", "label").add(fmt.short(e.suppressed) if e.suppressed > 9999 else str(e.suppressed))
    odd.add("  drop ", "label").add(str(e.dropped), "warn" if e.dropped else "text")
    lines.append(odd)
    if height > len(lines) + 1 and e.by_layer:
        lines.append(Line(("fill rate by layer", "label")))
        for layer, rate in e.by_layer[: height - len(lines)]:
            wide = max(width - 14, 4)
            lines.append(
                Line((f"{layer + 1:>3} ", "dim"), (fmt.bar(rate, wide, theme.ascii_only), "line"))
                .add(f"  {fmt.percent(rate)}", "text")
            )  # fmt: skip
    return Drawn(lines[:height], "1h")
