"""A desk for the tests of execution and risk: ETHUSDC of the Round7 card, its blocks, and short ways to drive them."""

# ruff: noqa: C408  (rows of blocks read better as keywords)
from __future__ import annotations

from typing import Any

from core.domain.book import View
from core.domain.instrument import Instrument, Latency, Spec, Tier, spec_of
from core.domain.order import CREATE, GTC, LIMIT, POST_ONLY, Ledger, Reports, Requests, Target
from core.domain.units import MONEY, NS_PER_S
from core.execution.blocks import PlanParams, plan_params
from core.execution.commit import gate_and_commit
from core.execution.ledger import apply_reports
from core.execution.planner import plan
from core.execution.recovery import new_decision
from core.risk.blocks import Limits, Risk, Vitals
from core.risk.guard import start_round, step
from core.risk.params import RiskParams, limits_of

T0 = 1_700_000_000 * NS_PER_S
MID = 250_000  # ticks of 0.01
LEG = Latency()


def instrument(**changes: Any) -> Instrument:
    """ETHUSDC: tick 0.01, step 0.001, minNotional 10 (S3-29)."""
    values: dict[str, Any] = dict(
        venue="paper", symbol="ETHUSDC", base="ETH", quote="USDC", tick=0.01, lot=0.001, unit=1000, min_lots=1,
        max_lots=1_000_000, min_notional=10 * MONEY, band_ppm=50_000, maker_fee_ppm=0, taker_fee_ppm=400,
        referral_ppm=0, max_leverage=20, leverage=5, isolated=True, tiers=(Tier(0, 5000, 20),),
        funding_interval_ns=8 * 3600 * NS_PER_S, funding_offset_ns=0, funding_rate=0, funding_cap=0, entry=LEG,
        response=LEG, feed=LEG, book_stale_ns=2 * NS_PER_S, orders_per_10s=300, amend=False,
    )  # fmt: skip
    return Instrument(**(values | changes))


class Desk:
    """One strategy's blocks, plain form; `now` moves only by hand."""

    def __init__(self, params: dict[str, Any] | None = None, **changes: Any) -> None:
        self.instrument = instrument(**changes)
        self.spec: Spec = spec_of(self.instrument)
        self.limits: Limits = limits_of(RiskParams(**(params or {})), self.instrument)
        self.ledger = Ledger(next_seq=1000)
        self.risk, self.view, self.vitals = Risk(), View(), Vitals()
        self.target, self.requests, self.reports = Target(), Requests(), Reports()
        self.bucket: PlanParams = plan_params(self.instrument.orders_per_10s)
        self.now = T0
        self.cap = 210.0
        self.trade = 0
        self.book(MID)
        start_round(self.risk.plain, self.ledger.plain, self.spec.plain, MID, 200 * MONEY, self.now)
        self.step()

    @property
    def blocks(self) -> tuple[Any, ...]:
        return (self.ledger, self.risk, self.requests, self.bucket, self.target)

    def book(self, mid: int, half: int = 5, size: int = 4000, mark: int | None = None) -> None:
        """A fresh book of 20 levels round `mid`, mark at the mid unless given."""
        v = self.view.s
        for i in range(20):
            v.px[0][i], v.px[1][i] = mid - half - i, mid + half + i
            v.sz[0][i] = v.sz[1][i] = size
        v.n_levels[0] = v.n_levels[1] = 20
        v.book_ok, v.ts_recv, v.now = 1, self.now, self.now
        v.mark = mid if mark is None else mark

    def want(self, *rows: tuple[Any, ...]) -> None:
        """Targets (key, side, px, qty[, flags[, tol[, type[, tif]]]])."""
        t = self.target.s
        t.n, t.hold = len(rows), 0
        for j, row in enumerate(rows):
            flags, tol, type_, tif = (*row[4:], *(0, 0, LIMIT, POST_ONLY)[len(row) - 4 :])
            t.key[j], t.side[j], t.px[j], t.qty[j] = row[:4]
            t.flags[j], t.tol[j], t.type[j], t.tif[j] = flags, tol, type_, tif

    def plan(self) -> int:
        return plan(self.ledger.plain, self.target.plain, self.requests.plain, self.bucket.plain, self.spec.plain,
                    self.now)  # fmt: skip

    def commit(self) -> int:
        return gate_and_commit(self.limits.plain, self.risk.plain, self.ledger.plain, self.view.plain, self.spec.plain,
                               self.requests.plain, self.cap, self.now)  # fmt: skip

    def decide(self, *rows: tuple[Any, ...]) -> list[tuple[int, ...]]:
        """A decision: rests released, targets set, planned, gated. Rows (kind, side, px, qty, code)."""
        new_decision(self.ledger.plain)
        self.want(*rows)
        self.plan()
        self.commit()
        return self.sent()

    def sent(self) -> list[tuple[int, ...]]:
        q = self.requests.s
        return [(q.kind[n], q.side[n], q.px[n], q.qty[n], q.code[n]) for n in range(q.n)]

    def ask(self, *rows: dict[str, int]) -> list[int]:
        """Raw requests past the planner; their codes."""
        q = self.requests.s
        q.n = len(rows)
        for n, row in enumerate(rows):
            values = dict(kind=CREATE, slot=n, cl_id=0, venue_id=0, key=n, side=0, px=MID - 100, qty=9, type=LIMIT,
                          tif=GTC, flags=0, code=0)  # fmt: skip
            for name, value in (values | row).items():
                getattr(q, name)[n] = value
        self.commit()
        return [q.code[n] for n in range(q.n)]

    def report(self, *rows: dict[str, int]) -> int:
        """Reports applied in one batch."""
        r = self.reports.s
        r.n = len(rows)
        names = "kind ts cl_id venue_id side px qty left trade_id fee maker amount code".split()
        for n, row in enumerate(rows):
            values = dict.fromkeys(names, 0) | {"ts": self.now} | row
            for name in names:
                getattr(r, name)[n] = values[name]
        return apply_reports(self.ledger.plain, self.reports.plain, self.spec.plain, self.now)

    def step(self) -> int:
        return step(self.limits.plain, self.risk.plain, self.ledger.plain, self.view.plain, self.spec.plain,
                    self.vitals.plain, self.now)  # fmt: skip

    def at(self, seconds: float, mid: int | None = None) -> int:
        """Step `seconds` later with a fresh book (at `mid`, or where it was)."""
        self.now += round(seconds * NS_PER_S)
        self.book(mid if mid is not None else (self.view.s.px[0][0] + self.view.s.px[1][0]) // 2)
        return self.step()

    def hold(self, lots: int, px: int = MID) -> None:
        """A position at `px`, as if filled."""
        from core.domain.order import FILLED

        self.trade += 1
        self.report(dict(kind=FILLED, cl_id=1, side=0 if lots > 0 else 1, px=px, qty=abs(lots), trade_id=self.trade))
