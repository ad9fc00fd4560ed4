"""A console about a journal and no core: every screen shows the engine as it stood at the replay's cursor.

Its client is a picture that the replay hands in. It sends nothing to anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from core.domain.commands import Answer, AnyCommand
from core.domain.errors import Refused, Unavailable
from core.domain.questions import AnyQuestion, Page
from core.domain.snapshot import Snapshot

if TYPE_CHECKING:
    from core.control.launch import Launch

NO_CORE = "read-only: a replay has no core"


class Replay:
    """A `CoreClient` without a core. `show` hands in the picture at the cursor."""

    def __init__(self) -> None:
        self._picture: Snapshot | None = None
        self._answers: list[Answer] = []

    def show(self, picture: Snapshot) -> None:
        self._picture = picture

    def send(self, command: AnyCommand) -> None:
        self._answers.append(Answer(id=command.id, ok=False, text=NO_CORE))

    def latest(self) -> Snapshot | None:
        """A new one each time: a picture of then does not grow older while one looks at it."""
        return None if self._picture is None else msgspec.structs.replace(self._picture)

    def answers(self) -> Sequence[Answer]:
        answers, self._answers = self._answers, []
        return answers

    def query(self, question: AnyQuestion) -> Page:
        raise Unavailable(f"{NO_CORE}: press u for the journal")


def look(launch: Launch, journal: Path | None) -> Path:
    """Run the console on this journal, by default the newest; the file. Raises Refused without a file or a terminal."""
    from app.audit_process import journals_in
    from app.console import Console
    from app.hangup import terminal_ok
    from app.looks import options_of

    good, why = terminal_ok()
    if not good:
        raise Refused(f"{why}; without a terminal: perpconsole replay FILE")
    files = journals_in(launch.state_dir)()
    path = journal or (Path(files[0].path) if files else None)
    if path is None:
        raise Refused(f"Expected a journal in {launch.state_dir / 'journal'}, was none; name a file")
    if not path.is_file():
        raise Refused(f"Expected a journal, found no such file: {path}")
    path = path.absolute()
    Console(Replay(), options_of(launch, read_only=True, journal=str(path))).run()
    return path
