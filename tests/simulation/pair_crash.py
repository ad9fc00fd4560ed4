"""Two venues, one state dir, and one core of a pair after the other: each dies at a chosen point, as by SIGKILL.

No line of a core runs after its death; what is on its way to a venue arrives. The next is built from the disk.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import msgspec

from core import rng, tasks
from core.build.assemble import Place, load_config
from core.build.holdings import kept_holdings, sign_of
from core.build.pairs_kept import FILE
from core.clock import LoopClock
from core.domain.units import NS_PER_S
from core.execution.pair_saga import words as w
from core.kernel import Kernels, best_kernels
from core.market.synthetic import SyntheticMarket, SyntheticSource
from core.market.synthetic_price import Character
from core.venues.wire.behind import WireExchange
from tests.rehearsal.stage import HYPERLIQUID, LONG_LEG, pair_of
from tests.simulation.mortal import Mortal
from tests.simulation.pair_crash_fate import Death, Trigger, declared
from tests.simulation.pair_crash_life import EQUITY, Life
from tests.simulation.pair_crash_venue import Shop, Weather
from tests.simulation.rig import START

STAGES = (LONG_LEG, HYPERLIQUID)
PUMP_S = 0.05
PACE: dict[str, Any] = {  # of one life of a pair: seconds where a real one has hours
    "emaFast": 3, "emaSlow": 8, "bandMinSamples": 5, "bandSigma": 1.2, "tMaxSec": 6, "exitMaxSec": 3,
    "exitReboundPct": 0.0002, "exitTakePct": 0.0003, "wishRepeatMs": 300, "sampleSec": 1, "passiveMs": 600,
    "openMs": 3000, "stopLossFirstLeg": 0.0005,
}  # fmt: skip


class World(Mortal):
    """Two venues, one state dir, one core after the other. `script(world)` runs in virtual time."""

    life: Life | None

    def __init__(self, seed: int, **params: Any) -> None:
        super().__init__(seed)
        self.dice = rng.stream(seed, "pair crash")
        self.params = PACE | params
        self.kernels: Kernels = best_kernels()
        self.deaths: list[Death] = []
        self.wrong: list[str] = []
        self.said: list[str] = []
        self.notes: Counter[str] = Counter()
        self.passes: Counter[str] = Counter()
        self.trigger: Trigger | None = None
        self.before: Life | None = None
        self.quick = False  # the trigger is of a recovery
        self.cut: Life | None = None  # whose position a venue cut by itself

    def _begin(self) -> asyncio.Task[Any]:
        self.died = asyncio.Event()
        return self.spawn(self._pump())

    def _last(self) -> None:
        self.kill("end", -1)

    def _says(self, kind: str, text: str) -> None:
        self.wrong.append(f"{kind}: {text}")

    def _found(self, loop: asyncio.AbstractEventLoop) -> None:
        self.clock = LoopClock(loop.time, START)
        config = self.state_dir / "pair.yml"
        config.write_text(pair_of(STAGES, ["http://127.0.0.1:1", "http://127.0.0.1:2"], 1), encoding="utf-8")
        over = {f"strategies.0.params.{key}": value for key, value in self.params.items()}
        self.loaded = load_config(config, {"mode": "live", **over})
        listed = [msgspec.structs.replace(x, network="loopback") for x in self.loaded.instruments]
        self.instruments = tuple(listed)
        self.places = [Place(f"{x.venue}:{x.symbol}", x) for x in listed]
        self.signs = [sign_of("crash", x.venue, "loopback", "http://127.0.0.1") for x in listed]
        lively = Character(
            sigma_bps=1.0 + 3.0 * float(self.dice.random()), hold_bps=1.0, orders_per_s=4.0,
            level_quote=float(self.dice.choice([150.0, 400.0, 25_000.0])),
        )  # fmt: skip
        self.shops = []
        for leg, (stage, x) in enumerate(zip(STAGES, listed, strict=True)):
            market = SyntheticMarket(x, self.seed + leg, START, stage.price, lively)
            exchange = WireExchange(
                SyntheticSource([market]), EQUITY, self.seed + leg, self.kernels, self.clock, 2 * NS_PER_S
            )
            self.shops.append(Shop(leg, exchange, self.clock, self.seed, self.spawn, self.passed))

    async def _pump(self) -> None:
        while not self._ended:
            await tasks.sleep(PUMP_S)
            for shop in self.shops:
                shop.exchange.catch_up()

    # life and death --------------------------------------------------------------------------------------------------

    def start(self, stale: bool = False) -> Life:
        """A new process; `stale`: what it finds of the pair is one write old."""
        self.died.clear()
        if stale and self.before and self.before.stale:
            (self.state_dir / FILE).write_bytes(self.before.stale)
            self.deaths[-1].stale = True
        self.life = life = Life(self)
        if self.deaths:
            self.deaths[-1].found = int(life.saga.state)
        self.run_core(life.run())
        return life

    def passed(self, point: str, leg: int = -1) -> None:
        """The core stands here now; it goes no further where the trigger says so."""
        life, trigger = self.life, self.trigger
        self.passes[point] += 1
        if life is None or trigger is None:
            return
        if trigger.fits(point, leg, life.saga.state, life.age_s):
            trigger.count -= 1
            if trigger.count <= 0:
                self.kill(point, leg)

    def kill(self, point: str, leg: int) -> None:
        """SIGKILL: every task of the core ends where it stands."""
        life = self.life
        assert life is not None
        self.before, self.life, self.trigger = life, None, None
        life.alive = False
        if point != "end":
            self.deaths.append(Death(point, leg, int(life.saga.state), self.quick))
        for shop in self.shops:
            shop.inbox = None
        self.dies(point, self.died.set)

    def on_record(self) -> bool:
        """The positions of both accounts are on the disk, so that a death is no first start."""
        return set(self.signs) <= set(kept_holdings(self.state_dir))

    def quiet(self) -> None:
        """A good day from now on."""
        for shop in self.shops:
            shop.weather = Weather()

    # what must hold --------------------------------------------------------------------------------------------------

    def always(self) -> list[str]:
        """At any time of any run."""
        wrong = list(self.wrong)
        for shop in self.shops:
            if max(shop.sent.values(), default=0) > 1:
                wrong.append(f"leg {shop.leg}: a create was sent twice")
            if max(shop.arrived.values(), default=0) > 1:
                wrong.append(f"leg {shop.leg}: one intent became two orders")
        return wrong

    def verdict(self) -> list[str]:
        """What is wrong of a pair at rest, by the venues' own word; empty = it is what its state declares."""
        life = self.life
        if life is None:
            return ["no core"]
        s = life.saga
        a, b = (shop.pos for shop in self.shops)
        name = w.STATE_NAMES[s.state]
        said = [] if life.engine.check.clean else ["not reconciled"]
        if any(shop.open() for shop in self.shops):
            said.append(f"{name}: orders stand at a venue")
        if (a, b) != tuple(post.ledger.s.pos for post in life.seat.posts):
            said.append(f"{name}: ledgers are not what the venues hold")
        if life.seat.unknown():
            said.append(f"{name}: an order is UNKNOWN")
        mins = [post.instrument.min_lots for post in life.seat.posts]
        return said + declared(s, life.seat.saga_params.s.lot_grains, mins, a, b)
