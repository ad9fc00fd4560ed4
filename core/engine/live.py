"""The live driver: feeds, reports and commands from the inbox into `Engine.process`, requests and reads out of it.

One loop, woken by whatever arrives or falls due. Market rows wake the engine by the conditions that its strategies
declared, otherwise they wait for the next wake; everything else wakes at once. Rows go into the journal as columns, so
that a replay needs the journal alone. A fault here latches HALT; it is never silent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from core import tasks
from core.clock import stopwatch
from core.domain.book import Feed
from core.domain.commands import Halt
from core.domain.errors import Fatal
from core.domain.events import (
    W_INPUT,
    W_OWN,
    W_TIMER,
    Asked,
    Due,
    Input,
    Moment,
    Read,
    ReadReply,
    Slice,
    Step,
)  # fmt: skip
from core.domain.ports import Clock, LivePort, StepSink
from core.domain.units import NS_PER_S
from core.engine import ending
from core.engine.engine import Engine
from core.engine.inbox import Inbox
from core.engine.journal import Chunk
from core.engine.lastlook import last_look
from core.engine.outgoing import Outgoing
from core.engine.runstate import FINISHING, STOPPED, STOPPING
from core.engine.stopping import NONCE_BASE
from core.exchange.advance import see
from core.exchange.blocks import Market
from core.exchange.window import Window, columns_of
from core.execution.closing import cancel_of
from core.venues.lanes import WireGate

HEALTH_S = 1.0
READ_S = 15.0
MOST_WAIT_S = 0.25  # between two looks at the timers
BLOCK_NS = NS_PER_S  # journal blocks are closed at least this often


class LiveDriver:
    """`sync` forces the journal to the disk (awaitable). `on_fatal(why)` closes the gate and writes the latch.

    `sinks` see each step after it was carried out; one that fails is told to `on_sink_failure` and trading goes on.
    """

    def __init__(
        self,
        engine: Engine,
        inbox: Inbox,
        venue: LivePort,
        wire: WireGate,
        clock: Clock,
        sync: Callable[[], Awaitable[None]],
        on_fatal: Callable[[str], None],
        sinks: Sequence[StepSink] = (),
        on_sink_failure: Callable[[StepSink, Exception], None] | None = None,
    ) -> None:
        self.engine, self.inbox, self.venue, self.clock = engine, inbox, venue, clock
        self._on_fatal, self.on_sink_failure = on_fatal, on_sink_failure
        self.sinks = list(sinks)
        self._more = asyncio.Event()
        inbox.on_push = self._more.set
        self.outgoing = Outgoing(
            venue, wire, clock, engine.journal.close_block, sync, inbox.input, inbox.report, self.fatal,
            {post.place: post.account for post in engine.posts},
        )  # fmt: skip
        self._accounts = sorted({post.account for post in engine.posts})
        self.now = clock.now()
        self.ended = False
        self.failure = ""
        self.events = 0
        self.loop_lag_ns = 0
        self.compute_ns: list[int] = []  # wake to requests
        self.before: Callable[[], None] = lambda: None  # ahead of each turn: commands
        self.after: Callable[[], None] = lambda: None  # behind each turn: pictures
        instruments = inbox.instruments
        self._windows: list[Window | None] = [None] * instruments
        self._waiting: list[list[Feed]] = [[] for _ in range(instruments)]  # rows that woke nobody yet
        self._seen = [0] * instruments
        self._eyes = [Market() for _ in range(instruments)]  # our half, for wake conditions only
        self._block_at = 0
        self._alarmed = False
        self._set_wakes()

    def _set_wakes(self) -> None:
        for place, posts in self.engine.places.items():
            eyes = self._eyes[place].s
            wakes = [self.engine.seats[post.seat].wakes for post in posts]
            eyes.wake_mask = 0
            for wake in wakes:
                eyes.wake_mask |= wake.mask
            eyes.wake_mid_ticks = min(wake.mid_move_ticks for wake in wakes)

    def push(self, event: Input) -> None:
        """An input of this instant: the start, a command."""
        self.inbox.command(event)

    def fatal(self, why: str) -> None:
        """Something that must not go on: the gate closes, the latch is written, the engine is told to halt."""
        if not self.failure:
            self.failure = why
            self._on_fatal(why)
            self.inbox.command(Asked(Halt(id=f"fatal-{self.engine.seq}", who="core", reason=why[:200])))

    def mended(self) -> None:
        """Re-armed by a person."""
        self.failure = ""
        self.outgoing.mend()

    # loop ----------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until the engine says STOPPED. Raises what broke the engine, after the gate was closed and ours cancelled."""
        health = tasks.spawn(self._health(), "health", lambda error: self.fatal(f"health: {error}"))
        try:
            while not self.ended:
                self.before()
                self._turn()
                self.after()
                await self._rest()
            await self.outgoing.drain()
            await self._last_look()
        except Exception as error:
            self.ended = True
            self._on_fatal(f"fault of the core: {type(error).__name__}: {error}"[:200])
            await asyncio.gather(*(self._withdraw(account) for account in self._accounts))
            raise
        finally:
            health.cancel()
            self._close_block()

    async def _rest(self) -> None:
        """Until something arrives or a timer is due. One turn of the loop at least, so that senders get theirs."""
        wait = (self.engine.timers.next_due() - self.clock.now()) / NS_PER_S
        if self._more.is_set() or wait <= 0:
            await tasks.sleep(0)
            return
        try:
            async with tasks.timeout(min(wait, MOST_WAIT_S)):
                await self._more.wait()
        except TimeoutError:
            return

    def _turn(self) -> None:
        """Everything that has arrived by now: one moment, or none where only sleeping rows came."""
        self._more.clear()
        now = max(self.now + 1, self.clock.now())
        why = 0
        for i in range(len(self._eyes)):
            why |= self._look(i)
        inputs = [*self.inbox.take_inputs(), *(Due(name) for name in self.engine.timers.pop_due(now))]
        reports = self.inbox.take_reports()
        if inputs:
            why |= W_INPUT if any(type(event) is not Due for event in inputs) else W_TIMER
        if reports:
            why |= W_OWN
        if self.inbox.alarmed and not self._alarmed:
            self._alarmed = True
            self.fatal("inbox: more than 10,000 reports or commands wait, the core cannot keep up")
        if why:
            self._process(Moment(now, why, self._slices(), reports, tuple(inputs)))
        if now - self._block_at > BLOCK_NS:
            self._block_at = now
            self._close_block()

    def _close_block(self) -> None:
        """A disk that refuses halts, as before a create; the core lives on, and cancels need no disk (R-S1)."""
        try:
            self.engine.journal.close_block()
        except Fatal as error:
            self.outgoing.journal_failed(f"journal: {error}")

    def _look(self, i: int) -> int:
        """New rows of one instrument: kept, and the wake bits that they set among those that were asked for."""
        rows = self.inbox.take_market(i)
        if rows is None:
            return 0
        self.events += len(rows.kind)
        self._waiting[i].append(rows)
        eyes, bits = self._eyes[i].s, 0
        for k in range(len(rows.kind)):
            bits |= see(eyes, rows, k)
        return int(bits & eyes.wake_mask)

    def _slices(self) -> tuple[Slice, ...]:
        """The waiting rows join the window and the journal, and become visible with this moment."""
        out = []
        for i, waiting in enumerate(self._waiting):
            if not waiting:
                continue
            self._waiting[i] = []
            for rows in waiting:
                self._add(i, rows)
            window = self._windows[i]
            assert window is not None
            last = window.base + len(window)
            if i in self.engine.places:
                out.append(Slice(i, self._seen[i], last))
            self._seen[i] = last
        return tuple(out)

    def _add(self, i: int, rows: Feed) -> None:
        window = self._windows[i]
        if window is None:
            window = self._windows[i] = Window(rows)
            base = 0
        else:
            base = window.base + len(window)
            window.extend(rows, self._seen[i] - window.base)
            self.engine.bases[i] = window.base
        self.engine.journal.append(Chunk(i, base, columns_of(rows)))
        for post in self.engine.places.get(i, ()):
            post.bind_feed(window.feed)

    def rebind(self) -> None:
        """After the engine switched the form of its kernels."""
        for i, window in enumerate(self._windows):
            if window is not None:
                for post in self.engine.places.get(i, ()):
                    post.bind_feed(window.feed)

    def _process(self, moment: Moment) -> None:
        self.now = moment.ts
        begun = stopwatch()
        step = self.engine.process(moment)
        self.compute_ns.append(stopwatch() - begun)
        self._carry_out(step)
        if self.engine.state.run == STOPPED:
            self.ended = True

    def _carry_out(self, step: Step) -> None:
        self.outgoing.ending = self.engine.state.run in (FINISHING, STOPPING, STOPPED)
        self.outgoing.take(step.requests, step.moment.ts)
        for read in step.reads:
            tasks.spawn(self._read(read), f"read {read.what}", lambda error: self.fatal(f"reading: {error}"))
        for sink in self.sinks:
            try:
                sink.take(step)
            except Exception as error:
                if self.on_sink_failure is None:
                    raise
                self.on_sink_failure(sink, error)

    # questions -----------------------------------------------------------------------------------------------------

    async def _read(self, read: Read) -> None:
        """One read to its answer; the stop's own reads go on the emergency lane."""
        self.inbox.input(await self._answer(read))

    async def _answer(self, read: Read) -> ReadReply:
        try:
            async with tasks.timeout(READ_S):
                return await self.venue.read(read, read.nonce >= NONCE_BASE)
        except TimeoutError:
            why = f"no answer in {READ_S:g} s"
            return ReadReply(read.what, read.nonce, self.clock.now(), error=why, account=read.account)

    async def _last_look(self) -> None:
        """Before the process ends; a flat one is not verified where this brings a position."""
        await last_look(self.engine, self.inbox, self._accounts, self._answer, self.venue.send, self.clock)
        self._turn()
        if ending.held(self.engine):
            self.engine.end_verified = False

    async def _health(self) -> None:
        """Once a second what the wire and the loop are like, as an event."""
        while True:
            due = self.clock.monotonic() + round(HEALTH_S * NS_PER_S)
            await tasks.sleep(HEALTH_S)
            self.loop_lag_ns = max(0, self.clock.monotonic() - due)
            self.inbox.input(msgspec.structs.replace(self.venue.health(), loop_lag_ns=self.loop_lag_ns))

    async def _withdraw(self, account: int) -> None:
        """The engine is broken: cancel what the venue lists of ours, without it. `panic` beside us does the rest."""
        try:
            async with tasks.timeout(READ_S):
                listed = await self.venue.read(Read("orders", NONCE_BASE, account=account), True)
                ours = [order for order in listed.orders if order.cl_id]
                await asyncio.gather(*(self.venue.send(cancel_of(order)) for order in ours))
            why = listed.error
        except Exception as error:
            why = type(error).__name__
        if why:
            self._on_fatal(f"cancelling without the engine failed: {why}")
