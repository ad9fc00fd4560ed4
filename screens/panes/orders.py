"""Open orders, best price first: asks above bids as in a book, with the queue ahead and the state."""

from __future__ import annotations

from core.domain.snapshot import OrderRow
from screens import format as fmt
from screens.sorting import headed, ordered
from screens.view import View
from screens.widgets.lines import Line, Span
from screens.widgets.pane import Drawn
from screens.widgets.table import Column, table

COLUMNS = (
    Column("id", rank=2), Column("venue", rank=6), Column("side"), Column("px", True), Column("qty", True),
    Column("left", True, 7), Column("age", True, 4), Column("queue", True, 1), Column("what", rank=3),
    Column("state", rank=5),
)  # fmt: skip

KEYS = {"px": lambda row: row.price, "qty": lambda row: row.left, "age": lambda row: row.age_s}

LADDER = (
    Column("id", rank=1), Column("px", True), Column("qty", True), Column("queue", True, 2), Column("age", True, 3),
    Column("what", rank=4), Column("state", rank=5),
)  # fmt: skip


def side_style(side: str) -> str:
    return "buy" if side == "BUY" else "sell"


def cells(view: View, row: OrderRow) -> list[Span]:
    """One order as a row of the table."""
    unknown = row.state.upper() == "UNKNOWN"
    return [
        (row.id, "text" if row.ours else "warn"),
        (row.venue, "dim"),
        (("▲ " if row.side == "BUY" else "▼ ") + row.side, side_style(row.side)),
        (fmt.number(row.price, row.price_digits), "text"),
        (fmt.number(row.size, row.size_digits), "text"),
        (fmt.number(row.left, row.size_digits), "text"),
        (fmt.age(round(row.age_s * 1e9)), "dim"),
        (fmt.number(row.queue, 2), "text" if row.queue is not None else "dim"),
        (row.key if row.ours else "FOREIGN", "dim" if row.ours else "warn"),
        (row.state, "warn" if unknown else "dim"),
    ]


def nearest(orders: tuple[OrderRow, ...]) -> list[OrderRow]:
    """UNKNOWN first (it needs eyes), then in turns the nearest to the middle of each side."""
    asks = sorted((row for row in orders if row.side != "BUY"), key=lambda row: row.price)
    bids = sorted((row for row in orders if row.side == "BUY"), key=lambda row: -row.price)
    mixed = [row for pair in zip(bids, asks) for row in pair]
    mixed += bids[len(asks) :] + asks[len(bids) :]
    return sorted(mixed, key=lambda row: row.state.upper() != "UNKNOWN")


def draw(view: View, width: int, height: int) -> Drawn:
    snap = view.snapshot
    assert snap is not None
    bids = sum(row.side == "BUY" for row in snap.orders)
    unknown = sum(row.state.upper() == "UNKNOWN" for row in snap.orders)
    note = f"{len(snap.orders)} open  {bids} buy  {len(snap.orders) - bids} sell"
    if unknown:
        note = f"{unknown} UNKNOWN  " + note
    if not snap.orders:
        return Drawn([Line(("no open orders", "dim"))], "0 open")
    sort = view.sorts.get("orders")
    chosen = ordered(snap.orders, sort, KEYS)
    if chosen is not None:
        columns = headed(COLUMNS, sort, view.theme)
        return Drawn(table(columns, [cells(view, row) for row in chosen], width, height)[:height], note)
    if len(snap.orders) > height - 1 and bids and bids < len(snap.orders) and width >= 50:
        return Drawn(_ladder(view, snap.orders, width, height), note, "warn" if unknown else "dim")
    rows = sorted(nearest(snap.orders)[: max(height - 2, 1)], key=lambda row: -row.price)
    if len(snap.orders) <= height - 1:
        rows = sorted(snap.orders, key=lambda row: -row.price)
    lines = table(COLUMNS, [cells(view, row) for row in rows], width, height)
    if len(rows) < len(snap.orders):
        lines.append(Line((f"… {len(snap.orders) - len(rows)} more, outer layers", "dim")))
    return Drawn(lines[:height], note, "warn" if unknown else "dim")


def _ladder(view: View, orders: tuple[OrderRow, ...], width: int, height: int) -> list[Line]:
    """Bids left, asks right, the nearest to the middle on top; no header where there is no room for it."""
    half = (width - 3) // 2
    sides = []
    for side, name in (("BUY", "bid px"), ("SELL", "ask px")):
        rows = [row for row in nearest(orders) if row.side == side]
        columns = [Column(name if column.name == "px" else column.name, column.right, column.rank) for column in LADDER]
        at = [[c.name for c in COLUMNS].index(column.name) for column in LADDER]
        cell_rows = [[cells(view, row)[i] for i in at] for row in rows]
        for row in cell_rows:
            row[1] = (row[1][0], side_style(side))
        lines = table(columns, cell_rows, half, len(rows) + 1, 1)
        sides.append(lines if height > 3 else lines[1:])
    out = []
    for y in range(min(max(map(len, sides)), height)):
        left, right = (one[y] if y < len(one) else Line() for one in sides)
        out.append(Line().extend(left).pad(half).add(f" {view.theme.sign('sep')} ", "faint").extend(right))
    return out
