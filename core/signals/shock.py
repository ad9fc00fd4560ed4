"""Shock: the largest move of the mid within 60 s, as a fraction (S3-28), held for 60 s after it was seen.

A rise counts from the lowest mid of the window, a fall from the highest, so 10 % is 10 % both ways.
The window is 60 whole seconds: each keeps its high, its low and the largest move seen in it.
"""

from __future__ import annotations

from core.kernel import kernel
from core.signals.blocks import SHOCK_SECONDS, Signals

NS = 1_000_000_000


@kernel
def window_edges(g: Signals) -> None:
    """High, low and largest move over the seconds of the ring."""
    high = g.shock_mid
    low = g.shock_mid
    worst = 0.0
    for k in range(min(g.shock_n, SHOCK_SECONDS)):
        high = max(high, g.shock_highs[k])
        low = min(low, g.shock_lows[k])
        worst = max(worst, g.shock_worst[k])
    g.shock_high = high
    g.shock_low = low
    g.shock = worst


@kernel
def roll_shock(g: Signals, ts: int) -> None:
    """Open the seconds up to `ts`; the mid that stood fills them."""
    if g.shock_n == 0:
        return
    second = ts // NS
    steps = min(second - g.shock_second, SHOCK_SECONDS)
    if steps <= 0:
        return
    for i in range(steps):
        k = (second - steps + 1 + i) % SHOCK_SECONDS
        g.shock_highs[k] = g.shock_mid
        g.shock_lows[k] = g.shock_mid
        g.shock_worst[k] = 0.0
    g.shock_n = min(g.shock_n + steps, SHOCK_SECONDS)
    g.shock_second = second
    window_edges(g)


@kernel
def update_shock(g: Signals, ts: int, mid: float) -> None:
    """A new mid at `ts`; a value exists from the second mid on."""
    if g.shock_n == 0:
        for k in range(SHOCK_SECONDS):  # seconds before the first mid: as if it had stood
            g.shock_highs[k] = mid
            g.shock_lows[k] = mid
            g.shock_worst[k] = 0.0
        g.shock_second = ts // NS
        g.shock_n = SHOCK_SECONDS
        g.shock_mid = mid
        g.shock_high = mid
        g.shock_low = mid
        return
    roll_shock(g, ts)
    k = g.shock_second % SHOCK_SECONDS
    move = 0.0
    if g.shock_low > 0.0:
        move = mid / g.shock_low - 1.0
    if g.shock_high > 0.0:
        move = max(move, 1.0 - mid / g.shock_high)
    g.shock_mid = mid
    g.shock_high = max(g.shock_high, mid)
    g.shock_low = min(g.shock_low, mid)
    g.shock_highs[k] = max(g.shock_highs[k], mid)
    g.shock_lows[k] = min(g.shock_lows[k], mid)
    g.shock_worst[k] = max(g.shock_worst[k], move)
    g.shock = max(g.shock, move)
    g.shock_ok = 1
