"""The weight budget: lanes, cool-down, Retry-After windows (S0-28, R-N2)."""

from __future__ import annotations

from core.domain.units import NS_PER_S
from core.venues.budget import CANCEL_LANE, EMERGENCY, ORDER, QUERY, WINDOW_NS, WeightBudget


def filled(weight: float) -> WeightBudget:
    budget = WeightBudget(100)
    budget.spend(weight, 0)
    return budget


def test_each_lane_stops_at_its_share_and_emergency_never() -> None:
    assert [filled(61).wait_ns(lane, 1, 1) > 0 for lane in (EMERGENCY, CANCEL_LANE, QUERY, ORDER)] == [
        False, False, False, True,
    ]  # fmt: skip
    assert [filled(75).wait_ns(lane, 1, 1) > 0 for lane in (EMERGENCY, CANCEL_LANE, QUERY, ORDER)] == [
        False, False, False, True,
    ]  # fmt: skip
    assert [filled(90).wait_ns(lane, 1, 1) > 0 for lane in (EMERGENCY, CANCEL_LANE, ORDER, QUERY)] == [
        False, False, True, True,
    ]  # fmt: skip
    assert [filled(100).wait_ns(lane, 1, 1) > 0 for lane in (EMERGENCY, CANCEL_LANE)] == [False, True]


def test_weight_comes_back_after_a_minute() -> None:
    budget = filled(100)
    assert budget.cooling(1) and not budget.cooling(WINDOW_NS + 1) and budget.used(WINDOW_NS + 1) == 0


def test_the_larger_count_wins_ours_or_the_venues() -> None:
    budget = filled(10)
    budget.told(85, NS_PER_S)
    assert budget.used(2 * NS_PER_S) == 85 and budget.cooling(2 * NS_PER_S)
    budget.spend(3, 3 * NS_PER_S)
    assert budget.used(4 * NS_PER_S) == 88


def test_nothing_goes_inside_a_retry_after_window_and_a_longer_ban_stays() -> None:
    """R-N2: 0 requests inside a Retry-After window."""
    budget = WeightBudget(100)
    budget.ban(10, 0)
    budget.ban(2, 0)
    for lane in (EMERGENCY, CANCEL_LANE, ORDER, QUERY):
        assert budget.wait_ns(lane, 1, 9 * NS_PER_S) > 0 and budget.wait_ns(lane, 1, 10 * NS_PER_S) == 0
