"""The second gate, at the wire: the last check, in the very call that hands a request to the venue.

After every queue: halt flag, age of the decision, message budget. Cancels always pass; a stop's own reduce-only
requests (flag STOP) pass a closed gate. Pure state: the caller brings the time.
"""

from __future__ import annotations

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


class WireGate:
    """Refuses what must not leave. `orders_per_10s` is the venue's own limit; risk-reducing traffic has a reserve."""

    def __init__(self, flag: Closable, orders_per_10s: int, reserve: float = 0.3) -> None:
        self._flag = flag
        self._capacity = float(orders_per_10s)
        self._reserve = reserve * orders_per_10s
        self._tokens = float(orders_per_10s)
        self._filled = 0

    def check(self, request: Request, decided: int, now: int) -> int:
        """0 when the request may leave at `now`, else a reject reason. `decided` is when the engine approved it."""
        self._refill(now)
        if request.kind == CANCEL:
            self._tokens = max(0.0, self._tokens - 1.0)
            return OK
        stop = bool(request.flags & STOP)
        if self._flag.closed and not (stop and request.flags & REDUCE_ONLY):
            return HALTED
        if now - decided > MAX_AGE_NS:
            return REQUEST_AGE
        floor = 0.0 if request.flags & REDUCE_ONLY else self._reserve
        if self._tokens - 1.0 < floor:
            return MESSAGE_BUDGET
        self._tokens -= 1.0
        return OK

    def _refill(self, now: int) -> None:
        if now > self._filled:
            self._tokens = min(self._capacity, self._tokens + self._capacity * (now - self._filled) / WINDOW_NS)
            self._filled = now

    def used(self, now: int) -> tuple[int, int]:
        """Messages counted in the window and the venue's limit, for display."""
        self._refill(now)
        return round(self._capacity - self._tokens), round(self._capacity)
