"""A loopback venue for rehearsals: the simulated exchange behind a real exchange's wire, with faults by name.

Listens on 127.0.0.1 alone. Its account and key are worth nothing and are made anew at each start.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import rng, tasks
from core.clock import SystemClock
from core.config.instruments import find_venue
from core.domain.errors import Refused
from core.domain.ports import Clock
from core.domain.units import MONEY, NS_PER_S
from core.kernel import Kernels
from core.market.synthetic import SyntheticMarket, SyntheticSource
from core.venues.wire.behind import WireExchange
from core.venues.wire.faults import KINDS, Faults, Plan, plan_from
from core.venues.wire.server import Dialect, VenueServer

WARM_NS = 2 * NS_PER_S
DIALECTS = {"binance_usdm": "ETHUSDC", "hyperliquid": "BTC"}  # and what is traded where nothing is asked for


@dataclass(frozen=True)
class Serving:
    """What is served. `symbols` () = the dialect's own; `equity` quote; `port` 0 a free one; `faults` None = no faults.

    `tls`: the folder that the CA's certificate is put into; None = plain HTTP. `dead_man_volume`: quote that must have
    been traded before Hyperliquid grants its dead-man's switch (there: 1,000,000).
    """

    dialect: str = "binance_usdm"
    symbols: tuple[str, ...] = ()
    port: int = 0
    equity: float = 10_000.0
    seed: int = 7
    faults: Path | None = None
    tls: Path | None = None
    dead_man_volume: int = 0


def fault_kinds() -> dict[str, Any]:
    """Every fault by name and what it does."""
    width = max(map(len, KINDS))
    return {"ok": True, "faults": KINDS, "text": "\n".join(f"{name:<{width}}  {text}" for name, text in KINDS.items())}


def serve(wish: Serving, say: Callable[[dict[str, Any]], None]) -> None:
    """Serve until SIGINT or SIGTERM. `say` hears once where it listens. Raises Refused before anything is opened."""
    if wish.dialect not in DIALECTS:
        raise Refused(f"Expected a dialect of {', '.join(DIALECTS)}, was {wish.dialect!r}")
    plan = plan_from(wish.faults) if wish.faults is not None else Plan()
    venues = [find_venue(wish.dialect, symbol) for symbol in wish.symbols or (DIALECTS[wish.dialect],)]
    clock = SystemClock()
    now = clock.now()
    markets = [SyntheticMarket(v.instrument, wish.seed, now, v.reference_price) for v in venues]
    source = SyntheticSource(markets)
    exchange = WireExchange(source, round(wish.equity * MONEY), wish.seed, Kernels("plain"), clock, WARM_NS)
    dialect, account = _binance_usdm(exchange) if wish.dialect == "binance_usdm" else _hyperliquid(exchange, wish)
    server = VenueServer(exchange, dialect, Faults(plan, now), clock)
    tls = _Tls(wish.tls, wish.dialect, clock) if wish.tls is not None else None
    asyncio.run(_until_stopped(server, wish, account, say, tls))


class _Tls:
    """HTTPS under the exchange's own names. The CA is written once the port is ours: never over a running venue's."""

    def __init__(self, folder: Path, dialect: str, clock: Clock) -> None:
        from core.venues.wire.certificates import server_context
        from core.venues.wire.fence import HOSTS

        self._folder, self._hosts = folder, HOSTS[dialect]
        self.context, self._ca_pem = server_context(self._hosts, clock)

    def tell(self) -> dict[str, Any]:
        from core.venues.wire.certificates import write_ca

        return {"ca": str(write_ca(self._folder, self._ca_pem)), "hosts": list(self._hosts)}


def _binance_usdm(exchange: WireExchange) -> tuple[Dialect, dict[str, str]]:
    from core.venues.wire.binance_usdm.dialect import BinanceUsdmDialect

    key, secret = ((rng.token() * 4)[:64] for _ in range(2))
    return BinanceUsdmDialect(exchange, key, secret), {"apiKey": key, "secret": secret}


def _hyperliquid(exchange: WireExchange, wish: Serving) -> tuple[Dialect, dict[str, str]]:
    from core.venues.wire.hyperliquid.dialect import HyperliquidDialect, Rules
    from core.venues.wire.hyperliquid.signature import address_of

    key = "0x" + (rng.token() * 4)[:64]
    address = address_of(key)
    dialect = HyperliquidDialect(exchange, address, Rules(dead_man_volume=wish.dead_man_volume))
    return dialect, {"walletAddress": address, "privateKey": key}


async def _until_stopped(
    server: VenueServer,
    wish: Serving,
    account: dict[str, str],
    say: Callable[[dict[str, Any]], None],
    tls: _Tls | None,
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    port = await server.start(wish.port, tls.context if tls is not None else None)
    url = f"{'http' if tls is None else 'https'}://127.0.0.1:{port}"
    told = {
        "ok": True,
        "dialect": wish.dialect,
        "symbols": [x.symbol for x in server.exchange.instruments],
        "url": url,
        "account": account,
    }
    try:
        say(told | (tls.tell() if tls is not None else {}))
        while not stop.is_set() and server.failed is None:
            try:
                async with tasks.timeout(0.5):
                    await stop.wait()
            except TimeoutError:
                continue
    finally:
        await server.close()
    if server.failed is not None:
        raise server.failed
