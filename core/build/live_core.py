"""A live core: real accounts through ccxt, the live driver, and what stands round it. Starts PAUSED, always.

Order at start: what can be refused is refused, each account is asked once, then the record for a stop without us is
written, the venues opened, their dead-man's switches armed (or a watchdog started), and only then anything may be sent.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from core import rng, tasks
from core.build.account_guards import AccountGuards
from core.build.assemble import engine_of, load_config, rates_of
from core.build.backtest import flags_of, header_of
from core.build.golive import Going, going_live, legs_of
from core.build.holdings import sign_of_all
from core.build.markets import Market, places_of
from core.build.observers import Observers
from core.build.pairs_kept import PairKeeper, read_kept
from core.build.protection import Protection
from core.build.remembered import Remembered
from core.build.second_writer import SecondWriter
from core.build.standing import Standing, open_journal
from core.build.starts import earlier_starts, record_start
from core.build.venue_records import VenueRecords
from core.build.venue_words import heard_of, listed_at, told_of
from core.clock import SteadyClock, stamp
from core.config.load import Loaded
from core.control.desk import Desk
from core.control.launch import Launch
from core.control.pulse import mark_clean_end
from core.domain.errors import PerpError, Refused, Unverified
from core.domain.events import Started, Step
from core.domain.instrument import Instrument
from core.domain.units import MONEY, NS_PER_S
from core.engine.inbox import Inbox
from core.engine.live import LiveDriver
from core.guard.memory import settle
from core.kernel import Kernels
from core.venues.ccxt.margin import prove_margin
from core.venues.ccxt.venue import CcxtVenue
from core.venues.several import SeveralVenues

LEVELS = {"info": "info", "warn": "warn", "crit": "crit"}
OVERLAP_NS = 120 * NS_PER_S  # trades of earlier runs are read again this far back; each is counted once
SAVE_NS = NS_PER_S
NOT_SAID = (
    "stopped, and no venue said that all of ours is gone: look at the venue's own page, then perpconsole position "
    "--verify, or perpconsole panic"
)
ASK_S = 8.0


@dataclass
class Origin:
    """The part of a source that an engine reads: rows stand in the journal."""

    instruments: tuple[Instrument, ...]
    start_ns: int
    ref: dict[str, Any] = field(default_factory=lambda: {"kind": "live", "names": [], "sha256s": [], "seed": 0})


def run_live(launch: Launch, desk: Desk) -> Callable[[], Coroutine[Any, Any, None]]:
    """Check everything and ask each venue once; the coroutine factory runs until the core is stopped."""
    core = LiveCore(launch, desk)
    try:
        asyncio.run(core.ask_once())
    except BaseException:
        core.guards.release()
        raise
    return core.run


class LiveCore(Standing):
    """One account a venue. `going` is what was decided before anything was opened; `venues[k]` is account k."""

    def __init__(self, launch: Launch, desk: Desk) -> None:
        clock = SteadyClock()
        loaded = load_config(launch.config, flags_of(launch))
        self.going = going_live(loaded, launch, places_of(loaded))
        self.guards = AccountGuards(
            [going.account for going in self.going.each], clock,
            any_filesystem=os.environ.get("PERP_ALLOW_FILESYSTEM") == "1",
        )  # fmt: skip
        self.guards.take()
        try:
            self._stand(launch, desk, loaded, clock)
        except BaseException:
            self.guards.release()
            raise

    def _stand(self, launch: Launch, desk: Desk, loaded: Loaded, clock: SteadyClock) -> None:
        now, going = clock.now(), self.going
        instruments = tuple(place.instrument for place in going.places)
        source: Any = Origin(instruments, now)
        market = Market(source, going.places, " + ".join(f"{one.name} {one.network}" for one in going.each))
        self.remembered = Remembered(launch.state_dir, [one.sign for one in going.each])
        self.records = VenueRecords(
            launch.state_dir, [one.record for one in going.each], [[n for n, _ in one.places] for one in going.each]
        )  # fmt: skip
        own, sign = self.remembered.rows, sign_of_all([one.sign for one in going.each])
        kept = read_kept(launch.state_dir, sign)
        session = f"{stamp(now)}-{rng.token()[:8]}"
        journal = self.remembered.journal = open_journal(launch, f"live-{session}")
        first = Observers.next_round(launch.report_dir)
        journal.append(header_of(loaded, market, going.epoch, now, first, own, going.owners, kept))
        engine = engine_of(
            loaded, source, going.places, journal, Kernels("plain"), equity=round(loaded.settings.equity * MONEY),
            first_round=first, epoch_ns=now, own=own, owners=going.owners, pairs=kept,
        )  # fmt: skip
        Standing.__init__(
            self, launch, desk, loaded, market, engine, journal, clock, session, 1.0,
            rates_of(going.places), going.owners,
        )  # fmt: skip
        self._said += self.remembered.said
        self.pairs = PairKeeper(launch.state_dir, sign, engine, clock, self.alert)
        self.inbox = Inbox(len(instruments))
        self.venues = self._accounts(self.inbox)
        self.venue = SeveralVenues(self.venues)
        for one, venue in zip(going.each, self.venues, strict=True):
            venue.instances.wires["emergency"].on_answer = partial(self._answered, one.record.label)
        self.driver: LiveDriver = LiveDriver(
            engine, self.inbox, self.venue, self.wire, clock, self._sync, self._fatal, self.sinks, self.sink_failed
        )
        self.driver.before, self.driver.after = self.commands, self._after
        self.observers.timelines.departures = self.driver.outgoing.departures
        switches = {one.record.label: venue.deadman for one, venue in zip(going.each, self.venues, strict=True)}
        self.protection = Protection(switches, launch.state_dir, launch.report_dir, clock, self.alert)
        self.writers = SecondWriter(
            [(venue.traits.name, venue.ids) for venue in self.venues], engine.check, earlier_starts(launch.state_dir)
        )
        self.observers.desk.told = lambda: told_of(self.venues, self.inbox, clock)
        self.observers.desk.heard = lambda: heard_of(self.venues, self.inbox)
        self.pictures.venues.live(self.venues, self.protection)
        self.close_cut_off()
        self._saved_at = 0

    def _accounts(self, sink: Any) -> list[CcxtVenue]:
        return [self._account(k, one, sink) for k, one in enumerate(self.going.each)]

    def _account(self, k: int, going: Going, sink: Any) -> CcxtVenue:
        numbered = [(n, place.instrument) for n, place in going.places]
        venue = CcxtVenue(
            going.traits, going.access, numbered, sink, self.clock, epoch=going.record.epoch,
            seed=self.loaded.settings.seed, note=self._said_by_venue,
        )  # fmt: skip
        earlier = self.remembered.earlier[k]
        if earlier is not None:
            venue.reader.look_back(earlier.as_of - OVERLAP_NS)
        return venue

    async def ask_once(self) -> None:
        """Open and close clients of its own: a wrong key, clock or filter is one clear error before anything starts.
        Raises Refused."""
        venues = self._accounts(Inbox(len(self.going.places)))
        probe = SeveralVenues(venues)
        await probe.open(listen=False)
        try:
            await self._prove_margins(venues)
            owners = [
                going.name for going, venue in zip(self.going.each, venues, strict=True)
                if going.network == "mainnet" and going.traits.owners_key(venue.instances.data, going.access.keys)
            ]  # fmt: skip
        finally:
            await probe.close()
        for venue, asked in zip(self.venues, venues, strict=True):
            venue.instances.budget.inherit(asked.instances.budget)
        if owners:
            raise Refused(
                f"{owners[0]}: this is the account's own key, which may withdraw. Approve an agent wallet "
                "on the venue's API page and give its key instead"
            )

    async def _prove_margins(self, venues: Sequence[CcxtVenue]) -> None:
        """S1-24: a pair trades only where the venue itself says that margin mode and leverage are what was set."""
        legs = legs_of(self.loaded)
        for venue in venues:
            for number, listing in venue.listings.items():
                if self.going.places[number].key in legs:
                    await prove_margin(venue.traits, venue.instances.data, venue.access.keys, listing)

    # life ------------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Trade until stopped."""
        loop = asyncio.get_running_loop()
        self.records.write()
        record_start(self.launch.state_dir, self.going.epoch)
        try:
            await self.venue.open()
        except BaseException:
            self.guards.release()
            raise

        def wake() -> None:
            loop.call_soon_threadsafe(self.inbox.on_push)

        self.desk.connect(wake)
        self.desk.read_position = lambda _verify: asyncio.run_coroutine_threadsafe(self._listed(), loop).result(ASK_S)
        for fill in self.remembered.told(self.engine, self._keys()):
            self.inbox.report(fill)
        self.driver.push(Started(self.loaded.sha256, self.loaded.settings.seed, "LIVE", self.going.epoch))
        self.guards.join_stop(self.desk.gate)
        self.guard.resume_stop()
        self.alert("info", "going_live", self.going.proof)
        for text in self._said:
            self.alert("warn", "start", text)
        await self.store.start()
        await self.protection.start()
        settle()
        warming = tasks.spawn(self.warming.run(self.switch), "kernels", on_error=self.warm_failed)
        try:
            await self.driver.run()
            await self._ended()
        finally:
            warming.cancel()
            self._save(force=True)
            self.pairs.close()
            await self.venue.close()
            await self.leave()
            self.guards.release()

    async def _ended(self) -> None:
        """The engine stopped: where its orders are gone by each venue's own word nobody needs to watch any more. Else
        the dead-man's switches stay armed and fire, and the watchdog takes this for the death that it is as good as.
        Raises Unverified then."""
        if not self.engine.end_verified:
            self.protection.hold()
            raise Unverified(NOT_SAID)
        await self.protection.stop()
        mark_clean_end(self.launch.state_dir)
        flat = not any(post.ledger.s.pos for post in self.engine.posts)
        if flat and self.engine.check.foreign_orders == self.engine.check.foreign_positions == 0:
            self.records.forget()

    async def _sync(self) -> None:
        """Before creates leave: their frame is on the disk, and so is what a pair that sends them is at. Before the
        first one so is a record of every account that names this journal: what comes after it is ours, however soon
        this process dies."""
        if not self.remembered.complete:
            self.remembered.save(self.engine, self._keys())
            self.records.save(self.engine)
        write = self.pairs.taken()

        def on_disk() -> None:
            if write is not None:
                write()
            self.journal.sync()

        await asyncio.to_thread(on_disk)

    def _fatal(self, why: str) -> None:
        self.desk.gate.close(why[:200], who="core")
        self.protection.hold()
        self.alert("crit", "fatal", why)

    def _after(self) -> None:
        """Behind each turn of the driver."""
        if self.desk.gate.closed:
            self.protection.hold()
        another = self.writers.look()
        if another:
            self.driver.fatal(another)
        for venue in self.venues:
            venue.ids.round = self.engine.rounds.machine.number
        self.pictures.dead_man = self.protection.text()
        self._save()
        self.pairs.look()
        self.turn(self.driver.loop_lag_ns)

    def spoken(self, step: Step) -> None:
        super().spoken(step)
        for note in step.notes:
            if note.code == "rearmed":
                self.driver.mended()
                self.protection.release()
                self.guards.rearmed(note.text, self.launch.who, self.clock.now())

    # the accounts ----------------------------------------------------------------------------------------------------

    def _save(self, force: bool = False) -> None:
        """Once a second: heartbeats of the accounts, and what is ours where it changed."""
        now = self.clock.monotonic()
        if not force and now - self._saved_at < SAVE_NS:
            return
        self._saved_at = now
        self._beat()
        try:
            self.remembered.save(self.engine, self._keys(), force)
            self.records.save(self.engine)
        except (PerpError, OSError) as error:
            self.alert("crit", "holdings", f"the record of our positions was not written: {error}")

    def _keys(self) -> list[str]:
        return [place.key for place in self.going.places]

    def _beat(self) -> None:
        """The account locks live, a closed gate is latched at each, and none of them is somebody else's."""
        gate = self.desk.gate
        for text in self.guards.beat(gate):
            self.alert("crit", "account_lock", text)
        if self.guards.lost() and not gate.closed:
            self.driver.fatal("account lock lost: another start on this account may be possible (W3)")

    async def _listed(self) -> dict[str, Any]:
        """What the venues themselves list, for `position --verify`."""
        symbols = [place.instrument.symbol for place in self.going.places]
        return await listed_at(self.venues, symbols, self.clock)

    def _answered(self, venue: str, request: str, status: int, raw: str) -> None:
        """On the connection that stops have for themselves."""
        self.stops.record.answered(self.clock.now(), venue, request, status, raw)

    def _said_by_venue(self, level: str, code: str, text: str) -> None:
        self.alert(LEVELS.get(level, "warn"), code, text)
