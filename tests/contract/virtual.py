"""The simulated exchange and the paper venue as sites: virtual time, the report wire of the exchange itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from core.config.instruments import find_instrument
from core.domain.events import W_OWN, Read, ReadReply
from core.domain.instrument import Instrument, Latency
from core.domain.order import ACCEPTED, CREATE, FUNDED, GTC, LIMIT, Report, Request
from core.domain.units import MONEY, NS_PER_MS
from core.exchange.exchange import SimExchange
from core.kernel import Kernels
from core.venues.paper import PaperVenue
from core.venues.simulated import PlainVenue, SimulatedVenue
from tests.contract.sites import TRADES, Can, Resting, Site, Truth
from tests.contract.tape import START_NS, Place, StillTape

EQUITY = 100_000 * MONEY
SPAN_NS = 120_000 * NS_PER_MS
QUIET_NS, STEP_NS = 400 * NS_PER_MS, 20 * NS_PER_MS
LEG = Latency("constant", 2 * NS_PER_MS)


def places() -> list[Place]:
    """ETHUSDC and BTCUSDT as Binance lists them."""

    def near(symbol: str) -> Instrument:
        found = find_instrument("binance_usdm", symbol)
        return msgspec.structs.replace(found, entry=LEG, response=LEG, feed=LEG)

    return [Place(near("ETHUSDC"), 297_000, 50, 200), Place(near("BTCUSDT"), 1_100_000, 50, 8)]


class VirtualSite(Site):
    """`make` builds the venue; called again at a restart."""

    def __init__(self, name: str, make: Callable[[list[Place]], SimulatedVenue], keeps: bool) -> None:
        super().__init__(places())
        self.name, self._make, self._keeps = name, make, keeps
        self.can = Can(keeps=keeps)
        tape = StillTape(self.places)
        self._feeds = [tape.extend(i, START_NS + SPAN_NS) for i in range(len(self.places))]
        self._now = START_NS + 1
        self._fresh: list[Report] = []
        self.venue = self._attached()
        self._run(START_NS + 2_000 * NS_PER_MS)

    def _attached(self) -> SimulatedVenue:
        venue = self._make(self.places)
        for i, feed in enumerate(self._feeds):
            first = int(np.searchsorted(feed.ts_exch, self._now))
            venue.exchange.attach(i, feed, None, first, first)
            venue.exchange.markets[i].s.wake_mask = W_OWN
        return venue

    def _run(self, until: int) -> None:
        while self.venue.advance(until) > 1:
            self._take()
        self._take()
        assert all(market.s.err == 0 for market in self.venue.exchange.markets)
        self._now = max(self._now, until)

    def _take(self) -> None:
        for i in range(len(self.places)):
            found = self.venue.drain(i)
            self._fresh += found
            self.log += found

    async def send(self, request: Request) -> None:
        assert self.venue.send(request, self._now) > 0
        self._run(self._now + 2 * LEG.p50_ns + NS_PER_MS)

    async def reports(self) -> list[Report]:
        self._run(self._now + QUIET_NS)
        fresh, self._fresh = self._fresh, []
        return fresh

    async def ask(self, read: Read) -> ReadReply:
        return self.venue.read(read, self._now)

    async def cancel_all(self, instrument: int) -> bool:
        return False

    async def restart(self) -> None:
        if self._keeps:
            self.venue.close()
            self.venue = self._attached()
            self._run(self._now + QUIET_NS)

    def now(self) -> int:
        return self._now

    async def eventually(self, holds: Callable[[], Any], what: str, seconds: float = 8.0) -> None:
        end = self._now + int(seconds * 1e9)
        while not holds():
            assert self._now < end, f"Expected {what} within {seconds:g} s of venue time, was not so"
            self._run(self._now + STEP_NS)

    async def inject(self, what: str, instrument: int = 0, *values: int) -> None:
        exchange: Any = self.venue if isinstance(self.venue, PaperVenue) else self.venue.exchange
        if what == "funding":
            self.venue.exchange.markets[instrument].s.next_funding = self._now + NS_PER_MS
        else:
            assert exchange.inject(instrument, what, *values, now=self._now), what
        self._run(self._now + 2 * LEG.p50_ns)

    async def foreign(self, side: int, px: int, qty: int, instrument: int = 0, tif: int = GTC) -> None:
        await self.send(Request(0, instrument, CREATE, 0, 0, side, px, qty, LIMIT, tif, 0, 0))

    async def disturb(self) -> None:
        for i in range(len(self.places)):
            await self.inject("double", i, 1_000)
            await self.inject("delay", i, 1, 30 * NS_PER_MS)

    async def lose_answer(self) -> None:
        await self.inject("lose", 0, 1)

    async def funding_due(self) -> None:
        self._run(self._now + QUIET_NS)

    def truth(self) -> Truth:
        x = self.venue.exchange
        told = [Report(i, *(int(v) for v in row[:13])) for i in range(len(self.places)) for row in x.changes(i, 0)]
        trades = sorted((r for r in told if r.kind in TRADES), key=lambda r: r.trade_id)
        a = x.account.s
        return Truth(
            tuple(Resting(o.instrument, o.venue_id, o.cl_id, o.side, o.px, o.left) for o in x.open_orders()),
            tuple(r.cl_id for r in told if r.kind == ACCEPTED),
            tuple(trades),
            tuple((r.trade_id, r.instrument, r.amount) for r in told if r.kind == FUNDED),
            {i: (int(a.pos[i]), int(a.cost[i])) for i in range(a.n) if a.pos[i]},
            {i: x.liquidation_px(i) for i in range(a.n) if a.pos[i]},
            x.balance(),
        )


def simulated(_state_dir: Path) -> VirtualSite:
    """What a backtest trades against."""

    def make(where: list[Place]) -> PlainVenue:
        return PlainVenue(SimExchange([p.instrument for p in where], EQUITY, 3, Kernels("plain")))

    return VirtualSite("simulated", make, keeps=False)


def paper(state_dir: Path) -> VirtualSite:
    """The simulated exchange with its ledger file."""

    def make(where: list[Place]) -> PaperVenue:
        return PaperVenue(state_dir, [p.instrument for p in where], EQUITY, 3, Kernels("plain"))

    return VirtualSite("paper", make, keeps=True)
