"""Stops that meet each other, a round's end, a late command, a silent venue, or what was there before us."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from core import tasks
from core.domain.commands import FinishRound, Flatten, Halt, Pause, Rearm, Resume, Stop
from core.domain.events import Read, ReadReply
from core.domain.order import CREATE, REDUCE_ONLY, STOP
from core.domain.reasons import STOP_LOSS
from core.engine import ending
from core.engine.runstate import FINISHING, FLAT, HALTED, PAUSED, RUNNING, STOPPED
from core.engine.stopping import FLATTEN, NONCE_BASE
from core.execution.pair_saga.words import S1_ONE_LEG, S3_HEDGED
from tests.simulation.async_venue import AsyncVenue, Weather
from tests.simulation.live_rig import LiveRig
from tests.simulation.rig import Rig
from tests.simulation.test_pair import Walk, lively
from tests.simulation.test_rounds import Mute, with_position
from tests.simulation.test_rounds import ending as ending_of
from tests.simulation.test_two_accounts import Deaf
from tests.simulation.test_two_strategies import two

FOREIGN = 50  # lots that somebody else holds


@pytest.fixture
def muted() -> list[Mute]:
    """The venue of `with_position(..., wrap=wrapped(muted))`: the last one."""
    return []


def wrapped(held: list[Mute]) -> Any:
    def wrap(venue: Any) -> Mute:
        held.append(Mute(venue))
        return held[-1]

    return wrap


def position(rig: Rig) -> int:
    return int(rig.exchange.account.s.pos[0])


# --- what was there before us ---------------------------------------------------------------------------------------
def with_foreign(seed: int) -> Rig:
    """As a live account is: what it holds at the start is not ours."""
    rig = Rig(seed)
    for check in rig.engine.check.each:
        check.adopts = False
    account, unit = rig.exchange.account.s, rig.engine.posts[0].instrument.unit
    account.pos[0], account.cost[0] = FOREIGN, FOREIGN * 250_000 * unit
    return rig


@pytest.mark.parametrize("first", [(), (Flatten(id="a"),), (Halt(id="a"),)], ids=["running", "flatten", "halt"])
def test_no_stop_closes_what_was_there_before_us_however_early_it_began(first: tuple[Any, ...], seed: int) -> None:
    """R-E5: a stop of the first instant (a latch on the disk) knows only later what is foreign."""
    rig = with_foreign(seed)
    for command in first:
        rig.ask(command)
    rig.to(15)
    assert position(rig) - FOREIGN == rig.engine.posts[0].ledger.s.pos
    rig.ask(Flatten(id="f"))
    rig.to(45)
    progress = rig.engine.stopping.progress()
    assert rig.run_state == FLAT and position(rig) == FOREIGN and rig.engine.posts[0].ledger.s.pos == 0
    assert progress is not None and progress.foreign_positions == 1


# --- orders on their way --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("late_s", [0.1, 0.4, 1.2])
def test_an_end_is_not_verified_while_a_create_is_on_its_way(monkeypatch: pytest.MonkeyPatch, late_s: float) -> None:
    """R-E4: two empty lists say nothing of an order that has not arrived."""
    slow = [False]
    arrive = AsyncVenue._arrive

    async def late(self: Any, request: Any, sent: int, seconds: float) -> Any:
        if slow[0] and request.kind == CREATE and not request.flags & STOP:
            seconds = late_s
        return await arrive(self, request, sent, seconds)

    monkeypatch.setattr(AsyncVenue, "_arrive", late)
    for seed in (5, 6, 7):
        slow[0] = False

        async def script(rig: LiveRig) -> None:
            await rig.to(20)
            slow[0] = True
            sent = len(rig.venue.log.sent)
            for _ in range(1_000):
                if any(request.kind == CREATE for _, request in rig.venue.log.sent[sent:]):
                    break
                await tasks.sleep(0.02)
            rig.ask(Stop(id="s", who="test"))
            await rig.to(rig.venue.t + 20)
            assert rig.engine.state.run == STOPPED and rig.engine.end_verified
            assert rig.exchange.books.open_of() == []

        print("seed", seed)
        assert LiveRig(seed).run(script).fatals == []


def test_a_venue_that_answers_slower_than_our_patience_is_stopped_too(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = [False]
    read = AsyncVenue.read

    async def slowly(self: Any, asked: Read, emergency: bool = False) -> ReadReply:
        reply = await read(self, asked, emergency)
        if slow[0]:
            await tasks.sleep(2.5)
        return reply

    monkeypatch.setattr(AsyncVenue, "read", slowly)

    async def script(rig: LiveRig) -> None:
        await rig.to(20)
        slow[0] = True
        rig.ask(Flatten(id="f", who="test"))
        await rig.to(80)
        assert rig.engine.state.run == FLAT
        assert rig.exchange.books.open_of() == [] and rig.exchange.position(0)[0] == 0

    LiveRig(5).run(script)


def test_an_end_that_no_venue_confirms_is_not_called_verified() -> None:
    """What would be untrue then: the clean end for the watchdog, the switch disarmed, the account forgotten."""

    async def script(rig: LiveRig) -> None:
        await rig.to(20)
        rig.weather.down_s = (20.0, 80.0)
        rig.ask(Stop(id="s", who="test"))
        await rig.to(60)
        assert rig.engine.state.run == STOPPED and not rig.engine.end_verified
        assert "end_unverified" in rig.seen.codes() and not rig.engine.rounds.last_ending.verified

    LiveRig(5, Weather()).run(script)


def test_a_halt_that_comes_after_the_end_breaks_nothing(muted: list[Mute], seed: int) -> None:
    rig = with_position(seed, "carry", wrap=wrapped(muted))
    rig.ask(Stop(id="s"))
    assert rig.to(rig.t + 60) and rig.run_state == STOPPED and rig.engine.end_verified
    ending.latch(rig.engine, FLATTEN, "too late")
    assert rig.run_state == STOPPED and not rig.engine.stopping.latched


# --- verb and scope only widen --------------------------------------------------------------------------------------
def test_a_halt_does_not_narrow_a_stop_that_flattens(seed: int) -> None:
    rig = with_position(seed, "carry")
    rig.ask(Stop(id="s", flatten=True))
    rig.ask(Halt(id="h"))
    assert rig.to(rig.t + 100) and rig.run_state == STOPPED and position(rig) == 0


def test_a_limit_does_not_narrow_a_stop_that_flattens(muted: list[Mute], seed: int) -> None:
    rig = with_position(seed, "carry", wrap=wrapped(muted))
    muted[-1].mute = True
    rig.ask(Stop(id="s", flatten=True))
    rig.to(rig.t + 2)
    rig.engine.posts[0].halt_now(STOP_LOSS, rig.driver.now)
    rig.to(rig.t + 3)
    muted[-1].mute = False
    assert rig.to(rig.t + 60) and rig.run_state == STOPPED and position(rig) == 0


def test_a_flatten_and_a_halt_of_one_instant_flatten(seed: int) -> None:
    rig = with_position(seed, "carry")
    rig.ask(Halt(id="h"))
    rig.to(rig.t + 10)
    assert rig.run_state == HALTED and position(rig) != 0
    rig.ask(Flatten(id="f", scope="account"))
    rig.ask(Halt(id="h2"))
    rig.to(rig.t + 30)
    assert rig.run_state == FLAT and position(rig) == 0 and rig.engine.stopping.scope == "account"


def test_a_second_stop_may_ask_for_the_flatten_that_the_first_did_not(seed: int) -> None:
    rig = with_position(seed, "carry")
    rig.ask(Stop(id="s"))
    rig.ask(Stop(id="s2", flatten=True))
    assert rig.to(rig.t + 100) and rig.run_state == STOPPED and position(rig) == 0


# --- a round's end --------------------------------------------------------------------------------------------------
def test_nothing_resumes_while_a_round_ends_and_a_pause_then_holds(muted: list[Mute], seed: int) -> None:
    rig = with_position(seed, "flatten", wrap=wrapped(muted))
    muted[-1].mute, muted[-1].since = True, NONCE_BASE
    rig.ask(FinishRound(id="f"))
    rig.to(rig.t + 1)
    assert rig.run_state == FINISHING
    mark = rig.driver.now
    rig.ask(Resume(id="r"))
    rig.to(rig.t + 5)
    assert not rig.seen.answers[-1].ok and rig.run_state == FINISHING and not rig.creates(after=mark)
    rig.ask(Pause(id="p"))
    rig.to(rig.t + 5)
    assert rig.seen.answers[-1].ok and rig.run_state == FINISHING
    muted[-1].mute = False
    rig.to(rig.t + 30)
    assert rig.run_state == PAUSED and position(rig) == 0 and ending_of(rig).verified
    mark = rig.driver.now
    rig.to(rig.t + 60)
    assert rig.run_state == PAUSED and not rig.creates(after=mark) and position(rig) == 0


def test_an_end_that_is_not_verified_says_what_our_ledgers_hold(muted: list[Mute], seed: int) -> None:
    rig = with_position(seed, "carry", wrap=wrapped(muted))
    muted[-1].mute, muted[-1].since = True, NONCE_BASE
    rig.ask(FinishRound(id="f"))
    rig.to(rig.t + 45)
    assert not ending_of(rig).verified and ending_of(rig).positions_left == 1


def test_one_resume_is_enough_after_a_halt_that_ended_a_round_unverified(muted: list[Mute], seed: int) -> None:
    rig = with_position(seed, "flatten", wrap=wrapped(muted))
    muted[-1].mute, muted[-1].since = True, NONCE_BASE
    rig.ask(FinishRound(id="f"))
    rig.to(rig.t + 3)
    rig.ask(Halt(id="h"))
    rig.to(rig.t + 40)
    assert not ending_of(rig).verified
    muted[-1].mute = False
    rig.to(rig.t + 40)
    rig.ask(Rearm(word="arm", reason="looked"))
    rig.ask(Resume(id="r"))
    rig.to(rig.t + 10)
    assert rig.run_state == RUNNING and rig.engine.rounds.machine.number == 2 and rig.engine.rounds.open


def test_a_stop_loss_at_a_rounds_end_does_not_fire_again_for_a_round_that_is_over(muted: list[Mute], seed: int) -> None:
    """S3-21: what a round lost is that round's; with none open the next one's stop loss counts from the re-arm."""
    rig = with_position(seed, "flatten", wrap=wrapped(muted))
    muted[-1].mute, muted[-1].since = True, NONCE_BASE
    rig.ask(FinishRound(id="f"))
    rig.to(rig.t + 3)
    rig.engine.posts[0].risk.s.round_base += 10**12  # a loss of 10,000 quote
    rig.to(rig.t + 60)
    muted[-1].mute = False
    rig.to(rig.t + 60)
    assert rig.run_state in (HALTED, FLAT) and not rig.engine.rounds.open
    rig.ask(Rearm(word="arm", reason="looked"))
    rig.to(rig.t + 5)
    assert rig.seen.answers[-1].ok and rig.run_state == PAUSED, rig.engine.state.history[-3:]


def test_nothing_quotes_after_the_last_round(muted: list[Mute], seed: int) -> None:
    """UC-06: a halt and an unverified end of the last round leave a process that may not trade without a round."""
    rig = with_position(seed, "flatten", count=1, wrap=wrapped(muted))
    muted[-1].mute, muted[-1].since = True, NONCE_BASE
    rig.ask(FinishRound(id="f"))
    rig.to(rig.t + 3)
    rig.ask(Halt(id="h"))
    rig.to(rig.t + 40)
    muted[-1].mute = False
    rig.to(rig.t + 40)
    rig.ask(Rearm(word="arm", reason="looked"))
    rig.to(rig.t + 5)
    assert rig.run_state == PAUSED
    rig.ask(Resume(id="r"))
    rig.to(rig.t + 5)
    answer = rig.seen.answers[-1]
    assert not answer.ok and "all rounds are played" in answer.text and rig.run_state == PAUSED
    assert all(order.flags & REDUCE_ONLY for order in rig.exchange.open_orders()) and not rig.engine.rounds.open


@pytest.mark.parametrize("number", [3, 5, 8])
def test_a_restart_on_a_halt_keeps_a_position_whose_buffer_is_not_known_yet(
    tmp_path: pathlib.Path, number: int
) -> None:
    """R-E2: the account is adopted before the first price; a margin that nobody could look at yet is not thin."""
    first = Rig(number, state_dir=tmp_path)
    t = 60.0
    while not (first.exchange.account.s.pos[0] and t >= 90):
        first.to(t)
        t += 5
    first.ask(Halt(id="h"))
    first.to(t + 15)
    kept = position(first)
    assert first.run_state == HALTED and kept
    first.venue.close()
    again = Rig(number, state_dir=tmp_path, start_s=t + 60)
    again.ask(Halt(id="latch", reason="latch on disk"))
    again.to(12)
    assert again.run_state == HALTED and position(again) == kept


def test_a_rearm_before_the_first_price_counts_no_loss_that_is_none(seed: int) -> None:
    """S3-21: no round was open in this process, so nothing of one is over; without a price nothing is worth nothing."""
    rig = Rig(seed)
    post = rig.engine.posts[0]
    rig.ask(Halt(id="h"))
    rig.to(10)
    post.ledger.s.pos, post.ledger.s.cost = -20, -20 * 250_000 * post.instrument.unit
    mark, post.view.s.mark = post.view.s.mark, 0
    rig.engine.rounds.closed(rig.engine, rig.driver.now)
    assert post.risk.s.round_base == 0
    post.start_round(0, rig.engine.equity, rig.driver.now)
    assert post.risk.s.round_base == 0, "at cost"
    post.view.s.mark = mark
    post.start_round(mark, rig.engine.equity, rig.driver.now)
    assert mark and post.risk.s.round_base == post.unrealised()


# --- what a halt keeps ----------------------------------------------------------------------------------------------
def test_a_limit_that_wants_a_flatten_is_in_force_while_halted(seed: int) -> None:
    """RELIABILITY 5: a halt keeps positions, it does not give them up."""
    rig = with_position(seed, "carry")
    rig.ask(Halt(id="h"))
    rig.to(rig.t + 10)
    assert rig.run_state == HALTED and position(rig) != 0
    for post in rig.engine.posts:
        post.ledger.s.fees += 10**12  # a loss far beyond every bound
    rig.to(rig.t + 30)
    assert rig.run_state == FLAT and position(rig) == 0


def pair_at(state: int, folder: pathlib.Path, seed: int, wrap: Any = None) -> Walk:
    walk = Walk(Rig(seed, config=lively(folder), on_end="carry", wrap=wrap))
    while walk.seat.saga.s.state != state or walk.seat.saga.s.busy or not walk.rig.quiet():
        walk.rig.to(walk.rig.t + 0.5)
        assert walk.rig.t < 1800
    return walk


def test_the_stop_of_a_lone_leg_is_in_force_while_halted(tmp_path: pathlib.Path) -> None:
    """S1-26, RELIABILITY 5: emulated stops stay armed."""
    walk = pair_at(S1_ONE_LEG, tmp_path, 7)
    walk.rig.ask(Halt(id="h"))
    walk.rig.to(walk.rig.t + 30)
    held = walk.held
    assert walk.rig.run_state == HALTED and held != (0, 0) and walk.seat.saga.s.stop_px > 0
    saga = walk.seat.saga.s
    saga.stop_px = 1 << 40 if held[saga.stop_leg] > 0 else 1  # reached now
    walk.rig.to(walk.rig.t + 30)
    assert walk.rig.run_state == FLAT and walk.held == (0, 0)


def test_the_stop_of_a_leg_that_is_hedged_by_now_closes_nothing(tmp_path: pathlib.Path) -> None:
    """A halt while the second leg was on its way: the first one's stop is not in force once both stand."""
    walk = pair_at(S3_HEDGED, tmp_path, 7)
    walk.rig.ask(Halt(id="h"))
    walk.rig.to(walk.rig.t + 10)
    held, saga = walk.held, walk.seat.saga.s
    saga.stop_leg, saga.stop_px = 0, 1 << 40
    walk.rig.to(walk.rig.t + 30)
    assert walk.rig.run_state == HALTED and walk.held == held


