"""What if the market moved now: profit, equity, liquidation buffers and the first limit on the way. Pure.

Linear perpetuals, every mark moves at once by the same share m, nothing is traded or closed on the way:

    mark'   = mark * (1 + m)
    PnL     = sum of size * mark * m            size signed: < 0 is short
    equity' = equity + PnL
    buffer' = s * (mark' - liquidation) / mark' s = +1 long, -1 short; at or below 0 the venue has closed the position

An isolated position keeps its liquidation price. So does a cross one alone on its venue; where several share the margin
of a venue, the price of each depends on the profit of the others and the maintenance of all: unknown here after a move.
A limit on money moves by its slope times the PnL of its owner's positions, so it is hit at
m = (bound - now) / (slope * sum of size * mark). A floor on the buffer is hit at mark' = liquidation / (1 - s * floor).
None is unknown and never becomes a number; inf is a position that no price liquidates.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.domain.limit_rows import BandRow, LimitRow
from core.domain.snapshot import PositionRow

MOVES = (-0.20, -0.10, -0.05, -0.02, 0.02, 0.05, 0.10, 0.20)


@dataclass(frozen=True)
class Hit:
    """A limit or a reduce band and the move at which it is hit; `at` None = it cannot be told."""

    name: str
    owner: str
    at: float | None


@dataclass(frozen=True)
class Outcome:
    """After one move. `buffers` and `past` in the order of the positions; `blind`: a limit could not be told."""

    move: float
    pnl: float | None  # quote
    equity: float | None
    buffers: tuple[float | None, ...]
    smallest: float | None  # None while one of them is unknown; inf = none can be liquidated
    past: tuple[bool | None, ...]
    first: Hit | None
    blind: bool


def what_if(
    positions: Sequence[PositionRow],
    equity: float | None,
    limits: Iterable[LimitRow] = (),
    bands: Iterable[BandRow] = (),
    moves: Sequence[float] = MOVES,
) -> tuple[Outcome, ...]:
    """One outcome for each move. Limits that are hit already are left out of `first`."""
    held = [row for row in positions if row.size]
    hits = [hit for hit in (*_money(held, limits), *_bands(held, bands), *_floors(held, limits)) if hit is not None]
    return tuple(_outcome(held, equity, hits, move) for move in moves)


def _outcome(held: Sequence[PositionRow], equity: float | None, hits: Sequence[Hit], move: float) -> Outcome:
    gained = profit(held, move)
    buffers = tuple(buffer(row, move, shared(held, row)) for row in held)
    on_the_way = [hit for hit in hits if hit.at is not None and hit.at * move > 0 and abs(hit.at) <= abs(move)]
    return Outcome(
        move=move,
        pnl=gained,
        equity=_sum(equity, gained),
        buffers=buffers,
        smallest=smallest(buffers),
        past=tuple(None if share is None else share <= 0 for share in buffers),
        first=min(on_the_way, key=lambda hit: abs(hit.at or 0.0), default=None),
        blind=bool(move) and any(hit.at is None for hit in hits),
    )


# --- positions --------------------------------------------------------------------------------------------------------
def notional(rows: Iterable[PositionRow]) -> float | None:
    """Signed size * mark of all rows, quote; None while a mark is unknown."""
    total = 0.0
    for row in rows:
        if row.mark is None:
            return None
        total += row.size * row.mark
    return total if math.isfinite(total) else None


def profit(held: Iterable[PositionRow], move: float) -> float | None:
    """Quote that a move of the market brings to these positions."""
    whole = notional(held)
    return None if whole is None else whole * move


def shared(held: Iterable[PositionRow], row: PositionRow) -> bool:
    """Another cross position of the venue draws on the same margin."""
    return row.margin != "isolated" and any(
        one.venue == row.venue and one.symbol != row.symbol and one.margin != "isolated" for one in held
    )


def buffer(row: PositionRow, move: float = 0.0, shared: bool = False) -> float | None:
    """Signed distance of the moved mark to the liquidation price, a share of the moved mark."""
    if row.mark is None or not math.isfinite(row.mark) or (shared and move):
        return None
    mark = row.mark * (1 + move)
    if row.liquidation is None:
        return math.inf if row.buffer is not None and math.isinf(row.buffer) else None
    if not mark > 0 or not math.isfinite(row.liquidation):
        return None
    return math.copysign(1.0, row.size) * (mark - row.liquidation) / mark


def smallest(buffers: Sequence[float | None]) -> float | None:
    """The worst of them; unknown while one is, and where there is none."""
    known = [share for share in buffers if share is not None]
    return min(known) if known and len(known) == len(buffers) else None


# --- limits -----------------------------------------------------------------------------------------------------------
def _owned(held: Iterable[PositionRow], owner: str) -> list[PositionRow]:
    return [row for row in held if row.owner == owner]


def reached(row: LimitRow) -> bool:
    """Hit now."""
    return row.used is not None and row.used >= 1


def _money(held: Sequence[PositionRow], limits: Iterable[LimitRow]) -> list[Hit | None]:
    """Limits on money: `now` moves with the owner's profit."""
    return [
        _crossing(row.name, row.owner, row.now, row.bound, row.slope, _owned(held, row.owner))
        for row in limits
        if row.slope and not reached(row)
    ]


def _bands(held: Sequence[PositionRow], bands: Iterable[BandRow]) -> list[Hit | None]:
    """Reduce bands that have not fired: the loss grows as the profit falls."""
    return [
        _crossing(f"reduce band {_short(row.loss)}", row.owner, row.now, row.loss, -1, _owned(held, row.owner))
        for row in bands
        if not row.done and not (row.now is not None and row.now >= row.loss)
    ]


def _crossing(
    name: str, owner: str, now: float | None, bound: float | None, slope: int, rows: Sequence[PositionRow]
) -> Hit | None:
    """Where `now` meets its bound; None where no move changes it (nothing held, or held evenly)."""
    if not rows:
        return None
    whole = notional(rows)
    if whole is None or now is None or bound is None or not math.isfinite(now) or not math.isfinite(bound):
        return Hit(name, owner, None)
    if slope * whole == 0:
        return None
    at = (bound - now) / (slope * whole)
    return Hit(name, owner, at) if at else None


def _floors(held: Sequence[PositionRow], limits: Iterable[LimitRow]) -> list[Hit | None]:
    """Floors on the liquidation buffer, each of one position; the bound is in per cent."""
    made: list[Hit | None] = []
    for limit in limits:
        if not limit.floor or reached(limit):
            continue
        for row in held:
            if (row.owner, row.venue, row.symbol) == (limit.owner, limit.venue, limit.symbol):
                made.append(_floor(limit, row, shared(held, row)))
    return made


def _floor(limit: LimitRow, row: PositionRow, shared: bool) -> Hit | None:
    now = buffer(row)
    if now is not None and math.isinf(now):
        return None
    if now is None or shared or limit.bound is None or row.liquidation is None or row.mark is None:
        return Hit(limit.name, limit.owner, None)
    left = 1 - math.copysign(1.0, row.size) * limit.bound / 100
    if not left > 0:
        return None
    return Hit(limit.name, limit.owner, row.liquidation / left / row.mark - 1)


def _short(value: float) -> str:
    return f"{value:g}" if math.isfinite(value) else "--"


def _sum(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a + b
