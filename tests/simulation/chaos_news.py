"""What the venue tells without being asked: public rows and changes of its books, in the words of our reports.

Faults change what is told and when, never what is true. News to a dead core is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import tasks
from core.domain.book import F_BBO, F_BOOK, F_GAP, F_MARK, F_TRADE
from core.domain.order import ACCEPTED, AMENDED, CANCELED, EXPIRED, FILLED, FUNDED, REJECTED, Report
from core.engine.inbox import Inbox
from core.venues.wire.behind import Public
from core.venues.wire.orders import Changed

if TYPE_CHECKING:
    from tests.simulation.async_venue import AsyncVenue


def show(inbox: Inbox, number: int, event: Public, now: int) -> None:
    """A public row of the venue as that of instrument `number`."""
    if event.kind == F_BOOK:
        assert event.px is not None
        assert event.sz is not None
        inbox.book(number, event.ts, now, event.px, event.sz)
    elif event.kind in (F_BBO, F_TRADE, F_MARK):
        inbox.small(number, event.ts, now, event.kind, event.values)
    elif event.kind == F_GAP:
        inbox.gap(number, event.ts, now, 1)


class News:
    """The streams of `venue`."""

    def __init__(self, venue: AsyncVenue) -> None:
        self.venue = venue

    def hear(self, event: Public | Changed) -> None:
        """A listener of the exchange."""
        if isinstance(event, Public):
            self._show(event)
            return
        self.venue.replica.keep(self.venue.t)
        report = report_of(event)
        if report is not None:
            self.venue.on_event("venue", report)
            self._tell(report)

    def _show(self, event: Public) -> None:
        venue, inbox = self.venue, self.venue.inbox
        first, last = venue.weather.silent_s
        if inbox is None or first <= venue.t < last:
            return
        now = venue.clock.now()
        if venue.roll("gap"):
            inbox.gap(event.instrument, event.ts, now, 1)
            return
        show(inbox, event.instrument, event, now)

    def _tell(self, report: Report) -> None:
        """The private stream."""
        venue = self.venue
        if venue.roll("report_lost"):
            return
        for _ in range(2 if venue.roll("report_twice") else 1):
            late = 3.0 * venue.dice.random() if venue.roll("report_late") else 0.0
            venue.spawn(self._later(report, venue.leg() + late, venue.inbox), "private news")

    async def _later(self, report: Report, seconds: float, inbox: Inbox | None) -> None:
        await tasks.sleep(seconds)
        self.give(report, inbox, "told")

    def give(self, report: Report, inbox: Inbox | None, name: str) -> None:
        """Into the core that was meant, if it still lives."""
        if inbox is not None and inbox is self.venue.inbox:
            inbox.report(report)
            self.venue.on_event(name, report)
            self.venue.passed("told")


def report_of(change: Changed) -> Report | None:
    """A change of the venue's books as our report; None where no private stream tells it."""
    order, trade, payment = change.order, change.trade, change.payment
    if payment is not None:
        if change.kind != FUNDED:
            return None
        return Report(payment.instrument, FUNDED, payment.ts, trade_id=payment.id, amount=payment.amount)
    if trade is not None:
        left = order.left if order is not None else 0
        return Report(
            trade.instrument, change.kind if change.kind != FILLED else FILLED, trade.ts,
            int(order.client) if order else 0, order.venue_id if order else 0, trade.side, trade.px, trade.qty, left,
            trade.id, trade.fee, int(trade.maker),
        )  # fmt: skip
    if order is None or change.kind not in (ACCEPTED, CANCELED, EXPIRED, REJECTED, AMENDED):
        return None
    return Report(
        order.instrument, change.kind, change.ts, int(order.client or 0), order.venue_id, order.side, order.px,
        order.qty, order.left, code=order.code,
    )  # fmt: skip
