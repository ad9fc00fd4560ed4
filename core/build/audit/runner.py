"""A process that holds one replayed engine: it runs on to where it is sent, and makes copies of itself on the way.

A copy is a checkpoint: it sleeps until somebody wants to go back to a step behind it. All of them end with the channel.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import select
import socket

import msgspec

from core.build.audit.replay import Replayed
from core.build.audit.wire import Channel
from core.clock import stopwatch
from core.domain.audit import Line
from core.domain.errors import PerpError
from core.kernel import Kernels

SLICE_NS = 30_000_000  # between two looks at the channel
PICTURE_NS = 200_000_000  # between two pictures in passing


class Go(msgspec.Struct, frozen=True, tag=True):
    """Run on to step `to`, leaving a copy at each of `marks`. `n` comes back with every word about it."""

    n: int
    to: int
    marks: tuple[int, ...] = ()


class Copy(msgspec.Struct, frozen=True, tag=True):
    """Leave a copy where you stand."""


class Ran(msgspec.Struct, frozen=True, tag=True):
    """Where it stands; `there`: at the target, the end of the file, or a step that came out different."""

    n: int
    seq: int
    ts: int
    there: bool
    proven: int
    differs: str
    torn: int
    lines: tuple[Line, ...]
    picture: msgspec.Raw  # a Snapshot or None, packed


class Copied(msgspec.Struct, frozen=True, tag=True):
    """A copy at this step; the other end of its channel comes with the message."""

    seq: int


class Failed(msgspec.Struct, frozen=True, tag=True):
    """This process cannot go on; the words are for a person."""

    text: str


Order = Go | Copy
Word = Ran | Copied | Failed
_encoder = msgspec.msgpack.Encoder()


def start(path: pathlib.Path, kernels: Kernels | None = None) -> tuple[int, Channel[Word]]:
    """A new process at step 0 of this journal: its pid and the channel to it. The caller ignores SIGCHLD."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        _live(Runner(Channel(theirs, Order)), path, kernels)
    theirs.close()
    return pid, Channel(ours, Word)


def _live(runner: Runner, path: pathlib.Path, kernels: Kernels | None) -> None:
    """The life of the process and of every copy of it; never returns."""
    code = 70
    try:
        runner.run(path, kernels)
        code = 0
    except (PerpError, OSError) as error:
        code = 1
        with contextlib.suppress(OSError):  # where nobody listens any more, nobody needs to know
            runner.channel.say(Failed(str(error)))
    except BaseException as error:
        with contextlib.suppress(OSError):
            runner.channel.say(Failed(f"the replay failed: {type(error).__name__}: {error}"))
        raise
    finally:
        os._exit(code)


class Runner:
    """One engine and its channel. After a fork the copy is the same object in another process."""

    def __init__(self, channel: Channel[Order]) -> None:
        self.channel = channel
        self.go = Go(0, 0)
        self.busy = False
        self._drawn = 0

    def run(self, path: pathlib.Path, kernels: Kernels | None) -> None:
        """Until the channel ends."""
        self.replay = Replayed(path, kernels)
        while True:
            ready, _, _ = select.select([self.channel], [], [], 0 if self.busy else None)
            if ready:
                orders = self.channel.read()
                if orders is None:
                    return
                for order in orders:
                    if isinstance(order, Copy):
                        if self._copy():
                            break  # what else was asked is not for the copy
                    else:
                        self.go, self.busy = order, order.to > self.replay.seq
                        if not self.busy:
                            self._tell(True)
            if self.busy:
                self._on()

    def _on(self) -> None:
        replay, until = self.replay, stopwatch() + SLICE_NS
        stop = min((mark for mark in self.go.marks if replay.seq < mark < self.go.to), default=self.go.to)
        there = replay.forward(stop, lambda: stopwatch() >= until)
        if there and replay.seq == stop < self.go.to and not replay.differs:
            self._copy()
            return
        self.busy = not there
        self._tell(there)

    def _tell(self, there: bool) -> None:
        replay, now = self.replay, stopwatch()
        if not there and now - self._drawn < PICTURE_NS:
            return
        self._drawn = now
        shown = replay.picture() if replay.seq <= self.go.to else None  # None: it was sent back, another one will go
        self.channel.say(
            Ran(
                self.go.n, replay.seq, replay.ts, there, replay.proven, replay.differs, replay.file.torn,
                replay.lines(), msgspec.Raw(_encoder.encode(shown)),
            )
        )  # fmt: skip

    def _copy(self) -> bool:
        """Fork: the copy sleeps with a channel of its own, we go on. True in the copy, which goes on in its `run`."""
        ours, theirs = socket.socketpair()
        self.channel.say(Copied(self.replay.seq), theirs.fileno())
        theirs.close()
        if os.fork() == 0:
            self.channel.close()
            self.channel = Channel(ours, Order)
            self.go, self.busy = Go(0, 0), False
            return True
        ours.close()
        return False
