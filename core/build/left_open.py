"""What a journal says after the record of our holdings was written: orders that may stand, and fills that were told.

The record is a checkpoint, the journal the write-ahead log behind it. Whatever is in doubt counts as open: reads prove
it away. Nothing here asks a venue.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from core.build.holdings import Holding, LeftOpen
from core.domain.events import ReadReply, RequestRefused
from core.domain.order import (
    ACCEPTED,
    AMEND,
    AMENDED,
    CANCELED,
    CREATE,
    EXPIRED,
    FILLED,
    REJECTED,
    SLOTS,
    Report,
    Request,
)
from core.engine.journal import AnyFrame, Frame
from core.engine.orders import OWNER_SHIFT
from core.execution.closeout import is_stop

replace = msgspec.structs.replace


@dataclass
class Tail:
    """`rows` with the orders that may stand at the end of the journal; `fills` that the rows do not hold, by ledger."""

    rows: tuple[Holding, ...]
    fills: list[tuple[int, Report]] = field(default_factory=list)


def tail_of(rows: Sequence[Holding], frames: Iterable[AnyFrame]) -> Tail:
    """The rows of a record, and what the frames after it did to their orders.

    An order stays until it was refused, or cancelled, or its slot was used again: a fill does not end it here, since
    the fill is told once more to the ledger that goes on with these rows.
    """
    books = {row.ledger: _Book(row) for row in rows}
    for frame in frames:
        if isinstance(frame, Frame):
            _step(books, frame)
    fills = [(number, report) for number, book in books.items() for report in book.fills]
    return Tail(tuple(book.row() for book in books.values()), sorted(fills, key=lambda fill: fill[1].ts))


def _step(books: dict[int, _Book], frame: Frame) -> None:
    def of(cl_id: int) -> _Book | None:
        return None if cl_id <= 0 or is_stop(cl_id) else books.get(cl_id >> OWNER_SHIFT)

    reports = list(frame.moment.reports)
    for event in frame.moment.inputs:
        if isinstance(event, ReadReply):
            reports += [trade for trade in event.trades if trade.kind == FILLED]
            for order in event.orders:
                if (book := of(order.cl_id)) is not None:
                    book.listed(LeftOpen(order.cl_id, order.venue_id, order.side, order.px, order.left, order.left,
                                         order.flags, event.ts))  # fmt: skip
        elif isinstance(event, RequestRefused) and event.kind == CREATE and (book := of(event.cl_id)) is not None:
            book.ended(event.cl_id)
    for report in reports:
        if (book := of(report.cl_id)) is not None:
            book.told(report)
    for request in frame.requests:
        if (book := of(request.cl_id)) is not None:
            book.asked(request, frame.moment.ts)


class _Book:
    """The orders of one ledger, by client id."""

    def __init__(self, row: Holding) -> None:
        self._row = row
        self._open = {order.cl_id: order for order in row.orders}
        self._gone: set[int] = set()
        self._seen = set(row.seen)
        self._filled: dict[int, int] = {}  # lots by client id, told in the tail
        self.fills: list[Report] = []

    def row(self) -> Holding:
        return replace(self._row, orders=tuple(self._open.values()))

    def ended(self, cl_id: int) -> None:
        self._open.pop(cl_id, None)
        self._gone.add(cl_id)

    def listed(self, order: LeftOpen) -> None:
        """An order of a run before, that a list showed; a list may be older than the end of the order."""
        if order.cl_id not in self._open and order.cl_id not in self._gone:
            self._open[order.cl_id] = order

    def asked(self, request: Request, ts: int) -> None:
        """A request that may have left."""
        if request.kind == CREATE:
            for old in [cl_id for cl_id in self._open if cl_id % SLOTS == request.cl_id % SLOTS]:
                self.ended(old)
            self._open[request.cl_id] = LeftOpen(
                request.cl_id, 0, request.side, request.px, request.qty, request.qty, request.flags, ts
            )
        elif request.kind == AMEND and (order := self._open.get(request.cl_id)) is not None:
            more = max(0, request.qty - order.qty)
            self._open[request.cl_id] = replace(order, qty=order.qty + more, left=order.left + more, ts_sent=ts)

    def told(self, report: Report) -> None:
        """A report that the ledger has taken."""
        order = self._open.get(report.cl_id)
        if report.kind == FILLED:
            if report.trade_id > 0 and report.trade_id not in self._seen:
                self._seen.add(report.trade_id)
                self._filled[report.cl_id] = self._filled.get(report.cl_id, 0) + report.qty
                self.fills.append(report)
        elif order is None:
            return
        elif report.kind in (REJECTED, CANCELED, EXPIRED):
            told = self._filled.get(order.cl_id, 0)
            untold = report.qty - report.left - (order.qty - order.left) - told
            if report.left > 0 and untold > 0:  # the end of it, with fills that nobody has told yet
                self._open[order.cl_id] = replace(order, left=min(order.left, told + untold))
            else:
                self.ended(order.cl_id)
        elif report.kind == ACCEPTED:
            self._open[order.cl_id] = replace(order, venue_id=report.venue_id)
        elif report.kind == AMENDED and report.ts >= order.ts_sent and 0 < report.qty < order.qty:
            left = max(0, report.qty - (order.qty - order.left))
            self._open[order.cl_id] = replace(order, qty=report.qty, left=left)
            if left == 0:
                self.ended(order.cl_id)
