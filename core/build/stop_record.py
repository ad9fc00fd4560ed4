"""What a core's own latched stop did, kept from the steps as they come: a sink (E9).

Everything here is in the journal too, so a replay keeps the same record. It keeps references and decides nothing; the
words of the report are made by `core.build.stop_page`, in another thread.
"""

from __future__ import annotations

from collections import deque
from hashlib import sha256

import msgspec

from core.control.evidence_page import Answered, Fill
from core.control.outcome import AUTH_FAILED, UNVERIFIED, Outcome, worst
from core.domain.events import Note, Read, ReadReply, Step
from core.domain.order import FILLED, STOP, Report, Request
from core.domain.units import BUY, MONEY, SELL
from core.engine.engine import Engine
from core.engine.post import Post
from core.engine.stopping import FLATTEN, HALT, NONCE_BASE
from core.execution.emergency import Emergency
from core.execution.stopping import Progress

MOST = 20_000  # lines, requests and answers each; what comes after them is counted
MOST_ANSWERS = 64  # to one request: parts of a fill
SAID = ("run_", "stop_", "latched", "rearmed", "end_unverified", "round_end", "wire_refused")
Answer = tuple[int, ReadReply | Report]


class Facts(msgspec.Struct, frozen=True):
    """The record as it stood at one instant: nothing of it changes any more. `answers[k]` are those to `asked[k]`;
    `reads`: by account and kind, the last two answers that verified something."""

    begun: int
    now: int
    verb: str
    scope: str
    reason: str
    engine_id: str
    code: int
    finished: bool
    lines: tuple[tuple[int, str, str], ...]
    asked: tuple[tuple[int, int, Request | Read], ...]
    answers: dict[int, tuple[Answer, ...]]
    outcomes: tuple[Outcome, ...]
    progress: dict[int, Progress]
    listed: dict[tuple[int, str], tuple[ReadReply, ...]]
    fills: tuple[Fill, ...]
    raw: tuple[Answered, ...]
    left: tuple[tuple[int, int, int], ...]  # place, lots of ours, foreign lots
    dropped: int


