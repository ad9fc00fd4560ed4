"""One whole account through the emergency client alone: what the venue lists, and cancels. It cannot create anything.

For stops: the roster is what the venue says, both order books, every symbol. Unthrottled, but silent inside a
Retry-After window, which questions and cancels wait out (R-N2). Closing positions is the subclass in `closer`; here
every way to create is taken away.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from core import tasks
from core.codec.reasons import Hostile
from core.domain.errors import Refused
from core.domain.events import HeldPosition, OpenOrder
from core.domain.ports import Clock
from core.domain.units import BUY, NS_PER_MS, NS_PER_S
from core.venues.budget import EMERGENCY
from core.venues.ccxt.faults import FAULTS, LIMITS, refuses_key, together
from core.venues.ccxt.instances import Access, Instances, tls_context
from core.venues.ccxt.markets import flags_of, id_number
from core.venues.ccxt.roster import Entry, Roster, mark_of
from core.venues.ccxt.traits import Traits
from core.venues.ccxt.unlisted import Unlisted
from core.venues.ccxt.verdicts import CLOCK, clean_text, judge
from core.venues.ccxt.window import ONCE, Window
from core.venues.ccxt.wiring import LANE, number
from core.venues.identity import NARROW_BITS, read_text

BATCH = {"hyperliquid": 100, "binance_usdm": 10}  # orders that one cancel request takes; 1 elsewhere
AT_ONCE = 8  # cancel requests on their way at a time
FIRST_S, SLOWEST_S = 0.1, 2.0  # between requests that change nothing
PROBE_S = 1.0
CALM_NS = 5 * NS_PER_S
BAN_NS = NS_PER_S  # where a 429 or 418 does not say how long
_CREATES = re.compile(r"^(create|edit).*order|^(fapi|dapi|private|sapi|papi)_?(private)?.*(post|put).*order", re.I)
Note = Callable[[str, str], None]  # step, text
Load = Callable[[Any], Any]  # fills the markets of an exchange, an awaitable; of True where they came from a file


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
        self.wire.window = self.window = Window(clock)
        self.wire.budget = None  # nobody else spends here, and the window knows the bans
        self.exchange.timeout_on_exit = 10  # ms
        self.exchange.ssl_context = tls_context()
        self.exchange.options.setdefault("leverageBrackets", {})  # for margins, which no stop asks about
        self.whole = whole
        self.offset_ns = 0  # the venue's clock minus ours
        self.key_refused = ""  # why not one request of the last batch was let through
        self._load = load
        self.kept_markets = False  # the list of markets is from a file, of an hour or a day ago
        self._session: Any = None
        self._gated: Any = None  # the session whose connections look at the window
        self._ready = False
        self.marks: dict[int, tuple[float, int]] = {}  # price of a position as it was listed (0 = not told), and when
        self._listed: dict[int, Listed] = {}
        self.unlisted = Unlisted(traits.name, note)
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
        self.exchange.open(True)
        if self._gated is not self.exchange.session:
            self._gated = self.exchange.session
            self.window.gate(self._gated.connector)
        kept, _ = await together(partial(self._load, self.exchange), partial(self._measure, once=True))
        self.kept_markets = self.unlisted.old = bool(kept)
        self.roster.relist(self.exchange.markets, self.traits.fixed_tick)
        self._ready = True

    async def close(self) -> None:
        """End the connections."""
        await self.exchange.close()
        if self._session is not None and not self._session.closed:
            await self._session.close()

    async def orders(self) -> tuple[OpenOrder, ...]:
        """Every open order of the account, regular and conditional, ours and others'. A limit may let one of the two
        through windows before the other: a stop order that fires in between is in neither. Two empty answers in a row
        cannot miss it: the second regular list was asked for after a conditional one that was empty."""
        await self.open()
        traits: Any = self.traits  # symbol None = all
        regular, conditional = await together(
            self.exchange.fetch_open_orders, partial(traits.conditional_orders, self.exchange, None)
        )
        if self.whole:
            regular, conditional = await self.unlisted.reachable(self.exchange, regular, conditional)
        self._listed = {}
        return tuple(
            [self._order(raw, False) for raw in regular] + [self._order(raw, True) for raw in conditional]
        )  # fmt: skip

    @property
    def banned_until(self) -> int:
        """End of the newest Retry-After: wall, ns; 0 = none was heard."""
        return self.window.until

    @property
    def careful(self) -> bool:
        """A Retry-After was heard a moment ago: nothing is asked that the stop can do without."""
        return self.clock.now() < self.banned_until + CALM_NS

    def _order(self, raw: Any, conditional: bool) -> OpenOrder:
        info = raw.get("info") or {}
        entry = self.entry(str(raw["symbol"]))
        trigger = raw.get("triggerPrice")
        closes = self.traits.closes_all(info)
        venue_id = id_number(raw["id"])
        self._listed[venue_id] = Listed(entry, str(raw["id"]), conditional)
        left, client = raw.get("remaining"), str(raw.get("clientOrderId") or self.traits.client_of(info))
        left = (0 if closes else raw["amount"]) if left is None else left
        return OpenOrder(
            entry.number, self._ours(entry, client), venue_id, BUY if raw["side"] == "buy" else 1 - BUY,
            entry.ticks(raw.get("price") or trigger or 0), _lots(entry, left),
            flags_of(self.traits, raw, conditional),
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
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(job: Callable[[], Any]) -> BaseException | None:
            async with gate:
                try:
                    await job()
                except FAULTS as error:
                    return error
            return None

        errors = [error for error in await asyncio.gather(*(one(job) for job in jobs)) if error is not None]
        self.tell("cancel", f"{len(venue_ids)} orders in {len(jobs)} requests", len(jobs), errors)

    async def _sweep(self, symbol: str) -> None:
        """Natively, once: what it did not take goes by number. A limit that was not waited out did not let it act."""
        self._swept.add(symbol)
        try:
            await self.exchange.cancel_all_orders(symbol)
        except LIMITS:
            self._swept.discard(symbol)
            raise

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
            return [partial(self._sweep, symbol)]
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
        """Whether the venue answers its cheapest question within a second. Not asked where it refuses: that is no
        silence, and what waits for its window needs no second asking."""
        if self.careful:
            return False
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

    async def _measure(self, once: bool = False) -> None:
        """The venue's clock. Where it cannot be had (with `once`, at the first try) the machine's stands: signed
        requests will tell."""
        sent = self.clock.now()
        ONCE.set(once)
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
            self.window.shut(wait, code == 418)
        else:
            self.window.answered()

    def error_text(self, error: BaseException) -> str:
        """As core.control.stopping wants it: `auth...`, `banned <until ns>...`, else any text; never a secret."""
        if refuses_key(error):
            return f"auth: {clean_text(error)}"
        if self.clock.now() < self.banned_until:
            return f"banned {self.banned_until} {clean_text(error)}"
        return clean_text(error)


def _refuse(*_: object, **__: object) -> Any:
    raise Refused("Expected cancels and reads, was a create: this client cannot")


def _lots(entry: Entry, size: object) -> int:
    try:
        return entry.lots(size)
    except (Hostile, ValueError):
        return 1  # a cancel needs no size
