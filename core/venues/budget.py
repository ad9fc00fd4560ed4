"""The venue's request weight, shared by four lanes: emergency, cancel, query, order. Pure state, time is handed in.

An order is never kept waiting: it goes now or is refused, because a price that waited is an old price. It may use up
less than questions may: an account that cannot be read may not be quoted in. Inside a Retry-After window nothing goes
(R-N2); above 80 % of the weight only cancels and risk-reducing requests do (COOLDOWN).
"""

from __future__ import annotations

from collections import deque

from core.domain.units import NS_PER_S

EMERGENCY, CANCEL_LANE, ORDER, QUERY = 0, 1, 2, 3
SHARES = (1.0, 0.95, 0.60, 0.80)  # of the weight a lane may use up to
COOLDOWN_SHARE = 0.80
WINDOW_NS = 60 * NS_PER_S


class WeightBudget:
    """`limit` weight a minute, as the venue grants it. `used` is the larger of what we count and what it told us."""

    def __init__(self, limit: int) -> None:
        if limit <= 0:
            raise ValueError(f"Expected a weight limit above 0, was {limit}")
        self.limit = limit
        self.banned_until = 0  # ns
        self._spent: deque[tuple[int, float]] = deque()
        self._sum = 0.0
        self._told: tuple[int, float] = (0, 0.0)
        self.refused = 0

    def wait_ns(self, lane: int, cost: float, now: int) -> int:
        """0 when `cost` may go now, else how long to wait at least before asking again."""
        if now < self.banned_until:
            return self.banned_until - now
        if self.used(now) + cost <= self.limit * SHARES[lane] or lane == EMERGENCY:
            return 0
        oldest = self._spent[0][0] if self._spent else self._told[0]
        return max(NS_PER_S // 20, min(oldest + WINDOW_NS - now, NS_PER_S))

    def share(self, lane: int, now: int) -> float:
        """What of the weight that a lane may use up to is used, 1.0 = all of it."""
        return self.used(now) / (self.limit * SHARES[lane])

    def spend(self, cost: float, now: int) -> None:
        """The request goes out."""
        self._spent.append((now, cost))
        self._sum += cost

    def inherit(self, earlier: WeightBudget) -> None:
        """Other clients of the same account went before, and the venue counts their requests too."""
        self._spent.extendleft(reversed(earlier._spent))
        self._sum += earlier._sum
        self._told = max(self._told, earlier._told)
        self.banned_until = max(self.banned_until, earlier.banned_until)

    def refund(self, cost: float) -> None:
        """A request of this cost never left, as nobody could be dialled: the newest such weight is free again."""
        for k in range(len(self._spent) - 1, -1, -1):
            if self._spent[k][1] == cost:
                del self._spent[k]
                self._sum -= cost
                return

    def told(self, used: float, now: int) -> None:
        """The venue's own count, from a response header."""
        self._told = (now, used)

    def ban(self, seconds: float, now: int) -> None:
        """429 or 418 with this Retry-After; a longer ban stays."""
        self.banned_until = max(self.banned_until, now + int(max(1.0, seconds) * NS_PER_S))

    def used(self, now: int) -> float:
        """Weight used in the running minute."""
        while self._spent and self._spent[0][0] <= now - WINDOW_NS:
            self._sum -= self._spent.popleft()[1]
        ts, told = self._told
        since = sum(cost for at, cost in self._spent if at > ts)
        fresh = told + since if now - ts < WINDOW_NS and (now // WINDOW_NS) == (ts // WINDOW_NS) else 0.0
        return max(self._sum, fresh)

    def cooling(self, now: int) -> bool:
        """True while only cancels and risk-reducing requests may go."""
        return now < self.banned_until or self.used(now) > COOLDOWN_SHARE * self.limit
