"""The adaptive net cap: how many lots net may be held now, never above netMax (S3-77).

Falls with short volatility against its reference and with the loss of the round; an input without a value gives the
floor. The pre-trade gate reads `QuoteState.cap_lots`.
"""

from __future__ import annotations

import math

from core.domain.book import View
from core.domain.instrument import Spec
from core.domain.order import Ledger
from core.kernel import door, kernel
from core.signals.blocks import Signals
from core.strategies.asmm.blocks import QuoteParams, QuoteState
from core.strategies.asmm.formulas import cap_factor


@kernel
def pnl_of(v: View, ledger: Ledger, c: Spec) -> int:
    """Price PnL - fees + funding since the ledger began, 1e-8 quote, at the mark (which must be there)."""
    return ledger.realised + ledger.pos * v.mark * c.unit - ledger.cost - ledger.fees + ledger.funding


@kernel
def adapt_cap(p: QuoteParams, s: QuoteState, v: View, g: Signals, ledger: Ledger, c: Spec, allowed_lots: int) -> None:
    """Set `s.cap_lots` and the round's PnL; `allowed_lots` is risk's own bound."""
    factor = p.cap_floor
    s.pnl_ok = 0
    if v.mark > 0 or ledger.pos == 0:
        s.pnl = pnl_of(v, ledger, c) - s.pnl_start
        s.pnl_ok = 1
    if s.pnl_ok == 1 and g.vol_ok == 1:
        reference = g.vol_long
        if p.cap_volatility_bps > 0.0:
            reference = min(reference, p.cap_volatility_bps)
        ratio = 1.0
        if reference > 0.0:
            ratio = g.vol_short / reference
        factor = cap_factor(ratio, p.cap_volatility_slope, -s.pnl * 1.0, p.cap_loss_money, p.cap_floor)
    s.cap_lots = max(0, min(allowed_lots, int(math.floor(p.net_max_lots * factor + 1e-9))))


@door
def start_round(S: QuoteState, V: View, L: Ledger, C: Spec) -> int:
    """Loss counts from here; returns 1, or 0 when there is a position and no mark to value it (unchanged then)."""
    if V[0].mark <= 0 and L[0].pos != 0:
        return 0
    S[0].pnl_start = pnl_of(V[0], L[0], C[0])
    return 1
