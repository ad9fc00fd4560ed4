"""The one door between a console and a core, in its two forms: the same process, or another one over its socket.

Both are `CoreClient` (core.domain.ports): `send` never waits for the core's loop, `latest` is the newest picture.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from core.control.client import ControlClient
from core.control.desk import Desk
from core.control.protocol import Do, Report, Welcome
from core.domain.commands import Answer, AnyCommand, Flatten, Halt
from core.domain.errors import PerpError, Refused
from core.domain.questions import AnyQuestion, Page
from core.domain.snapshot import Snapshot
from core.guard.process import start_ticks

VIEWER = "viewer"
SILENCE_S = 10.0
AGAIN_S = 0.5


class InProcess:
    """A core of this process. A Halt or Flatten closes the gate in the calling thread, before it is queued."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def send(self, command: AnyCommand) -> None:
        self._desk.send(command)

    def latest(self) -> Snapshot | None:
        return self._desk.latest()

    def answers(self) -> Sequence[Answer]:
        return self._desk.answers()

    def query(self, question: AnyQuestion) -> Page:
        return self._desk.query(question)


class Socket:
    """A core of another process. Commands go out in order from one thread, a stop at once from a thread of its own.

    role: controller | viewer; a viewer sends nothing. `connected` False: no picture arrives; it tries again twice a
    second. `close()` ends the threads.
    """

    def __init__(
        self, state_dir: Path, role: str = "controller", hz: float = 4.0, first: ControlClient | None = None
    ) -> None:
        self._state_dir, self._role, self._hz = state_dir, role, hz
        self._first = first
        self._welcome: Welcome | None = first.welcome if first is not None else None
        self._picture: Snapshot | None = None
        self._answers: deque[Answer] = deque(maxlen=1_000)
        self._commands: queue.SimpleQueue[AnyCommand | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        self.connected = first is not None
        self.why = ""
        for work in (self._look, self._speak):
            threading.Thread(target=work, name=f"socket{work.__name__}", daemon=True).start()

    @classmethod
    def connected_to(cls, state_dir: Path, role: str) -> Socket:
        """One that is connected already. Raises Unavailable when no core answers, Refused when it does not want us."""
        return cls(state_dir, role, first=ControlClient(state_dir, role))

    @property
    def core_pid(self) -> int:
        """Process of the core last spoken to; 0 = none yet."""
        return self._welcome.pid if self._welcome is not None else 0

    def core_alive(self) -> bool:
        """That very process lives (the kernel's word: pid and start time)."""
        return self._welcome is None or start_ticks(self._welcome.pid) == self._welcome.start_ticks

    def report(self, name: str) -> str:
        """Text of a report. Raises PerpError when the core has none of that name or does not answer."""
        with ControlClient(self._state_dir) as client:
            reply = client.ask(Report(name=name))
        if not reply.ok:
            raise Refused(reply.text)
        return reply.text

    def send(self, command: AnyCommand) -> None:
        if self._role == VIEWER:
            self._answers.append(Answer(id=command.id, ok=False, text="read-only: this console only watches"))
        elif isinstance(command, Halt | Flatten):
            threading.Thread(target=self._stop, args=(command,), daemon=True).start()
        else:
            self._commands.put(command)

    def latest(self) -> Snapshot | None:
        return self._picture

    def answers(self) -> Sequence[Answer]:
        found = []
        while self._answers:
            found.append(self._answers.popleft())
        return found

    def query(self, question: AnyQuestion) -> Page:
        with ControlClient(self._state_dir) as client:
            return client.query(question)

    def close(self) -> None:
        self._closed.set()
        self._commands.put(None)

    def _look(self) -> None:
        while not self._closed.is_set():
            try:
                first, self._first = self._first, None
                with first or ControlClient(self._state_dir, self._role) as client:
                    self._welcome = client.welcome
                    for picture in client.watch(self._hz, SILENCE_S):
                        self._picture, self.connected = picture, True
                        if self._closed.is_set():
                            return
            except PerpError as error:
                self.connected, self.why = False, str(error)
            self._closed.wait(AGAIN_S)

    def _speak(self) -> None:
        while (command := self._commands.get()) is not None:
            try:
                with ControlClient(self._state_dir) as client:
                    reply = client.ask(Do(command=command))
                self._answers.append(Answer(id=command.id, ok=reply.ok, text=reply.text))
            except PerpError as error:
                self._answers.append(Answer(id=command.id, ok=False, text=str(error)))

    def _stop(self, command: Halt | Flatten) -> None:
        try:
            with ControlClient(self._state_dir) as client:
                ack = client.stop(command, 2.0)
            text = f"gate closed in {ack.closed_ns / 1e6:.2f} ms"
            self._answers.append(Answer(id=command.id, ok=True, text=text))
        except PerpError as error:
            self._answers.append(Answer(id=command.id, ok=False, text=f"{error}; run: perpconsole panic"))
