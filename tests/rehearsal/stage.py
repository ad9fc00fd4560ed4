"""The stage of a rehearsal: a loopback venue of one dialect with its bad day, and the profile and keys to reach it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from core.clock import SystemClock
from core.config.instruments import find_instrument
from core.domain.units import MONEY, NS_PER_S
from core.kernel import Kernels
from core.market.synthetic import SyntheticMarket, SyntheticSource
from core.market.synthetic_price import Character
from core.venues.wire.behind import WireExchange
from core.venues.wire.faults import Faults, Plan, Rule
from core.venues.wire.server import Dialect, VenueServer

LIVELY = Character(sigma_bps=4.0, hold_bps=1.0, orders_per_s=6.0)
BEFORE_FUNDING_NS = 30 * NS_PER_S
HOUR_NS = 3_600 * NS_PER_S
SETTLED = 1_699_999_200 * NS_PER_S  # a full hour and, of eight, a full eighth: 2023-11-14 22:00 UTC is no 8 h boundary
KEY, SECRET, PRIVATE = "k" * 64, "s" * 64, "0x" + "11" * 32


@dataclass(frozen=True)
class Stage:
    """One dialect: what is traded and where its requests and streams are."""

    dialect: str
    symbol: str
    price: float
    sizes: str
    create: str
    cancel: str
    orders: str
    news: str
    private: str
    book: str
    trade: str


BINANCE = Stage(
    "binance_usdm", "ETHUSDC", 2_970.0, "baseSize: 0.02, netMax: 0.21, singleMax: 0.06", "POST /fapi/v1/order",
    "DELETE /fapi/v1/order", "GET /fapi/v1/openOrders", "ws:user:ORDER_TRADE_UPDATE", "ws:user:*", "ws:depth",
    "ws:trade",
)  # fmt: skip
HYPERLIQUID = Stage(
    "hyperliquid", "BTC", 110_000.0, "baseSize: 0.0005, netMax: 0.007, singleMax: 0.002", "POST /exchange:order",
    "POST /exchange:cancel*", "POST /info:frontendOpenOrders", "ws:userFills", "ws:[ou][rs]*", "ws:l2Book", "ws:trades",
)  # fmt: skip
LONG_LEG = replace(BINANCE, symbol="BTCUSDT", price=HYPERLIQUID.price)  # of a pair with HYPERLIQUID
STAGES = {stage.dialect: stage for stage in (BINANCE, HYPERLIQUID)}


def bad_day(stage: Stage, until_s: float) -> tuple[Rule, ...]:
    """A mixed schedule that ends before the comparison."""
    return (
        Rule("drop_after", at=stage.create, chance=0.02, until_s=until_s),
        Rule("drop", at=stage.create, chance=0.02, until_s=until_s),
        Rule("hang_after", at=stage.create, chance=0.01, until_s=until_s - 8, seconds=7.0),
        Rule("status_after", at=stage.create, chance=0.004, until_s=until_s, status=502, text="bad gateway"),
        Rule("status_after", at=stage.cancel, chance=0.03, until_s=until_s, status=503, text="unavailable"),
        Rule("status", at=stage.orders, chance=0.05, until_s=until_s, status=503, text="unavailable"),
        Rule("slow", at=stage.create, chance=0.03, until_s=until_s, seconds=0.8),
        Rule("gap", at=stage.news, chance=0.10, until_s=until_s),
        Rule("late", at=stage.private, chance=0.05, until_s=until_s, seconds=0.4),
        Rule("double", at=stage.private, chance=0.10, until_s=until_s),
        Rule("double", at=stage.book, chance=0.01, until_s=until_s),
        Rule("poison", at=stage.trade, chance=0.02, until_s=until_s),
        Rule("torn", at=stage.trade, chance=0.01, until_s=until_s),
        Rule("gap", at=stage.book, chance=0.005, until_s=until_s),
        Rule("close", at=stage.book, chance=0.0005, until_s=until_s, status=1006),
        Rule("silent", at=stage.book, chance=0.0005, until_s=until_s, seconds=3.0),
        Rule("listen_key_expired", at="venue", times=1, from_s=until_s / 2),
    )


def venue_of(stage: Stage, rules: tuple[Rule, ...], seed: int) -> tuple[VenueServer, WireExchange]:
    """Not yet started."""
    clock = SystemClock()
    listed = find_instrument(stage.dialect, stage.symbol)
    settles = SETTLED - SETTLED % listed.funding_interval_ns + listed.funding_interval_ns
    market = SyntheticMarket(listed, seed, settles - BEFORE_FUNDING_NS, stage.price, LIVELY)
    exchange = WireExchange(SyntheticSource([market]), 100_000 * MONEY, seed, Kernels("plain"), clock, 2 * NS_PER_S)
    return VenueServer(exchange, _dialect(stage, exchange), Faults(Plan(seed, rules), clock.now()), clock), exchange


def _dialect(stage: Stage, exchange: WireExchange) -> Dialect:
    if stage.dialect == "binance_usdm":
        from core.venues.wire.binance_usdm.dialect import BinanceUsdmDialect

        return BinanceUsdmDialect(exchange, KEY, SECRET)
    from core.venues.wire.hyperliquid.dialect import HyperliquidDialect, Rules
    from core.venues.wire.hyperliquid.signature import address_of

    return HyperliquidDialect(exchange, address_of(PRIVATE), Rules(dead_man_volume=0, book_ms=100))


def keys_of(stage: Stage) -> dict[str, str]:
    """The variables by which its account is reached."""
    if stage.dialect == "binance_usdm":
        return {"BINANCE_USDM_API_KEY": KEY, "BINANCE_USDM_SECRET": SECRET}
    from core.venues.wire.hyperliquid.signature import address_of

    return {"HYPERLIQUID_PRIVATE_KEY": PRIVATE, "HYPERLIQUID_WALLET_ADDRESS": address_of(PRIVATE)}


@contextlib.contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """These variables for as long."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def config_of(stage: Stage, url: str, seed: int) -> str:
    """The profile of the rehearsal."""
    return several([stage], [url], seed)


