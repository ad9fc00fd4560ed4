"""The engine as measures, pictures and reports read it: `core.kpi.books.Desk` over live blocks. Reads only."""

from __future__ import annotations

from collections.abc import Callable

from core.build.pair_desk import pairs_of_engine
from core.domain.book import View
from core.domain.instrument import Instrument
from core.domain.order import Ledger
from core.domain.snapshot import BandRow, LimitRow, Quoter
from core.domain.units import BUY, SELL
from core.engine.engine import Engine
from core.kpi.books import Activity, PairLegs, Wire
from core.risk.table import bands_view, limits_view
from core.venues.lanes import WireGate


class EngineDesk:
    """Index i is a ledger. `wire` and `log_tail` come from those who own them."""

    def __init__(self, engine: Engine, wire: WireGate, log_tail: Callable[[int], tuple[str, ...]]) -> None:
        self.engine, self.wire, self._log_tail = engine, wire, log_tail
        self.requests = 0
        self.told: Callable[[], dict[str, int]] = dict  # what a real venue's wire counts beside ours
        self.heard: Callable[[], tuple[tuple[int, int, int], ...]] = tuple  # place, dropped, conflated of each feed
        self.queue: Callable[[], dict[tuple[int, int], float | None]] = dict

    @property
    def count(self) -> int:
        return len(self.engine.posts)

    def strategy(self, i: int) -> int:
        return self.engine.posts[i].seat

    def place(self, i: int) -> int:
        return self.engine.posts[i].place

    def name(self, i: int) -> str:
        return self.engine.seats[self.engine.posts[i].seat].name

    def instrument(self, i: int) -> Instrument:
        return self.engine.posts[i].instrument

    def ledger(self, i: int) -> Ledger:
        return self.engine.posts[i].ledger

    def view(self, i: int) -> View:
        return self.engine.posts[i].view

    def quoter(self, i: int) -> Quoter | None:
        """The strategy's own figures beside the estimators'; None figures are unknown."""
        post = self.engine.posts[i]
        strategy = self.engine.seats[post.seat].strategy
        told, g, x = strategy.describe(), post.signals.s, post.instrument
        names = set(Quoter.__struct_fields__)
        fields = {name: value for name, value in told.items() if name in names and value is not None}
        if g.priced:
            fields.setdefault("mid", x.price(g.mid))  # before the first decision the book alone tells it
        return Quoter(
            **fields,  # type: ignore[arg-type]
            symbol=x.symbol,
            price_digits=x.price_digits,
            volatility=g.vol_short if g.vol_ok else None,
            vpin=g.vpin if g.vpin_ok else None,
            imbalance=g.imbalance if g.imbalance_ok else None,
            momentum=g.momentum if g.momentum_ok else None,
            bid=x.price(g.bid) if g.priced else None,
            ask=x.price(g.ask) if g.priced else None,
            suppressing=post.suppressed > 0,
            terms_bid=tuple(strategy.breakdown(BUY, 0)),
            terms_ask=tuple(strategy.breakdown(SELL, 0)),
        )

    def pairs(self) -> tuple[PairLegs, ...]:
        """The pairs of the engine, each with its two ledgers."""
        return pairs_of_engine(self.engine)

    def limits(self, i: int) -> tuple[LimitRow, ...]:
        post = self.engine.posts[i]
        seat = self.engine.seats[post.seat]
        cap = float(seat.strategy.net_cap(seat.posts.index(post)))
        return limits_view(
            post.limits, post.risk, post.ledger, post.instrument, cap, self.engine.now, seat.name,
            view=post.view, vitals=post.vitals, tightened=post.tightened,
        )  # fmt: skip

    def bands(self, i: int) -> tuple[BandRow, ...]:
        return bands_view(self.engine.posts[i].limits, self.engine.posts[i].risk, self.name(i))

    def activity(self, i: int) -> Activity:
        post = self.engine.posts[i]
        seat, q = self.engine.seats[post.seat], post.requests.s
        return Activity(seat.quotes, q.n_suppressed, q.n_dropped, seat.ts_quoted)

    def liquidation(self, i: int) -> int:
        """Ticks; 0 = none, -1 = unknown (never read, or the position turned since)."""
        post = self.engine.posts[i]
        vitals, pos = post.vitals.s, post.ledger.s.pos
        if pos == 0:
            return 0
        if vitals.liquidation_ts == 0 or vitals.liquidation_pos * pos <= 0:
            return -1
        return vitals.liquidation_px

    def equity_start(self) -> int:
        return self.engine.equity_start

    def wires(self) -> tuple[Wire, ...]:
        used, limit = self.wire.used(self.engine.now)
        ours = {"requests": self.requests, "orders_used": used, "orders_limit": limit, **self.told()}
        return (Wire(venue=self.engine.posts[0].instrument.venue, places=self.heard(), **ours),)

    def log_tail(self, lines: int) -> tuple[str, ...]:
        return self._log_tail(lines)
