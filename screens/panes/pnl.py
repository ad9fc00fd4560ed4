"""Profit of the running round: the curve, its split, and whether the identity net = price - fees + funding holds."""

from __future__ import annotations

from core.domain.history_page import HistoryPage
from screens import format as fmt
from screens.panes import spread_history
from screens.theme import profit_sign, profit_style
from screens.view import View
from screens.widgets.lines import Line
from screens.widgets.pane import Drawn


def _money(value: float) -> tuple[str, str]:
    return fmt.number(value, 2 if not value or abs(value) >= 0.01 else 4, True), profit_style(value)


def draw(view: View, width: int, height: int, curve: HistoryPage | None = None) -> Drawn:
    """`curve`: the round so far with a time axis, where there is room for one."""
    snap = view.snapshot
    assert snap is not None
    p, theme = snap.pnl, view.theme
    net, style = _money(p.net)
    head = Line((net, "value"), (" " + profit_sign(theme, p.net), style), ("  day ", "label"), _money(p.day))
    head.right(Line(("equity ", "label"), (fmt.number(p.equity, 2), "value")), width)
    lines = [head]
    deep = max(height - 5, 1)
    tint = style if style != "text" else "line"
    past = spread_history.money(curve, snap.round.started, width, deep, theme, tint) if curve and deep >= 5 else ()
    if past:
        lines += past
    elif deep >= 3 and len(p.spark) > 1:
        from screens.widgets.charts import Series, line_chart

        lines += line_chart([Series(p.spark, tint)], width, deep, theme, 2)
    else:
        lines.append(
            Line((fmt.blocks(p.spark, width, theme.ascii_only) or "no curve yet", style if p.spark else "dim"))
        )
    split = Line()
    for label, value in (("price", p.price), ("fees", -p.fees), ("fund", p.funding)):
        split.add(f"{label} ", "label").add(*_money(value)).add(" ")
    lines.append(split)
    parts = Line(("realised ", "label"), _money(p.realised), (" unreal ", "label"), _money(p.unrealised))
    lines.append(parts)
    drawdown = Line(
        ("drawdown ", "label"), (fmt.percent(abs(p.drawdown), 2), drawdown_style(p.drawdown, p.drawdown_limit))
    )
    drawdown.add(" max ", "label").add(fmt.percent(abs(p.max_drawdown), 2), "text")
    if p.drawdown_limit is not None:
        drawdown.add(" limit ", "label").add(fmt.percent(p.drawdown_limit), "dim")
    lines.append(drawdown)
    identity = Line(("net = price - fees + funding ", "label"), ("ok", "ok") if p.identity_ok else ("BROKEN", "crit"))
    if not p.identity_ok:
        lines.insert(1, identity)
    elif height > len(lines):
        lines.append(identity)
    return Drawn(lines[:height], f"round {snap.round.number}" if snap.round.number else "")


def drawdown_style(now: float, limit: float | None) -> str:
    """crit at the limit, warn from 60 % of it."""
    if not limit:
        return "text"
    used = abs(now) / limit
    return "crit" if used >= 1 else "warn" if used >= 0.6 else "text"
