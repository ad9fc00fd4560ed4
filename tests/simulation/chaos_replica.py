"""What reads are answered from: the venue's books now, or a replica up to three seconds behind, or a list with a hole.

A replica never shows what has not happened; a list that lost a page is whole again at the next read, since a venue
that lies twice running is outside the model (RELIABILITY.md section 8).
"""

from __future__ import annotations

from collections import deque
from typing import Any

from core.domain.events import HeldPosition, OpenOrder
from core.domain.order import Report
from core.venues.wire.behind import WireExchange
from core.venues.wire.orders import Changed
from tests.simulation.chaos_news import report_of

LAG_S = 3.0
View = tuple[float, tuple[OpenOrder, ...], tuple[HeldPosition, ...], int, int, int]


class Replica:
    """`keep` after each change of the books; `found` answers a read."""

    def __init__(self, exchange: WireExchange) -> None:
        self.exchange = exchange
        self._past: deque[View] = deque()
        self._whole: set[str] = set()  # reads whose next answer has no hole

    def keep(self, t: float) -> None:
        """The books as they are from `t` on."""
        past = self._past
        past.append((t, *self._now()))
        while len(past) > 1 and past[1][0] < t - LAG_S:
            past.popleft()

    def _now(self) -> tuple[tuple[OpenOrder, ...], tuple[HeldPosition, ...], int, int, int]:
        exchange, books = self.exchange, self.exchange.books
        orders = tuple(
            OpenOrder(o.instrument, int(o.client or 0), o.venue_id, o.side, o.px, o.left, o.flags)
            for o in books.open_of()
        )
        held = [(i, *exchange.position(i)) for i in range(len(exchange.instruments))]
        positions = tuple(HeldPosition(i, pos, cost, 0) for i, pos, cost in held if pos)
        return orders, positions, len(books.trades), len(books.payments), exchange.exchange.balance()

    def _at(self, t: float) -> tuple[tuple[OpenOrder, ...], tuple[HeldPosition, ...], int, int, int]:
        for view in reversed(self._past):
            if view[0] <= t:
                return view[1:]
        return self._past[0][1:] if self._past else self._now()

    def found(self, what: str, t: float, lag_s: float = 0.0, hole: float = -1.0) -> dict[str, Any]:
        """The fields of a reply: as the books were `lag_s` ago; `hole` 0..1 is where a row is missing, -1 = none."""
        orders, positions, trades, payments, balance = self._at(t - lag_s) if lag_s > 0 else self._now()
        if what == "balance":
            return {"balance": balance}
        rows: tuple[Any, ...]
        rows = {"orders": orders, "positions": positions}.get(what) or ()
        if what == "trades":
            rows = self._trades(trades, payments)
        return {what: self._holed(what, rows, hole)}

    def _holed(self, what: str, rows: tuple[Any, ...], hole: float) -> tuple[Any, ...]:
        if hole < 0 or what in self._whole or not rows:
            self._whole.discard(what)
            return rows
        self._whole.add(what)
        first = int(hole * len(rows))
        return rows[:first] + rows[first + max(1, len(rows) // 2) :]

    def _trades(self, trades: int, payments: int) -> tuple[Report, ...]:
        books = self.exchange.books
        told = [report_of(Changed(t.kind, t.ts, t.instrument, t.order, t)) for t in books.trades[:trades]]
        told += [report_of(Changed(p.kind, p.ts, p.instrument, payment=p)) for p in books.payments[:payments]]
        return tuple(sorted((r for r in told if r is not None), key=lambda report: report.trade_id))
