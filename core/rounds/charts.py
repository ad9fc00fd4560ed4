"""The picture beside the report: equity, inventory, mid with our fills, drawdown, as plain SVG text.

Written by hand: four line charts need no library. Data is escaped for XML; no script, no link, no outside file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.rounds.facts import RoundFacts
from core.rounds.figures import clock_time
from core.rounds.markdown import plain
from core.rounds.report import title

WIDTH, PANEL, GAP, LEFT, RIGHT, TOP = 960, 170, 34, 86, 18, 48
INK, GRID, PAPER, MUTED = "#1d2430", "#e3e6ea", "#ffffff", "#6b7380"
BLUE, RED, GREEN, PURPLE = "#2563a8", "#c2362b", "#1a8a54", "#7a4fa3"

Series = Sequence[float | None]


def xml(value: object) -> str:
    """Text from data for XML."""
    text = plain(value)
    for a, b in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;")):
        text = text.replace(a, b)
    return text


def svg(facts: RoundFacts) -> str:
    """One SVG of four panels over the time of the round; a panel without samples says so."""
    path, first = facts.path, facts.ledgers[0] if facts.ledgers else None
    base = first.base if first is not None else ""
    height = TOP + 4 * (PANEL + GAP)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="DejaVu Sans, Helvetica, Arial, sans-serif" font-size="12">',
        f"<title>{xml(title(facts))}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="{PAPER}"/>',
        f'<text x="{LEFT}" y="24" font-size="16" font-weight="bold" fill="{INK}">{xml(_heading(facts))}</text>',
    ]
    panels: list[tuple[str, Series, str, int, float | None]] = [
        (f"Equity, {facts.quote}", path.equity, BLUE, 2, path.equity[0] if path.equity else None),
        (f"Inventory, {base}", path.pos, PURPLE, first.size_digits if first else 3, 0.0),
        ("Mid with fills (blue bought, red sold)", path.mid, MUTED, first.price_digits if first else 2, None),
        ("Drawdown, %", [d * 100 for d in path.drawdown], RED, 2, 0.0),
    ]
    for k, (name, values, colour, digits, base_line) in enumerate(panels):
        out += _panel(facts, TOP + k * (PANEL + GAP), name, values, colour, digits, base_line, fills=k == 2)
    return "\n".join([*out, "</svg>", ""])


def _heading(facts: RoundFacts) -> str:
    net = facts.money.net / 1e8
    return f"Round {facts.ending.number}  {net:+.4f} {facts.quote}  {facts.ending.verdict}"


def _range(values: Series, base_line: float | None) -> tuple[float, float]:
    known = [v for v in values if v is not None] + ([base_line] if base_line is not None else [])
    low, high = min(known), max(known)
    pad = (high - low) * 0.06 or max(abs(high) * 1e-4, 1e-9)
    return low - pad, high + pad


def _panel(
    facts: RoundFacts,
    y0: int,
    name: str,
    values: Series,
    colour: str,
    digits: int,
    base_line: float | None,
    fills: bool,
) -> list[str]:
    y1, x1 = y0 + PANEL, WIDTH - RIGHT
    out = [f'<text x="{LEFT}" y="{y0 - 5}" fill="{INK}">{xml(name)}</text>']
    out.append(f'<rect x="{LEFT}" y="{y0}" width="{x1 - LEFT}" height="{PANEL}" fill="none" stroke="{GRID}"/>')
    ts = facts.path.ts
    if len(ts) < 2 or all(v is None for v in values):
        middle = (LEFT + x1) // 2
        out.append(f'<text x="{middle}" y="{y0 + PANEL // 2}" text-anchor="middle" fill="{MUTED}">no samples</text>')
        return out
    low, high = _range(values, base_line)
    digits = max(digits, min(8, 1 - math.floor(math.log10((high - low) / 4))))
    t0, t1 = ts[0], max(ts[-1], ts[0] + 1)

    def at(t: int, v: float) -> tuple[float, float]:
        return LEFT + (t - t0) / (t1 - t0) * (x1 - LEFT), y1 - (v - low) / (high - low) * PANEL

    for k in range(5):
        level = round(low + (high - low) * k / 4, digits) + 0.0  # no -0.00
        y = at(t0, level)[1]
        out.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{x1}" y2="{y:.1f}" stroke="{GRID}"/>')
        out.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="{MUTED}">{level:,.{digits}f}</text>')
        t = t0 + (t1 - t0) * k // 4
        x, anchor = at(t, low)[0], ("start", "middle", "middle", "middle", "end")[k]
        out.append(f'<text x="{x:.1f}" y="{y1 + 14}" text-anchor="{anchor}" fill="{MUTED}">{clock_time(t)}</text>')
    if base_line is not None:
        y = at(t0, base_line)[1]
        out.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{x1}" y2="{y:.1f}" stroke="{MUTED}" stroke-dasharray="4 3"/>')
    out += [
        f'<polyline points="{piece}" fill="none" stroke="{colour}" stroke-width="1.4"/>'
        for piece in _pieces([None if v is None else at(t, v) for t, v in zip(ts, values, strict=True)])
    ]
    if fills:
        for mark in facts.fills:
            if t0 <= mark.ts <= t1 and low <= mark.price <= high:
                x, y = at(mark.ts, mark.price)
                ink = BLUE if mark.side == "BUY" else RED
                up = -4 if mark.side == "SELL" else 4
                out.append(f'<path d="M{x:.1f} {y:.1f}l-3 {up}h6z" fill="{ink}" fill-opacity="0.75"/>')
    return out


def _pieces(points: Sequence[tuple[float, float] | None]) -> list[str]:
    """Runs of known points; an unknown one breaks the line."""
    runs: list[list[str]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(f"{point[0]:.1f},{point[1]:.1f}")
    return [" ".join(run) for run in runs if len(run) > 1]
