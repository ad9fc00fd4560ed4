"""A start believes no single read: what the run before may have left counts until two reads say otherwise (R-B1, R-O1,
6.6 iii). Found by seeds 1454, 2135 and 4016, whose first list had lost the page with the only order of the account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from core.build.left_open import Tail
from core.build.remembered import Remembered
from core.engine.crosscheck import CrossCheck
from tests.simulation import chaos_oracle, chaos_replica
from tests.simulation.chaos_day import play
from tests.simulation.chaos_seed import day_of, story
from tests.simulation.weather import Weather

pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
POINTS = ("", "synced", "send", "arrived", "told", "read")


@pytest.mark.parametrize("seed", [147, 1454, 2135, 2872, 4016, 4773])
def test_the_seeds_that_found_it_stay_sound(seed: int) -> None:
    day = day_of(seed)
    assert not day.wrong, story(day)


@pytest.mark.parametrize("point", POINTS, ids=[point or "now" for point in POINTS])
@pytest.mark.parametrize("fault", ["page_lost", "read_stale", "late"])
def test_a_core_that_died_anywhere_is_counted_in_full_by_the_next_one(fault: str, point: str) -> None:
    """Every list that can loses a page, or every read is up to three seconds old, or every request is late."""
    weather = Weather(
        until_s=20.0, kills=((9.0, point, 2), (14.0, point, 1)), **{fault: 1.0 if fault != "late" else 0.5}
    )
    for seed in (1, 2):
        world, day = play(seed, weather)
        day.trace = world.trace.text()
        assert len(world.lives) == 3 and not day.wrong, story(day)


def forget(patch: pytest.MonkeyPatch) -> None:
    """What the run before left open is not recalled."""
    patch.setattr(
        Remembered, "_tail", lambda self, one: Tail(tuple(replace(r, orders=()) for r in one.rows) if one else ())
    )


def believe(patch: pytest.MonkeyPatch) -> None:
    """One round of reads is enough."""
    patch.setattr(CrossCheck, "_agrees", lambda self: True)


@pytest.mark.parametrize(
    "nets", [(), (forget,), (believe,), (forget, believe)], ids=["clean", "forget", "believe", "both"]
)
def test_a_first_list_that_shows_nothing_is_caught_by_either_net(
    nets: tuple[Callable[[pytest.MonkeyPatch], None], ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list of a start loses every row of it. The record alone, or the second read alone, holds the promise; without
    both of them the oracle sees it, since it excuses no moment of a start that calls itself reconciled."""
    for net in nets:
        net(monkeypatch)
    plain, lied = chaos_replica.Replica.found, []

    def found(self: Any, what: str, t: float, lag_s: float = 0.0, hole: float = -1.0) -> dict[str, Any]:
        reply = plain(self, what, t, lag_s, hole)
        if what == "orders" and t > 9.0 and not lied:
            lied.append(len(reply["orders"]))
            return {"orders": ()}
        return reply

    monkeypatch.setattr(chaos_replica.Replica, "found", found)
    world, day = play(9, Weather(until_s=16.0, kills=((9.0, "", 1),)))
    day.trace = world.trace.text()
    assert lied[0] > 0, "nothing stood at the venue"
    if len(nets) == 2:
        assert any("(iii)" in text for text in day.wrong)
    else:
        assert not day.wrong, story(day)


def test_a_start_reads_twice_at_once_and_takes_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """R-B1: ready within a fifth of a second on a good wire, and no sooner than a second round showed the same."""
    seen: dict[int, tuple[float, int]] = {}

    def look(world: Any) -> None:
        life = world.life
        if life is not None and life.engine.check.clean and life.n not in seen:
            seen[life.n] = (life.age_s, life.engine.check.rounds)

    plain = chaos_oracle.Oracle.step

    def step(self: Any, life: Any, step: Any) -> None:
        plain(self, life, step)
        look(self.world)

    monkeypatch.setattr(chaos_oracle.Oracle, "step", step)
    play(3, Weather(until_s=12.0, kills=((6.0, "", 1),)))
    (first_s, first_rounds), (again_s, again_rounds) = seen[0], seen[1]
    assert first_rounds == 2 and first_s < 0.2
    assert again_rounds >= 2 and again_s < 1.5, "one round to find the orders of the dead, one to see them again"
