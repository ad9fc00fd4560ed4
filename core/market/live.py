"""The live source: rows of public feeds as they arrive, for a paper core. Keeps every row until it is taken.

Nothing is conflated here: the exchange half of paper matches against each book and trade. Also measures how old the
newest books were when they came, since by so much the exchange half stands behind the exchange.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from core.domain.book import F_BOOK, F_GAP, F_TRADE, LEVELS, Feed, empty_feed
from core.domain.events import Link, Relisted
from core.domain.instrument import Instrument
from core.domain.order import Report
from core.domain.units import NS_PER_S

LAG_WINDOW_NS = 5 * NS_PER_S  # the lag is the largest of this window and of the one before
ROOM = 100_000  # rows of one instrument that may wait; beyond it trades are lost and the book is void
Row = tuple[int, int, int, Any]  # ts_exch, ts_recv, kind, (px, sz) | four values | lost messages


def _nobody() -> None:
    """Nobody waits yet."""


class LiveSource:
    """A feed sink and a `core.market.source.Source` in one. `lost[i]` rows were dropped for want of room.

    `start_ns` is wall time; `extend(i, until)` gives what has arrived before `until`, an empty feed where nothing has.
    Trades from before the start, or older than the instrument's `book_stale_ns` when they came (told again after a
    reconnect), are not given: no order of ours can have met them.
    """

    live = True

    def __init__(self, instruments: Sequence[Instrument], start_ns: int, seed: int, networks: Sequence[str]) -> None:
        self.instruments = tuple(instruments)
        self.start_ns, self.seed, self.networks = start_ns, seed, tuple(networks)
        self.on_push: Callable[[], None] = _nobody
        self.links: list[Link] = []
        self.lost = [0] * len(self.instruments)
        self.late_trades = [0] * len(self.instruments)
        self._rows: list[list[Row]] = [[] for _ in self.instruments]
        self._last = [start_ns] * len(self.instruments)  # newest receive time
        self._lags = [[0, 0] for _ in self.instruments]
        self._since = [start_ns] * len(self.instruments)

    # the feed --------------------------------------------------------------------------------------------------------

    def book(self, instrument: int, ts_exch: int, ts_recv: int, px: np.ndarray, sz: np.ndarray) -> None:
        """A whole book, shapes (2, LEVELS)."""
        self._measure(instrument, ts_exch, ts_recv)
        self._add(instrument, ts_exch, ts_recv, F_BOOK, (px.copy(), sz.copy()))

    def small(self, instrument: int, ts_exch: int, ts_recv: int, kind: int, values: tuple[int, int, int, int]) -> None:
        """A best price, trade or mark."""
        if kind == F_TRADE:
            stale = self.instruments[instrument].book_stale_ns
            if ts_exch < self.start_ns or ts_recv - ts_exch > stale:
                self.late_trades[instrument] += 1
                return
        self._add(instrument, ts_exch, ts_recv, kind, values)

    def gap(self, instrument: int, ts_exch: int, ts_recv: int, lost: int) -> None:
        """Messages were lost: the book is void until the next whole one."""
        self._add(instrument, ts_exch, ts_recv, F_GAP, lost)

    def input(self, event: Link | Relisted) -> None:
        """A stream came up or went down."""
        if isinstance(event, Relisted):
            raise ValueError(f"Expected a public feed, was new terms of instrument {event.instrument}")
        self.links.append(event)
        self.on_push()

    def report(self, report: Report) -> None:
        """A public feed reports no orders."""
        raise ValueError(f"Expected a public feed, was a report on order {report.cl_id}")

    def _add(self, i: int, ts_exch: int, ts_recv: int, kind: int, what: Any) -> None:
        rows = self._rows[i]
        ts_recv = self._last[i] = max(ts_recv, self._last[i])
        if len(rows) >= ROOM:
            self.lost[i] += len(rows)
            rows[:] = [(ts_recv, ts_recv, F_GAP, len(rows))]
        rows.append((min(ts_exch, ts_recv), ts_recv, kind, what))
        self.on_push()

    # how far the exchange half is behind ------------------------------------------------------------------------------

    def _measure(self, i: int, ts_exch: int, ts_recv: int) -> None:
        lags = self._lags[i]
        if ts_recv - self._since[i] > LAG_WINDOW_NS:
            lags[0], lags[1], self._since[i] = lags[1], 0, ts_recv
        lags[1] = max(lags[1], ts_recv - ts_exch)

    def lag_ns(self, i: int) -> int:
        """Age of the newest books on arrival, the largest of 5 to 10 s, and never less than the venue file's p50."""
        return max(self.instruments[i].feed.p50_ns, *self._lags[i])

    # the source ------------------------------------------------------------------------------------------------------

    @property
    def ref(self) -> dict[str, Any]:
        return {
            "kind": "live",
            "names": [instrument.symbol for instrument in self.instruments],
            "sha256s": [],
            "seed": self.seed,
            "networks": list(self.networks),
        }

    @property
    def end_ns(self) -> int | None:
        return None

    def take_links(self) -> list[Link]:
        """Changes of streams since the last call."""
        taken, self.links = self.links, []
        return taken

    def extend(self, i: int, until_ns: int) -> Feed | None:
        """Rows that arrived before `until_ns` and were not given yet, in the order of their arrival."""
        rows = self._rows[i]
        n = len(rows)
        while n and rows[n - 1][1] >= until_ns:
            n -= 1
        if n == 0:
            return empty_feed()
        self._rows[i] = rows[n:]
        return feed_of_rows(rows[:n])


def feed_of_rows(rows: Sequence[Row]) -> Feed:
    """Rows as columns."""
    books = [row[3] for row in rows if row[2] == F_BOOK]
    small = [row[3] for row in rows if row[2] not in (F_BOOK, F_GAP)]
    index, n_books, n_small = [], 0, 0
    for row in rows:
        if row[2] == F_BOOK:
            index.append(n_books)
            n_books += 1
        elif row[2] == F_GAP:
            index.append(row[3])
        else:
            index.append(n_small)
            n_small += 1
    return Feed(
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.int64),
        np.array(index, np.int64),
        np.array([book[0] for book in books], np.int64).reshape(-1, 2, LEVELS),
        np.array([book[1] for book in books], np.int64).reshape(-1, 2, LEVELS),
        np.array(small, np.int64).reshape(-1, 4),
    )
