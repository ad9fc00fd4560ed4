"""One real account through ccxt as the engine's venue: requests, reads and news of its instruments. Decides nothing.

`open` refuses whatever should not trade (filters that changed, a key that may withdraw); afterwards every fault is a
state with a name and a next step, and never a lost or doubled order.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol

import msgspec

from core import tasks
from core.domain.errors import Refused
from core.domain.events import Health, Link, Read, ReadReply, Relisted
from core.domain.instrument import Instrument
from core.domain.order import CREATE, IOC, MARKET, REDUCE_ONLY, REJECTED, STOP, Report, Request
from core.domain.ports import Clock
from core.domain.reasons import OK
from core.domain.units import NS_PER_S
from core.venues.budget import QUERY
from core.venues.ccxt.deadman import DeadManSwitch
from core.venues.ccxt.ids import Ids
from core.venues.ccxt.instances import Access, Instances
from core.venues.ccxt.listed import Listed
from core.venues.ccxt.markets import Listing
from core.venues.ccxt.private import PrivateFeed
from core.venues.ccxt.public import FeedSink, PublicFeed
from core.venues.ccxt.reads import Reader
from core.venues.ccxt.requests import OrderDoor
from core.venues.ccxt.setup import set_up
from core.venues.ccxt.streams import Stream
from core.venues.ccxt.traits import Traits
from core.venues.ccxt.upkeep import Say, Upkeep
from core.venues.ccxt.verdicts import Verdict, clean_text, judge
from core.venues.ccxt.wiring import LANE, UNREADABLE
from core.venues.condition import NEXT_STEPS, Condition

MARK_STALE_NS = 10 * NS_PER_S


class EventIn(FeedSink, Protocol):
    """What the venue pushes: rows, reports, links. The engine's inbox has it."""

    def report(self, report: Report) -> None: ...
    def input(self, event: Link | Relisted) -> None: ...


