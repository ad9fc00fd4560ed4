"""Volatility regime from the ratio of short to long volatility: CALM 0, NORMAL 1, HIGH 2, EXTREME 3 (S3-44, S3-61).

A regime is entered upwards at its bound and left downwards only below bound * (1 - hysteresis).
"""

from __future__ import annotations

from core.kernel import kernel
from core.signals.blocks import CALM, EXTREME, NORMAL, SignalParams, Signals


@kernel
def next_regime(p: SignalParams, regime: int, ratio: float) -> int:
    """The regime after `regime` at this ratio of short to long volatility."""
    while regime < EXTREME and ratio >= p.regime_up[regime]:
        regime += 1
    while regime > 0 and ratio < p.regime_up[regime - 1] * (1.0 - p.regime_hysteresis):
        regime -= 1
    return regime


@kernel
def update_regime(g: Signals, p: SignalParams) -> None:
    """From `vol_short` and `vol_long`; no volatility, no regime. A mid that never moved is CALM."""
    if g.vol_ok == 0:
        g.regime_ok = 0
        return
    if g.regime_ok == 0:
        g.regime = NORMAL
    g.regime_ok = 1
    if g.vol_long <= 0.0:
        g.regime = CALM
    else:
        g.regime = next_regime(p, g.regime, g.vol_short / g.vol_long)
