"""An audit session: the list of a journal's steps, a cursor in it, and the replayed engine that follows the cursor.

Answers questions and works in slices between them; nothing here waits. It can ask nothing of a core or a venue.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import msgspec

from core.build.audit.index import Index
from core.build.audit.pool import Pool
from core.build.audit.runner import Ran, Word
from core.build.audit.wire import Channel
from core.domain.audit import (
    FIRST,
    LAST,
    AnyAuditAsk,
    EventsTold,
    GoTo,
    JournalTold,
    Line,
    Move,
    OpenJournal,
    Rows,
    Sift,
)
from core.domain.errors import DataError
from core.kernel import Kernels

GROWN_NS = 500_000_000  # between two looks at a file that a core may still write


class CursorRaw(msgspec.Struct, frozen=True, tag_field="told", tag="cursortold"):
    """`core.domain.audit.CursorTold` with the picture still packed: it only passes through here."""

    seq: int
    ts: int
    target: int
    share: float | None
    proven: int
    differs: str
    lines: tuple[Line, ...]
    picture: msgspec.Raw


Told = JournalTold | EventsTold | CursorRaw


class Auditing:
    """`take` a question, `work` a while, `told` what changed. `channels` are worth waking up for, then `read` them."""

    def __init__(self, kernels: Kernels | None = None) -> None:
        self._kernels = kernels
        self._fresh(pathlib.Path())

    def _fresh(self, path: pathlib.Path) -> None:
        """Nothing known of this file yet."""
        self._path = path
        self._index: Index | None = None
        self._pool: Pool | None = None
        self._trouble = ""
        self._room = 20
        self._top = 0
        self._cursor = 0
        self._from: int | None = None  # where the engine's way to the cursor began
        self._arrived = True
        self._wish: GoTo | None = None  # waits until the file is read that far
        self._at: Ran | None = None
        self._proven = self._differs = 0
        self._listed = False  # the file is read to its present end
        self._looked = 0
        self._news: set[str] = set()

    # questions -------------------------------------------------------------------------------------------------------
    def take(self, ask: AnyAuditAsk) -> None:
        if isinstance(ask, OpenJournal):
            self._open(pathlib.Path(ask.path))
        elif isinstance(ask, Rows):
            self._room = min(max(ask.n, 1), 500)
        elif isinstance(ask, Sift):
            if self._index is not None:
                self._index.sift(ask.needle)
        elif isinstance(ask, Move):
            self._move(ask.by)
        else:
            self._wish = ask
            self._wishes()
        self._news.add("events")

    def _open(self, path: pathlib.Path) -> None:
        self.close()
        self._fresh(path)
        self._wish = GoTo(edge=LAST)
        self._news = {"journal", "events"}
        self._try(self._begin)

    def _begin(self) -> None:
        self._index = Index(self._path)
        self._index.read_on(lambda: self._index is not None and self._index.header is not None)
        if self._index.header is None:
            raise DataError("Expected a journal with a header, was an empty one", str(self._path))
        self._pool = Pool(self._path, self._ran, self._failed, self._kernels)

    def _try(self, work: Callable[[], object]) -> object:
        """What the file has to say against it stands on the screen, in a sentence."""
        try:
            return work()
        except DataError as error:
            self._failed(str(error))
            return True

    def _failed(self, text: str) -> None:
        self._trouble = self._trouble or text
        self._news |= {"journal", "cursor"}

    def _move(self, by: int) -> None:
        index = self._index
        if index is None or not index.matches:
            return
        row = index.row_at(self._cursor)
        if by < 0 and row >= 0 and index.step_of(row) < self._cursor:
            by += 1  # the row before the cursor is a step back already
        self._to(index.step_of(min(max(row + by, 0), index.matches - 1)))

    def _wishes(self) -> None:
        """Go where it was asked, as soon as that is listed."""
        wish, index = self._wish, self._index
        if wish is None or index is None:
            return
        if wish.edge != FIRST and not self._listed:
            if wish.edge == LAST:
                return
            if index.steps < wish.seq or (not wish.seq and (not index.steps or index.ts[-1] < wish.ts)):
                return
        self._wish = None
        if not index.steps:
            return
        edges = {FIRST: 1, LAST: index.steps}
        self._to(edges.get(wish.edge) or (min(wish.seq, index.steps) if wish.seq > 0 else index.step_at(wish.ts)))

    def _to(self, seq: int) -> None:
        if self._pool is None or self._index is None or seq == self._cursor:
            return
        self._wish = None
        self._from, self._arrived = None, False
        self._cursor = seq
        self._pool.go(seq, self._index.steps)
        self._news |= {"events", "cursor"}

    # work ------------------------------------------------------------------------------------------------------------
    @property
    def channels(self) -> list[Channel[Word]]:
        return self._pool.channels if self._pool is not None else []

    def read(self, channel: Channel[Word]) -> None:
        """Something came from a runner."""
        if self._pool is not None:
            self._pool.read(channel)

    @property
    def busy(self) -> bool:
        """There is work without any news."""
        index = self._index
        return index is not None and not self._trouble and (not self._listed or index.sifted < index.steps * bool(
            index.needle))  # fmt: skip

    def work(self, now: int, enough: Callable[[], bool]) -> None:
        """Read and sift on until `enough()`. `now`: a monotonic reading, ns."""
        index = self._index
        if index is None or self._trouble:
            return
        if self._listed and now - self._looked >= GROWN_NS:
            self._looked = now
            self._listed = index.file.torn == 0
        if not self._listed:
            before = index.steps
            self._listed = bool(self._try(lambda: index.read_on(enough)))
            if index.steps != before or self._listed:
                self._news |= {"journal", "events"}
        sifted = index.sifted
        index.sift_on(enough)
        if index.sifted != sifted:
            self._news.add("events")
        self._wishes()

    def _ran(self, word: Ran) -> None:
        self._at, self._arrived = word, word.there
        if self._from is None:
            self._from = word.seq
        if word.proven > self._proven or word.differs:
            self._proven = max(self._proven, word.proven)
            self._differs = word.seq if word.differs else self._differs
            self._news.add("events")
        self._news.add("cursor")

    # answers ---------------------------------------------------------------------------------------------------------
    def told(self) -> list[Told]:
        """What is new since the last time."""
        news, self._news = self._news, set()
        out: list[Told] = []
        if "journal" in news:
            out.append(self._journal())
        if "events" in news:
            out.append(self._events())
        if "cursor" in news and self._at is not None:
            out.append(self._where(self._at))
        return out

    def _journal(self) -> JournalTold:
        index = self._index
        if index is None or index.header is None:
            return JournalTold(str(self._path), self._path.name, trouble=self._trouble)
        ts = index.ts
        return JournalTold(
            str(self._path), self._path.name, index.header.mode, ts[0] if ts else 0, ts[-1] if ts else 0, index.steps,
            1.0 if self._listed else index.file.share, index.file.torn, self._trouble,
        )  # fmt: skip

    def _events(self) -> EventsTold:
        index = self._index
        if index is None:
            return EventsTold()
        row = max(index.row_at(self._cursor), 0)
        room = self._room
        if row < self._top:
            self._top = row
        elif row >= self._top + room:
            self._top = row - room + 1
        self._top = min(max(self._top, 0), max(index.matches - room, 0))
        searched = index.sifted / max(index.steps, 1) if index.needle else 1.0
        return EventsTold(
            index.needle, index.matches, searched, self._top, self._cursor,
            index.rows(self._top, room, self._proven, self._differs),
        )  # fmt: skip

    def _where(self, at: Ran) -> CursorRaw:
        share = None
        if not self._arrived:
            begun = self._from
            share = 0.0 if begun is None else max((at.seq - begun) / max(self._cursor - begun, 1), 0.0)
        return CursorRaw(at.seq, at.ts, self._cursor, share, self._proven, at.differs, at.lines, at.picture)

    def close(self) -> None:
        """End the runners and let the file go."""
        if self._pool is not None:
            self._pool.close()
        if self._index is not None:
            self._index.close()
