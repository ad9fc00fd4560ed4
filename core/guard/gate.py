"""The gate flag: closed in memory by whichever thread sees a stop first, in microseconds (RELIABILITY.md 5 E0, E1).

The latch follows on a helper thread and is never waited for. Safe in signal handlers: no lock is taken by `close`.
Reading `closed` is the wire gate's first question; opening again belongs to re-arm alone.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import structs

from core.domain.errors import Defer, PerpError
from core.guard.latch import Latch, Stop, new_stop_id

if TYPE_CHECKING:
    from core.domain.ports import Clock  # loads numpy; the guard must start fast

LATCH_BUDGET_S = 1.0
AGAIN_S = 1.0  # between two tries of a latch that the disk refused


class GateFlag:
    """`closed` is a plain attribute; `stop` the first stop that closed it; `t_closed` monotonic ns of that moment.

    on_alarm(text) is called from a helper thread when the latch is not on disk within 1 s, or cannot be written. Such a
    latch is tried again each second until it stands or a person has re-armed.
    """

    def __init__(self, clock: Clock, latch: Latch | None = None, on_alarm: Callable[[str], None] | None = None) -> None:
        self._clock, self._latch, self._on_alarm = clock, latch, on_alarm
        self.closed = False
        self.t_closed: int | None = None
        self.closed_after_ns: int | None = None  # from the key to the closed gate, of the first stop that told
        self._stops: deque[Stop] = deque()
        self._listeners: list[Callable[[Stop], None]] = []
        self._jobs: queue.SimpleQueue[Stop | None] = queue.SimpleQueue()
        self._written: queue.SimpleQueue[Stop | None] = queue.SimpleQueue()
        self._opening = threading.Lock()  # re-arm against the writer's look back; a stop never waits for it
        found = latch.read() if latch is not None else None
        if found is not None:
            self.closed = True
            self.t_closed = clock.monotonic()
            self._stops.append(found)
        if latch is not None:
            threading.Thread(target=self._write, name="latch-writer", daemon=True).start()
            threading.Thread(target=self._watch, name="latch-watch", daemon=True).start()

    @property
    def latch(self) -> Latch | None:
        """The latch behind this flag; None where nothing is kept (tests, backtests)."""
        return self._latch

    @property
    def stop(self) -> Stop | None:
        """The stop in force: the first one, its verb and scope raised by any later flatten or wider scope."""
        stops = list(self._stops)
        if not stops:
            return None
        chosen = next((stop for stop in stops if stop.verb == "flatten"), stops[0])
        wide = any(stop.scope == "account" for stop in stops)
        return structs.replace(chosen, stop_id=stops[0].stop_id, scope="account" if wide else chosen.scope)

    @property
    def stop_id(self) -> str:
        """Id of the first stop, which all later ones join; empty while open."""
        return self._stops[0].stop_id if self.closed and self._stops else ""

    def listen(self, on_close: Callable[[Stop], None]) -> None:
        """Call `on_close` from the closing thread after each accepted stop; it must return at once and not raise."""
        self._listeners.append(on_close)

    def close(
        self, reason: str = "operator", verb: str = "halt", who: str = "", scope: str = "ours", stop_id: str = ""
    ) -> Stop:
        """Close from any thread or signal handler; any number of calls join one stop. Returns the stop in force."""
        self.closed = True
        now = self._clock.monotonic()
        if self.t_closed is None:
            self.t_closed = now
        known = self._stops
        standing = self.stop
        same_scope = standing is not None and (scope != "account" or standing.scope == "account")
        if standing is not None and same_scope and (verb == "halt" or standing.verb == "flatten"):
            if self._latch is not None:
                self._jobs.put(standing)  # a repeat tries the latch again, in case the first write failed
            return standing
        first = standing.stop_id if standing is not None else ""
        stop = Stop(
            stop_id=first or stop_id or new_stop_id(self._clock),
            verb=verb, reason=reason, who=who, ts=self._clock.now(), scope=scope,
        )  # fmt: skip
        known.append(stop)
        stop = self.stop or stop  # two threads at once: both write the id of the first
        if self._latch is not None:
            self._jobs.put(stop)
            self._written.put(stop)
        self.closed = True  # again: a re-arm may have opened it between the first line and the append
        for listener in self._listeners:
            listener(stop)
        return stop

    def timed(self, t_key: int) -> None:
        """The stop came from a key seen at wall time `t_key` ns: how long the gate took to close."""
        if t_key and self.closed_after_ns is None:
            self.closed_after_ns = max(0, self._clock.now() - t_key)

    def latched(self, timeout_s: float = 0.0) -> bool:
        """Whether the latch is on disk, waiting at most `timeout_s` (the stop itself never waits)."""
        if self._latch is None:
            return False
        pause = threading.Event()
        deadline = self._clock.monotonic() + int(timeout_s * 1e9)
        while not self._latch.engaged():
            if self._clock.monotonic() >= deadline:
                return False
            pause.wait(0.002)
        return True

    def reopen(self) -> None:
        """After re-arm. Raises Defer while the latch is still on disk; one on its way there takes itself back."""
        with self._opening:
            if self._latch is not None and self._latch.engaged():
                raise Defer("Expected the halt latch to be cleared first, was engaged")
            self._stops.clear()
            self.t_closed = None
            self.closed_after_ns = None
            self.closed = False
            if self._stops:  # a stop came meanwhile and wins
                self.closed = True

    def _in_force(self, stop: Stop) -> bool:
        return self.closed and any(known.stop_id == stop.stop_id for known in list(self._stops)[:1])

    def _take_back(self, stop: Stop) -> None:
        """A disk that hung has written the latch of a stop that a person has re-armed since."""
        assert self._latch is not None
        with self._opening:
            found = None if self._in_force(stop) else self._latch.read()
            if found is not None and found.stop_id == stop.stop_id:
                self._latch.clear("written after the re-arm that ended this stop", "core", self._clock.now())
                self._alarm(f"halt latch of {stop.stop_id} was written after its re-arm; cleared")

    def _write(self) -> None:
        assert self._latch is not None
        refused = False
        while True:
            try:
                stop = self._jobs.get(timeout=AGAIN_S if refused else None)
            except queue.Empty:
                stop = self.stop
                if stop is None or not self.closed:  # re-armed
                    refused = False
                    continue
            if stop is None:
                return
            if not self._in_force(stop):
                continue
            try:
                self._latch.engage(stop)
                self._take_back(stop)
            except (OSError, PerpError) as error:
                if not refused:
                    self._alarm(f"halt latch not written: {error}; the gate is closed in memory only, trying again")
                refused = True
            else:
                if refused and self._in_force(stop):
                    self._alarm("halt latch written")
                refused = False

    def _watch(self) -> None:
        while (stop := self._written.get()) is not None:
            if not self.latched(LATCH_BUDGET_S):
                self._alarm(f"halt latch of {stop.stop_id} not on disk after {LATCH_BUDGET_S:.0f} s")

    def _alarm(self, text: str) -> None:
        if self._on_alarm is not None:
            self._on_alarm(text)

    def shut(self) -> None:
        """End the helper threads after what is queued; the flag itself keeps working."""
        self._jobs.put(None)
        self._written.put(None)
