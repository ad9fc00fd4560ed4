"""The second gate, at the wire: the last check, in the very call that hands a request to the venue.

After every queue: halt flag, age of the decision, message budget. Cancels always pass; a stop's own reduce-only
requests (flag STOP) pass a closed gate. Pure state: the caller brings the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.domain.order import CANCEL, REDUCE_ONLY, STOP, Request
from core.domain.reasons import HALTED, MESSAGE_BUDGET, OK, REQUEST_AGE
from core.domain.units import NS_PER_MS, NS_PER_S

MAX_AGE_NS = 500 * NS_PER_MS
WINDOW_NS = 10 * NS_PER_S


class Closable(Protocol):
    """What the wire gate needs of the halt flag: may be closed from any thread at any time."""

    @property
    def closed(self) -> bool: ...


class Open:
    """A flag that is never closed: backtests without an operator."""

    closed = False


class Allowance:
    """Messages that one venue grants in ten seconds, refilled as time goes."""

    def __init__(self, capacity: int) -> None:
        self.capacity = self.tokens = float(capacity)
        self._filled = 0

    def refill(self, now: int) -> None:
        if now > self._filled:
            self.tokens = min(self.capacity, self.tokens + self.capacity * (now - self._filled) / WINDOW_NS)
            self._filled = now

    def used(self, now: int) -> tuple[int, int]:
        """Messages counted in the window, and how many there may be."""
        self.refill(now)
        return round(self.capacity - self.tokens), round(self.capacity)


class WireGate:
    """Refuses what must not leave. `orders_per_10s` is the venue's own limit, of several venues one for each, with
    `owners[i]` the venue of instrument i; risk-reducing traffic has a reserve."""

    def __init__(
        self, flag: Closable, orders_per_10s: int | Sequence[int], reserve: float = 0.3, owners: Sequence[int] = ()
    ) -> None:
        limits = [orders_per_10s] if isinstance(orders_per_10s, int) else orders_per_10s
        self._flag, self._reserve = flag, reserve
        self._each = [Allowance(limit) for limit in limits]
        self._owners = tuple(owners)

    def check(self, request: Request, decided: int, now: int) -> int:
        """0 when the request may leave at `now`, else a reject reason. `decided` is when the engine approved it."""
        left = self._each[self._owners[request.instrument] if self._owners else 0]
        left.refill(now)
        if request.kind == CANCEL:
            left.tokens = max(0.0, left.tokens - 1.0)
            return OK
        stop = bool(request.flags & STOP)
        if self._flag.closed and not (stop and request.flags & REDUCE_ONLY):
            return HALTED
        if now - decided > MAX_AGE_NS:
            return REQUEST_AGE
        floor = 0.0 if request.flags & REDUCE_ONLY else self._reserve * left.capacity
        if left.tokens - 1.0 < floor:
            return MESSAGE_BUDGET
        left.tokens -= 1.0
        return OK

    def used(self, now: int) -> tuple[int, int]:
        """Messages counted in the window and the venue's limit, of the venue with least left; for display."""
        return max(self.each_used(now), key=lambda pair: pair[0] / max(1, pair[1]))

    def each_used(self, now: int) -> list[tuple[int, int]]:
        """The same of every venue."""
        return [one.used(now) for one in self._each]
