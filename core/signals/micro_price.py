"""Size-weighted mid, I * ask + (1 - I) * bid with I = bid size / both sizes (FORMULAS.md 3): heavy bids pull it up.

Stoikov's micro-price is another thing (the limit of expected mids); the field's short name is kept here.
"""

from __future__ import annotations

from core.kernel import kernel
from core.signals.blocks import Signals


@kernel
def weighted_mid(bid: float, bid_size: float, ask: float, ask_size: float) -> float:
    """Between bid and ask; the mid where both sizes are 0."""
    both = bid_size + ask_size
    if both <= 0.0:
        return (bid + ask) * 0.5
    return bid + bid_size / both * (ask - bid)


@kernel
def update_micro_price(g: Signals) -> None:
    """From the others' best prices; no value without them."""
    g.micro_ok = g.priced
    if g.priced == 1:
        g.micro_price = weighted_mid(g.bid * 1.0, g.bid_lots * 1.0, g.ask * 1.0, g.ask_lots * 1.0)
