"""The dead-man's switch in virtual time: a beat each quarter of the window, none while a stop is under way (RELIABILITY
section 3). Over real sockets: tests/venues/ccxt/test_faults_deadman.py."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from core import tasks
from core.clock import LoopClock
from core.venues.ccxt.deadman import ARMED, DeadManSwitch
from core.venues.ccxt.traits import DeadMan

WINDOW_MS = 60_000


def test_no_beat_goes_out_while_a_stop_is_under_way() -> None:
    async def main() -> list[int]:
        windows: list[int] = []

        async def arm(_: Any, __: Any, window_ms: int) -> None:
            windows.append(window_ms)

        traits: Any = SimpleNamespace(dead_man=DeadMan("test", WINDOW_MS, 5_000), arm=arm)
        instances: Any = SimpleNamespace(emergency=None)
        switch = DeadManSwitch(traits, instances, ("ETH",), LoopClock(asyncio.get_running_loop().time, 0))
        assert await switch.arm() and switch.state == ARMED
        await tasks.sleep(61)
        beats = [len(windows)]
        switch.hold()
        await tasks.sleep(61)
        beats.append(len(windows))
        switch.release()
        await tasks.sleep(61)
        beats.append(len(windows))
        switch.hold()  # it would disarm the venue's switch: a stop that did not get through still wants it
        await switch.disarm()
        assert set(windows) == {WINDOW_MS}
        return beats

    assert tasks.run_virtual(main()) == [5, 5, 9]
