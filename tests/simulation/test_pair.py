"""The pair as a whole core runs it: two simulated venues, from the wish to both ledgers."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from core.build.observers import Observers
from core.build.replaying import replay_into
from core.domain.commands import Flatten, Pause, Resume
from core.domain.events import Step
from core.domain.order import CREATE, REDUCE_ONLY
from core.domain.pair import LONG, S0, S1, S3, S4, S5, SHORT
from core.domain.units import MONEY
from core.engine.pair_seat import PairSeat
from core.engine.runstate import FLAT, PAUSED
from core.execution.pair_saga.words import OPENING, S1_ONE_LEG, S3_HEDGED, STATE_NAMES
from tests.simulation.pair_config import lively
from tests.simulation.rig import Rig

ALONE = {S4: LONG, S5: SHORT}


class Walk:
    """Which states were seen, and at each state at rest what the venues held."""

    def __init__(self, rig: Rig) -> None:
        seat = rig.engine.seats[0]
        assert isinstance(seat, PairSeat)
        self.rig, self.seat = rig, seat
        self.stages: list[int] = []
        self.wrong: list[str] = []
        rig.seen.each = self.look

    @property
    def held(self) -> tuple[int, int]:
        """Lots at the venues themselves."""
        long, short = (account.s.pos[0] for account in self.rig.exchange.accounts)
        return long, short

    def look(self, step: Step) -> None:
        s, (long, short) = self.seat.saga.s, self.held
        if not self.stages or self.stages[-1] != s.stage:
            self.stages.append(s.stage)
        if s.busy or not self.rig.quiet() or any(post.ledger.s.n_live for post in self.seat.posts):
            return
        lots = [self.seat.strategy.planned_lots(leg) for leg in (LONG, SHORT)]
        declared = {
            S0: (0, 0), S1: (lots[LONG], 0) if s.first == LONG else (0, -lots[SHORT]), S3: (lots[LONG], -lots[SHORT]),
            S4: (lots[LONG], 0), S5: (0, -lots[SHORT]),
        }[s.stage]  # fmt: skip
        if (long > 0) != (declared[0] > 0) or (short < 0) != (declared[1] < 0):
            self.wrong.append(f"{step.seq}: S{s.stage} holds {long} and {short}")


def walked(tmp_path: pathlib.Path, seed: int, **changed: Any) -> Walk:
    return Walk(Rig(seed, config=lively(tmp_path, **changed), on_end="carry"))


def observing(rig: Rig, folder: pathlib.Path) -> Observers:
    """Measures and reports beside the run, as every core has them."""
    observers = Observers(
        rig.engine, rig.wire, rig.loaded, now=rig.start, folder=folder / "reports", logs=None, market="synthetic",
        journal="",
    )  # fmt: skip
    rig.driver.sinks.extend(observers.sinks)
    return observers


@pytest.fixture
def seed() -> int:
    return 7


def test_a_pair_walks_through_its_states_and_holds_what_each_declares(tmp_path: pathlib.Path, seed: int) -> None:
    """S1-13 .. S1-22, S1-43: S0, S1, S2, S3, S4 or S5 and back, both venues as declared at every rest."""
    print("seed", seed)
    walk = walked(tmp_path, seed)
    walk.rig.to(1800)
    assert {0, 1, 2, 3} <= set(walk.stages) and set(walk.stages) & {4, 5}, walk.stages
    assert walk.seat.saga.s.episode >= 2 and walk.wrong == []
    for post, account in zip(walk.rig.engine.posts, walk.rig.exchange.accounts, strict=True):
        assert (post.ledger.s.pos, post.ledger.s.fees) == (account.s.pos[0], account.s.fees)
        assert account.s.wallet == account.s.start + account.s.realised - account.s.fees + account.s.funding


def test_the_first_leg_of_either_venue_may_come_first(tmp_path: pathlib.Path, seed: int) -> None:
    """S1-14: short first is the mirror of long first."""
    print("seed", seed)
    for first, leg in (("long", LONG), ("short", SHORT)):
        walk = walked(tmp_path, seed, firstLeg=first)
        opened: list[int] = []

        def see(step: Step, walk: Walk = walk, opened: list[int] = opened) -> None:
            walk.look(step)
            if walk.seat.saga.s.stage == S1:
                opened.append(walk.seat.saga.s.first)

        walk.rig.seen.each = see
        walk.rig.to(600)
        assert opened and set(opened) == {leg} and walk.wrong == []


def test_the_same_market_twice_gives_the_same_journal_and_it_replays(tmp_path: pathlib.Path, seed: int) -> None:
    """K-13: two markets interleaved deterministically; the replay asks for the same requests."""
    print("seed", seed)
    digests = []
    for name in ("a", "b"):
        config, path = lively(tmp_path), tmp_path / f"{name}.perpj"
        rig = Rig(seed, config=config, journal=path, on_end="carry")
        rig.to(600)
        rig.journal.close()
        digests.append(rig.journal.sha256)
    assert digests[0] == digests[1]
    outcome = replay_into(tmp_path / "a.perpj", lambda *_: ())
    assert outcome.first is None and outcome.requests > 4, outcome.first


@pytest.mark.parametrize("state", [OPENING, S1_ONE_LEG, S3_HEDGED], ids=STATE_NAMES.__getitem__)
def test_flatten_ends_both_legs_at_both_venues(tmp_path: pathlib.Path, seed: int, state: int) -> None:
    """R-E3..R-E8, S1-44: from any state to nothing, by the venues' own lists; shown and booked as what it was."""
    print("seed", seed)
    walk = walked(tmp_path, seed)
    observers = observing(walk.rig, tmp_path)
    while walk.seat.saga.s.state != state or (walk.seat.saga.s.busy and state != OPENING):
        walk.rig.to(walk.rig.t + 1)
        assert walk.rig.t < 1800
    assert state != S3_HEDGED or walk.held[0] > 0 > walk.held[1]
    walk.rig.ask(Flatten(id="f", who="test"))
    walk.rig.to(walk.rig.t + 60)
    assert walk.rig.run_state == FLAT and walk.held == (0, 0)
    assert observers.measures.pairs[0].money().net == sum(post.net_pnl() for post in walk.rig.engine.posts)
    row = walk.seat.picture()
    assert (row.cell, row.state, walk.seat.saga.s.stage) == ("S0 flat", S0, S0), "nothing is held, and it says so"
    assert abs(observers.measures.pairs[0].money().execution) < MONEY  # each close at its own leg's mid
    for account in (0, 1):
        assert walk.rig.exchange.open_orders(account) == () and walk.rig.exchange.positions(account) == ()