def test_the_margins_limit_overrides_a_hold_that_is_under_way(tmp_path: pathlib.Path) -> None:
    """R-S0-41: signed buffer under the last line, while a flatten waits for the other venue."""
    deaf: list[Deaf] = []

    def wrap(venue: Any) -> Deaf:
        deaf.append(Deaf(venue, 1))
        return deaf[-1]

    walk = pair_at(S3_HEDGED, tmp_path, 7, wrap)
    deaf[-1].down = True
    walk.rig.ask(Flatten(id="f"))
    walk.rig.to(walk.rig.t + 5)
    assert walk.held[0] > 0 and not walk.rig.engine.stopping.reach
    walk.rig.engine.posts[0].limits.s.buffer_flatten = 0.5  # as if the price had come that near
    walk.rig.to(walk.rig.t + 20)
    assert walk.held[0] == 0 and walk.rig.engine.stopping.reach


def test_a_flatten_that_joined_a_finished_halt_is_not_lost_to_a_stop_of_the_same_instant(seed: int) -> None:
    rig = with_position(seed, "carry")
    rig.ask(Halt(id="h"))
    rig.to(rig.t + 10)
    assert rig.run_state == HALTED and position(rig) != 0
    rig.ask(Flatten(id="f"))
    rig.ask(Stop(id="s"))
    assert rig.to(rig.t + 60) and rig.run_state == STOPPED and position(rig) == 0


