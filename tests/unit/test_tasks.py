"""The virtual-time loop: waiting costs nothing, and a seed repeats one interleaving (RELIABILITY 6.2)."""

from __future__ import annotations

import asyncio

import pytest

from core import tasks
from core.clock import LoopClock, VirtualClock
from core.rng import orders, stream


async def race(log: list[tuple[int, int]], workers: int = 5, laps: int = 4) -> float:
    async def run(n: int) -> None:
        for lap in range(laps):
            log.append((n, lap))
            await tasks.sleep(0)

    started = [tasks.spawn(run(n), f"worker {n}") for n in range(workers)]
    for task in started:
        await task
    return asyncio.get_running_loop().time()


def interleaving(seed: int | None) -> list[tuple[int, int]]:
    log: list[tuple[int, int]] = []
    tasks.run_virtual(race(log), None if seed is None else orders(seed, "loop"))
    return log


def test_one_seed_gives_one_interleaving_and_seeds_differ() -> None:
    assert interleaving(3) == interleaving(3)
    assert len({tuple(interleaving(seed)) for seed in range(20)}) > 5
    assert sorted(interleaving(3)) == sorted(interleaving(None))


def test_an_hour_of_sleep_takes_no_time_and_timeouts_fire_in_virtual_time() -> None:
    async def main() -> tuple[float, bool]:
        loop = asyncio.get_running_loop()
        fired = False
        try:
            async with tasks.timeout(1800):
                await tasks.sleep(3600)
        except TimeoutError:
            fired = True
        await tasks.sleep(3600)
        return loop.time(), fired

    assert tasks.run_virtual(main(), orders(1, "loop")) == (5400.0, True)


def test_a_loop_where_everybody_waits_for_nobody_ends_with_an_error() -> None:
    async def main() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="every task waits"):
        tasks.run_virtual(main())


def test_a_failing_task_reaches_its_error_handler() -> None:
    seen: list[BaseException] = []

    async def fail() -> None:
        raise ValueError("planted")

    async def main() -> None:
        tasks.spawn(fail(), "fails", seen.append)
        await tasks.sleep(0.1)

    tasks.run_virtual(main())
    assert [type(error) for error in seen] == [ValueError]


def test_the_loop_clock_follows_virtual_time() -> None:
    async def main() -> int:
        clock = LoopClock(asyncio.get_running_loop().time, start_ns=1_000)
        await tasks.sleep(2.5)
        return clock.now()

    assert tasks.run_virtual(main()) == 2_500_001_000


def test_a_virtual_clock_never_goes_back() -> None:
    clock = VirtualClock(5)
    clock.set(7)
    with pytest.raises(ValueError, match="at or after 7"):
        clock.set(6)


def test_streams_are_independent_of_each_other() -> None:
    first = stream(1, "a").integers(0, 1 << 30, 5).tolist()
    stream(1, "b").integers(0, 1 << 30, 5)
    assert stream(1, "a").integers(0, 1 << 30, 5).tolist() == first
    assert stream(2, "a").integers(0, 1 << 30, 5).tolist() != first
