"""Seeded days of a pair whose core dies again and again, on good and bad wires; what each death came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

from core import rng, tasks
from core.execution.pair_saga import words as w
from tests.simulation.pair_crash import World
from tests.simulation.pair_crash_fate import Trigger
from tests.simulation.pair_crash_venue import Weather

CRASHES = 8  # a day
CLEAN_S = 5.0  # after a restart on a good wire
BAD_S = 15.0  # the same where answers are lost meanwhile: an UNKNOWN waits for its proof, and so does what is left of
# a close that the venue made smaller without a word, since it had taken part of the position away meanwhile
LONG_S = 30.0  # several of them in a row; from BAD_S on the wire is a good one
STALE = 0.1  # share of starts that find an image one write old
LOOK_S = 0.05
SETTLE_S = 4.0
BASE = 0.01  # coins a leg
POINTS = (
    "moment", "processed", "report taken", "journal appended", "pairs written", "synced", "send", "sent", "arriving",
    "arrived", "untold ack", "in ack", "untold partial", "in partial", "untold full", "in full", "positions saved",
    "turned",
)  # fmt: skip
CUT_OFF = (w.PAIRING, w.S2_LOCKING, w.ROLLBACK, w.CUTTING, w.EXITING)
CELLS = (
    frozenset({w.OPENING}), frozenset({w.OPENING}), frozenset({w.S1_ONE_LEG}), frozenset({w.PAIRING, w.S2_LOCKING}),
    frozenset({w.PAIRING, w.S2_LOCKING}), frozenset({w.S3_HEDGED}), frozenset({w.UNLOCK_A, w.UNLOCK_B}),
    frozenset({w.UNLOCK_A, w.UNLOCK_B}), frozenset({w.S4_LONG, w.S5_SHORT}), frozenset({w.EXITING}),
    frozenset({w.ROLLBACK, w.CUTTING}), frozenset(),
)  # fmt: skip


@dataclass
class Day:
    """What is kept of a day."""

    seed: int
    world: World
    wrong: list[str] = field(default_factory=list)
    looked: int = 0
    outages: bool = False

    @property
    def ends(self) -> tuple[int, ...]:
        """What a lock or rollback that was cut off may come to: hedged or flat, or by config the first leg kept."""
        kept = (w.S1_ONE_LEG,) if self.world.params["onLockFail"] == "keep" else ()
        return (w.S0_FLAT, w.S3_HEDGED, *kept)


def chance(dice: Any, most: float, share: float = 0.4) -> float:
    """0, or now and then something up to `most`."""
    return float(dice.random()) * most if dice.random() < share else 0.0


def weather_of(dice: Any) -> Weather:
    """A bad wire: a few of the faults."""
    return Weather(
        lose_before=chance(dice, 0.15), lose_after=chance(dice, 0.15), late=chance(dice, 0.2), refuse=chance(dice, 0.4),
        report_lost=chance(dice, 0.1), report_twice=chance(dice, 0.3), report_late=chance(dice, 0.2),
        read_fails=chance(dice, 0.3),
    )  # fmt: skip


def trigger_of(dice: Any) -> Trigger:
    """Some point in some cell of the table; a cell that is never met is given up after a while."""
    point = str(dice.choice(POINTS))
    states = CELLS[int(dice.integers(len(CELLS)))]
    count = int(dice.integers(1, 4))
    if dice.random() < 0.2:
        point, count = "", int(dice.integers(1, 30))
    leg = int(dice.integers(2)) if dice.random() < 0.5 else -1
    return Trigger(count, point, leg, states, 8.0 + 12.0 * float(dice.random()))


async def _outages(day: Day, dice: Any) -> None:
    """Now and then one venue is away for a while."""
    world = day.world
    while day.outages:
        await tasks.sleep(2.0 + 6.0 * float(dice.random()))
        if not day.outages:
            return
        shop = world.shops[int(dice.integers(2))]
        shop.weather.down = True
        shop.happened["down"] += 1
        await tasks.sleep(0.3 + 3.0 * float(dice.random()))
        shop.weather.down = False


async def _died(world: World, seconds: float) -> bool:
    try:
        async with tasks.timeout(seconds):
            await world.died.wait()
    except TimeoutError:
        return False
    return True


async def _look(day: Day, limit_s: float) -> None:
    """PAUSED after a start: the pair is what its state declares, within the limit."""
    world = day.world
    life = world.life
    assert life is not None
    while (wrong := world.verdict()) and life.age_s < (max(limit_s, BAD_S) if world.cut is life else limit_s):
        if life.age_s > BAD_S:
            world.quiet()
        await tasks.sleep(LOOK_S)
    day.looked += 1
    if wrong:
        day.wrong += [f"death {len(world.deaths)}, {life.age_s:.1f} s after the start: {text}" for text in wrong]
    for death in world.deaths[-1:]:
        if death.clean_s < 0:
            death.rests, death.clean_s = int(life.saga.state), life.age_s
        if death.found in CUT_OFF and not wrong and not life.cells & set(day.ends):
            day.wrong.append(f"{w.STATE_NAMES[death.found]} was cut off and ends {w.STATE_NAMES[death.rests]}")


async def _one_life(day: Day, dice: Any, weathers: list[Weather], n: int) -> None:
    """From a start to a death."""
    world = day.world
    early, nasty, hurried = n > 0 and dice.random() < 0.25, dice.random() < 0.3, dice.random() < 0.25
    world.quick = bool(early)
    for shop, weather in zip(world.shops, weathers, strict=True):
        shop.weather = replace(weather if nasty else Weather(), down=shop.weather.down)
    trigger = Trigger(int(dice.integers(1, 24)), patience_s=4.0, reads=True) if early else trigger_of(dice)
    world.trigger = trigger if early else None
    life = world.start(stale=bool(dice.random() < STALE))
    if not early:
        if not hurried:
            await _look(day, LONG_S if nasty or day.outages else CLEAN_S)
        for shop, weather in zip(world.shops, weathers, strict=True):
            shop.weather = replace(weather, down=shop.weather.down)
        while not world.on_record() and life.age_s < BAD_S:
            await tasks.sleep(LOOK_S)
        life.resume()
        trigger.patience_s += life.age_s
        world.trigger = trigger
    if not await _died(world, 60.0):
        day.wrong.append("the trigger never fired")
        world.kill("time", -1)
    await tasks.sleep(0.05 + 2.5 * float(dice.random()))


def crash_day(
    seed: int, crashes: int = CRASHES, beside: Callable[[World], Coroutine[Any, Any, None]] | None = None, **more: Any
) -> Day:
    """One seed: its market, its wire, its deaths. Every third day has a good wire. `beside` runs as long as the day."""
    dice = rng.stream(seed, "crash day")
    bad = seed % 3 != 0
    params = {
        "passiveMs": int(dice.choice([0, 600])), "nakedMs": int(dice.choice([500, 1500])),
        "onLockFail": str(dice.choice(["flatten", "flatten", "keep"])),
        "gPct": float(dice.choice([0.00002, 0.0001])),
    } | more  # fmt: skip
    day = Day(seed, World(seed, **params), outages=bool(bad and dice.random() < 0.4))

    async def script(world: World) -> None:
        if beside is not None:
            world.spawn(beside(world))
        weathers = [weather_of(dice) if bad else Weather() for _ in world.shops]
        if day.outages:
            world.spawn(_outages(day, dice))
        for n in range(crashes):
            await _one_life(day, dice, weathers, n)
        day.outages = False
        world.quiet()
        world.start()
        await _look(day, LONG_S)
        await tasks.sleep(SETTLE_S)
        await _look(day, LONG_S + SETTLE_S)

    world = day.world.play(script)
    day.wrong += world.always()
    for shop, stage in zip(world.shops, world.instruments, strict=True):
        most, late = round(BASE / stage.lot), any(shop.happened[name] for name in ("report_lost", "report_late"))
        if shop.worst > most and not late:
            day.wrong.append(f"leg {shop.leg}: {shop.worst} lots open at the worst, {most} planned")
    return day


def coverage(days: list[Day]) -> tuple[Counter[str], Counter[str]]:
    """Deaths by point and by the saga's state."""
    deaths = [death for day in days for death in day.world.deaths]
    return Counter(death.point for death in deaths), Counter(w.STATE_NAMES[death.state] for death in deaths)
