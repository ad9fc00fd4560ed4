"""A live core: one real account through ccxt, the live driver, and what stands round it. Starts PAUSED, always.

Order at start: what can be refused is refused, the account is asked once, then the record for a stop without us is
written, the venue opened, its dead-man's switch armed (or a watchdog started), and only then anything may be sent.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from core import rng, tasks
from core.build.assemble import engine_of, load_config
from core.build.backtest import flags_of, header_of
from core.build.golive import Going, going_live
from core.build.holdings import Holdings, holding_of, read_holdings, write_holdings
from core.build.markets import Market, places_of
from core.build.observers import Observers
from core.build.protection import Protection
from core.build.standing import Standing, open_journal
from core.clock import SteadyClock, stamp
from core.config.load import Loaded
from core.control.answers import listed
from core.control.desk import Desk
from core.control.launch import Launch
from core.control.pulse import mark_clean_end
from core.control.venue_record import forget_venues, write_venues
from core.domain.errors import PerpError, Refused
from core.domain.events import Read, Started, Step
from core.domain.instrument import Instrument
from core.domain.units import MONEY, NS_PER_S
from core.engine.inbox import Inbox
from core.engine.live import LiveDriver
from core.guard.account import AccountGuard
from core.kernel import Kernels
from core.venues.ccxt.venue import CcxtVenue

LEVELS = {"info": "info", "warn": "warn", "crit": "crit"}
OVERLAP_NS = 120 * NS_PER_S  # trades of earlier runs are read again this far back; each is counted once
SAVE_NS = NS_PER_S
ASK_S = 8.0


@dataclass
class Origin:
    """The part of a source that an engine reads: rows stand in the journal."""

    instruments: tuple[Instrument, ...]
    start_ns: int
    ref: dict[str, Any] = field(default_factory=lambda: {"kind": "live", "names": [], "sha256s": [], "seed": 0})


def run_live(launch: Launch, desk: Desk) -> Callable[[], Coroutine[Any, Any, None]]:
    """Check everything and ask the venue once; the coroutine factory runs until the core is stopped."""
    core = LiveCore(launch, desk)
    try:
        asyncio.run(core.ask_once())
    except BaseException:
        core.account.release()
        raise
    return core.run


class LiveCore(Standing):
    """One account. `going` is what was decided before anything was opened."""

    def __init__(self, launch: Launch, desk: Desk) -> None:
        clock = SteadyClock()
        loaded = load_config(launch.config, flags_of(launch))
        self.going: Going = going_live(loaded, launch, places_of(loaded))
        self.account = AccountGuard(
            self.going.account, clock, any_filesystem=os.environ.get("PERP_ALLOW_FILESYSTEM") == "1"
        )
        self.account.take()
        try:
            self._stand(launch, desk, loaded, clock)
        except BaseException:
            self.account.release()
            raise

    def _stand(self, launch: Launch, desk: Desk, loaded: Loaded, clock: SteadyClock) -> None:
        now, places = clock.now(), self.going.places
        instruments = tuple(place.instrument for place in places)
        source: Any = Origin(instruments, now)
        market = Market(source, places, f"{self.going.traits.name} {self.going.network}")
        self.earlier = read_holdings(launch.state_dir, self.going.sign)
        own = self.earlier.rows if self.earlier is not None else ()
        session = f"{stamp(now)}-{rng.token()[:8]}"
        journal = open_journal(launch, f"live-{session}")
        first = Observers.next_round(launch.report_dir)
        journal.append(header_of(loaded, market, self.going.record.epoch, now, first, own))
        engine = engine_of(
            loaded, source, places, journal, Kernels("plain"), equity=round(loaded.settings.equity * MONEY),
            first_round=first, epoch_ns=now, own=own,
        )  # fmt: skip
        Standing.__init__(
            self, launch, desk, loaded, market, engine, journal, clock, session, 1.0,
            min(x.orders_per_10s for x in instruments),
        )  # fmt: skip
        self.inbox = Inbox(len(instruments))
        self.venue = self._venue(self.inbox)
        self.driver: LiveDriver = LiveDriver(
            engine, self.inbox, self.venue, self.wire, clock, self._sync, self._fatal, self.sinks, self.sink_failed
        )
        self.driver.before, self.driver.after = self.commands, self._after
        self.protection = Protection(
            self.venue.deadman, launch.state_dir, launch.report_dir, self.going.record.label, clock, self.alert
        )
        self.observers.desk.told = self._told
        self.close_cut_off()
        self._known: set[tuple[int, int]] | None = None  # orders of earlier runs of ours, at the first clean reconcile
        self._saved_at = 0
        self._saved: Holdings | None = None

    def _venue(self, sink: Any) -> CcxtVenue:
        numbered = [(n, place.instrument) for n, place in enumerate(self.going.places)]
        venue = CcxtVenue(
            self.going.traits, self.going.access, numbered, sink, self.clock, epoch=self.going.record.epoch,
            seed=self.loaded.settings.seed, note=self._said_by_venue,
        )  # fmt: skip
        if self.earlier is not None:
            venue.reader.since_ns = min(venue.reader.since_ns, self.earlier.as_of - OVERLAP_NS)
        return venue

    async def ask_once(self) -> None:
        """Open and close a client of its own: a wrong key, clock or filter is one clear error before anything starts.
        Raises Refused."""
        probe = self._venue(Inbox(len(self.going.places)))
        await probe.open(listen=False)
        own = self.going.traits.owners_key(probe.instances.data, self.going.access.keys)
        await probe.close()
        if own and self.going.network == "mainnet":
            raise Refused(
                f"{self.going.traits.name}: this is the account's own key, which may withdraw. Approve an agent wallet "
                "on the venue's API page and give its key instead"
            )

    # life ------------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Trade until stopped."""
        loop = asyncio.get_running_loop()
        write_venues(self.launch.state_dir, [self.going.record])
        await self.venue.open()

        def wake() -> None:
            loop.call_soon_threadsafe(self.inbox.on_push)

        self.desk.connect(wake)
        self.desk.read_position = lambda _verify: asyncio.run_coroutine_threadsafe(self._listed(), loop).result(ASK_S)
        self.driver.push(Started(self.loaded.sha256, self.loaded.settings.seed, "LIVE", self.going.record.epoch))
        self._join_stop()
        self.guard.resume_stop()
        self.alert("info", "going_live", self.going.proof)
        for text in self._said:
            self.alert("warn", "start", text)
        await self.store.start()
        await self.protection.start()
        warming = tasks.spawn(self.warming.run(self.switch), "kernels", on_error=self.warm_failed)
        try:
            await self.driver.run()
            await self._ended()
        finally:
            warming.cancel()
            self._save(force=True)
            await self.venue.close()
            await self.leave()
            self.account.release()

    async def _ended(self) -> None:
        """The engine stopped in order: its orders are gone by the venue's own word, nobody needs to watch any more."""
        await self.protection.stop()
        mark_clean_end(self.launch.state_dir)
        flat = not any(post.ledger.s.pos for post in self.engine.posts)
        if flat and self.engine.check.foreign_orders == self.engine.check.foreign_positions == 0:
            forget_venues(self.launch.state_dir, [self.going.record])

    async def _sync(self) -> None:
        await asyncio.to_thread(self.journal.sync)

    def _fatal(self, why: str) -> None:
        self.desk.gate.close(why[:200], who="core")
        self.protection.hold()
        self.alert("crit", "fatal", why)

    def _after(self) -> None:
        """Behind each turn of the driver."""
        if self.desk.gate.closed:
            self.protection.hold()
        self._look_for_others()
        self.venue.ids.round = self.engine.rounds.machine.number
        self.pictures.dead_man = self.protection.text()
        self._save()
        self.turn(self.driver.loop_lag_ns)

    def spoken(self, step: Step) -> None:
        super().spoken(step)
        for note in step.notes:
            if note.code == "rearmed":
                self.driver.mended()
                self.protection.release()
                self.account.rearmed(note.text, self.launch.who, self.clock.now())

    def _join_stop(self) -> None:
        """A halt of this account under another state dir is ours as well (W1, W6)."""
        stop = self.account.latch.read()
        if stop is not None and not self.desk.gate.closed:
            self.desk.gate.close(stop.reason, stop.verb, stop.who, stop.scope, stop.stop_id)

    def _beat(self) -> None:
        """Once a second: heartbeat of the account lock, its latch as the gate's, and whether it is still ours."""
        gate = self.desk.gate
        try:
            self.account.beat()
            if gate.closed:
                self.account.stopped(gate.stop)
        except (PerpError, OSError) as error:
            self.alert("crit", "account_lock", f"heartbeat or latch of the account: {error}")
        if not self.account.lock.still_held() and not gate.closed:
            self.driver.fatal("account lock lost: another start on this account may be possible (W3)")

    # the account -----------------------------------------------------------------------------------------------------

    def _look_for_others(self) -> None:
        """R-W5: an order with our mark that another instance made while we run means that two cores trade here."""
        others = self.venue.ids.others
        if self._known is None:
            if self.engine.check.clean:
                self._known = set(others)
            return
        fresh = others - self._known
        if fresh:
            self._known |= fresh
            epochs = ", ".join(sorted({f"{epoch:06x}" for epoch, _ in fresh}))
            self.driver.fatal(f"second writer: orders of another instance of ours ({epochs}) on this account")

    def _save(self, force: bool = False) -> None:
        """Keep what is ours, once a second where it changed."""
        now = self.clock.monotonic()
        if not force and now - self._saved_at < SAVE_NS:
            return
        self._saved_at = now
        self._beat()
        engine = self.engine
        if not engine.check.clean:
            return  # before the first clean reconcile the earlier record is the better one
        rows = tuple(holding_of(self.going.places[p.place].key, p.number, p.ledger) for p in engine.posts)
        found = Holdings(self.going.sign, engine.check.last_ok, rows)
        if self._saved is not None and found.rows == self._saved.rows and not force:
            return
        try:
            write_holdings(self.launch.state_dir, found)
        except (PerpError, OSError) as error:
            self.alert("crit", "holdings", f"the record of our positions was not written: {error}")
            return
        self._saved = found

    async def _listed(self) -> dict[str, Any]:
        """What the venue itself lists, for `position --verify`."""
        held, alive = await self.venue.read(Read("positions", 0), True), await self.venue.read(Read("orders", 0), True)
        x = self.market.places[0].instrument
        symbols = [place.instrument.symbol for place in self.market.places]
        rows = listed(x.venue, symbols, held.positions, alive.orders)
        why = held.error or alive.error
        foreign = sum(order.cl_id == 0 for order in alive.orders)
        found = {"source": "venue", "ts": self.clock.now(), **rows, "foreign_orders": foreign}
        return {**found, "error": why} if why else found

    def _said_by_venue(self, level: str, code: str, text: str) -> None:
        self.alert(LEVELS.get(level, "warn"), code, text)

    def _told(self) -> dict[str, int]:
        """The wire's own figures for the screens (S0-28, S3-31)."""
        instances, now = self.venue.instances, self.clock.monotonic()
        return {
            "requests": instances.requests,
            "errors": instances.errors,
            "weight_used": round(instances.budget.used(now)),
            "weight_limit": instances.budget.limit,
            "conflated": sum(self.inbox.conflated(n) for n in range(self.inbox.instruments)),
            "dropped": sum(sum(feed.dropped.values()) for feed in self.venue.feeds.values()),
        }
