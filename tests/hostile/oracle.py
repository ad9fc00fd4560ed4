"""What may reach the core, whatever the wire said: plain integers on the grid, books in order, reports that fit.

`Strict` is the inbox of the adapter under test; it keeps the first thing that should have been refused, and what came.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np

from core.codec.grid import MAX_LEVEL, MAX_UNITS
from core.domain.book import F_MARK, F_TRADE, LEVELS
from core.domain.events import Input
from core.domain.instrument import Instrument
from core.domain.order import Report
from core.domain.units import BUY, FAR, MAX_NOTIONAL, SELL
from core.engine.inbox import Inbox

WORD = 1 << 62


class Strict(Inbox):
    """An inbox that checks. `wrong` lists what is not plain; `seen` counts what came, by kind."""

    def __init__(self, instrument: Instrument) -> None:
        super().__init__(1)
        self.instrument = instrument
        self.wrong: list[str] = []
        self.seen: Counter[str] = Counter()
        self.best: tuple[int, int] = (0, 0)
        self.kept: list[Report] = []

    def _say(self, what: str) -> None:
        if len(self.wrong) < 20:
            self.wrong.append(what)

    def _times(self, ts_exch: Any, ts_recv: Any) -> None:
        if type(ts_exch) is not int or type(ts_recv) is not int or not ts_exch <= ts_recv or ts_recv <= 0:
            self._say(f"times {ts_exch!r} {ts_recv!r}")
        elif not -WORD < ts_exch < WORD:
            self._say(f"exchange time {ts_exch}")

    def book(self, instrument: int, ts_exch: int, ts_recv: int, px: np.ndarray, sz: np.ndarray) -> None:
        self.seen["book"] += 1
        self._times(ts_exch, ts_recv)
        if px.shape != (2, LEVELS) or px.dtype != np.int64 or sz.dtype != np.int64:
            self._say(f"book of {px.shape} {px.dtype}")
        for side, sign in ((BUY, -1), (SELL, 1)):
            levels = [(int(p), int(q)) for p, q in zip(px[side], sz[side], strict=True)]
            depth = sum(1 for p, _ in levels if p)
            if any(p or q for p, q in levels[depth:]) or any(not p for p, _ in levels[:depth]):
                self._say(f"a hole in side {side}: {levels[:6]}")
            prices = [p for p, _ in levels[:depth]]
            if any(sign * a >= sign * b for a, b in pairwise(prices)):
                self._say(f"side {side} is not in order: {prices[:6]}")
            for p, q in levels[:depth]:
                if not (0 < p <= MAX_UNITS and 0 < q <= MAX_UNITS and p * q * self.instrument.unit <= MAX_LEVEL):
                    self._say(f"level {p} x {q}")
        self.best = (int(px[BUY][0]), int(px[SELL][0]))
        if self.best[0] and self.best[1] and self.best[0] >= self.best[1]:
            self._say(f"crossed {self.best}")
        super().book(instrument, ts_exch, ts_recv, px, sz)

    def small(self, instrument: int, ts_exch: int, ts_recv: int, kind: int, values: tuple[int, int, int, int]) -> None:
        self.seen["trade" if kind == F_TRADE else "mark"] += 1
        self._times(ts_exch, ts_recv)
        if any(type(value) is not int or not -WORD <= value <= WORD for value in values):
            self._say(f"row {kind} {values}")
        elif kind == F_TRADE:
            px, sz, side, _ = values
            if not (0 < px <= MAX_UNITS and 0 < sz <= MAX_UNITS and side in (-1, 1)):
                self._say(f"trade {values}")
            elif px * sz * self.instrument.unit > MAX_LEVEL:
                self._say(f"trade of {px} x {sz}")
        elif kind == F_MARK:
            mark, index, rate, settles = values
            if not (0 < mark <= MAX_UNITS and 0 <= index <= MAX_UNITS and settles >= 0):
                self._say(f"mark {values}")
            elif rate != FAR and abs(rate) > MAX_UNITS:
                self._say(f"rate {rate}")
        super().small(instrument, ts_exch, ts_recv, kind, values)

    def report(self, report: Report) -> None:
        self.seen["report"] += 1
        self.kept.append(report)
        for name in report.__struct_fields__:
            value = getattr(report, name)
            if type(value) is not int or not -WORD < value < (1 << 63):
                self._say(f"report {name} {value!r}")
                return
        if report.side not in (BUY, SELL) or min(report.px, report.qty, report.left) < 0 or report.ts < 0:
            self._say(f"report {report}")
        elif report.px * report.qty * self.instrument.unit > MAX_LEVEL or abs(report.fee) > MAX_NOTIONAL:
            self._say(f"report of {report.px} x {report.qty}, fee {report.fee}")
        super().report(report)

    def input(self, event: Input) -> None:
        self.seen[type(event).__name__] += 1
        super().input(event)

    def empty(self) -> None:
        """Taken by nobody: what waits is dropped, as the driver would take it."""
        self.take_market(0)
        self.take_reports()
        self.take_inputs()
        self.alarmed = False