class CcxtVenue:
    """`numbers[i]` is the engine's place of instruments[i]. `notes` hears (level, code, text)."""

    def __init__(
        self,
        traits: Traits,
        access: Access,
        instruments: Sequence[tuple[int, Instrument]],
        sink: EventIn,
        clock: Clock,
        *,
        epoch: int,
        seed: int = 0,
        public_only: bool = False,
        note: Say = lambda level, code, text: None,
    ) -> None:
        self.traits, self.access, self.clock, self.sink, self.note = traits, access, clock, sink, note
        self.public_only = public_only
        self.listings = {number: Listing(number, instrument, traits) for number, instrument in instruments}
        self.instances = Instances(traits, access, clock, seed=seed)
        self.condition = Condition()
        self.ids = Ids(epoch, traits.id_form)
        self.door = OrderDoor(
            traits, self.instances, self.listings, self.ids, clock, self._report, self._verdict,
            lambda: self.condition.offset_ns, seed,
        )  # fmt: skip
        self.reader = Reader(
            traits, self.instances, self.listings, self.ids, clock, self._verdict, since_ns=clock.now(), note=note
        )  # fmt: skip
        self.private = PrivateFeed(traits, self.ids, self.listings, clock, self._report)
        self.feeds = {
            number: PublicFeed(listing, sink, clock, traits.sequenced) for number, listing in self.listings.items()
        }
        self.deadman = DeadManSwitch(traits, self.instances, [x.symbol for x in self.listings.values()], clock)
        self.upkeep = Upkeep(
            traits, self.instances, self.condition, self.feeds, self.private, clock, note, self._verdict
        )
        self.listed = Listed(
            traits, self.instances, self.listings, self.feeds, sink.input, self._verdict, note, clock,
            access.terms_every_s, seed,
        )  # fmt: skip
        self.streams: list[Stream] = []
        self._fallen: dict[int, dict[str, str]] = {}  # streams that are down and why, by place
        self._until_ms: dict[int, int] = {}  # newest trade before a trade stream fell, by place
        self._seed = seed

    # life ----------------------------------------------------------------------------------------------------------

    async def open(self, listen: bool = True) -> None:
        """Markets, clock, account set-up, then (`listen`) the streams. Raises Refused with the next step."""
        import ccxt

        try:
            await self.instances.open()
            await self.upkeep.measure_clock(3)
            self._check_filters()
            if not self.public_only:
                await set_up(self.traits, self.instances.data, self.listings, self.access.network)
                await self.instances.emergency.fetch_time()  # its connection is warm before it is needed
        except ccxt.BaseError as error:
            await self.close()
            verdict = judge(error)
            step = NEXT_STEPS.get(verdict.venue, "")
            raise Refused(f"{self.traits.name}: {verdict.text}{'; ' if step else ''}{step}") from None
        except UNREADABLE as error:
            await self.close()
            raise Refused(f"{self.traits.name}: what it answered could not be read: {clean_text(error)}") from None
        except BaseException:
            await self.close()
            raise
        if self.instances.warning:
            self.note("warn", "slow_signing", self.instances.warning)
        if listen:
            self._start_streams()
            self.upkeep.start()
            if not self.public_only:
                self.listed.watch.start()

    async def close(self) -> None:
        """End streams, tasks and connections. Orders stay as they are: cancelling is the engine's."""
        await self.upkeep.stop()
        await self.listed.watch.stop()
        for stream in self.streams:
            await stream.stop()
        await self.instances.close()

    def _check_filters(self) -> None:
        for listing in self.listings.values():
            market = self.instances.data.markets.get(listing.symbol)
            if market is None:
                raise Refused(f"Expected {listing.symbol} at {self.traits.name}, the venue does not list it")
            listing.adopt(market)
            wrong = listing.differences(market)
            if finer := self.traits.finer_tick(market, listing.instrument.tick):
                wrong.append(
                    f"tick at the mark is {finer:g}, ours {listing.instrument.tick:g}: its books would be unread"
                )
            if wrong:
                where = f"configs/venues of {listing.instrument.venue} {listing.instrument.symbol}"
                raise Refused(f"{self.traits.name} {listing.symbol}: {'; '.join(wrong)}. Correct {where}")
        self.listed.begin()

    def _start_streams(self) -> None:
        data = self.instances.data
        for number, listing in self.listings.items():
            feed, symbol = self.feeds[number], listing.symbol
            watch_mark = getattr(data, self.traits.mark_from)
            stale = listing.instrument.book_stale_ns
            book = self._stream(f"book {symbol}", lambda s=symbol: data.watch_order_book(s), feed.take_book, number)
            mark = self._stream(f"mark {symbol}", lambda s=symbol, w=watch_mark: w(s), feed.take_mark, number)
            self._stream(f"trades {symbol}", lambda s=symbol: data.watch_trades(s), feed.take_trades, number)
            book.forget, feed.on_refused = partial(self.traits.forget_book, data, symbol), book.redial
            self.upkeep.watchdog.add(book, stale)
            self.upkeep.watchdog.add(mark, MARK_STALE_NS)
        if not self.public_only:
            self.upkeep.keeps_key = self.traits.keep_key_s > 0
            self._stream("orders", lambda: data.watch_orders(), self.private.take_orders, -1)
            self._stream("own trades", lambda: data.watch_my_trades(), self.private.take_trades, -1)
        for stream in self.streams:
            stream.start()

    def _stream(self, name: str, watch: Any, take: Any, number: int) -> Stream:
        def on_link(up: bool, why: str) -> None:
            if number >= 0:
                if name.startswith("trades"):
                    self._trades_fell(number, up)
                else:
                    self._quotes_fell(number, name, up, why)
            self.note("info" if up else "warn", "stream", f"{self.traits.name} {name}: {'up' if up else why}")

        stream = Stream(name, watch, take, on_link, self.clock, self._seed)
        self.streams.append(stream)
        return stream

    def _quotes_fell(self, number: int, name: str, up: bool, why: str) -> None:
        """Book and mark of a place are one link: up when neither is down. Trades may be quiet without being down."""
        fallen = self._fallen.setdefault(number, {})
        fallen.pop(name, None)
        if not up:
            fallen[name] = why
            if name.startswith("book"):
                self.feeds[number].gap(0)
        told = "; ".join(f"{which}: {what}" for which, what in fallen.items())
        self.sink.input(Link(number, not fallen, told or name))

    def _trades_fell(self, number: int, up: bool) -> None:
        if not up:
            self._until_ms[number] = self.feeds[number].trade_ms
        elif (since := self._until_ms.pop(number, 0)) > 0:
            tasks.spawn(self._backfill(number, since), "missed trades")

    async def _backfill(self, number: int, since_ms: int) -> None:
        """Trades between the end of a stream and its new beginning; what we have is skipped by id."""
        import ccxt

        LANE.set(QUERY)
        feed = self.feeds[number]
        try:
            found = await self.traits.recent_trades(self.instances.data, feed.listing.symbol)
        except (ccxt.BaseError, *UNREADABLE) as error:
            self.note("warn", "backfill", f"{self.traits.name} {feed.listing.symbol}: {judge(error).text}")
            return
        feed.take_trades([trade for trade in found if int(trade.get("timestamp") or 0) >= since_ms])

    # the venue port --------------------------------------------------------------------------------------------------

    async def send(self, request: Request) -> None:
        """Carry one request out; its answer comes as a report. Never raises for a venue or a network."""
        if request.kind == CREATE and not request.flags & STOP:
            code = self.condition.blocks(self.clock.now())
            if request.flags & REDUCE_ONLY and self.condition.state.name in ("overloaded", "clock"):
                code = OK  # no new risk, and a way out of the old
            rests = not request.flags & REDUCE_ONLY or (request.tif != IOC and request.type != MARKET)
            if not code and rests and self.deadman.quiet(self.clock.monotonic()):
                code = self.deadman.reason
            code = code or self.listed.bars(request)
            if code:
                self._report(Report(request.instrument, REJECTED, self.clock.now(), request.cl_id, code=code))
                return
        await self.door.send(request)

    async def read(self, read: Read, emergency: bool = False) -> ReadReply:
        """One answer; `error` where there is none."""
        asked = self.clock.now()
        reply = await self.reader.read(read, emergency)
        if not reply.error:
            self.condition.answered(self.clock.now())
        proves_at = self.condition.proves_at(asked)
        spent = self.instances.budget.share(QUERY, self.clock.monotonic())
        return msgspec.structs.replace(reply, proof=reply.proof and not proves_at, proves_at=proves_at, spent=spent)

    async def cancel_all(self, instrument: int) -> bool:
        """The venue's own cancel-all where it has one; False: cancel one by one."""
        return await self.door.cancel_all(instrument)

    # news ------------------------------------------------------------------------------------------------------------

    def _report(self, report: Report) -> None:
        self.listed.heard(report)
        self.sink.report(report)

    def _verdict(self, verdict: Verdict) -> None:
        retry = max(0.0, (self.instances.budget.banned_until - self.clock.monotonic()) / NS_PER_S)
        self.condition.failed(verdict.venue, verdict.text, self.clock.now(), retry)

    def health(self) -> Health:
        """The wire's part of the second's sample."""
        return msgspec.structs.replace(
            Health(),
            clock_offset_ns=self.condition.offset_ns,
            links_down=sum(not stream.up for stream in self.streams if stream.newest_ns),
            requests=self.instances.requests,
            request_errors=self.instances.errors,
        )
