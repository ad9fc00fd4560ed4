"""The instruments of a whole account by number: first those that we trade, then whatever else the venue lists.

For stops, which know no config: what is not recorded is read with the venue's own grid. Numbers never change.
"""

from __future__ import annotations

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
