"""One venue of the pair for crashes in virtual time: its books are the truth, and outlive every core that trades there.

A request that is on its way arrives whether its sender lives or not; an answer or a private message to a dead core is
lost. Seeded weather loses, delays, doubles and refuses. Points of `passed` are where the world may end the core.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import msgspec

from core import rng
from core.domain.events import HeldPosition, OpenOrder, Read, ReadReply
from core.domain.order import (
    ACCEPTED,
    AMEND,
    AMEND_REJECTED,
    AMENDED,
    CANCEL_REJECTED,
    CANCELED,
    CREATE,
    FILLED,
    LOST,
    REDUCE_ONLY,
    REJECTED,
    Report,
    Request,
)
from core.domain.ports import Clock
from core.domain.reasons import UNKNOWN_ORDER_ID, VENUE_CLOSED
from core.domain.units import NS_PER_S, sign_of
from core.engine.inbox import Inbox
from core.venues.wire.behind import Public, WireExchange
from core.venues.wire.orders import Changed, WireOrder
from tests.simulation.async_venue import report_of
from tests.simulation.chaos_news import show

LIFETIME_S = 2.0  # a create that arrives later is refused by the venue (R)
TIMEOUT_S = 2.0
WAY_S = (0.002, 0.012)
Spawn = Callable[[Coroutine[Any, Any, None]], object]


@dataclass
class Weather:
    """Chances of a request or message; all zero is a quiet day. `down` = nothing passes in either direction."""

    lose_before: float = 0.0  # the request never arrives, the caller times out
    lose_after: float = 0.0  # it is acted on, the answer never comes
    late: float = 0.0  # on its way for up to 2.5 s
    refuse: float = 0.0  # the venue says no
    report_lost: float = 0.0
    report_twice: float = 0.0
    report_late: float = 0.0
    read_fails: float = 0.0
    down: bool = False


class Shop:
    """The venue of leg `leg`. `inbox` is that of the core that lives, None while none does."""

    def __init__(
        self, leg: int, exchange: WireExchange, clock: Clock, seed: int, spawn: Spawn,
        passed: Callable[[str, int], None],
    ) -> None:  # fmt: skip
        self.leg, self.exchange, self.clock, self.spawn, self.passed = leg, exchange, clock, spawn, passed
        self.weather = Weather()
        self.inbox: Inbox | None = None
        self.since_ns = 0  # trades before it belong to nobody who asks
        self.sent: Counter[int] = Counter()
        self.arrived: Counter[int] = Counter()
        self.worst = 0  # lots on the opening side at the worst, held and in the book
        self.happened: Counter[str] = Counter()
        self._filled: Counter[int] = Counter()  # by number of the order
        self._dice = rng.stream(seed, f"shop {leg}")
        exchange.listeners.append(self._hear)

    @property
    def pos(self) -> int:
        """Lots, the venue's own word."""
        return self.exchange.position(0)[0]

    def open(self) -> list[WireOrder]:
        return self.exchange.books.open_of()

    def roll(self, what: str) -> bool:
        chance = getattr(self.weather, what)
        if chance <= 0 or float(self._dice.random()) >= chance:
            return False
        self.happened[what] += 1
        return True

    def way(self) -> float:
        return WAY_S[0] + (WAY_S[1] - WAY_S[0]) * float(self._dice.random())

    # news ------------------------------------------------------------------------------------------------------------

    def _hear(self, event: Public | Changed) -> None:
        if isinstance(event, Public):
            self._show(event)
            return
        side = sign_of(self.leg)
        buy, sell = self.exchange.books.worst_lots(0)
        self.worst = max(self.worst, self.pos * side + (buy if side > 0 else sell))
        report = report_of(event)
        if report is None:
            return
        if event.trade is not None and event.order is not None:  # the order's own figure is already that of the end
            self._filled[event.order.number] += report.qty
            report = msgspec.structs.replace(report, left=event.order.qty - self._filled[event.order.number])
        self._tell(report)

    def _show(self, event: Public) -> None:
        inbox, now = self.inbox, self.clock.now()
        if inbox is None or self.weather.down:
            return
        show(inbox, self.leg, event, now)

    def _tell(self, report: Report) -> None:
        report = msgspec.structs.replace(report, instrument=self.leg)
        if self.roll("report_lost"):
            return
        for _ in range(2 if self.roll("report_twice") else 1):
            late = 2.0 * float(self._dice.random()) if self.roll("report_late") else 0.0
            self.spawn(self._later(report, self.way() + late, self.inbox))

    async def _later(self, report: Report, seconds: float, inbox: Inbox | None) -> None:
        await asyncio.sleep(seconds)
        self._give(report, inbox)

    def _give(self, report: Report, inbox: Inbox | None) -> None:
        """Into the core that was meant, if it still lives; the moments round it are places to die at."""
        if inbox is None or inbox is not self.inbox or (self.weather.down and report.kind != LOST):
            return
        name = {ACCEPTED: "ack", FILLED: "partial" if report.left else "full"}.get(report.kind, "told")
        self.passed(f"untold {name}", self.leg)
        if inbox is self.inbox:
            inbox.report(report)
            self.passed(f"in {name}", self.leg)

    # what the core calls ---------------------------------------------------------------------------------------------

    async def send(self, request: Request) -> None:
        """Returns when the answer is there. The core may be gone by then: the request goes on without it."""
        self.passed("send", self.leg)
        if request.kind == CREATE:
            self.sent[request.cl_id] += 1
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.spawn(self._carry(request, answered, self.inbox))
        self.passed("sent", self.leg)
        await answered

    async def _carry(self, request: Request, answered: asyncio.Future[None], inbox: Inbox | None) -> None:
        kind, code, venue_id = await self._fate(request)
        if self.weather.down and kind != LOST:  # the answer does not come through: the caller's own time runs out
            await asyncio.sleep(TIMEOUT_S)
            kind, code, venue_id = LOST, 0, 0
        self._give(
            Report(
                self.leg, kind, self.clock.now(), request.cl_id, venue_id or request.venue_id, request.side,
                request.px, request.qty, request.qty, code=code,
            ), inbox,
        )  # fmt: skip
        if not answered.done():
            answered.set_result(None)

    async def _fate(self, request: Request) -> tuple[int, int, int]:
        refused = {CREATE: REJECTED, AMEND: AMEND_REJECTED}.get(request.kind, CANCEL_REJECTED)
        if self.weather.down or self.roll("lose_before"):
            await asyncio.sleep(TIMEOUT_S)
            return LOST, 0, 0
        late = 2.5 * float(self._dice.random()) if self.roll("late") else 0.0
        way = self.way() + late
        opens = request.kind == CREATE and not request.flags & REDUCE_ONLY
        if way > TIMEOUT_S:
            self.spawn(self._arrive_later(request, way))
            await asyncio.sleep(TIMEOUT_S)
            return LOST, 0, 0
        await asyncio.sleep(way)
        if opens and self.roll("refuse"):
            return refused, VENUE_CLOSED, 0
        found = self._arrive(request, way)
        if self.roll("lose_after"):
            await asyncio.sleep(TIMEOUT_S)
            return LOST, 0, 0
        await asyncio.sleep(self.way())
        return found

    async def _arrive_later(self, request: Request, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._arrive(request, seconds)

    def _arrive(self, request: Request, age_s: float) -> tuple[int, int, int]:
        """At the venue: (report kind, code, venue id)."""
        self.passed("arriving", self.leg)
        if request.kind == CREATE:
            if age_s > LIFETIME_S:
                return REJECTED, VENUE_CLOSED, 0
            self.arrived[request.cl_id] += 1
            order = self.exchange.create(
                str(request.cl_id), 0, request.side, request.px, request.qty, request.type, request.tif, request.flags
            )
            found = (REJECTED, order.code, 0) if order.status == "rejected" else (ACCEPTED, 0, order.venue_id)
        else:
            found = self._change(request)
        self.passed("arrived", self.leg)
        return found

    def _change(self, request: Request) -> tuple[int, int, int]:
        books = self.exchange.books
        order = books.by_venue(request.venue_id) if request.venue_id else None
        order = order or (books.by_client(str(request.cl_id)) if request.cl_id else None)
        if request.kind == AMEND:
            code = self.exchange.amend(order, request.px, request.qty) if order is not None else UNKNOWN_ORDER_ID
            return (AMENDED, 0, request.venue_id) if code == 0 else (AMEND_REJECTED, code, 0)
        if order is not None and self.exchange.cancel(order):
            return CANCELED, 0, order.venue_id
        return CANCEL_REJECTED, UNKNOWN_ORDER_ID, 0

    async def read(self, read: Read) -> ReadReply:
        """As the real reader: trades from `since_ns` on."""
        await asyncio.sleep(self.way() * 2)
        self.passed("read", self.leg)
        if self.weather.down or self.roll("read_fails"):
            return ReadReply(read.what, read.nonce, self.clock.now(), error="503", account=read.account)
        self.exchange.catch_up()
        found: dict[str, Any] = {}
        if read.what == "orders":
            found["orders"] = tuple(
                OpenOrder(self.leg, int(o.client or 0), o.venue_id, o.side, o.px, o.left, o.flags) for o in self.open()
            )
        elif read.what == "positions":
            pos, cost = self.exchange.position(0)
            found["positions"] = (HeldPosition(self.leg, pos, cost, 0),) if pos else ()
        elif read.what == "trades":
            found["trades"] = self._trades()
        else:
            found["balance"] = self.exchange.exchange.balance()
        reply = ReadReply(read.what, read.nonce, self.clock.now(), account=read.account, **found)
        await asyncio.sleep(self.way())
        self.passed("read answered", self.leg)
        return reply

    def _trades(self) -> tuple[Report, ...]:
        out = []
        for t in reversed(self.exchange.books.trades):
            if t.ts < self.since_ns - NS_PER_S:
                break
            report = report_of(Changed(t.kind, t.ts, t.instrument, t.order, t))
            if report is not None and report.ts >= self.since_ns:
                out.append(msgspec.structs.replace(report, instrument=self.leg))
        return tuple(reversed(out))
