"""How a pair spent its time: states, moves and their reasons, nakedness, gate, hedge ratio, bands."""

from __future__ import annotations

import pytest

from core.domain.pair import LONG, S0, S1, S2, S3, S4, S5, SHORT
from core.domain.units import BUY, NS_PER_MS, NS_PER_S, SELL
from core.kpi.books import GateSeen
from core.kpi.pair_times import PairTimes
from tests.unit.kpi.pair_desk import Eyes, PairDesk, Play


def made() -> tuple[Play, Eyes]:
    eyes = Eyes()
    play = Play(PairDesk(eyes=eyes))
    play.mid(LONG, 50_000.0)
    play.mid(SHORT, 50_010.0)
    play.state(S0)
    return play, eyes


def times(play: Play) -> PairTimes:
    return play.pair.clock.in_round(play.now)


def work(play: Play, eyes: Eyes, state: int, to: int, kind: str, reason: str) -> None:
    """The saga acts on a wish in `state` and comes to rest in `to`, 2 s later."""
    eyes.asked = (kind, reason)
    play.state(state, busy=1)
    eyes.asked = ("none", "saga at work")
    play.wait(2)
    play.state(to, busy=1)
    play.state(to)


def test_unlocks_are_counted_by_the_band_or_clock_that_asked_for_them() -> None:
    """S1-39, S1-40, S1-41, S1-42: A and B apart, time-outs apart from bands, exits by their reason."""
    play, eyes = made()
    for reason, alone, kind in (
        ("spread at the upper band", S4, "unlock A"),
        ("longest lock", S4, "unlock A"),
        ("spread at the lower band", S5, "unlock B"),
    ):
        work(play, eyes, S0, S1, "open", "gate open")
        work(play, eyes, S1, S3, "lock", "lock price reached")
        work(play, eyes, S3, alone, kind, reason)
        work(play, eyes, alone, S0, "exit", "rebound")
    assert times(play).moves == {
        "S0 to S1: gate open": 3,
        "S1 to S3: lock price reached": 3,
        "S3 to S4: spread at the upper band": 1,
        "S3 to S4: longest lock": 1,
        "S3 to S5: spread at the lower band": 1,
        "S4 to S0: rebound": 2,
        "S5 to S0: rebound": 1,
    }


def test_a_lock_that_is_taken_back_and_an_order_that_finds_nothing_are_moves_too() -> None:
    """S1-32."""
    play, eyes = made()
    work(play, eyes, S0, S0, "open", "gate open")
    work(play, eyes, S0, S1, "open", "gate open")
    eyes.asked = ("lock", "lock price reached")
    play.state(S2, busy=1)
    play.state(S0)
    assert times(play).moves == {
        "S0 to S0: gate open": 1, "S0 to S1: gate open": 1, "S1 to S0: lock price reached": 1,
    }  # fmt: skip


def test_a_cut_that_comes_on_top_and_the_sagas_own_stop_are_named_as_such() -> None:
    play, eyes = made()
    work(play, eyes, S0, S1, "open", "gate open")
    eyes.asked = ("lock", "lock price reached")
    play.state(S2, busy=1)
    eyes.asked = ("cut", "stop of the leg")
    play.take()
    eyes.asked = ("none", "saga at work")
    play.take()
    play.state(S0)
    work(play, eyes, S0, S1, "open", "gate open")
    work(play, eyes, S1, S0, "none", "below the lock price")  # the saga's emulated stop needs no wish
    assert times(play).moves["S1 to S0: stop of the leg"] == 1
    assert times(play).moves["S1 to S0: the saga's own"] == 1


def test_time_in_each_state_sums_to_the_round_and_a_new_round_begins_at_nothing() -> None:
    """S1-38; the round's times are its own whatever state runs over its beginning."""
    play, eyes = made()
    began = play.now
    play.wait(30)
    work(play, eyes, S0, S1, "open", "gate open")
    play.wait(10)
    first = times(play)
    assert first.in_state == [32 * NS_PER_S, 10 * NS_PER_S, 0, 0, 0, 0]
    assert sum(first.in_state) == play.now - began
    play.measures.new_round(play.now)
    play.wait(5)
    assert times(play).in_state == [0, 5 * NS_PER_S, 0, 0, 0, 0]
    assert times(play).moves == {}
    assert play.pair.clock.since_start(play.now).in_state == [32 * NS_PER_S, 15 * NS_PER_S, 0, 0, 0, 0]


