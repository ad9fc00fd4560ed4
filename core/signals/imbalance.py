"""Bid share of the quantity in the book, 0 .. 1: at the best prices, over n levels, and its time average.

0.5 is balanced, above it bids are heavier (FORMULAS.md 3). Own quotes are left out where the feed shows them.
"""

from __future__ import annotations

from core.domain.book import View
from core.domain.units import BUY, SELL
from core.kernel import kernel
from core.signals.blocks import SignalParams, Signals
from core.signals.own import others_lots
from core.signals.volatility import decay_of, ewma


@kernel
def bid_share(bid_size: float, ask_size: float) -> float:
    """bid / (bid + ask); -1 = no value (nothing on either side)."""
    both = bid_size + ask_size
    if both <= 0.0:
        return -1.0
    return bid_size / both


@kernel
def depth_of(v: View, g: Signals, side: int, levels: int) -> int:
    """Lots of others on the first `levels` levels of a side, counted from the others' best."""
    lots = 0
    first = g.skip[side]
    for level in range(first, min(first + levels, v.n_levels[side])):
        lots += others_lots(v, g, side, level)
    return lots


@kernel
def update_imbalance(v: View, g: Signals, p: SignalParams, ts: int) -> None:
    """The book stood as `depth_imbalance` says until `ts`; then take its new shape."""
    if g.depth_ok == 1 and ts > g.depth_ts:
        if g.depth_avg_ok == 0:
            g.depth_average = g.depth_imbalance
            g.depth_avg_ok = 1
        else:
            decay = decay_of((ts - g.depth_ts) / 1e9, p.imbalance_tau_s)
            g.depth_average = ewma(g.depth_average, g.depth_imbalance, decay)
    g.depth_ts = ts
    g.imbalance_ok = 0
    g.depth_ok = 0
    if g.priced == 1:
        top = bid_share(g.bid_lots * 1.0, g.ask_lots * 1.0)
        if top >= 0.0:
            g.imbalance = top
            g.imbalance_ok = 1
        depth = bid_share(depth_of(v, g, BUY, p.imbalance_levels) * 1.0, depth_of(v, g, SELL, p.imbalance_levels) * 1.0)
        if depth >= 0.0:
            g.depth_imbalance = depth
            g.depth_ok = 1
