"""The backup venue of a pair on three simulated accounts (S1-54, K-28): from the failed second leg to the way home."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from core.build.backtest import header_of
from core.build.desk import EngineDesk
from core.build.pairs_kept import PairKeeper, read_kept, restore
from core.build.replaying import replay_into
from core.clock import SystemClock
from core.domain.events import Step
from core.domain.order import REDUCE_ONLY
from core.domain.pair import LONG, S0, S1, S3, S4, S5, SHORT
from core.domain.units import NS_PER_MS
from core.engine.journal import Journal
from core.execution.pair_saga.words import S2_LOCKING
from core.kpi.measures import Measures
from tests.simulation.pair_backup import THIRD, BackupWalk

SEED = 7
NAKED_MS = 3000  # a refusal of the second venue and an order at the third: two round trips of slow venues
FIRST = {"long": LONG, "short": SHORT}


def walked(tmp_path: pathlib.Path, first: str = "long", **changed: Any) -> BackupWalk:
    print("seed", SEED)
    return BackupWalk(
        tmp_path, SEED, changed.pop("journal", None), **{"firstLeg": first, "nakedMs": NAKED_MS, **changed}
    )


@pytest.mark.parametrize("first", FIRST)
def test_a_second_leg_that_is_refused_is_opened_on_the_backup(tmp_path: pathlib.Path, first: str) -> None:
    """S1-54: hedged on A and C (mirrored for short first), out again, and home for the next episode."""
    walk, second = walked(tmp_path, first), 1 - FIRST[first]
    measures = Measures(EngineDesk(walk.rig.engine, walk.rig.wire, lambda _: ()), walk.rig.start)
    walk.rig.driver.sinks.insert(0, measures)
    walk.until(S1)
    walk.refuse(second)
    held = walk.until(S3)
    assert walk.seat.lineup.on_backup == second and walk.seat.saga.s.first == 1 - second
    lots = [post.instrument.lot for post in walk.rig.engine.posts]
    assert held[second] == 0 and held[1 - second] * lots[1 - second] == pytest.approx(-held[THIRD] * lots[THIRD])
    assert abs(held[THIRD]) * lots[THIRD] == pytest.approx(0.01)
    assert held[THIRD] > 0 if second == LONG else held[THIRD] < 0
    assert 0 < walk.naked_ns <= NAKED_MS * NS_PER_MS, "the whole way over both venues"
    assert len(walk.opened_at(second)) == 1, "one refusal is enough where a backup waits"
    walk.refuse(second, on=False)
    assert walk.until(S0) == (0, 0, 0)
    home, alone = walk.rig.driver.now, {stage for stage, leg in walk.stages if leg == second}
    assert alone & {4, 5}, "unlocked on the backup"
    held = walk.until(S3)
    assert walk.seat.lineup.on_backup == -1 and held[THIRD] == 0 and held[second] != 0
    assert not walk.opened_at(THIRD, home)
    assert walk.until(S0) == (0, 0, 0)
    assert walk.wrong == [] and walk.rig.seen.codes().count("pair_backup") == 1
    [pair] = measures.pairs
    posts = walk.rig.engine.posts
    assert pair.money().net == sum(post.net_pnl() for post in posts), "S1-61: the split is exact over three ledgers"
    assert posts[THIRD].ledger.s.fees > 0 and pair.money().fees == sum(post.ledger.s.fees for post in posts)
    assert (pair.moved, pair.on_backup, pair.episodes.ended >= 2) == (1, -1, True)


@pytest.mark.parametrize("first", FIRST)
def test_a_second_leg_that_finds_nothing_in_time_is_opened_on_the_backup(tmp_path: pathlib.Path, first: str) -> None:
    """S1-54, K-28: two orders that come too late and fill nothing are enough where a backup waits."""
    walk, second = walked(tmp_path, first, nakedMs=4000), 1 - FIRST[first]
    walk.until(S1)
    walk.faults.misses.add(second)
    held = walk.until(S3)
    assert walk.seat.lineup.on_backup == second and held[second] == 0 and held[THIRD] != 0
    assert len(walk.opened_at(second)) == 2 and len(walk.opened_at(THIRD)) == 1
    assert 0 < walk.naked_ns <= 4000 * NS_PER_MS
    assert walk.until(S0) == (0, 0, 0) and walk.wrong == []


@pytest.mark.parametrize("first", FIRST)
def test_a_second_venue_that_falls_silent_in_the_lock_leaves_it_to_the_backup(
    tmp_path: pathlib.Path, first: str
) -> None:
    """S1-54, K-28: nothing filled and no book any more. Its own nakedMs runs out, the backup has as long again."""
    walk, second = walked(tmp_path, first), 1 - FIRST[first]
    walk.until(S1)
    walk.faults.misses.add(second)
    post = walk.rig.engine.posts[second]

    def silent(step: Step) -> None:
        walk.look(step)
        if walk.opened_at(second):
            post.observe, post.view.s.book_ok = (lambda *_: 0), 0

    walk.rig.seen.each = silent
    held = walk.until(S3)
    assert walk.seat.lineup.on_backup == second and held[second] == 0 and held[THIRD] != 0
    assert len(walk.opened_at(second)) == 1
    assert NAKED_MS * NS_PER_MS < walk.naked_ns <= 2 * NAKED_MS * NS_PER_MS
    assert walk.until(S0) == (0, 0, 0) and walk.wrong == []


@pytest.mark.parametrize("first", FIRST)
def test_where_the_backup_fails_too_the_first_leg_is_rolled_back(tmp_path: pathlib.Path, first: str) -> None:
    """K-28: leg 2 fails, then the backup, then leg 1 goes."""
    walk, second = walked(tmp_path, first), 1 - FIRST[first]
    walk.until(S1)
    walk.refuse(second)
    walk.refuse(THIRD)
    assert walk.until(S0) == (0, 0, 0)
    assert walk.opened_at(second) and walk.opened_at(THIRD)
    assert S3 not in [stage for stage, _, _ in walk.rests] and walk.wrong == []
    assert walk.naked_ns <= 2 * NAKED_MS * NS_PER_MS + 3000 * NS_PER_MS, "and the close of the first leg"


@pytest.mark.parametrize("first", FIRST)
def test_a_part_that_filled_on_its_own_venue_bars_the_backup(tmp_path: pathlib.Path, first: str) -> None:
    """K-28: with something filled nothing goes elsewhere: rolled back to what is hedged."""
    walk, second = walked(tmp_path, first), 1 - FIRST[first]
    walk.until(S1)
    walk.faults.halves.add(second)

    def refuse_the_rest(step: Step) -> None:
        walk.look(step)
        if walk.rig.engine.posts[second].ledger.s.pos:
            walk.refuse(second)

    walk.rig.seen.each = refuse_the_rest
    held = walk.until(S3)
    lots = [post.instrument.lot for post in walk.rig.engine.posts]
    assert (
        abs(held[second]) * lots[second]
        == pytest.approx(0.005)
        == pytest.approx(abs(held[1 - second]) * lots[1 - second])
    )
    walk.until(S0)
    assert not walk.opened_at(THIRD) and "pair_backup" not in walk.rig.seen.codes() and walk.wrong == []


@pytest.mark.parametrize("first", FIRST)
def test_a_backup_that_cannot_be_acted_on_is_not_waited_for(tmp_path: pathlib.Path, first: str) -> None:
    """K-28: with a stale book there the first leg is rolled back as without a backup."""
    walk, second = walked(tmp_path, first), 1 - FIRST[first]
    walk.until(S1)
    walk.refuse(second)
    third = walk.rig.engine.posts[THIRD]

    def blind(step: Step) -> None:
        third.view.s.book_ok = 0
        walk.look(step)

    walk.rig.seen.each = blind
    third.observe = lambda *_: None
    assert walk.until(S0) == (0, 0, 0)
    assert not walk.opened_at(THIRD) and len(walk.opened_at(second)) == 3 and "pair_backup" not in walk.rig.seen.codes()


@pytest.mark.parametrize("first", FIRST)
def test_a_fill_of_the_old_venue_that_is_told_after_the_switch_is_closed_there(
    tmp_path: pathlib.Path, first: str
) -> None:
    """Never left naked: what its own account says seconds later is closed reduce-only at once, by name; the pair on the
    backup is not touched."""
    walk, second = walked(tmp_path, first), 1 - FIRST[first]
    walk.until(S1)
    walk.faults.unheard.add(second)
    told: list[tuple[int, ...]] = []

    def see(step: Step) -> None:
        walk.look(step)
        if walk.opened_at(second) and any(report.instrument == second for report in step.moment.reports):
            walk.faults.misses.add(second)
            walk.refuse(second)  # nothing more opens there
        if walk.seat.lineup.astray and not told:
            told.append(walk.held)
            walk.faults.unheard.clear()
            walk.refuse(second, on=False)

    walk.rig.seen.each = see
    walk.until(S3)
    walk.rig.to(walk.rig.t + 20)
    assert told and told[0][second] != 0, "the venue had filled it"
    crit = [note.text for _, note in walk.rig.seen.notes if note.code == "pair_stray"]
    assert len(crit) == 1 and walk.rig.engine.posts[second].instrument.venue in crit[0]
    closes = [r for _, r in walk.rig.seen.requests if r.instrument == second and r.flags & REDUCE_ONLY]
    assert len(closes) == 1 and walk.held[second] == 0
    assert walk.until(S0) == (0, 0, 0)


def test_a_journal_with_a_backup_replays_to_the_same_requests(tmp_path: pathlib.Path) -> None:
    """R-A7, K-13: the switch follows from what is in the journal alone."""
    path = tmp_path / "a.perpj"
    walk = walked(tmp_path, journal=path)
    walk.until(S1)
    walk.refuse(SHORT)
    walk.until(S3)
    walk.until(S0)
    walk.rig.journal.close()
    outcome = replay_into(path, lambda *_: ())
    assert outcome.first is None and outcome.requests > 6, outcome.first


@pytest.mark.parametrize("alone", [False, True], ids=["locked", "unlocked"])
@pytest.mark.parametrize("first", FIRST)
def test_a_restart_goes_on_with_the_backup_in_the_same_state(tmp_path: pathlib.Path, first: str, alone: bool) -> None:
    """S1-43, R-A7: which venue plays a leg is kept with the saga, the account's own file has the positions; the rest
    replays from the journal alone."""
    state_dir = tmp_path / "state"
    state_dir.mkdir(mode=0o700)
    second = 1 - FIRST[first]
    more = {"tMaxSec": 20 if alone else 600, "exitMaxSec": 600, "exitReboundPct": 0.5}
    walk = walked(tmp_path, first, state_dir=state_dir, **more)
    walk.until(S1)
    walk.refuse(second)
    walk.until(S3)
    seat = walk.seat
    if alone:
        while seat.saga.s.stage not in (S4, S5) or seat.saga.s.busy:
            walk.rig.to(walk.rig.t + 0.25)
    held, cell, t = walk.held, seat.cell(), walk.rig.t
    assert seat.lineup.on_backup == second and cell.startswith("backup standx: S")
    keeper = PairKeeper(state_dir, "paper", walk.rig.engine, SystemClock(), lambda *_: None)
    keeper.close()
    walk.rig.driver.venue.close()

    again = walked(tmp_path, first, state_dir=state_dir, start_s=t + 1, **more | {"exitMaxSec": 30, "tMaxSec": 30})
    rig, pairs = again.rig, read_kept(state_dir, "paper")
    assert restore(rig.engine, pairs) == []
    rig.engine.journal = Journal(tmp_path / "again.perpj")
    epoch_ns = rig.start + round((t + 1) * 1e9)
    rig.engine.journal.append(header_of(rig.loaded, rig.market, 1, epoch_ns, owners=(0, 1, 2), pairs=pairs))
    assert again.seat.cell() == cell and again.seat.picture().legs[second].venue == "standx"
    again.rig.to(3)
    assert again.held == held and again.seat.cell() == cell and again.seat.lineup.on_backup == second
    assert [post.ledger.s.pos for post in again.seat.posts] == list(held)
    assert again.until(S0) == (0, 0, 0) and again.wrong == []
    assert again.seat.lineup.on_backup == -1 and again.seat.saga_wish.s.bound[second] == 0
    rig.engine.journal.close()
    outcome = replay_into(tmp_path / "again.perpj", lambda *_: ())
    assert outcome.first is None and outcome.requests >= (1 if alone else 2), outcome.first


@pytest.mark.parametrize("first", FIRST)
def test_a_core_that_dies_in_the_switch_ends_hedged_or_flat(tmp_path: pathlib.Path, first: str) -> None:
    """S1-43, S1-32: the record is on the disk before the order for the backup may leave."""
    state_dir = tmp_path / "state"
    state_dir.mkdir(mode=0o700)
    second = 1 - FIRST[first]
    walk = walked(tmp_path, first, state_dir=state_dir)
    keeper = PairKeeper(state_dir, "paper", walk.rig.engine, SystemClock(), lambda *_: None)
    walk.rig.driver.write_ahead = keeper.before_creates
    walk.until(S1)
    walk.refuse(second)
    while walk.seat.lineup.on_backup < 0 or not walk.opened_at(THIRD):
        walk.rig.to(walk.rig.t + 0.01)
    assert walk.seat.saga.s.state == S2_LOCKING and walk.held[THIRD] == 0, "on its way"
    t = walk.rig.t
    walk.rig.driver.venue.close()

    again = walked(tmp_path, first, state_dir=state_dir, start_s=t + 1)
    assert restore(again.rig.engine, read_kept(state_dir, "paper")) == []
    assert again.seat.lineup.numbers()[second] == THIRD and again.seat.saga.s.state == S2_LOCKING
    again.rig.to(30)
    stage, leg, held = again.rests[0]
    assert (stage, leg) in ((S0, -1), (S3, second)) and held[second] == 0 and again.wrong == []
    assert again.rig.t < 31 and again.until(S0) == (0, 0, 0)


def test_a_position_on_the_backup_of_which_no_record_is_left_is_named_and_not_touched(tmp_path: pathlib.Path) -> None:
    """As on its own venues: nobody knows what it belongs to. The backup is not used while it is there."""
    state_dir = tmp_path / "state"
    state_dir.mkdir(mode=0o700)
    walk = walked(tmp_path, state_dir=state_dir)
    walk.until(S1)
    walk.refuse(SHORT)
    walk.until(S3)
    held, t = walk.held, walk.rig.t
    walk.rig.driver.venue.close()
    again = walked(tmp_path, state_dir=state_dir, start_s=t + 1)
    again.rig.to(60)
    stray = [note for _, note in again.rig.seen.notes if note.code == "pair_stray"]
    assert [note.level for note in stray] == ["warn"] and "-0.01 BTC" in stray[0].text and "standx" in stray[0].text
    assert again.held == held and again.rig.creates() == [] and again.seat.saga.s.foreign == 1
    assert again.seat.saga_params.s.has_backup == 0
