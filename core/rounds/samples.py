"""The equity and inventory path of a round: one sample a second, thinned when a round is long, and again for charts."""

from __future__ import annotations

from array import array

from core.domain.units import MONEY, NS_PER_S
from core.kpi.performance import (
    calmar,
    drawdown_path,
    periods_a_year,
    returns_of,
    sharpe,
    sortino,
    volatility,
)
from core.rounds.facts import Paths, Performance

KEEP = 20_000  # samples; beyond it every second one is dropped and the step doubles
POINTS = 480  # of a chart
MINUTE_NS = 60 * NS_PER_S


class Samples:
    """Time, equity (1e-8 quote), position (lots) and doubled mid (ticks, 0 = none) of one round."""

    def __init__(self) -> None:
        self.ts, self.equity, self.pos, self.mid2 = array("q"), array("q"), array("q"), array("q")
        self.step_ns = NS_PER_S
        self.peak = 0
        self.depth = 0.0  # deepest drawdown over every sample offered, thinned or not
        self._next = 0

    def add(self, ts: int, equity: int, pos: int, mid2: int) -> None:
        self.peak = max(self.peak, equity)
        drawdown = -1.0 if equity <= 0 or self.peak <= 0 else equity / self.peak - 1.0
        self.depth = min(self.depth, drawdown)
        if ts < self._next:
            return
        self._next = ts + self.step_ns
        self._append(ts, equity, pos, mid2)
        if len(self.ts) > KEEP:
            for name in ("ts", "equity", "pos", "mid2"):
                setattr(self, name, getattr(self, name)[::2])
            self.step_ns *= 2

    def close(self, ts: int, equity: int, pos: int, mid2: int) -> None:
        """The last sample always counts."""
        self._next = 0
        self.add(ts, equity, pos, mid2)

    def _append(self, ts: int, equity: int, pos: int, mid2: int) -> None:
        self.ts.append(ts)
        self.equity.append(equity)
        self.pos.append(pos)
        self.mid2.append(mid2)

    def performance(self) -> Performance:
        """From one-minute returns; equity must have no transfers in it."""
        every, last = [], None
        for ts, equity in zip(self.ts, self.equity, strict=True):
            if last is None or ts >= last + MINUTE_NS:
                every.append(equity / MONEY)
                last = ts if last is None else last + (ts - last) // MINUTE_NS * MINUTE_NS
        returns, n = returns_of(every), periods_a_year(60.0)
        return Performance(
            returns=len(returns),
            sharpe=sharpe(returns, n),
            sortino=sortino(returns, n),
            max_drawdown=self.depth if self.ts else None,
            calmar=calmar(returns, n),
            volatility=volatility(returns, n),
        )

    def paths(self, lot: float, tick: float) -> Paths:
        """At most `POINTS` points; of each stretch the sample with the lowest equity, so that a dip is never lost."""
        equity = [e / MONEY for e in self.equity]
        drawdown = drawdown_path(equity)
        n = len(equity)
        stride = max(1, -(-n // POINTS))
        at = [0] if n else []
        at += [min(range(a, min(a + stride, n)), key=equity.__getitem__) for a in range(1, n, stride)]
        if n and at[-1] != n - 1:
            at.append(n - 1)
        return Paths(
            ts=[self.ts[k] for k in at],
            equity=[equity[k] for k in at],
            drawdown=[drawdown[k] for k in at],
            pos=[self.pos[k] * lot for k in at],
            mid=[self.mid2[k] * tick / 2 if self.mid2[k] else None for k in at],
            step_s=self.step_ns / NS_PER_S,
        )
