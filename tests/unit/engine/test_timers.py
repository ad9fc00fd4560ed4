"""Named timers: order of setting never shows."""

from __future__ import annotations

import itertools

from core.domain.units import FAR
from core.engine.timers import TimerQueue


def test_due_names_come_by_time_then_name_whatever_the_order_of_setting() -> None:
    settings = [(5, "b"), (5, "a"), (3, "z"), (9, "c")]
    for order in itertools.permutations(settings):
        timers = TimerQueue()
        for ts, name in order:
            timers.at(ts, name)
        assert timers.pop_due(5) == ["z", "a", "b"]
        assert timers.next_due() == 9


def test_setting_again_moves_and_cancelling_forgets() -> None:
    timers = TimerQueue()
    timers.at(5, "a")
    timers.at(8, "a")
    timers.at(6, "b")
    timers.cancel("b")
    timers.cancel("never set")
    assert timers.pop_due(7) == []
    assert timers.when("a") == 8
    assert timers.pop_due(8) == ["a"]
    assert timers.next_due() == FAR
