"""Rate limits: weight a minute for REST, and requests an address may send for the volume that it traded."""

from __future__ import annotations

from collections import deque

from core.domain.units import MONEY

MINUTE_MS = 60_000
LIGHT = {"l2Book", "allMids", "clearinghouseState", "orderStatus", "spotClearinghouseState", "exchangeStatus"}
LONG = {
    "recentTrades", "historicalOrders", "userFills", "userFillsByTime", "fundingHistory", "userFunding",
    "userNonFundingLedgerUpdates",
}  # fmt: skip
BATCH = 40


def info_weight(kind: str) -> int:
    """Weight of a query."""
    return 2 if kind in LIGHT else 60 if kind == "userRole" else 20


def rows_weight(kind: str, rows: int) -> int:
    """Weight of a long answer on top, known only afterwards: one each 20 rows, of candles each 60."""
    return rows // 60 if kind == "candleSnapshot" else rows // 20 if kind in LONG else 0


def action_weight(batch: int) -> int:
    """Weight of an action with `batch` items."""
    return 1 + batch // BATCH


class Limits:
    """`weight_per_minute` 0 = no limit; `free` requests before volume counts, 0 = no limit."""

    def __init__(self, weight_per_minute: int, free: int) -> None:
        self.weight_per_minute, self.free = weight_per_minute, free
        self.requests = 0  # of the address: orders and cancels one by one
        self._used: deque[tuple[int, int]] = deque()
        self._sum = 0

    def spend(self, weight: int, now_ms: int, *, owed: bool = False) -> bool:
        """False where the minute is full: the request is refused with 429. What is `owed` is charged in any case."""
        while self._used and self._used[0][0] <= now_ms - MINUTE_MS:
            self._sum -= self._used.popleft()[1]
        if not owed and self.weight_per_minute and self._sum + weight > self.weight_per_minute:
            return False
        self._used.append((now_ms, weight))
        self._sum += weight
        return True

    def cap(self, volume_e8: int) -> int:
        """Requests that the address may have sent in all: one for each USDC traded on top of the free ones."""
        return self.free + volume_e8 // MONEY

    def count(self, items: int, volume_e8: int, *, cancels: bool) -> str:
        """Count an action's items; the refusal's text, or nothing. Cancels may go well beyond."""
        cap = self.cap(volume_e8)
        if cancels:
            cap = min(cap + 100_000, cap * 2)
        if self.free and self.requests + items > cap:
            traded = volume_e8 / MONEY
            return (
                f"Too many cumulative requests sent ({self.requests + items} > {cap}) for cumulative volume traded "
                f"${traded:.2f}. Place taker orders to free up 1 request per USDC traded."
            )
        self.requests += items
        return ""
