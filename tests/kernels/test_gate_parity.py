"""Every door of execution and risk: the compiled form leaves the same bytes as the plain one after the same calls."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from core.domain.order import (
    ACCEPTED,
    FUNDED,
    GTC,
    IOC,
    LIMIT,
    LIQUIDATED,
    LOST,
    MARKET,
    POST_ONLY,
    REDUCE_ONLY,
    REPORTS,
    STOP,
    TRANSFERRED,
)  # fmt: skip
from core.execution import commit, ledger, planner, recovery, reduce
from core.kernel import Kernels, doors, numba_usable
from core.risk import guard, modes, watch
from tests.unit.execution.desk import MID, Desk

S = 10**9
MODULES = (commit, ledger, planner, recovery, reduce, guard, modes, watch)
OURS = [f for f in doors() if f.__module__ in {m.__name__ for m in MODULES}]


class Driver:
    """Seeded calls of every door on one desk; counts them by name."""

    def __init__(self, form: str, seed: int) -> None:
        self.kernels, self.rng, self.desk = Kernels(form), random.Random(seed), Desk(amend=seed % 2 == 1)
        self.review = reduce.ReduceReview()
        self.called: dict[str, int] = {}
        self.answers: list[Any] = []

    def call(self, door: Any, *args: Any) -> None:
        self.called[door.__name__] = self.called.get(door.__name__, 0) + 1
        blocks = [a for a in args if not isinstance(a, (int, float))]
        rest = [a for a in args if isinstance(a, (int, float))]
        self.answers.append(self.kernels.bind(door, *blocks)(*rest))

    def fill_reports(self) -> None:
        d, rng = self.desk, self.rng
        r, o = d.reports.s, d.ledger.s
        r.n = rng.choice([0, 1, 3, 8])
        for k in range(r.n):
            i = rng.randrange(128)
            for j in range(40):  # mostly about orders that exist
                if o.state[(i + j) % 128] != 0:
                    i = (i + j) % 128
                    break
            r.kind[k] = rng.choice(
                [*range(1, LOST + 1), *[ACCEPTED] * 6, *[4] * 4, FUNDED, LIQUIDATED, TRANSFERRED, 77]
            )
            r.ts[k], r.cl_id[k], r.venue_id[k] = d.now, rng.choice([o.cl_id[i]] * 9 + [0, 12345]), rng.randrange(99)
            r.side[k] = rng.choice([o.side[i]] * 9 + [rng.randrange(3)])
            r.px[k], r.qty[k] = MID + rng.randrange(-900, 900), rng.randrange(0, 12)
            r.left[k], r.trade_id[k] = rng.randrange(9), rng.randrange(0, 500)
            r.fee[k], r.maker[k] = rng.randrange(-500, 900), rng.randrange(2)
            r.amount[k], r.code[k] = rng.randrange(-(10**6), 10**6), rng.choice([0, 1, 14, 22, 32])

    def targets(self) -> None:
        d, rng = self.desk, self.rng
        rows = []
        for key in rng.sample(range(-1, 60), rng.randrange(0, 40)):
            side = rng.randrange(2)
            exit_ = rng.random() < 0.2
            rows.append((key, side, MID - (1 - 2 * side) * rng.randrange(-90, 600), rng.randrange(0, 70),
                         REDUCE_ONLY if exit_ else 0, rng.randrange(9), rng.choice([LIMIT] * 9 + [MARKET]),
                         rng.choice([GTC, POST_ONLY, IOC])))  # fmt: skip
        d.want(*rows)
        d.target.s.hold = int(rng.random() < 0.05)

    def wake(self) -> None:
        d, rng = self.desk, self.rng
        x, r, o, v, s, q, h, t, p, b = (d.limits, d.risk, d.ledger, d.view, d.spec, d.requests, d.vitals, d.target,
                                        d.reports, d.bucket)  # fmt: skip
        d.now += rng.choice([1000, S // 10, S, 7 * S, 400 * S])
        if rng.random() < 0.9:
            d.book(MID + rng.randrange(-3000, 3000), rng.choice([1, 5, 200]), rng.randrange(1, 300))
        if rng.random() < 0.05:
            v.s.mark = v.s.book_ok = 0
        if rng.random() < 0.5:
            h.s.ts, h.s.requests, h.s.request_errors = d.now, 50, rng.randrange(20)
            h.s.order_ack_p99_ns = rng.randrange(900_000_000)
            h.s.liquidation_ts, h.s.liquidation_px = d.now, rng.choice([0, MID // 2, MID - 20_000, MID * 2])
        self.fill_reports()
        self.call(reduce.review, self.review, o, v, p)
        self.call(ledger.apply_reports, o, p, s, d.now)
        self.call(watch.watch_rejects, x, r, p, d.now)
        self.call(guard.step, x, r, o, v, s, h, d.now)
        self.call(recovery.new_decision, o)
        self.targets()
        self.call(reduce.reduce, x, r, o, v, s, t)
        self.call(planner.plan, o, t, q, b, s, d.now)
        cap = rng.choice([210.0, 90.5, math.nan, -1.0, math.inf])
        self.call(commit.gate_and_commit, x, r, o, v, s, q, cap, d.now)
        cl = q.s.cl_id[0] if q.s.n else 12345
        i = rng.randrange(128)
        other = o.s.cl_id[i]
        pick = rng.randrange(9)
        if pick == 0:
            self.call(recovery.unsent, o, cl, rng.randrange(1, 4))
        elif pick == 1:
            self.call(recovery.cancel_sent, o, cl, d.now)
        elif pick == 2:
            self.call(recovery.resolve_absent, o, other, d.now, rng.choice([0, 6 * S]))
        elif pick == 3:
            self.call(recovery.resolve_found, o, other, 7, MID - 50, rng.randrange(0, 20), d.now)
        elif pick == 4:
            self.call(recovery.adopt_order, o, 500 * 128 + i, 9, rng.randrange(3), MID, 4, 0, d.now)
            left = rng.randrange(0, 9)
            self.call(
                recovery.recall_order, o, 400 * 128 + rng.randrange(128), 9, rng.randrange(3), MID, 6, left, 0, d.now
            )
        elif pick == 5:
            self.call(recovery.adopt_position, o, 30, 30 * MID * 1000)
            self.call(recovery.mark_seen, o, rng.choice([-1, 1]) * rng.randrange(1, 900))
        elif pick == 6:
            self.call(guard.start_round, r, o, s, MID, 200 * 10**8, d.now)
            self.call(modes.pause, r, 1, d.now)
            self.call(modes.resume, r, d.now)
        elif pick == 7 and rng.random() < 0.2:
            self.call(modes.halt_now, r, 5, d.now)
        else:
            self.call(modes.rearm, r, d.now)
            self.call(modes.resume, r, d.now)
        self.call(recovery.unrealised_at, o, s, MID)
        self.call(recovery.net_pnl_at, o, s, MID)

    def images(self) -> list[bytes]:
        d = self.desk
        return [b.image() for b in (d.limits, d.risk, d.ledger, d.view, d.spec, d.requests, d.vitals, d.target,
                                    d.reports, d.bucket, self.review)]  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.skipif(not numba_usable()[0], reason="numba cannot run here")
@pytest.mark.parametrize("seed", [11, 12, 13, 14])
def test_plain_and_compiled_leave_the_same_bytes(seed: int) -> None:
    plain, compiled = Driver("plain", seed), Driver("compiled", seed)
    for wake in range(120):
        plain.wake()
        compiled.wake()
        assert plain.answers == compiled.answers, (seed, wake)
        assert plain.images() == compiled.images(), (seed, wake)
    assert any(plain.desk.risk.s.n_refused)
    assert sum(plain.desk.ledger.s.n_created) > 10
    assert plain.desk.ledger.s.n_fills[0] > 5


def test_the_parity_run_calls_every_door() -> None:
    driver = Driver("plain", 5)
    for _ in range(200):
        driver.wake()
    assert {f.__name__ for f in OURS} == set(driver.called)
    assert REPORTS > 8
    assert STOP == 4
