"""Both legs of a pair as rows, then net delta and residual against its cap; on request its money in a row."""

from __future__ import annotations

import math

from core.domain.pair_picture import LegRow, PairRow
from core.domain.snapshot import PositionRow
from screens import format as fmt
from screens import pair as words
from screens.panes import pair_money
from screens.panes.positions import PERIOD_NS, buffer_style, buffer_text
from screens.theme import profit_sign, profit_style
from screens.view import OLD, STALE, View
from screens.widgets.lines import Line, Span
from screens.widgets.pane import Drawn
from screens.widgets.table import Column, table

COLUMNS = (
    Column("venue"), Column("symbol", rank=6), Column("side", rank=3), Column("size", True), Column("entry", True),
    Column("price", True), Column("pnl", True, 1), Column("stop", True), Column("liq px", True, 5),
    Column("liq%", True), Column("orders", True, 2), Column("book", True),
)  # fmt: skip


def position(view: View, leg: LegRow) -> PositionRow | None:
    """The account's own row of this leg: the liquidation price is the venue's word, not the pair's."""
    rows = view.snapshot.positions if view.snapshot is not None else ()
    return next((row for row in rows if (row.venue, row.symbol) == (leg.venue, leg.symbol)), None)


def _liquidation(view: View, leg: LegRow) -> tuple[Span, Span]:
    """Price and buffer; a flat leg has none, one that is not known is `--`."""
    if not leg.size:
        return ("-", "dim"), ("-", "dim")
    row = position(view, leg)
    if row is None:
        return (fmt.UNKNOWN, "dim"), (fmt.UNKNOWN, "dim")
    none = row.buffer is not None and math.isinf(row.buffer)
    price = "none" if none and row.liquidation is None else fmt.number(row.liquidation, row.price_digits)
    text, style = buffer_text(row.buffer), buffer_style(view, row.buffer)
    old = view.freshness(view.age_ns(row.ts), PERIOD_NS) == STALE and text != fmt.UNKNOWN
    return (price, "dim"), ("?" + text if old else text, style)


def _row(view: View, pair: PairRow, leg: LegRow) -> list[Span]:
    fresh = words.leg_freshness(view, leg)
    old = fresh == STALE
    price = fmt.number(leg.price, leg.price_digits)
    if old and price != fmt.UNKNOWN:
        price = "?" + price
    # a flat leg has no entry and no profit; that is not an unknown one
    entry = fmt.number(leg.entry, leg.price_digits) if leg.size else "-"
    pnl = fmt.percent(leg.pnl, 2, True) if leg.size else "-"
    if leg.size and leg.pnl is not None:
        pnl = ("?" if old else "") + pnl + profit_sign(view.theme, leg.pnl)
    age = fmt.age(words.leg_age(view, leg))
    price_at, buffer = _liquidation(view, leg)
    return [
        (leg.venue, "text"),
        (leg.symbol, "text"),
        (leg.side, "label"),
        (fmt.number(leg.size, leg.size_digits, bool(leg.size)), words.side_style(leg)),
        (entry, "text"),
        (price, "stale" if old else "text"),
        (pnl, "stale" if old or not leg.size else profit_style(leg.pnl)),
        words.stop_text(pair, leg),
        price_at,
        buffer,
        (str(leg.orders), "warn" if leg.orders else "dim"),
        (f"{age} DOWN", "crit")
        if leg.down
        else (age + (" STALE" if old else " ok"), "warn" if old else "old" if fresh == OLD else "ok"),
    ]


def draw(view: View, pair: PairRow, width: int, height: int, money: bool = False) -> Drawn:
    """`money`: with the PnL by source as last row, where its own pane is not shown."""
    lines = table(COLUMNS, [_row(view, pair, leg) for leg in pair.legs], width, 3, 1 if width < 90 else 2)
    share, style = words.residual(pair)
    digits = max(leg.size_digits for leg in pair.legs)
    line = Line(("net ", "label"), (f"{fmt.number(pair.net, digits, True)} {pair.base}", "value"))
    for label, text, look in (
        ("residual ", share, style), ("funding paid apr ", *words.guard(pair)), ("carry ", words.carry(pair), "text"),
    ):  # fmt: skip
        if line.width + 3 + len(label) + len(text) <= width:
            line.add("   ").add(label, "label").add(text, look)
    lines.append(line)
    if money:
        lines.append(pair_money.row(view, pair, width))
    age, stale = words.oldest(view, pair)
    return Drawn(lines[:height], f"prices {pair.price_source}", "dim", age, stale)
