"""Counts of orders and fills in three scopes at once: since the start, of the running round, of each minute of the last
hour. Owns no event: `core.kpi.measures` says what happened.
"""

from __future__ import annotations

from collections import deque

from core.domain.order import LIMIT
from core.domain.units import NS_PER_S
from core.kpi.orders import Order
from core.kpi.quality import Quality

MINUTES = 60
MINUTE_NS = 60 * NS_PER_S


class Scopes:
    """Index `i` of every list is a ledger. `now` ns is the core's time of the first step."""

    def __init__(self, count: int, now: int) -> None:
        self.total = [Quality() for _ in range(count)]
        self.round = [Quality() for _ in range(count)]
        self.minutes: list[deque[Quality]] = [deque([Quality()], maxlen=MINUTES) for _ in range(count)]
        self._minute = now // MINUTE_NS

    def of(self, i: int) -> tuple[Quality, Quality, Quality]:
        """What an event of ledger `i` counts in."""
        return self.total[i], self.round[i], self.minutes[i][-1]

    def turn(self, ts: int) -> None:
        """Once a second: open the minute of `ts`."""
        minute = ts // MINUTE_NS
        if minute != self._minute:
            for ring in self.minutes:
                ring.extend(Quality() for _ in range(min(minute - self._minute, MINUTES)))
            self._minute = minute

    def hour(self, i: int) -> Quality:
        """The last 60 minutes of one ledger."""
        total = Quality()
        for minute in self.minutes[i]:
            total.add(minute)
        return total

    def new_round(self) -> None:
        self.round = [Quality() for _ in self.round]

    # orders ---------------------------------------------------------------------------------------------------------
    def placed(self, order: Order) -> None:
        """A create was asked of the venue."""
        for scope in self.of(order.i):
            scope.sides[order.side].placed += 1
            if (layer := scope.layer(order.key)) is not None:
                layer.placed += 1

    def submitted(self, order: Order) -> None:
        """The venue knows the order, once; only limit orders have a share that fills."""
        if order.counted:
            return
        order.counted = True
        if order.type == LIMIT:
            for scope in self.of(order.i):
                for count in (scope.sides[order.side], scope.layer(order.key)):
                    if count is not None:
                        count.submitted += 1
                        count.ordered_lots += order.qty

    def sized(self, order: Order, qty: int) -> None:
        """The order is `qty` lots from now on."""
        if order.type == LIMIT and order.counted and qty != order.qty:
            for scope in self.of(order.i):
                scope.sides[order.side].ordered_lots += qty - order.qty
        order.qty = qty

    def filled(self, order: Order, ts: int) -> None:
        """Nothing of it is left."""
        for scope in self.of(order.i):
            if order.type == LIMIT:
                for count in (scope.sides[order.side], scope.layer(order.key)):
                    if count is not None:
                        count.filled += 1
            scope.time_to_fill.record(ts - order.sent)

    def canceled(self, order: Order) -> None:
        for scope in self.of(order.i):
            scope.sides[order.side].canceled += 1

    def lost(self, order: Order) -> None:
        """A request stayed without an answer."""
        for scope in self.of(order.i):
            scope.lost += 1

    # refusals -------------------------------------------------------------------------------------------------------
    def engine_refused(self, i: int, code: int) -> None:
        """Our own gate said no."""
        for scope in self.of(i):
            scope.engine_refused += 1
            scope.rejected(code)

    def wire_refused(self, i: int, code: int, created: Order | None) -> None:
        """The wire gate dropped a request; `created`: the order that so was never placed."""
        for scope in self.of(i):
            scope.wire_refused += 1
            scope.rejected(code)
            if created is not None:
                scope.sides[created.side].placed -= 1

    def venue_rejected(self, i: int, code: int) -> None:
        for scope in self.of(i):
            scope.venue_rejected += 1
            scope.rejected(code)
