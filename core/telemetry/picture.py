"""The console's picture: one immutable Snapshot on demand from desk, measures and round, plus what the driver knows.

A sink of its own only in that it keeps short trails (equity, quotes round the mid), one point a second.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec

from core.clock import day_of
from core.domain.events import Step
from core.domain.pair_picture import PairRow
from core.domain.snapshot import (
    Action,
    AlertRow,
    Check,
    Holder,
    Kernels,
    LogRow,
    Pnl,
    Quoter,
    Rest,
    Round,
    RoundRow,
    Snapshot,
    State,
)
from core.domain.units import MONEY
from core.domain.venue_picture import VenueRow
from core.kpi.attribution import Attribution
from core.kpi.books import Desk, Money, mark_of
from core.kpi.measures import Measures
from core.kpi.summary import execution_of
from core.telemetry import rows
from core.telemetry.history import Histories
from core.telemetry.trails import TRAIL, Trails

SPARK = 48


class RoundReads(msgspec.Struct, frozen=True):
    """What the picture needs of the running round; `core.rounds` is above us, so the composition root fills this in."""

    money: Callable[[int], Money]
    attribution: Callable[[int], Attribution]
    equity: Callable[[], int]
    equity_start: Callable[[], int]
    max_drawdown: Callable[[], float]
    pairs: Callable[[], tuple[PairRow, ...]] = tuple


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What only driver and engine know at the moment of a snapshot."""

    seq: int
    mode: str = "PAPER"
    network: str = "simulated"
    account: str = ""
    market: str = ""
    speed: float = 1.0
    version: str = ""
    config_sha256: str = ""
    state: State = State()
    round: Round = Round()
    rounds: tuple[RoundRow, ...] = ()
    actions: tuple[Action, ...] = ()
    alerts: tuple[AlertRow, ...] = ()
    logs: tuple[LogRow, ...] = ()
    holder: Holder = Holder()
    rearm: tuple[Check, ...] = ()
    buffer_warn: float | None = None
    buffer_halt: float | None = None
    kernels: Kernels = Kernels()
    viewers: int = 0
    metrics_port: int | None = None
    dead_man: str = ""
    venues: tuple[VenueRow, ...] = ()
    double_press_flattens: bool = True


