"""The blocking client of the control socket, for the command line and for `panic`. Plain sockets, no event loop.

Every wait has a limit. Raises Unavailable when nobody answers, BadFrame for an answer that is none.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec

from core.clock import stopwatch
from core.control.protocol import (
    VERSION,
    Ack,
    Address,
    AnyTold,
    Ask,
    BadFrame,
    Do,
    Hello,
    Picture,
    Progress,
    Query,
    Reply,
    Watch,
    Welcome,
    frame,
    frame_length,
    peer_of,
    read_told,
)
from core.domain.commands import Flatten, Halt
from core.domain.errors import Refused, Unavailable
from core.domain.questions import PAGES, AnyQuestion, Page
from core.domain.snapshot import Snapshot
from core.guard.process import operator

CONNECT_S = 2.0


class ControlClient:
    """One connection in one role. Not for two threads at once; `watch` and `stop` need a connection of their own."""

    def __init__(self, state_dir: Path, role: str = "command", timeout_s: float = CONNECT_S) -> None:
        self._number = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._connect(state_dir, timeout_s)
            self.welcome = self._greet(role, timeout_s)
        except BaseException:
            self._socket.close()
            raise

    def _connect(self, state_dir: Path, timeout_s: float) -> None:
        address = Address(state_dir)
        self._socket.settimeout(timeout_s)
        try:
            with address as name:
                self._socket.connect(name)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise Unavailable(f"no core answers at {address.path}") from error
        except OSError as error:
            raise Unavailable(f"no core answers at {address.path}: {error}") from error
        self.peer_pid, uid = peer_of(self._socket)
        if uid != os.getuid():
            raise Refused(f"Expected a core of uid {os.getuid()} at {address.path}, was uid {uid}")

    def _greet(self, role: str, timeout_s: float) -> Welcome:
        told = self._exchange(Hello(version=VERSION, role=role, who=operator()), timeout_s)
        if isinstance(told, Reply):
            raise Refused(told.text)
        if not isinstance(told, Welcome):
            raise BadFrame(f"Expected a welcome, was {type(told).__name__}")
        return told

    def ask(self, question: Ask, timeout_s: float = 20.0) -> Reply:
        """One question, one reply. Raises Unavailable when none comes in time."""
        told = self._exchange(question, timeout_s)
        if not isinstance(told, Reply):
            raise BadFrame(f"Expected a reply, was {type(told).__name__}")
        return told

    def query(self, question: AnyQuestion, timeout_s: float = 20.0) -> Page:
        """A page. Raises Unavailable when none comes in time, Refused with the core's words when it has none."""
        reply = self.ask(Query(question=question), timeout_s)
        if not reply.ok:
            raise Refused(reply.text)
        page: Page = msgspec.convert(reply.body, PAGES[type(question)])
        return page

    def stop(self, command: Halt | Flatten, timeout_s: float) -> Ack:
        """Close the gate of the core: the server's thread acks at once, whatever the core does."""
        told = self._exchange(Do(command=command), timeout_s)
        if not isinstance(told, Ack):
            raise BadFrame(f"Expected an ack, was {type(told).__name__}")
        return told

    def progress(self, stalled_s: float) -> Iterator[Progress]:
        """Steps of the stop just sent, until done. Raises Unavailable when nothing comes for `stalled_s`."""
        while True:
            told = self._receive(stalled_s)
            if isinstance(told, Progress):
                yield told
                if told.done:
                    return

    def watch(self, hz: float, silence_s: float) -> Iterator[Snapshot]:
        """Pictures for ever. Raises Unavailable when none comes for `silence_s`."""
        self._send(Watch(hz=hz, n=self._next()), silence_s)
        while True:
            told = self._receive(silence_s)
            if isinstance(told, Picture):
                yield told.snapshot

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> ControlClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _exchange(self, question: Ask, timeout_s: float) -> AnyTold:
        n = self._next()
        self._send(msgspec.structs.replace(question, n=n), timeout_s)
        deadline = stopwatch() + int(timeout_s * 1e9)
        while True:
            told = self._receive((deadline - stopwatch()) / 1e9)
            if told.n == n:
                return told

    def _send(self, question: Ask, timeout_s: float) -> None:
        self._socket.settimeout(max(timeout_s, 0.001))
        try:
            self._socket.sendall(frame(question))
        except OSError as error:
            raise Unavailable(f"the core does not take our question: {error}") from error

    def _receive(self, timeout_s: float) -> AnyTold:
        deadline = stopwatch() + int(timeout_s * 1e9)
        length = frame_length(self._exactly(4, deadline))
        return read_told(self._exactly(length, deadline))

    def _exactly(self, count: int, deadline: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            left_s = (deadline - stopwatch()) / 1e9
            if left_s <= 0:
                raise Unavailable("the core did not answer in time")
            self._socket.settimeout(left_s)
            try:
                part = self._socket.recv(min(count - len(parts), 1 << 16))
            except OSError as error:
                raise Unavailable(f"the core did not answer: {error}") from error
            if not part:
                raise Unavailable("the core closed the connection")
            parts += part
        return bytes(parts)
