"""Where the money of a pair came from: change of the spread, trend of what is not hedged, carry, fees, execution.

Exact in integers: spread + trend + carry - fees + execution = net of all its ledgers. Works on their captures
(`attribution.Capture`) and adds the one thing that none knows alone: how much of it the others hedged. Ledgers stand in
the order long venue, short venue, backup venue where there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd, lcm, prod

import msgspec

from core.domain.instrument import Instrument
from core.kpi.attribution import Capture, attribute
from core.kpi.books import Money


class PairMoney(msgspec.Struct, frozen=True, gc=False):
    """1e-8 quote. `fees` > 0 is paid, `carry` is funding (> 0 received), `execution` < 0 is a cost (K-07)."""

    spread: int = 0
    trend: int = 0
    carry: int = 0
    fees: int = 0
    execution: int = 0

    @property
    def net(self) -> int:
        return self.spread + self.trend + self.carry - self.fees + self.execution

    def plus(self, other: PairMoney, times: int = 1) -> PairMoney:
        """Part by part; times -1 subtracts."""
        names = PairMoney.__struct_fields__
        return PairMoney(*(getattr(self, n) + times * getattr(other, n) for n in names))

    def minus(self, other: PairMoney) -> PairMoney:
        return self.plus(other, -1)


class PairCosts(msgspec.Struct, frozen=True, gc=False):
    """Two figures that lie within parts of `PairMoney`, 1e-8 quote, negative = cost. Not to be added to it.

    `naked`, within trend: what the unhedged part made while no state declared it. `slippage`, within execution: fills
    against the mid at the decision; the rest of execution is the mid's way from the decision to the fill.
    """

    naked: int = 0
    slippage: int = 0

    def minus(self, other: PairCosts) -> PairCosts:
        return PairCosts(self.naked - other.naked, self.slippage - other.slippage)


def lots_in_grains(*instruments: Instrument) -> tuple[int, ...]:
    """Grains in one lot of each ledger: the greatest common measure of all lots in base coins."""
    sizes = [Fraction(str(x.lot)) for x in instruments]
    whole = lcm(*(size.denominator for size in sizes))
    counts = [int(size * whole) for size in sizes]
    return tuple(n // gcd(*counts) for n in counts)


class PairCapture:
    """Streaming sums of one pair, by ledger. `hedged2`: grains times half ticks that the matched part moved, `naked2`
    the other part while `bare`; `waited2`: lots times half ticks that the mid moved between decision and fill."""

    def __init__(self, captures: Sequence[Capture], instruments: Sequence[Instrument]) -> None:
        self.captures, self.units = tuple(captures), tuple(x.unit for x in instruments)
        self.grains = lots_in_grains(*instruments)
        self.ledgers = range(len(self.captures))
        self.hedged2 = [0 for _ in self.ledgers]
        self.naked2 = [0 for _ in self.ledgers]
        self.waited2 = [0 for _ in self.ledgers]
        self.bare = False

    def held(self) -> tuple[int, ...]:
        """Signed position of each ledger, grains."""
        return tuple(capture.pos * grains for capture, grains in zip(self.captures, self.grains, strict=True))

    def matched(self) -> tuple[int, ...]:
        """Signed grains of each ledger that others hedge: as much of the longs as there is of the shorts. Where the
        larger side lies in two ledgers the first of them is hedged first."""
        held = self.held()
        longs = shorts = min(sum(g for g in held if g > 0), -sum(g for g in held if g < 0))
        out = []
        for g in held:
            part = min(g, longs) if g > 0 else max(g, -shorts)
            longs, shorts = longs - max(part, 0), shorts + min(part, 0)
            out.append(part)
        return tuple(out)

    def residual(self) -> float:
        """Net over the larger side: 0 hedged or flat, 1 one leg."""
        held = self.held()
        larger = max(sum(g for g in held if g > 0), -sum(g for g in held if g < 0))
        return abs(sum(held)) / larger if larger else 0.0

    def move(self, mids2: Sequence[int]) -> None:
        """The mids are now these; 0 = no book, whose way is counted when there is one again."""
        matched = self.matched()
        for i in self.ledgers:
            capture, mid2 = self.captures[i], mids2[i]
            if mid2 > 0:
                if capture.mid2:
                    moved = mid2 - capture.mid2
                    self.hedged2[i] += matched[i] * moved
                    if self.bare:
                        self.naked2[i] += (capture.pos * self.grains[i] - matched[i]) * moved
                capture.move(mid2)

    def undress(self, bare: bool, mids2: Sequence[int]) -> None:
        """From here on the unhedged part is naked, or it is not: the stretch until now is counted as it was."""
        if bare != self.bare:
            self.move(mids2)
            self.bare = bare

    def before_fill(self, i: int, px: int, lots: int, decided2: int, mids2: Sequence[int]) -> None:
        """To be called before the ledger's own `Capture.fill`, with the same mid: what was held until now moved so far.

        `lots` signed; `decided2` the mid at the decision, 0 = not known: then that of the fill. A fill without a mid is
        priced at itself, as there.
        """
        own = mids2[i] or 2 * px
        self.waited2[i] += lots * (own - decided2) if decided2 > 0 else 0
        self.move([own if k == i else mid2 for k, mid2 in enumerate(mids2)])

    def hold(self, i: int, pos: int, mids2: Sequence[int]) -> None:
        """The ledger holds `pos` lots without a fill that we saw (restart, adoption): counted from this mid on."""
        self.move(mids2)
        self.captures[i].pos = pos

    def split(self, money: Sequence[Money], marks: Sequence[int]) -> PairMoney:
        """All since the start. The last stretch goes from the last mid to the mark (ticks, 0 = none), where the
        ledgers value what is open.

        `execution` is each capture and `spread` the sum over the ledgers rounded down to 1e-8; what is cut off there,
        and price PnL of positions that came without a fill, is in `trend`: price PnL less the other two.
        """
        parts = [attribute(money[i], self.captures[i], self.units[i]) for i in self.ledgers]
        matched = self.matched()
        spread = self._in_units([self.hedged2[i] + matched[i] * self._last_way(i, marks) for i in self.ledgers])
        return PairMoney(
            spread=spread,
            trend=sum(part.drift for part in parts) - spread,
            carry=sum(part.funding for part in parts),
            fees=sum(part.fees for part in parts),
            execution=sum(part.spread for part in parts),
        )

    def costs(self, marks: Sequence[int]) -> PairCosts:
        """Since the start, up to the same marks. Rounded down to 1e-8, as the parts in which they lie."""
        matched, naked2 = self.matched(), list(self.naked2)
        for i in self.ledgers if self.bare else ():
            alone = self.captures[i].pos * self.grains[i] - matched[i]
            naked2[i] += alone * self._last_way(i, marks)
        execution = sum(self.captures[i].spread2 * self.units[i] // 2 for i in self.ledgers)
        waited = sum(self.waited2[i] * self.units[i] for i in self.ledgers) // 2
        return PairCosts(naked=self._in_units(naked2), slippage=execution - waited)

    def _last_way(self, i: int, marks: Sequence[int]) -> int:
        """Half ticks from the ledger's last mid to its mark."""
        last = self.captures[i].mid2
        return 2 * marks[i] - last if last and marks[i] > 0 else 0

    def _in_units(self, ways2: Sequence[int]) -> int:
        """Grains times half ticks of all ledgers as 1e-8 quote, rounded down."""
        whole = prod(self.grains)
        return sum(ways2[i] * self.units[i] * (whole // self.grains[i]) for i in self.ledgers) // (2 * whole)