class StopRecord:
    """At most one stop: from the first trigger to the re-arm. `version` moves with everything that is added."""

    name = "evidence"

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.version = self.stops = 0
        self.open = False
        self._clear(0)

    def _clear(self, now: int) -> None:
        self.begun, self._reason, self._engine_id, self._dropped = now, "", "", 0
        self.runs: dict[int, Emergency] = {}
        self._lines: list[tuple[int, str, str]] = []
        self._asked: list[tuple[int, int, Request | Read]] = []
        self._answers: dict[int, list[Answer]] = {}
        self._where: dict[tuple[int, int, int], list[int]] = {}  # what an answer names -> numbers of what was asked
        self._seen: dict[int, tuple[Emergency, int]] = {}
        self._listed: dict[tuple[int, str], deque[ReadReply]] = {}
        self._fills: list[Fill] = []
        self._raw: list[Answered] = []
        self._marks: dict[int, float] = {}

    def take(self, step: Step) -> None:
        if not self.open:
            if not step.notes or not self.engine.stopping.latched:
                return
            first = next((note for note in step.notes if note.code == "latched"), None)
            if first is None:
                return
            self._begin(step, first)
        now = step.moment.ts
        for note in step.notes:
            if note.code.startswith(SAID):
                self._line(now, note.code, note.text)
        if self.engine.stopping.latched:  # after it the process may end, by a stop of another kind
            self.runs = dict(self.engine.stopping.runs)
            self._tables()
            self._requests(step)
            self._replies(step)
            self._filled(step)
        if any(note.code == "rearmed" for note in step.notes):
            self.open = False

    def _begin(self, step: Step, first: Note) -> None:
        self._clear(step.moment.ts)
        self.open, self.stops = True, self.stops + 1
        plan = self.engine.stopping.plan
        self._reason = plan.reason if plan is not None else first.text
        self._engine_id = plan.stop_id if plan is not None else ""
        self._marks = {post.place: mark for post in self.engine.posts if (mark := _mark(post)) is not None}

    def _line(self, ts: int, step: str, text: str) -> None:
        self.version += 1
        if len(self._lines) < MOST:
            self._lines.append((ts, step, text))
        else:
            self._dropped += 1

    def _tables(self) -> None:
        """What each account's table noted of itself; answers to requests stand with the requests."""
        for account, run in self.runs.items():
            known, seen = self._seen.get(account, (run, 0))
            lines = run.evidence[seen if known is run else 0 :]
            self._seen[account] = (run, len(run.evidence))
            for line in lines:
                if line.what != "report":
                    self._line(line.ts, line.what, f"{self.venue_of(account)}: {line.text}")

    def _requests(self, step: Step) -> None:
        accounts = {post.place: post.account for post in self.engine.posts}
        for request in step.requests:
            if request.flags & STOP:
                self._ask(step.moment.ts, accounts.get(request.instrument, 0), request, _name(request))
        for read in step.reads:
            if read.nonce >= NONCE_BASE:
                self._ask(step.moment.ts, read.account, read, (-1, read.account, read.nonce))

    def _ask(self, ts: int, account: int, what: Request | Read, name: tuple[int, int, int]) -> None:
        self.version += 1
        if len(self._asked) >= MOST:
            self._dropped += 1
            return
        self._where.setdefault(name, []).append(len(self._asked))
        self._asked.append((ts, account, what))

    def _replies(self, step: Step) -> None:
        now = step.moment.ts
        for event in step.moment.inputs:
            if isinstance(event, ReadReply) and event.nonce >= NONCE_BASE:
                self._answer(now, event, (-1, event.account, event.nonce))
                if not event.error:
                    self._listed.setdefault((event.account, event.what), deque(maxlen=2)).append(event)
        for report in step.moment.reports:
            self._answer(now, report, (report.instrument, report.cl_id, 0 if report.cl_id else report.venue_id))

    def _answer(self, ts: int, answer: ReadReply | Report, name: tuple[int, int, int]) -> None:
        """The first answer of an order to the first asking, later ones to later askings of the same."""
        numbers = self._where.get(name)
        if numbers:
            self.version += 1
            number = next((n for n in numbers if n not in self._answers), numbers[-1])
            found = self._answers.setdefault(number, [])
            if len(found) < MOST_ANSWERS:
                found.append((ts, answer))

    def _filled(self, step: Step) -> None:
        """Fills of closes, and of orders that filled before their cancel came."""
        for report, number in zip(step.applied, step.takers, strict=True):
            if report.kind == FILLED and len(self._fills) < MOST:
                self.version += 1
                post = self.engine.posts[number]
                x, mark = post.instrument, self._marks.get(post.place)
                against = report.px - (mark or 0.0) if report.side == BUY else (mark or 0.0) - report.px
                self._fills.append(
                    Fill(
                        x.venue, x.symbol, "sell" if report.side == SELL else "buy", x.size(report.qty),
                        x.price(report.px), report.fee / MONEY, round(against / mark * 1e4, 4) if mark else None,
                        report.ts,
                    )
                )  # fmt: skip

    def answered(self, ts: int, venue: str, request: str, status: int, raw: str | bytes) -> None:
        """A raw answer on the stop's own connection (live cores)."""
        if not self.open:
            return
        if len(self._raw) >= MOST:
            self._dropped += 1
            return
        data = raw.encode(errors="replace") if isinstance(raw, str) else raw
        digest = sha256(data).hexdigest() if status else ""
        self._raw.append(Answered(round((ts - self.begun) / 1e6, 3), venue, request[:120], status, len(data), digest))
        self.version += 1

    # what it came to -------------------------------------------------------------------------------------------------

    def venue_of(self, account: int) -> str:
        """The name of an account's venue."""
        x = next(post.instrument for post in self.engine.posts if post.account == account)
        return x.venue if x.network in ("mainnet", "simulated") else f"{x.venue} {x.network}"

    @property
    def finished(self) -> bool:
        """Nothing more is to come by itself."""
        return bool(self.runs) and all(run.finished() for run in self.runs.values())

    def facts(self) -> Facts:
        """All of it now; called by the engine's thread, used by any."""
        verb = FLATTEN if any(run.verb == FLATTEN for run in self.runs.values()) else HALT
        wide = any(run.scope == "account" for run in self.runs.values())
        outcomes = tuple(self._outcome(account, run) for account, run in self.runs.items())
        return Facts(
            begun=self.begun, now=self.engine.now, verb=verb, scope="account" if wide else "ours",
            reason=self._reason, engine_id=self._engine_id, code=worst(outcomes, verb),
            finished=self.finished, lines=tuple(self._lines), asked=tuple(self._asked),
            answers={k: tuple(found) for k, found in self._answers.items()}, outcomes=outcomes,
            progress={account: run.progress() for account, run in self.runs.items()},
            listed={key: tuple(found) for key, found in self._listed.items()}, fills=tuple(self._fills),
            raw=tuple(self._raw), dropped=self._dropped,
            left=tuple((post.place, int(post.ledger.s.pos), post.foreign_lots) for post in self.engine.posts),
        )  # fmt: skip

    def _outcome(self, account: int, run: Emergency) -> Outcome:
        code, now = run.exit_code(), run.progress()
        verified = "unverified" if code in (UNVERIFIED, AUTH_FAILED) else now.verified
        text = f"{now.state}; {now.venue.status}"
        if now.venue.reason:
            text += f": {now.venue.reason}, for {max(0, self.engine.now - now.venue.since) / 1e9:.1f} s"
        return Outcome(self.venue_of(account), code, verified, now.orders_left, now.positions_left, text)


def _name(request: Request) -> tuple[int, int, int]:
    """What an answer to it will name: our id, else the venue's."""
    return request.instrument, request.cl_id, 0 if request.cl_id else request.venue_id


def _mark(post: Post) -> float | None:
    """Ticks: the mark, else the middle of our book, else nothing."""
    v = post.view.s
    if v.mark > 0:
        return float(v.mark)
    bid, ask = v.px[BUY][0], v.px[SELL][0]
    return (bid + ask) / 2 if v.book_ok and 0 < bid < ask else None
