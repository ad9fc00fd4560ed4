"""The life of rounds under a fake clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.units import FAR, NS_PER_S
from core.rounds.scheduler import Do, Plan, Scheduler, cut_off

T0 = 1_767_700_800 * NS_PER_S


def what(actions: tuple[Do, ...]) -> list[str]:
    return [a.what for a in actions]


def finish_clean(s: Scheduler, now: int) -> list[str]:
    """Orders gone, then flat, then the venue agrees."""
    done = what(s.observe(now, 0, 1 if s.plan.on_end == "flatten" else 0))
    if s.state == "flattening":
        done += what(s.observe(now, 0, 0))
    return done + what(s.verified(now, 0, 0))


def test_a_four_hour_round_ends_at_14400_seconds_and_not_before() -> None:
    """UC-08, S3-60."""
    s = Scheduler(Plan.of(4))
    assert what(s.start(T0)) == ["open"]
    assert s.due() == T0 + 14_400 * NS_PER_S
    assert s.tick(s.due() - 1) == ()
    assert what(s.tick(s.due())) == ["quiet", "cancel"]
    assert finish_clean(s, T0 + 14_400 * NS_PER_S) == ["flatten", "verify", "report"]
    assert s.ending is not None
    assert (s.ending.reason, s.ending.verdict, s.ending.late_ns) == ("timer", "flat", 0)
    assert what(s.reported(T0 + 14_401 * NS_PER_S)) == ["open"]
    assert (s.number, s.started) == (2, T0 + 14_401 * NS_PER_S)


def test_half_an_hour_and_any_other_length() -> None:
    """S3-72."""
    assert Plan.of(0.5).length_ns == 1800 * NS_PER_S
    assert Plan.of(0.001).length_ns == 3_600_000_000
    for bad in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="Expected round hours"):
            Plan.of(bad)
    with pytest.raises(ValueError, match="Expected rounds"):
        Plan.of(4, rounds=-1)


def test_a_suspended_machine_ends_the_round_late_and_once() -> None:
    """S3-60: no second end for the hours that were slept through."""
    s = Scheduler(Plan.of(4))
    s.start(T0)
    woke = T0 + 9 * 3600 * NS_PER_S
    assert what(s.tick(woke)) == ["quiet", "cancel"]
    assert s.tick(woke) == ()
    finish_clean(s, woke)
    assert s.ending is not None
    assert s.ending.late_ns == 5 * 3600 * NS_PER_S
    assert what(s.reported(woke)) == ["open"]
    assert s.due() == woke + 4 * 3600 * NS_PER_S


def test_carry_keeps_the_position_and_verifies_the_orders() -> None:
    """K-32."""
    s = Scheduler(Plan.of(4, on_end="carry"))
    s.start(T0)
    s.tick(s.due())
    assert what(s.observe(s.deadline, 3, 1)) == []
    assert what(s.observe(s.deadline, 0, 1)) == ["verify"]
    assert what(s.verified(s.deadline, 0, 1)) == ["report"]
    assert s.ending is not None
    assert s.ending.verdict == "carried"


def test_an_end_that_the_venue_does_not_confirm_pauses() -> None:
    s = Scheduler(Plan.of(4))
    s.start(T0)
    end = s.due()
    s.tick(end)
    s.observe(end, 0, 0)
    assert what(s.verified(end, 0, 1)) == ["cancel", "flatten"]  # the venue still shows a position
    assert s.state == "flattening"
    asked = []
    for _ in range(40):
        if not s.finishing:
            break
        asked += what(s.tick(s.due()))
    assert asked[-1] == "report"
    assert asked.count("flatten") >= 20
    assert s.ending is not None
    assert (s.ending.verdict, s.ending.verified, s.ending.positions_left) == ("not verified", False, 1)
    assert what(s.reported(s.ended)) == ["pause"]
    assert s.due() == FAR
    assert what(s.start(s.ended + 1)) == ["open"]


def test_rounds_reached_ends_and_a_stop_keeps_positions() -> None:
    s = Scheduler(Plan.of(1, rounds=1))
    s.start(T0)
    s.tick(s.due())
    finish_clean(s, s.deadline)
    assert what(s.reported(s.ended)) == ["done"]
    assert s.start(s.ended) == ()
    s = Scheduler(Plan.of(1))
    s.start(T0)
    assert what(s.stop(T0 + 1, flatten=False)) == ["quiet", "cancel"]
    assert what(s.observe(T0 + 1, 0, 1)) == ["verify"]
    s.verified(T0 + 1, 0, 1)
    assert s.ending is not None
    assert (s.ending.reason, s.ending.verdict) == ("stop", "carried")
    assert what(s.reported(T0 + 1)) == ["done"]


def test_a_stop_while_finishing_starts_no_further_round() -> None:
    s = Scheduler(Plan.of(1))
    s.start(T0)
    s.finish(T0 + 5)
    assert s.stop(T0 + 6, flatten=True) == ()
    finish_clean(s, T0 + 7)
    assert what(s.reported(T0 + 7)) == ["done"]


def test_a_round_cut_off_keeps_its_number_and_is_never_called_flat() -> None:
    ending = cut_off(7, T0, 14_400 * NS_PER_S, T0 + 60 * NS_PER_S, positions=0, orders=4)
    assert (ending.number, ending.verdict, ending.verified, ending.ended) == (
        7, "cut off", False, T0 + 60 * NS_PER_S,
    )  # fmt: skip
    assert Scheduler(Plan.of(4), first_number=8).start(T0)[0].number == 8


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4 * 10**12), st.booleans()), max_size=60))
def test_whatever_comes_a_round_is_opened_and_reported_once(calls: list[tuple[int, int, bool]]) -> None:
    s = Scheduler(Plan.of(0.5))
    now, opened, reported = T0, [], []
    actions = list(s.start(now))
    for kind, gap, clean in calls:
        now += gap
        if kind == 0:
            actions += s.tick(now)
        elif kind == 1:
            actions += s.observe(now, 0 if clean else 2, 0)
        elif kind == 2:
            actions += s.verified(now, 0, 0 if clean else 1)
        else:
            actions += s.finish(now)
        if s.state == "reporting":
            actions += s.reported(now)
    opened = [a.number for a in actions if a.what == "open"]
    reported = [a.number for a in actions if a.what == "report"]
    assert opened == list(range(1, len(opened) + 1))
    assert reported == list(range(1, len(reported) + 1))
    assert len(opened) - len(reported) in (0, 1)
