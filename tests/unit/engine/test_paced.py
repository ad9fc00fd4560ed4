"""The pacer tells how late its loop came to its turn: the figure "loop lag" of a paper core."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from core.engine.paced import IDLE_S, Pacer

HELD_S = 0.06


class Still:
    """A driver with nothing to do: it is where it was asked to be at once."""

    def __init__(self) -> None:
        self.now, self.ended = 0, False

    def run(self, until: int) -> bool:
        self.now = until
        return False


async def test_a_loop_that_somebody_held_up_is_told_as_late_once() -> None:
    driver: Any = Still()
    turns: list[int] = []
    hold = threading.Event()

    def turn(late_ns: int) -> None:
        turns.append(late_ns)
        if len(turns) == 4:
            asyncio.get_running_loop().call_later(IDLE_S / 5, hold.wait, HELD_S)
        pacer.stopped = len(turns) == 8

    pacer = Pacer(driver, 1.0, lambda: None, turn)
    await pacer.run()
    least = (HELD_S - IDLE_S) * 1e9
    assert turns[4] >= least, turns
    assert sum(late >= least for late in turns) == 1, turns


async def test_a_rest_that_a_command_ends_is_not_late() -> None:
    driver: Any = Still()
    turns: list[int] = []

    def turn(late_ns: int) -> None:
        turns.append(late_ns)
        asyncio.get_running_loop().call_soon(pacer.wake.set)
        pacer.stopped = len(turns) == 20

    pacer = Pacer(driver, 1.0, lambda: None, turn)
    await pacer.run()
    assert sum(turns) == 0
