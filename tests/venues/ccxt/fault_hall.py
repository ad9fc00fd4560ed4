"""Both loopback dialects behind one interface for the tests of faults, and a live core that keeps what was said.

A `Hall` names the places of a dialect; `hall.venue(...)` runs one, `hall.core(at)` is the real driver on the real ccxt.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from core.clock import SystemClock
from core.config.instruments import find_instrument
from core.domain.events import Step
from core.domain.instrument import Instrument
from core.domain.order import CREATE, Report, Request
from core.domain.units import MONEY, NS_PER_S
from core.engine.inbox import Inbox
from core.kernel import Kernels
from core.market.synthetic import SyntheticMarket, SyntheticSource
from core.market.synthetic_price import Character
from core.venues.ccxt.binanceusdm import BinanceUsdm
from core.venues.ccxt.hyperliquid import Hyperliquid
from core.venues.ccxt.instances import Access
from core.venues.ccxt.traits import Traits
from core.venues.ccxt.venue import CcxtVenue
from core.venues.wire.behind import WireExchange
from core.venues.wire.binance_usdm.dialect import BinanceUsdmDialect
from core.venues.wire.binance_usdm.dialect import Rules as BinanceRules
from core.venues.wire.faults import VENUE_WIDE, Faults, Plan, Rule
from core.venues.wire.hyperliquid.dialect import HyperliquidDialect
from core.venues.wire.hyperliquid.dialect import Rules as HyperliquidRules
from core.venues.wire.server import VenueServer
from tests.venues.ccxt.live_hall import LiveCore, agree, eventually, with_fees
from tests.venues.wire import binance_hall, hyperliquid_hall

LIVELY = Character(sigma_bps=6.0, hold_bps=1.0, orders_per_s=15.0)
NEAR = {"minSpread": 0.00002, "feeBuffer": 0.0, "maxLayers": 4, "volatilityMinSamples": 2}
CALM = {"strategies.0.risk.latencyMs": 5_000.0}  # a busy test machine is no noise level
LOT_PX = 600  # ticks through the best: an IOC that fills at once on either venue


@dataclass
class Venue:
    """A running venue of either dialect and where it listens."""

    server: VenueServer
    dialect: Any
    exchange: WireExchange
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def places(self) -> list[str]:
        """What was asked, in order."""
        return [asked.place for asked in self.server.asked]

    def fault(self, do: str, at: str = "*", **more: Any) -> None:
        """One more rule, from now on; what concerns the whole venue happens at once."""
        rule = Rule(do, at=at, **more)
        if do in VENUE_WIDE:
            self.server._venue_fault(rule)
        else:
            self.server.faults.add(rule)

    def fired(self, do: str) -> int:
        """How often faults of this kind were carried out."""
        return self.server.faults.done.get(do, 0)


class FaultCore(LiveCore):
    """Keeps the requests that left and the reports that came, with their times."""

    def __init__(self, *words: Any, **named: Any) -> None:
        self.requests: list[tuple[int, Request]] = []
        self.reports: list[tuple[int, Report]] = []
        self.said: list[tuple[str, str, str]] = []
        self.most_unknown = 0  # orders of unknown fate at one instant
        super().__init__(*words, **named)

    def take(self, step: Step) -> None:
        super().take(step)
        self.most_unknown = max(self.most_unknown, *(post.ledger.s.n_unknown for post in self.engine.posts), 0)
        self.said += [(note.level, note.code, note.text) for note in step.notes]
        self.requests += [(step.moment.ts, request) for request in step.requests]
        self.reports += [(step.moment.ts, report) for report in step.moment.reports]

    def kinds(self, kind: int) -> list[Report]:
        """Reports of one kind, in order."""
        return [report for _, report in self.reports if report.kind == kind]

    def states(self) -> list[str]:
        """The venue's states as the operator was told them."""
        return [code.removeprefix("venue_") for _, code, _ in self.notes if code.startswith("venue_")]

    def told(self, code: str) -> str:
        """The newest text under a code of the venue, "" where it was never said."""
        return next((text for _, said, text in reversed(self.notes) if said == code), "")


