"""Sizes of the ladder: decay, merging of equal prices, venue minima, price band, and the net cap. Lots.

What cannot be placed is dropped and counted, never rounded up. Exits (take profit, reduces) and UNKNOWN orders take
their share of a side's room first, so that everything of ours filling at once stays within the cap.
"""

from __future__ import annotations

from core.domain.book import View
from core.domain.instrument import Spec
from core.domain.order import FREE, KEY_TAKE_PROFIT, RESTING_REJECT, SLOTS, UNKNOWN, Ledger
from core.domain.units import PPM, lots_down, sign_of
from core.kernel import kernel
from core.strategies.asmm.blocks import KEYS, LAYERS, QuoteParams, QuoteState


@kernel
def size_side(p: QuoteParams, s: QuoteState, side: int) -> None:
    """S3-07: base_lots * decay ^ i, whole lots towards zero."""
    size = p.base_lots
    for i in range(LAYERS):
        key = side * LAYERS + i
        s.qty[key] = lots_down(size) if s.px[key] != 0 else 0
        size *= p.layer_size_decay


@kernel
def big_enough(c: Spec, px: int, qty: int) -> bool:
    """The venue's minima for a size and its notional."""
    return qty >= max(1, c.min_lots) and px * qty * c.unit >= c.min_notional


@kernel
def within_band(v: View, s: QuoteState, c: Spec, px: int) -> bool:
    """At least one tick, and inside the venue's price band round the mark (the mid where there is no mark)."""
    if px < 1:
        return False
    if c.band_ppm <= 0:
        return True
    centre = v.mark * 1.0 if v.mark > 0 else s.mid
    return abs(px - centre) * PPM <= centre * c.band_ppm


@kernel
def merge_and_filter(s: QuoteState, v: View, c: Spec, side: int) -> None:
    """Merge layers of one price into the inner one, drop what the venue would refuse; counts placeable layers."""
    inner = -1
    members = 0
    s.placeable[side] = 0
    for i in range(LAYERS + 1):
        key = side * LAYERS + i
        same = i < LAYERS and inner >= 0 and s.px[key] == s.px[inner] and s.px[key] != 0
        if same:
            s.qty[inner] += s.qty[key]
            s.qty[key] = 0
            s.px[key] = 0
            members += 1
            s.n_merged += 1
            continue
        if inner >= 0:
            if not within_band(v, s, c, s.px[inner]):
                s.n_off_band += members
                s.qty[inner] = 0
            elif not big_enough(c, s.px[inner], s.qty[inner]):
                s.n_below_min += members
                s.qty[inner] = 0
            else:
                s.placeable[side] += members
        inner = -1
        if i < LAYERS and s.px[key] != 0:
            inner = key
            members = 1


@kernel
def reserved_lots(ledger: Ledger, side: int, exit_lots: int) -> int:
    """Lots of a side that the ladder may not use: exits, and orders whose end we do not know.

    `exit_lots` is the take profit that we want now; a resting one that is larger counts in its place.
    """
    take_profit = exit_lots
    other = 0
    for slot in range(SLOTS):
        state = ledger.state[slot]
        if state in (FREE, RESTING_REJECT) or ledger.side[slot] != side:
            continue
        if state == UNKNOWN or (ledger.key[slot] >= KEYS and ledger.key[slot] != KEY_TAKE_PROFIT):
            other += ledger.left[slot]
        elif ledger.key[slot] == KEY_TAKE_PROFIT:
            take_profit = max(take_profit, ledger.left[slot])
    return take_profit + other


@kernel
def fit_cap(p: QuoteParams, s: QuoteState, ledger: Ledger, c: Spec, side: int, exit_lots: int) -> None:
    """Clip sizes from the inside out so that position + everything on this side stays within `cap_lots`."""
    room = s.cap_lots - sign_of(side) * ledger.pos - reserved_lots(ledger, side, exit_lots)
    most = p.single_max_lots
    if c.max_lots > 0:
        most = min(most, c.max_lots)
    for i in range(LAYERS):
        key = side * LAYERS + i
        if s.qty[key] == 0:
            s.px[key] = 0
            continue
        qty = max(0, min(s.qty[key], room, most))
        if not big_enough(c, s.px[key], qty):
            s.n_over_cap += 1
            qty = 0
            s.px[key] = 0
        s.qty[key] = qty
        room -= qty
