"""The live inbox: three lanes in front of the synchronous engine. Commands first, then reports, then the market.

Market rows are conflated per instrument when the engine is late: the newest book wins, trades are kept up to a bound
and then counted as lost, and a lost diff would be a gap, so venues hand in whole books here. Order, account and command
lanes are never dropped: past `ALARM` waiting entries `alarmed` tells the driver.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from core.domain.book import F_BBO, F_BOOK, F_GAP, LEVELS, Feed
from core.domain.events import Input
from core.domain.order import Report

ALARM = 10_000
TRADES = 4_096


@dataclass
class Lane:
    """Waiting market rows of one instrument, oldest first; at most one book and one best of each side."""

    rows: list[tuple[int, int, int, tuple[int, ...]]] = field(default_factory=list)  # ts_exch, ts_recv, kind, small
    book: tuple[int, int, np.ndarray, np.ndarray] | None = None
    conflated: int = 0
    lost_trades: int = 0
    gap: int | None = None


def _nobody() -> None:
    """Nobody waits yet."""


class Inbox:
    """Filled by the loop's callbacks, emptied by the driver at each turn."""

    def __init__(self, instruments: int) -> None:
        self.on_push: Callable[[], None] = _nobody  # who drives: woken by every arrival
        self.instruments = instruments
        self._lanes = [Lane() for _ in range(instruments)]
        self._reports: deque[Report] = deque()
        self._inputs: deque[Input] = deque()
        self._commands: deque[Input] = deque()
        self.alarmed = False

    def command(self, event: Input) -> None:
        """An operator's command: served before everything else."""
        self._push(self._commands, event)

    def input(self, event: Input) -> None:
        """Health, links, read replies, refusals."""
        self._push(self._inputs, event)

    def report(self, report: Report) -> None:
        """An order or account report."""
        self._reports.append(report)
        self.alarmed = self.alarmed or len(self._reports) > ALARM
        self.on_push()

    def _push(self, lane: deque[Input], event: Input) -> None:
        lane.append(event)
        self.alarmed = self.alarmed or len(lane) > ALARM
        self.on_push()

    def book(self, instrument: int, ts_exch: int, ts_recv: int, px: np.ndarray, sz: np.ndarray) -> None:
        """A whole book, shapes (2, LEVELS). Replaces a waiting one and the best prices before it."""
        lane = self._lanes[instrument]
        if lane.book is not None:
            lane.conflated += 1
        before = len(lane.rows)
        lane.rows = [row for row in lane.rows if row[2] != F_BBO]
        lane.conflated += before - len(lane.rows)
        lane.book = (ts_exch, ts_recv, px, sz)
        self.on_push()

    def small(self, instrument: int, ts_exch: int, ts_recv: int, kind: int, values: tuple[int, int, int, int]) -> None:
        """A best price, trade or mark. A newer best of the same side replaces the waiting one."""
        lane = self._lanes[instrument]
        if kind == F_BBO:
            kept = [row for row in lane.rows if not (row[2] == F_BBO and row[3][0] == values[0])]
            lane.conflated += len(lane.rows) - len(kept)
            lane.rows = kept
        elif len(lane.rows) >= TRADES:
            lane.lost_trades += 1
            return
        lane.rows.append((ts_exch, ts_recv, kind, values))
        self.on_push()

    def gap(self, instrument: int, ts_exch: int, ts_recv: int, lost: int) -> None:
        """Messages were lost: the book is void until the next whole one."""
        lane = self._lanes[instrument]
        if lane.book is not None:
            lane.conflated += 1
            lane.book = None
        lane.rows.append((ts_exch, ts_recv, F_GAP, (lost,)))
        self.on_push()

    def conflated(self, instrument: int) -> int:
        return self._lanes[instrument].conflated

    def lost_trades(self, instrument: int) -> int:
        return self._lanes[instrument].lost_trades

    def depth(self) -> int:
        """Everything that waits."""
        market = sum(len(lane.rows) + (lane.book is not None) for lane in self._lanes)
        return market + len(self._reports) + len(self._inputs) + len(self._commands)

    def take_inputs(self) -> tuple[Input, ...]:
        """Commands first, then the other inputs; empties both lanes."""
        taken = tuple(self._commands) + tuple(self._inputs)
        self._commands.clear()
        self._inputs.clear()
        return taken

    def take_reports(self) -> tuple[Report, ...]:
        taken = tuple(self._reports)
        self._reports.clear()
        return taken

    def take_market(self, instrument: int) -> Feed | None:
        """Waiting rows as columns, the book where it stood in time; None when nothing waits."""
        lane = self._lanes[instrument]
        if not lane.rows and lane.book is None:
            return None
        rows: list[tuple[int, int, int, tuple[int, ...]]] = lane.rows
        if lane.book is not None:
            rows = sorted([*rows, (lane.book[0], lane.book[1], F_BOOK, ())], key=lambda row: row[1])
        small = [row[3] for row in rows if row[2] not in (F_BOOK, F_GAP)]
        index, n_small = [], 0
        for row in rows:
            if row[2] == F_BOOK:
                index.append(0)
            elif row[2] == F_GAP:
                index.append(row[3][0])
            else:
                index.append(n_small)
                n_small += 1
        books = 0 if lane.book is None else 1
        feed = Feed(
            np.array([row[0] for row in rows], np.int64),
            np.array([row[1] for row in rows], np.int64),
            np.array([row[2] for row in rows], np.int64),
            np.array(index, np.int64),
            np.zeros((books, 2, LEVELS), np.int64),
            np.zeros((books, 2, LEVELS), np.int64),
            np.array(small, np.int64).reshape(-1, 4),
        )
        if lane.book is not None:
            feed.book_px[0], feed.book_sz[0] = lane.book[2], lane.book[3]
        lane.rows, lane.book = [], None
        return feed
