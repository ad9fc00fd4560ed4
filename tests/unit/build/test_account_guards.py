"""Locks and latches of several venue accounts: all or none, a halt at one is a halt at all."""

from __future__ import annotations

import pytest

from core.build.account_guards import AccountGuards
from core.clock import SystemClock
from core.guard.account import AccountGuard
from core.guard.gate import GateFlag
from core.guard.lock import LockHeld

CLOCK = SystemClock()


def guards(*names: str) -> AccountGuards:
    return AccountGuards(names, CLOCK, any_filesystem=True)


@pytest.mark.row("R-W1")
def test_where_one_account_is_held_none_is_taken() -> None:
    other = AccountGuard("second", CLOCK, any_filesystem=True)
    other.take()
    try:
        both = guards("first", "second")
        with pytest.raises(LockHeld):
            both.take()
        free = guards("first")
        free.take()
        assert not free.lost()
        free.release()
    finally:
        other.release()
    both.take()
    assert not both.lost()
    both.release()
    assert both.lost()


def test_a_halt_is_latched_at_every_account_and_a_halt_of_one_stops_a_core_of_both() -> None:
    """R-W6: under whatever state dir."""
    both, gate = guards("a", "b"), GateFlag(CLOCK)
    both.take()
    try:
        assert both.beat(gate) == [] and not any(guard.latch.engaged() for guard in both.each)
        gate.close("drill", who="test")
        assert both.beat(gate) == []
        assert [guard.latch.read().reason for guard in both.each] == ["drill", "drill"]  # type: ignore[union-attr]
        both.rearmed("looked", "test", CLOCK.now())
        assert not any(guard.latch.engaged() for guard in both.each)
        both.each[1].stopped(gate.stop)
    finally:
        both.release()
    again, fresh = guards("a", "b"), GateFlag(CLOCK)
    again.join_stop(fresh)
    assert fresh.closed and fresh.stop is not None and fresh.stop.reason == "drill"
    again.each[1].rearmed("looked", "test", CLOCK.now())
