"""Real accounts for stops: blocking `PanicVenue`s over ccxt, each with a thread and an event loop of its own.

The roster is what the venue lists, not what a config says. Nothing connects before the first question, and a question
that fails is asked again by the caller: a venue that is down delays its own stop and no other.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from core.control.evidence import Fill
from core.control.insisting import insist
from core.control.legs import legs_of
from core.control.naming import names
from core.control.venue_record import Traded, VenueRecord, by_hand
from core.domain.errors import Refused, Unavailable
from core.domain.events import HeldPosition, OpenOrder, Read, ReadReply
from core.domain.lateness import LAG_NS, LIFETIME_NS, SKEW_NS, UNBOUNDED_NS
from core.domain.order import CANCEL, CREATE, Report, Request
from core.domain.units import NS_PER_MS, NS_PER_S
from core.execution.closing import BANDS, Grid, Touch
from core.guard.redact import PROCESS
from core.venues.ccxt.roster import MOST_LOTS

if TYPE_CHECKING:
    from core.domain.ports import Clock
    from core.venues.ccxt.account import Account
    from core.venues.ccxt.closer import Books, ClosingAccount, Level
    from core.venues.ccxt.roster import Entry

T = TypeVar("T")
ANSWER_S = 20.0  # one question with all that it needs; each request has 5 s of its own, beside the windows it waits out
WAITED_NS = 5 * NS_PER_S  # a Retry-After that the account waits out itself; a longer one is shown
CLOSE_S = 2.0
FILLS_S = 3.0  # the stop is over by then: evidence must not hold its end up
TOUCH_NS = 300 * NS_PER_MS
LOOPBACK_PATIENCE_S = 60.0


class _Loop:
    """A thread with an event loop; `ask` blocks until a coroutine has answered there."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def ask(self, question: Coroutine[Any, Any, T], seconds: float) -> T:
        """Raises Unavailable after `seconds`. What has left by then the venue may still do; nothing leaves later."""
        future = asyncio.run_coroutine_threadsafe(question, self._loop)
        try:
            return future.result(seconds)
        except concurrent.futures.TimeoutError:
            future.cancel()
            raise Unavailable(f"no answer in {seconds:.0f} s") from None

    def end(self) -> None:
        """Stop the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CLOSE_S)
        if not self._thread.is_alive():
            self._loop.close()


class CancelAccount:
    """A `PanicVenue` that reads and cancels. It has no way to create: neither this object nor the client below it."""

    def __init__(self, record: VenueRecord, account: Account, clock: Clock) -> None:
        self.record, self.clock = record, clock
        self.name = record.label
        self.symbols = account.roster.shown
        self.grids = tuple(
            Grid(number, one.min_lots, one.max_lots, one.unit, dust_value=one.dust)
            for number, one in enumerate(record.traded)
        )  # fmt: skip
        self.foreign = tuple((number, one.foreign) for number, one in enumerate(record.traded) if one.foreign)
        self.legs = legs_of(record.traded)
        bounded = account.traits.expires
        self.q_ns = LIFETIME_NS + SKEW_NS + LAG_NS if bounded else UNBOUNDED_NS
        self.patience_s: float | None = LOOPBACK_PATIENCE_S if record.network == "loopback" else None
        self._account = account
        self._thread = _Loop(f"stop {record.label}")

    @property
    def listed_grids(self) -> tuple[Grid, ...]:
        """Of what no record names and the venue listed, as the venue says itself."""
        return tuple(
            Grid(one.number, one.min_lots, one.max_lots, one.unit)
            for one in list(self._account.roster.entries)
            if not one.ours
        )

    @property
    def renewed(self) -> tuple[tuple[Grid, int], ...]:
        """Of what the venue trades on another grid than recorded: the new one, and the foreign lots in it."""
        return tuple(
            (_grid(one, traded), traded.foreign * one.scale)
            for one, traded in zip(list(self._account.roster.entries), self.record.traded, strict=False)
            if one.relisted
        )

    def read(self, read: Read) -> ReadReply:
        """Orders or positions of the whole account; every failure is the reply's `error`."""
        return self.read_all((read,))[0]

    def read_all(self, reads: Sequence[Read]) -> list[ReadReply]:
        """The same for several questions that leave together."""
        account = self._account
        if account.key_refused:
            refused, account.key_refused = account.key_refused, ""
            return [self._reply(read, error=f"auth: {refused}; {by_hand(self.record)}") for read in reads]
        left = account.banned_until - self.clock.now()
        if left > WAITED_NS:
            until = f"banned {account.banned_until} until the venue's Retry-After is over"
            return [self._reply(read, error=until) for read in reads]

        async def ask() -> list[ReadReply]:
            return list(await asyncio.gather(*(self._answer(read) for read in reads)))

        try:
            return self._thread.ask(ask(), ANSWER_S)
        except Unavailable as error:
            return [self._reply(read, error=account.error_text(error)) for read in reads]

    async def _answer(self, read: Read) -> ReadReply:
        from core.venues.ccxt.faults import FAULTS

        account = self._account
        try:
            if read.what == "orders":
                return self._reply(read, orders=await insist(account.orders, account.lives))
            return self._reply(read, positions=await insist(account.positions, account.lives))
        except FAULTS as error:
            text = account.error_text(error)
            if text.startswith("auth"):
                text += f"; {by_hand(self.record)}"
            else:
                await account.heal(error)
            return self._reply(read, error=text)

    @property
    def unreachable(self) -> tuple[int, str]:
        """How many orders are listed that nobody can cancel from here, and their words."""
        unlisted = self._account.unlisted
        return sum(unlisted.orders.values()), unlisted.text()

    def lives(self) -> bool:
        """Whether the venue answers something cheap now; for a stop that waits out a growing delay."""
        if self.clock.now() < self._account.banned_until:
            return False
        try:
            return self._thread.ask(self._account.lives(), ANSWER_S)
        except Unavailable:
            return False

    def _reply(
        self,
        read: Read,
        orders: tuple[OpenOrder, ...] = (),
        positions: tuple[HeldPosition, ...] = (),
        error: str = "",
    ) -> ReadReply:
        self.symbols = self._account.roster.shown
        return ReadReply(read.what, read.nonce, self.clock.now(), orders, positions, error=PROCESS.clean(error))

    def send(self, requests: Sequence[Request]) -> Sequence[Report]:
        """Cancels; what they did the next read says. Raises Refused for anything else."""
        if any(request.kind != CANCEL for request in requests):
            raise Refused("Expected cancels, was a create: this account only cancels")
        self._ask(self._account.cancel([request.venue_id for request in requests]))
        return ()

    def touch(self) -> Sequence[Touch]:
        """Cancels need no prices."""
        return ()

    def _ask(self, question: Coroutine[Any, Any, T], seconds: float = ANSWER_S) -> T:
        """As `send` and `touch` fail: Unavailable with a clean text."""
        from core.venues.ccxt.faults import FAULTS

        try:
            return self._thread.ask(question, seconds)
        except FAULTS as error:
            raise Unavailable(PROCESS.clean(self._account.error_text(error))) from None

    def symbol_of(self, text: str) -> str:
        """Our symbol for what a person typed; empty where the account has no such instrument."""
        entry = self._account.roster.named(text)
        return "" if entry is None else entry.shown

    def knows(self, text: str) -> bool:
        """Whether the venue lists an instrument of this name at all."""
        return names(self._account.exchange.markets or (), text)

    def close(self) -> None:
        """End connections and thread."""
        try:
            self._ask(self._account.close())
        except Unavailable:
            self._thread.end()
            return
        self._thread.end()


