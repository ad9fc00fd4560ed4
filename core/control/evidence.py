"""What a stop did, step by step, kept while it runs and written as `emergency-<utc>.md` (E9, E10; X5).

Steps, each request with the hash of its raw answer, and what the closes brought. Any text of it may come from a venue,
so everything is escaped for its context.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from core.clock import iso, stamp
from core.control.outcome import MEANING, Outcome
from core.guard.private import private_dir, write_synced

if TYPE_CHECKING:
    from core.domain.ports import Clock


MOST_ANSWERS = 20_000


class StepTaken(msgspec.Struct, frozen=True):
    """One line of evidence. ms after the start."""

    ms: float
    step: str
    text: str


class Answered(msgspec.Struct, frozen=True):
    """One request to a venue and its raw answer, as a hash. ms after the start; status 0 = none came."""

    ms: float
    venue: str
    request: str
    status: int
    size: int
    sha256: str


class Fill(msgspec.Struct, frozen=True):
    """One fill of a close, as the venue lists it. slippage_bps: from the middle of the book before the close, above 0
    against us; None where there was no book."""

    venue: str
    symbol: str
    side: str
    size: float
    price: float
    fee: float
    slippage_bps: float | None
    ts: int


class Evidence:
    """Thread-safe list of steps; `say` shows each one while it happens."""

    def __init__(self, clock: Clock, say: Callable[[str], None]) -> None:
        self._clock, self._say = clock, say
        self._began = clock.monotonic()
        self.started = clock.now()
        self._lock = threading.Lock()
        self.steps: list[StepTaken] = []
        self.stop: dict[str, Any] = {}
        self.outcomes: list[Outcome] = []
        self.answers: list[Answered] = []
        self.fills: list[Fill] = []
        self.code = 3
        self.path = ""

    def note(self, step: str, text: str) -> None:
        """Add one line and show it."""
        ms = (self._clock.monotonic() - self._began) / 1e6
        with self._lock:
            self.steps.append(StepTaken(round(ms, 3), step, text))
        self._say(f"{ms:9.1f} ms  {step:<8} {text}")

    def answered(self, venue: str, request: str, status: int, raw: str | bytes) -> None:
        """One answer of a venue: its hash shows later what was said, and nothing of it stands here."""
        ms = (self._clock.monotonic() - self._began) / 1e6
        data = raw.encode(errors="replace") if isinstance(raw, str) else raw
        row = Answered(
            round(ms, 3), venue, request[:120], status, len(data), sha256(data).hexdigest() if status else ""
        )
        with self._lock:
            if len(self.answers) < MOST_ANSWERS:
                self.answers.append(row)

    def filled(self, fills: Sequence[Fill]) -> None:
        """What the closes of one account brought."""
        with self._lock:
            self.fills += fills

    def body(self) -> dict[str, Any]:
        """All of it as plain values, for --json."""
        with self._lock:
            return {
                "code": self.code,
                "meaning": MEANING.get(self.code, "unknown"),
                "started": self.started,
                "stop": self.stop,
                "venues": msgspec.to_builtins(self.outcomes),
                "steps": msgspec.to_builtins(self.steps),
                "requests": msgspec.to_builtins(self.answers),
                "fills": msgspec.to_builtins(self.fills),
                "report": self.path,
            }

    def markdown(self) -> str:
        """The report: result first, then each venue, then every step."""
        verb = str(self.stop.get("verb", "halt"))
        lines = [
            f"# Emergency {cell(verb)} {iso(self.started)} UTC",
            "",
            f"Result: **{self.code} {MEANING.get(self.code, 'unknown')}**",
            "",
            "| stop | |",
            "|---|---|",
            *(f"| {cell(key)} | {cell(value)} |" for key, value in self.stop.items()),
            "",
            "| venue | code | verified | orders left | positions left | text |",
            "|---|---|---|---|---|---|",
            *(
                f"| {cell(o.venue)} | {o.code} {MEANING[o.code]} | {o.verified} | {o.orders_left} | {o.positions_left} "
                f"| {cell(o.text)} |"
                for o in self.outcomes
            ),
            "",
            "| ms | step | what |",
            "|---:|---|---|",
            *(f"| {step.ms:.1f} | {cell(step.step)} | {cell(step.text)} |" for step in self.steps),
            "",
            *self._fills_table(),
            *self._answers_table(),
        ]
        return "\n".join(lines)

    def _fills_table(self) -> list[str]:
        if not self.fills:
            return []
        return [
            "| fills of closes | symbol | side | size | price | fee | slippage bps |",
            "|---|---|---|---:|---:|---:|---:|",
            *(
                f"| {cell(f.venue)} | {cell(f.symbol)} | {cell(f.side)} | {f.size:g} | {f.price:g} | {f.fee:g} "
                f"| {'' if f.slippage_bps is None else f'{f.slippage_bps:.2f}'} |"
                for f in self.fills
            ),
            "",
        ]

    def _answers_table(self) -> list[str]:
        if not self.answers:
            return []
        return [
            "| ms | venue | request | status | bytes | sha256 of the raw answer |",
            "|---:|---|---|---:|---:|---|",
            *(
                f"| {a.ms:.1f} | {cell(a.venue)} | {cell(a.request)} | {a.status or 'none'} | {a.size} | {a.sha256} |"
                for a in self.answers
            ),
            "",
        ]

    def write(self, folder: Path) -> None:
        """Write the report into `folder`; a name already taken gets a number. Raises OSError or Refused."""
        private_dir(folder)
        name = f"emergency-{stamp(self.started)}"
        for n in range(100):
            path = folder / (f"{name}.md" if n == 0 else f"{name}-{n}.md")
            try:
                self.path = str(path)
                write_synced(path, self.markdown().encode())
                return
            except FileExistsError:
                continue
        raise FileExistsError(f"Expected a free name for {name}.md, was none in 100")


def cell(value: object) -> str:
    """Any text as the content of a table cell: no control characters, no markup, no HTML."""
    text = "".join(c if c.isprintable() else " " for c in str(value))[:500]
    for mark in "\\`*_[]<>|#!~":
        text = text.replace(mark, "\\" + mark)
    return text.replace("&", "&amp;")
