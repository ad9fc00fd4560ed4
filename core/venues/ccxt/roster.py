"""The instruments of a whole account by number: first those that we trade, then whatever else the venue lists.

For stops, which know no config: what is not recorded is read with the venue's own grid. Numbers never change.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from core.codec.grid import Step
from core.codec.reasons import Hostile
from core.domain.units import MONEY

FINEST = 1e-8
MOST_LOTS = 1 << 45


class Entry:
    """One instrument. `shown` is our symbol where we trade it, else the unified one; `ours`: recorded."""

    def __init__(
        self, number: int, unified: str, shown: str, tick: float, lot: float, ours: bool
    ) -> None:  # fmt: skip
        self.number, self.unified, self.shown, self.ours = number, unified, shown, ours
        self.price, self.size = Step(tick), Step(lot)
        self.min_lots, self.max_lots = 1, MOST_LOTS
        self.unit = round(tick * lot * MONEY)  # 1e-8 quote per tick and lot
        self.lot_step = self.tick_step = 1  # of orders: above 1 where the venue's own steps are coarser than ours
        self.relisted = False  # some of this is not as it was recorded
        self.scale = 1  # of our lots now in one of the lots that it was recorded with
        self._recorded = Fraction(repr(tick)), Fraction(repr(lot))
        self._lot = lot

    def ticks(self, value: object) -> int:
        """For display and evidence: 0 where the figure cannot be read. A cancel needs no price."""
        try:
            return self.price.nearest(value)
        except Hostile:
            return 0

    def lots(self, value: object) -> int:
        """Size in lots, never 0 for a size that is not. Raises Hostile."""
        return max(1, self.size.nearest(value)) if float(str(value)) else 0

    def relist(self, market: Any, fixed_tick: bool) -> bool:
        """Take the venue's own grid as it lists it now, sizes in coins whatever it counts them in; True when it differs
        from the one before. Our lots become the largest in which both the recorded and the new are whole: what is held
        can be counted in them, and an order is a multiple of `lot_step`. What cannot be read changes nothing."""
        before = self.scale, self.lot_step, self.tick_step, self.size.step, self.min_lots, self.max_lots
        precision, limits = market.get("precision") or {}, market.get("limits") or {}
        contract = _fraction(market.get("contractSize")) or Fraction(1)
        tick, lot = self._recorded
        new_lot = (_fraction(precision.get("amount")) or lot / contract) * contract
        new_tick = (_fraction(precision.get("price")) if fixed_tick else None) or tick
        fine, fine_tick = _shared(lot, new_lot), _shared(tick, new_tick)
        self.scale, self.lot_step, self.tick_step = int(lot / fine), int(new_lot / fine), int(new_tick / fine_tick)
        self.price, self.size = Step(_text(fine_tick)), Step(_text(fine / contract))
        self.unit = max(1, round(fine * fine_tick * MONEY))
        self._lot = float(fine / contract)
        self.bound(limits.get("amount") or {})
        now = self.scale, self.lot_step, self.tick_step, self.size.step, self.min_lots, self.max_lots
        self.relisted = self.relisted or before != now
        return before != now

    def bound(self, amount: Any) -> None:
        """The smallest and largest order, as ccxt tells them of a market; what it does not tell stays open."""
        least, most = (_amount(amount.get(name)) for name in ("min", "max"))
        if least > 0:
            self.min_lots = max(1, round(least / self._lot))
        if most > 0:
            self.max_lots = max(self.min_lots, min(int(most / self._lot + 1e-9), MOST_LOTS))

    def price_of(self, ticks: int) -> float:
        """Quote units."""
        return float(self.price.text(ticks))

    def size_of(self, lots: int) -> float:
        """Base coins, or contracts as the venue counts them."""
        return float(self.size.text(lots))


class Roster:
    """Grows with every symbol that is asked for; `known` tells the venue's own market of one."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._numbers: dict[str, int] = {}

    def add(self, unified: str, shown: str, tick: float, lot: float, ours: bool = True) -> Entry:
        """One more instrument at the end."""
        entry = Entry(len(self.entries), unified, shown, tick, lot, ours)
        self.entries.append(entry)
        self._numbers[unified] = entry.number
        return entry

    def entry(self, unified: str, market: Any) -> Entry:
        """The instrument of a unified symbol; a new one takes the grid of `market` (ccxt's, None = not known)."""
        if unified in self._numbers:
            return self.entries[self._numbers[unified]]
        precision = (market or {}).get("precision") or {}
        made = self.add(unified, unified, _step(precision.get("price")), _step(precision.get("amount")), ours=False)
        made.bound(((market or {}).get("limits") or {}).get("amount") or {})
        return made

    def relist(self, markets: Any, fixed_tick: bool) -> list[str]:
        """Every instrument on the grid that the venue lists now; the symbols of those that changed."""
        known = markets or {}
        return [
            entry.shown for entry in self.entries
            if (market := known.get(entry.unified)) is not None and entry.relist(market, fixed_tick)
        ]  # fmt: skip

    def named(self, text: str) -> Entry | None:
        """The instrument that a person in a hurry means: our symbol, the unified one, with or without separators."""
        wanted = _letters(text)
        for entry in self.entries:
            if wanted in (_letters(entry.shown), _letters(entry.unified), _letters(entry.unified.split(":")[0])):
                return entry
        return None

    @property
    def shown(self) -> tuple[str, ...]:
        """Symbols by number."""
        return tuple(entry.shown for entry in self.entries)


def mark_of(held: Any) -> float:
    """What the venue values a position at, quote units; 0 where it does not say."""
    told = held.get("markPrice")
    if told is None and held.get("notional") and held.get("contracts"):
        told = float(held["notional"]) / float(held["contracts"]) / float(held.get("contractSize") or 1.0)
    try:
        return abs(float(told or 0.0))
    except (TypeError, ValueError):
        return 0.0


def _fraction(value: object) -> Fraction | None:
    try:
        found = Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        return None
    return found if 0 < found < 10**12 and found.denominator < 10**18 else None


def _shared(one: Fraction, other: Fraction) -> Fraction:
    """The largest figure of which both are whole multiples."""
    top = math.gcd(one.numerator * other.denominator, other.numerator * one.denominator)
    return Fraction(top, one.denominator * other.denominator)


def _text(value: Fraction) -> str:
    """Exact decimal text of a step."""
    whole, rest = divmod(int(value * 10**18), 10**18)
    return f"{whole}.{rest:018d}"


def _amount(value: object) -> float:
    try:
        found = float(str(value))
    except ValueError:
        return 0.0
    return found if 0.0 < found < 1e12 else 0.0


def _step(value: object) -> float:
    try:
        step = float(str(value))
    except ValueError:
        return FINEST
    return step if 0.0 < step < 1e12 else FINEST


def _letters(text: str) -> str:
    return "".join(c for c in text.upper() if c.isalnum())
