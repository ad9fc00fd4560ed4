"""A loopback venue over TLS under its exchange's own host names, and the fence that leads its clients there.

One server on one port for all hosts. A second dialect is one more `Wire`.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.clock import SystemClock
from core.config.instruments import find_instrument
from core.domain.units import MONEY, NS_PER_S
from core.kernel import Kernels
from core.market.synthetic import SyntheticMarket, SyntheticSource
from core.venues.wire.behind import WireExchange
from core.venues.wire.certificates import server_context
from core.venues.wire.faults import Faults, Plan, Rule
from core.venues.wire.fence import HOSTS, Fence
from core.venues.wire.hyperliquid.dialect import HyperliquidDialect, Rules
from core.venues.wire.server import Dialect, VenueServer
from tests.venues.wire.hyperliquid_hall import AGENT, USER

START = 1_700_000_000 * NS_PER_S
SEED = 5
WARM_NS = 2 * NS_PER_S


@dataclass(frozen=True)
class Wire:
    """One exchange to be played: its instruments with a first price, its host names, its dialect."""

    venue: str  # as in configs/venues
    prices: Mapping[str, float]
    hosts: tuple[str, ...]
    dialect: Callable[[WireExchange], Dialect]


def hyperliquid_dialect(exchange: WireExchange) -> HyperliquidDialect:
    """Real ccxt clients without an override sign for mainnet; so does this one read them."""
    rules = Rules(agents=(AGENT,), dead_man_volume=0, book_ms=50, weight_per_minute=0, free_requests=10**9)
    return HyperliquidDialect(exchange, USER, rules)


HYPERLIQUID = Wire("hyperliquid", {"BTC": 110_000.0}, HOSTS["hyperliquid"], hyperliquid_dialect)


@dataclass
class TlsVenue:
    """A running venue. `fence.session` is for its clients, `fence.refused` what they asked elsewhere."""

    server: VenueServer
    dialect: Any
    exchange: WireExchange
    port: int
    ca_pem: bytes | None
    fence: Fence

    def places(self) -> list[str]:
        """What was asked, in order."""
        return [asked.place for asked in self.server.asked]


@contextlib.asynccontextmanager
async def over_tls(wire: Wire, *faults: Rule, tls: bool = True) -> AsyncIterator[TlsVenue]:
    """A venue for one test. `tls` False: the same in plain, to compare with."""
    clock = SystemClock()
    markets = [
        SyntheticMarket(find_instrument(wire.venue, symbol), SEED, START, price)
        for symbol, price in wire.prices.items()
    ]
    exchange = WireExchange(SyntheticSource(markets), 100_000 * MONEY, SEED, Kernels("plain"), clock, WARM_NS)
    dialect = wire.dialect(exchange)
    server = VenueServer(exchange, dialect, Faults(Plan(rules=faults), clock.now()), clock)
    context, ca_pem = server_context(wire.hosts, clock) if tls else (None, None)
    port = await server.start(tls=context)
    try:
        yield TlsVenue(server, dialect, exchange, port, ca_pem, Fence(port, wire.hosts, ca_pem))
    finally:
        await server.close()
    assert server.failed is None
