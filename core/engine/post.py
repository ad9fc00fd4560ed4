"""One strategy on one instrument: its blocks, and the kernels bound to them in the order in which a wake calls them.

Owns no rule: observe, apply, guard, plan, gate are kernels elsewhere. May be bound again to switch from plain to
compiled between two moments.
"""

from __future__ import annotations

from msgspec.structs import astuple

from core.domain.book import Feed, View
from core.domain.instrument import Instrument, Spec, spec_of
from core.domain.order import (
    DELEVERAGED,
    FILLED,
    FUNDED,
    LIQUIDATED,
    SLOTS,
    Ledger,
    Report,
    Reports,
    Requests,
    Target,
)
from core.execution.blocks import PlanParams
from core.execution.closing import Grid
from core.execution.commit import gate_and_commit
from core.execution.ledger import apply_reports
from core.execution.planner import plan
from core.execution.recovery import (
    adopt_order,
    adopt_position,
    cancel_sent,
    mark_seen,
    new_decision,
    recall_order,
    resolve_absent,
    resolve_found,
    unsent,
)
from core.execution.reduce import reduce
from core.kernel import Block, Kernels
from core.risk.blocks import Limits, Risk, Vitals
from core.risk.guard import start_round, step
from core.risk.modes import halt_now, pause, rearm, resume
from core.risk.watch import watch_rejects
from core.signals.blocks import SignalParams, Signals
from core.signals.observe import observe

NUMBER_SHIFT = 44  # ledger number above the sequence, so that a client id names its ledger
REPORT_FIELDS = tuple(name for name in Report.__struct_fields__ if name != "instrument")
MONEY_KINDS = (FILLED, LIQUIDATED, DELEVERAGED, FUNDED)


class Taken:
    """What ledgers took since the last `clear`, in order: `reports[k]` by the ledger `numbers[k]`."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.numbers: list[int] = []

    def clear(self) -> None:
        self.reports.clear()
        self.numbers.clear()


class Post:
    """`number` counts ledgers of the engine, `seat` strategies, `place` instruments, `account` venue accounts."""

    def __init__(
        self, number: int, seat: int, place: int, instrument: Instrument, signal_params: SignalParams,
        limits: Limits, plan_params: PlanParams, view: View, first_seq: int, budget: int = 0, account: int = 0,
    ) -> None:  # fmt: skip
        self.number, self.seat, self.place, self.account = number, seat, place, account
        self.instrument = instrument
        self.spec: Spec = spec_of(instrument, place)
        self.view = view
        self.signals, self.signal_params = Signals(), signal_params
        self.ledger = Ledger(next_seq=(number << NUMBER_SHIFT) + first_seq)
        self.target, self.requests, self.reports = Target(), Requests(), Reports()
        self.taken = Taken()  # of the engine: one for all its posts
        self._report_columns = [getattr(self.reports.s, name) for name in REPORT_FIELDS]
        self.limits, self.risk, self.vitals = limits, Risk(buffer=-1.0), Vitals()  # not known before a mark
        self.plan_params = plan_params
        self.budget = budget  # 1e-8 quote; 0 = the whole account
        self.retry_at = 0  # refused exits wait until then while rejects cool down
        self.foreign_lots = 0  # held before us: shown, never touched
        self.grid = Grid(place, instrument.min_lots, instrument.max_lots, instrument.unit)  # of closes, as listed now
        self.shut = False  # its market is closed, whatever its book says: a pair holds through it (R-N6)
        self.pulling: set[int] = set()  # client ids of orders that a tightened limit takes back, until they are gone
        self.pulled_at: dict[int, int] = {}  # when each was last cancelled for that
        self.tightened: dict[str, int] = {}  # field of the limits that an operator tightened -> the configuration's

    def bind(self, kernels: Kernels) -> None:
        """Bind every door to this post's blocks."""
        self._kernels = kernels
        ledger, risk, spec, limits = self.ledger, self.risk, self.spec, self.limits
        bind = kernels.bind
        self.apply_reports = bind(apply_reports, ledger, self.reports, spec)
        self.watch_rejects = bind(watch_rejects, limits, risk, self.reports)
        self.guard = bind(step, limits, risk, ledger, self.view, spec, self.vitals)
        self.new_decision = bind(new_decision, ledger)
        self.reduce = bind(reduce, limits, risk, ledger, self.view, spec, self.target)
        self.plan = bind(plan, ledger, self.target, self.requests, self.plan_params, spec)
        self.gate = bind(gate_and_commit, limits, risk, ledger, self.view, spec, self.requests)
        self.unsent, self.cancel_sent = bind(unsent, ledger), bind(cancel_sent, ledger)
        self.resolve_found, self.resolve_absent = bind(resolve_found, ledger), bind(resolve_absent, ledger)
        self.adopt_order, self.adopt_position = bind(adopt_order, ledger), bind(adopt_position, ledger)
        self.mark_seen, self.recall_order = bind(mark_seen, ledger), bind(recall_order, ledger)
        self.start_round = bind(start_round, risk, ledger, spec)
        self.halt_now, self.pause = bind(halt_now, risk), bind(pause, risk)
        self.resume, self.rearm = bind(resume, risk), bind(rearm, risk)

    def bind_feed(self, feed: Feed) -> None:
        """The window of feed rows changed."""
        self.observe = self._kernels.bind(observe, self.view, self.signals, self.signal_params, feed)

    def take(self, reports: list[Report], now: int) -> None:
        """Reports of one instant into the ledger, one by one in order: only so is it known which of them it took."""
        columns, taken = self._report_columns, self.taken
        self.reports.s.n = 1
        for report in reports:
            for column, value in zip(columns, astuple(report)[1:], strict=True):
                column[0] = value
            if self.apply_reports(now) or self._stop_order(report):
                taken.reports.append(report)
                taken.numbers.append(self.number)
            self.watch_rejects(now)

    def _stop_order(self, report: Report) -> bool:
        """A word of an order that has no slot here, as a stop's own closes: no ledger has an opinion on it."""
        return report.kind not in MONEY_KINDS and self.ledger.s.cl_id[report.cl_id % SLOTS] != report.cl_id

    @property
    def suppressed(self) -> int:
        """Orders left alone though not exactly at target, since the start (S3-46)."""
        return int(self.requests.s.n_suppressed)

    def unrealised(self) -> int:
        """At the mark, 1e-8 quote; a position without a mark counts at cost."""
        ledger, mark = self.ledger.s, self.view.s.mark
        return int(ledger.pos * mark * self.spec.s.unit - ledger.cost) if mark > 0 else 0

    def net_pnl(self) -> int:
        """price_pnl - fees + funding at the mark, 1e-8 quote."""
        ledger = self.ledger.s
        return int(ledger.realised + self.unrealised() - ledger.fees + ledger.funding)

    def blocks(self) -> dict[str, Block]:
        """All state by name, for images and checks."""
        return {
            "view": self.view, "signals": self.signals, "ledger": self.ledger, "target": self.target,
            "requests": self.requests, "risk": self.risk, "vitals": self.vitals, "plan": self.plan_params,
        }  # fmt: skip
