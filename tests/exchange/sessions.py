"""Seeded random sessions: a wild tape, a client that does anything, venue-made changes in between."""

from __future__ import annotations

from typing import Any

import numpy as np

from core import rng
from core.domain.book import Feed
from core.domain.events import W_BBO, W_FUNDING, W_MID, W_OWN, W_TRADE
from core.domain.instrument import Instrument, Latency
from core.domain.order import AMEND, CANCEL, CREATE, Report, Request
from core.domain.units import BUY, FAR, MONEY, SELL
from core.exchange import faults
from core.exchange.exchange import QueueModel, SimExchange
from core.kernel import Kernels
from tests.exchange.desk import MS, Tape, identity, instrument

WILD = instrument(
    funding_interval_ns=400 * MS, funding_rate=30_000, leverage=50, min_notional=MONEY // 10, referral_ppm=100_000,
    entry=Latency("lognormal", 3 * MS, 20 * MS), response=Latency("lognormal", 2 * MS, 15 * MS),
)  # fmt: skip


def wild_tape(seed: int, rows: int = 300, marks: bool = True) -> Feed:
    """Books of random depth (some locked), trades, best changes, marks, gaps; several rows share an instant."""
    g = rng.stream(seed, "tape")
    tape, mid, at = Tape(delay_ms=4), 10_000, 0.0
    for _ in range(rows):
        at += float(g.integers(0, 12))
        mid = max(9_000, mid + int(g.integers(-8, 9)) * int(g.integers(0, 4)))
        what = g.random()
        if what < 0.45:
            n, half = int(g.integers(1, 8)), int(g.integers(0, 3))
            sides = [[(mid + s * (half + i), int(g.integers(1, 40))) for i in range(n)] for s in (-1, 1)]
            tape.book(at, *sides)
        elif what < 0.75:
            tape.trade(at, mid + int(g.integers(-3, 4)), int(g.integers(1, 30)), int(g.integers(-1, 2)))
        elif what < 0.9:
            side = int(g.integers(0, 2))
            tape.bbo(at, side, mid + (1 if side == SELL else -1), int(g.integers(1, 30)))
        elif what < 0.98:
            if marks:
                rate = FAR if g.random() < 0.5 else int(g.integers(-200_000, 200_000))
                tape.mark(at, mid + int(g.integers(-200, 201)), rate)
        else:
            tape.gap(at)
    return tape.feed()


class Client:
    """Reacts to wakes with random requests and, where `venue` is set, with random venue-made changes."""

    def __init__(self, x: SimExchange, seed: int, limit: int, venue: bool) -> None:
        self.x, self.g, self.left, self.venue, self.cl = x, rng.stream(seed, "client"), limit, venue, 0
        self.log: list[Report] = []

    def react(self, i: int) -> None:
        g, x = self.g, self.x
        self.log += x.drain(i)
        m = x.markets[i].s
        if m.next_timer == FAR:
            m.next_timer = m.now + int(g.integers(1, 40)) * MS
        for _ in range(int(g.integers(0, 3))):
            if self.left <= 0:
                return
            self.left -= 1
            kind = (CREATE, CREATE, CREATE, CANCEL, AMEND)[int(g.integers(0, 5))]
            side = int(g.integers(0, 2))
            if kind == CREATE:
                self.cl += 1
            cl = self.cl if kind == CREATE else int(g.integers(1, self.cl + 2))
            px = (m.bid + m.ask) // 2 + int(g.integers(-4, 5))
            flags = (0, 0, 0, 1, 2)[int(g.integers(0, 5))]
            request = Request(
                0, i, kind, cl, 0, side, px, int(g.integers(0, 60)) * (20 if g.random() < 0.1 else 1),
                int(g.random() < 0.15), int(g.integers(0, 4)), flags, 0,
            )  # fmt: skip
            x.send(request, m.now)
        if self.venue and g.random() < 0.08:
            name = list(faults.NAMES)[int(g.integers(0, len(faults.NAMES)))]
            a = {"transfer": int(g.integers(-5, 40)) * MONEY, "reject_all": 38 * int(g.integers(0, 2))}.get(
                name, int(g.integers(0, 3))
            )
            x.inject(i, name, a, int(g.integers(0, 3)) * MS if name == "delay" else 0)


def session(
    seed: int, kernels: Kernels, one: bool = False, queue: QueueModel | None = None, limit: int = 250, **options: Any
) -> tuple[SimExchange, list[Report]]:
    """A session on one wild tape; `one`: rows become known one at a time, with the horizon at each row."""
    spec: Instrument = options.get("spec", WILD)
    x = SimExchange([spec], options.get("equity", 60 * MONEY), seed, kernels, queue)
    feed = wild_tape(seed, marks=options.get("marks", True))
    x.attach(0, feed)
    client = Client(x, seed, limit, options.get("venue", True))
    m = x.markets[0].s
    m.wake_mask, m.wake_mid_ticks = W_OWN | W_BBO | W_MID | W_TRADE | W_FUNDING, 2
    horizons = [(k + 1, int(t)) for k, t in enumerate(feed.ts_exch)] if one else []
    for n, horizon in [*horizons, (len(feed.kind), FAR)]:
        m.n_feed = n
        while x.advance(horizon) > 1:
            assert m.err == 0
            client.react(0)
            if options.get("checked", False):
                identity(x)
            if kernels.form == "compiled" and options.get("switch") and m.i_ex > 150:
                x.bind(options["switch"])
    return x, client.log


def shapes(x: SimExchange) -> np.ndarray:
    """Invariants of the order table: own lists sorted by price then priority, counts and open lots that add up."""
    m, a = x.markets[0].s, x.account.s
    lots = [0, 0]
    for side in (BUY, SELL):
        slots = [m.own[side][k] for k in range(m.n_own[side])]
        keys = [(m.o_px[s] * (2 * side - 1), m.o_prio[s]) for s in slots]
        assert keys == sorted(keys)
        assert all(m.o_live[s] and m.o_side[s] == side and 0 < m.o_left[s] <= m.o_qty[s] for s in slots)
        lots[side] = sum(m.o_left[s] for s in slots if not m.o_flags[s] & 1)
    assert m.n_live == sum(m.n_own) == sum(m.o_live)
    assert list(a.open_lots[0]) == lots
    return np.array(lots)
