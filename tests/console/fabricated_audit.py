"""A replay without a process: an invented journal of 240 steps that answers at once, as its process would."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from core.domain.audit import (
    DIFFERS,
    FIRST,
    LAST,
    SAME,
    SUM,
    AnyAuditAsk,
    AnyAuditTold,
    CursorTold,
    EventRow,
    EventsTold,
    GoTo,
    JournalFile,
    JournalTold,
    Line,
    Move,
    OpenJournal,
    Rows,
    Sift,
)
from tests.console.fabricated import SECOND, T0, snapshot

STEPS = 240
START = T0 - 3600 * SECOND
NAME = "paper-20261120T120211Z-99994bc9.perpj"
PATH = f"/state/journal/{NAME}"
KINDS = (
    ("timer", "", 0, "timer decide"),
    ("quote", "", 0, ""),
    ("create", "cdbb6d540408", 3, "1 cancel; 3 create"),
    ("ack", "cdbb6d540408", 2, "3 ack"),
    ("fill", "cdbb6d540489", 0, "fill SELL 0.009 @ 2971.14; 2 cancelled"),
    ("refused", "cdbb6d54050a", 1, "refused 2 net_cap"),
    ("command", "", 0, "command pause by ann@pts/3"),
)
LINES = (
    Line("in", "quote, price: 4 rows of market data"),
    Line("in", "fill cdbb6d540489 SELL 0.009 @ 2971.14 maker, fee 0.005348"),
    Line("out", "cancel cdbb6d540387"),
    Line("out", "create cdbb6d54058b BUY 0.009 @ 2969.12 layer 1 post-only"),
    Line(
        "refused", "refused create cdbb6d54060c SELL 0.009 @ 2975.80 layer 2 post-only: net_cap (value 214, limit 210)"
    ),
    Line("info", "round_mark: round 3 goes on"),
)
FILES = (
    JournalFile(PATH, NAME, 3_179_119, T0 - 2 * SECOND),
    JournalFile("/state/journal/backtest-20261119T154946Z-038594.perpj", "backtest-20261119T154946Z-038594.perpj",
                43_023, T0 - 86_400 * SECOND),
)  # fmt: skip


def row(seq: int, differs: int = 0) -> EventRow:
    kind, order, more, text = KINDS[seq % len(KINDS)]
    check = DIFFERS if seq == differs else SAME if seq <= 200 else SUM
    return EventRow(seq, START + seq * SECOND // 2 + seq * 1_733_000, kind, order, more, text, check)


class Invented:
    """An `AuditPort`. `share`: the engine is still on its way; `trouble`: the file is no journal."""

    def __init__(self, share: float | None = None, trouble: str = "", differs: int = 0, read: float = 1.0) -> None:
        self.share, self.trouble, self.differs, self.read = share, trouble, differs, read
        self.asked: list[AnyAuditAsk] = []
        self.closed = False
        self.path = ""
        self.cursor, self.room, self.needle = STEPS, 10, ""
        self.news: list[AnyAuditTold] = []

    def kept(self) -> list[int]:
        return [
            seq for seq in range(1, STEPS + 1) if self.needle in " ".join(map(str, msgspec.structs.astuple(row(seq))))
        ]

    def ask(self, question: AnyAuditAsk) -> None:
        self.asked.append(question)
        kept = self.kept()
        if isinstance(question, OpenJournal):
            self.path, self.cursor, self.needle = question.path, STEPS, ""
        elif isinstance(question, Rows):
            self.room = question.n
        elif isinstance(question, Sift):
            self.needle = question.needle
        elif isinstance(question, Move) and kept:
            at = max((n for n, seq in enumerate(kept) if seq <= self.cursor), default=0)
            self.cursor = kept[min(max(at + question.by, 0), len(kept) - 1)]
        elif isinstance(question, GoTo):
            at_ts = [seq for seq in range(1, STEPS + 1) if row(seq).ts <= question.ts]
            edges = {FIRST: 1, LAST: STEPS}
            self.cursor = edges.get(question.edge) or min(question.seq, STEPS) or max(at_ts, default=1)
        self.news = self.answers()

    def answers(self) -> list[AnyAuditTold]:
        file = JournalTold(
            self.path, self.path.rpartition("/")[2], "PAPER", row(1).ts, row(STEPS).ts, STEPS, self.read, 0,
            self.trouble,
        )  # fmt: skip
        if self.trouble:
            return [msgspec.structs.replace(file, steps=0)]
        kept = self.kept()
        at = max((n for n, seq in enumerate(kept) if seq <= self.cursor), default=0)
        top = min(max(at - self.room // 2, 0), max(len(kept) - self.room, 0))
        shown = tuple(row(seq, self.differs) for seq in kept[top : top + self.room])
        snap = msgspec.structs.replace(
            snapshot(self.cursor), mode="REPLAY", seq=self.cursor, ts=row(self.cursor).ts, alerts=(), actions=()
        )
        snap = msgspec.structs.replace(
            snap, positions=tuple(msgspec.structs.replace(p, ts=snap.ts) for p in snap.positions)
        )
        said = f"step {self.differs} differs in its requests: recorded [], again [[0, 0, 1]]" if self.differs else ""
        lines = (Line("out", f"this is step {self.cursor}"), *LINES)
        return [
            file,
            EventsTold(self.needle, len(kept), 1.0, top, self.cursor, shown),
            CursorTold(self.cursor, snap.ts, self.cursor, self.share, 200, said, lines, snap),
        ]

    def told(self) -> list[AnyAuditTold]:
        news, self.news = self.news, []
        return news

    def close(self) -> None:
        self.closed = True


def files() -> Sequence[JournalFile]:
    return FILES
