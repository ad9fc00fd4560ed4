"""The audit replay's words: what a console asks of it and what it tells. Plain values; no command to a core among them.

A console asks by these over the pipe of a process of its own (core.build.audit.child), never a core.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from core.domain.snapshot import Snapshot

# what is known of a recorded step
SAME, SUM, DIFFERS = "ok", "sum", "DIFFERS"
FIRST, LAST = "first", "last"


class AuditAsk(msgspec.Struct, frozen=True, tag_field="ask", tag=str.lower):
    """Base of what may be asked."""


class OpenJournal(AuditAsk, frozen=True):
    """Read this file and stand at its newest step."""

    path: str


class Rows(AuditAsk, frozen=True):
    """How many rows of the list are seen."""

    n: int


class Sift(AuditAsk, frozen=True):
    """List only steps with this text, in upper or lower case; "" = all."""

    needle: str = ""


class Move(AuditAsk, frozen=True):
    """So many listed steps on (> 0) or back."""

    by: int


class GoTo(AuditAsk, frozen=True):
    """A step by its number, else the last step at or before `ts` (ns), else an end of the journal."""

    seq: int = 0
    ts: int = 0
    edge: str = ""  # first | last


AnyAuditAsk = OpenJournal | Rows | Sift | Move | GoTo


class AuditTold(msgspec.Struct, frozen=True, tag_field="told", tag=str.lower):
    """Base of what is told."""


class JournalTold(AuditTold, frozen=True):
    """The file. `read`: share of it that is listed so far; `torn`: bytes at its end that no whole block covers yet."""

    path: str
    name: str = ""
    mode: str = ""  # PAPER | LIVE | BACKTEST ... of the core that wrote it
    first_ts: int = 0
    last_ts: int = 0
    steps: int = 0
    read: float = 0.0
    torn: int = 0
    trouble: str = ""  # one sentence: why it cannot be read or replayed (any further)


class EventRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One step: its number, core time, what it is about, ids of the orders it touches (the first, how many more)."""

    seq: int
    ts: int
    kind: str
    order: str
    more: int
    text: str
    check: str  # ok: the engine made the same requests again | sum: the block's checksum alone | DIFFERS


class EventsTold(AuditTold, frozen=True):
    """The rows that are seen. `at`: number of the first of them among the `matches`, from 0; `searched`: share of the
    listed steps that the filter has looked at."""

    needle: str = ""
    matches: int = 0
    searched: float = 1.0
    at: int = 0
    cursor: int = 0  # the step that is wanted
    rows: tuple[EventRow, ...] = ()


class Line(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One line about a step. level: in | out | refused | info | warn | crit."""

    level: str
    text: str


class CursorTold(AuditTold, frozen=True):
    """Where the replayed engine stands. `share`: of the way to `target`, None once there; `proven`: up to which step
    its requests were the recorded ones; `lines`: what came in at this step and what was decided; `picture` None: no
    new one."""

    seq: int = 0
    ts: int = 0
    target: int = 0
    share: float | None = None
    proven: int = 0
    differs: str = ""  # the first step that came out different, in a sentence
    lines: tuple[Line, ...] = ()
    picture: Snapshot | None = None


AnyAuditTold = JournalTold | EventsTold | CursorTold


class JournalFile(msgspec.Struct, frozen=True):
    """A journal that there is to choose. `changed`: ns, when it was last written."""

    path: str
    name: str
    size: int
    changed: int


class AuditPort(Protocol):
    """A replay beside a console. `ask` and `told` never wait; `told` is what came since the last look, oldest first;
    `close` ends it."""

    def ask(self, question: AnyAuditAsk) -> None: ...
    def told(self) -> list[AnyAuditTold]: ...
    def close(self) -> None: ...
