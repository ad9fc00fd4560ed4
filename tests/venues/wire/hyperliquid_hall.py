"""A Hyperliquid loopback venue for tests: real time, port 0, a throw-away key; and ccxt's own class in front of it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.clock import SystemClock
from core.config.instruments import find_instrument
from core.domain.units import MONEY, NS_PER_S
from core.kernel import Kernels
from core.market.synthetic import SyntheticMarket, SyntheticSource
from core.venues.wire.behind import WireExchange
from core.venues.wire.faults import Faults, Plan, Rule
from core.venues.wire.hyperliquid.dialect import HyperliquidDialect, Rules
from core.venues.wire.hyperliquid.signature import address_of
from core.venues.wire.server import VenueServer

KEY = "0x" + "11" * 32
AGENT_KEY = "0x" + "22" * 32
STRANGER_KEY = "0x" + "33" * 32
USER = address_of(KEY)
AGENT = address_of(AGENT_KEY)
START = 1_700_000_000 * NS_PER_S
PRICES = {"BTC": 110_000.0, "SOL": 202.5}
SEED = 5
WARM_NS = 2 * NS_PER_S


@dataclass
class Venue:
    """A running venue and where it listens."""

    server: VenueServer
    dialect: HyperliquidDialect
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
    rules: Rules | None = None,
    coins: Sequence[str] = ("BTC",),
    start_ns: int = START,
    equity: int = 100_000 * MONEY,
) -> AsyncIterator[Venue]:
    """A venue for one test."""
    clock = SystemClock()
    markets = [SyntheticMarket(find_instrument("hyperliquid", coin), SEED, start_ns, PRICES[coin]) for coin in coins]
    exchange = WireExchange(SyntheticSource(markets), equity, SEED, Kernels("plain"), clock, WARM_NS)
    dialect = HyperliquidDialect(exchange, USER, rules or Rules(agents=(AGENT,), dead_man_volume=0, book_ms=50))
    server = VenueServer(exchange, dialect, Faults(Plan(rules=faults), clock.now()), clock)
    port = await server.start()
    try:
        yield Venue(server, dialect, exchange, port)
    finally:
        await server.close()
    assert server.failed is None


def class_of(*, cured: bool) -> type[Any]:
    """ccxt.pro's own class; cured: with the one override by which nobody else is paid (LIVE_VENUES.md section 1)."""
    import ccxt.pro

    stock: type[Any] = ccxt.pro.hyperliquid
    if not cured:
        return stock

    class Cured(stock):  # type: ignore[misc]
        async def initialize_client(self) -> bool:
            return True

    return Cured


def settings(at: Venue, key: str = KEY, user: str = USER) -> dict[str, Any]:
    """A config that points the class at the venue and nowhere else."""
    return {
        "walletAddress": user,
        "privateKey": key,
        "enableRateLimit": False,
        "timeout": 4_000,
        "urls": {"api": {"public": at.url, "private": at.url, "ws": {"public": f"ws://127.0.0.1:{at.port}/ws"}}},
        "options": {"fetchMarkets": {"types": ["spot", "swap"]}},
    }


@contextlib.asynccontextmanager
async def client(at: Venue, *, cured: bool = True, key: str = KEY, user: str = USER) -> AsyncIterator[Any]:
    """A client with its markets loaded."""
    made = class_of(cured=cured)(settings(at, key, user))
    try:
        await made.load_markets()
        yield made
    finally:
        made.timeout_on_exit = 10  # ms; there is no far end to wait for
        await made.close()


@functools.cache
def signer(key: str, testnet: bool) -> Any:
    """ccxt's own signing code."""
    import ccxt

    return ccxt.hyperliquid({"privateKey": key, "walletAddress": USER, "options": {"sandboxMode": testnet}})


def signed(
    action: dict[str, Any],
    nonce: int | None = None,
    *,
    key: str = KEY,
    expires_after: int | None = None,
    vault: str | None = None,
    testnet: bool = False,
) -> dict[str, Any]:
    """A body of /exchange signed by ccxt, none of our code."""
    made = signer(key, testnet)
    nonce = made.incrementing_nonce() if nonce is None else nonce
    signature = made.sign_l1_action(action, nonce, vault, expires_after)
    body = {"action": action, "nonce": nonce, "signature": signature}
    if vault is not None:
        body["vaultAddress"] = vault
    if expires_after is not None:
        body["expiresAfter"] = expires_after
    return body


async def post(at: Venue, path: str, body: object) -> tuple[int, Any]:
    """One raw request: status and JSON, or text where it is none."""
    import aiohttp

    async with aiohttp.ClientSession() as session, session.post(at.url + path, json=body) as answer:
        text = await answer.text()
        return answer.status, json.loads(text) if answer.content_type == "application/json" else text


def order(
    px: float | str, size: str = "0.01", *, buy: bool = True, tif: str = "Gtc", cloid: str = "", **more: Any
) -> dict[str, Any]:
    """One order of an order action, on asset 0."""
    made = {"a": 0, "b": buy, "p": f"{px:g}" if isinstance(px, float) else px, "s": size, "r": False}
    made |= {"t": {"limit": {"tif": tif}}, **more}
    return made | {"c": cloid} if cloid else made


def orders(*found: dict[str, Any]) -> dict[str, Any]:
    """An order action."""
    return {"type": "order", "orders": list(found), "grouping": "na"}


async def eventually(holds: Callable[[], bool], what: str, seconds: float = 8.0) -> None:
    """Wait until it holds; fails with `what`."""
    end = asyncio.get_running_loop().time() + seconds
    while not holds():
        assert asyncio.get_running_loop().time() < end, f"{what} within {seconds} s"
        await asyncio.sleep(0.01)


class Listener:
    """A raw websocket that keeps what it is told."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []

    async def read(self) -> None:
        async for message in self.socket:
            self.frames.append(json.loads(message.data))

    async def ask(self, method: str = "subscribe", **wish: Any) -> None:
        await self.socket.send_json({"method": method, "subscription": wish})

    def data(self, channel: str) -> list[Any]:
        """All data of one channel, in order."""
        return [frame["data"] for frame in self.frames if frame["channel"] == channel]


@contextlib.asynccontextmanager
async def listener(at: Venue) -> AsyncIterator[Listener]:
    """A raw connection to /ws."""
    import aiohttp

    async with aiohttp.ClientSession() as session, session.ws_connect(f"{at.url}/ws") as socket:
        heard = Listener(socket)
        task = asyncio.create_task(heard.read())
        try:
            yield heard
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
