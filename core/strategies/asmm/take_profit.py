"""The take profit (S3-14): a reduce-only, post-only order that gives back part of the position at entry +- pct."""

from __future__ import annotations

from core.domain.instrument import Spec
from core.domain.order import Ledger
from core.domain.units import BUY, SELL, lots_down, sign_of, tick_down, tick_up
from core.kernel import kernel
from core.signals.blocks import Signals
from core.strategies.asmm.blocks import QuoteParams, QuoteState
from core.strategies.asmm.ladder import post_only_limit
from core.strategies.asmm.sizing import big_enough


@kernel
def place_take_profit(p: QuoteParams, s: QuoteState, g: Signals, ledger: Ledger, c: Spec, due: bool) -> None:
    """Set tp_side, tp_px, tp_qty; 0 lots = none. Once the profit is there it stands at the first post-only price.

    Between decisions (`due` false) its price does not come nearer to the mid. Lots: the fraction of the position,
    raised to the venue's minima where the position allows, never more than the position.
    """
    was_side, was_px, was_qty = s.tp_side, s.tp_px, s.tp_qty
    s.tp_qty = 0
    if p.take_profit_pct <= 0.0 or ledger.pos == 0 or c.unit <= 0:
        return
    held = abs(ledger.pos)
    entry = ledger.cost / (ledger.pos * c.unit)
    if not entry > 0.0:
        return
    side = SELL if ledger.pos > 0 else BUY
    if side == SELL:
        px = max(tick_up(entry * (1.0 + p.take_profit_pct)), post_only_limit(g, side))
    else:
        px = min(tick_down(entry * (1.0 - p.take_profit_pct)), post_only_limit(g, side))
    if not due and was_qty > 0 and was_side == side:
        sign = sign_of(side)
        px -= sign * max(0, sign * (px - was_px))
    if px < 1:
        return
    least = max(1, c.min_lots)
    if c.min_notional > 0:
        least = max(least, -(-c.min_notional // (px * c.unit)))
    qty = min(held, max(least, lots_down(held * p.take_profit_fraction)))
    if c.max_lots > 0:
        qty = min(qty, c.max_lots)
    if big_enough(c, px, qty):
        s.tp_side = side
        s.tp_px = px
        s.tp_qty = qty
