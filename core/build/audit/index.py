"""The list of a journal's steps: when, and in which words. Read in slices; grows with the file; sifted by a text.

Holds one stamp and one short text a step; steps of market data alone share theirs.
"""

from __future__ import annotations

import bisect
import pathlib
from array import array
from collections.abc import Callable

import msgspec

from core.build.audit.file import Reader
from core.build.audit.words import MARK, Words
from core.domain.audit import DIFFERS, SAME, SUM, EventRow
from core.domain.errors import DataError
from core.domain.instrument import Instrument
from core.engine.journal import VERSION, Frame, Header

SIFT_AT_ONCE = 5_000


class Index:
    """Step n stands at n - 1. Raises DataError for a file that is no journal of this version."""

    def __init__(self, path: pathlib.Path) -> None:
        self.file = Reader(path)
        self.header: Header | None = None
        self.ts = array("q")
        self._texts: list[str] = []
        self._same: dict[str, str] = {}
        self._words: Words | None = None
        self.needle = ""
        self.kept = array("q")  # steps that the filter lets through; unused without one
        self.sifted = 0

    def close(self) -> None:
        self.file.close()

    @property
    def steps(self) -> int:
        return len(self.ts)

    def read_on(self, enough: Callable[[], bool]) -> bool:
        """The next blocks, until `enough()`; True at the end of the file as it is now."""
        while not enough():
            frames = self.file.frames()
            if not frames:
                return True
            for frame in frames:
                if isinstance(frame, Header):
                    self._begin(frame)
                elif isinstance(frame, Frame):
                    if self._words is None:
                        raise DataError("Expected a header first, was another frame", str(self.file.path))
                    if frame.seq != self.steps + 1:
                        text = f"Expected step {self.steps + 1}, was {frame.seq}; the journal has a hole"
                        raise DataError(text, str(self.file.path))
                    text = self._words.row(frame)
                    if text.endswith(MARK):
                        text = self._same.setdefault(text, text)
                    self.ts.append(frame.moment.ts)
                    self._texts.append(text)
        return False

    def _begin(self, header: Header) -> None:
        if header.version != VERSION:
            text = f"Expected a journal of version {VERSION}, was {header.version}"
            raise DataError(text, str(self.file.path))
        self.header = header
        self._words = Words(msgspec.convert(header.source["instruments"], list[Instrument]))

    # the filter ------------------------------------------------------------------------------------------------------
    def sift(self, needle: str) -> None:
        self.needle = needle.casefold()
        self.kept = array("q")
        self.sifted = 0

    def sift_on(self, enough: Callable[[], bool]) -> bool:
        """Look at more steps; True when all are looked at."""
        if not self.needle:
            return True
        while self.sifted < self.steps:
            if enough():
                return False
            end = min(self.sifted + SIFT_AT_ONCE, self.steps)
            for n in range(self.sifted, end):
                if self.needle in self._texts[n].replace(MARK, " ").casefold():
                    self.kept.append(n + 1)
            self.sifted = end
        return True

    @property
    def matches(self) -> int:
        return len(self.kept) if self.needle else self.steps

    def row_at(self, seq: int) -> int:
        """Number of the last listed row at or before step `seq`; -1 = none."""
        if not self.needle:
            return min(seq, self.steps) - 1
        return bisect.bisect_right(self.kept, seq) - 1

    def step_of(self, row: int) -> int:
        """The step that stands in this row."""
        return int(self.kept[row]) if self.needle else row + 1

    def step_at(self, ts: int) -> int:
        """The last step at or before `ts`; the first when all are later; 0 of an empty journal."""
        return max(bisect.bisect_right(self.ts, ts), min(self.steps, 1))

    def rows(self, first: int, most: int, proven: int, differs: int) -> tuple[EventRow, ...]:
        """Rows as they are shown. `proven`: up to which step the engine came out the same, `differs`: which did not."""
        out = []
        for row in range(max(first, 0), min(first + most, self.matches)):
            seq = self.step_of(row)
            kind, ids, text = self._texts[seq - 1].split(MARK)
            orders = ids.split(" ") if ids else []
            check = DIFFERS if seq == differs else SAME if seq <= proven else SUM
            shown = orders[0] if orders else ""
            out.append(EventRow(seq, self.ts[seq - 1], kind, shown, max(len(orders) - 1, 0), text, check))
        return tuple(out)
