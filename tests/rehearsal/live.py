"""A rehearsal: the live core as the program runs it, beside a loopback venue that has a bad day; then both books.

`run` is what the test calls with seconds and `python -m tests.rehearsal` with minutes. The venue's own books are the
oracle: nothing in them was told by us. Funding falls due half a minute in.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from core import tasks
from core.build.live_core import LiveCore
from core.clock import SystemClock
from core.config.instruments import find_instrument
from core.control.desk import Desk
from core.control.launch import Launch
from core.domain.commands import Resume, Stop
from core.domain.order import FREE, RESTING_REJECT, SLOTS
from core.domain.units import MONEY, NS_PER_S
from core.guard.gate import GateFlag
from core.guard.latch import Latch
from core.guard.private import private_dir
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


@dataclass
class Outcome:
    """What came of it. `differences` must be empty."""

    differences: list[str] = field(default_factory=list)
    orders: int = 0
    fills: int = 0
    funding: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    run: str = ""
    seconds: float = 0.0
    alerts: list[str] = field(default_factory=list)


def _venue(stage: Stage, rules: tuple[Rule, ...], seed: int) -> tuple[VenueServer, WireExchange]:
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


def _keys(stage: Stage) -> dict[str, str]:
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
    return f"""mode: paper
live: true
account: rehearsal
equity: 5000
seed: {seed}
strategies:
  - name: mm
    kind: asmm
    venue: {stage.dialect}
    symbol: {stage.symbol}
    budget: 5000
    params: {{maxLayers: 4, minSpread: 0.00002, feeBuffer: 0.0, {stage.sizes}}}
    risk: {{stopLoss: -900, pnlMin: -800, dailyMax: 700, reduceOnlyThreshold: 600, drawdownBands: [300, 400, 500]}}
venues:
  {stage.dialect}: {{network: loopback, url: "{url}"}}
telemetry: {{metrics: false}}
"""


async def run(stage: Stage, seconds: float, folder: Path, seed: int = 1, faulty: bool = True) -> Outcome:
    """Start the venue, the core; quote for `seconds` under faults; let it settle; compare; stop flat; compare again."""
    rules = bad_day(stage, seconds) if faulty else ()
    server, exchange = _venue(stage, rules, seed)
    port = await server.start()
    state = private_dir(folder)
    config = state / "rehearsal.yml"
    config.write_text(config_of(stage, f"http://127.0.0.1:{port}", seed), encoding="utf-8")
    out = Outcome(seconds=seconds)
    try:
        with environment(_keys(stage)):
            launch = Launch(state_dir=state, report_dir=private_dir(state / "reports"), config=config, mode="live")
            await _trade(launch, exchange, seconds, out)
    finally:
        out.faults = dict(server.faults.done)
        await server.close()
    out.orders, out.fills = len(exchange.books.orders), len(exchange.books.trades)
    out.funding = sum(p.amount for p in exchange.books.payments)
    return out


async def _trade(launch: Launch, exchange: WireExchange, seconds: float, out: Outcome) -> None:
    gate = GateFlag(SystemClock(), Latch(launch.state_dir))
    desk = Desk(gate)
    core = LiveCore(launch, desk)
    failed: list[BaseException] = []
    task = tasks.spawn(core.run(), "core", failed.append)
    try:
        await _until(lambda: core.engine.state.run == "PAUSED" or failed, "PAUSED", 60.0)
        desk.send(Resume(word="y"))
        await asyncio.sleep(seconds)
        await _until(lambda: failed or not differences(core, exchange), "books that agree", 40.0, raises=False)
        out.differences += differences(core, exchange)
        out.run = core.engine.state.run
        desk.send(Stop(flatten=True))
        await _until(task.done, "the end", 60.0)
        out.differences += [f"at the end: {text}" for text in differences(core, exchange)]
        clients = [order.client for order in exchange.books.orders]
        if len(clients) != len(set(clients)):
            out.differences.append("a client id reached the venue twice")
        if exchange.position(0)[0] or exchange.books.open_of():
            out.differences.append("not flat at the end")
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        gate.shut()
    out.differences += [f"{type(error).__name__}: {error}" for error in failed]
    out.alerts = [f"{row.level} {row.code} {row.text}" for row in core.observers.alerts.rows()]
    for text in out.alerts:
        code = text.split()[1]
        out.codes[code] = out.codes.get(code, 0) + 1


async def _until(true: Any, what: str, seconds: float, raises: bool = True) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not true():
                await asyncio.sleep(0.05)
    except TimeoutError:
        if raises:
            raise AssertionError(f"Expected {what} within {seconds:g} s, was not so") from None


def differences(core: LiveCore, exchange: WireExchange) -> list[str]:
    """Between the venue's own books and our ledger: every order, fill, fee, funding payment, lot and unit of cost."""
    ledger, books = core.engine.posts[0].ledger.s, exchange.books
    open_ = {order.venue_id for order in books.open_of()}
    ours = {ledger.venue_id[i] for i in range(SLOTS) if ledger.state[i] not in (FREE, RESTING_REJECT)}
    pairs = {
        "unknown": (ledger.n_unknown, 0),
        "open orders": (ours, open_),
        "position": (ledger.pos, exchange.position(0)[0]),
        "fills": (sum(ledger.n_fills), len(books.trades)),
        "bought": (ledger.buy_notional, sum(_value(exchange, t) for t in books.trades if t.side == 0)),
        "sold": (ledger.sell_notional, sum(_value(exchange, t) for t in books.trades if t.side == 1)),
        "fees": (ledger.fees, sum(trade.fee for trade in books.trades)),
        "funding": (ledger.funding, sum(p.amount for p in books.payments)),
        "errors of the ledger": (ledger.err, 0),
    }
    return [f"{name}: ours {a}, theirs {b}" for name, (a, b) in pairs.items() if a != b]


def _value(exchange: WireExchange, trade: Any) -> int:
    return int(trade.px * trade.qty * exchange.instruments[0].unit)


def told(out: Outcome) -> str:
    """One JSON line."""
    return msgspec.json.encode(out).decode()
