"""A market that stands still, made for contracts: the same book for ever, one print in the middle four times a second.

Whatever a test wants of the market it gets by its price alone: far away an order rests, in the middle it is filled a
print at a time, above the middle (a buy) whole by the next print, at the other side it takes what is shown.
"""

from __future__ import annotations

import numpy as np

from core.domain.book import F_BOOK, F_MARK, F_TRADE, LEVELS, Feed
from core.domain.instrument import Instrument
from core.domain.units import BUY, FAR, NS_PER_MS, SELL

START_NS = 1_700_000_000_000 * NS_PER_MS
STEP_NS = 50 * NS_PER_MS
BOOK_EVERY, PRINT_EVERY, MARK_EVERY = 2, 5, 10  # steps
DEPTH = 5
RATE = 10_000  # 1e-8 a settlement: longs pay


class Place:
    """Prices (ticks) and sizes (lots) of one instrument. `q` is the unit of every size: four prints."""

    def __init__(self, instrument: Instrument, middle: int, half: int, q: int) -> None:
        self.instrument, self.middle, self.half, self.q = instrument, middle, half, q
        self.print = q // 4
        self.bid, self.ask = middle - half, middle + half

    def levels(self, side: int) -> list[tuple[int, int]]:
        """(px, lots) from the best on: `2 q` at the best, `10 q` behind it."""
        best, sign = (self.bid, -1) if side == BUY else (self.ask, 1)
        return [(best + sign * self.half * k, self.q * (10 if k else 2)) for k in range(DEPTH)]


class StillTape:
    """A `Tape` of core.venues.wire.behind; `extend` continues each instrument where its last chunk ended."""

    def __init__(self, places: list[Place], start_ns: int = START_NS) -> None:
        self.places, self.start_ns = places, start_ns
        self._next = [0] * len(places)

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        return tuple(place.instrument for place in self.places)

    def extend(self, i: int, until_ns: int) -> Feed:
        """All rows before `until_ns` that were not given yet."""
        place, rows = self.places[i], []
        while self.start_ns + self._next[i] * STEP_NS < until_ns:
            step = self._next[i]
            ts = self.start_ns + step * STEP_NS
            if step % MARK_EVERY == 0:
                rows.append((ts, F_MARK, (place.middle, place.middle, RATE, FAR)))
            if step % BOOK_EVERY == 0:
                rows.append((ts, F_BOOK, (step, 0, 0, 0)))
            if step % PRINT_EVERY == PRINT_EVERY - 1:
                rows.append((ts, F_TRADE, (place.middle, place.print, 0, step + 1)))
            self._next[i] += 1
        return self._feed(place, rows)

    def _feed(self, place: Place, rows: list[tuple[int, int, tuple[int, int, int, int]]]) -> Feed:
        books = [values[0] for _, kind, values in rows if kind == F_BOOK]
        px, sz = (np.zeros((len(books), 2, LEVELS), np.int64) for _ in range(2))
        for n, step in enumerate(books):
            for side in (BUY, SELL):
                for k, (ticks, lots) in enumerate(place.levels(side)):
                    breath = step // BOOK_EVERY % 2 if k == DEPTH - 1 else 0  # so that the book has news
                    px[n, side, k], sz[n, side, k] = ticks, lots + breath
        small = np.array([values for _, kind, values in rows if kind != F_BOOK], np.int64).reshape(-1, 4)
        kind = np.array([kind for _, kind, _ in rows], np.int64)
        is_book = kind == F_BOOK
        row = np.where(is_book, np.cumsum(is_book) - 1, np.cumsum(~is_book) - 1)
        ts = np.array([ts for ts, _, _ in rows], np.int64)
        return Feed(ts, ts.copy(), kind, row, px, sz, small)