@dataclass(frozen=True)
class Hall:
    """One dialect: its places for fault rules, its account, its instrument."""

    name: str
    traits: type[Traits]
    instrument: Instrument
    price: float
    config: str
    flags: dict[str, Any]
    keys: dict[str, str]
    rules: Any
    create: str
    amend: str
    cancel: str
    orders: str
    positions: str
    trades: str
    time: str
    ws_fills: str
    ws_orders: str
    ws_private: str
    ws_book: str
    ws_trades: str

    @contextlib.asynccontextmanager
    async def venue(
        self, *faults: Rule, character: Character | None = None, rules: Any = None, seed: int = 5
    ) -> AsyncIterator[Venue]:
        """A venue for one test, in real time, on a port of its own."""
        clock = SystemClock()
        market = SyntheticMarket(self.instrument, seed, binance_hall.START, self.price, character)
        exchange = WireExchange(
            SyntheticSource([market]), 100_000 * MONEY, seed, Kernels("plain"), clock, 2 * NS_PER_S
        )  # fmt: skip
        dialect: Any
        if self.name == "binance_usdm":
            dialect = BinanceUsdmDialect(exchange, binance_hall.KEY, binance_hall.SECRET, rules or self.rules)
        else:
            dialect = HyperliquidDialect(exchange, hyperliquid_hall.USER, rules or self.rules)
        server = VenueServer(exchange, dialect, Faults(Plan(rules=faults), clock.now()), clock)
        port = await server.start()
        try:
            yield Venue(server, dialect, exchange, port)
        finally:
            await server.close()
        assert server.failed is None

    def access(self, at: Venue, **keys: str) -> Access:
        return Access("loopback", {**self.keys, **keys}, self.traits().addresses(at.url))

    def adapter(self, at: Venue, inbox: Inbox | None = None, instrument: Instrument | None = None, epoch: int = 9,
                **keys: str) -> CcxtVenue:  # fmt: skip
        """The venue alone, without an engine."""
        return CcxtVenue(
            self.traits(), self.access(at, **keys), [(0, instrument or self.instrument)], inbox or Inbox(1),
            SystemClock(), epoch=epoch,
        )  # fmt: skip

    def core(self, at: Venue, **params: Any) -> FaultCore:
        """Engine, driver and ccxt; `params` are the strategy's."""
        near = {f"strategies.0.params.{name}": value for name, value in {**NEAR, **params}.items()}
        return FaultCore(self.traits(), self.access(at), self.instrument, {**CALM, **self.flags, **near}, self.config)


BINANCE = Hall(
    name="binance_usdm", traits=BinanceUsdm, instrument=with_fees(find_instrument("binance_usdm", "ETHUSDC")),
    price=2_970.0, config="configs/paper.yml", flags={"strategies.0.params.baseSize": 0.02},
    keys={"apiKey": binance_hall.KEY, "secret": binance_hall.SECRET},
    rules=BinanceRules(weight_per_minute=0, orders_per_10s=0, orders_per_minute=0),
    create="POST /fapi/v1/order", amend="PUT /fapi/v1/order", cancel="DELETE /fapi/v1/order",
    orders="GET /fapi/v1/openOrders", positions="GET /fapi/v3/positionRisk", trades="GET /fapi/v1/userTrades",
    time="GET /fapi/v1/time",
    ws_fills="ws:user:ORDER_TRADE_UPDATE", ws_orders="ws:user:ORDER_TRADE_UPDATE", ws_private="ws:user:*",
    ws_book="ws:depth", ws_trades="ws:trade",
)  # fmt: skip
HYPERLIQUID = Hall(
    name="hyperliquid", traits=Hyperliquid, instrument=with_fees(find_instrument("hyperliquid", "BTC")),
    price=110_000.0, config="configs/round7_btc.yml",
    flags={"strategies.0.venue": "hyperliquid", "strategies.0.symbol": "BTC"},
    keys={"walletAddress": hyperliquid_hall.USER, "privateKey": hyperliquid_hall.KEY},
    rules=HyperliquidRules(dead_man_volume=0, book_ms=50, weight_per_minute=0, free_requests=10**9),
    create="POST /exchange:order", amend="POST /exchange:batchModify", cancel="POST /exchange:cancel*",
    orders="POST /info:frontendOpenOrders", positions="POST /info:clearinghouseState",
    trades="POST /info:userFillsByTime", time="POST /info:exchangeStatus",
    ws_fills="ws:userFills", ws_orders="ws:orderUpdates", ws_private="ws:[uo]*er*", ws_book="ws:l2Book",
    ws_trades="ws:trades",
)  # fmt: skip
BOTH = pytest.mark.parametrize("hall", [BINANCE, HYPERLIQUID], ids=lambda hall: hall.name)


def settled(core: FaultCore, at: Venue) -> None:
    """After the end: both ledgers are equal, nothing stands, no client id was used twice (R-O1), nothing broke."""
    assert agree(core, at.exchange) == []
    assert at.exchange.books.open_of() == []
    clients = [order.client for order in at.exchange.books.orders]
    assert len(clients) == len(set(clients)) > 0, "R-O1: one intent, one order"
    created = [request.cl_id for _, request in core.requests if request.kind == CREATE]
    assert len(created) == len(set(created))


async def quoting(core: FaultCore, at: Venue, orders: int = 2) -> None:
    """Until quotes stand at the venue."""
    await eventually(lambda: len(at.exchange.books.open_of()) >= orders, "quotes at the venue")


async def equal(core: FaultCore, at: Venue, seconds: float = 20.0) -> None:
    """Until both ledgers agree at one instant."""
    await eventually(lambda: not agree(core, at.exchange), f"ledgers that agree: {agree(core, at.exchange)}", seconds)


def places_of(at: Venue, like: str) -> Callable[[], list[Any]]:
    """What was asked at places like this, as `Asked` rows."""
    from fnmatch import fnmatchcase

    return lambda: [asked for asked in at.server.asked if fnmatchcase(asked.place, like)]