def test_a_paused_pair_opens_nothing_and_still_closes_what_it_holds(tmp_path: pathlib.Path, seed: int) -> None:
    """S1-26: a pause bars entries; time and stop still end a single leg."""
    print("seed", seed)
    walk = walked(tmp_path, seed, firstLeg="long", gPct=0.5, stopLossFirstLeg=0.0004)
    while walk.seat.saga.s.stage != S1 or walk.seat.saga.s.busy:
        walk.rig.to(walk.rig.t + 1)
        assert walk.rig.t < 600
    walk.rig.ask(Pause(id="p", who="test"))
    walk.rig.to(walk.rig.t + 1)
    paused = walk.rig.driver.now
    walk.rig.to(walk.rig.t + 900)
    assert walk.rig.run_state == PAUSED
    after = [r for ts, r in walk.rig.seen.requests if ts > paused and r.kind == CREATE]
    assert after and all(r.flags & REDUCE_ONLY for r in after)
    assert walk.held == (0, 0) and walk.seat.saga.s.stage == S0


def test_a_strategy_that_raises_leaves_its_leg_under_its_stop(tmp_path: pathlib.Path, seed: int) -> None:
    """S1-17: a disabled pair wishes nothing more; the saga keeps the stop in force and carries it out."""
    print("seed", seed)
    walk = walked(tmp_path, seed, firstLeg="long", gPct=0.5, stopLossFirstLeg=0.0004)
    while walk.seat.saga.s.stage != S1 or walk.seat.saga.s.busy:
        walk.rig.to(walk.rig.t + 1)
        assert walk.rig.t < 600

    def broken(now: int, why: int) -> None:
        raise ZeroDivisionError("by a test")

    walk.seat.strategy.decide = broken  # type: ignore[method-assign]
    stop = walk.seat.saga.s.stop_px
    assert stop > 0
    walk.rig.to(walk.rig.t + 900)
    assert "strategy_disabled" in walk.rig.seen.codes()
    assert walk.held == (0, 0) and walk.seat.saga.s.stage == S0


def test_its_picture_says_for_how_long_more_than_a_lot_was_unhedged(tmp_path: pathlib.Path, seed: int) -> None:
    """K-27: the naked clock of a lock at work, beside its bound; none at rest."""
    print("seed", seed)
    walk, seen = walked(tmp_path, seed), []

    def see(step: Step) -> None:
        row = walk.seat.picture()
        naked = next(one for one in row.figures if one.name == "naked seconds")
        assert naked.limit == 2.0 and naked.value is not None and naked.holds == (naked.value <= naked.limit)
        seen.append((walk.seat.saga.s.naked_since > 0, naked.value))

    walk.rig.seen.each = see
    walk.rig.to(1200)
    assert any(at_work and value > 0 for at_work, value in seen)
    assert all(value == 0 for at_work, value in seen if not at_work)


def test_a_paused_single_leg_is_not_locked_and_not_closed_for_want_of_a_lock(tmp_path: pathlib.Path, seed: int) -> None:
    """S1-26, K-28: the lock price comes while entries are barred: the leg waits under its stop, and locks on resume."""
    print("seed", seed)
    walk = walked(tmp_path, seed, gPct=0.0002)
    while walk.seat.saga.s.stage != S1 or walk.seat.saga.s.busy:
        walk.rig.to(walk.rig.t + 0.5)
        assert walk.rig.t < 600
    walk.rig.ask(Pause(id="p", who="test"))
    walk.rig.to(walk.rig.t + 1)
    held, sent = walk.held, len(walk.rig.seen.requests)
    waited = False
    until = walk.rig.t + 600
    while walk.rig.t < until and not waited:
        walk.rig.to(walk.rig.t + 1)
        waited = "entries not allowed" in walk.seat.why()
    assert waited and (walk.held, len(walk.rig.seen.requests)) == (held, sent) and walk.seat.saga.s.stage == S1
    walk.rig.ask(Resume(id="r", who="test"))
    while walk.seat.saga.s.stage != S3:
        walk.rig.to(walk.rig.t + 1)
        assert walk.rig.t < until + 1200
    assert walk.wrong == []
