"""A venue, a state dir and one core of a market maker after the other, in virtual time. `script(world)` is the day.

Owns what outlives a core: the market, the venue and what is on its way to it, the acts of the venue, and death. No
line of a core runs after its death.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any

import msgspec

from core import tasks
from core.build.assemble import Place, load_config
from core.clock import LoopClock
from core.domain.commands import AnyCommand, Flatten, Halt
from core.domain.events import Asked, Step
from core.domain.units import NS_PER_S
from core.kernel import Kernels, best_kernels
from core.market.synthetic import SyntheticMarket, SyntheticSource
from core.market.synthetic_price import Character
from core.venues.wire.behind import WireExchange
from tests.simulation.async_venue import AsyncVenue
from tests.simulation.chaos_life import EQUITY, Life
from tests.simulation.chaos_oracle import Oracle
from tests.simulation.chaos_trace import Trace
from tests.simulation.live_rig import NEAR
from tests.simulation.mortal import Mortal
from tests.simulation.rig import START
from tests.simulation.weather import Act, Weather

SETTLEMENT_S = 8 * 3600.0
CONFIG: dict[str, Any] = NEAR | {"mode": "live", "live": True, "strategies.0.risk.rejectCooldownSeconds": 4.0}
LIVELY = Character(sigma_bps=2.5, hold_bps=1.0, orders_per_s=4.0)
THIN = LIVELY._replace(level_quote=600.0, orders_per_s=16.0, order_quote=15.0, order_sigma=0.7)
BIG = {"strategies.0.params.baseSize": 0.03}  # beside prints of a fifth of it: fills in parts


class World(Mortal):
    """One seed."""

    life: Life | None

    def __init__(self, seed: int, weather: Weather, kernels: Kernels | None = None) -> None:
        super().__init__(seed)
        self.weather = weather
        self.kernels = kernels or best_kernels()
        self.trace = Trace()
        self.lives: list[Life] = []
        self.stop: AnyCommand | None = None  # the latch on the disk
        self._kills = list(weather.kills)

    def _begin(self) -> asyncio.Task[Any]:
        pump = self.spawn(self.venue.pump(), "market")
        self.spawn(self._acts(), "acts")
        return pump

    def _end(self) -> None:
        self._ended = self.venue.ended = True

    def _last(self) -> None:
        self.kill("the end")

    def _says(self, kind: str, text: str) -> None:
        self.oracle.says(kind, text)

    def _found(self, loop: asyncio.AbstractEventLoop) -> None:
        """The market, the venue and its oracle."""
        funding = self.weather.funding_s
        start = START + round((SETTLEMENT_S - funding) * NS_PER_S) if funding else START
        self.clock = LoopClock(loop.time, start)
        self.loaded = load_config(None, {"seed": self.seed, **CONFIG, **(BIG if self.weather.thin else {})})
        self.instrument = msgspec.structs.replace(self.loaded.instruments[0], network="loopback")
        settings = self.loaded.settings.strategies[0]
        self.places = (Place(f"{settings.venue}:{settings.symbol}", self.instrument),)
        market = SyntheticMarket(
            self.instrument, self.seed, start, character=THIN if self.weather.thin else LIVELY
        )  # fmt: skip
        self.exchange = WireExchange(SyntheticSource([market]), EQUITY, self.seed, self.kernels, self.clock)
        self.venue = AsyncVenue(self.exchange, None, self.clock, self.seed, self.weather, self.spawn)
        self.oracle = Oracle(self)
        self.exchange.listeners.append(self.oracle.venue)
        self.venue.on_send = self.oracle.sent
        self.venue.on_event = lambda name, what: self.trace.add(self.venue.t, name, what)
        self.venue.passed = self.passed

    # what the venue does of itself -----------------------------------------------------------------------------------

    async def _acts(self) -> None:
        for act in self.weather.acts:
            await tasks.sleep(max(0.0, act.at_s - self.venue.t))
            if self._ended:
                return
            self.act(act)

    def act(self, act: Act) -> None:
        """One act, and its end where it lasts."""
        exchange, done = self.exchange, True
        pos = exchange.position(0)[0]
        if act.name == "adl":
            done = exchange.inject(0, "adl", (max(1, round(act.value * abs(pos))),)) if pos else False
        elif act.name == "cancels":
            open_ = exchange.books.open_of()
            done = bool(open_) and exchange.inject(0, "cancel_order", (open_[0].venue_id if act.value < 0.7 else 0,))
        elif act.name == "liquidate":
            done = exchange.inject(0, "liquidate")
        elif act.name == "skew":
            exchange.skew_ns = round(act.value * NS_PER_S)
            self.spawn(self._later(self.weather.until_s - self.venue.t, self._right_clock))
        else:
            name, on, off = {
                "cancel_only": ("cancel_only", (1,), (0,)),
                "tick": ("filters", (5, 0, 0), (1, 0, 0)),
                "lot": ("filters", (0, 3, 0), (0, 1, 0)),
            }[act.name]
            exchange.inject(0, name, on)
            lasts = min(act.value, self.weather.until_s - self.venue.t)
            self.spawn(self._later(lasts, lambda: exchange.inject(0, name, off)))
        if done:
            self.venue.dice.note(act.name)
        self.trace.add(self.venue.t, "act", f"{act.name} {act.value:.3f}" + ("" if done else " (nothing to do)"))

    def _right_clock(self) -> None:
        self.exchange.skew_ns = 0

    async def _later(self, seconds: float, what: Callable[[], object]) -> None:
        await tasks.sleep(max(0.0, seconds))
        what()

    # life and death --------------------------------------------------------------------------------------------------

    def start(self) -> Life:
        """A new process; with a latch on the disk it goes on with that stop."""
        life = Life(self, len(self.lives), self.stop)
        self.lives.append(life)
        self.life = life
        self.venue.connect(life.inbox)
        self.trace.add(self.venue.t, "start", f"process {life.n}" + (", latched" if self.stop else ""))
        self.run_core(life.run())
        return life

    def stepped(self, life: Life, step: Step) -> None:
        """A step of the core: for the oracle, the trace, and the latch."""
        for event in step.moment.inputs:
            if isinstance(event, Asked):
                self.trace.add(self.venue.t, "asked", type(event.command).__name__)
        for note in step.notes:
            self.trace.add(self.venue.t, "note", note)
            if note.code == "latched" and life.engine.stopping.plan is not None:
                self.stop = self.latch(life)
            elif note.code == "rearmed":
                self.stop = None
        self.oracle.step(life, step)

    def latch(self, life: Life) -> AnyCommand:
        """What the disk says of the stop under way."""
        plan = life.engine.stopping.plan
        assert plan is not None
        verb = Flatten if life.engine.stopping.verb == "flatten" else Halt
        return verb(id=plan.stop_id, who="test", reason=plan.reason, scope=plan.scope)

    def passed(self, point: str) -> None:
        """The core stands here now; it goes no further where a death says so."""
        if not self._kills or self.life is None or self.venue.t >= self.weather.until_s:
            return
        at_s, where, count = self._kills[0]
        if self.venue.t < at_s or where != point:
            return
        self._kills[0] = (at_s, where, count - 1)
        if count <= 1:
            self.kill(point)

    def due_death(self) -> bool:
        """A death at a time and not at a point; one whose point is never met comes after a while."""
        if not self._kills or self.life is None or self.venue.t >= self.weather.until_s:
            return False
        at_s, where, _ = self._kills[0]
        if self.venue.t < at_s + (3.0 if where else 0.0):
            return False
        self.kill("now")
        return True

    def kill(self, point: str) -> None:
        """SIGKILL: every task of the core ends where it stands."""
        life = self.life
        assert life is not None
        life.alive, self.life = False, None
        if self._kills:
            self._kills.pop(0)
        self.venue.connect(None)
        if not self._ended:
            self.venue.dice.note("killed")
        self.trace.add(self.venue.t, "KILLED", f"process {life.n} at {point}")
        self.dies(point)

    @property
    def sha256(self) -> str:
        """Of all journals of all its lives."""
        return hashlib.sha256("".join(life.journal.sha256 for life in self.lives).encode()).hexdigest()
