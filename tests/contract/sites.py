"""What a contract test needs of a venue: the common language of orders, and the venue's own truth to compare with.

`Site` is the protocol of the four venues (simulated, paper, ccxt on two wires). Tests speak only through it.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any

import msgspec

from core.domain.events import Read, ReadReply
from core.domain.order import (
    ACCEPTED,
    AMEND,
    AMEND_REJECTED,
    AMENDED,
    CANCEL,
    CANCEL_REJECTED,
    CANCELED,
    CREATE,
    DELEVERAGED,
    EXPIRED,
    FILLED,
    LIMIT,
    LIQUIDATED,
    LOST,
    POST_ONLY,
    REJECTED,
    SLOTS,
    Report,
    Request,
)
from tests.contract.tape import Place

ANSWERS = {
    CREATE: (ACCEPTED, REJECTED, LOST),
    CANCEL: (CANCELED, CANCEL_REJECTED, LOST),
    AMEND: (AMENDED, AMEND_REJECTED, LOST),
}
TRADES = (FILLED, LIQUIDATED, DELEVERAGED)
ENDS = (CANCELED, EXPIRED, REJECTED)


class Can(msgspec.Struct, frozen=True):
    """What the venue has; a test whose demand is not there says so by the name that is missing."""

    amend: bool = True
    amend_ends: bool = False  # an amend that a post-only order cannot follow ends the order
    fok: bool = True
    market: bool = True
    ioc_end: int = EXPIRED  # what ends an order of which a part was filled at once
    cancel_all: bool = False  # by instrument, natively
    conditional: bool = False  # a second book of stops
    dead_man: bool = False
    lifetime: bool = False  # creates carry an expiry
    outage: bool = False  # there is a wire that can fail
    cost_within: int = 0  # 1e-8 quote: how exact the entry price of the venue is
    keeps: bool = True  # the account outlives our side


class Resting(msgspec.Struct, frozen=True, order=True):
    """One open order in the venue's own books; `cl_id` 0 = not one of ours."""

    instrument: int
    venue_id: int
    cl_id: int
    side: int
    px: int
    left: int


class Truth(msgspec.Struct, frozen=True):
    """The venue's own books. `trades` by id: fills and closes that it made; `payments`: (id, instrument, amount)."""

    orders: tuple[Resting, ...]
    clients: tuple[int, ...]  # client id of every order that was ever accepted, in their order
    trades: tuple[Report, ...]
    payments: tuple[tuple[int, int, int], ...]
    positions: dict[int, tuple[int, int]]  # instrument -> lots, cost; flat ones are not there
    liquidations: dict[int, int]  # instrument -> ticks, of the same
    wallet: int

    @property
    def made(self) -> int:
        return len(self.clients)


