"""The L2 slippage budget: what both legs would cost by walking the books now, in bp of mid (S1-31, S1-34, K-36).

Estimated before the first send; a book too thin, crossed or missing costs more than any budget.
"""

from __future__ import annotations

import math

from core.domain.book import View
from core.domain.units import BUY, SELL, sign_of
from core.execution.pair_saga.blocks import PairParams
from core.kernel import kernel
from core.models.depth import walk_cost


@kernel
def leg_cost(v: View, side: int, lots: int) -> float:
    """Fraction of mid by which taking `lots` on `side` would be worse than mid; inf where the book cannot say."""
    if lots <= 0:
        return 0.0
    bid = v.px[BUY][0]
    ask = v.px[SELL][0]
    if v.book_ok != 1 or bid <= 0 or ask <= bid:
        return math.inf
    levels = v.n_levels[1 - side]
    total = walk_cost(v.px[1 - side], v.sz[1 - side], levels, lots, 1)
    if total < 0:
        return math.inf
    mid = (bid + ask) * 0.5
    return sign_of(side) * (total / lots - mid) / mid


@kernel
def pair_cost(va: View, vb: View, side_a: int, lots_a: int, side_b: int, lots_b: int) -> float:
    """Sum over both legs, fraction of each leg's own mid."""
    return leg_cost(va, side_a, lots_a) + leg_cost(vb, side_b, lots_b)


@kernel
def within_budget(p: PairParams, cost: float) -> int:
    """1 when `cost` is at most epsilon, equality passes; NaN and inf do not."""
    return 1 if cost <= p.eps * (1.0 + 1e-9) else 0


@kernel
def in_bp(cost: float) -> float:
    """For display; -1 where the books were too thin."""
    return cost * 1e4 if cost < math.inf else -1.0
