"""B2, S1-43: a core that dies between any two of its acts is built anew from the disk, and the pair is what its state
declares, by the venues' own books. `PERP_CRASHES=10000` runs ten thousand deaths; a day is repeated by its seed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from core import tasks
from core.build.pairs_kept import PairKeeper
from core.execution.pair_saga import words as w
from tests.simulation import pair_crash_life
from tests.simulation.pair_crash import World
from tests.simulation.pair_crash_days import CRASHES, POINTS, Day, coverage, crash_day
from tests.simulation.pair_crash_fate import Death, Trigger
from tests.simulation.pair_crash_life import Life

pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
ONE = os.environ.get("PERP_TEST_SEED")
DAYS = max(40, int(os.environ.get("PERP_CRASHES", "0")) // CRASHES)
BLOCK = 10
FAST = 4
THIN = 7  # a seed whose books are so thin that orders fill in parts


def days(first: int, last: int) -> list[Day]:
    """Whole days, all of them sound."""
    out = []
    for seed in range(first, last):
        print("seed", seed)
        out.append(crash_day(seed))
        assert out[-1].wrong == [], f"seed {seed}: {out[-1].wrong}\n{out[-1].world.said}"
    return out


@pytest.mark.parametrize("seed", [int(ONE)] if ONE else range(FAST))
def test_a_core_that_dies_eight_times_a_day_always_comes_back_to_what_its_pair_declares(seed: int) -> None:
    """S0 flat; S1, S4, S5 the one leg with its stop; S3 hedged; what was cut off in between hedged or flat."""
    [day] = days(seed, seed + 1)
    assert len(day.world.deaths) == CRASHES and day.looked > 0


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(0, DAYS, BLOCK))
def test_deaths_by_the_hundred_and_with_perp_crashes_by_the_ten_thousand(first: int) -> None:
    """At every await of the live driver, seeded: also twice in one recovery, also with an image one write old."""
    found = days(first, min(first + BLOCK, DAYS))
    deaths = [death for day in found for death in day.world.deaths]
    points, cells = coverage(found)
    print(points, cells)
    assert len(deaths) == CRASHES * len(found)
    assert len(points) > 12 and len(cells) > 6, "the deaths are all of a kind"
    assert any(death.early for death in deaths), "no death in a recovery"


@pytest.mark.slow
def test_every_point_and_every_cell_of_the_table_has_its_deaths() -> None:
    """The schedule reaches what it names: without this the hundreds would prove little."""
    world_points: set[str] = set()
    cells: set[int] = set()
    for point in POINTS:
        for states in ((w.OPENING, w.S1_ONE_LEG), (w.S2_LOCKING,), (w.UNLOCK_A, w.UNLOCK_B, w.EXITING)):
            death = one_death(THIN, Trigger(1, point, -1, frozenset(states), 40.0))
            world_points.add(death.point)
            cells.add(death.state)
    assert set(POINTS) <= world_points
    assert {w.OPENING, w.S2_LOCKING} <= cells and cells & {w.UNLOCK_A, w.UNLOCK_B, w.EXITING}


def one_death(seed: int, trigger: Trigger) -> Death:
    """A good wire, one life to the trigger, one recovery."""

    async def script(world: World) -> None:
        life = world.start()
        await ready(world)
        world.trigger = trigger
        life.resume()
        await world.died.wait()
        await tasks.sleep(0.5)
        world.start()
        while world.verdict() and world.life is not None and world.life.age_s < 5.0:
            await tasks.sleep(0.05)
        assert world.verdict() == [], world.deaths

    world = World(seed).play(script)
    assert world.always() == []
    return world.deaths[0]


async def ready(world: World) -> None:
    """Reconciled, and the positions on record."""
    while not world.on_record():
        await tasks.sleep(0.05)


class Once(PairKeeper):
    """A planted bug: the file is written once a second, not before what it is about may leave."""

    at = -(10**12)

    def taken(self) -> None:
        """Not now."""

    def look(self) -> None:
        now = self.clock.monotonic()
        if now - self.at >= 10**9:
            self.at = now
            write = super().taken()
            if write is not None:
                write()


def nothing(state_dir: Path, sign: str) -> tuple[Any, ...]:
    """A planted bug: what was kept is not read."""
    return ()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "bug"), [("PairKeeper", Once), ("read_kept", nothing)], ids=["late", "forgotten"])
def test_a_planted_bug_of_the_record_is_found(name: str, bug: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pair_crash_life, name, bug)
    for seed in range(30):
        if crash_day(seed).wrong:
            return
    pytest.fail("Expected a broken promise, was none in 30 days")


def test_a_fill_of_the_first_second_is_ours_after_a_restart() -> None:
    """R-B1: resumed in the very moment of the first PAUSED, dead right after the first create."""

    async def script(world: World) -> None:
        life = world.start()
        while life.engine.state.run != "PAUSED":
            await tasks.sleep(0.01)
        world.trigger = Trigger(1, "in full", -1, frozenset({w.OPENING}), 30.0)
        life.resume()
        await world.died.wait()
        assert world.on_record(), "Expected a record before the first create leaves, was none"
        again = world.start()
        while again.age_s < 6.0:
            await tasks.sleep(0.05)
        assert world.verdict() == []

    World(3, passiveMs=0).play(script)


def test_without_deaths_the_pair_walks_its_states_and_nothing_is_wrong() -> None:
    """The world without deaths: the pair walks its states, ledgers and venues agree."""
    seen: set[int] = set()

    async def script(world: World) -> None:
        life = world.start()
        await ready(world)
        life.resume()
        for _ in range(300):
            await tasks.sleep(0.1)
            assert isinstance(life, Life)
        seen.update(life.cells)

    world = World(1).play(script)
    assert world.always() == []
    assert {w.S0_FLAT, w.S1_ONE_LEG, w.S3_HEDGED} <= seen and seen & {w.S4_LONG, w.S5_SHORT}
