"""Where the replayed engine is sent: one runner at work, and a bounded number of sleeping copies to go back to.

Sends nothing but step numbers. Positions are what the runners told; a runner that is already past its target stays a
copy, and one from before it goes instead.
"""

from __future__ import annotations

import contextlib
import pathlib
import socket
from collections.abc import Callable

from core.build.audit.runner import Copied, Copy, Failed, Go, Order, Ran, Word, start
from core.build.audit.wire import Channel
from core.kernel import Kernels

MOST = 12  # copies that sleep; they share what has not changed since, some 10 MB each are their own
NEAR = 16
BEFORE = (
    NEAR,
    8 * NEAR,
    64 * NEAR,
    512 * NEAR,
)  # copies are left so many steps before a target: a step back costs milliseconds
PARTS = 6  # copies along a long way
LEAST = 2_000  # steps between them


class Sleeping:
    """A copy and where it stands."""

    def __init__(self, seq: int, channel: Channel[Word]) -> None:
        self.seq, self.channel = seq, channel


class Pool:
    """`go(seq)`; `read(channel)` when one of `channels` has something. `ran` hears of each word of the one at work."""

    def __init__(
        self, path: pathlib.Path, ran: Callable[[Ran], None], failed: Callable[[str], None],
        kernels: Kernels | None = None,
    ) -> None:  # fmt: skip
        self._ran, self._failed = ran, failed
        self.pid, self._active = start(path, kernels)
        self._seq = 0
        self._sleeping: list[Sleeping] = []
        self._n = 0
        self._wanted = 0
        self._end = 0
        self._asked = False  # the runner at work has a Go that it has not answered
        self._heir: Sleeping | None = None  # it was asked for a copy that will go on
        self._ended = False  # the one at work is gone without a word
        self._say(self._active, Copy())  # the first step is always near

    @property
    def channels(self) -> list[Channel[Word]]:
        active = [] if self._ended else [self._active]
        return [*active, *(one.channel for one in self._sleeping)]

    @property
    def copies(self) -> list[int]:
        """Where the sleeping ones stand (tests, and what is shown)."""
        return sorted(one.seq for one in self._sleeping)

    def close(self) -> None:
        """All of them end with their channels."""
        for channel in (self._active, *self.channels):
            channel.close()
        self._sleeping = []

    def go(self, seq: int, end: int) -> None:
        """To step `seq` of a journal of `end` steps. The newest wish counts."""
        self._wanted, self._end = seq, end
        if self._heir is None and not self._ended:
            self._send()

    def _send(self) -> None:
        if self._ended:
            return
        self._n += 1
        best = self._best()
        if self._seq <= self._wanted and best is not None and best.seq > self._seq + NEAR and not self._asked:
            self._from(best)  # a copy stands nearer than the one at work
            return
        self._asked = True
        self._say(self._active, Go(self._n, self._wanted, self._marks()))

    def _best(self) -> Sleeping | None:
        behind = [one for one in self._sleeping if one.seq <= self._wanted]
        return max(behind, key=lambda one: one.seq, default=None)

    def _from(self, one: Sleeping) -> None:
        self._heir = one
        self._say(one.channel, Copy())

    def _say(self, channel: Channel[Word], order: Order) -> None:
        """What is said to one that is gone is found out when it is read."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            channel.say(order)

    def _marks(self) -> tuple[int, ...]:
        """Where copies are to be left on the way from where the runner stands."""
        wanted, spacing = self._wanted, max(self._end // PARTS, LEAST)
        marks = {k * spacing for k in range(1, self._end // spacing + 1)}
        marks = {mark for mark in marks if not self._stands(mark - spacing // 4, mark + spacing // 4)}
        marks |= {wanted - by for by in BEFORE if not self._stands(wanted - 4 * by, wanted - by // 4)}
        return tuple(sorted(mark for mark in marks if self._seq < mark < wanted))

    def _stands(self, low: int, high: int) -> bool:
        return any(low <= one.seq <= high for one in self._sleeping)

    def read(self, channel: Channel[Word]) -> None:
        """Take what came; a runner that is gone without a word is no longer there."""
        words = channel.read()
        if words is None:
            if channel is self._active:
                self._ended = True
                self._failed("the replay's process ended; open the journal again: J, Enter")
            self._drop(channel)
            return
        for word in words:
            if isinstance(word, Copied):
                fd = channel.fds.pop(0)
                self._copied(channel, Sleeping(word.seq, Channel(socket.socket(fileno=fd), Word)))
            elif isinstance(word, Failed):
                self._failed(word.text)
            elif channel is self._active:
                self._heard(word)

    def _heard(self, word: Ran) -> None:
        self._seq = word.seq
        if word.n != self._n:
            return
        self._asked = False
        if word.seq > self._wanted:
            best = self._best()
            if best is not None and self._heir is None:
                self._from(best)
            return
        self._ran(word)

    def _copied(self, channel: Channel[Word], made: Sleeping) -> None:
        heir = self._heir
        if heir is None or heir.channel is not channel:
            self._sleeping.append(made)
        else:  # the copy goes on, the one that was at work sleeps where it stands
            self._heir = None
            self._sleeping.append(Sleeping(self._seq, self._active))
            self._active, self._seq, self._asked = made.channel, made.seq, False
            self._send()
        self._thin()

    def _drop(self, channel: Channel[Word]) -> None:
        self._sleeping = [one for one in self._sleeping if one.channel is not channel]
        if channel is not self._active:
            channel.close()
        if self._heir is not None and self._heir.channel is channel:
            self._heir = None
            self._send()

    def _thin(self) -> None:
        """Of more than MOST copies the one goes whose loss costs least: the gap that it leaves, by its distance."""
        while len(self._sleeping) > MOST:
            rows = sorted((one for one in self._sleeping if one is not self._heir), key=lambda one: one.seq)
            ends = [*(one.seq for one in rows[1:]), max(self._end, rows[-1].seq + 1)]

            def cost(n: int, rows: list[Sleeping] = rows, ends: list[int] = ends) -> float:
                return (ends[n] - rows[n - 1].seq) / (abs(self._wanted - rows[n].seq) + NEAR)

            least = min(range(1, len(rows)), key=cost)  # the first, at step 0, always stays
            rows[least].channel.close()
            self._sleeping.remove(rows[least])
