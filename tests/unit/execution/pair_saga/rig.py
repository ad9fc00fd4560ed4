"""Two legs with real ledgers, planners and gates, and the saga over them; every report is made by hand."""

# ruff: noqa: C408  (rows of blocks read better as keywords)
from __future__ import annotations

from typing import Any

import numpy as np

from core.domain.book import View
from core.domain.order import ACCEPTED, CREATE, FILLED, FREE, RESTING_REJECT, SLOTS, Ledger, Reports, Requests, Target
from core.domain.units import NS_PER_MS
from core.execution.commit import gate_and_commit
from core.execution.ledger import apply_reports
from core.execution.pair_saga.advance import advance
from core.execution.pair_saga.blocks import PairParams, Saga, Wish, pair_params
from core.execution.planner import plan
from core.execution.recovery import adopt_order, adopt_position, mark_seen, new_decision, resolve_absent, resolve_found
from core.kernel import Kernels
from tests.unit.execution.desk import MID, T0, Desk

NAMES = "kind ts cl_id venue_id side px qty left trade_id fee maker amount code".split()
LADDER = np.arange(20)
LIMITS = {"netMax": 5.0, "singleMax": 5.0, "reduceOnlyMaxSlippagePct": 0.02}


class Leg:
    """Blocks and bound doors of one leg; `number` makes its client ids its own."""

    def __init__(self, kernels: Kernels, number: int, **changes: Any) -> None:
        desk = Desk(LIMITS, min_notional=0, **changes)
        self.kernels, self.number = kernels, number
        self.instrument, self.spec, self.limits, self.risk = desk.instrument, desk.spec, desk.limits, desk.risk
        self.view: View = desk.view
        self.bucket = desk.bucket
        self.target, self.requests, self.reports = Target(), Requests(), Reports()
        self.trades = 0
        self.bind(Ledger(next_seq=1000 + number * 10**9))

    def bind(self, ledger: Ledger) -> None:
        """Work on this ledger from now on."""
        k = self.kernels
        self.ledger = ledger
        self.apply = k.bind(apply_reports, ledger, self.reports, self.spec)
        self.plan = k.bind(plan, ledger, self.target, self.requests, self.bucket, self.spec)
        self.gate = k.bind(gate_and_commit, self.limits, self.risk, ledger, self.view, self.spec, self.requests)
        self.new_decision = k.bind(new_decision, ledger)
        self.resolve_absent, self.resolve_found = k.bind(resolve_absent, ledger), k.bind(resolve_found, ledger)
        self.adopt_order, self.adopt_position = k.bind(adopt_order, ledger), k.bind(adopt_position, ledger)
        self.mark_seen = k.bind(mark_seen, ledger)

    def book(self, now: int, mid: int = MID, half: int = 2, size: int = 100, levels: int = 20) -> None:
        """A fresh book round `mid`."""
        v = self.view.s
        px, sz = self.view.array("px"), self.view.array("sz")
        px[:], sz[:] = 0, 0
        px[0, :levels], px[1, :levels] = mid - half - LADDER[:levels], mid + half + LADDER[:levels]
        sz[:, :levels] = size
        v.n_levels[0] = v.n_levels[1] = levels
        v.book_ok, v.ts_recv, v.now, v.mark = 1, now, now, mid

    def report(self, now: int, *rows: dict[str, int]) -> int:
        """Reports applied in one batch."""
        r = self.reports.s
        r.n = len(rows)
        for n, row in enumerate(rows):
            for name in NAMES:
                getattr(r, name)[n] = row.get(name, now if name == "ts" else 0)
        return int(self.apply(now))

    def alive(self) -> list[int]:
        """Slots whose order may still fill."""
        states = self.ledger.array("state")
        return [i for i in range(SLOTS) if states[i] not in (FREE, RESTING_REJECT)]


