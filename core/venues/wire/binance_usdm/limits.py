"""Rate limits: weight of a minute by address, orders of 10 s and of a minute by account; 429, then 418."""

from __future__ import annotations

from collections import deque

from core.domain.units import NS_PER_MS, NS_PER_S

MINUTE_NS = 60 * NS_PER_S
PATIENCE = 20  # requests under 429 before the address is banned
BAN_NS = 120 * NS_PER_S
BATCHES = ("POST /fapi/v1/batchOrders", "PUT /fapi/v1/batchOrders")
ORDERS = {  # new and amended orders: (counted in 10 s, counted in a minute), by request and by method
    "POST /fapi/v1/order": (1, 1), "PUT /fapi/v1/order": (1, 1), "POST /fapi/v1/algoOrder": (1, 1),
    **dict.fromkeys(BATCHES, (5, 1)),
    "order.place": (1, 1), "order.modify": (1, 1), "algoOrder.place": (1, 1),
}  # fmt: skip
WEIGHTS = {
    "POST /fapi/v1/order": 0, "PUT /fapi/v1/order": 0, "POST /fapi/v1/algoOrder": 0, **dict.fromkeys(BATCHES, 5),
    "GET /fapi/v1/trades": 5, "GET /fapi/v1/aggTrades": 20, "GET /fapi/v1/userTrades": 5, "GET /fapi/v1/allOrders": 5,
    "GET /fapi/v1/allAlgoOrders": 5, "GET /fapi/v1/income": 30, "GET /fapi/v1/positionSide/dual": 30,
    "GET /fapi/v1/multiAssetsMargin": 30, "GET /fapi/v1/symbolConfig": 5, "GET /fapi/v1/ticker/bookTicker": 2,
    "GET /fapi/v2/account": 5, "GET /fapi/v3/account": 5, "GET /fapi/v2/balance": 5, "GET /fapi/v3/balance": 5,
    "GET /fapi/v2/positionRisk": 5, "GET /fapi/v3/positionRisk": 5, "GET /fapi/v1/commissionRate": 20,
    "POST /fapi/v1/countdownCancelAll": 10,
    "order.place": 0, "order.modify": 0, "algoOrder.place": 0, "account.balance": 5, "v2/account.balance": 5,
    "account.status": 5, "v2/account.status": 5, "account.position": 5, "v2/account.position": 5,
}  # fmt: skip
WITHOUT_SYMBOL = {
    "GET /fapi/v1/openOrders": 40, "GET /fapi/v1/openAlgoOrders": 40, "GET /fapi/v1/premiumIndex": 10,
    "GET /fapi/v1/ticker/bookTicker": 5,
}  # fmt: skip
DEPTH = ((50, 2), (100, 5), (500, 10), (1000, 20))


def weight_of(place: str, has_symbol: bool, limit: int) -> int:
    """Weight of one request; `limit` of a depth question."""
    if place == "GET /fapi/v1/depth":
        return next(weight for most, weight in DEPTH if limit <= most)
    if not has_symbol and place in WITHOUT_SYMBOL:
        return WITHOUT_SYMBOL[place]
    return WEIGHTS.get(place, 1)


class Window:
    """How much was used within the last `span_ns`."""

    def __init__(self, span_ns: int, most: int) -> None:
        self.span_ns, self.most, self.used = span_ns, most, 0
        self._rows: deque[tuple[int, int]] = deque()

    def look(self, now: int) -> int:
        while self._rows and self._rows[0][0] <= now - self.span_ns:
            self.used -= self._rows.popleft()[1]
        return self.used

    def add(self, amount: int, now: int) -> bool:
        """Counted in any case; False where that is more than there may be. `most` 0 = no limit."""
        self.look(now)
        self._rows.append((now, amount))
        self.used += amount
        return not self.most or self.used <= self.most

    def frees_s(self, now: int) -> int:
        """Whole seconds until the oldest entry leaves."""
        self.look(now)
        return 1 if not self._rows else max(1, -(-(self._rows[0][0] + self.span_ns - now) // NS_PER_S))


class Limits:
    """One address and one account. Times are ns of the venue."""

    def __init__(self, weight_per_minute: int, orders_per_10s: int, orders_per_minute: int) -> None:
        self.weight = Window(MINUTE_NS, weight_per_minute)
        self.orders_10s = Window(10 * NS_PER_S, orders_per_10s)
        self.orders_1m = Window(MINUTE_NS, orders_per_minute)
        self._banned_until = 0
        self._over = 0

    def spend(self, weight: int, now: int) -> tuple[int, int]:
        """(0, 0) where the request may go on, else (429 | 418, seconds to wait)."""
        if now < self._banned_until:
            return 418, -(-(self._banned_until - now) // NS_PER_S)
        if self.weight.add(weight, now):
            self._over = 0
            return 0, 0
        self._over += 1
        if self._over > PATIENCE:
            self._banned_until = now + BAN_NS
            return 418, BAN_NS // NS_PER_S
        return 429, self.weight.frees_s(now)

    def words(self, status: int, wait_s: int, now: int) -> str:
        """What stands beside -1003."""
        stay = "Please use the websocket for live updates to avoid"
        if status == 418:
            until = (now + wait_s * NS_PER_S) // NS_PER_MS
            return f"Way too many requests; IP(127.0.0.1) banned until {until}. {stay} bans."
        most = f"current limit of IP(127.0.0.1) is {self.weight.most} requests per minute"
        return f"Too many requests; {most}. {stay} polling the API."

    def order(self, place: str, now: int) -> bool:
        """Count what this request or method may place or change; False where the account sends too many."""
        if place not in ORDERS:
            return True
        short, long = ORDERS[place]
        return self.orders_10s.add(short, now) & self.orders_1m.add(long, now)

    def rows(self, now: int) -> list[dict[str, str | int]]:
        """The limits as an answer on the order socket tells them."""
        kinds = (("REQUEST_WEIGHT", "MINUTE", 1, self.weight), ("ORDERS", "SECOND", 10, self.orders_10s),
                 ("ORDERS", "MINUTE", 1, self.orders_1m))  # fmt: skip
        return [
            {"rateLimitType": kind, "interval": unit, "intervalNum": n, "limit": window.most, "count": window.look(now)}
            for kind, unit, n, window in kinds
        ]

    def headers(self, now: int, orders: bool) -> dict[str, str]:
        """What every answer tells of the limits."""
        told = {"X-MBX-USED-WEIGHT-1M": str(self.weight.look(now))}
        if orders:
            told["X-MBX-ORDER-COUNT-10S"] = str(self.orders_10s.look(now))
            told["X-MBX-ORDER-COUNT-1M"] = str(self.orders_1m.look(now))
        return told
