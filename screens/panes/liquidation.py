"""Liquidation buffer: the distance of each position's mark to its liquidation price, the limits, the reduce bands."""

from __future__ import annotations

import math

from core.domain.snapshot import LimitRow
from screens import format as fmt
from screens.panes.positions import PERIOD_NS, buffer_style, buffer_text
from screens.view import STALE, View
from screens.widgets.lines import Line
from screens.widgets.pane import Drawn

WORDS = {"ok": "ok", "warn": "WARN", "crit": "CRIT", "dim": "--"}


def _limit(limit: LimitRow, width: int, ascii_only: bool) -> Line:
    used = limit.used
    mood = "dim" if used is None else "crit" if used >= 1 else "warn" if used >= 0.8 else "text"
    digits = 3 if limit.bound is not None and abs(limit.bound) < 1 else 1
    figures = Line((f"{fmt.number(limit.now, digits)} / {fmt.number(limit.bound, digits)}", mood))
    line = Line((fmt.shorten(limit.name, 12).ljust(12) + " ", "label"))
    room = width - line.width - figures.width - 1
    if used is not None and room >= 5:
        line.add(fmt.bar(used, min(room, 14), ascii_only), mood if mood != "text" else "band")
    return line.right(figures, width)


def draw(view: View, width: int, height: int) -> Drawn:
    snap = view.snapshot
    assert snap is not None
    theme = view.theme
    ascii_only = theme.ascii_only
    held = [row for row in snap.positions if row.size]
    worst = snap.buffer_min if held else None
    style = buffer_style(view, worst)
    ages = [age for row in held if (age := view.age_ns(row.ts)) is not None]
    oldest = max(ages, default=None)
    stale = bool(held) and view.freshness(oldest, PERIOD_NS) == STALE
    lines = []
    if not held:
        lines.append(Line(("no position, nothing to liquidate", "dim")))
    else:
        text = ("?" if stale else "") + buffer_text(worst)
        head = Line(("min ", "label"), (text, style if style != "ok" else "value"), (f" {WORDS[style]}", style))
        if snap.leverage is not None:
            head.right(Line(("lev ", "label"), (f"{snap.leverage:.2f}x", "text")), width)
        lines.append(head)
    names = fmt.distinct([(row.venue, row.symbol) for row in held])
    for row, place in list(zip(held, names))[: max(height - 3, 1)]:
        share = row.buffer if row.buffer is not None and not math.isinf(row.buffer) else None
        name = fmt.shorten(place, 10).ljust(10)
        full = 1.0 if row.buffer is not None and math.isinf(row.buffer) else share
        tail = Line((buffer_text(row.buffer).rjust(7), buffer_style(view, row.buffer)))
        price = fmt.number(row.liquidation, row.price_digits) if row.liquidation is not None else ""
        if price and width > 44:
            tail.add(f"  at {price}", "dim")
        wide = max(width - 11 - tail.width - 1, 3)
        gauge = fmt.bar(full, wide, ascii_only)
        lines.append(Line((name + " ", "text"), (gauge, buffer_style(view, row.buffer))).right(tail, width))
    limits = Line()
    for label, value in (("warn <", snap.buffer_warn), ("flatten <", snap.buffer_halt)):
        if value is not None:
            limits.add(f"{label} ", "label").add(fmt.percent(value) + "  ", "text")
    if limits.width and len(lines) < height:
        lines.append(limits)
    for limit in snap.limits:
        if len(lines) >= height - (1 if snap.bands else 0):
            break
        lines.append(_limit(limit, width, ascii_only))
    if snap.bands and len(lines) < height:
        line = Line(("bands ", "label"))
        for band in snap.bands:
            done = band.done
            line.add(f"-{band.loss:g}", "warn" if done else "text")
            line.add(f"{theme.sign('arrow')}{band.fraction:.0%}", "dim").add(" done  " if done else "  ", "warn")
        lines.append(line)
    return Drawn(lines[:height], "", "dim", oldest, stale)
