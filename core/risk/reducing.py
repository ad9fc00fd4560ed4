"""How much of the position must go, and how urgently: drawdown bands, convergence, liquidation buffer.

Decides amount and style only; `core.execution.reduce` turns them into targets. Sources: S3-23..S3-27, S0-40, S0-41.
"""

from __future__ import annotations

import math

from core.domain.instrument import Spec
from core.domain.order import Ledger
from core.domain.reasons import LIQUIDATION_BUFFER, MISSING_INPUT, PNL_BOUNDS, REDUCE_ONLY_MODE
from core.domain.units import BUY, SELL
from core.kernel import kernel
from core.risk.blocks import BANDS, STYLE_MAKER, STYLE_MARKET, STYLE_NONE, STYLE_TAKER, Limits, Risk, Vitals
from core.risk.modes import fire, halt_and_flatten

BAND = 100  # reduce_why of band n is BAND + n; else a reason code


@kernel
def part_of(held: int, share: float, min_lots: int) -> int:
    """Lots in `share` of a position: rounded up, at least one order, at most all. A bad share takes all."""
    if not (share > 0.0 and share <= 1.0):
        return held
    lots = int(math.ceil(held * share - 1e-9))
    return min(held, max(lots, min_lots))


@kernel
def start_reduce(x: Limits, r: Risk, o: Ledger, lots: int, why: int, now: int) -> None:
    """Take on reduce work; the next action not before the reduce cooldown is over (S3-27)."""
    held = abs(o.pos)
    r.reduce_active = 1
    r.reduce_why = why
    r.reduce_sign = 1 if o.pos > 0 else -1
    r.reduce_from = held
    r.reduce_goal = max(0, held - lots)
    r.reduce_ts = now
    r.reduce_next = now + x.reduce_cooldown_ns
    r.n_reduces += 1
    if why < BAND:
        fire(r, why)


@kernel
def watch_bands(x: Limits, r: Risk, o: Ledger, s: Spec, loss: int, now: int) -> None:
    """Unrealised loss against the bands: each fires once, highest first, and re-arms well below itself (S3-25)."""
    n = min(BANDS, max(0, x.n_bands))
    hit = -1
    for k in range(n):
        if r.band_done[k] != 0 and loss < x.band[k] - int(x.band[k] * x.hysteresis):
            r.band_done[k] = 0
        if r.band_done[k] == 0 and loss >= x.band[k]:
            hit = k
    if o.pos == 0 or now < r.reduce_next or r.reduce_why == PNL_BOUNDS:
        return
    if hit >= 0:
        for k in range(hit + 1):
            r.band_done[k] = 1
        start_reduce(x, r, o, part_of(abs(o.pos), x.fraction[hit], s.min_lots), BAND + hit, now)
    elif r.reduce_only != 0 and r.reduce_active == 0 and n > 0:
        start_reduce(x, r, o, part_of(abs(o.pos), x.fraction[n - 1], s.min_lots), REDUCE_ONLY_MODE, now)


@kernel
def watch_buffer(x: Limits, r: Risk, o: Ledger, s: Spec, vit: Vitals, now: int) -> None:
    """Signed distance of mark to liquidation: under the redline slices, under the last line flatten and HALT.

    Armed by the first read of a liquidation price; from then on a read that is missing or too old counts as the last
    line crossed.
    """
    r.buffer = -1.0
    if vit.liquidation_ts <= 0:
        return
    if o.pos == 0 or (vit.liquidation_px == 0 and now - vit.liquidation_ts <= x.liquidation_stale_ns):
        r.buffer = math.inf
        return
    old = not (now - vit.liquidation_ts <= x.liquidation_stale_ns)
    if old or vit.liquidation_px < 0 or r.mark <= 0:
        halt_and_flatten(r, MISSING_INPUT, now)
        return
    if vit.liquidation_pos * o.pos < 0:
        return  # turned since the read: that price belongs to the other side, and the read ages towards its bound
    if o.pos > 0:
        r.buffer = (r.mark - vit.liquidation_px) / r.mark
    else:
        r.buffer = (vit.liquidation_px - r.mark) / r.mark
    if not (r.buffer >= x.buffer_flatten):
        halt_and_flatten(r, LIQUIDATION_BUFFER, now)
    elif not (r.buffer >= x.buffer_redline) and not (r.reduce_active == 1 and r.reduce_why == LIQUIDATION_BUFFER):
        start_reduce(x, r, o, part_of(abs(o.pos), 0.25, s.min_lots), LIQUIDATION_BUFFER, now)


@kernel
def settle_reduce(x: Limits, r: Risk, o: Ledger, loss: int, now: int) -> None:
    """Lots still to go and the style now: maker first, taker after the timeout, market from the trigger on (S3-24)."""
    held = abs(o.pos)
    if r.reduce_active == 1 and (o.pos * r.reduce_sign <= 0 or held <= r.reduce_goal):
        r.reduce_active = 0
        r.reduce_why = 0
    r.reduce_lots = 0
    r.reduce_style = STYLE_NONE
    if r.reduce_active == 0:
        return
    r.reduce_lots = held - r.reduce_goal
    r.reduce_side = SELL if o.pos > 0 else BUY
    urgent = r.reduce_why == LIQUIDATION_BUFFER or r.reduce_why == PNL_BOUNDS
    if urgent or r.equity <= 0 or not (loss < x.market_share * r.equity):
        r.reduce_style = STYLE_MARKET  # without the equity of the round start the trigger counts as reached
    elif x.maker_first == 1 and now - r.reduce_ts < x.maker_timeout_ns:
        r.reduce_style = STYLE_MAKER
    else:
        r.reduce_style = STYLE_TAKER
