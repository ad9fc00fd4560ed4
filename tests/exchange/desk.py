"""A small desk for exchange tests: an instrument, hand-made feeds, and a client that logs every report."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from core.domain.book import F_BBO, F_BOOK, F_GAP, F_MARK, F_TRADE, LEVELS, Feed
from core.domain.events import W_OWN
from core.domain.instrument import Instrument, Latency, Tier
from core.domain.order import AMEND, CANCEL, CREATE, GTC, LIMIT, MARKET, Report, Request
from core.domain.units import BUY, FAR, MONEY, SELL
from core.exchange.exchange import SimExchange
from core.kernel import Kernels

MS = 1_000_000
HOUR = 3600 * 1000 * MS
PLAIN = Kernels("plain")

# one tick per lot is worth 1e-4 quote: 10,000 ticks x 100 lots = 100 quote units
BASE = Instrument(
    venue="sim", symbol="TESTUSDC", base="TEST", quote="USDC", tick=0.01, lot=0.01, unit=10_000,
    min_lots=1, max_lots=100_000, min_notional=0, band_ppm=100_000, maker_fee_ppm=-50, taker_fee_ppm=500,
    referral_ppm=0, max_leverage=50, leverage=10, isolated=False,
    tiers=(Tier(0, 5_000, 50), Tier(5_000 * MONEY, 10_000, 20)),
    funding_interval_ns=8 * HOUR, funding_offset_ns=0, funding_rate=10_000, funding_cap=300_000,
    entry=Latency("constant", 2 * MS), response=Latency("constant", 3 * MS), feed=Latency("constant", 0),
    book_stale_ns=10**9, orders_per_10s=300, amend=True,
)  # fmt: skip


def instrument(**changes: Any) -> Instrument:
    return msgspec.structs.replace(BASE, **changes)


class Tape:
    """Rows of one feed in time order; `at` is ms, rows are visible 5 ms later unless `recv` says otherwise."""

    def __init__(self, delay_ms: int = 5) -> None:
        self.delay = delay_ms
        self.rows: list[tuple[int, int, int, Any]] = []

    def _add(self, at: float, kind: int, payload: Any) -> Tape:
        ts = round(at * MS)
        recv = ts + self.delay * MS
        if self.rows:
            recv = max(recv, self.rows[-1][1])
        self.rows.append((ts, recv, kind, payload))
        return self

    def book(self, at: float, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> Tape:
        return self._add(at, F_BOOK, (bids, asks))

    def trade(self, at: float, px: int, qty: int, aggressor: int = 0) -> Tape:
        return self._add(at, F_TRADE, (px, qty, aggressor, len(self.rows)))

    def bbo(self, at: float, side: int, px: int, sz: int) -> Tape:
        return self._add(at, F_BBO, (side, px, sz, 0))

    def mark(self, at: float, mark: int, rate: int = FAR, settlement_ms: float = 0) -> Tape:
        return self._add(at, F_MARK, (mark, 0, rate, round(settlement_ms * MS)))

    def gap(self, at: float) -> Tape:
        return self._add(at, F_GAP, (1, 0, 0, 0))

    def feed(self) -> Feed:
        books = [p for _, _, kind, p in self.rows if kind == F_BOOK]
        px, sz = (np.zeros((len(books), 2, LEVELS), np.int64) for _ in range(2))
        for n, sides in enumerate(books):
            for side, levels in zip((BUY, SELL), sides, strict=True):
                for i, (p, q) in enumerate(levels):
                    px[n, side, i], sz[n, side, i] = p, q
        small = [p for _, _, kind, p in self.rows if kind != F_BOOK]
        row, counts = [], {True: 0, False: 0}
        for _, _, kind, _ in self.rows:
            row.append(counts[kind == F_BOOK])
            counts[kind == F_BOOK] += 1
        column = [np.array(x, np.int64) for x in zip(*[r[:3] for r in self.rows], strict=True)]
        if not column:
            column = [np.zeros(0, np.int64)] * 3
        return Feed(*column, np.array(row, np.int64), px, sz, np.array(small, np.int64).reshape(len(small), 4))


class Desk:
    """A client of one simulated instrument: requests at given times, reports in `log`."""

    def __init__(
        self, tape: Tape, spec: Instrument = BASE, equity: int = 1_000 * MONEY, kernels: Kernels = PLAIN, **more: Any
    ) -> None:
        self.x = SimExchange([spec], equity, 7, kernels, **more)
        self.x.attach(0, tape.feed())
        self.m, self.a = self.x.markets[0].s, self.x.account.s
        self.m.wake_mask = W_OWN
        self.log: list[Report] = []
        self.next_cl = 0

    def run(self, until_ms: float | None = None) -> Desk:
        """Advance to `until_ms` (None = the end), taking every report."""
        horizon = FAR if until_ms is None else round(until_ms * MS)
        while True:
            why = self.x.advance(horizon)
            assert self.m.err == 0, (self.m.err, self.m.err_a, self.m.err_b)
            if why <= 1:
                return self
            self.log += self.x.drain(0)

    def _send(self, at: float, kind: int, cl: int, venue: int, side: int, px: int, qty: int, *rest: int) -> int:
        self.run(at)
        type_, tif, flags = (*rest, 0, 0, 0)[:3]
        request = Request(0, 0, kind, cl, venue, side, px, qty, type_, tif, flags, 0)
        assert self.x.send(request, round(at * MS)) > 0
        return cl

    def create(
        self, at: float, side: int, px: int, qty: int, tif: int = GTC, flags: int = 0, type_: int = LIMIT
    ) -> int:
        self.next_cl += 1
        return self._send(at, CREATE, self.next_cl, 0, side, px, qty, type_, tif, flags)

    def market(self, at: float, side: int, qty: int, flags: int = 0) -> int:
        return self.create(at, side, 0, qty, GTC, flags, MARKET)

    def cancel(self, at: float, cl: int) -> int:
        return self._send(at, CANCEL, cl, 0, 0, 0, 0)

    def amend(self, at: float, cl: int, px: int, qty: int) -> int:
        return self._send(at, AMEND, cl, 0, 0, px, qty)

    def of(self, cl: int) -> list[tuple[int, int, int, int]]:
        """(kind, px, qty, left) of one order's reports, in the order in which we saw them."""
        return [(r.kind, r.px, r.qty, r.left) for r in self.log if r.cl_id == cl]

    def kinds(self, cl: int) -> list[int]:
        return [r.kind for r in self.log if r.cl_id == cl]

    def code(self, cl: int) -> int:
        return next(r.code for r in reversed(self.log) if r.cl_id == cl)


def identity(x: SimExchange) -> None:
    """The conservation laws of the account, to the last unit."""
    a = x.account.s
    assert a.wallet == a.start + a.realised - a.fees + a.funding + a.transfers
    unrealised = sum(a.pos[i] * a.mark[i] * a.unit[i] - a.cost[i] for i in range(a.n))
    net_pnl = a.realised + unrealised - a.fees + a.funding
    assert x.equity() == a.start + net_pnl + a.transfers
    assert sum(a.realised_of) == a.realised
    assert sum(a.fees_of) == a.fees
    assert sum(a.funding_of) == a.funding
