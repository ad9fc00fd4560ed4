"""Own trades that could not be read, or whose order nobody knows: each is told once and stays listed, none is dropped.

One of them must not blind the others (what it did to a position the cross-check of positions finds). Soon after one
was met the absence of an order proves nothing: it may be what became of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.domain.ports import Clock
from core.domain.units import NS_PER_S
from core.venues.ccxt.fills import trade_number
from core.venues.ccxt.traits import Traits
from core.venues.ccxt.verdicts import clean_text

KEPT = 1_000
DOUBT_NS = 60 * NS_PER_S
Say = Callable[[str, str, str], None]  # level, code, text


class Unread:
    """`rows`: why, by symbol and trade id."""

    def __init__(self, traits: Traits, clock: Clock, note: Say) -> None:
        self.traits, self.clock, self.note = traits, clock, note
        self.rows: dict[tuple[str, int], str] = {}
        self._newest_ns = -DOUBT_NS - 1  # monotonic; of the newest that was met

    def add(self, symbol: str, trade: Any, error: Exception) -> None:
        """Leave this row aside. Raises Hostile where it has no id: then the whole answer cannot be read."""
        key = symbol, trade_number(self.traits, trade.get("id"))
        if key in self.rows:
            return
        if len(self.rows) >= KEPT:
            self.rows.pop(next(iter(self.rows)))
        self.rows[key] = why = clean_text(error)
        self._newest_ns = self.clock.monotonic()
        self.note(
            "crit", "trade_unread",
            f"{self.traits.name} {symbol}: trade {key[1]} is not counted, it could not be read or told whose it is "
            f"({why}). Compare the position with the venue's page",
        )  # fmt: skip

    def read(self, symbol: str, number: int) -> None:
        """This one was read after all."""
        self.rows.pop((symbol, number), None)

    @property
    def doubts(self) -> bool:
        """One was met a moment ago."""
        return bool(self.rows) and self.clock.monotonic() - self._newest_ns <= DOUBT_NS
