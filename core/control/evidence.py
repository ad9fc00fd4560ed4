"""What a stop without a core did, step by step, kept while it runs and written as `emergency-<utc>.md` (E9, E10).

Steps, each request with the hash of its raw answer, and what the closes brought; laid out by `evidence_page`. A core's
own stops: `core.build.stop_files`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from core.clock import stamp
from core.control.evidence_page import Answered, Page, StepTaken, markdown
from core.control.evidence_page import Fill as Fill
from core.control.evidence_page import cell as cell
from core.control.outcome import MEANING, Outcome
from core.guard.private import private_dir, write_synced

if TYPE_CHECKING:
    from core.domain.ports import Clock


MOST_ANSWERS = 20_000


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
        """The report as `evidence_page` lays it out."""
        with self._lock:
            steps, answers, fills = list(self.steps), list(self.answers), list(self.fills)
        return markdown(Page(self.started, self.code, self.stop, self.outcomes, steps, answers, fills))

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
