"""The three ccxt instances of one venue account: data, trade, emergency. They share markets; each has its own session.

The emergency one is kept warm and waits for nothing, so that a cancel never queues behind a quote or a query; what it
sends is counted all the same, for the others to make room. Inside a Retry-After of any of them it refuses, as nothing
may be sent (R-N2).
"""

from __future__ import annotations

import functools
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from core import rng
from core.domain.errors import Refused
from core.domain.ports import Clock
from core.venues.budget import WeightBudget
from core.venues.ccxt.dials import Dials
from core.venues.ccxt.termswatch import EVERY_S
from core.venues.ccxt.traits import Traits
from core.venues.ccxt.wiring import Wire, wired

TIMEOUT_MS = 5_000
NAMES = ("data", "trade", "emergency")
CREDENTIALS = ("apiKey", "secret", "password", "privateKey", "walletAddress", "accountIndex", "apiKeyIndex")


class Access(msgspec.Struct, frozen=True):
    """How to reach one account. `keys` as ccxt names them; `network` mainnet | testnet | demo | loopback."""

    network: str
    keys: Mapping[str, str]
    urls: Mapping[str, Any] | None = None  # loopback without names: replaces the addresses
    session: Callable[[], Any] | None = None  # a fresh aiohttp session each time; None = ccxt makes its own
    terms_every_s: float = EVERY_S  # how often the terms of the instruments are read again

    def __repr__(self) -> str:
        return f"Access({self.network}, {len(self.keys)} keys)"


class Instances:
    """`data` reads and listens, `trade` creates and cancels, `emergency` only cancels and reads. `names`: those that
    are made; a stop has the last one alone."""

    def __init__(
        self, traits: Traits, access: Access, clock: Clock, names: Sequence[str] = NAMES, seed: int = 0
    ) -> None:
        self.traits, self.access, self.clock = traits, access, clock
        self.budget = WeightBudget(traits.weight_per_minute)
        self.dials = Dials(traits.dials, clock, rng.stream(seed, f"dials/{traits.name}").random)
        self.warning = traits.prepare()  # for the operator; "" = none
        traits.account = str(access.keys.get("walletAddress", "")).lower()
        self.wires = {
            "data": Wire(clock, self.budget, dials=self.dials),
            "trade": Wire(clock, self.budget, dials=self.dials),
            "emergency": Wire(clock, self.budget, urgent=True),
        }
        self.wires = {name: wire for name, wire in self.wires.items() if name in names}
        made: dict[str, Any] = {name: self._make(wire) for name, wire in self.wires.items()}
        self.data: Any = made.get("data")
        self.trade: Any = made.get("trade")
        self.emergency: Any = made.get("emergency")
        for wire in self.wires.values():
            wire.on_headers = self._headers
        self._sessions: list[Any] = []

    def _make(self, wire: Wire) -> Any:
        import ccxt.pro

        base = getattr(ccxt.pro, self.traits.ccxt_id)
        settings: dict[str, Any] = {"timeout": TIMEOUT_MS, "enableRateLimit": True, **self.traits.options()}
        settings.update({key: value for key, value in self.access.keys.items() if key in CREDENTIALS})
        if self.access.urls is not None:
            settings["urls"] = {"api": dict(self.access.urls)}
        exchange = self.traits.subclass(wired(base))(settings)
        exchange.wire = wire
        wire.answers, wire.asks, wire.owes = self.traits.answers, self.traits.asks, self.traits.owes
        exchange.own_session = self.access.session is None  # a session handed in is the only way out
        if int(exchange.options.get("maxRetriesOnFailure") or 0) != 0:
            raise Refused(f"Expected ccxt never to send again by itself, {self.traits.name} would")
        if self.access.network == "demo":
            exchange.enable_demo_trading(True)
        elif self.access.network == "testnet":
            exchange.set_sandbox_mode(True)
        return exchange

    async def open(self) -> None:
        """Load the markets once and share them. Raises what ccxt raises."""
        for exchange in (self.data, self.trade, self.emergency):
            if self.access.session is not None:
                exchange.session = self.access.session()
                self._sessions.append(exchange.session)
        await self.data.load_markets()
        for exchange in (self.trade, self.emergency):
            exchange.set_markets_from_exchange(self.data)

    async def close(self) -> None:
        """End every connection; sessions that were handed in are closed here too."""
        for exchange in (self.data, self.trade, self.emergency):
            await exchange.close()
        for session in self._sessions:
            if not session.closed:
                await session.close()

    def _headers(self, _code: int, headers: dict[str, str]) -> None:
        used = self.traits.used_weight(headers)
        if used is not None:
            self.budget.told(used, self.clock.monotonic())

    @property
    def requests(self) -> int:
        return sum(wire.counters.requests for wire in self.wires.values())

    @property
    def errors(self) -> int:
        return sum(wire.counters.errors for wire in self.wires.values())


@functools.cache
def tls_context() -> ssl.SSLContext:
    """One for all accounts of a process: to read the certificates takes a tenth of a second."""
    import certifi

    return ssl.create_default_context(cafile=certifi.where())
