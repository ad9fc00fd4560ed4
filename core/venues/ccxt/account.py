"""One whole account through the emergency client alone: what the venue lists, and cancels. It cannot create anything.

For stops: the roster is what the venue says, both order books, every symbol. Unthrottled, but silent inside a
Retry-After window (R-N2). Closing positions is the subclass in `closer`; here every way to create is taken away.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from core import tasks
from core.codec.reasons import Hostile
from core.domain.errors import PerpError, Refused
from core.domain.events import HeldPosition, OpenOrder
from core.domain.order import REDUCE_ONLY, STOP
from core.domain.ports import Clock
from core.domain.units import BUY, NS_PER_MS, NS_PER_S
from core.venues.budget import EMERGENCY
from core.venues.ccxt.instances import Access, Instances, tls_context
from core.venues.ccxt.markets import id_number
from core.venues.ccxt.roster import Entry, Roster, mark_of
from core.venues.ccxt.traits import Traits
from core.venues.ccxt.verdicts import AUTH, CLOCK, clean_text, judge
from core.venues.ccxt.wiring import LANE, number
from core.venues.identity import NARROW_BITS, read_text

BATCH = {"hyperliquid": 100, "binance_usdm": 10}  # orders that one cancel request takes; 1 elsewhere
AT_ONCE = 8  # cancel requests on their way at a time
FIRST_S, SLOWEST_S = 0.1, 2.0  # between requests that change nothing
PROBE_S = 1.0
CALM_NS = 5 * NS_PER_S
BAN_NS = NS_PER_S  # where a 429 or 418 does not say how long
_KEY = re.compile(r"User or API Wallet \S+ does not exist|Unable to recover signer", re.I)
_CREATES = re.compile(r"^(create|edit).*order|^(fapi|dapi|private|sapi|papi)_?(private)?.*(post|put).*order", re.I)
Note = Callable[[str, str], None]  # step, text
Load = Callable[[Any], Any]  # fills the markets of an exchange, an awaitable


class Listed(NamedTuple):
    """How an order that was read is cancelled."""

    entry: Entry
    id: str
    conditional: bool


class Account:
    """`whole`: everything in the account may go, so the venue's own cancel-all may be used; else only what is asked.

    Methods raise what ccxt raises; `error_text` words it for the emergency table. One event loop, one task at a time.
    """

    def __init__(
        self, traits: Traits, access: Access, roster: Roster, clock: Clock, note: Note, load: Load, whole: bool
    ) -> None:  # fmt: skip
        self.traits, self.access, self.roster, self.clock, self.note = traits, access, roster, clock, note
        instances = Instances(traits, access, clock, ("emergency",))
        self.exchange = instances.emergency
        self.wire = instances.wires["emergency"]
        self.wire.on_headers = self._heard
        self.exchange.timeout_on_exit = 10  # ms
        self.exchange.ssl_context = tls_context()
        self.exchange.options.setdefault("leverageBrackets", {})  # for margins, which no stop asks about
        self.whole = whole
        self.banned_until = 0  # wall, ns
        self.offset_ns = 0  # the venue's clock minus ours
        self.key_refused = ""  # why not one request of the last batch was let through
        self._load = load
        self._session: Any = None
        self._ready = False
        self.marks: dict[int, tuple[float, int]] = {}  # price of a position as it was listed (0 = not told), and when
        self._listed: dict[int, Listed] = {}
        self._swept: set[str] = set()
        self._asked: object = None
        self._repeats = 0
        self._arm()

    def _arm(self) -> None:
        """Every create and amend of the class raises from here on: a watchdog must not be able to."""
        for name in dir(self.exchange):
            if _CREATES.search(name):
                setattr(self.exchange, name, _refuse)

    async def open(self) -> None:
        """Session, markets, clock offset; again after a failure, for nothing once it is done."""
        LANE.set(EMERGENCY)
        if self._ready:
            return
        if self.access.session is not None and self._session is None:
            self._session = self.exchange.session = self.access.session()
        self.exchange.markets_loading = None  # one that hangs is not waited for
        await self._load(self.exchange)
        await self._measure()
        self._ready = True

    async def close(self) -> None:
        """End the connections."""
        await self.exchange.close()
        if self._session is not None and not self._session.closed:
            await self._session.close()

    async def orders(self) -> tuple[OpenOrder, ...]:
        """Every open order of the account, regular and conditional, ours and others'."""
        await self.open()
        traits: Any = self.traits  # symbol None = all
        regular, conditional = await self.together(
            self.exchange.fetch_open_orders, partial(traits.conditional_orders, self.exchange, None)
        )
        self._listed = {}
        return tuple(
            [self._order(raw, False) for raw in regular] + [self._order(raw, True) for raw in conditional]
        )  # fmt: skip

    @property
    def careful(self) -> bool:
        """A Retry-After was heard a moment ago: one request at a time, so that none is on its way into the next one."""
        return self.clock.now() < self.banned_until + CALM_NS

    async def together(self, *questions: Callable[[], Any]) -> list[Any]:
        """Their answers, asked for at once where the venue showed no sign of a limit. Raises what the first raises."""
        if self.careful:
            return [await question() for question in questions]
        return list(await asyncio.gather(*(question() for question in questions)))

    def _order(self, raw: Any, conditional: bool) -> OpenOrder:
        info = raw.get("info") or {}
        entry = self.entry(str(raw["symbol"]))
        trigger = raw.get("triggerPrice")
        flags = (REDUCE_ONLY if raw.get("reduceOnly") else 0) | (STOP if conditional or trigger else 0)
        venue_id = id_number(raw["id"])
        self._listed[venue_id] = Listed(entry, str(raw["id"]), conditional)
        left, client = raw.get("remaining"), str(raw.get("clientOrderId") or self.traits.client_of(info))
        return OpenOrder(
            entry.number, self._ours(entry, client), venue_id, BUY if raw["side"] == "buy" else 1 - BUY,
            entry.ticks(raw.get("price") or trigger or 0), _lots(entry, left if left is not None else raw["amount"]),
            flags,
        )  # fmt: skip

    def _ours(self, entry: Entry, client: str) -> int:
        """Our client id, 0 = somebody else's. Where ids are too narrow to tell, any id on an instrument of ours is."""
        identity = read_text(client)
        if identity is None and self.traits.id_form in NARROW_BITS:
            return int(entry.ours and client not in ("", "0"))
        return identity.cl_id if identity is not None else 0

    async def positions(self) -> tuple[HeldPosition, ...]:
        """Every position that is not zero."""
        await self.open()
        found = []
        for held in await self.exchange.fetch_positions():
            entry, size = self.entry(str(held["symbol"])), held.get("contracts")
            lots = entry.lots(size) if size else 0
            if lots:
                found.append(HeldPosition(entry.number, lots if held["side"] == "long" else -lots, 0, 0))
                self.marks[entry.number] = mark_of(held), self.clock.now()
        return tuple(found)

    def entry(self, unified: str) -> Entry:
        """The instrument of a symbol that the venue named."""
        return self.roster.entry(unified, (self.exchange.markets or {}).get(unified))

    # cancels -------------------------------------------------------------------------------------------------------

    async def cancel(self, venue_ids: Sequence[int]) -> None:
        """Ask for the end of these orders, as the last read listed them. What became of it the next read says."""
        await self.open()
        await self.pace(frozenset(venue_ids))
        groups: dict[tuple[str, bool], list[Listed]] = {}
        for venue_id in venue_ids:
            if (listed := self._listed.get(venue_id)) is not None:
                groups.setdefault((listed.entry.unified, listed.conditional), []).append(listed)
        jobs = [
            job for (symbol, conditional), group in groups.items() for job in self._jobs(symbol, conditional, group)
        ]
        gate = asyncio.Semaphore(1 if self.careful else AT_ONCE)

        async def one(job: Callable[[], Any]) -> BaseException | None:
            async with gate:
                if self.clock.now() < self.banned_until:
                    return None
                try:
                    await job()
                except FAULTS as error:
                    return error
            return None

        errors = [error for error in await asyncio.gather(*(one(job) for job in jobs)) if error is not None]
        self.tell("cancel", f"{len(venue_ids)} orders in {len(jobs)} requests", len(jobs), errors)

    async def pace(self, request: object) -> None:
        """The very same request again, because the venue does not do it: at once, once more, then slower (R-O6)."""
        self._repeats = self._repeats + 1 if request == self._asked else 0
        self._asked = request
        if self._repeats > 1:
            await tasks.sleep(min(FIRST_S * 2.0 ** (self._repeats - 2), SLOWEST_S))

    def _jobs(self, symbol: str, conditional: bool, group: list[Listed]) -> list[Callable[[], Any]]:
        """Natively once a symbol where the whole account may go; what that left over in batches, then one by one. Never
        the whole conditional book: protective stops may have to stay."""
        exchange, params = self.exchange, {"trigger": True} if conditional else {}
        native = self.whole and self.traits.can_cancel_all and not conditional
        if native and symbol not in self._swept and len(group) > 1:
            self._swept.add(symbol)
            return [partial(exchange.cancel_all_orders, symbol, params)]
        size = 1 if conditional else BATCH.get(self.traits.name, 1)
        ids = [listed.id for listed in group]
        if size == 1 or len(ids) == 1:
            return [partial(exchange.cancel_order, one, symbol, params) for one in ids]
        parts = [ids[at : at + size] for at in range(0, len(ids), size)]
        return [partial(exchange.cancel_orders, part, symbol, params) for part in parts]

    def tell(self, step: str, what: str, asked: int, errors: Sequence[BaseException]) -> None:
        """Note a batch. A key that nothing was let through with is what the next read reports."""
        refused = [error for error in errors if refuses_key(error)]
        if refused and len(refused) == asked:
            self.key_refused = clean_text(refused[0])
        elif len(errors) < asked:
            self.key_refused = ""
        why = f", {len(errors)} refused or unanswered: {clean_text(errors[0])}" if errors else ""
        self.note(step, f"{self.traits.name}: {what}{why}")

    # the venue itself ----------------------------------------------------------------------------------------------

    async def lives(self) -> bool:
        """Whether the venue answers its cheapest question within a second."""
        try:
            async with tasks.timeout(PROBE_S):
                await self.exchange.fetch_time()
        except FAULTS:
            return False
        return True

    async def heal(self, error: BaseException) -> None:
        """After a refusal for the clock: measure it again, so that the next request carries the venue's time."""
        import ccxt

        if isinstance(error, ccxt.BaseError) and judge(error).venue == CLOCK:
            await self._measure()

    async def _measure(self) -> None:
        """The venue's clock. Where it cannot be had the machine's stands: signed requests will tell."""
        sent = self.clock.now()
        try:
            if "timeDifference" in self.exchange.options:  # ours minus theirs, ms: it signs with that
                self.offset_ns = -int(await self.exchange.load_time_difference()) * NS_PER_MS
                return
            theirs = await self.exchange.fetch_time()
            self.offset_ns = int(theirs) * NS_PER_MS - (sent + self.clock.now()) // 2
        except FAULTS as error:
            self.note("clock", f"{self.traits.name}: not measured: {clean_text(error)}")

    def _heard(self, code: int, headers: dict[str, str]) -> None:
        if code in (418, 429):
            wait = max(BAN_NS, int(number(headers.get("retry-after")) * NS_PER_S))
            self.banned_until = max(self.banned_until, self.clock.now() + wait)

    def error_text(self, error: BaseException) -> str:
        """As core.control.stopping wants it: `auth...`, `banned <until ns>...`, else any text; never a secret."""
        if refuses_key(error):
            return f"auth: {clean_text(error)}"
        if self.clock.now() < self.banned_until:
            return f"banned {self.banned_until} {clean_text(error)}"
        return clean_text(error)


def refuses_key(error: BaseException) -> bool:
    """True where the venue does not take our key. Hyperliquid says it in words that ccxt reads as a bad order."""
    import ccxt

    return isinstance(error, ccxt.BaseError) and (judge(error).venue == AUTH or bool(_KEY.search(str(error))))


def _refuse(*_: object, **__: object) -> Any:
    raise Refused("Expected cancels and reads, was a create: this client cannot")


def _lots(entry: Entry, size: object) -> int:
    try:
        return entry.lots(size)
    except (Hostile, ValueError):
        return 1  # a cancel needs no size


def _faults() -> tuple[type[BaseException], ...]:
    """What a request may end in: ccxt's own classes, the network's, and answers that cannot be read."""
    import aiohttp
    import ccxt

    return (
        ccxt.BaseError, aiohttp.ClientError, PerpError, Hostile, OSError, TimeoutError, LookupError, TypeError,
        ValueError, AttributeError, ArithmeticError, AssertionError, RuntimeError,
    )  # fmt: skip


FAULTS = _faults()
