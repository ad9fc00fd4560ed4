"""Binance captures (USD-M, spot, prices of COIN-M) to streams: the book rebuilt from differences, trades, marks.

Differences queue from the first line; those that reach past the snapshot are applied to it, whichever came first in
the file. bookTicker is a second, faster feed and never enters that book; a capture without any snapshot is read as
best prices from it alone, and says so.
"""

from __future__ import annotations

import pathlib
from collections.abc import Sequence as Several

import numpy as np

from core.codec.binance import BinanceCodec
from core.codec.frames import Depth, Frame, Mark, Print, Snapshot, Top
from core.codec.reasons import BAD_FRAME, CROSSED, FOREIGN, OFF_GRID
from core.codec.sequence import GAP, STALE, Sequence
from core.codec.text import clean
from core.domain.book import F_GAP, F_MARK, F_TRADE, LEVELS
from core.domain.errors import DataError
from core.domain.instrument import Instrument
from core.domain.units import NS_PER_S
from core.market.files import INVERSE, lines_of
from core.market.inverse import symbol_of
from core.market.ladder import Ladder
from core.market.streams import Books, Ints, Rows, Streams

US_STAMPS_BELOW = 100_000_000_000_000_000  # receive times below this are microseconds (the 2023 captures)
BACK_NS = NS_PER_S
DUST = 1000  # one size in so many may lie between two lots


class _Growing:
    """Snapshots as they come: arrays that double."""

    def __init__(self) -> None:
        self.n = 0
        self.ts: list[tuple[int, int]] = []
        self.px = np.zeros((1024, 2, LEVELS), np.int64)
        self.sz = np.zeros((1024, 2, LEVELS), np.int64)

    def add(self, exch: int, recv: int, ladder: Ladder) -> None:
        if self.n == len(self.px):
            self.px, self.sz = (np.concatenate([x, np.zeros_like(x)]) for x in (self.px, self.sz))
        ladder.write(self.px[self.n], self.sz[self.n])
        self.ts.append((exch, recv))
        self.n += 1

    def books(self) -> Books:
        ts = np.array(self.ts, np.int64).reshape(-1, 2)
        return Books(ts[:, 0].copy(), ts[:, 1].copy(), self.px[: self.n].copy(), self.sz[: self.n].copy())


