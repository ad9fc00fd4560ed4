"""The desk between operators and a core: commands in, pictures and answers out, from any number of threads.

The core side drains it from its own loop; the operator side (console, socket server, signals) never waits for that
loop. Halt and Flatten close the gate here, before they are queued. Holds no trading state.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import msgspec

from core.clock import stopwatch
from core.domain.commands import Answer, AnyCommand, Flatten, Halt
from core.domain.errors import Unavailable
from core.domain.questions import Page, Question
from core.domain.snapshot import Holder, Snapshot
from core.guard.gate import GateFlag

MAX_QUEUED = 10_000
MAX_ANSWERS = 1_000


class Desk:
    """Operator side: `send`, `stop`, `ask`, `latest`, `answers`. Core side: `connect`, `take`, `publish`, `answer`.

    It is a `CoreClient` (domain.ports) by itself.
    """

    def __init__(self, gate: GateFlag) -> None:
        self.gate = gate
        self._commands: deque[AnyCommand] = deque()
        self._answers: deque[Answer] = deque(maxlen=MAX_ANSWERS)
        self._waiting: dict[str, Future[Answer]] = {}
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._wake: Callable[[], None] | None = None
        self._picture: Snapshot | None = None
        self._watchers: list[Callable[[], None]] = []
        self._pages: dict[type[Question], Callable[[Any], Page]] = {}
        self._stops: deque[tuple[str, int]] = deque(maxlen=MAX_QUEUED)  # sent and not answered yet: id, number
        self._stops_sent = itertools.count(1)
        self._obeyed = 0
        self.shown = 0  # stops up to this number are in the newest picture
        self.published = 0  # pictures so far: moves while the core lives
        self.t_published = 0  # stopwatch ns of the newest
        self.read_position: Callable[[bool], dict[str, Any]] | None = None  # core side sets it: reads the venue again
        self.holder: Callable[[], Holder] = Holder  # who holds the lock, for the picture
        self.viewers: Callable[[], int] = int  # consoles that look on, for the picture

    # operator side -----------------------------------------------------------------------------------------------

    def send(self, command: AnyCommand) -> None:
        """Queue a command; its answer comes back through `answers()`. Never blocks, never raises for a dead core."""
        self._enqueue(self._named(command))

    def stop(self, command: Halt | Flatten) -> int:
        """As `send`; the number that `shown` reaches with the first picture drawn after the core has carried it out."""
        named, number = self._named(command), next(self._stops_sent)
        self._stops.append((named.id, number))
        self._enqueue(named)
        return number

    def ask(self, command: AnyCommand) -> Future[Answer]:
        """Queue a command; its answer resolves the future and does not appear in `answers()`."""
        command = self._named(command)
        future: Future[Answer] = Future()
        with self._lock:
            self._waiting[command.id] = future
        self._enqueue(command)
        return future

    def forget(self, future: Future[Answer]) -> None:
        """Nobody waits for this answer any more."""
        with self._lock:
            self._waiting = {key: waiting for key, waiting in self._waiting.items() if waiting is not future}

    def query(self, question: Question) -> Page:
        """A page, made in the calling thread. Raises Unavailable while the core does not answer such questions."""
        make = self._pages.get(type(question))
        if make is None:
            raise Unavailable("the core does not answer this yet; ask again in a moment")
        return make(question)

    def latest(self) -> Snapshot | None:
        """The newest picture, None before the first."""
        return self._picture

    def answers(self) -> tuple[Answer, ...]:
        """Answers since the last call, oldest first."""
        with self._lock:
            found = tuple(self._answers)
            self._answers.clear()
        return found

    def watch(self, on_picture: Callable[[], None]) -> Callable[[], None]:
        """Call `on_picture` from the core's thread after each new picture; returns the call that ends it."""
        with self._lock:
            self._watchers = [*self._watchers, on_picture]

        def stop() -> None:
            with self._lock:
                self._watchers = [watcher for watcher in self._watchers if watcher is not on_picture]

        return stop

    # core side ---------------------------------------------------------------------------------------------------

    def connect(self, wake: Callable[[], None]) -> None:
        """`wake` is called from foreign threads when a command was queued (give `loop.call_soon_threadsafe`)."""
        self._wake = wake
        if self._commands:
            wake()

    def disconnect(self) -> None:
        """The core ended: open questions are answered with a refusal."""
        self._wake = None
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for key, future in waiting.items():
            if not future.done():
                future.set_result(Answer(id=key, ok=False, text="the core has ended"))

    def answer_with(self, kind: type[Question], make: Callable[[Any], Page]) -> None:
        """Pages of one kind come from `make`, in whatever thread asks."""
        self._pages[kind] = make

    def take(self) -> list[AnyCommand]:
        """All queued commands, oldest first. A Halt or Flatten that a re-arm overtook closes the gate again."""
        taken = []
        while self._commands:
            command = self._commands.popleft()
            if isinstance(command, Halt | Flatten) and not self.gate.closed:
                self._close(command)
            taken.append(command)
        return taken

    def publish(self, picture: Snapshot) -> None:
        """Replace the picture; older ones that nobody fetched are gone."""
        self._picture = picture
        self.shown = self._obeyed  # after the picture: who reads this first sees at least that picture
        self.t_published = stopwatch()
        self.published += 1
        for watcher in self._watchers:
            watcher()

    def answer(self, answer: Answer) -> None:
        """Hand an answer to whoever asked."""
        for stop in list(self._stops):
            if stop[0] == answer.id:
                self._stops.remove(stop)
                self._obeyed = max(self._obeyed, stop[1])
                break
        with self._lock:
            future = self._waiting.pop(answer.id, None)
            if future is None:
                self._answers.append(answer)
        if future is not None and not future.done():
            future.set_result(answer)

    # both --------------------------------------------------------------------------------------------------------

    def _named(self, command: AnyCommand) -> AnyCommand:
        if command.id:
            return command
        return msgspec.structs.replace(command, id=f"{os.getpid():x}.{next(self._numbers)}")

    def _enqueue(self, command: AnyCommand) -> None:
        if isinstance(command, Halt | Flatten):
            self._close(command)
        elif len(self._commands) >= MAX_QUEUED:
            self.answer(Answer(id=command.id, ok=False, text=f"{MAX_QUEUED} commands wait; the core does not take any"))
            return
        self._commands.append(command)
        wake = self._wake
        if wake is not None:
            wake()

    def _close(self, command: Halt | Flatten) -> None:
        verb = "flatten" if isinstance(command, Flatten) else "halt"
        known = command.id.partition(".")[0] if command.id.startswith("stop-") else ""  # a panic names its own stop
        self.gate.close(command.reason, verb, command.who, command.scope, known)
        self.gate.timed(command.t_key)
