"""VPIN (Easley, Lopez de Prado, O'Hara 2012; FORMULAS.md 3): order-flow imbalance over equal-volume buckets.

The aggressor's side is used where the feed has it; a trade without one is split by bulk classification,
Phi(dP / sigma_dP). No value before `vpin_buckets` complete buckets; the incomplete bucket never counts.
"""

from __future__ import annotations

import math

from core.kernel import kernel
from core.signals.blocks import VPIN_BUCKETS, SignalParams, Signals
from core.signals.volatility import decay_of


@kernel
def bulk_buy_share(change: float, sigma: float) -> float:
    """Share of the volume bought, Phi(change / sigma); half where sigma is 0."""
    if sigma <= 0.0:
        return 0.5
    return 0.5 * (1.0 + math.erf(change / sigma / math.sqrt(2.0)))


@kernel
def close_bucket(g: Signals, p: SignalParams) -> None:
    """Put the full bucket into the ring and take its successor's size."""
    k = g.vpin_n % VPIN_BUCKETS
    g.vpin_imbalance[k] = abs(2.0 * g.vpin_buy - g.vpin_target)
    g.vpin_size[k] = g.vpin_target
    g.vpin_n += 1
    g.vpin_filled = 0.0
    g.vpin_buy = 0.0
    if g.vpin_n >= p.vpin_buckets:
        off = 0.0
        size = 0.0
        for i in range(p.vpin_buckets):
            j = (g.vpin_n - 1 - i) % VPIN_BUCKETS
            off += g.vpin_imbalance[j]
            size += g.vpin_size[j]
        if size > 0.0:
            g.vpin = min(1.0, off / size)
            g.vpin_ok = 1


@kernel
def add_volume(g: Signals, p: SignalParams, volume: float, buy_share: float) -> None:
    """Pour a trade (or a bar) into the buckets, split at their edges. `vpin_target` must be > 0."""
    left = volume
    room = g.vpin_target * (VPIN_BUCKETS + 1)
    if left > room:  # whole ring overwritten anyway: drop the whole buckets before it, keep the remainder exact
        left -= math.floor((left - room) / g.vpin_target) * g.vpin_target
    while left > 0.0:
        part = min(left, g.vpin_target - g.vpin_filled)
        g.vpin_filled += part
        g.vpin_buy += part * buy_share
        left -= part
        if g.vpin_filled >= g.vpin_target * (1.0 - 1e-12):
            close_bucket(g, p)
            g.vpin_target = bucket_volume(g, p)


@kernel
def bucket_volume(g: Signals, p: SignalParams) -> float:
    """Lots of the next bucket: fixed, or what the observed rate brings in `vpin_bucket_s`; 0 = too early to say."""
    if p.vpin_adaptive == 0:
        return p.vpin_volume
    known_s = (g.vpin_ts - g.vpin_first_ts) / 1e9
    if known_s < p.vpin_bucket_s:
        return g.vpin_target
    weight = 1.0 - decay_of(known_s, p.vpin_rate_tau_s)
    if weight <= 0.0:
        return g.vpin_target
    return max(p.vpin_volume, g.vpin_rate / weight * p.vpin_bucket_s)


@kernel
def measure_rate(g: Signals, p: SignalParams, ts: int, lots: float) -> None:
    """Lots a second, exponentially weighted (unnormalised; `bucket_volume` divides by the weight)."""
    if g.vpin_first_ts == 0:
        g.vpin_first_ts = ts
        g.vpin_ts = ts
    decay = decay_of(max(0, ts - g.vpin_ts) / 1e9, p.vpin_rate_tau_s)
    g.vpin_rate = g.vpin_rate * decay
    if p.vpin_rate_tau_s > 0.0:
        g.vpin_rate += lots / p.vpin_rate_tau_s
    g.vpin_ts = max(g.vpin_ts, ts)


@kernel
def classify(g: Signals, p: SignalParams, px: int, aggressor: int) -> float:
    """Buy share of one trade; also keeps the running variance of price changes for the trades without a side."""
    change = 0.0
    sigma = 0.0
    if g.vpin_px > 0:
        change = (px - g.vpin_px) * 1.0
        if g.vpin_var_n > 0:
            sigma = math.sqrt(g.vpin_var)
        if g.vpin_var_n == 0:
            g.vpin_var = change * change
        else:
            g.vpin_var = p.vpin_sigma_decay * g.vpin_var + (1.0 - p.vpin_sigma_decay) * change * change
        g.vpin_var_n += 1
    g.vpin_px = px
    if aggressor > 0:
        return 1.0
    if aggressor < 0:
        return 0.0
    g.n_unsided += 1
    return bulk_buy_share(change, sigma)


@kernel
def update_vpin(g: Signals, p: SignalParams, ts: int, px: int, lots: int, aggressor: int) -> None:
    """One trade: price ticks, lots > 0, aggressor +1 buy, -1 sell, 0 unknown."""
    share = classify(g, p, px, aggressor)
    measure_rate(g, p, ts, lots * 1.0)
    if g.vpin_target <= 0.0:
        g.vpin_target = bucket_volume(g, p)
    if g.vpin_target > 0.0:
        add_volume(g, p, lots * 1.0, share)
