"""This round's money of a pair by source: spread, trend, carry, fees, execution; their sum must be the net (S1-61)."""

from __future__ import annotations

from core.domain.pair_picture import PairRow, PairSplit
from screens import format as fmt
from screens.theme import profit_sign, profit_style
from screens.view import View
from screens.widgets.lines import Line
from screens.widgets.pane import Drawn
from screens.widgets.table import pairs

CENT = 1e-6  # floats of amounts in 1e-8


def adds_up(split: PairSplit) -> bool:
    parts = split.spread + split.trend + split.carry - split.fees + split.execution
    return abs(parts - split.net) <= CENT


def _money(view: View, value: float) -> tuple[str, str]:
    digits = 2 if not value or abs(value) >= 0.01 else 4
    return fmt.number(value, digits, True) + profit_sign(view.theme, value, digits), profit_style(value)


def _parts(split: PairSplit) -> tuple[tuple[str, float], ...]:
    return (
        ("spread", split.spread), ("trend", split.trend), ("carry", split.carry), ("fees", -split.fees),
        ("execution", split.execution), ("net", split.net),
    )  # fmt: skip


def row(view: View, pair: PairRow, width: int) -> Line:
    """The same in a row: net first; a sum that fails before everything."""
    line = Line() if adds_up(pair.split) else Line(("SUM BROKEN ", "crit"))
    for name, value in (_parts(pair.split)[-1], *_parts(pair.split)[:-1]):
        text, style = _money(view, value)
        if name == "net":
            part = Line(("PnL ", "label"), (text, style))
        else:  # the sign says what the shape says
            part = Line((f" {name[:6].removesuffix('ut')} ", "label"), (text[:-1], style))
        if line.width + part.width <= width:
            line.extend(part)
    return line


def draw(view: View, pair: PairRow, width: int, height: int) -> Drawn:
    split = pair.split
    items = [(name, *_money(view, value)) for name, value in _parts(split)]
    sound = adds_up(split)
    lines = pairs(items, width, 16 if height < 4 and width < 72 else 24)
    tail = Line(("net = the five above ", "label"), ("ok", "ok") if sound else ("BROKEN", "crit"))
    if not sound:
        lines.insert(0, tail)
    elif height > len(lines):
        lines.append(tail)
    return Drawn(lines[:height], f"{pair.episodes} episodes", "dim" if sound else "crit")
