"""Listen keys: who may hear the private stream, and until when. One key an account, as on the real venue."""

from __future__ import annotations

from core import rng
from core.domain.units import NS_PER_S
from core.venues.wire.binance_usdm.refusals import NO_LISTEN_KEY

LIFE_NS = 3_600 * NS_PER_S


class ListenKeys:
    """`key` is empty where none is alive."""

    def __init__(self) -> None:
        self.key = ""
        self.until = 0

    def open(self, now: int) -> str:
        """A key, the old one where it is still alive; its hour begins anew."""
        if not self.alive(self.key, now):
            self.key = (rng.token() * 4)[:64]
        self.until = now + LIFE_NS
        return self.key

    def keep(self, now: int) -> str:
        """Another hour. Raises Refusal where there is none alive."""
        if not self.alive(self.key, now):
            raise NO_LISTEN_KEY
        self.until = now + LIFE_NS
        return self.key

    def alive(self, key: str, now: int) -> bool:
        return bool(key) and key == self.key and now < self.until

    def end(self) -> str:
        """The key that ended; "" where there was none."""
        ended, self.key = self.key, ""
        return ended