class LiveAccount(CancelAccount):
    """With closes: the account of `panic`. Prices are asked for only once no order is left to cancel."""

    def __init__(self, record: VenueRecord, account: ClosingAccount, clock: Clock) -> None:
        super().__init__(record, account, clock)
        self._closing = account
        self._clean = False
        self._held: tuple[int, ...] = ()
        self._touches: tuple[Touch, ...] = ()
        self._touched = 0

    def read_all(self, reads: Sequence[Read]) -> list[ReadReply]:
        replies = super().read_all(reads)
        for reply in replies:
            if reply.what == "orders":
                self._clean = not reply.error and not reply.orders
            elif not reply.error:
                self._held = tuple(held.instrument for held in reply.positions)
        return replies

    def send(self, requests: Sequence[Request]) -> Sequence[Report]:
        """Cancels, then the closes, each once."""
        cancels = [request for request in requests if request.kind == CANCEL]
        if cancels:
            super().send(cancels)
        closes = [request for request in requests if request.kind == CREATE]
        return self._ask(self._closing.reduce_all(closes)) if closes else ()

    def fills(self, since_ns: int) -> list[Fill]:
        """What the closes brought, for the evidence. Raises Unavailable where the venue does not say in time."""
        if not self._closing.closes:
            return []
        listed = self._ask(self._closing.fills(since_ns // NS_PER_MS), FILLS_S)
        return [_fill(self.name, entry.shown, trade, middle) for entry, trade, middle in listed]

    def touch(self) -> Sequence[Touch]:
        """Books of what was held when it was last listed, all at once, at most 300 ms old; none while orders are still
        being cancelled. A book that cannot be had is left out: a close does not wait for one. Soon after a Retry-After
        none is asked for: it could bring the next one."""
        now = self.clock.now()
        if not self._clean or not self._held:
            return ()
        if now - self._touched > TOUCH_NS:
            books: Books = {}
            if not self._closing.careful:
                with contextlib.suppress(Unavailable):
                    books = self._ask(self._closing.books(self._held))
            self._touches = tuple(self._touch(number, bids, asks) for number, (bids, asks) in books.items())
            self._touched = self.clock.now()
        return self._touches

    def _touch(self, instrument: int, bids: list[Level], asks: list[Level]) -> Touch:
        entry = self._closing.roster.entries[instrument]
        if not bids or not asks:
            return Touch(instrument, self.clock.now(), 0, 0, (0, 0, 0), (0, 0, 0))
        middle = (bids[0][0] + asks[0][0]) / 2
        return Touch(
            instrument, self.clock.now(), entry.ticks(bids[0][0]), entry.ticks(asks[0][0]),
            _depth(asks, middle, entry.size_of(1)), _depth(bids, middle, entry.size_of(1)),
        )  # fmt: skip


def _grid(one: Entry, traded: Traded) -> Grid:
    """For closing; with the recorded bounds where the venue tells none."""
    least = one.min_lots if one.min_lots > 1 else traded.min_lots * one.scale
    most = one.max_lots if one.max_lots < MOST_LOTS else traded.max_lots * one.scale
    return Grid(
        one.number, least, most, one.unit, lot_step=one.lot_step, tick_step=one.tick_step, dust_value=traded.dust
    )  # fmt: skip


def _fill(venue: str, symbol: str, trade: dict[str, Any], middle: float | None) -> Fill:
    side, price = str(trade.get("side")), float(trade.get("price") or 0.0)
    against = price - (middle or 0.0) if side == "buy" else (middle or 0.0) - price
    fee = (trade.get("fee") or {}).get("cost")
    return Fill(
        venue, symbol, side, float(trade.get("amount") or 0.0), price, float(fee or 0.0),
        round(against / middle * 1e4, 4) if middle else None, int(trade.get("timestamp") or 0) * NS_PER_MS,
    )  # fmt: skip


def _depth(levels: list[Level], middle: float, lot: float) -> tuple[int, int, int]:
    """Lots inside each of the bands around `middle`."""
    found = [sum(size for price, size in levels if abs(price - middle) <= band * middle) for band in BANDS]
    a, b, c = (min(round(size / lot), 1 << 45) for size in found)
    return a, b, c
