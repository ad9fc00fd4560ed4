"""Taking liquidity: an order of ours walks the displayed depth, level by level.

What we took is gone for us until the next row of that book side; our own resting orders are never matched.
"""

from __future__ import annotations

from core.domain.book import LEVELS
from core.domain.instrument import Spec
from core.domain.units import PPM, sign_of
from core.exchange.blocks import Account, Market
from core.exchange.matching import execute
from core.kernel import kernel


@kernel
def own_stop(m: Market, side: int) -> int:
    """Price of our best resting order on the other side, 0 = none."""
    if m.n_own[1 - side] == 0:
        return 0
    return m.o_px[m.own[1 - side][0]]


@kernel
def meets_own(m: Market, side: int, limit: int) -> int:
    """1 where an order on `side` up to `limit` would reach an order of ours on the other side."""
    stop = own_stop(m, side)
    if stop != 0 and (limit - stop) * sign_of(side) >= 0:
        return 1
    return 0


@kernel
def takes(m: Market, side: int, limit: int, i: int) -> bool:
    """Whether level i of the other side may be taken by an order on `side` up to `limit`."""
    other = 1 - side
    if m.sz[other][i] == 0:
        return False
    g = sign_of(side)
    px = m.px[other][i]
    if (limit - px) * g < 0:
        return False
    stop = own_stop(m, side)
    return stop == 0 or (stop - px) * g > 0


@kernel
def reach(m: Market, a: Account, s: Spec, side: int) -> int:
    """Limit of a market order: the deepest displayed price within the band round the mark; 0 = nothing there."""
    other = 1 - side
    if m.book_ok == 0:
        return 0
    mark = a.mark[s.index]
    g = sign_of(side)
    limit = 0
    for i in range(LEVELS):
        px = m.px[other][i]
        if m.sz[other][i] == 0:
            break
        if s.band_ppm > 0 and mark > 0 and (px - mark) * g * PPM > s.band_ppm * mark:
            break
        if m.sz[other][i] > m.took[other][i] or limit != 0:
            limit = px
    return limit


@kernel
def placeable(m: Market, side: int, limit: int, qty: int) -> bool:
    """Whether the displayed depth up to `limit` gives all of `qty` (fill or kill)."""
    got = 0
    for i in range(LEVELS):
        if got >= qty or not takes(m, side, limit, i):
            break
        got += max(0, m.sz[1 - side][i] - m.took[1 - side][i])
    return got >= qty


@kernel
def take(m: Market, a: Account, s: Spec, slot: int, limit: int) -> None:
    """Fill a live order as taker from the best level on; one fill a level, at the level's price."""
    side = m.o_side[slot]
    other = 1 - side
    for i in range(LEVELS):
        if m.o_live[slot] == 0 or not takes(m, side, limit, i):
            return
        room = m.sz[other][i] - m.took[other][i]
        if room > 0:
            m.any_took = 1
            m.took[other][i] += execute(m, a, s, slot, m.px[other][i], room, 0)


@kernel
def crosses(m: Market, side: int, px: int) -> bool:
    """Whether a limit price reaches the other side's best, judged strictly: equal counts, as in a locked book."""
    other = 1 - side
    return m.sz[other][0] > 0 and (px - m.px[other][0]) * sign_of(side) >= 0
