"""Feeds by hand: rows as short tuples, turned into the columns that every source delivers."""

from __future__ import annotations

import numpy as np

from core.domain.book import F_BBO, F_BOOK, F_GAP, F_MARK, F_TRADE, LEVELS, Feed
from core.kernel import Kernels
from core.signals.blocks import SignalParams, Signals, new_view, signal_params
from core.signals.observe import observe

S = 1_000_000_000
T0 = 1_700_000_000 * S
Side = list[tuple[int, int]]


class Tape:
    """Collects events; `feed()` gives the columns. Times are seconds after T0."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, int]] = []
        self.books: list[np.ndarray] = []
        self.small: list[tuple[int, int, int, int]] = []

    def book(self, t: float, bids: Side, asks: Side) -> Tape:
        px_sz = np.zeros((2, 2, LEVELS), np.int64)
        for side, levels in enumerate((bids, asks)):
            for i, (px, sz) in enumerate(levels):
                px_sz[0, side, i], px_sz[1, side, i] = px, sz
        self.books.append(px_sz)
        return self._add(t, F_BOOK, len(self.books) - 1)

    def mid(self, t: float, px: int) -> Tape:
        """A book of two ticks' spread round `px`."""
        return self.book(t, [(px - 1, 10)], [(px + 1, 10)])

    def bbo(self, t: float, side: int, px: int, sz: int) -> Tape:
        return self._small(t, F_BBO, (side, px, sz, 0))

    def trade(self, t: float, px: int, sz: int, side: int) -> Tape:
        return self._small(t, F_TRADE, (px, sz, side, len(self.rows)))

    def mark(self, t: float, mark: int, index: int = 0, rate: int = 0, at: int = 0) -> Tape:
        return self._small(t, F_MARK, (mark, index, rate, at))

    def gap(self, t: float, lost: int = 1) -> Tape:
        return self._add(t, F_GAP, lost)

    def _small(self, t: float, kind: int, values: tuple[int, int, int, int]) -> Tape:
        self.small.append(values)
        return self._add(t, kind, len(self.small) - 1)

    def _add(self, t: float, kind: int, row: int) -> Tape:
        self.rows.append((T0 + round(t * S), kind, row))
        return self

    def feed(self) -> Feed:
        rows = np.array(self.rows, np.int64).reshape(-1, 3)
        px = np.array([b[0] for b in self.books], np.int64).reshape(-1, 2, LEVELS)
        sz = np.array([b[1] for b in self.books], np.int64).reshape(-1, 2, LEVELS)
        small = np.array(self.small, np.int64).reshape(-1, 4)
        ts, kind, row = (np.ascontiguousarray(rows[:, k]) for k in range(3))
        return Feed(ts - S // 5, ts, kind, row, px, sz, small)


class Eye:
    """A view and its signals, fed by tapes."""

    def __init__(self, form: str = "plain", own_in_book: bool = False, **params: float) -> None:
        self.view, self.signals = new_view(own_in_book), Signals()
        self.params: SignalParams = signal_params(**params)
        self.kernels = Kernels(form)

    def see(self, tape: Tape, now: float | None = None) -> int:
        feed = tape.feed()
        last = len(feed.kind)
        end = int(feed.ts_recv[-1]) if now is None else T0 + round(now * S)
        door = self.kernels.bind(observe, self.view, self.signals, self.params, feed)
        return int(door(0, last, end))

    @property
    def v(self):  # type: ignore[no-untyped-def]
        return self.view.s

    @property
    def g(self):  # type: ignore[no-untyped-def]
        return self.signals.s