@pytest.mark.parametrize("halted", [False, True], ids=["running", "halted before"])
@pytest.mark.parametrize("reach", [False, True], ids=["hold", "reach"])
def test_a_flatten_does_not_make_a_pair_naked_while_one_venue_is_silent(
    tmp_path: pathlib.Path, reach: bool, halted: bool
) -> None:
    """RELIABILITY 5: one leg unreachable = hold; the margin's own limit closes what it can reach."""
    deaf: list[Deaf] = []

    def wrap(venue: Any) -> Deaf:
        deaf.append(Deaf(venue, 1))
        return deaf[-1]

    walk = pair_at(S3_HEDGED, tmp_path, 7, wrap)
    held = walk.held
    if halted:
        walk.rig.ask(Halt(id="h"))
        walk.rig.to(walk.rig.t + 10)
        assert walk.rig.run_state == HALTED and walk.held == held
    deaf[-1].down = True
    if reach:
        walk.rig.ask(Flatten(id="f"))
        walk.rig.to(walk.rig.t + 5)
        assert walk.held == held
        ending.latch(walk.rig.engine, FLATTEN, "margin", reach=True)
    else:
        walk.rig.ask(Flatten(id="f"))
    walk.rig.to(walk.rig.t + 120)
    assert walk.held == ((0, held[1]) if reach else held) and walk.rig.run_state != FLAT
    deaf[-1].down = False
    walk.rig.to(walk.rig.t + 20)
    assert walk.held == (0, 0) and walk.rig.run_state == FLAT


