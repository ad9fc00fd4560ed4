"""A loopback venue as a process of its own for the figures of the emergency stop, five instruments.

`python -m tests.bench.emergency_venue DIALECT`. Obeys JSON lines on stdin, one answer a line; is the only judge of what
reached it.

{"do": "fill", "orders": 500, "positions": 5} | {"do": "storm", "down_s": 3, "chance": 0.5} | {"do": "calm"}
| {"do": "hole", "seconds": 10} | {"do": "told"} (since the last fill) | {"do": "end"}
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import msgspec
from aiohttp import web

from core.clock import SystemClock
from core.config.instruments import find_instrument
from core.domain.instrument import Instrument
from core.domain.order import GTC, IOC, LIMIT
from core.domain.units import BUY, MONEY, NS_PER_S
from core.kernel import Kernels
from core.market.synthetic import SyntheticMarket, SyntheticSource
from core.market.synthetic_price import Character
from core.venues.wire.behind import WireExchange
from core.venues.wire.faults import Faults, Plan, Rule
from core.venues.wire.server import VenueServer

KEY, SECRET, PRIVATE = "k" * 64, "s" * 64, "0x" + "11" * 32
START = 1_700_000_000 * NS_PER_S
QUIET = Character(sigma_bps=0.5, orders_per_s=0.2)  # nothing of ours fills by itself
COINS = ("BTC", "ETH", "SOL", "XRP", "DOGE")
EQUITY = 900_000_000 * MONEY
WAIT_S = 1


def instruments_of(dialect: str) -> list[Instrument]:
    """Five that differ in their names alone."""
    base = find_instrument(dialect, "BTCUSDT" if dialect == "binance_usdm" else "BTC")
    quote = "USDT" if dialect == "binance_usdm" else ""
    return [msgspec.structs.replace(base, symbol=f"{coin}{quote}", base=coin, network="loopback") for coin in COINS]


class Stage:
    """One venue and what may be done to it."""

    def __init__(self, dialect: str) -> None:
        self.clock = SystemClock()
        self.instruments = instruments_of(dialect)
        markets = [SyntheticMarket(one, 5 + n, START, 110_000.0, QUIET) for n, one in enumerate(self.instruments)]
        self.exchange = WireExchange(
            SyntheticSource(markets), EQUITY, 5, Kernels("compiled"), self.clock, 2 * NS_PER_S
        )  # fmt: skip
        self.faults = Faults(Plan(seed=3), self.clock.now())
        self.server = VenueServer(self.exchange, _dialect(dialect, self.exchange), self.faults, self.clock)
        self._failure = self.server.dialect.failure
        self.wait_s: float = WAIT_S
        self.server.dialect.failure = self._refusal  # type: ignore[method-assign]
        self.asked = self.trades = self.orders = self.began = 0
        self.number = 0

    def obey(self, wish: dict[str, Any]) -> dict[str, Any]:
        do = wish.pop("do")
        found: dict[str, Any] = getattr(self, do)(**wish)
        return found

    def fill(self, orders: int, positions: int) -> dict[str, Any]:
        """An account as a dead core and others left it; what is measured begins here."""
        self.faults.clear()
        each = orders // len(self.instruments)
        for i in range(len(self.instruments)):
            bid, ask = self.exchange.top(i)
            if i < positions:
                side, px = (BUY, ask + 3_000) if i % 2 == 0 else (1 - BUY, bid - 3_000)
                self.exchange.create(self._client(), i, side, px, 40, LIMIT, IOC)
            for n in range(each):
                made = self.exchange.create(self._client(), i, BUY, bid - 20_000 - n, 20, LIMIT, GTC)
                assert made.open, made
        self.asked, self.trades = len(self.server.asked), len(self.exchange.books.trades)
        self.orders = len(self.exchange.books.orders)
        self.began = self.clock.now()
        return {"orders": len(self.exchange.books.open_of()), "held": self._held()}

    def _client(self) -> str:
        self.number += 1
        return f"web_{self.number}" if self.server.dialect.name == "binance_usdm" else f"0x{self.number:032x}"

    def _held(self) -> list[int]:
        return [int(self.exchange.position(i)[0]) for i in range(len(self.instruments))]

    def _refusal(self, *words: Any) -> web.Response:
        response = self._failure(*words)
        if "Retry-After" in response.headers:
            response.headers["Retry-After"] = f"{self.wait_s:g}"
        return response

    def storm(self, down_s: float, chance: float, until_s: float = 1e9, wait_s: float = WAIT_S) -> dict[str, Any]:
        """The first seconds all 503, then a share of everything 429 with this Retry-After (real ones are whole)."""
        self.faults.start_ns, self.wait_s = self.clock.now(), wait_s
        self.faults.add(Rule("status", until_s=down_s, status=503, text="unavailable"))
        self.faults.add(
            Rule("status", chance=chance, until_s=until_s, status=429, text="slow down", retry_after=WAIT_S)
        )
        return {}

    def hole(self, seconds: float) -> dict[str, Any]:
        """Nothing is answered; connections stand."""
        self.faults.start_ns = self.clock.now()
        self.faults.add(Rule("hang", until_s=seconds, seconds=60.0))
        return {"back": self.clock.now() + round(seconds * NS_PER_S)}

    def calm(self) -> dict[str, Any]:
        self.faults.clear()
        return {}

    def told(self) -> dict[str, Any]:
        """What stands, what came inside a Retry-After (when it left only its sender knows), whether a position ever
        grew; since the last `fill`."""
        inside, until = 0, 0
        for one in self.server.asked[self.asked :]:
            inside += one.ts < until
            if one.status == 429:
                until = max(until, one.ts + round(self.wait_s * NS_PER_S))
        held = self._held()
        grew = 0
        for trade in reversed(self.exchange.books.trades[self.trades :]):
            before = held[trade.instrument] - (trade.qty if trade.side == BUY else -trade.qty)
            grew += abs(before) < abs(held[trade.instrument]) or before * held[trade.instrument] < 0
            held[trade.instrument] = before
        ended = max((order.updated for order in self.exchange.books.orders[: self.orders] if not order.open), default=0)
        closed = max((trade.ts for trade in self.exchange.books.trades[self.trades :]), default=0)
        return {
            "orders": len(self.exchange.books.open_of()), "held": self._held(), "grew": grew, "inside": inside,
            "asked": len(self.server.asked) - self.asked, "last_order": ended,
            "last_close": closed, "refused": sum(one.status == 429 for one in self.server.asked[self.asked :]),
        }  # fmt: skip


def _dialect(name: str, exchange: WireExchange) -> Any:
    if name == "binance_usdm":
        from core.venues.wire.binance_usdm.dialect import BinanceUsdmDialect, Rules

        return BinanceUsdmDialect(
            exchange, KEY, SECRET, Rules(weight_per_minute=0, orders_per_10s=0, orders_per_minute=0)
        )
    from core.venues.wire.hyperliquid.dialect import HyperliquidDialect
    from core.venues.wire.hyperliquid.dialect import Rules as Free
    from core.venues.wire.hyperliquid.signature import address_of

    free = Free(dead_man_volume=0, weight_per_minute=0, free_requests=0)
    return HyperliquidDialect(exchange, address_of(PRIVATE), free)


async def serve(dialect: str) -> None:
    """Until `end`, or until the other end of stdin is gone."""
    stage = Stage(dialect)
    port = await stage.server.start()
    print(json.dumps({"url": f"http://127.0.0.1:{port}"}), flush=True)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    try:
        while line := await lines.readline():
            wish = json.loads(line)
            if wish["do"] == "end":
                break
            print(json.dumps(stage.obey(wish)), flush=True)
    finally:
        await stage.server.close()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
