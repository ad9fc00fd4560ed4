"""The instruments of a whole account by number: first those that we trade, then whatever else the venue lists.

For stops, which know no config: what is not recorded is read with the venue's own grid. Numbers never change.
"""

from __future__ import annotations

from typing import Any

from core.codec.grid import Step
from core.codec.reasons import Hostile

FINEST = 1e-8


class Entry:
    """One instrument. `shown` is our symbol where we trade it, else the unified one; `ours`: recorded."""

    def __init__(
        self, number: int, unified: str, shown: str, tick: float, lot: float, ours: bool
    ) -> None:  # fmt: skip
        self.number, self.unified, self.shown, self.ours = number, unified, shown, ours
        self.price, self.size = Step(tick), Step(lot)

    def ticks(self, value: object) -> int:
        """For display and evidence: 0 where the figure cannot be read. A cancel needs no price."""
        try:
            return self.price.nearest(value)
        except Hostile:
            return 0

    def lots(self, value: object) -> int:
        """Size in lots, never 0 for a size that is not. Raises Hostile."""
        return max(1, self.size.nearest(value)) if float(str(value)) else 0

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
        return self.add(unified, unified, _step(precision.get("price")), _step(precision.get("amount")), ours=False)

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


def _step(value: object) -> float:
    try:
        step = float(str(value))
    except ValueError:
        return FINEST
    return step if 0.0 < step < 1e12 else FINEST


def _letters(text: str) -> str:
    return "".join(c for c in text.upper() if c.isalnum())