def several(stages: Sequence[Stage], urls: Sequence[str], seed: int) -> str:
    """The same with a market maker and a venue for each stage, all in one core."""
    makers = "".join(
        f"""  - name: mm{n or ""}
    kind: asmm
    venue: {stage.dialect}
    symbol: {stage.symbol}
    budget: 5000
    params: {{maxLayers: 4, minSpread: 0.00002, feeBuffer: 0.0, {stage.sizes}}}
    risk: {{stopLoss: -900, pnlMin: -800, dailyMax: 700, reduceOnlyThreshold: 600, drawdownBands: [300, 400, 500]}}
"""
        for n, stage in enumerate(stages)
    )
    venues = "".join(
        f'  {stage.dialect}: {{network: loopback, url: "{url}"}}\n' for stage, url in zip(stages, urls, strict=True)
    )
    return f"""mode: paper
live: true
account: rehearsal
equity: {5000 * len(stages)}
seed: {seed}
strategies:
{makers}venues:
{venues}telemetry: {{metrics: false}}
"""


def restless(stages: Sequence[Stage], urls: Sequence[str], seed: int) -> str:
    """A pair that is unlocked and closed after seconds, so that it begins again and again."""
    return pair_of(stages, urls, seed, "tMaxSec: 2, exitMaxSec: 1")


def pair_of(stages: Sequence[Stage], urls: Sequence[str], seed: int, more: str = "") -> str:
    """The profile of one pair on two venues. Its gate is wide and its gain small: it opens in a market without a trend
    and locks within seconds. `more`: parameters over these."""
    legs = "".join(f"      - {{venue: {stage.dialect}, symbol: {stage.symbol}}}\n" for stage in stages)
    venues = "".join(
        f'  {stage.dialect}: {{network: loopback, url: "{url}"}}\n' for stage, url in zip(stages, urls, strict=True)
    )
    return f"""mode: paper
live: true
account: rehearsal
equity: 5000
seed: {seed}
strategies:
  - name: pair
    kind: pair_lock
    legs:
{legs}    params:
      {{baseQty: 0.01, minConditions: 1, minTargetReturn: -0.1, gPct: 0.000001, epsilonBp: 50.0, fundingGuardApr: 100.0,
       settlementBarMin: 0.0, fundingAssumed: true, exitSlipBp: 50.0, nakedMs: 3000, stopLossFirstLeg: 0.2,
       liquidationRedline: 0.0, limitBlindMs: 60000{", " + more if more else ""}}}
    risk:
      {{netMax: 0.01, singleMax: 0.01, maxOrderValue: 2000, reduceOnlyMaxSlippagePct: 0.005, stopLoss: -900,
       pnlMin: -800, pnlMax: 800, dailyMax: 700, reduceOnlyThreshold: 600, drawdownBands: [300, 400, 500]}}
venues:
{venues}telemetry: {{metrics: false}}
"""
