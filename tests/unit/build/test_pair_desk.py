"""A pair of a real engine as the measures see it: a scripted market that walks it through S0..S5, simulated venues."""

from __future__ import annotations

import pathlib

import pytest

from core.build.assemble import accounts_of, engine_of
from core.build.observers import Observers
from core.build.pair_desk import SeatEyes, pairs_of_engine
from core.domain.pair import LONG, SHORT
from core.domain.units import NS_PER_S
from core.engine.journal import Journal
from core.engine.pair_seat import PairSeat
from core.engine.simulate import SimDriver
from core.kernel import Kernels
from core.kpi.pair import PairMoney
from core.rounds.report import report
from core.strategies.pair_lock.blocks import CONDITION_NAMES, REASON_NAMES
from tests.unit.build.pair_walked import loaded_in, market, walked

Run = tuple[SimDriver, Observers]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return walked(tmp_path_factory.mktemp("walked"))


def test_the_port_names_the_ledgers_of_both_legs(run: Run) -> None:
    driver, _ = run
    [legs] = pairs_of_engine(driver.engine)
    long, short = (driver.engine.posts[i] for i in (legs.long, legs.short))
    assert legs.name == "walked"
    assert (long.instrument.venue, short.instrument.venue) == ("binance_usdm", "hyperliquid")
    [seat] = driver.engine.seats
    assert isinstance(seat, PairSeat)
    assert legs.status is seat.status
    assert (long, short) == tuple(seat.posts)
    assert legs.why().startswith("S0 idle: ")
    assert legs.stuck() == ""


def test_every_state_has_its_time_and_every_unlock_its_reason(run: Run) -> None:
    """S1-35 .. S1-42 on one engine: three acts, one lock that is rolled back (S1-32)."""
    pair = run[1].measures.pairs[0]
    times = pair.clock.since_start(pair.now)
    assert all(ns > 0 for ns in times.in_state)
    assert times.moves == {
        "S0 to S1: gate open": 3,
        "S1 to S3: lock price reached": 2,
        "S3 to S4: spread at the upper band": 1,
        "S4 to S0: rebound": 1,
        "S3 to S5: spread at the lower band": 1,
        "S5 to S0: rebound": 1,
        "S1 to S0: lock price reached": 1,
    }
    assert [(e.path, e.how) for e in pair.episodes.done] == [
        ([0, 1, 2, 3, 4, 0], "long leg closed"),
        ([0, 1, 2, 3, 5, 0], "short leg closed"),
        ([0, 1, 2, 0], "rolled back"),
    ]
    assert [e.fills for e in pair.episodes.done] == [4, 4, 2]


def test_the_naked_clock_is_the_sagas_own(run: Run) -> None:
    driver, observers = run
    pair = observers.measures.pairs[0]
    [seat] = driver.engine.seats
    assert isinstance(seat, PairSeat)
    times = pair.clock.since_start(pair.now)
    assert times.naked_limit_ns == 2 * NS_PER_S == seat.saga_params.s.naked_ns  # nakedMs of the config
    assert times.naked_over == 1  # the lock that found no depth was rolled back once its time was over
    assert times.naked_longest_ns > 2 * NS_PER_S
    assert times.naked_ns >= times.in_state[2]  # a lock is naked until its second leg stands


def test_the_money_is_split_to_the_last_unit_of_the_ledgers(run: Run) -> None:
    """S1-61."""
    driver, observers = run
    pair = observers.measures.pairs[0]
    split = pair.money()
    ledgers = [post.ledger.s for post in driver.engine.posts]
    assert [ledger.pos for ledger in ledgers] == [0, 0]
    net = sum(ledger.realised - ledger.fees + ledger.funding for ledger in ledgers)
    assert split.spread + split.trend + split.carry - split.fees + split.execution == net
    assert split.carry == sum(ledger.funding for ledger in ledgers) != 0
    assert pair.costs().naked != 0
    outside = split.minus(sum_of(observers))
    assert outside.net == 0


def sum_of(observers: Observers) -> PairMoney:
    total = PairMoney()
    for episode in observers.measures.pairs[0].episodes.done:
        total = total.plus(episode.money)
    return total


def test_gate_and_bands_are_those_of_the_decision(run: Run) -> None:
    """S1-13, S1-62."""
    driver, observers = run
    [seat] = driver.engine.seats
    assert isinstance(seat, PairSeat)
    eyes, s = SeatEyes(seat), seat.strategy.blocks()["walked.state"].s
    gates = eyes.gate()
    assert gates is not None
    for leg, gate in zip((LONG, SHORT), gates, strict=True):
        assert gate.holds == tuple(name for bit, name in enumerate(CONDITION_NAMES) if s.conditions[leg] & 1 << bit)
        assert gate.barred == ("" if REASON_NAMES[s.barred[leg]] == "gate open" else REASON_NAMES[s.barred[leg]])
        assert not gate.opens  # the data is over
    counts = observers.measures.pairs[0].clock.since_start(0)
    assert counts.gate_looks > 30
    assert counts.gate_held["long first: net target return"] > 30
    assert 0 < counts.lock_band_out < counts.lock_band_looks < counts.band_looks
    assert counts.hedge_mean == 1.0


def test_before_the_first_decision_there_is_neither_gate_nor_band(tmp_path: pathlib.Path) -> None:
    loaded = loaded_in(tmp_path)
    made = market(loaded)
    engine = engine_of(
        loaded,
        made.source,
        made.places,
        Journal(None),
        Kernels("plain"),
        equity=10**11,
        owners=accounts_of(made.places),
    )
    [legs] = pairs_of_engine(engine)
    assert legs.eyes is not None
    assert legs.eyes.gate() is None
    assert legs.eyes.bands() is None
    assert legs.eyes.naked_since() == 0
    assert legs.eyes.wish() == ("none", "not decided yet")


def test_the_report_has_it_all(run: Run) -> None:
    [facts] = run[1].rounds.facts
    text = report(facts, None).split("## Pair walked\n")[1].split("\n## ")[0].replace("\\", "")
    assert "Unlocks: A (short leg closed) 1, B (long leg closed) 1." in text
    assert "| S3 to S4: spread at the upper band | 1 |" in text
    assert ": agrees." in text
    assert "(limit 2.0 s, 1 longer)" in text
    assert "mean 100.00 %" in text
