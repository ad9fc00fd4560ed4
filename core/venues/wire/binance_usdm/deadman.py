"""countdownCancelAll: regular orders of one symbol are cancelled when its countdown runs out; 0 stops it."""

from __future__ import annotations

from core.domain.units import NS_PER_MS
from core.venues.wire.binance_usdm.desk import Desk


class DeadMan:
    """`until` by instrument, ns; conditional orders are not covered: the venue does not say that they are."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.until: dict[int, int] = {}
        self.fired = 0
        self.beats = 0

    def set(self, instrument: int, countdown_ms: int, now: int) -> None:
        self.beats += 1
        if countdown_ms == 0:
            self.until.pop(instrument, None)
        else:
            self.until[instrument] = now + countdown_ms * NS_PER_MS

    def tick(self, now: int) -> None:
        """Fire what is due."""
        for instrument in [i for i, at in self.until.items() if now >= at]:
            del self.until[instrument]
            self.fired += 1
            self.desk.cancel_all(instrument)
