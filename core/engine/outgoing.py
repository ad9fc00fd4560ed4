"""Requests on their way to a real venue: write-ahead before anything that adds risk, lanes, and the wire gate last.

A create or amend leaves only after the frame that holds it is on the disk, and only if the gate still lets it in the
very call that sends it. Cancels and a stop's own requests never wait for the disk. What was held back goes back to the
engine as `RequestRefused`: it never existed.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence

from core import tasks
from core.domain.events import Input, RequestRefused
from core.domain.order import CANCEL, LOST, STOP, Report, Request
from core.domain.ports import Clock, LivePort
from core.domain.reasons import HALTED, PAUSED
from core.venues.lanes import WireGate

SYNC_BUDGET_S = 1.0
ORDERS_AT_ONCE, CANCELS_AT_ONCE = 8, 32
DRAIN_S = 10.0
DEPARTURES = 4_096


class Outgoing:
    """`close_block` writes the journal's pending frames, `sync` forces them to the disk; either may raise.

    `on_fatal(why)`: the journal failed or took more than a second; nothing held leaves. `refused(event)` tells the
    engine; `lost(report)` is said where an adapter broke its promise and raised. `accounts`: whose each instrument is;
    requests that hang at one venue take no place from those of another.
    """

    def __init__(
        self,
        venue: LivePort,
        wire: WireGate,
        clock: Clock,
        close_block: Callable[[], None],
        sync: Callable[[], Awaitable[None]],
        refused: Callable[[Input], None],
        lost: Callable[[Report], None],
        on_fatal: Callable[[str], None],
        accounts: Mapping[int, int] | None = None,
    ) -> None:
        self.venue, self.wire, self.clock = venue, wire, clock
        self.close_block, self.sync = close_block, sync
        self.refused, self.lost, self.on_fatal = refused, lost, on_fatal
        self.sent = 0
        self.departures: deque[tuple[int, int, int]] = deque(
            maxlen=DEPARTURES
        )  # client id, kind, ts; a sink takes them
        self.ending = False  # a round or the process ends: what was decided before that leaves no more
        self.broken = ""  # why no create may leave any more
        self.sync_ns: list[int] = []  # durations since the last look
        self._held: list[tuple[Request, int]] = []  # request, decided at
        self._flushing = False
        self._accounts = accounts or {}
        self._orders: defaultdict[int, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(ORDERS_AT_ONCE))
        self._cancels: defaultdict[int, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(CANCELS_AT_ONCE))
        self._alive: set[asyncio.Task[None]] = set()

    def take(self, requests: Sequence[Request], decided: int) -> None:
        """The requests of one step, in order."""
        for request in requests:
            if request.kind == CANCEL or request.flags & STOP:
                self._start(request, decided)
            elif self.broken:
                self._refuse(request, HALTED)
            else:
                self._held.append((request, decided))
        if self._held and not self._flushing:
            self._flushing = True
            self._spawn(self._flush(), "write-ahead")

    async def _flush(self) -> None:
        """One sync for everything that waits; while it runs the next ones gather."""
        try:
            while self._held:
                batch, self._held = self._held, []
                begun = self.clock.monotonic()
                try:
                    self.close_block()
                    async with tasks.timeout(SYNC_BUDGET_S):
                        await self.sync()
                except Exception as error:
                    self._fail(f"journal: {type(error).__name__}: {error}".rstrip(": "), batch)
                    return
                self.sync_ns.append(self.clock.monotonic() - begun)
                for request, decided in batch:
                    self._start(request, decided)
        finally:
            self._flushing = False

    def _fail(self, why: str, batch: list[tuple[Request, int]]) -> None:
        self.broken = why
        held, self._held = [*batch, *self._held], []
        for request, _ in held:
            self._refuse(request, HALTED)
        self.on_fatal(why)

    def journal_failed(self, why: str) -> None:
        """The disk refused a block that no create waited for: nothing held leaves."""
        if not self.broken:
            self._fail(why, [])

    def mend(self) -> None:
        """Re-armed by a person: creates may leave again."""
        self.broken = ""

    def _refuse(self, request: Request, code: int) -> None:
        self.refused(RequestRefused(request.cl_id, request.instrument, request.kind, code))

    # sending ---------------------------------------------------------------------------------------------------------

    def _start(self, request: Request, decided: int) -> None:
        self._spawn(self._send(request, decided), "request")

    def _spawn(self, coroutine: Awaitable[None], name: str) -> None:
        task = tasks.spawn(_as_coroutine(coroutine), name, self._broke)
        self._alive.add(task)
        task.add_done_callback(self._alive.discard)

    def _broke(self, error: BaseException) -> None:
        self.on_fatal(f"sending: {type(error).__name__}: {error}")

    async def _send(self, request: Request, decided: int) -> None:
        if request.flags & STOP:
            await self._hand_over(request, decided)
            return
        lane = self._cancels if request.kind == CANCEL else self._orders
        async with lane[self._accounts.get(request.instrument, 0)]:
            await self._hand_over(request, decided)

    async def _hand_over(self, request: Request, decided: int) -> None:
        code = self.wire.check(request, decided, self.clock.now())
        if self.ending and request.kind != CANCEL and not request.flags & STOP:
            code = PAUSED
        if code:
            self._refuse(request, code)
            return
        self.sent += 1
        self.departures.append((request.cl_id, request.kind, self.clock.now()))
        try:
            await self.venue.send(request)
        except Exception as error:
            self.lost(Report(request.instrument, LOST, self.clock.now(), request.cl_id, request.venue_id, request.side))
            raise RuntimeError(f"the venue adapter raised {type(error).__name__}") from error

    @property
    def in_flight(self) -> int:
        """Requests and write-aheads that have no answer yet."""
        return len(self._alive)

    async def drain(self) -> None:
        """Wait for every answer, bounded. What has none then is LOST for whoever reads the journal."""
        alive = set(self._alive)
        if alive:
            await asyncio.wait(alive, timeout=DRAIN_S)


async def _as_coroutine(awaitable: Awaitable[None]) -> None:
    await awaitable
