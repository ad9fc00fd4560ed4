"""Paper on a live feed: time is the clock's, a stall is felt as live would feel it, and the journal replays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.build.assemble import Place, engine_of, load_config
from core.build.backtest import header_of
from core.build.markets import Market
from core.build.replaying import replay_into
from core.clock import VirtualClock
from core.config.instruments import find_instrument
from core.domain.book import F_BOOK, F_GAP, Feed
from core.domain.errors import Refused
from core.domain.events import Health, Started, Step
from core.domain.order import CANCEL, CREATE, LIMIT, POST_ONLY, REDUCE_ONLY, Request
from core.domain.units import BUY, MONEY, NS_PER_MS, NS_PER_S
from core.engine.following import Behind, FollowingDriver, FollowingPacer
from core.engine.journal import Chunk, Frame, Journal, read_frames
from core.exchange.exchange import SimExchange
from core.kernel import Kernels
from core.market.live import LiveSource
from core.market.synthetic import SyntheticMarket
from core.venues.lanes import Open, WireGate
from core.venues.simulated import PlainVenue

START = 1_700_000_000 * NS_PER_S
BTC = find_instrument("hyperliquid", "BTC")
NEAR = {
    "strategies.0.venue": "hyperliquid",
    "strategies.0.symbol": "BTC",
    "strategies.0.params.minSpread": 0.00002,
    "strategies.0.params.feeBuffer": 0.0,
    "strategies.0.params.maxLayers": 4,
}


class Core:
    """An engine on a live source whose clock a test moves; `steps` is all that it said."""

    name = "steps"

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock(START)
        self.source = LiveSource((BTC,), START, 7, ("loopback",))
        kernels = Kernels("plain")
        loaded = load_config("configs/round7_btc.yml", NEAR)
        place = Place("hyperliquid:BTC", BTC)
        self.journal = Journal(folder / "a.perpj")
        self.journal.append(header_of(loaded, Market(self.source, (place,), "live"), 1))
        equity = round(loaded.settings.equity * MONEY)
        self.engine = engine_of(loaded, self.source, [place], self.journal, kernels, equity=equity)
        self.exchange = SimExchange((BTC,), equity, 7, kernels)
        wire = WireGate(Open(), BTC.orders_per_10s)
        self.driver = FollowingDriver(
            self.engine, PlainVenue(self.exchange), self.source, wire, [self], clock=self.clock
        )
        self.steps: list[Step] = []
        self.driver.push(Started("x", 1, "PAPER", 1))
        self._tape = SyntheticMarket(BTC, 5, START, 110_000.0)
        self._rows: Feed | None = None
        self._next = 0

    def take(self, step: Step) -> None:
        self.steps.append(step)

    def show(self, until: int) -> None:
        """Rows of the tape up to `until` arrive, as a socket would hand them in."""
        rows = self._rows = self._rows or self._tape.chunk(START + 120 * NS_PER_S)
        while self._next < len(rows.kind) and rows.ts_recv[self._next] <= until:
            k, row = self._next, int(rows.row[self._next])
            ts, recv = int(rows.ts_exch[k]), int(rows.ts_recv[k])
            if rows.kind[k] == F_BOOK:
                self.source.book(0, ts, recv, rows.book_px[row], rows.book_sz[row])
            elif rows.kind[k] != F_GAP:
                self.source.small(0, ts, recv, int(rows.kind[k]), tuple(int(v) for v in rows.small[row]))  # type: ignore[arg-type]
            self._next += 1

    def go(self, seconds: float, feed: bool = True) -> None:
        """In turns of 20 ms."""
        end = self.clock.now() + round(seconds * NS_PER_S)
        while self.clock.now() < end:
            self.clock.set(min(end, self.clock.now() + 20 * NS_PER_MS))
            if feed:
                self.show(self.clock.now() - 1)
            self.driver.follow()

    def requests(self, kind: int) -> list[tuple[int, Any]]:
        return [(step.moment.ts, r) for step in self.steps for r in step.requests if r.kind == kind]


def test_it_quotes_on_what_has_arrived_and_the_journal_replays(tmp_path: Path) -> None:
    core = Core(tmp_path)
    core.go(20)
    assert core.requests(CREATE) and core.exchange.open_orders()
    assert core.driver.events > 50 and core.driver.now == core.clock.now()
    core.journal.close()
    path = core.journal.path
    assert path is not None
    chunks = [frame for frame in read_frames(path) if isinstance(frame, Chunk)]
    assert sum(len(chunk.columns[0]) // 8 for chunk in chunks) == core.driver.events
    again = replay_into(path, lambda *_: (), Kernels("plain"))
    assert again.first is None and again.requests == sum(len(step.requests) for step in core.steps) > 0


def test_no_moment_is_earlier_than_the_clock_at_which_it_was_made(tmp_path: Path) -> None:
    """A machine that slept decides late, as it would live: nothing is sent as of the past."""
    core = Core(tmp_path)
    core.go(10)
    core.show(core.clock.now() + 7 * NS_PER_S)
    before = len(core.steps)
    core.clock.set(core.clock.now() + 7 * NS_PER_S)
    core.driver.follow()
    made = core.steps[before:]
    assert made and all(step.moment.ts == core.clock.now() for step in made)
    stamps = [frame.moment.ts for frame in read_frames(_closed(core)) if isinstance(frame, Frame)]
    assert stamps == sorted(stamps)


def _closed(core: Core) -> Path:
    core.journal.close()
    assert core.journal.path is not None
    return core.journal.path


def test_a_silent_feed_pulls_the_quotes_by_the_rules_of_the_engine(tmp_path: Path) -> None:
    """R-N1: cancels leave within the limit and one second."""
    core = Core(tmp_path)
    core.go(20)
    assert core.exchange.open_orders()
    silent = core.clock.now()
    core.go(8, feed=False)
    pulled = [ts for ts, request in core.requests(CANCEL) if ts > silent]
    assert pulled and pulled[-1] - silent <= BTC.book_stale_ns + NS_PER_S
    standing = [order for order in core.exchange.open_orders() if not order.flags & REDUCE_ONLY]
    ledger = core.engine.posts[0].ledger.s
    assert sum(ledger.n_fills) > 0 and ledger.pos == core.exchange.account.s.pos[0]
    assert standing == [] and not [ts for ts, _ in core.requests(CREATE) if ts > pulled[-1]]


def test_an_order_reaches_the_exchange_half_later_by_the_age_of_the_books() -> None:
    """That half is as old as the newest book: without the wait an order would meet a book of before it was sent."""
    exchange = SimExchange((BTC,), 100 * MONEY, 7, Kernels("plain"))
    twin = SimExchange((BTC,), 100 * MONEY, 7, Kernels("plain"))
    lag = 800 * NS_PER_MS
    request = Request(0, 0, CREATE, 129, 0, BUY, 100_000, 100, LIMIT, POST_ONLY, 0, 0)
    late = Behind(PlainVenue(exchange), lambda instrument: lag).send(request, START)
    assert late == twin.send(request, START) + lag
    assert late > START + lag


def test_another_speed_than_the_clocks_is_refused(tmp_path: Path) -> None:
    core = Core(tmp_path)
    pacer = FollowingPacer(core.driver, _NoFeed(), lambda: None, lambda late: None)
    with pytest.raises(Refused, match="speed 1"):
        pacer.pace(20.0)
    pacer.pace(1.0)


class _NoFeed:
    def start(self) -> None: ...
    async def close(self) -> None: ...
    def health(self) -> Health:
        return Health()
