"""Where the money of a pair came from: change of the spread, trend of what is not hedged, carry, fees, execution.

Exact in integers: spread + trend + carry - fees + execution = net of both ledgers. Works on the captures of the two
legs (`attribution.Capture`) and adds the one thing that neither knows alone: how much of it the other leg hedged.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm

import msgspec

from core.domain.instrument import Instrument
from core.domain.pair import LONG, SHORT
from core.kpi.attribution import Capture, attribute
from core.kpi.books import Money

LEGS = (LONG, SHORT)


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


def lots_in_grains(long: Instrument, short: Instrument) -> tuple[int, int]:
    """Grains in one lot of each leg: the greatest common measure of both lots in base coins."""
    sizes = Fraction(str(long.lot)), Fraction(str(short.lot))
    whole = lcm(sizes[0].denominator, sizes[1].denominator)
    a, b = int(sizes[0] * whole), int(sizes[1] * whole)
    return a // gcd(a, b), b // gcd(a, b)


class PairCapture:
    """Streaming sums of one pair. `hedged2[leg]`: grains times half ticks that the leg's matched part moved, `naked2`
    its other part while `bare`; `waited2`: lots times half ticks that the mid moved between decision and fill."""

    def __init__(self, captures: tuple[Capture, Capture], long: Instrument, short: Instrument) -> None:
        self.captures, self.units = captures, (long.unit, short.unit)
        self.grains = lots_in_grains(long, short)
        self.hedged2 = [0, 0]
        self.naked2 = [0, 0]
        self.waited2 = [0, 0]
        self.bare = False

    def held(self) -> tuple[int, int]:
        """Signed position of each leg, grains."""
        return self.captures[LONG].pos * self.grains[LONG], self.captures[SHORT].pos * self.grains[SHORT]

    def matched(self) -> tuple[int, int]:
        """Signed grains of each leg that the other hedges: the smaller size, none where both point the same way."""
        long, short = self.held()
        if long * short >= 0:
            return 0, 0
        size = min(abs(long), abs(short))
        return (size, -size) if long > 0 else (-size, size)

    def residual(self) -> float:
        """Net over the larger leg: 0 hedged or flat, 1 one leg."""
        long, short = self.held()
        larger = max(abs(long), abs(short))
        return abs(long + short) / larger if larger else 0.0

    def move(self, mids2: tuple[int, int]) -> None:
        """The mids are now these; 0 = no book, whose way is counted when there is one again."""
        matched = self.matched()
        for leg in LEGS:
            capture, mid2 = self.captures[leg], mids2[leg]
            if mid2 > 0:
                if capture.mid2:
                    moved = mid2 - capture.mid2
                    self.hedged2[leg] += matched[leg] * moved
                    if self.bare:
                        self.naked2[leg] += (capture.pos * self.grains[leg] - matched[leg]) * moved
                capture.move(mid2)

    def undress(self, bare: bool, mids2: tuple[int, int]) -> None:
        """From here on the unhedged part is naked, or it is not: the stretch until now is counted as it was."""
        if bare != self.bare:
            self.move(mids2)
            self.bare = bare

    def before_fill(self, leg: int, px: int, lots: int, decided2: int, mids2: tuple[int, int]) -> None:
        """To be called before the leg's own `Capture.fill`, with the same mid: what was held until now moved so far.

        `lots` signed; `decided2` the mid at the decision, 0 = not known: then that of the fill. A fill without a mid is
        priced at itself, as there.
        """
        own = mids2[leg] or 2 * px
        self.waited2[leg] += lots * (own - decided2) if decided2 > 0 else 0
        self.move((own, mids2[SHORT]) if leg == LONG else (mids2[LONG], own))

    def hold(self, leg: int, pos: int, mids2: tuple[int, int]) -> None:
        """The ledger holds `pos` lots without a fill that we saw (restart, adoption): counted from this mid on."""
        self.move(mids2)
        self.captures[leg].pos = pos

    def split(self, money: tuple[Money, Money], marks: tuple[int, int]) -> PairMoney:
        """All since the start. The last stretch goes from the last mid to the mark (ticks, 0 = none), where the
        ledgers value what is open.

        `execution` is each capture and `spread` the sum over both legs rounded down to 1e-8; what is cut off there,
        and price PnL of positions that came without a fill, is in `trend`: price PnL less the other two.
        """
        parts = [attribute(money[leg], self.captures[leg], self.units[leg]) for leg in LEGS]
        matched = self.matched()
        spread = self._in_units([self.hedged2[leg] + matched[leg] * self._last_way(leg, marks) for leg in LEGS])
        return PairMoney(
            spread=spread,
            trend=parts[LONG].drift + parts[SHORT].drift - spread,
            carry=parts[LONG].funding + parts[SHORT].funding,
            fees=parts[LONG].fees + parts[SHORT].fees,
            execution=parts[LONG].spread + parts[SHORT].spread,
        )

    def costs(self, marks: tuple[int, int]) -> PairCosts:
        """Since the start, up to the same marks. Rounded down to 1e-8, as the parts in which they lie."""
        matched, naked2 = self.matched(), list(self.naked2)
        for leg in LEGS if self.bare else ():
            alone = self.captures[leg].pos * self.grains[leg] - matched[leg]
            naked2[leg] += alone * self._last_way(leg, marks)
        execution = sum(self.captures[leg].spread2 * self.units[leg] // 2 for leg in LEGS)
        waited = sum(self.waited2[leg] * self.units[leg] for leg in LEGS) // 2
        return PairCosts(naked=self._in_units(naked2), slippage=execution - waited)

    def _last_way(self, leg: int, marks: tuple[int, int]) -> int:
        """Half ticks from the leg's last mid to its mark."""
        last = self.captures[leg].mid2
        return 2 * marks[leg] - last if last and marks[leg] > 0 else 0

    def _in_units(self, ways2: list[int]) -> int:
        """Grains times half ticks of both legs as 1e-8 quote, rounded down."""
        a, b = self.grains
        return (ways2[LONG] * self.units[LONG] * b + ways2[SHORT] * self.units[SHORT] * a) // (2 * a * b)
