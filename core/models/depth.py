"""Walking the displayed book: what a market order would cost now. Reads levels, writes nothing."""

from __future__ import annotations

from typing import Any

from core.kernel import kernel


@kernel
def walk_cost(px: Any, sz: Any, n_levels: int, qty: int, unit: int) -> int:
    """Notional, 1e-8 quote, of taking `qty` lots from levels px (ticks) / sz (lots), best first; -1 = too thin."""
    cost = 0
    left = qty
    for i in range(n_levels):
        if left <= 0:
            break
        take = min(left, sz[i])
        cost += take * px[i] * unit
        left -= take
    if left > 0:
        return -1
    return cost


@kernel
def walk_depth(px: Any, sz: Any, n_levels: int, qty: int) -> int:
    """Lots that the displayed levels would give of `qty`."""
    got = 0
    for i in range(n_levels):
        if got >= qty:
            break
        got += min(qty - got, sz[i])
    return got


@kernel
def walk_average(px: Any, sz: Any, n_levels: int, qty: int) -> float:
    """Average price, ticks, of taking `qty` lots; NaN where qty <= 0 or the displayed depth is too thin."""
    cost = walk_cost(px, sz, n_levels, qty, 1)
    if qty <= 0 or cost < 0:
        return float("nan")
    return cost / qty