class Capture:
    """One or several contiguous captures of one instrument, read line by line. Call `read`, then `finish`."""

    def __init__(self, streams: Streams, instrument: Instrument) -> None:
        self.streams, self.instrument = streams, instrument
        inverse = streams.family == INVERSE
        self.codec = BinanceCodec(instrument, symbol_of(instrument) if inverse else "")
        self.sequence = Sequence(futures=inverse or streams.family == "binance_usdm")
        self.ladder, self.snapshots, self.tops = Ladder(), _Growing(), _Growing()
        self.synced = self.seen_snapshot = False
        self.queue: list[tuple[Depth, int]] = []
        self.small: dict[int, list[tuple[int, int, int, int, int, int]]] = {F_TRADE: [], F_MARK: [], F_GAP: []}
        self.ids: set[int] = set()
        self.untimed: list[tuple[int, Top]] = []
        self.newest = 0

    def read(self, path: pathlib.Path) -> None:
        """All lines of one file. Raises DataError for a damaged, foreign, unsorted or off-grid line."""
        row = 0
        for row, line in enumerate(lines_of(path), 1):
            stamp, _, body = line.partition(b" ")
            if not (stamp.isdigit() and len(stamp) < 20 and body):
                raise DataError(f"Expected `<receive time> <JSON>`, was {clean(line, 60)!r}", str(path), row)
            recv = int(stamp) * (1000 if int(stamp) < US_STAMPS_BELOW else 1)
            if recv < self.newest - BACK_NS:
                raise DataError(
                    f"Expected lines in order of receive time, was {(self.newest - recv) / NS_PER_S:.3f} s back; "
                    "give the files in order of time and unchanged",
                    str(path),
                    row,
                )
            self.newest = max(self.newest, recv)
            frame = self.codec.decode(body)
            if frame is not None:
                self._take(frame, recv)
            else:
                self._refuse(path, row)
        if self.codec.n_rounded > self.codec.n_sizes // DUST:
            raise DataError(
                f"Expected sizes in lots of {self.instrument.lot:g} {self.instrument.base}, was finer in "
                f"{self.codec.n_rounded} of {self.codec.n_sizes}; correct the lot in the instrument file",
                str(path),
                row,
            )
        if row == 0:
            raise DataError("Expected lines, was none; copy it again", str(path), 0)
        self.streams.counts["lines"] += row

    def _refuse(self, path: pathlib.Path, row: int) -> None:
        reason, who = self.codec.last_reason, f"{self.instrument.symbol} at {self.instrument.venue}"
        if reason == BAD_FRAME:
            raise DataError("Expected JSON, was cut off or damaged; copy the file again", str(path), row)
        if reason == FOREIGN:
            raise DataError(f"Expected messages of {who}, was another symbol; give its instrument file", str(path), row)
        if reason == OFF_GRID:
            raise DataError(
                f"Expected values on the grid {self.instrument.tick:g} x {self.instrument.lot:g} of {who}, was between "
                "two steps; give the instrument file of this market, or correct its tick and lot",
                str(path),
                row,
            )

    def _take(self, frame: Frame, recv: int) -> None:
        if isinstance(frame, Depth):
            self.streams.counts["book rows"] += 1
            if self.seen_snapshot:
                self._difference(frame, recv, shown=True)
            else:
                self.queue.append((frame, recv))
        elif isinstance(frame, Print):
            self.streams.counts["trade rows"] += 1
            if frame.trade_id in self.ids:
                self.streams.counts["duplicates"] += 1
                return
            self.ids.add(frame.trade_id)
            self.small[F_TRADE].append((frame.ts_exch, recv, frame.px, frame.sz, frame.side, frame.trade_id))
        elif isinstance(frame, Top):
            self.untimed.append((recv, frame))
        elif isinstance(frame, Mark):
            self.streams.counts["mark rows"] += 1
            self.small[F_MARK].append((frame.ts_exch, recv, frame.mark, frame.index, frame.rate, frame.next_settlement))
        else:
            self._snapshot(frame, recv)

    def _snapshot(self, snapshot: Snapshot, recv: int) -> None:
        self.ladder.reset(snapshot.bids, snapshot.asks)
        self.sequence.start(snapshot)
        self.seen_snapshot = self.synced = True
        queue, self.queue = self.queue, []
        exch = snapshot.ts_exch or (queue[-1][0].ts_exch if queue else 0)
        for depth, _ in queue:
            self._difference(depth, recv, shown=False)
            exch = max(exch, depth.ts_exch)
        if self.synced and exch and self.ladder.usable:
            self.snapshots.add(exch, recv, self.ladder)

    def _difference(self, depth: Depth, recv: int, shown: bool) -> None:
        verdict = self.sequence.check(depth)
        if verdict == STALE:
            self.streams.counts["old differences"] += 1
            return
        if verdict == GAP and self.synced:
            self.synced = False
            self.streams.counts["holes"] += 1
            self.streams.labels.append("a message is missing: no book until the next snapshot")
            self.small[F_GAP].append((depth.ts_exch, recv, 1, 0, 0, 0))
        if not self.synced:
            return
        self.ladder.apply(depth.bids, depth.asks)
        if not self.ladder.usable:
            self.synced = False
            self.streams.drop(CROSSED, 1)
            self.small[F_GAP].append((depth.ts_exch, recv, 0, 0, 0, 0))
        elif shown:
            self.snapshots.add(depth.ts_exch, recv, self.ladder)

    def finish(self) -> None:
        """Puts what was read into the streams. Raises DataError when there is neither a book nor a best price."""
        for reason, n in self.codec.dropped.items():
            self.streams.drop(reason, n)
        self.streams.counts["sizes rounded up to a lot"] = self.codec.n_rounded
        self.streams.counts["bookTicker rows not mixed in"] = len(self.untimed) if self.seen_snapshot else 0
        if not self.seen_snapshot:
            self._tops_as_books()
        self.streams.books = self.snapshots.books()
        for kind, rows in self.small.items():
            if rows:
                table = np.array(rows, np.int64)
                self.streams.rows.append(Rows(kind, table[:, 0].copy(), table[:, 1].copy(), table[:, 2:].copy()))

    def _tops_as_books(self) -> None:
        self.streams.labels.append("no snapshot in the capture: best prices only, from bookTicker")
        self.streams.counts["differences without a snapshot"] = len(self.queue)
        late = self._usual_delay()
        ladder = Ladder()
        for recv, top in self.untimed:
            ladder.reset(((top.bid_px, top.bid_sz),), ((top.ask_px, top.ask_sz),))
            self.snapshots.add(top.ts_exch or recv - late, recv, ladder)

    def _usual_delay(self) -> int:
        """Median receive - exchange of the trades: spot's bookTicker carries no time of its own."""
        rows: Ints = np.array(self.small[F_TRADE] or [(0, 0, 0, 0, 0, 0)], np.int64)
        return int(np.median(rows[:, 1] - rows[:, 0]))


def read_captures(streams: Streams, paths: Several[pathlib.Path], instrument: Instrument) -> None:
    """Fill `streams` from captures in order of time. Raises DataError, see `Capture`."""
    capture = Capture(streams, instrument)
    for path in paths:
        capture.read(path)
    capture.finish()
