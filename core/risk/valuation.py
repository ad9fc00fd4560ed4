"""What the ledger is worth at a mark: unrealised and net PnL, exact in 1e-8 quote."""

from __future__ import annotations

from core.domain.order import Ledger
from core.kernel import kernel


@kernel
def unrealised(o: Ledger, mark: int, unit: int) -> int:
    """1e-8 quote at `mark` ticks. The caller checks that there is a mark."""
    return o.pos * mark * unit - o.cost


@kernel
def net_pnl(o: Ledger, mark: int, unit: int) -> int:
    """price_pnl - fees + funding, 1e-8 quote."""
    return o.realised + unrealised(o, mark, unit) - o.fees + o.funding
