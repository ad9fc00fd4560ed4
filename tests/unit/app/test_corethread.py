"""The core in a thread of its own: its end, its failure, its ticks, and the watchdog after a halt (E2)."""

from __future__ import annotations

import asyncio
import sys
import threading

import pytest

from app.corethread import SWITCH_S, CoreThread, StuckWatch
from core.clock import SystemClock
from core.guard.gate import GateFlag


def test_core_runs_in_its_own_loop_and_ends_with_its_coroutine() -> None:
    seen: list[object] = []

    async def main() -> None:
        seen.append(threading.current_thread().name)
        await asyncio.sleep(0.25)

    thread = CoreThread(main)
    thread.start()
    assert thread.join(10)
    assert seen == ["core"]
    assert thread.failure is None
    assert thread.ticks >= 2
    assert sys.getswitchinterval() == pytest.approx(SWITCH_S)


def test_failure_of_the_core_surfaces() -> None:
    async def main() -> None:
        raise RuntimeError("planted")

    thread = CoreThread(main)
    thread.start()
    assert thread.join(10)
    assert isinstance(thread.failure, RuntimeError)
    assert not thread.alive or thread.join(1)


def test_failing_heartbeat_ends_the_core_and_surfaces() -> None:
    def beat() -> None:
        raise OSError(28, "No space left on device")

    thread = CoreThread(lambda: asyncio.sleep(60), beat)
    thread.start()
    assert thread.join(10)
    assert isinstance(thread.failure, OSError)


@pytest.mark.parametrize("stuck", [True, False])
def test_watchdog_acts_on_a_loop_that_stands_still_and_only_on_that(stuck: bool) -> None:
    spawned, free, gate = threading.Event(), threading.Event(), GateFlag(SystemClock())
    started = threading.Event()

    async def main() -> None:
        started.set()
        if stuck:
            free.wait(30)
        else:
            while not free.is_set():
                await asyncio.sleep(0.02)

    thread = CoreThread(main)
    StuckWatch(gate, thread, spawned.set)
    thread.start()
    assert started.wait(10)
    gate.close()
    gate.close()
    assert spawned.wait(2.0) == stuck
    free.set()
    assert thread.join(10)


def test_watchdog_acts_once_a_stop() -> None:
    spawned: list[int] = []
    watch = StuckWatch(GateFlag(SystemClock()), CoreThread(lambda: asyncio.sleep(0)), lambda: spawned.append(1))
    watch.act("stop-1")
    watch.act("stop-1")
    watch.act("stop-2")
    assert len(spawned) == 2