class Site(abc.ABC):
    """One venue for one test. `log` has every report that was heard, in order; `places[i]` the prices to use."""

    name = ""
    can = Can()

    def __init__(self, places: list[Place]) -> None:
        self.places = places
        self.log: list[Report] = []
        self._number = 0
        self._nonce = 0

    # the port ------------------------------------------------------------------------------------------------------

    @abc.abstractmethod
    async def send(self, request: Request) -> None:
        """Carry one request out; returns when it has its answer."""

    @abc.abstractmethod
    async def reports(self) -> list[Report]:
        """What was heard since the last call, after it became quiet."""

    @abc.abstractmethod
    async def ask(self, read: Read) -> ReadReply:
        """One read."""

    @abc.abstractmethod
    async def cancel_all(self, instrument: int) -> bool:
        """The venue's own cancel-all; False where it has none."""

    @abc.abstractmethod
    async def restart(self) -> None:
        """Our side ends and starts again: another instance of ours on the same account."""

    # behind the wire -----------------------------------------------------------------------------------------------

    @abc.abstractmethod
    def truth(self) -> Truth: ...

    @abc.abstractmethod
    def now(self) -> int:
        """Venue time, ns."""

    @abc.abstractmethod
    async def inject(self, what: str, instrument: int = 0, *values: int) -> None:
        """A venue-made change: a name of core.exchange.faults, or "funding" (a settlement at once)."""

    @abc.abstractmethod
    async def foreign(self, side: int, px: int, qty: int, instrument: int = 0, tif: int = 0) -> None:
        """An order that somebody else places on the same account."""

    @abc.abstractmethod
    async def eventually(self, holds: Callable[[], Any], what: str, seconds: float = 8.0) -> None:
        """Time passes until it holds; fails by name. `log` grows meanwhile."""

    async def conditional(self, side: int, trigger: int, qty: int) -> None:
        """A reduce-only stop in the venue's second book, placed past our door. Only where `can.conditional`."""
        raise NotImplementedError(self.name)

    async def arm_dead_man(self) -> bool:
        """Our side arms the venue's switch; True where it was granted. Only where `can.dead_man`."""
        raise NotImplementedError(self.name)

    async def venue_clock(self, seconds: float) -> None:
        """The venue's clock runs ahead by this from now on. Only where `can.lifetime`."""
        raise NotImplementedError(self.name)

    async def cut(self) -> None:
        """Every stream of ours is cut off. Only where `can.outage`."""
        raise NotImplementedError(self.name)

    async def listening(self) -> None:
        """Until the private streams are up. Only where `can.outage`."""
        raise NotImplementedError(self.name)

    async def outage(self, on: bool) -> None:
        """The venue answers nothing but 503, or is back. Only where `can.outage`."""
        raise NotImplementedError(self.name)

    @abc.abstractmethod
    async def disturb(self) -> None:
        """From now on news come twice and out of order."""

    @abc.abstractmethod
    async def lose_answer(self) -> None:
        """The answer to the next create never arrives, though the venue acts on it."""

    def answers(self) -> list[Report]:
        """What requests were answered, without the news that the venue sends besides."""
        return self.log

    def wire_requests(self) -> int:
        """Requests that reached the venue; 0 where there is no wire."""
        return 0

    def wire_places(self, since: int) -> list[str]:
        """What was asked since `wire_requests` was `since`."""
        return []

    @abc.abstractmethod
    async def funding_due(self) -> None:
        """As much time passes as lies between two questions for funding."""

    # short ways ----------------------------------------------------------------------------------------------------

    async def read(self, what: str) -> ReadReply:
        """One read with a nonce of its own."""
        self._nonce += 1
        return await self.ask(Read(what, self._nonce))

    def top(self, instrument: int = 0) -> tuple[int, int]:
        """Best bid and ask without our orders."""
        place = self.places[instrument]
        return place.bid, place.ask

    def order(
        self, side: int, px: int, qty: int, tif: int = POST_ONLY, flags: int = 0, type: int = LIMIT, i: int = 0
    ) -> Request:
        """A create with an id of its own: sequence and slot, as the ledger makes them."""
        self._number += 1
        cl_id = (self.now() // 1_000_000 + self._number) * SLOTS + self._number % SLOTS
        return Request(0, i, CREATE, cl_id, 0, side, px, qty, type, tif, flags, self._number)

    async def place(self, side: int, px: int, qty: int, *rest: int, **more: int) -> Request:
        """A create that is sent."""
        made = self.order(side, px, qty, *rest, **more)
        await self.send(made)
        return made

    async def cancel(self, order: Request, flags: int = 0) -> None:
        """Cancel one order of ours by its client id."""
        await self.send(msgspec.structs.replace(order, kind=CANCEL, flags=flags))

    async def amend(self, order: Request, px: int, qty: int) -> Request:
        """New price and total size; the request that was sent."""
        made = msgspec.structs.replace(order, kind=AMEND, px=px, qty=qty)
        await self.send(made)
        return made

    def of(self, order: Request, *kinds: int) -> list[Report]:
        """Reports of one order, of these kinds or of all."""
        return [r for r in self.log if r.cl_id == order.cl_id and (not kinds or r.kind in kinds)]

    def fills(self) -> list[Report]:
        """Every trade that was told, once each by its id, in the order of ids."""
        return [found for _, found in sorted({r.trade_id: r for r in self.log if r.kind in TRADES}.items())]

    async def ended(self, order: Request) -> Report:
        """The report that ends the order; waits for it."""
        await self.eventually(lambda: self.of(order, *ENDS), f"an end of order {order.cl_id}")
        return self.of(order, *ENDS)[-1]

    async def hold(self, lots: int, i: int = 0) -> Request:
        """A position of `lots` (signed), taken from the book and told."""
        from core.domain.order import IOC

        side, place = (0 if lots > 0 else 1), self.places[i]
        before = self.truth().positions.get(i, (0, 0))[0]
        px = place.ask + 2 * place.half if side == 0 else place.bid - 2 * place.half
        made = await self.place(side, px, abs(lots), IOC, i=i)
        await self.eventually(lambda: self.truth().positions.get(i, (0, 0))[0] == before + lots, "the position")
        await self.eventually(
            lambda: sum(r.qty for r in self.fills() if r.cl_id == made.cl_id) == abs(lots), "its fills"
        )
        return made
