"""One seed's day of a pair: its core dies and comes back, one leg is deleveraged, and the net delta is watched.

(vi) the delta stays within what one leg may be by plan, or an alarm stands within a second. The rest of what must hold
of a pair is said by `pair_crash_days`.
"""

from __future__ import annotations

import hashlib
from typing import Any

from core import rng, tasks
from tests.simulation.chaos_day import Day
from tests.simulation.pair_crash import World
from tests.simulation.pair_crash_days import BASE, crash_day

DEATHS = 3
ALARM_S = 1.0
LOOK_S = 0.05
ADL_SHARE = 0.3


class Watch:
    """Runs beside a pair's day. `wrong` collects what does not hold."""

    def __init__(self, seed: int) -> None:
        self.dice = rng.stream(seed, "pair chaos")
        self.wrong: list[str] = []
        self.journals: list[Any] = []
        self.deleveraged = 0
        self.worst_s = 0.0  # the longest time over the bound without an alarm

    async def run(self, world: World) -> None:
        """Until the world ends."""
        adl_s = 15.0 + 30.0 * float(self.dice.random()) if self.dice.random() < ADL_SHARE else 1e9
        over_s, said = 0.0, 0
        start = world.clock.now()
        while not world._ended:
            await tasks.sleep(LOOK_S)
            life = world.life
            if life is None:
                over_s = 0.0
                continue
            if life.journal not in self.journals:
                self.journals.append(life.journal)
            if (world.clock.now() - start) / 1e9 > adl_s and self._deleverage(world):
                adl_s = 1e9
            if not self._over(world, life):
                over_s, said = 0.0, len(world.said)
                continue
            over_s += LOOK_S
            if len(world.said) > said:
                continue
            self.worst_s = max(self.worst_s, over_s)
            if over_s > ALARM_S + LOOK_S:
                self.wrong.append(f"(vi) {life.age_s:.1f} s of process {life.n}: the delta is over its bound, no alarm")
                over_s = -1e9

    def _over(self, world: World, life: Any) -> bool:
        grains = life.seat.saga_params.s.lot_grains
        net = abs(sum(shop.pos * grain for shop, grain in zip(world.shops, grains, strict=True)))
        planned = max(round(BASE / x.lot) * grain for x, grain in zip(world.instruments, grains, strict=True))
        return bool(net > planned + max(grains[0], grains[1]) + life.saga.dust)

    def _deleverage(self, world: World) -> bool:
        shop = world.shops[int(self.dice.integers(2))]
        if shop.pos == 0:
            return False
        lots = max(1, round(abs(shop.pos) * (0.2 + 0.8 * float(self.dice.random()))))
        self.deleveraged += shop.exchange.inject(0, "adl", (lots,))
        world.cut = world.life
        return True


def pair_day(seed: int) -> Day:
    """One seed, whole."""
    watch = Watch(seed)
    found = crash_day(seed, DEATHS, beside=watch.run)
    world = found.world
    day = Day(seed, "pair", wrong=found.wrong + watch.wrong)
    day.sha256 = hashlib.sha256("".join(journal.sha256 for journal in watch.journals).encode()).hexdigest()
    for shop in world.shops:
        for name, count in shop.happened.items():
            day.fired[name] = day.fired.get(name, 0) + count
        day.fills += len(shop.exchange.books.trades)
        day.creates += sum(shop.sent.values())
        day.doubled += sum(count > 1 for count in shop.arrived.values())
    day.fired["killed"] = len(world.deaths)
    if watch.deleveraged:
        day.fired["adl"] = watch.deleveraged
    day.trace = "\n".join([*map(str, world.deaths), *world.said])
    return day
