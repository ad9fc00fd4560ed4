"""A desk made by hand: real blocks, no engine. Tests move its blocks and hand steps to the sinks."""

from __future__ import annotations

from core.domain.book import View
from core.domain.events import Moment, Slice, Step
from core.domain.instrument import Instrument, Latency, Tier
from core.domain.order import CREATE, FILLED, LIMIT, POST_ONLY, Ledger, Report, Request
from core.domain.snapshot import BandRow, LimitRow, Quoter
from core.domain.units import MONEY, NS_PER_S, sign_of
from core.kpi.books import Activity, Wire

T0 = 1_767_700_800 * NS_PER_S  # 2026-01-06 12:00:00 UTC
MINUTE = 60 * NS_PER_S
HOUR = 60 * MINUTE


def instrument(symbol: str = "ETHUSDC") -> Instrument:
    """ETHUSDC: tick 0.01, lot 0.001, so one tick of one lot is 1e-5 quote = 1000 units."""
    return Instrument(
        venue="simulated", symbol=symbol, base="ETH", quote="USDC", tick=0.01, lot=0.001, unit=1000, min_lots=1,
        max_lots=1_000_000, min_notional=10 * MONEY, band_ppm=0, maker_fee_ppm=0, taker_fee_ppm=400, referral_ppm=0,
        max_leverage=50, leverage=10, isolated=True, tiers=(Tier(0, 4000, 50),), funding_interval_ns=8 * HOUR,
        funding_offset_ns=0, funding_rate=10_000, funding_cap=75_000, entry=Latency(), response=Latency(),
        feed=Latency(), book_stale_ns=2 * NS_PER_S, orders_per_10s=300, amend=True,
    )  # fmt: skip


class Desk:
    """One strategy on one instrument, all reads of `core.kpi.books.Desk`."""

    def __init__(self, names: tuple[str, ...] = ("asmm",)) -> None:
        self.names = names
        self.ledgers = [Ledger() for _ in names]
        self.views = [View() for _ in names]
        self.instruments = [instrument() for _ in names]
        self.active = [Activity() for _ in names]
        self.wire = Wire(venue="simulated", weight_limit=2400, orders_limit=300)
        self.tail: tuple[str, ...] = ()
        self.liquidation_px = 0
        self.start = 200 * MONEY
        for i in range(len(names)):
            self.book(250_000, 250_010, i=i)

    @property
    def count(self) -> int:
        return len(self.names)

    def strategy(self, i: int) -> int:
        return i

    def place(self, i: int) -> int:
        return i

    def name(self, i: int) -> str:
        return self.names[i]

    def instrument(self, i: int) -> Instrument:
        return self.instruments[i]

    def ledger(self, i: int) -> Ledger:
        return self.ledgers[i]

    def view(self, i: int) -> View:
        return self.views[i]

    def quoter(self, i: int) -> Quoter | None:
        return Quoter(
            symbol="ETHUSDC", regime="NORMAL", volatility=1.5, vpin=0.31, reservation=2500.02, mid=2500.05, bid=2500.0,
            ask=2500.1, spread_bps=6.0, skew_bps=-0.4, net_cap=0.18, net_max=0.21, quote_interval_s=0.5,
        )  # fmt: skip

    def limits(self, i: int) -> tuple[LimitRow, ...]:
        return (LimitRow(name="net_max", now=0.05, bound=0.21, unit="ETH", used=0.24),)

    def bands(self, i: int) -> tuple[BandRow, ...]:
        return (BandRow(loss=5.0, fraction=0.15, done=False),)

    def activity(self, i: int) -> Activity:
        return self.active[i]

    def liquidation(self, i: int) -> int:
        return self.liquidation_px

    def equity_start(self) -> int:
        return self.start

    def wires(self) -> tuple[Wire, ...]:
        return (self.wire,)

    def log_tail(self, lines: int) -> tuple[str, ...]:
        return self.tail[-lines:]

    # what tests do to it
    def book(self, bid: int, ask: int, ts: int = T0, i: int = 0) -> None:
        view = self.views[i].s
        view.px[0][0], view.px[1][0] = bid, ask
        view.book_ok, view.mark = 1, (bid + ask) // 2
        view.ts_exch, view.ts_recv = ts - 2_000_000, ts

    def trade(self, side: int, px: int, qty: int, fee: int, i: int = 0) -> None:
        """Book a fill in the ledger as core/execution does: average cost, realised on what is closed."""
        ledger, unit = self.ledgers[i].s, self.instruments[i].unit
        sign, left = sign_of(side), qty
        if ledger.pos * sign < 0:
            closed = min(abs(ledger.pos), qty)
            share = ledger.cost * closed // abs(ledger.pos)
            ledger.realised += -sign * closed * px * unit - share
            ledger.cost -= share
            ledger.pos += sign * closed
            left -= closed
        ledger.cost += sign * left * px * unit
        ledger.pos += sign * left
        ledger.fees += fee


def create(cl_id: int, side: int = 0, px: int = 250_000, qty: int = 10, key: int = 0, **more: int) -> Request:
    values = {"type": LIMIT, "tif": POST_ONLY, "flags": 0, "strategy": 0, "instrument": 0} | more
    return Request(kind=CREATE, cl_id=cl_id, venue_id=0, side=side, px=px, qty=qty, key=key, **values)


def filled(cl_id: int, side: int, px: int, qty: int, left: int = 0, trade_id: int = 0, **more: int) -> Report:
    values = {"ts": T0, "maker": 1, "fee": 0, "instrument": 0} | more
    return Report(
        kind=FILLED, cl_id=cl_id, side=side, px=px, qty=qty, left=left, trade_id=trade_id or 1000 + cl_id, **values
    )


def step(ts: int, *reports: Report, requests: tuple[Request, ...] = (), rows: int = 0, **more: object) -> Step:
    slices = (Slice(0, 0, rows),) if rows else ()
    inputs = more.pop("inputs", ())
    taken: tuple[Report, ...] = more.pop("applied", reports)  # type: ignore[assignment]
    moment = Moment(ts=ts, why=0, slices=slices, reports=reports, inputs=inputs)  # type: ignore[arg-type]
    return Step(
        seq=1, moment=moment, requests=requests, applied=taken, takers=tuple(r.instrument for r in taken), **more
    )  # type: ignore[arg-type]
