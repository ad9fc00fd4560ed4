"""scheduleCancel: everything is cancelled at a time set by the client, ten times a day at most."""

from __future__ import annotations

from core.domain.units import MONEY
from core.venues.wire.hyperliquid.desk import Desk
from core.venues.wire.hyperliquid.ledger import Ledger
from core.venues.wire.hyperliquid.text import text8

AHEAD_MS = 5_000
A_DAY = 10
DAY_MS = 86_400_000


class DeadMan:
    """`volume` USDC must have been traded before the venue grants it; `at_ms` 0 = not set."""

    def __init__(self, desk: Desk, ledger: Ledger, volume: int) -> None:
        self.desk, self.ledger, self.volume = desk, ledger, volume
        self.at_ms = 0
        self.fired = 0  # today
        self._day = 0

    def set(self, time_ms: int | None, now_ms: int) -> str:
        """Arm for `time_ms`, None disarms; the refusal's text, or nothing."""
        self._new_day(now_ms)
        if self.ledger.volume_e8 < self.volume * MONEY:
            traded = text8(self.ledger.volume_e8 // 1000 * 1000)
            return (
                "Cannot set scheduled cancel time until enough volume traded. "
                f"Required: ${self.volume}. Traded: ${traded}."
            )
        if time_ms is None:
            self.at_ms = 0
            return ""
        if time_ms < now_ms + AHEAD_MS:
            return f"Scheduled cancel time must be at least {AHEAD_MS // 1000} seconds in the future"
        if self.fired >= A_DAY:
            return f"Cannot set scheduled cancel time: {A_DAY} triggers per day reached"
        self.at_ms = time_ms
        return ""

    def tick(self, now_ms: int) -> None:
        """Fire when it is time."""
        if self.at_ms and now_ms >= self.at_ms:
            self._new_day(now_ms)
            self.at_ms = 0
            self.fired += 1
            self.desk.cancel_all("scheduledCancel")

    def _new_day(self, now_ms: int) -> None:
        if now_ms // DAY_MS != self._day:
            self._day, self.fired = now_ms // DAY_MS, 0
