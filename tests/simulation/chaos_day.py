"""One seed's day of a market maker: faults, deaths, an operator, an end; and what is wrong of it.

Faults end at T = `Weather.until_s`; by T + 10 s both ledgers agree and nothing is open to question (liveness). Safety
is given no time at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core import rng, tasks
from core.domain.commands import Flatten, Halt, Rearm, Resume, Stop
from core.kernel import Kernels
from tests.simulation.chaos_life import Life
from tests.simulation.chaos_world import World
from tests.simulation.weather import Weather, weather_of

WITHIN_S = 10.0
SEALED_S = 12.5  # a stop that never saw a list until then: its wait between two tries (5 s), then Q (5.5 s) between two
# lists, both of the specification, and the reads and closes; 11.2 s at worst in 1,080 days
LOOK_S = 0.1
STOPPED_BY = {"halt": "HALTED", "flatten": "FLAT", "panic": "FLAT", "resume": "HALTED"}


@dataclass
class Day:
    """What is kept of a day. `reconciled_s` after the faults ended, -1 = never."""

    seed: int
    kind: str
    sha256: str = ""
    wrong: list[str] = field(default_factory=list)
    fired: dict[str, int] = field(default_factory=dict)
    reconciled_s: float = -1.0
    fills: int = 0
    creates: int = 0
    doubled: int = 0
    lost: int = 0
    alarms: list[str] = field(default_factory=list)
    trace: str = ""


class Operator:
    """Resumes what is PAUSED, starts what died, presses the key of the day."""

    def __init__(self, world: World) -> None:
        self.world = world
        dice = rng.stream(world.seed, "operator")
        self.key_s = 8.0 + (world.weather.until_s - 9.0) * float(dice.random())
        self._dice, self._restart_s, self._asked_s = dice, 0.0, -1.0
        self.pressed = False

    async def until(self, t: float) -> None:
        """Attend until second `t`."""
        venue = self.world.venue
        while venue.t < t:
            self.attend()
            await tasks.sleep(min(LOOK_S, max(0.001, t - venue.t)))

    def attend(self) -> None:
        """One look."""
        world, t = self.world, self.world.venue.t
        if world.due_death() or world.life is None:
            self._restart_s = self._restart_s or t + 0.3 + 2.5 * float(self._dice.random())
            if t >= self._restart_s or t >= world.weather.until_s:
                self._restart_s = 0.0
                world.start()
            return
        if not self.pressed and t >= self.key_s and world.weather.end in STOPPED_BY:
            self.press(world.life)
        elif world.life.run_state == "PAUSED" and t > self._asked_s:
            self._asked_s = t + 0.4
            world.life.ask(Resume(word="go"))

    def press(self, life: Life) -> None:
        """The key: the gate closes in the very call, the command follows."""
        self.pressed = True
        verb = Halt if self.world.weather.end in ("halt", "resume") else Flatten
        scope = "account" if self.world.weather.end == "panic" else "ours"
        command = verb(id="key", who="test", reason="seeded", scope=scope)
        life.gate.closed = True
        self.world.stop = command
        life.ask(command)


async def _reconciled(world: World, operator: Operator) -> float:
    """Seconds from the end of the faults until both ledgers agreed; -1 = not in time."""
    begun = world.weather.until_s
    while True:
        differences = world.oracle.differences()
        if not differences:
            return world.venue.t - begun
        if world.venue.t > begun + WITHIN_S:
            for text in differences:
                world.oracle.says("liveness", f"{text}, {world.venue.t - begun:.1f} s after the faults ended")
            return -1.0
        await operator.until(world.venue.t + LOOK_S)


async def _reaches(world: World, state: str, seconds: float) -> bool:
    """Whether the core comes to `state` in time."""
    until = world.venue.t + seconds
    while world.life is not None and world.life.run_state != state:
        if world.venue.t > until:
            world.oracle.says("end", f"{world.life.run_state} and not {state} after {seconds:g} s")
            return False
        await tasks.sleep(LOOK_S)
    return True


async def _ends(world: World, operator: Operator) -> None:
    """The end that the weather names, on a good wire."""
    end, life = world.weather.end, world.life
    assert life is not None
    if end in STOPPED_BY:
        until = world.weather.until_s + SEALED_S + (0.0 if operator.pressed else WITHIN_S)
        if not operator.pressed:
            operator.press(life)
        wanted = STOPPED_BY[end]
        if not await _reaches(world, wanted, max(0.0, until - world.venue.t)):
            return
        if world.exchange.books.open_of():
            world.oracle.says("end", f"{wanted} with orders at the venue")
        if wanted == "FLAT" and world.exchange.position(0)[0]:
            world.oracle.says("end", f"FLAT with {world.exchange.position(0)[0]} lots at the venue")
    if end == "resume":
        while life.run_state == "HALTED" and world.venue.t < until:  # refused until a reconcile has agreed
            life.ask(Rearm(word="arm", reason="test"))
            await tasks.sleep(0.5)
        if not await _reaches(world, "PAUSED", 1.0):
            return
        await operator.until(world.venue.t + 4.0)
        if life.run_state != "RUNNING" and not life.engine.state.latched:
            world.oracle.says("end", f"{life.run_state} and not RUNNING after a resume")
    life.ask(Stop(id="s", who="test", flatten=end == "stop flat"))
    if not await _reaches(world, "STOPPED", WITHIN_S):
        return
    await tasks.sleep(1.0)
    if world.exchange.books.open_of():
        world.oracle.says("end", "orders at the venue after a clean stop (R-S4)")
    if end == "stop flat" and world.exchange.position(0)[0]:
        world.oracle.says("end", "a position at the venue after a flattening stop")


def play(seed: int, weather: Weather | None = None, kernels: Kernels | None = None) -> tuple[World, Day]:
    """One seed, whole."""
    world, day = World(seed, weather or weather_of(seed), kernels), Day(seed, "maker")

    async def script(world: World) -> None:
        operator = Operator(world)
        world.start()
        await operator.until(world.weather.until_s)
        if world.life is None:
            world.start()
        day.reconciled_s = await _reconciled(world, operator)
        if world.life is not None and day.reconciled_s >= 0:
            await _ends(world, operator)
            for text in world.oracle.differences():
                world.oracle.says("end", text)
        day.doubled, day.lost = world.oracle.counts()

    world.play(script)
    day.sha256, day.fired = world.sha256, dict(world.venue.log.faults)
    day.wrong = [f"{t:.3f} s {promise} {what}" for t, promise, what in world.oracle.wrong]
    trades = world.exchange.books.trades
    day.fills, day.creates = len(trades), len(world.venue.log.creates)
    parts = sum(t.order is not None and t.qty < t.order.qty for t in trades)
    if parts:
        day.fired["partial"] = parts
    for name, (first, last) in (("silent", world.weather.silent_s), ("maintenance", world.weather.down_s)):
        if last > first:
            day.fired[name] = 1
    return world, day
