"""A venue in virtual time for the live driver: the loopback exchange behind latencies and seeded faults, no sockets.

Its own books are the oracle. What it tells may be late, doubled, out of order or missing; what it did is certain. A
request that is on its way arrives whether its sender lives or not; answers and news to a dead core are lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from core import tasks
from core.domain.events import Health, Read, ReadReply
from core.domain.order import (
    ACCEPTED,
    AMEND,
    AMEND_REJECTED,
    AMENDED,
    CANCEL,
    CANCEL_REJECTED,
    CANCELED,
    CREATE,
    LOST,
    REJECTED,
    Report,
    Request,
)
from core.domain.ports import Clock
from core.domain.reasons import BAD_REQUEST, DUPLICATE_ID, RATE_LIMIT, UNKNOWN_ORDER_ID, VENUE_CLOSED
from core.domain.units import NS_PER_S
from core.engine.inbox import Inbox
from core.venues.wire.behind import WireExchange
from core.venues.wire.orders import WireOrder
from tests.simulation.chaos_door import Door, lane_of, lane_of_read
from tests.simulation.chaos_news import News, report_of
from tests.simulation.chaos_replica import LAG_S, Replica
from tests.simulation.weather import Dice, Weather

__all__ = ["AsyncVenue", "Weather", "report_of"]

LIFETIME_S = 2.0  # R: a create or amend whose stamp is older at the venue is refused
AHEAD_S = 1.0  # a stamp this far ahead of the venue's clock is refused too
TIMEOUT_S = 2.0
PUMP_S = 0.02
Spawn = Callable[[Coroutine[Any, Any, Any], str], object]
Fate = tuple[int, int, int, str]  # report kind, code, venue id, what it says of the venue itself ("" = nothing)
NO = {CREATE: REJECTED, AMEND: AMEND_REJECTED}


@dataclass
class Log:
    """What passed by, for assertions. Times in seconds of the run."""

    creates: list[tuple[float, int]] = field(default_factory=list)  # that reached the venue
    sent: list[tuple[float, Request]] = field(default_factory=list)  # that the core handed over
    faults: dict[str, int] = field(default_factory=dict)
    early: list[float] = field(default_factory=list)  # requests that left inside a Retry-After that had been told


class AsyncVenue:
    """`core.domain.ports.LivePort` over a `WireExchange`. Client ids are the plain numbers as text.

    `inbox` is that of the core that lives, None while none does; `spawn` starts what outlives a core. `passed(point)`
    is called where a core may be made to die; `on_event(name, what)` hears everything, for the trace.
    """

    def __init__(
        self, exchange: WireExchange, inbox: Inbox | None, clock: Clock, seed: int, weather: Weather,
        spawn: Spawn = tasks.spawn,
    ) -> None:  # fmt: skip
        self.exchange, self.inbox, self.clock, self.weather, self.spawn = exchange, inbox, clock, weather, spawn
        self.dice = Dice(weather, seed)
        self.log = Log(faults=self.dice.fired)
        self.start = clock.now()
        self.on_send: Callable[[Request], None] | None = None
        self.passed: Callable[[str], None] = lambda point: None
        self.on_event: Callable[[str, Any], None] = lambda name, what: None
        self.door = Door(clock, exchange.skew_ns)
        self.replica = Replica(exchange)
        self.until_t = 0.0  # the venue bans until then
        self._told_until = 0.0  # of the ban that this core has heard of
        self._measured_t = 0.0
        self.ended = False
        self.news = News(self)
        exchange.listeners.append(self.news.hear)

    @property
    def t(self) -> float:
        return (self.clock.now() - self.start) / NS_PER_S

    def roll(self, what: str) -> bool:
        return self.dice.roll(what, self.t)

    def leg(self) -> float:
        return 0.002 + 0.01 * self.dice.random()

    def connect(self, inbox: Inbox | None) -> None:
        """A new core, with a door of its own, or none."""
        self.inbox = inbox
        self.door, self._told_until = Door(self.clock, self.exchange.skew_ns), 0.0

    async def pump(self) -> None:
        """The market runs while this does; now and then the clock is asked for, as the adapter does."""
        while not self.ended:
            await tasks.sleep(PUMP_S)
            self.exchange.catch_up()
            half_open = self.door.condition.probe_due(self.clock.now())
            if half_open or self.t - self._measured_t > self.door.next_measure_s:
                self._measured_t = self.t
                self._probe(half_open)

    def _probe(self, half_open: bool) -> None:
        """The venue's time: it corrects stamps, and closes a breaker that is half open."""
        if self.t < self._told_until:
            return
        if self.closed or self._bans():
            self._learn("closed" if self.closed else "banned", self.door)
            return
        self.door.measured(self.exchange.skew_ns)
        self.door.probed(half_open)

    @property
    def closed(self) -> bool:
        """Maintenance."""
        first, last = self.weather.down_s
        return first <= self.t < last

    # requests --------------------------------------------------------------------------------------------------------

    async def send(self, request: Request) -> None:
        """Returns when the answer is there. The core may be gone by then: the request goes on without it."""
        self.log.sent.append((self.t, request))
        if self.on_send is not None:
            self.on_send(request)
        self.passed("send")
        door, inbox = self.door, self.inbox
        code = door.blocks(request)
        if not code and not await door.admit(lane_of(request)):
            code = RATE_LIMIT
        if code:
            self._answer(request, (NO.get(request.kind, CANCEL_REJECTED), code, 0, ""), inbox)
            return
        self.on_event("send", request)
        self._left()
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.spawn(self._carry(request, answered, inbox, door), "request")
        await answered

    def _left(self) -> None:
        """Something leaves for the venue: not inside a ban that was told (R-N2)."""
        if self.t < self._told_until - 1e-6:
            self.log.early.append(self.t)

    async def _carry(
        self, request: Request, answered: asyncio.Future[None], inbox: Inbox | None, door: Door
    ) -> None:  # fmt: skip
        asked = self.clock.now()
        fate = await self._fate(request, door)
        self._answer(request, fate, inbox, asked if fate[0] == AMENDED else 0)  # as old as the question
        if not answered.done():
            answered.set_result(None)

    async def _fate(self, request: Request, door: Door) -> Fate:
        """What the sender hears, and when; what that says of the venue is learnt at the door."""
        stamp = door.stamp()
        if self.roll("lose_before"):
            await tasks.sleep(TIMEOUT_S)
            door.failed("ok")
            return LOST, 0, 0, ""
        late = 4.0 * self.dice.random() if self.roll("late") else 0.0
        if late > TIMEOUT_S:
            self.spawn(self._arrive(request, stamp, late), "a late request")
            await tasks.sleep(TIMEOUT_S)
            door.failed("ok")
            return LOST, 0, 0, ""
        found = await self._arrive(request, stamp, self.leg() + late)
        if not found[3] and self.roll("request_twice"):
            await tasks.sleep(0.05 * self.dice.random())
            again = self._again(request)
            found = again if self.dice.random() < 0.5 else found
        self.passed("arrived")
        if not found[3] and self.roll("lose_after"):
            await tasks.sleep(TIMEOUT_S)
            door.failed("ok")
            return LOST, 0, 0, ""
        await tasks.sleep(self.leg() + (1.5 * self.dice.random() if self.roll("answer_late") else 0.0))
        if not found[3] and self.roll("error_after"):
            found = LOST, 0, 0, "overloaded"
        self._learn(found[3], door)
        return found

    def _learn(self, word: str, door: Door) -> None:
        """What an answer says of the venue itself; of a ban what is left of it."""
        if not word:
            return
        door.failed(word, max(0.001, self.until_t - self.t))
        if word == "banned" and door is self.door:
            self._told_until = self.until_t

    def _again(self, request: Request) -> Fate:
        """The same packet once more. A cancel finds nothing; of the rest the venue says that it knows it, which is no
        word on its fate."""
        return self._change(request) if request.kind == CANCEL else (LOST, DUPLICATE_ID, 0, "")

    async def _arrive(self, request: Request, stamp: int, seconds: float) -> Fate:
        """On its way for `seconds`, then at the venue."""
        await tasks.sleep(seconds)
        self.on_event("arrive", request)
        no = NO.get(request.kind, CANCEL_REJECTED)
        if self.closed:
            return no, VENUE_CLOSED, 0, "closed"
        if self._bans():
            return no, RATE_LIMIT, 0, "banned"
        if self.roll("error_before"):
            return LOST, 0, 0, "overloaded"
        age = (self.exchange.now() - stamp) / NS_PER_S
        if request.kind != CANCEL and (age > LIFETIME_S or age < -AHEAD_S):
            return no, BAD_REQUEST, 0, "clock"
        if request.kind != CREATE:
            return self._change(request)
        if self._open(request) is not None:
            return no, DUPLICATE_ID, 0, ""
        self.log.creates.append((self.t, request.cl_id))
        order = self.exchange.create(
            str(request.cl_id), request.instrument, request.side, request.px, request.qty, request.type, request.tif,
            request.flags,
        )  # fmt: skip
        return (no, order.code, 0, "") if order.status == "rejected" else (ACCEPTED, 0, order.venue_id, "")

    def _bans(self) -> bool:
        """429 or 418 for a while, for everything that arrives in it."""
        if self.t >= self.until_t and self.roll("banned"):
            self.until_t = self.t + 1.0 + 3.0 * self.dice.random()
        return self.t < self.until_t

    def _change(self, request: Request) -> Fate:
        found = self._order(request)
        if request.kind == AMEND:
            code = self.exchange.amend(found, request.px, request.qty) if found is not None else UNKNOWN_ORDER_ID
            return (AMENDED, 0, request.venue_id, "") if code == 0 else (AMEND_REJECTED, code, 0, "")
        if found is not None and self.exchange.cancel(found):
            return CANCELED, 0, found.venue_id, ""
        return CANCEL_REJECTED, UNKNOWN_ORDER_ID, 0, ""

    def _open(self, request: Request) -> WireOrder | None:
        order = self.exchange.books.by_client(str(request.cl_id))
        return order if order is not None and order.open else None

    def _order(self, request: Request) -> WireOrder | None:
        books = self.exchange.books
        order = books.by_venue(request.venue_id) if request.venue_id else None
        return order or (books.by_client(str(request.cl_id)) if request.cl_id else None)

    def _answer(self, request: Request, fate: Fate, inbox: Inbox | None, ts: int = 0) -> None:
        kind, code, venue_id, _ = fate
        order = self.exchange.books.by_venue(venue_id) if kind == CANCELED else None  # a cancel says what had filled
        qty, left = (request.qty, request.qty) if order is None else (order.qty, order.left)
        self.news.give(
            Report(
                request.instrument, kind, ts or self.clock.now(), request.cl_id, venue_id or request.venue_id,
                request.side, request.px, qty, left, code=code,
            ), inbox, "answer",
        )  # fmt: skip

    # reads -----------------------------------------------------------------------------------------------------------

    async def read(self, read: Read, emergency: bool = False) -> ReadReply:
        door = self.door
        asked = self.clock.now()
        if not await door.admit(lane_of_read(emergency)):
            return self._no_reply(read, door.word("nothing sent", emergency))
        self._left()
        await tasks.sleep(self.leg() * 2)
        if self.closed:
            door.failed("closed")
            return self._no_reply(read, "503")
        if self._bans():
            await tasks.sleep(self.leg())
            self._learn("banned", door)
            return self._no_reply(read, door.word("429", emergency))
        if self.roll("read_fails"):
            door.failed("ok")
            return self._no_reply(read, "no answer")
        self.exchange.catch_up()
        lag = LAG_S * self.dice.random() if self.roll("read_stale") else 0.0
        hole = self.dice.random() if self.roll("page_lost") else -1.0
        found = self.replica.found(read.what, self.t, lag, hole)
        proves_at = door.answered(asked)
        reply = ReadReply(
            read.what, read.nonce, self.clock.now(), account=read.account, proof=not proves_at, proves_at=proves_at,
            spent=door.spent,
            **found,
        )  # fmt: skip
        await tasks.sleep(self.leg())
        self.on_event("read", reply)
        self.passed("read")
        return reply

    def _no_reply(self, read: Read, why: str) -> ReadReply:
        reply = ReadReply(read.what, read.nonce, self.clock.now(), error=why, account=read.account)
        self.on_event("read", reply)
        return reply

    async def cancel_all(self, instrument: int) -> bool:
        return False

    def health(self) -> Health:
        first, last = self.weather.silent_s
        return Health(links_down=int(first <= self.t < last), clock_offset_ns=self.door.condition.offset_ns)
