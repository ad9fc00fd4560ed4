"""One process of a market maker in virtual time: everything in it is made anew from the state dir.

Engine, live driver, lanes and the record of positions are the program's own, in the live core's own order of things. A
latch outlives it: the next life goes on with the stop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core import tasks
from core.build.assemble import engine_of
from core.build.holdings import sign_of
from core.build.live_core import SAVE_NS, Origin
from core.build.remembered import JOURNALS, Remembered
from core.domain.commands import AnyCommand
from core.domain.events import Asked, Started, Step
from core.domain.units import MONEY, NS_PER_S
from core.engine.inbox import Inbox
from core.engine.journal import Journal
from core.engine.live import LiveDriver
from core.venues.lanes import WireGate

if TYPE_CHECKING:
    from tests.simulation.chaos_world import World

EQUITY = 100_000 * MONEY
DISK_S = 0.0005


class Gate:
    """The halt flag of one process."""

    def __init__(self, closed: bool) -> None:
        self.closed = closed


class Life:
    """`run` until it dies or has ended. `born` ns; `seen` = ids of fills that it found counted at its start."""

    name = "life"

    def __init__(self, world: World, n: int, stop: AnyCommand | None) -> None:
        self.world, self.n, clock = world, n, world.clock
        self.alive, self.born = True, clock.now()
        sign = sign_of("chaos", world.instrument.venue, "loopback", "http://127.0.0.1")
        self.remembered = Remembered(world.state_dir, [sign])
        folder = world.state_dir / JOURNALS
        folder.mkdir(exist_ok=True, mode=0o700)
        self.journal = self.remembered.journal = Journal(folder / f"live-{n}.perpj")
        self.engine = engine_of(
            world.loaded, Origin((world.instrument,), self.born), world.places, self.journal, world.kernels,
            equity=EQUITY, epoch_ns=self.born, own=self.remembered.rows,
        )  # fmt: skip
        self.post = self.engine.posts[0]
        self.post.view.s.own_in_book = 0  # the feed of this venue shows the others' orders alone
        self.seen = frozenset(key for row in self.remembered.rows for key in row.seen)
        self.cost = int(self.ledger.cost)
        self.synced_frames = 0
        self.gate = Gate(stop is not None)
        self.inbox = Inbox(1)
        self.driver = LiveDriver(
            self.engine, self.inbox, world.venue, WireGate(self.gate, world.instrument.orders_per_10s), clock,
            self._sync, self._fatal, [self],
        )  # fmt: skip
        self.driver.after = self._after
        self._saved_at = 0
        self._stop = stop

    @property
    def ledger(self) -> Any:
        return self.post.ledger.s

    @property
    def run_state(self) -> str:
        return self.engine.state.run

    @property
    def age_s(self) -> float:
        return (self.world.clock.now() - self.born) / NS_PER_S

    async def run(self) -> None:
        for fill in self.remembered.told(self.engine, [place.key for place in self.world.places]):
            self.inbox.report(fill)
        self.driver.push(Started(self.world.loaded.sha256, self.world.seed, "LIVE", 1 + self.n))
        if self._stop is not None:
            self.driver.push(Asked(self._stop))
        await self.driver.run()

    def ask(self, command: AnyCommand) -> None:
        """An operator's command."""
        self.driver.push(Asked(command))

    async def _sync(self) -> None:
        frames = self.journal.frames
        if not self.remembered.complete:
            self._save()
        await tasks.sleep(DISK_S)
        self.synced_frames = frames
        self.world.passed("synced")

    def _after(self) -> None:
        now = self.world.clock.monotonic()
        if now - self._saved_at >= SAVE_NS:
            self._saved_at = now
            self._save()

    def _save(self) -> None:
        self.remembered.save(self.engine, [place.key for place in self.world.places])

    def _fatal(self, why: str) -> None:
        if self.alive:
            self.gate.closed = True
            self.world.oracle.fatal(why)

    def take(self, step: Step) -> None:
        """A stop of the engine's own closes the gate, as the session does; re-arming opens it."""
        for note in step.notes:
            if note.code == "latched":
                self.gate.closed = True
            elif note.code == "rearmed":
                self.gate.closed = False
                self.driver.mended()
        self.world.stepped(self, step)
