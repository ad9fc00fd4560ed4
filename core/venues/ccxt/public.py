"""Public news into rows of the inbox: whole books, trades, marks, gaps. Copies at once: ccxt's books are live objects.

Whatever is not a plain positive figure on the grid is refused here and counted by reason (R-N3).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from core.codec.columns import units_of
from core.codec.grid import MAX_LEVEL, signed_units
from core.codec.reasons import CROSSED, FAULTS, NOT_A_NUMBER, TOO_LARGE, UNSORTED, ZERO, Hostile
from core.domain.book import F_MARK, F_TRADE, LEVELS
from core.domain.ports import Clock
from core.domain.units import BUY, FAR, SELL
from core.venues.ccxt.markets import Listing, id_number, side_of
from core.venues.ccxt.traits import ns_of_ms

UNHEARD = "unheard"


class FeedSink(Protocol):
    """Where rows go: the engine's inbox."""

    def book(self, instrument: int, ts_exch: int, ts_recv: int, px: np.ndarray, sz: np.ndarray) -> None: ...
    def small(
        self, instrument: int, ts_exch: int, ts_recv: int, kind: int, values: tuple[int, int, int, int]
    ) -> None: ...
    def gap(self, instrument: int, ts_exch: int, ts_recv: int, lost: int) -> None: ...


class PublicFeed:
    """Of one instrument. `offset_ns` is the venue's clock minus ours: exchange times come in our time."""

    def __init__(self, listing: Listing, sink: FeedSink, clock: Clock, sequenced: bool = False) -> None:
        self.listing, self.sink, self.clock, self.sequenced = listing, sink, clock, sequenced
        self.offset_ns = 0
        self.dropped: dict[str, int] = {}
        self.books = self.trades = self.marks = 0
        self.heard_ns = 0  # monotonic; of the newest difference of the book, where the venue sends differences
        self.heard_update = 0  # its number
        self.book_ts = 0  # exchange time of the newest book, our clock
        self.trade_ms = 0  # exchange time of the newest trade
        self._last_trades: dict[int, None] = {}
        self.on_refused: Callable[[str], None] = lambda why: None  # of a whole book

    def _drop(self, reason: str) -> None:
        self.dropped[reason] = self.dropped.get(reason, 0) + 1

    def _times(self, ms: Any) -> tuple[int, int]:
        now = self.clock.now()
        ts = ns_of_ms(ms) - self.offset_ns if ms else now
        return min(ts, now), now

    def heard(self, update: int) -> None:
        """A difference with this number came through the stream."""
        self.heard_ns, self.heard_update = self.clock.monotonic(), update

    def _is_unheard(self, book: Any) -> bool:
        """A snapshot that moved on while the stream said nothing: the stream is silent, not the market quiet (R-N1)."""
        if not self.sequenced or book.get("nonce") == self.heard_update:
            return False
        return self.clock.monotonic() - self.heard_ns > self.listing.instrument.book_stale_ns

    def take_book(self, book: Any) -> bool | None:
        """A unified order book, `timestamp` in ms or None. False: not taken, and no news of the stream."""
        if self._is_unheard(book):
            self._drop(UNHEARD)
            return False
        ts, now = self._times(book.get("timestamp"))
        px, sz = np.zeros((2, LEVELS), np.int64), np.zeros((2, LEVELS), np.int64)
        for side, name in ((BUY, "bids"), (SELL, "asks")):
            levels = [(level[0], level[1]) for level in book[name][:LEVELS]]
            if not levels:
                continue
            try:
                raw = np.asarray(levels, np.float64)
            except (TypeError, ValueError):
                return self._refuse_book(NOT_A_NUMBER)
            for column, step, out in (
                (0, self.listing.instrument.tick, px), (1, self.listing.lot_size, sz),
            ):  # fmt: skip
                units, faults = units_of(raw[:, column], step)
                if faults.any():
                    return self._refuse_book(str(FAULTS[int(faults[faults != 0][0])]))
                out[side][: len(units)] = units
        if reason := self._disorder(px, sz):
            return self._refuse_book(reason)
        self.books += 1
        self.book_ts = ts
        self.sink.book(self.listing.number, ts, now, px, sz)
        return None

    def _disorder(self, px: np.ndarray, sz: np.ndarray) -> str:
        """Why whole levels are no book, "" where they are one: nothing beside zero, best first, not crossed."""
        for side, sign in ((BUY, -1), (SELL, 1)):
            used = (px[side] != 0) | (sz[side] != 0)
            depth = int(used.sum())
            if (px[side][:depth] == 0).any() or (sz[side][:depth] == 0).any():
                return ZERO
            if (np.diff(px[side][:depth]) * sign <= 0).any():
                return UNSORTED
            if (px[side].astype(np.float64) * sz[side] * self.listing.instrument.unit > MAX_LEVEL).any():
                return TOO_LARGE
        return CROSSED if px[BUY][0] and px[SELL][0] and px[BUY][0] >= px[SELL][0] else ""

    def _refuse_book(self, reason: str) -> bool:
        """Counted. A crossed book is void; one that is made of differences stays wrong, so it is asked for anew."""
        self._drop(reason)
        if self.sequenced or reason == CROSSED:
            self.gap(1)
        if self.sequenced:
            self.on_refused(f"a book was refused: {reason}")
        return False

    def take_trades(self, trades: Any) -> None:
        """Unified trades, oldest first; seen ids are skipped (a snapshot or a reconnect shows them again)."""
        for trade in trades:
            number = id_number(trade.get("id"))
            if number in self._last_trades:
                continue
            if len(self._last_trades) >= 4_096:
                self._last_trades.pop(next(iter(self._last_trades)))
            self._last_trades[number] = None
            try:
                px, sz = self.listing.level(trade["price"], trade["amount"])
                values = (px, sz, 1 if side_of(trade["side"]) == BUY else -1, number)
            except Hostile as error:
                self._drop(str(error))
                continue
            self.trades += 1
            self.trade_ms = max(self.trade_ms, int(trade.get("timestamp") or 0))
            ts, now = self._times(trade.get("timestamp"))
            self.sink.small(self.listing.number, ts, now, F_TRADE, values)

    def take_mark(self, ticker: Any) -> None:
        """A unified ticker with mark and index price; funding in its raw part where the venue sends it."""
        info = ticker.get("info") or {}
        try:
            mark = self.listing.price.nearest(ticker.get("markPrice") or info.get("markPx"))
            if mark == 0:
                raise Hostile(ZERO)
            index_value = ticker.get("indexPrice") or info.get("oraclePx")
            index = self.listing.price.nearest(index_value) if index_value else 0
            rate_text = info.get("r") or info.get("funding") or info.get("fundingRate")
            rate = signed_units(rate_text, "0.00000001") if rate_text not in (None, "") else FAR
        except Hostile as error:
            self._drop(str(error))
            return
        settles = ns_of_ms(_int(info.get("T") or info.get("nextFundingTime"))) or self._next_settlement()
        self.marks += 1
        ts, now = self._times(ticker.get("timestamp"))
        self.sink.small(self.listing.number, ts, now, F_MARK, (mark, index, rate, settles))

    def gap(self, lost: int) -> None:
        """Differences were lost: the book is void until the next whole one."""
        now = self.clock.now()
        self.sink.gap(self.listing.number, now, now, lost)

    def _next_settlement(self) -> int:
        x, now = self.listing.instrument, self.clock.now()
        if x.funding_interval_ns <= 0:
            return 0
        return now - (now - x.funding_offset_ns) % x.funding_interval_ns + x.funding_interval_ns


def _int(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0
