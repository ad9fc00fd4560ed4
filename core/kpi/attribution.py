"""Where the money of one ledger came from: spread captured at the fill, drift of the position, fees, funding.

Exact in integers: spread + drift - fees + funding = net. Mids are doubled ticks, so half ticks are whole.
"""

from __future__ import annotations

import msgspec

from core.kpi.books import Money


class Attribution(msgspec.Struct, frozen=True, gc=False):
    """1e-8 quote. `spread`: earned by fills against the mid of that moment; `drift`: what the position then made."""

    spread: int
    drift: int
    fees: int
    funding: int

    @property
    def net(self) -> int:
        return self.spread + self.drift - self.fees + self.funding


class Capture(msgspec.Struct):
    """Streaming sums of one ledger. `spread2` and `drift2` are in half ticks times lots."""

    spread2: int = 0
    drift2: int = 0
    pos: int = 0
    mid2: int = 0
    unpriced: int = 0  # fills without a mid: their capture is taken as 0 (they priced at their own fill)

    def fill(self, sign: int, px: int, qty: int, mid2: int) -> None:
        """One fill; mid2 = 0 when no book was valid."""
        if mid2 <= 0:
            self.unpriced += 1
            mid2 = 2 * px
        self.move(mid2)
        self.spread2 += sign * (mid2 - 2 * px) * qty
        self.pos += sign * qty

    def move(self, mid2: int) -> None:
        """The mid is now `mid2`: the position carried since the last call made or lost the difference."""
        self.drift2 += self.pos * (mid2 - self.mid2) if self.mid2 else 0
        self.mid2 = mid2

    def hold(self, pos: int, mid2: int) -> None:
        """The ledger holds `pos` lots without a fill (adoption): counted from this mid on, 0 = none known."""
        if mid2 > 0:
            self.move(mid2)
        self.pos = pos


def attribute(money: Money, capture: Capture, unit: int) -> Attribution:
    """Split of `money`; drift is price PnL less spread, so that the parts sum exactly whatever the ledger rounded."""
    spread = capture.spread2 * unit // 2
    return Attribution(spread=spread, drift=money.price - spread, fees=money.fees, funding=money.funding)


def minus(now: Attribution, start: Attribution) -> Attribution:
    """The part that fell between two readings."""
    return Attribution(
        spread=now.spread - start.spread,
        drift=now.drift - start.drift,
        fees=now.fees - start.fees,
        funding=now.funding - start.funding,
    )