def test_naked_spells_have_their_quantiles_by_nearest_rank() -> None:
    """Issue 4: p50 and p99. Of 1..100 x 10 ms the ranks are the 50th and the 99th; 50 are longer than 500 ms."""
    play, eyes = made()
    for n in range(1, 101):
        eyes.since = play.now
        play.state(S2, busy=1)
        play.wait(n / 100)
        eyes.since = 0
        play.take()
    seen = times(play)
    assert (seen.spells, seen.naked_over, seen.naked_limit_ns) == (100, 50, 500 * NS_PER_MS)
    assert (seen.naked_p50_ns, seen.naked_p99_ns) == (500 * NS_PER_MS, 990 * NS_PER_MS)
    assert seen.naked_longest_ns == NS_PER_S
    assert seen.naked_ns == sum(range(1, 101)) * 10 * NS_PER_MS


def test_a_spell_that_ends_as_the_next_begins_is_two_and_the_running_one_is_seen_at_once() -> None:
    play, eyes = made()
    clock = play.pair.clock
    eyes.since = play.now
    play.take()
    play.wait(0.3)
    eyes.since = play.now
    play.take()
    play.wait(0.2)
    assert clock.naked_ns(play.now) == 200 * NS_PER_MS
    assert clock.take_worst(play.now) == 300 * NS_PER_MS
    assert clock.take_worst(play.now) == 200 * NS_PER_MS  # the running one, each time
    assert times(play).spells == 1
    assert times(play).naked_p99_ns == 300 * NS_PER_MS  # too few for a p99: the longest


def test_the_gate_is_looked_at_once_a_second_while_idle() -> None:
    """S1-13, S1-17: what held and what barred, for each first leg."""
    play, eyes = made()
    long = GateSeen("", ("trend", "funding spread"), True)
    short = GateSeen("volatility outside its band", ("funding spread",), False)
    eyes.gates = (long, short)
    for _ in range(3):
        play.wait(1)
    eyes.gates = (GateSeen("", (), False), short)
    play.wait(1)
    eyes.gates = None  # before the first decision
    play.wait(1)
    work(play, eyes, S0, S1, "open", "gate open")
    eyes.gates = (long, long)
    play.wait(1)  # not idle: no gate
    seen = times(play)
    assert (seen.gate_looks, seen.gate_open) == (4, 3)
    assert seen.gate_held == {"long first: trend": 3, "long first: funding spread": 3, "short first: funding spread": 4}
    assert seen.gate_barred == {"short first: volatility outside its band": 4}


def test_hedge_ratio_is_the_smaller_leg_over_the_larger_one_while_locked() -> None:
    """S1-23: 0.008 of 0.01 and later 0.01 of 0.01; other states count nothing."""
    play, _ = made()
    play.trade(LONG, BUY, 50_000.0, 0.01)
    play.state(S1)
    play.wait(1)
    assert times(play).hedge_mean is None
    play.trade(SHORT, SELL, 50_010.0, 0.008)
    play.state(S3)
    play.wait(1)
    play.trade(SHORT, SELL, 50_010.0, 0.002)
    for _ in range(3):
        play.wait(1)
    seen = times(play)
    assert seen.hedge_looks == 4
    assert seen.hedge_mean == pytest.approx((0.8 + 3) / 4)
    assert seen.hedge_least == pytest.approx(0.8)


@pytest.mark.parametrize(("spread", "out"), [(9.9, 0), (10.0, 1), (-10.0, 1), (-9.9, 0), (25.0, 1)])
def test_out_of_band_counts_equality_as_the_unlock_does(spread: float, out: int) -> None:
    """S1-39, S1-40: >= UB and <= LB; unknown bands are no look."""
    play, eyes = made()
    play.wait(1)
    eyes.spread = (spread, -10.0, 10.0)
    play.wait(1)
    play.state(S3)
    play.wait(1)
    seen = times(play)
    assert (seen.band_looks, seen.band_out) == (2, 2 * out)
    assert (seen.lock_band_looks, seen.lock_band_out) == (1, out)


def test_without_eyes_times_and_moves_are_kept_without_reasons() -> None:
    play = Play()
    play.state(S0)
    play.wait(3)
    play.state(S1, busy=1)
    play.state(S1)
    seen = times(play)
    assert seen.moves == {"S0 to S1": 1}
    assert seen.in_state[0] == 3 * NS_PER_S
    assert (seen.spells, seen.naked_p99_ns, seen.gate_looks) == (0, None, 0)
