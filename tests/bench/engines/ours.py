"""The quoter on our reference driver: a Python strategy woken on touch changes and own orders, all of it journalled.

`python -m tests.bench.engines.ours TAPE SLACK EVENTS AWAY` prints one JSON line. Planner, gate, ledger, wire gate,
journal (in memory, hashed) and the simulated exchange are the real ones; reports and metrics are not attached.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
import numpy as np

from core.domain.book import F_BBO, F_BOOK, F_TRADE, LEVELS, Feed
from core.domain.events import W_BBO, W_OWN, Started
from core.domain.instrument import Instrument, Latency
from core.domain.order import LIMIT, POST_ONLY
from core.domain.snapshot import Term
from core.domain.units import BUY, MONEY, NS_PER_S, SELL
from core.engine.engine import Engine
from core.engine.journal import Journal
from core.engine.post import Post
from core.engine.seat import Seat
from core.engine.simulate import SimDriver
from core.exchange.exchange import SimExchange
from core.execution.blocks import plan_params
from core.execution.ledger import first_seq
from core.kernel import Block, Kernels, best_kernels
from core.risk.params import RiskParams, limits_of
from core.rounds.scheduler import Plan, Scheduler
from core.signals.blocks import SignalParams, new_view, signal_params
from core.strategies.sdk import Desk, Strategy, StrategyParams, Wakes
from core.venues.lanes import Open, WireGate
from core.venues.simulated import PlainVenue
from tests.bench.quoting import LATENCY_NS, MAX_POSITION, QTY
from tests.bench.tape import ASK, BID, TRADE, Rows, instrument

EQUITY = 1_000_000  # quote units: limits never decide here
FREE = 1_000_000  # requests in 10 s
RETRY_NS = NS_PER_S  # a side whose order was refused is quoted again at the next timer decision, not before


class QuoterParams(StrategyParams):
    """Nothing of it is configured."""


class Quoter(Strategy):
    """Two quotes at the touch, decided in Python."""

    kind: ClassVar[str] = "bench-quoter"

    def __init__(self, slack: int, away: int) -> None:
        self.name, self.instruments = "quoter", ("bench",)
        self.slack, self.away = slack, away
        self.last = [0, 0]
        self.wakings = 0

    @property
    def params(self) -> QuoterParams:
        return QuoterParams()

    @property
    def wakes(self) -> Wakes:
        return Wakes(W_BBO | W_OWN, 1_000_000_000, RETRY_NS)

    def signal_params(self, instrument: int) -> SignalParams:
        return signal_params()

    def bind(self, kernels: Kernels, desk: Desk) -> None:
        self.view, self.ledger, self.target = desk.views[0].s, desk.ledgers[0].s, desk.targets[0].s
        self.target.hold = 0

    def decide(self, now: int, why: int) -> None:
        self.wakings += 1
        view, target, last = self.view, self.target, self.last
        position, n = self.ledger.pos, 0
        for side, sign in ((BUY, 1), (SELL, -1)):
            best = view.px[side][0]
            if best <= 0 or position * sign >= MAX_POSITION:
                continue
            px = best - sign * self.away
            if abs(px - last[side]) > self.slack:
                last[side] = px
            target.key[n] = 24 * side
            target.side[n], target.px[n], target.qty[n] = side, last[side], QTY
            target.type[n], target.tif[n], target.flags[n], target.tol[n] = LIMIT, POST_ONLY, 0, 0
            n += 1
        target.n = n

    def net_cap(self, instrument: int) -> int:
        return 10 * MAX_POSITION

    def configure(self, values: Mapping[str, Any]) -> None:
        raise NotImplementedError("the quoter of the benchmark has no parameters")

    def start_round(self) -> None:
        self.last = [0, 0]

    def blocks(self) -> dict[str, Block]:
        return {}

    def breakdown(self, side: int, layer: int, instrument: int = 0) -> list[Term]:
        return []

    def describe(self) -> dict[str, float | int | str | None]:
        return {}


class TapeSource:
    """The tape as a market source: everything at the first call."""

    live = False

    def __init__(self, rows: Rows, x: Instrument) -> None:
        self.instruments = (x,)
        self.ref = {"kind": "recording", "names": ["bench"], "sha256s": [], "seed": 0}
        self.feed = feed_of(rows)
        self.start_ns, self.end_ns = int(rows[0, 0]), int(rows[-1, 0])
        self._given = False

    def extend(self, i: int, until_ns: int) -> Feed | None:
        if self._given:
            return None
        self._given = True
        return self.feed


def feed_of(rows: Rows) -> Feed:
    """Touch changes as F_BBO; one full book of one level a side stands before them."""
    first = [rows[np.flatnonzero(rows[:, 1] == kind)[0]] for kind in (BID, ASK)]
    book_px, book_sz = np.zeros((1, 2, LEVELS), np.int64), np.zeros((1, 2, LEVELS), np.int64)
    for side, row in zip((BUY, SELL), first, strict=True):
        book_px[0, side, 0], book_sz[0, side, 0] = row[2], row[3]
    trade = rows[:, 1] == TRADE
    small = np.zeros((len(rows), 4), np.int64)
    small[trade] = np.stack([rows[trade, 2], rows[trade, 3], rows[trade, 4], np.arange(1, trade.sum() + 1)], axis=1)
    sides = np.where(rows[~trade, 1] == BID, BUY, SELL)
    small[~trade, 0], small[~trade, 1], small[~trade, 2] = sides, rows[~trade, 2], rows[~trade, 3]
    kind = np.concatenate([[F_BOOK], np.where(trade, F_TRADE, F_BBO)]).astype(np.int64)
    ts = np.concatenate([rows[:1, 0], rows[:, 0]])
    row = np.concatenate([[0], np.arange(len(rows))]).astype(np.int64)
    return Feed(ts, ts + LATENCY_NS, kind, row, book_px, book_sz, small)


def driver_of(rows: Rows, slack: int, away: int, kernels: Kernels) -> tuple[SimDriver, Quoter]:
    """Everything wired as a backtest wires it, without observers."""
    wire = Latency("constant", LATENCY_NS, LATENCY_NS)
    x = msgspec.structs.replace(
        instrument(), entry=wire, response=wire, feed=wire, amend=False, orders_per_10s=FREE, book_stale_ns=10**15
    )
    source = TapeSource(rows, x)
    risk = RiskParams(
        net_max=10.0, single_max=1.0, daily_max=9e5, pnl_min=-6e5, pnl_max=9e5, stop_loss=-8e5,
        reduce_only_threshold=7e5, drawdown_bands=(5e5,), reduce_fractions=(0.1,), max_order_value=1e6,
        max_fills_per_minute=10**9, reject_limit=10**6, health_stale_seconds=1e8, silence_seconds=1e8,
    )  # fmt: skip
    quoter = Quoter(slack, away)
    post = Post(
        0, 0, 0, x, quoter.signal_params(0), limits_of(risk, x), plan_params(FREE), new_view(),
        first_seq(source.start_ns),
    )  # fmt: skip
    equity = EQUITY * MONEY
    journal = Journal(None)
    engine = Engine(
        [Seat(0, quoter, [post])], journal, Scheduler(Plan.of(8_000.0, 1, "carry"), 1), kernels, equity
    )  # fmt: skip
    exchange = SimExchange([x], equity, 7, kernels)
    driver = SimDriver(engine, PlainVenue(exchange), source, WireGate(Open(), FREE))
    driver.push(Started("bench", 7, "BACKTEST", 1))
    return driver, quoter


def main() -> None:
    path, (slack, n, away) = sys.argv[1], (int(word) for word in sys.argv[2:5])
    rows = np.load(path)[:n]
    kernels = best_kernels()
    driver_of(rows[:2000], slack, away, kernels)[0].run()  # loads or compiles every kernel
    driver, quoter = driver_of(rows, slack, away, kernels)
    begun = time.process_time()
    driver.run()
    cpu = time.process_time() - begun
    ledger = driver.engine.posts[0].ledger.s
    print(
        json.dumps(
            {
                "events": len(rows),
                "cpu_s": cpu,
                "orders": sum(ledger.n_created),
                "fills": sum(ledger.n_fills),
                "wakes": quoter.wakings,
                "form": kernels.form,
            }
        )
    )


if __name__ == "__main__":
    main()
