"""Real paper cores for pictures: run fast to a moment that is worth seeing, and what a console shows of that moment.

`python -m tools.pictures tools.real_console:client --out FILE.svg` draws one after some minutes of market.
"""

from __future__ import annotations

import pathlib
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

from app.corethread import CoreThread
from core.build.session import PaperCore
from core.clock import SystemClock
from core.control.desk import Desk
from core.control.launch import Launch
from core.domain.commands import Answer, AnyCommand, Stop
from core.domain.questions import Page, Question
from core.domain.snapshot import Snapshot
from core.guard.gate import GateFlag

SEED = 7
SPEED, UNTIL_FILLS = 12.0, 12  # slow enough that the measured latencies are those of a machine that keeps up
LIMIT = 3_000  # looks, ten a second
SETTLE_S = 3.0  # at the market's own pace, so that the figures of a second are those of a second


class Moment:
    """A `CoreClient` that stands still at one picture of a core; its pages are the core's own."""

    def __init__(self, desk: Desk, picture: Snapshot) -> None:
        self._desk, self.picture = desk, picture

    def send(self, command: AnyCommand) -> None:
        """Nothing is commanded in a picture."""

    def latest(self) -> Snapshot | None:
        return self.picture

    def answers(self) -> Sequence[Answer]:
        return ()

    def query(self, question: Question) -> Page:
        return self._desk.query(question)


class Stage:
    """A core of its own in a thread of its own, in a folder that nobody keeps. Use as a context."""

    def __init__(self, speed: float = SPEED, **launch: Any) -> None:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="perp-picture-"))
        self.desk = Desk(GateFlag(SystemClock()))
        given = {"state_dir": folder, "report_dir": folder / "reports", "metrics_port": 0, "who": "operator"}
        self.core = PaperCore(Launch(**{**given, "speed": speed, "seed": SEED, **launch}), self.desk)
        self.thread = CoreThread(self.core.run)

    def __enter__(self) -> Stage:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.desk.send(Stop(who="operator"))
        self.thread.join(20.0)

    def until(self, worth: Callable[[Snapshot], object], settle: bool = True) -> Moment:
        """The first picture that is `worth` seeing, or one a little later. Raises TimeoutError where none comes."""
        for _ in range(LIMIT):
            picture = self.desk.latest()
            if picture is not None and worth(picture):
                break
            if self.thread.join(0.1):
                raise TimeoutError(f"the core ended: {self.thread.failure}")
        else:
            raise TimeoutError("no such picture came")
        if settle:
            self.core.speed_to(1.0)
            self.thread.join(SETTLE_S)
            picture = self.desk.latest()
        assert picture is not None
        return Moment(self.desk, picture)


def traded(picture: Snapshot) -> bool:
    """There is something to see: fills, a position, orders."""
    return picture.execution.n_fills >= UNTIL_FILLS and bool(picture.positions) and len(picture.orders) >= 4


def client() -> Moment:
    """A core after its first dozen of fills; it goes on behind the picture until the process ends."""
    return Stage().__enter__().until(traded)
