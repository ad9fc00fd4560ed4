"""Rounds made by hand for the report tests: a recorder driven through a short market-making round."""

from __future__ import annotations

import math

from core.domain.commands import Pause
from core.domain.events import Asked, Health, Note
from core.domain.order import ACCEPTED, CANCELED, LIMIT, MARKET, REDUCE_ONLY, REJECTED, Refusal, Report
from core.domain.reasons import NET_CAP, POST_ONLY_CROSS
from core.domain.units import NS_PER_S, sign_of
from core.kpi.books import Activity
from core.kpi.latency import LOOP, TICK
from core.kpi.measures import Measures
from core.rounds.facts import RoundFacts, Run
from core.rounds.recorder import Recorder
from core.rounds.scheduler import Ending
from tests.unit.kpi.desk import T0, Desk, create, filled, step

RUN = Run(
    mode="PAPER", market="synthetic seed 7", seed=7, version="0.1.0", config_sha256="ab" * 32,
    config={"net_max": "0.21", "base_size": "0.009"}, equity_limits={"pnl_min": -15.0, "pnl_max": 100.0},
)  # fmt: skip


class Made:
    """Measures and recorder over a hand-made desk, with a market that swings."""

    def __init__(self, run: Run = RUN, names: tuple[str, ...] = ("asmm",)) -> None:
        self.desk = Desk(names)
        self.measures = Measures(self.desk, T0)
        self.recorder = Recorder(self.desk, self.measures, run)
        self.next_id = 1
        self.now = T0

    def take(self, *reports: Report, **more: object) -> None:
        made = step(self.now, *reports, **more)  # type: ignore[arg-type]
        self.measures.take(made)
        self.recorder.take(made)

    def order(self, side: int, px: int, qty: int, key: int = 0, fill: bool = True, **more: int) -> None:
        cl_id, self.next_id = self.next_id, self.next_id + 1
        self.take(requests=(create(cl_id, side, px, qty, key, **more),))
        self.now += 3_000_000
        self.take(Report(0, ACCEPTED, self.now, cl_id=cl_id, venue_id=cl_id))
        if fill:
            fee = 0 if more.get("type", LIMIT) == LIMIT else -(-px * qty * 1000 * 400 // 1_000_000)
            self.desk.trade(side, px, qty, fee)
            self.take(filled(cl_id, side, px, qty, fee=fee, maker=int(fee == 0)))
        else:
            self.take(Report(0, CANCELED, self.now, cl_id=cl_id))

    def play(self, minutes: int = 30, number: int = 1) -> RoundFacts:
        """Two-sided quoting on a sine with a drift; ends with a reduce at market; returns the facts."""
        self.recorder.begin(self.now, number)
        start = self.now
        for second in range(minutes * 60):
            self.now = start + (second + 1) * NS_PER_S
            mid = 250_000 + round(300 * math.sin(second / 200) + second * 0.05)
            self.desk.book(mid - 5, mid + 5, ts=self.now)
            self.desk.active = [Activity(quotes=second, suppressed=second // 3, ts_quoted=self.now)]
            self.measures.latency.record(TICK, 160_000 + second * 137)
            self.measures.latency.record(LOOP, 20_000)
            self.take(rows=40, inputs=(Health(),))
            if second % 20 == 0:
                side = (second // 20) % 2
                self.order(side, mid - 5 * sign_of(side), 8, key=side * 24 + second // 20 % 6, fill=second % 40 < 25)
        self.take(requests=(create(self.next_id, 0, mid, 500),), notes=(Note("warn", "drawdown_band", "loss 5"),))
        self.take(Report(0, REJECTED, self.now, cl_id=self.next_id, code=POST_ONLY_CROSS))
        self.next_id += 1
        self.take(refused=(Refusal(create(self.next_id, 1), NET_CAP),), inputs=(Asked(Pause(who="ann@pts/1")),))
        self.next_id += 1
        pos = self.desk.ledger(0).s.pos
        if pos:
            side = 1 if pos > 0 else 0
            px = mid - 5 if side else mid + 5
            self.order(side, px, abs(pos), 50, type=MARKET, flags=REDUCE_ONLY)
        self.now += NS_PER_S
        due = start + 1800 * NS_PER_S
        ending = Ending(number, start, due, self.now, "timer", "flat", True)
        return self.recorder.end(ending, "mm_mid_price 2500.05\n# HELP x\nmm_position 0\n")
