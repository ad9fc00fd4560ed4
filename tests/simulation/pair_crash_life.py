"""One process of a pair in virtual time: everything in it is made anew from the state dir.

Engine, seat, live driver, outgoing lanes, keeper of the pairs and record of positions are the program's own, in the
live core's own order of things. `world.passed` are the points where it may die.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core import tasks
from core.build.assemble import engine_of
from core.build.holdings import sign_of_all
from core.build.live_core import OVERLAP_NS, SAVE_NS, Origin
from core.build.pairs_kept import FILE, PairKeeper, read_kept
from core.build.remembered import Remembered
from core.domain.commands import Resume
from core.domain.events import Asked, Health, Moment, Read, ReadReply, Started, Step
from core.domain.order import Request
from core.domain.units import MONEY, NS_PER_S
from core.engine.inbox import Inbox
from core.engine.journal import Journal
from core.engine.live import LiveDriver
from core.venues.lanes import WireGate
from tests.simulation.rig import Flag

if TYPE_CHECKING:
    from tests.simulation.pair_crash import World

EQUITY = 100_000 * MONEY
DISK_S = 0.0003


class Life:
    """One process: everything in it is made anew from the state dir. `run` until it dies or the world ends."""

    def __init__(self, world: World) -> None:
        self.world, clock = world, world.clock
        self.alive, self.born, self.n = True, clock.now(), len(world.deaths)
        self.remembered = Remembered(world.state_dir, world.signs)
        sign = sign_of_all(world.signs)
        self.journal = Journal(None)
        self.engine = engine_of(
            world.loaded, Origin(world.instruments, self.born), world.places, self.journal, world.kernels,
            equity=EQUITY, epoch_ns=self.born, own=self.remembered.rows, owners=(0, 1),
            pairs=read_kept(world.state_dir, sign),
        )  # fmt: skip
        self.seat: Any = self.engine.seats[0]
        self.keeper = PairKeeper(world.state_dir, sign, self.engine, clock, self._alert)
        self.inbox = Inbox(2)
        for k, shop in enumerate(world.shops):
            earlier = self.remembered.earlier[k]
            shop.inbox = self.inbox
            shop.since_ns = self.born if earlier is None else min(self.born, earlier.as_of - OVERLAP_NS)
        rates = [x.orders_per_10s for x in world.instruments]
        self.flag = Flag()
        self.driver = LiveDriver(
            self.engine, self.inbox, self, WireGate(self.flag, rates, owners=(0, 1)), clock, self._sync, self._fatal,
            [self],
        )  # fmt: skip
        self._process = self.engine.process
        self.stale = self._now = b""  # the pairs' file before its last change, and now
        self.engine.process = self._moment  # type: ignore[method-assign]
        self.driver.after = self._after
        self._saved_at = 0
        self.cells: set[int] = set()  # where the saga has been in this life

    @property
    def saga(self) -> Any:
        return self.seat.saga.s

    @property
    def age_s(self) -> float:
        return (self.world.clock.now() - self.born) / NS_PER_S

    async def run(self) -> None:
        self.driver.push(Started(self.world.loaded.sha256, 1, "LIVE", 1 + self.n))
        await self.driver.run()

    def resume(self) -> None:
        self.driver.push(Asked(Resume(word="y")))

    # the live core's own order of things -----------------------------------------------------------------------------

    def _moment(self, moment: Moment) -> Step:
        self.world.passed("moment")
        step = self._process(moment)
        self.cells.add(int(self.saga.state))
        self.world.passed("report taken" if moment.reports else "processed")
        return step

    async def _sync(self) -> None:
        self.world.passed("journal appended")
        if not self.remembered.complete:
            self.remembered.save(self.engine, [place.key for place in self.world.places])
            self.world.passed("positions saved")
        write = self.keeper.taken()
        await tasks.sleep(DISK_S)
        if write is not None:
            self.keep(write)
        self.world.passed("pairs written")
        await tasks.sleep(DISK_S)
        self.world.passed("synced")

    def _after(self) -> None:
        now = self.world.clock.monotonic()
        if now - self._saved_at >= SAVE_NS:
            self._saved_at = now
            self.remembered.save(self.engine, [place.key for place in self.world.places])
            self.world.passed("positions saved")
        self.keep(self.keeper.look)
        self.world.passed("turned")

    def keep(self, write: Callable[[], None]) -> None:
        """What is written over is remembered, unless its saga had never looked."""
        mark = self.keeper._written
        write()
        if self.keeper._written is not mark:
            self.stale, self._now = self._now, b""
            if self.saga.n_wakes > 0:
                self._now = (self.world.state_dir / FILE).read_bytes()

    def _alert(self, level: str, code: str, text: str) -> None:
        self.world.wrong.append(f"{level} {code} {text}")

    def _fatal(self, why: str) -> None:
        if self.alive:
            self.flag.closed = True
            self.world.wrong.append(f"fatal: {why}")

    name = "life"

    def take(self, step: Step) -> None:
        for note in step.notes:
            self.world.notes[note.code] += 1
            if note.level == "crit":
                self.world.said.append(f"{self.n} {self.age_s:.2f} {note.code} {note.text}")

    # the port --------------------------------------------------------------------------------------------------------

    async def send(self, request: Request) -> None:
        await self.world.shops[request.instrument].send(request)

    async def read(self, read: Read, emergency: bool = False) -> ReadReply:
        return await self.world.shops[read.account].read(read)

    async def cancel_all(self, instrument: int) -> bool:
        return False

    def health(self) -> Health:
        return Health(links_down=sum(shop.weather.down for shop in self.world.shops))