# --- two ledgers on one instrument ----------------------------------------------------------------------------------
def test_closes_of_a_stop_reach_the_ledgers_whose_positions_they_reduce(tmp_path: pathlib.Path) -> None:
    for seed in range(3, 12):
        rig = Rig(seed, config=two(tmp_path))
        rig.to(120)
        for _ in range(300):
            rig.to(rig.t + 1)
            held = [post.ledger.s.pos for post in rig.engine.posts]
            if held[0] * held[1] > 0:
                break
        else:
            continue
        print("seed", seed, "held", held)
        fees = sum(post.ledger.s.fees for post in rig.engine.posts) - rig.exchange.account.s.fees
        rig.ask(Flatten(id="f"))
        rig.to(rig.t + 30)
        assert rig.run_state == FLAT and position(rig) == 0
        assert [post.ledger.s.pos for post in rig.engine.posts] == [0, 0]
        assert sum(post.ledger.s.fees for post in rig.engine.posts) - rig.exchange.account.s.fees == fees
        return
    pytest.fail("no seed with two positions of one side")


def test_a_rearm_wants_an_agreement_of_now(muted: list[Mute], seed: int) -> None:
    """R-B1: an agreement of long ago says nothing."""
    rig = with_position(seed, "carry", wrap=wrapped(muted))
    rig.ask(Halt(id="h"))
    rig.to(rig.t + 10)
    assert rig.run_state == HALTED and rig.engine.check.agreed(rig.driver.now)
    for check in rig.engine.check.each:
        check.last_ok -= 31 * 10**9
    rig.ask(Rearm(word="arm", reason="too old"))
    rig.to(rig.t + 0.1)
    assert not rig.seen.answers[-1].ok and rig.run_state == HALTED
    rig.to(rig.t + 10)
    rig.ask(Rearm(word="arm", reason="read again"))
    rig.to(rig.t + 0.1)
    assert rig.seen.answers[-1].ok and rig.run_state == PAUSED
