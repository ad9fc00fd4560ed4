"""Orders on what the venue's list of markets does not name: they are listed, nobody here can cancel them.

A stop of the whole account leaves them out of what it must bring to zero, and says so: it would ask for ever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any


class Unlisted:
    """`orders`: how many the newest answer showed, by the venue's own name."""

    def __init__(self, name: str, note: Callable[[str, str], None]) -> None:
        self.name, self.note = name, note
        self.orders: dict[str, int] = {}
        self.old = False  # the list of markets is from a file
        self._told: set[str] = set()

    async def reachable(self, exchange: Any, *books: Sequence[Any]) -> list[list[Any]]:
        """The unified orders of each book that can be cancelled; the others are named, each once. Raises what ccxt
        raises."""
        if self.old and not all(_known(raw, exchange) for book in books for raw in book):
            await exchange.load_markets(True)  # it may be a coin of today
            self.old = False
        beyond = Counter(_coin(raw) for book in books for raw in book if not _known(raw, exchange))
        self.orders = dict(sorted(beyond.items()))
        if fresh := [coin for coin in self.orders if coin not in self._told]:
            self._told.update(fresh)
            self.note("unreachable", f"{self.name}: {self.text()}")
        return [[raw for raw in book if _known(raw, exchange)] for book in books]

    def text(self) -> str:
        """For the operator; "" where there are none."""
        if not self.orders:
            return ""
        named = ", ".join(f"{coin} ({many} {'order' if many == 1 else 'orders'})" for coin, many in self.orders.items())
        return f"not reachable from here, cancel by hand: {named}"


def _known(raw: Any, exchange: Any) -> bool:
    return str(raw["symbol"]) in (exchange.markets or {})


def _coin(raw: Any) -> str:
    info = raw.get("info") or {}
    return str(info.get("coin") or info.get("symbol") or raw["symbol"])[:60]
