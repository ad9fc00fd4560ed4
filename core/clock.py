"""The only clock. Wall time in ns since the epoch (UTC); durations come from the monotonic counter alone."""

from __future__ import annotations

import time
from collections.abc import Callable


class SystemClock:
    """The machine's clocks."""

    def now(self) -> int:
        return time.time_ns()

    def monotonic(self) -> int:
        return time.monotonic_ns()


class SteadyClock:
    """Wall time of the start carried on by the monotonic counter: a clock that is set does not move it (R-N4)."""

    def __init__(self) -> None:
        self._start, self._from = time.time_ns(), time.monotonic_ns()

    def now(self) -> int:
        return self._start + time.monotonic_ns() - self._from

    def monotonic(self) -> int:
        return time.monotonic_ns()


class VirtualClock:
    """Time that stands still until it is set; both counters are the same."""

    def __init__(self, start_ns: int = 0) -> None:
        self._now = start_ns

    def now(self) -> int:
        return self._now

    def monotonic(self) -> int:
        return self._now

    def set(self, ts: int) -> None:
        """Move to `ts`. Raises ValueError when that would be backwards."""
        if ts < self._now:
            raise ValueError(f"Expected a time at or after {self._now}, was {ts}")
        self._now = ts


class LoopClock:
    """Time of a virtual-time asyncio loop: wall = `start_ns` + loop time."""

    def __init__(self, loop_time: Callable[[], float], start_ns: int = 0) -> None:
        self._time, self._start = loop_time, start_ns

    def now(self) -> int:
        return self._start + self.monotonic()

    def monotonic(self) -> int:
        return round(self._time() * 1e9)


def stopwatch() -> int:
    """A monotonic reading for measuring our own code (never part of a decision)."""
    return time.perf_counter_ns()


def cpu_ns() -> int:
    """CPU time of this process, ns."""
    return time.process_time_ns()


def iso(ts: int) -> str:
    """UTC text of a ns stamp, to the second."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(ts // 1_000_000_000))


def stamp(ts: int) -> str:
    """UTC text for file names: 20261119T130211Z."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(ts // 1_000_000_000))


def day_of(ts: int) -> int:
    """Number of the UTC day."""
    return ts // 86_400_000_000_000
