"""A venue in virtual time for the live driver: the loopback exchange behind latencies and seeded faults, no sockets.

Its own books are the oracle. What it tells may be late, doubled, out of order or missing; what it did is certain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core import rng, tasks
from core.domain.book import F_BBO, F_BOOK, F_GAP, F_MARK, F_TRADE
from core.domain.events import Health, HeldPosition, Link, OpenOrder, Read, ReadReply
from core.domain.order import (
    ACCEPTED,
    AMEND,
    AMEND_REJECTED,
    AMENDED,
    CANCEL_REJECTED,
    CANCELED,
    CREATE,
    EXPIRED,
    FILLED,
    FUNDED,
    LOST,
    REJECTED,
    Report,
    Request,
)
from core.domain.ports import Clock
from core.domain.reasons import UNKNOWN_ORDER_ID, VENUE_CLOSED
from core.domain.units import NS_PER_S
from core.engine.inbox import Inbox
from core.venues.wire.behind import Public, WireExchange
from core.venues.wire.orders import Changed, WireOrder

LIFETIME_S = 2.0  # R: a create that arrives later is refused by the venue
TIMEOUT_S = 2.0
PUMP_S = 0.02


@dataclass
class Weather:
    """Chances per request or frame while `now < until_s` of the run; all zero is a quiet day."""

    until_s: float = 0.0
    lose_before: float = 0.0  # the request never arrives, the caller times out
    lose_after: float = 0.0  # it is acted on, the answer never comes
    error_after: float = 0.0  # acted on, then answered 5xx at once
    late: float = 0.0  # the request is on its way for up to 4 s
    report_lost: float = 0.0
    report_twice: float = 0.0
    report_late: float = 0.0
    gap: float = 0.0
    read_fails: float = 0.0
    silent_s: tuple[float, float] = (0.0, 0.0)  # no public data between these seconds
    down_s: tuple[float, float] = (0.0, 0.0)  # every request fails before it arrives


@dataclass
class Log:
    """What passed by, for assertions. Times in seconds of the run."""

    creates: list[tuple[float, int]] = field(default_factory=list)
    sent: list[tuple[float, Request]] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)


class AsyncVenue:
    """`core.domain.ports.LivePort` over a `WireExchange`. Client ids are the plain numbers as text."""

    def __init__(self, exchange: WireExchange, inbox: Inbox, clock: Clock, seed: int, weather: Weather) -> None:
        self.exchange, self.inbox, self.clock, self.weather = exchange, inbox, clock, weather
        self.log = Log()
        self.start = clock.now()
        self.on_send: Callable[[Request], None] | None = None
        self._dice = rng.stream(seed, "async venue")
        self.ended = False
        exchange.listeners.append(self._hear)

    @property
    def t(self) -> float:
        return (self.clock.now() - self.start) / NS_PER_S

    def _roll(self, what: str) -> bool:
        chance = getattr(self.weather, what)
        if self.t >= self.weather.until_s or chance <= 0 or float(self._dice.random()) >= chance:
            return False
        self.log.faults[what] = self.log.faults.get(what, 0) + 1
        return True

    def _leg(self) -> float:
        return 0.002 + 0.01 * float(self._dice.random())

    async def pump(self) -> None:
        """The market runs while this does."""
        while not self.ended:
            await tasks.sleep(PUMP_S)
            self.exchange.catch_up()

    # news ------------------------------------------------------------------------------------------------------------

    def _hear(self, event: Public | Changed) -> None:
        if isinstance(event, Public):
            self._show(event)
        else:
            report = report_of(event)
            if report is not None:
                self._tell(report)

    def _show(self, event: Public) -> None:
        first, last = self.weather.silent_s
        if first <= self.t < last:
            return
        now = self.clock.now()
        if self._roll("gap"):
            self.inbox.gap(event.instrument, event.ts, now, 1)
            return
        if event.kind == F_BOOK:
            assert event.px is not None
            assert event.sz is not None
            self.inbox.book(event.instrument, event.ts, now, event.px, event.sz)
        elif event.kind in (F_BBO, F_TRADE, F_MARK):
            self.inbox.small(event.instrument, event.ts, now, event.kind, event.values)
        elif event.kind == F_GAP:
            self.inbox.gap(event.instrument, event.ts, now, 1)

    def _tell(self, report: Report) -> None:
        """The private stream: faults change what is told, never what is true."""
        if self._roll("report_lost"):
            return
        for _ in range(2 if self._roll("report_twice") else 1):
            late = 3.0 * float(self._dice.random()) if self._roll("report_late") else 0.0
            tasks.spawn(self._later(report, self._leg() + late), "private news")

    async def _later(self, report: Report, seconds: float) -> None:
        await tasks.sleep(seconds)
        self.inbox.report(report)

    # the port --------------------------------------------------------------------------------------------------------

    async def send(self, request: Request) -> None:
        self.log.sent.append((self.t, request))
        if self.on_send is not None:
            self.on_send(request)
        sent = self.t
        first, last = self.weather.down_s
        if first <= sent < last:
            await tasks.sleep(self._leg())
            self._answer(
                request, {CREATE: REJECTED, AMEND: AMEND_REJECTED}.get(request.kind, CANCEL_REJECTED), VENUE_CLOSED
            )
            return
        if self._roll("lose_before"):
            await tasks.sleep(TIMEOUT_S)
            self._answer(request, LOST)
            return
        late = 4.0 * float(self._dice.random()) if self._roll("late") else 0.0
        if late > TIMEOUT_S:
            tasks.spawn(self._arrive(request, sent, late), "a late request")
            await tasks.sleep(TIMEOUT_S)
            self._answer(request, LOST)
            return
        found = await self._arrive(request, sent, self._leg() + late)
        if self._roll("lose_after"):
            await tasks.sleep(TIMEOUT_S)
            self._answer(request, LOST)
            return
        await tasks.sleep(self._leg())
        if self._roll("error_after"):
            self._answer(request, LOST)
            return
        self._answer(request, *found)

    async def _arrive(self, request: Request, sent: float, seconds: float) -> tuple[int, int, int]:
        """The request is at the venue: (report kind, code, venue id)."""
        await tasks.sleep(seconds)
        if request.kind == CREATE:
            if self.t - sent > LIFETIME_S:
                return REJECTED, VENUE_CLOSED, 0
            self.log.creates.append((self.t, request.cl_id))
            order = self.exchange.create(
                str(request.cl_id), request.instrument, request.side, request.px, request.qty, request.type,
                request.tif, request.flags,
            )  # fmt: skip
            if order.status == "rejected":
                return REJECTED, order.code, 0
            return ACCEPTED, 0, order.venue_id
        found = self._order(request)
        if request.kind == AMEND:
            code = self.exchange.amend(found, request.px, request.qty) if found is not None else UNKNOWN_ORDER_ID
            return (AMENDED, 0, request.venue_id) if code == 0 else (AMEND_REJECTED, code, 0)
        if found is not None and self.exchange.cancel(found):
            return CANCELED, 0, found.venue_id
        return CANCEL_REJECTED, UNKNOWN_ORDER_ID, 0

    def _order(self, request: Request) -> WireOrder | None:
        books = self.exchange.books
        order = books.by_venue(request.venue_id) if request.venue_id else None
        return order or (books.by_client(str(request.cl_id)) if request.cl_id else None)

    def _answer(self, request: Request, kind: int, code: int = 0, venue_id: int = 0) -> None:
        self.inbox.report(
            Report(
                request.instrument, kind, self.clock.now(), request.cl_id, venue_id or request.venue_id, request.side,
                request.px, request.qty, request.qty, code=code,
            )
        )  # fmt: skip

    async def read(self, read: Read, emergency: bool = False) -> ReadReply:
        await tasks.sleep(self._leg() * 2)
        first, last = self.weather.down_s
        if first <= self.t < last or self._roll("read_fails"):
            return ReadReply(read.what, read.nonce, self.clock.now(), error="503")
        self.exchange.catch_up()
        found: dict[str, Any] = {}
        if read.what == "orders":
            found["orders"] = tuple(
                OpenOrder(o.instrument, int(o.client or 0), o.venue_id, o.side, o.px, o.left, o.flags)
                for o in self.exchange.books.open_of()
            )
        elif read.what == "positions":
            held = [(i, *self.exchange.position(i)) for i in range(len(self.exchange.instruments))]
            found["positions"] = tuple(HeldPosition(i, pos, cost, 0) for i, pos, cost in held if pos)
        elif read.what == "trades":
            found["trades"] = self._trades()
        else:
            found["balance"] = self.exchange.exchange.balance()
        reply = ReadReply(read.what, read.nonce, self.clock.now(), **found)
        await tasks.sleep(self._leg())
        return reply

    def _trades(self) -> tuple[Report, ...]:
        books = self.exchange.books
        told = [report_of(Changed(t.kind, t.ts, t.instrument, t.order, t)) for t in books.trades]
        told += [report_of(Changed(p.kind, p.ts, p.instrument, payment=p)) for p in books.payments]
        return tuple(sorted((r for r in told if r is not None), key=lambda report: report.trade_id))

    async def cancel_all(self, instrument: int) -> bool:
        return False

    def health(self) -> Health:
        first, last = self.weather.silent_s
        return Health(links_down=int(first <= self.t < last))

    def link(self, up: bool) -> None:
        """Say that the public stream came or went."""
        self.inbox.input(Link(0, up, "book"))


def report_of(change: Changed) -> Report | None:
    """A change of the venue's books as our report."""
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
