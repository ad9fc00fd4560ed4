"""Momentum: mid / EMA(mid, alpha) - 1, a fraction (S3-09, FORMULAS.md 4). alpha is per `momentum_sample_ns`.

k sample times without an event weigh like k samples of the mid that stood then, so the feed's rhythm does not matter.
"""

from __future__ import annotations

import math

from core.kernel import kernel
from core.signals.blocks import SignalParams, Signals


@kernel
def advance_momentum(g: Signals, p: SignalParams, ts: int, standing_mid: float) -> None:
    """Bring the EMA up to `ts`; `standing_mid` is the mid that held since the last sample."""
    if g.momentum_n == 0:
        g.momentum_ema = standing_mid
        g.momentum_ts = ts
        g.momentum_n = 1
        return
    if p.momentum_sample_ns <= 0 or ts - g.momentum_ts < p.momentum_sample_ns:
        return
    k = (ts - g.momentum_ts) // p.momentum_sample_ns
    keep = 0.0
    if p.momentum_alpha < 1.0:
        keep = math.exp(k * math.log(1.0 - p.momentum_alpha))
    g.momentum_ema = keep * g.momentum_ema + (1.0 - keep) * standing_mid
    g.momentum_ts += k * p.momentum_sample_ns
    g.momentum_n += 1


@kernel
def update_momentum(g: Signals, mid: float) -> None:
    """The value at this mid; none before the second sample."""
    if g.momentum_n >= 2 and g.momentum_ema > 0.0:
        g.momentum = mid / g.momentum_ema - 1.0
        g.momentum_ok = 1
