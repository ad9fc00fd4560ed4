"""A Binance USD-M loopback venue for tests: real time, port 0, a throw-away key; ccxt's own class in front of it."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from core.clock import SystemClock
from core.config.instruments import find_instrument
from core.domain.units import MONEY, NS_PER_S
from core.kernel import Kernels
from core.market.synthetic import SyntheticMarket, SyntheticSource
from core.market.synthetic_price import Character
from core.venues.wire.behind import WireExchange
from core.venues.wire.binance_usdm.dialect import BinanceUsdmDialect, Rules
from core.venues.wire.faults import Faults, Plan, Rule
from core.venues.wire.server import VenueServer

KEY, SECRET = "k" * 64, "s" * 64
START = 1_700_000_000 * NS_PER_S
PRICES = {"ETHUSDC": 2_970.0, "BTCUSDT": 110_000.0}
SEED = 5
WARM_NS = 2 * NS_PER_S
LIVELY = Character(sigma_bps=4.0, hold_bps=1.0, orders_per_s=6.0)
FREE = Rules(weight_per_minute=0, orders_per_10s=0, orders_per_minute=0)


@dataclass
class Venue:
    """A running venue and where it listens."""

    server: VenueServer
    dialect: BinanceUsdmDialect
    exchange: WireExchange
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def places(self) -> list[str]:
        """What was asked, in order."""
        return [asked.place for asked in self.server.asked]


@contextlib.asynccontextmanager
async def venue(
    *faults: Rule,
    rules: Rules = FREE,
    symbols: Sequence[str] = ("ETHUSDC",),
    start_ns: int = START,
    character: Character | None = None,
    equity: int = 100_000 * MONEY,
) -> AsyncIterator[Venue]:
    """A venue for one test."""
    clock = SystemClock()
    markets = [
        SyntheticMarket(find_instrument("binance_usdm", s), SEED, start_ns, PRICES[s], character) for s in symbols
    ]
    exchange = WireExchange(SyntheticSource(markets), equity, SEED, Kernels("plain"), clock, WARM_NS)
    dialect = BinanceUsdmDialect(exchange, KEY, SECRET, rules)
    server = VenueServer(exchange, dialect, Faults(Plan(rules=faults), clock.now()), clock)
    port = await server.start()
    try:
        yield Venue(server, dialect, exchange, port)
    finally:
        await server.close()
    assert server.failed is None


def urls(at: Venue) -> dict[str, Any]:
    """ccxt's addresses, all of them on the venue."""
    from core.venues.ccxt.binanceusdm import BinanceUsdm

    return BinanceUsdm().addresses(at.url)


def settings(at: Venue, key: str = KEY, secret: str = SECRET) -> dict[str, Any]:
    """A config that points the class at the venue and nowhere else."""
    return {
        "apiKey": key,
        "secret": secret,
        "enableRateLimit": False,
        "timeout": 4_000,
        "urls": {"api": urls(at)},
        "options": {"fetchCurrencies": False, "fetchMargins": False, "fetchOpenOrders": {"warnWithoutSymbol": False}},
    }


@contextlib.asynccontextmanager
async def client(at: Venue, key: str = KEY, secret: str = SECRET) -> AsyncIterator[Any]:
    """ccxt.pro's own class with its markets loaded."""
    import ccxt.pro

    class Plain(ccxt.pro.binanceusdm):  # type: ignore[misc]
        def get_exceptions_by_url(self, url: Any, kind: str) -> Any:
            return self.exceptions["linear"].get(kind, {})

    made = Plain(settings(at, key, secret))
    try:
        await made.load_markets()
        yield made
    finally:
        made.timeout_on_exit = 10  # ms; there is no far end to wait for
        await made.close()


def signed(params: dict[str, Any], secret: str = SECRET, at_ms: int | None = None) -> str:
    """A query string signed by hand, none of our code."""
    text = urlencode({**params, "timestamp": int(time.time() * 1e3) if at_ms is None else at_ms})
    return f"{text}&signature={hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()}"


async def ask(
    at: Venue, method: str, path: str, query: str = "", key: str | None = KEY
) -> tuple[int, Any, dict[str, str]]:
    """One raw request: status, JSON (text where it is none), headers in lower case."""
    import aiohttp

    headers = {"X-MBX-APIKEY": key} if key else {}
    address = f"{at.url}{path}{'?' if query else ''}{query}"
    async with aiohttp.ClientSession() as session, session.request(method, address, headers=headers) as answer:
        text = await answer.text()
        told = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status, json.loads(text) if answer.content_type == "application/json" else text, told
