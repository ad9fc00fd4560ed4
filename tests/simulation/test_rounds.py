"""Rounds of a whole core in virtual time: to the second, flattened, carried, paused, halted, stopped, unverified."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.commands import FinishRound, Halt, Pause, Stop
from core.domain.events import Read, ReadReply
from core.domain.order import REDUCE_ONLY
from core.engine.runstate import HALTED, PAUSED, RUNNING, STOPPED
from core.engine.stopping import NONCE_BASE
from core.kernel import Kernels, best_kernels, numba_usable
from tests.simulation.rig import Rig, S


def ending(rig: Rig) -> Any:
    return rig.engine.rounds.last_ending


def test_a_round_of_four_hours_ends_at_14400_s_to_the_second(seed: int) -> None:
    """S3-60, UC-08."""
    usable, why = numba_usable()
    if not usable:
        pytest.skip(f"numba not usable: {why}")
    rig = Rig(seed, hours=4.0, count=1, kernels=Kernels("compiled"))
    assert rig.to(14_500) and rig.run_state == STOPPED
    (begun,), (finishing,) = rig.seen.when("round_open"), rig.seen.when("run_finishing")
    assert finishing - begun == 14_400 * S
    assert ending(rig).verdict == "flat" and ending(rig).ended - finishing < 10 * S


def test_rounds_of_thirty_minutes_follow_each_other(seed: int) -> None:
    """S3-60: any length."""
    rig = Rig(seed, hours=0.5, count=1, kernels=best_kernels())
    assert rig.to(1_900)
    assert rig.seen.when("run_finishing")[0] - rig.seen.when("round_open")[0] == 1_800 * S


def with_position(seed: int, on_end: str, **how: Any) -> Rig:
    for n in range(20):
        rig = Rig(seed + n, on_end=on_end, **how)
        rig.to(60)
        for k in range(200):
            if rig.exchange.account.s.pos[0]:
                return rig
            rig.to(60 + k)
    raise AssertionError("no seed with a position")


@pytest.mark.parametrize("on_end", ["flatten", "carry"])
def test_a_round_ends_flat_or_carries_as_asked_and_the_venue_says_so(on_end: str, seed: int) -> None:
    """K-32."""
    rig = with_position(seed, on_end)
    held = rig.exchange.account.s.pos[0]
    looked: list[tuple[int, int]] = []

    def look(step: Any) -> None:
        if any(note.code == "round_end" for note in step.notes):
            looked.append((len(rig.exchange.open_orders()), rig.exchange.account.s.pos[0]))

    rig.seen.each = look
    rig.ask(FinishRound())
    rig.to(rig.t + 40)
    assert ending(rig).verified and ending(rig).verdict == ("flat" if on_end == "flatten" else "carried")
    (orders, position) = looked[0]
    assert orders == 0
    assert position == 0 if on_end == "flatten" else position != 0 and held != 0
    assert rig.run_state == RUNNING and rig.engine.rounds.machine.number == 2


def test_a_core_that_was_paused_stays_paused_when_its_round_ends(seed: int) -> None:
    rig = Rig(seed, hours=0.02)
    rig.to(50)
    rig.ask(Pause())
    rig.to(100)
    assert ending(rig) is not None and rig.run_state == PAUSED
    assert not rig.creates(after=ending(rig).ended)


def test_a_halt_ends_the_round_as_carried(seed: int) -> None:
    rig = with_position(seed, "flatten")
    rig.ask(Halt())
    rig.to(rig.t + 30)
    assert rig.exchange.account.s.pos[0] != 0
    assert rig.run_state == HALTED and ending(rig).verdict == "carried" and ending(rig).reason == "halt"


@pytest.mark.parametrize("flatten", [False, True])
def test_a_stop_closes_the_round_and_ends_the_process(flatten: bool, seed: int) -> None:
    rig = Rig(seed)
    rig.to(60)
    rig.ask(Stop(flatten=flatten))
    assert rig.to(120) and rig.run_state == STOPPED
    assert rig.seen.codes().count("round_end") == 1 and ending(rig).reason.startswith("stop")
    assert rig.exchange.open_orders() == ()
    if flatten:
        assert rig.exchange.account.s.pos[0] == 0 and ending(rig).verdict == "flat"


class Mute:
    """A venue whose reads fail after `mute` is set: nothing can be verified."""

    def __init__(self, venue: Any) -> None:
        self.venue, self.mute = venue, False
        self.since = 0  # the first read that fails, by nonce: those of stops are high

    def __getattr__(self, name: str) -> Any:
        return getattr(self.venue, name)

    def read(self, read: Read, now: int) -> ReadReply:
        if self.mute and read.nonce >= self.since:
            return ReadReply(read.what, read.nonce, now, error="timeout")
        reply: ReadReply = self.venue.read(read, now)
        return reply


@pytest.mark.parametrize("answers", [True, False])
def test_a_stop_between_two_rounds_flattens_first_and_ends_on_the_venues_word_only(answers: bool, seed: int) -> None:
    """R-E3..E8, K-32: the last round ended unverified, so none runs; orders and a position still stand."""
    held: list[Mute] = []

    def wrap(venue: Any) -> Mute:
        held.append(Mute(venue))
        return held[-1]

    rig = with_position(seed, "carry", wrap=wrap)
    held[-1].mute = True
    rig.ask(FinishRound())
    rig.to(rig.t + 45)
    assert rig.run_state == PAUSED and rig.engine.rounds.machine.finishing is False
    assert rig.exchange.account.s.pos[0] != 0, "else there is nothing to flatten"
    held[-1].mute, held[-1].since = not answers, NONCE_BASE  # else the cross-check latches a halt, which never gives up
    asked = rig.t
    rig.ask(Stop(flatten=True))
    assert rig.to(rig.t + 60) and rig.run_state == STOPPED
    if answers:
        assert rig.exchange.account.s.pos[0] == 0 and rig.exchange.open_orders() == ()
        assert "end_unverified" not in rig.seen.codes()
    else:
        ended = (rig.seen.when("run_stopped")[0] - rig.start) / S
        assert rig.seen.codes().count("end_unverified") == 1 and 30.0 <= ended - asked < 40.0


def test_an_end_that_cannot_be_verified_is_reported_as_such_and_the_core_pauses(seed: int) -> None:
    held: list[Mute] = []

    def wrap(venue: Any) -> Mute:
        held.append(Mute(venue))
        return held[0]

    rig = Rig(seed, wrap=wrap)
    rig.to(50)
    held[0].mute = True
    rig.ask(FinishRound())
    rig.to(100)
    assert ending(rig).verdict == "not verified" and not ending(rig).verified
    assert rig.run_state == PAUSED
    assert all(r.flags & REDUCE_ONLY for r in rig.creates(after=ending(rig).ended))  # exits go on, quotes do not
