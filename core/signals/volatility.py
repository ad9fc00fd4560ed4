"""EWMA volatility of mid returns sampled at irregular times, short and long. FORMULAS.md 9.

v = sum w_k r_k^2 / dt_k with weights that decay as exp(-dt / tau) and are normalised by their own sum, so a short
history is not biased by its seed. Unit: bps per square root of a second.
"""

from __future__ import annotations

import math

from core.kernel import kernel
from core.signals.blocks import SignalParams, Signals


@kernel
def decay_of(dt_s: float, tau_s: float) -> float:
    """L = exp(-dt / tau); 0 where tau is not positive."""
    if tau_s <= 0.0:
        return 0.0
    return math.exp(-min(dt_s / tau_s, 700.0))


@kernel
def ewma(previous: float, x: float, decay: float) -> float:
    """L * previous + (1 - L) * x."""
    return decay * previous + (1.0 - decay) * x


@kernel
def sample_volatility(g: Signals, p: SignalParams, ts: int, mid: float) -> int:
    """Take the mid at `ts` as a sample when `vol_sample_ns` has passed since the last; returns 1 if it was taken."""
    if g.vol_mid <= 0.0:
        g.vol_mid = mid
        g.vol_ts = ts
        return 0
    dt_ns = ts - g.vol_ts
    if dt_ns < p.vol_sample_ns or dt_ns <= 0:
        return 0
    dt_s = dt_ns / 1e9
    r = mid / g.vol_mid - 1.0
    x = r * r / dt_s
    short = decay_of(dt_s, p.vol_short_tau_s)
    long = decay_of(dt_s, p.vol_long_tau_s)
    g.vol_short_v = ewma(g.vol_short_v, x, short)
    g.vol_short_w = ewma(g.vol_short_w, 1.0, short)
    g.vol_long_v = ewma(g.vol_long_v, x, long)
    g.vol_long_w = ewma(g.vol_long_w, 1.0, long)
    g.vol_n += 1
    g.vol_mid = mid
    g.vol_ts = ts
    if g.vol_n >= p.vol_min_samples and g.vol_short_w > 0.0 and g.vol_long_w > 0.0:
        g.vol_short = 1e4 * math.sqrt(g.vol_short_v / g.vol_short_w)
        g.vol_long = 1e4 * math.sqrt(g.vol_long_v / g.vol_long_w)
        g.vol_ok = 1
    return 1
