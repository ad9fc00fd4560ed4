"""The state of a venue: the breaker, bans, clocks, and that each state names a next step (R-N2, R-N4, R-N6)."""

from __future__ import annotations

from core.domain.reasons import RATE_LIMIT, STALE_DATA, VENUE_CLOSED
from core.domain.units import NS_PER_S
from core.venues.condition import FAILURES, NEXT_STEPS, ClockFilter, Condition


def known() -> Condition:
    condition = Condition()
    condition.measured(0)
    return condition


def test_no_create_before_the_clock_was_measured() -> None:
    assert Condition().blocks(0) == STALE_DATA and known().blocks(0) == 0


def test_failures_in_a_row_open_the_breaker_and_one_probe_closes_it() -> None:
    condition = known()
    for k in range(FAILURES):
        assert condition.blocks(k) == 0
        condition.failed("ok", "timeout", k)
    assert condition.state.name == "down" and condition.blocks(FAILURES) == VENUE_CLOSED
    assert not condition.probe_due(FAILURES) and condition.probe_due(2 * NS_PER_S)
    assert not condition.probe_due(2 * NS_PER_S)  # one at a time, then a longer wait
    condition.answered(3 * NS_PER_S)
    assert condition.blocks(3 * NS_PER_S) == 0 and [s.name for s in condition.take_changes()] == ["down", "ok"]


def test_an_answer_between_failures_starts_the_count_again() -> None:
    condition = known()
    for k in range(3 * FAILURES):
        condition.failed("ok", "timeout", k)
        condition.answered(k)
    assert condition.state.name == "ok"


def test_a_ban_keeps_its_time_whatever_answers() -> None:
    condition = known()
    condition.failed("banned", "429", 0, 7.0)
    condition.answered(3 * NS_PER_S)
    assert condition.blocks(6 * NS_PER_S) == RATE_LIMIT and condition.blocks(7 * NS_PER_S) == 0


def test_what_was_asked_of_an_overloaded_venue_proves_no_absence_whatever_came_since() -> None:
    """R-B4: a read that was on its way is answered after the end, and a ban, a probe or another answer lay between."""
    condition = known()
    assert condition.proves_at(0) == 0
    condition.failed("overloaded", "503", NS_PER_S)
    condition.failed("banned", "429", 2 * NS_PER_S, 1.0)
    condition.answered(4 * NS_PER_S)
    assert condition.state.name == "ok"
    assert condition.proves_at(4 * NS_PER_S) == condition.proves_at(11 * NS_PER_S - 1) == 11 * NS_PER_S
    condition.failed("overloaded", "503", 5 * NS_PER_S)
    assert condition.proves_at(11 * NS_PER_S) == 15 * NS_PER_S, "counted from the last"
    assert condition.proves_at(15 * NS_PER_S) == 0, "the first that is asked for after it"


def test_a_refused_key_stays_refused() -> None:
    condition = known()
    condition.failed("auth", "key", 0)
    condition.answered(NS_PER_S)
    condition.failed("banned", "429", 2 * NS_PER_S)
    assert condition.state.name == "auth" and condition.blocks(10**18) == VENUE_CLOSED


def test_a_clock_more_than_a_second_off_stops_new_risk_until_it_is_right() -> None:
    """R-N4."""
    condition = known()
    condition.measured(-2 * NS_PER_S)
    assert condition.state.name == "clock" and condition.blocks(0) == VENUE_CLOSED
    condition.measured(NS_PER_S // 10)
    assert condition.blocks(0) == 0


def test_every_state_but_ok_says_what_to_do() -> None:
    assert all(text for name, text in NEXT_STEPS.items() if name != "ok")


def test_the_sample_with_the_least_delay_gives_the_offset() -> None:
    clock = ClockFilter()
    clock.add(0, 100, 1_050)  # delay 100, offset 1000
    assert clock.add(1_000, 1_010, 2_105) == 1_100
    assert clock.add(2_000, 2_900, 5_000) == 1_100
