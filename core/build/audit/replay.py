"""The engine of a journal again, step by step, with the picture that a live core would draw of it.

Everything here is of the replay's own: it has no venue, no gate of a core and no report folder, so nothing leaves.
"""

from __future__ import annotations

import pathlib
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, cast

import msgspec

from core.build.assemble import Place, accounts_of, rates_of
from core.build.audit.file import Reader
from core.build.audit.words import Words
from core.build.observers import Observers, Rounds
from core.build.pictures import Pictures
from core.build.replaying import difference, engine_again, recordings_of, show_rows
from core.build.warm import ready
from core.control.desk import Desk
from core.control.launch import Launch
from core.domain.audit import Line
from core.domain.errors import DataError
from core.domain.events import Step
from core.domain.instrument import Instrument
from core.domain.snapshot import Holder, Snapshot
from core.domain.snapshot import Kernels as Form
from core.engine.journal import AnyFrame, Chunk, Header, Journal
from core.exchange.window import Window, feed_of
from core.kernel import Kernels, best_kernels
from core.venues.lanes import Open, WireGate


class _NoReports(Rounds):
    """Rounds are followed; their reports were written, or not, by the core that played them."""

    def _try(self, save: Callable[[], Any]) -> None:
        """Writes nothing."""


class _NoGate:
    stop_id = ""
    closed_after_ns: int | None = None


class _NoDesk:
    """What a picture asks of the desk of a core: nobody sits here and nothing is held."""

    gate = _NoGate()

    @staticmethod
    def holder() -> Holder:
        return Holder()

    @staticmethod
    def viewers() -> int:
        return 0


class Replayed:
    """`forward` runs on, `picture` draws. `seq` 0 = before the first step; `differs`: the first step that came out
    different, in a sentence, and the end of the way."""

    def __init__(self, path: pathlib.Path, kernels: Kernels | None = None) -> None:
        self.file = Reader(path)
        self._waiting: deque[AnyFrame] = deque(self.file.frames())
        header = self._waiting.popleft() if self._waiting else None
        if not isinstance(header, Header):
            raise DataError("Expected a journal with a header, was an empty one", str(path))
        self.header = header
        kernels = kernels or (best_kernels() if ready() else Kernels("plain"))
        self.engine, self.loaded = engine_again(header, Journal(None), kernels)
        self.form = kernels.form
        found = msgspec.convert(header.source["instruments"], list[Instrument])
        self.words = Words(found)
        self._windows: list[Window | None] = [None] * len(found)
        self._seen = [0] * len(found)
        if header.source["kind"] == "recording":  # all other rows stand in the journal
            for i, feed in enumerate(recordings_of(header, path)):
                show_rows(self.engine, self._windows, i, feed, 0, 0)
        places = [Place(key, x) for key, x in zip(header.source["keys"], found, strict=True)]
        self._watch(path, places)
        self._encoder = msgspec.msgpack.Encoder()
        self.step: Step | None = None
        self.differs = ""

    def _watch(self, path: pathlib.Path, places: Sequence[Place]) -> None:
        owners = accounts_of(places)
        nowhere = path.with_suffix(".no-reports")
        market = ", ".join(map(str, self.header.source.get("names", ())))
        self.observers = Observers(
            self.engine, WireGate(Open(), rates_of(places), owners=owners), self.loaded, now=self.header.started,
            folder=nowhere, logs=None, market=market, journal=path.name,
        )  # fmt: skip
        silent = _NoReports(self.engine, self.observers.recorder, self.observers.archive, lambda: "")
        sinks = self.observers.sinks
        sinks[sinks.index(self.observers.rounds)] = silent
        self.observers.rounds = silent
        launch = Launch(state_dir=nowhere, report_dir=nowhere)
        self.pictures = Pictures(
            self.engine, self.observers, self.loaded, launch, cast(Desk, _NoDesk()), market or path.name, 1.0
        )

    @property
    def seq(self) -> int:
        return self.engine.seq

    @property
    def ts(self) -> int:
        return self.step.moment.ts if self.step is not None else self.header.started

    def forward(self, to: int, enough: Callable[[], bool]) -> bool:
        """Run on to step `to`, or until `enough()` says so after some step; True when there, at the end of the file, or
        at a step that came out different."""
        while self.seq < to and not self.differs:
            if not self._waiting:
                self._waiting.extend(self.file.frames())
                if not self._waiting:
                    return True
            self._take(self._waiting.popleft())
            if enough():
                return self.seq >= to or bool(self.differs)
        return True

    def _take(self, frame: AnyFrame) -> None:
        if isinstance(frame, Chunk):
            i = frame.instrument
            show_rows(self.engine, self._windows, i, feed_of(frame.columns), frame.base, self._seen[i])
        elif isinstance(frame, Header):
            raise DataError("Expected one header in a journal, was another", str(self.file.path))
        else:
            for piece in frame.moment.slices:
                self._seen[piece.instrument] = piece.last
            step = self.step = self.engine.process(frame.moment)
            first = difference(self._encoder, frame, step)
            if first is not None:
                self.differs = (
                    f"step {first['seq']} differs in its {first['part']}: recorded {first['recorded']}, "
                    f"again {first['again']}"
                )
            for sink in self.observers.sinks:
                sink.take(step)
            self.pictures.noted(step)

    @property
    def proven(self) -> int:
        """Up to this step the requests, refusals and reads were the recorded ones, byte for byte."""
        return self.seq - 1 if self.differs else self.seq

    def lines(self) -> tuple[Line, ...]:
        """What came in at this step, and what was decided."""
        if self.step is None:
            return (Line("info", "before the first step"),)
        return self.words.lines(self.step)

    def picture(self) -> Snapshot:
        """As a live core draws it, mode REPLAY; what only a running process can measure stays unknown."""
        drawn = self.pictures.draw(self.ts, Form(form=self.form))
        return msgspec.structs.replace(drawn, mode="REPLAY", logs=())
