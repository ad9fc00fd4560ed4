"""Execution quality: fill rates, slippage, rejects, time to fill; by side and by layer. FORMULAS.md 1.

Counts submitted limit orders only (market orders have no fill rate); a rejected order was never submitted.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from core.domain.order import KEY_TAKE_PROFIT
from core.kpi.latency import Histogram

LAYERS = 24
SLIPPAGE_KINDS = ("maker", "taker", "reduce")
MAKER, TAKER, REDUCE = range(3)
GOOD_BPS, BAD_BPS = 5.0, 10.0  # S0-34: majors cost 1-5 bps, persistently over 10 is too aggressive or too slow


def slippage_bps(sign: int, fill_px: float, reference_px: float | None) -> float | None:
    """sign * (fill - reference) / reference * 1e4: positive = cost (S0-31, K-07). None without reference."""
    if reference_px is None or reference_px <= 0:
        return None
    return sign * (fill_px - reference_px) / reference_px * 1e4


def fill_rates(ordered: Sequence[float], filled: Sequence[float]) -> tuple[float | None, float | None, float | None]:
    """(fully filled by count, by quantity, any fill by count) of limit orders; None each without an order."""
    n, quantity = len(ordered), sum(ordered)
    if n == 0 or quantity <= 0:
        return None, None, None
    full = sum(f >= o for o, f in zip(ordered, filled, strict=True))
    some = sum(f > 0 for f in filled)
    return full / n, sum(filled) / quantity, some / n


def slippage_word(bps: float | None) -> str:
    """S0-34 in one word."""
    if bps is None:
        return "--"
    return "good" if bps <= GOOD_BPS else "high" if bps <= BAD_BPS else "bad"


class SideCount(msgspec.Struct, gc=False):
    """Limit orders of one side, or of one layer, in one scope."""

    submitted: int = 0
    filled: int = 0  # fully
    touched: int = 0  # any fill
    ordered_lots: int = 0
    filled_lots: int = 0
    placed: int = 0  # every create that left, market orders too
    canceled: int = 0
    fills: int = 0
    maker_fills: int = 0

    @property
    def rate(self) -> float | None:
        return self.filled / self.submitted if self.submitted > 0 else None

    def add(self, other: SideCount) -> None:
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Slip(msgspec.Struct, gc=False):
    """Notional-weighted slippage: sum(w * slip) / sum(w)."""

    n: int = 0
    weight: float = 0.0
    cost: float = 0.0
    worst: float = 0.0

    def fill(self, bps: float, notional: float) -> None:
        self.n += 1
        self.weight += notional
        self.cost += bps * notional
        if self.n == 1 or bps > self.worst:
            self.worst = bps

    @property
    def mean(self) -> float | None:
        return self.cost / self.weight if self.weight > 0 else None


class Quality:
    """Execution counts of one scope (since start, round, minute) of one ledger. Index of sides: BUY 0, SELL 1."""

    def __init__(self) -> None:
        self.sides = (SideCount(), SideCount())
        self.layers: dict[int, SideCount] = {}
        self.slips = [[Slip() for _ in range(2)] for _ in SLIPPAGE_KINDS]
        self.by_regime: dict[str, Slip] = {}
        self.rejects: dict[int, int] = {}
        self.engine_refused = self.wire_refused = self.venue_rejected = self.lost = 0
        self.time_to_fill = Histogram()

    def layer(self, key: int) -> SideCount | None:
        """The counts of a grid layer, None for orders with another purpose."""
        if key >= KEY_TAKE_PROFIT or key < 0:
            return None
        return self.layers.setdefault(key % LAYERS, SideCount())

    @property
    def both(self) -> SideCount:
        total = SideCount()
        for side in self.sides:
            total.add(side)
        return total

    def rejected(self, code: int) -> None:
        self.rejects[code] = self.rejects.get(code, 0) + 1

    @property
    def reject_ratio(self) -> float | None:
        """Refused and rejected requests over all requests that were wanted; None without any (S3-74)."""
        bad = self.engine_refused + self.wire_refused + self.venue_rejected
        asked = self.both.placed + self.engine_refused + self.wire_refused
        return bad / asked if asked else None

    def slippage(self, *kinds: int) -> Slip:
        """All sides of the given kinds together."""
        total = Slip()
        for kind in kinds:
            for slip in self.slips[kind]:
                if slip.n and (total.n == 0 or slip.worst > total.worst):
                    total.worst = slip.worst
                total.n += slip.n
                total.weight += slip.weight
                total.cost += slip.cost
        return total

    def add(self, other: Quality) -> None:
        """Add the counts of another scope (minutes into the hour)."""
        for mine, theirs in zip(self.sides, other.sides, strict=True):
            mine.add(theirs)
        for key, count in other.layers.items():
            self.layers.setdefault(key, SideCount()).add(count)
        for kind in range(len(SLIPPAGE_KINDS)):
            for mine_slip, slip in zip(self.slips[kind], other.slips[kind], strict=True):
                if slip.n and (mine_slip.n == 0 or slip.worst > mine_slip.worst):
                    mine_slip.worst = slip.worst
                mine_slip.n += slip.n
                mine_slip.weight += slip.weight
                mine_slip.cost += slip.cost
        for code, n in other.rejects.items():
            self.rejects[code] = self.rejects.get(code, 0) + n
        for name in ("engine_refused", "wire_refused", "venue_rejected", "lost"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.time_to_fill.merge(other.time_to_fill)