class Picture:
    """`snapshot(now, frame)` costs some 300 us; call it twice a second, or when a console asks."""

    name = "picture"

    def __init__(self, desk: Desk, measures: Measures, reads: RoundReads) -> None:
        self.desk, self.measures, self.reads = desk, measures, reads
        self._equity: deque[float] = deque(maxlen=TRAIL)
        self._trails = Trails()
        self.history = Histories()
        self._seen = dict.fromkeys(measures.streams, 0)
        self._per_s = dict.fromkeys(measures.streams, 0.0)
        self._last = 0
        self._day, self._day_net = -1, 0
        measures.on_second.append(self.second)

    def take(self, step: Step) -> None:
        """Nothing to do on a step: the picture reads live blocks when it is asked for."""

    def second(self, now: int) -> None:
        """One point of each trail."""
        elapsed = (now - self._last) / 1e9 if self._last else 1.0
        self._last = now
        for place, stream in self.measures.streams.items():
            self._per_s[place] = (stream.messages - self._seen[place]) / max(elapsed, 1e-9)
            self._seen[place] = stream.messages
        self._equity.append(self.reads.equity() / MONEY)
        net = self._net()
        if day_of(now) != self._day:
            self._day, self._day_net = day_of(now), net
        quoter, pairs = self.desk.quoter(0) if self.desk.count else None, self.reads.pairs()
        self._trails.quoted(now, quoter)
        self._trails.spread(now, pairs)
        of_round = sum(self.reads.money(i).net for i in range(self.desk.count))
        self.history.second(now, quoter, pairs, of_round / MONEY)

    def _net(self) -> int:
        return sum(self.measures.money(i).net for i in range(self.desk.count))

    def snapshot(self, now: int, frame: Frame) -> Snapshot:
        """The whole picture at core time `now`."""
        desk, measures = self.desk, self.measures
        n = desk.count
        positions = [row for i in range(n) if (row := rows.position_row(desk, i)) is not None]
        orders = [row for i in range(n) for row in rows.order_rows(desk, i, now)]
        places = {desk.place(i): i for i in reversed(range(n))}
        wires = {w.venue: w for w in desk.wires()}
        heard = {place: counts for wire in wires.values() for place, *counts in wire.places}
        activity = [desk.activity(i) for i in range(n)]
        gross, margin = self._exposure()
        equity = self.reads.equity() / MONEY
        known = [p.buffer for p in positions if p.buffer is not None]
        net: dict[str, float] = {}
        for i in range(n):
            instrument = desk.instrument(i)
            net[instrument.base] = net.get(instrument.base, 0.0) + desk.ledger(i).s.pos * instrument.lot
        quoter = desk.quoter(0) if n else None
        pairs = self.reads.pairs()
        return Snapshot(
            seq=frame.seq, ts=now, mode=frame.mode, network=frame.network, account=frame.account,
            venue=desk.instrument(0).venue if n else "", market=frame.market, speed=frame.speed,
            version=frame.version, config_sha256=frame.config_sha256, state=frame.state, round=frame.round,
            pnl=self._pnl(now, equity), positions=tuple(positions), net=tuple(sorted(net.items())), gross=gross,
            leverage=gross / equity if equity > 0 else None, margin_used=margin / equity if equity > 0 else None,
            buffer_min=min(known) if known and len(known) == len(positions) else None, orders=tuple(orders),
            latency=measures.latency.rows(),
            execution=execution_of(measures, sum(a.suppressed for a in activity), sum(a.dropped for a in activity)),
            chart=self._trails.chart(pairs), pairs=pairs,
            funding=tuple(rows.funding_row(desk, i, now, self.reads.money(i).funding) for i in range(n)),
            feeds=tuple(
                rows.feed_row(
                    desk, measures, i, now, self._per_s.get(place, 0.0),
                    *heard.get(place, (0, 0)),
                )
                for place, i in sorted(places.items())
            ),
            weight_used=sum(w.weight_used for w in wires.values()),
            weight_limit=sum(w.weight_limit for w in wires.values()),
            orders_used=sum(w.orders_used for w in wires.values()),
            orders_limit=sum(w.orders_limit for w in wires.values()),
            limits=tuple(row for i in range(n) for row in desk.limits(i)),
            bands=tuple(row for i in range(n) for row in desk.bands(i)),
            alerts=frame.alerts, actions=frame.actions, rounds=frame.rounds, logs=frame.logs, holder=frame.holder,
            kernels=frame.kernels, viewers=frame.viewers, metrics_port=frame.metrics_port, dead_man=frame.dead_man,
            venues=frame.venues,
            double_press_flattens=frame.double_press_flattens, rearm=frame.rearm,
            buffer_warn=frame.buffer_warn, buffer_halt=frame.buffer_halt, quoter=quoter or Quoter(),
            rest=Rest(
                requests=sum(w.requests for w in wires.values()), errors=sum(w.errors for w in wires.values()),
                latency_ms=measures.latency.ack_mean_ms(),
            ),
        )  # fmt: skip

    def _exposure(self) -> tuple[float, float]:
        """Gross notional and the initial margin that it needs at each instrument's leverage, quote units."""
        gross = margin = 0.0
        for i in range(self.desk.count):
            instrument = self.desk.instrument(i)
            notional = abs(self.desk.ledger(i).s.pos) * mark_of(self.desk, i) * instrument.unit / MONEY
            gross += notional
            margin += notional / max(1, instrument.leverage)
        return gross, margin

    def _pnl(self, now: int, equity: float) -> Pnl:
        money = [self.reads.money(i) for i in range(self.desk.count)]
        parts = [self.reads.attribution(i) for i in range(self.desk.count)]
        net = sum(m.net for m in money)
        spark = list(self._equity)[-SPARK:]
        peak = max([*self._equity, equity])
        return Pnl(
            net=net / MONEY,
            price=sum(m.price for m in money) / MONEY,
            fees=sum(m.fees for m in money) / MONEY,
            funding=sum(m.funding for m in money) / MONEY,
            realised=sum(m.realised for m in money) / MONEY,
            unrealised=sum(self.measures.money(i).unrealised for i in range(self.desk.count)) / MONEY,
            equity=equity,
            equity_start=self.reads.equity_start() / MONEY,
            day=(self._net() - self._day_net) / MONEY if day_of(now) == self._day else 0.0,
            drawdown=equity / peak - 1.0 if peak > 0 else 0.0,
            max_drawdown=self.reads.max_drawdown(),
            identity_ok=sum(p.net for p in parts) == net,
            spark=tuple(spark),
        )