class Rig:
    """The pair under a hand-moved clock. `sent` holds the requests of the last wake: (leg, kind, side, qty, px)."""

    def __init__(
        self, form: str = "plain", spec_a: dict[str, Any] | None = None, spec_b: dict[str, Any] | None = None,
        grains: tuple[int, int] = (1, 1), **params: Any,
    ) -> None:  # fmt: skip
        self.kernels = Kernels(form)
        self.legs = [Leg(self.kernels, 1, **(spec_a or {})), Leg(self.kernels, 2, **(spec_b or {}))]
        self.saga, self.wish = Saga(), Wish()
        self.params: PairParams = pair_params(grains, **params)
        self.now = T0
        self.sent: list[tuple[int, int, int, int, int]] = []
        self.codes: list[int] = []
        self.bind()
        self.books()
        self.wake()

    def bind(self) -> None:
        a, b = self.legs
        self.advance = self.kernels.bind(
            advance, self.saga, a.ledger, b.ledger, a.view, b.view, a.spec, b.spec, a.target, b.target, self.params,
            self.wish,
        )  # fmt: skip

    def books(self, mid: int = MID, **shape: int) -> None:
        for leg in self.legs:
            leg.book(self.now, mid, **shape)

    def wake(self, release: bool = True) -> int:
        """Advance, plan and gate both legs; returns the state."""
        self.sent, self.codes = [], []
        state = self.advance(self.now)
        for n, leg in enumerate(self.legs):
            if release:
                leg.new_decision()
            leg.plan(self.now)
            leg.gate(10_000.0, self.now)
            q = leg.requests.s
            for k in range(q.n):
                self.codes.append(q.code[k])
                if q.code[k] == 0:
                    self.sent.append((n, q.kind[k], q.side[k], q.qty[k], q.px[k]))
        return int(state)

    def at(self, ms: float, mid: int | None = None, fresh: bool = True) -> int:
        """`ms` later, fresh books, a wake."""
        self.now += round(ms * NS_PER_MS)
        if fresh:
            self.books(*(() if mid is None else (mid,)))
        return self.wake()

    def ask(self, kind: int, lots: int = 0, side: int = 0, first: int = 0) -> int:
        """A new wish and a wake."""
        w = self.wish.s
        w.id, w.kind, w.lots, w.side, w.first = w.id + 1, kind, lots, side, first
        return self.wake()

    def answer(self, leg: int, kind: int, qty: int = 0, code: int = 0, ack: bool = True) -> None:
        """A report about the leg's one order alive; FILLED of an IOC needs a second answer for its rest."""
        there = self.legs[leg]
        slots = there.alive()
        assert len(slots) == 1, f"Expected one order alive, was {len(slots)}"
        o, i = there.ledger.s, slots[0]
        rows = []
        base = dict(cl_id=o.cl_id[i], venue_id=o.cl_id[i], side=o.side[i], px=o.px[i], code=code)
        if kind == FILLED:
            there.trades += 1
            if ack and o.ts_ack[i] == 0:
                rows.append(base | dict(kind=ACCEPTED, qty=o.qty[i]))
            rows.append(base | dict(kind=FILLED, qty=qty or o.left[i], trade_id=there.trades))
        else:
            rows.append(base | dict(kind=kind))
        there.report(self.now, *rows)

    def venue_takes(self, leg: int, lots: int, kind: int) -> None:
        """The venue closes `lots` of the leg by itself."""
        there = self.legs[leg]
        there.trades += 1
        side = 1 if there.ledger.s.pos > 0 else 0
        there.report(self.now, dict(kind=kind, side=side, px=MID, qty=lots, trade_id=there.trades))

    def creates(self) -> list[tuple[int, int, int, int, int]]:
        return [row for row in self.sent if row[1] == CREATE]

    @property
    def s(self) -> Any:
        return self.saga.s

    @property
    def pos(self) -> tuple[int, int]:
        return self.legs[0].ledger.s.pos, self.legs[1].ledger.s.pos
