"""The 1 s samples of each leg's price: EMA trend (theta1, S1-14) and realised volatility (S1-17, K-31).

A second without a fresh price has no sample. After a gap as long as the slow EMA the trend begins anew: an average of
two different markets is no trend.
"""

from __future__ import annotations

import math

from core.domain.units import sign_of
from core.kernel import kernel
from core.signals.volatility import decay_of, ewma
from core.strategies.pair_lock.blocks import PairBlock, PairState

YEAR_S = 365.0 * 86_400.0


@kernel
def ema_step(previous: float, x: float, n: int) -> float:
    """EMA with alpha = 2 / (n + 1) (FORMULAS.md 10)."""
    return previous + 2.0 / (n + 1.0) * (x - previous)


@kernel
def sample_trend(p: PairBlock, s: PairState, leg: int, sample: int, px: float) -> None:
    """One sample into both EMAs; the first one is their seed."""
    if s.ema_n[leg] > 0 and sample - s.ema_sample[leg] > p.ema_slow:
        s.ema_n[leg] = 0
        s.n_restarts += 1
    if s.ema_n[leg] == 0:
        s.ema_fast[leg] = px
        s.ema_slow[leg] = px
    else:
        s.ema_fast[leg] = ema_step(s.ema_fast[leg], px, p.ema_fast)
        s.ema_slow[leg] = ema_step(s.ema_slow[leg], px, p.ema_slow)
    s.ema_n[leg] += 1
    s.ema_sample[leg] = sample


@kernel
def sample_realised(p: PairBlock, s: PairState, leg: int, dt_s: float, px: float) -> None:
    """r^2 / dt into the EWMA whose weights sum to one (FORMULAS.md 9); dt_s since the last sample, > 0."""
    if s.vol_px[leg] > 0.0:
        r = px / s.vol_px[leg] - 1.0
        decay = decay_of(dt_s, p.vol_tau_s)
        s.vol_v[leg] = ewma(s.vol_v[leg], r * r / dt_s, decay)
        s.vol_w[leg] = ewma(s.vol_w[leg], 1.0, decay)
        s.vol_n[leg] += 1
        if s.vol_n[leg] >= p.vol_min_samples and s.vol_w[leg] > 0.0:
            s.vol[leg] = math.sqrt(s.vol_v[leg] / s.vol_w[leg] * YEAR_S)
            s.vol_ok[leg] = 1
    s.vol_px[leg] = px


@kernel
def sample_leg(p: PairBlock, s: PairState, leg: int, sample: int) -> None:
    """The leg's price now is its sample number `sample` (one each `sample_ns`); volatility before the trend's stamp."""
    if s.px_ok[leg] == 0:
        return
    dt_s = max(1, sample - s.ema_sample[leg]) * (p.sample_ns / 1e9)
    sample_realised(p, s, leg, dt_s, s.px[leg])
    sample_trend(p, s, leg, sample, s.px[leg])


@kernel
def trend_gap(p: PairBlock, s: PairState, leg: int) -> float:
    """theta1 in favour of a first leg: (EMA fast - EMA slow) / price, negated for a short one; NaN before its warm-up.

    Needs `ema_slow` samples, the last one not older than that many.
    """
    if s.px_ok[leg] == 0 or s.ema_n[leg] < p.ema_slow or s.sample - s.ema_sample[leg] > p.ema_slow:
        return float("nan")
    return sign_of(leg) * (s.ema_fast[leg] - s.ema_slow[leg]) / s.px[leg]
