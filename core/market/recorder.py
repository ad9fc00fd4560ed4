"""The recorder: rows of a live feed into files that backtest and paper read, one series of files an instrument.

A file begins with its first row, ends with its period or at its size, and is never written over another one. Every
row that was lost on the way to the disk ends the recording: a hole that nobody sees would be worse than an end.
"""

from __future__ import annotations

import pathlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.clock import stamp
from core.domain.book import F_BOOK, F_GAP, F_MARK, F_TRADE
from core.domain.events import Link, Relisted
from core.domain.instrument import Instrument
from core.domain.order import Report
from core.domain.ports import Clock
from core.market.taped import TapeWriter, file_name

NAMES = {F_BOOK: "books", F_TRADE: "trades", F_MARK: "marks", F_GAP: "gaps"}
LEAST_FREE = 200 << 20  # bytes: below this a core on the same disk would halt
SAME_SECOND = 100  # files of one instrument that may begin in one second


@dataclass
class Tally:
    """Of one instrument: rows by kind, and when the newest of each came (monotonic ns, 0 = never)."""

    rows: dict[int, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    newest: dict[int, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))


def free_bytes(folder: pathlib.Path) -> int:
    """Free on the disk of `folder`."""
    return shutil.disk_usage(folder).free


class Recorder:
    """A feed sink for several instruments. `look` once a second; `trouble` is not empty when nothing more is written.

    A file holds at most the rows of one period of `file_ns` (counted from the epoch, so hours begin at full hours) and
    ends once it has `file_bytes`. `offset_ns` gives the venue's clock minus ours.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        instruments: Sequence[Instrument],
        clock: Clock,
        file_ns: int,
        file_bytes: int,
        offset_ns: Callable[[], int] = lambda: 0,
        free: Callable[[pathlib.Path], int] = free_bytes,
    ) -> None:
        self.folder, self.instruments, self.clock = folder, tuple(instruments), clock
        self.file_ns, self.file_bytes, self.offset_ns, self._free = file_ns, file_bytes, offset_ns, free
        self.tallies = [Tally() for _ in instruments]
        self.files: list[pathlib.Path] = []
        self.trouble = ""
        self.links: dict[tuple[int, str], bool] = {}
        self._tapes: list[TapeWriter | None] = [None] * len(self.instruments)
        self._began = [0] * len(self.instruments)
        self._closed_bytes = 0

    # the feed --------------------------------------------------------------------------------------------------------

    def book(self, instrument: int, ts_exch: int, ts_recv: int, px: np.ndarray, sz: np.ndarray) -> None:
        """A whole book, shapes (2, LEVELS)."""
        tape = self._tape(instrument, ts_recv, F_BOOK)
        if tape is not None:
            tape.book(instrument, ts_exch, ts_recv, px, sz)

    def small(self, instrument: int, ts_exch: int, ts_recv: int, kind: int, values: tuple[int, int, int, int]) -> None:
        """A best price, trade or mark."""
        tape = self._tape(instrument, ts_recv, kind)
        if tape is not None:
            tape.small(instrument, ts_exch, ts_recv, kind, values)

    def gap(self, instrument: int, ts_exch: int, ts_recv: int, lost: int) -> None:
        """Messages were lost."""
        tape = self._tape(instrument, ts_recv, F_GAP)
        if tape is not None:
            tape.gap(instrument, ts_exch, ts_recv, lost)

    def input(self, event: Link | Relisted) -> None:
        """A stream came up or went down: the row for it, if any, is the feed's own gap."""
        if isinstance(event, Relisted):
            raise ValueError(f"Expected a public feed, was new terms of instrument {event.instrument}")
        self.links[event.instrument, event.why.partition(": ")[0]] = event.up

    def report(self, report: Report) -> None:
        """A public feed reports no orders."""
        raise ValueError(f"Expected a public feed, was a report on order {report.cl_id}")

    def _tape(self, i: int, ts_recv: int, kind: int) -> TapeWriter | None:
        """The file that takes this row; None once the recording has ended."""
        if self.trouble:
            return None
        tape = self._tapes[i]
        if tape is not None and ts_recv // self.file_ns != self._began[i] // self.file_ns:
            self._close(i)
            tape = None
        if tape is None and not self.trouble:
            tape = self._open(i, ts_recv)
        if tape is not None:
            tally = self.tallies[i]
            tally.rows[kind] = tally.rows.get(kind, 0) + 1
            tally.newest[kind] = self.clock.monotonic()
        return tape

    # files -----------------------------------------------------------------------------------------------------------

    def _open(self, i: int, ts_recv: int) -> TapeWriter | None:
        instrument, second = self.instruments[i], stamp(ts_recv)
        try:
            for n in range(1, SAME_SECOND):
                path = self.folder / file_name(instrument, second if n == 1 else f"{second}-{n}")
                try:
                    tape = TapeWriter(path, instrument, ts_recv, self.offset_ns())
                except FileExistsError:
                    continue
                self._tapes[i], self._began[i] = tape, ts_recv
                self.files.append(path)
                return tape
            self.trouble = f"{path}: Expected a name that is free, was none of {SAME_SECOND}"
        except OSError as error:
            self.trouble = f"{self.folder}: {error.strerror}"
        return None

    def _close(self, i: int) -> None:
        tape, self._tapes[i] = self._tapes[i], None
        if tape is None:
            return
        tape.close()
        self._closed_bytes += tape.bytes
        self.trouble = self.trouble or tape.trouble

    def look(self) -> None:
        """Rows so far to the disk, files that are full closed, room asked for."""
        for i, tape in enumerate(self._tapes):
            if tape is None:
                continue
            tape.flush()
            self.trouble = self.trouble or tape.trouble
            if tape.bytes >= self.file_bytes:
                self._close(i)
        try:
            free = self._free(self.folder)
        except OSError as error:
            self.trouble = self.trouble or f"{self.folder}: {error.strerror}"
            return
        if free < LEAST_FREE:
            self.trouble = self.trouble or f"{self.folder}: {free / 1e6:,.0f} MB free, 200 MB are kept for the core"

    def close(self) -> None:
        """Every file whole and synced."""
        for i in range(len(self._tapes)):
            self._close(i)

    # counters --------------------------------------------------------------------------------------------------------

    @property
    def bytes(self) -> int:
        """Written so far, whole blocks."""
        return self._closed_bytes + sum(tape.bytes for tape in self._tapes if tape is not None)

    def counts(self, i: int) -> dict[str, int]:
        """Rows of one instrument by kind."""
        return {name: self.tallies[i].rows[kind] for kind, name in NAMES.items()}

    def ages_s(self, i: int) -> dict[str, float | None]:
        """Seconds since the newest row of each kind; None = never."""
        now, newest = self.clock.monotonic(), self.tallies[i].newest
        known = {name: newest[kind] for kind, name in NAMES.items() if kind != F_GAP}
        return {name: round((now - at) / 1e9, 3) if at else None for name, at in known.items()}
