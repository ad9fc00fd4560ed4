"""What is known of both legs now: one price by the configured source, position, entry, residual and spread.

Every rule of the pair uses these prices (S1-51); only the liquidation bound looks at the venue's mark. Comparisons
with a threshold go through `reaches` and `exceeds`, so that "equal" means equal and not the last bit of a float.
"""

from __future__ import annotations

from core.domain.book import View
from core.domain.instrument import Spec
from core.domain.order import Ledger
from core.domain.pair import LONG, SHORT
from core.domain.units import sign_of
from core.kernel import kernel
from core.signals.blocks import Signals
from core.strategies.pair_lock.blocks import INDEX, MARK, PairBlock, PairState

TINY = 1e-12  # of the scale of what is compared


@kernel
def reaches(x: float, threshold: float, scale: float) -> bool:
    """x >= threshold, equality included; false for NaN. scale: size of the numbers that x came from (1 = fractions)."""
    return x >= threshold - TINY * scale


@kernel
def exceeds(x: float, limit: float, scale: float) -> bool:
    """x > limit, equality excluded; false for NaN."""
    return x > limit + TINY * scale


@kernel
def gain(leg: int, px: float, start: float) -> float:
    """Move from `start` to `px` in favour of a leg, fraction; NaN without two prices."""
    if px > 0.0 and start > 0.0:
        return sign_of(leg) * (px - start) / start
    return float("nan")


@kernel
def see_price(p: PairBlock, s: PairState, v: View, g: Signals, leg: int, now: int) -> None:
    """px and px_ok of a leg: the configured source, none when it is missing or older than the leg's bound.

    The mid is that of others' best prices (our own quotes taken out). Mark and index have no stamp of their own and
    count as old as the last row of their feed.
    """
    ticks = g.mid
    known = g.priced == 1
    ts = g.ts_priced
    if p.price_source == MARK and v.mark_from_mid == 0:
        ticks = v.mark * 1.0
        known = v.mark > 0
        ts = v.ts_recv
    elif p.price_source == INDEX:
        ticks = v.index * 1.0
        known = v.index > 0
        ts = v.ts_recv
    px = ticks * p.tick[leg]
    s.px_ok[leg] = 0
    if known and px > 0.0 and px < 1e15 and now - ts <= p.stale_ns[leg]:
        s.px_ok[leg] = 1
        s.px_seen[leg] = 1
        s.px[leg] = px


@kernel
def see_position(p: PairBlock, s: PairState, ledger: Ledger, c: Spec, leg: int, now: int) -> None:
    """Size and entry of a leg from its ledger; `held` only where the sign is the leg's own."""
    size = ledger.pos * p.lot[leg]
    if size != s.size[leg]:
        s.size_ts[leg] = now
    s.size[leg] = size
    s.held[leg] = 0
    s.entry_ok[leg] = 0
    if ledger.pos * sign_of(leg) <= 0:
        return
    s.held[leg] = 1
    if c.unit > 0:
        entry = ledger.cost / (ledger.pos * c.unit) * p.tick[leg]
        if entry > 0.0:
            s.entry_ok[leg] = 1
            s.entry[leg] = entry


@kernel
def net_delta_ratio(size_long: float, size_short: float, base_qty: float) -> float:
    """|net delta| as a share of the pair: of the larger leg, or of baseQty where that is larger (S1-23)."""
    whole = max(base_qty, max(abs(size_long), abs(size_short)))
    if whole > 0.0:
        return abs(size_long + size_short) / whole
    return float("nan")


@kernel
def see_pair(p: PairBlock, s: PairState) -> None:
    """Spread (S1-66: long venue minus short venue, price units), residual, and the PnL of each held leg."""
    s.spread_ok = 0
    if s.px_ok[LONG] == 1 and s.px_ok[SHORT] == 1:
        s.spread_ok = 1
        s.spread = s.px[LONG] - s.px[SHORT]
    s.residual = net_delta_ratio(s.size[LONG], s.size[SHORT], p.base_qty)
    for leg in range(2):
        s.pnl[leg] = float("nan")
        if s.px_ok[leg] == 1 and s.entry_ok[leg] == 1:
            s.pnl[leg] = gain(leg, s.px[leg], s.entry[leg])
