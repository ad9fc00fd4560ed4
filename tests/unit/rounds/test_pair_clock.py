"""The part of a pair's report on its time, and its costs leg by leg."""

from __future__ import annotations

import msgspec
import pytest
from markdown_it import MarkdownIt

from core.domain.pair import LONG, S0, S1, S2, S3, S4, SHORT
from core.domain.units import BUY, SELL
from core.kpi.books import GateSeen
from core.kpi.measures import Measures
from core.kpi.pair_times import PairTimes
from core.rounds.facts import RoundFacts, decode, encode
from core.rounds.pair_clock import clock_lines
from core.rounds.recorder import Recorder
from core.rounds.report import report
from core.rounds.scheduler import Ending
from tests.unit.kpi.desk import T0
from tests.unit.kpi.pair_desk import Eyes, PairDesk, Play
from tests.unit.rounds.test_pair_report import GFM, HOSTILE, REAL, row


def play_round() -> tuple[RoundFacts, Measures]:
    """S0 60 s, S1 90 s, S2 0.8 s naked, S3 120 s, S4 30 s, S0; the lock's fill 5.5 below the decision's mid."""
    eyes = Eyes()
    play = Play(PairDesk(eyes=eyes))
    recorder = Recorder(play.desk, play.measures, REAL)
    play.sinks.append(recorder.take)
    play.mid(LONG, 50_000.0)
    play.mid(SHORT, 50_010.0)
    play.state(S0)
    recorder.begin(play.now, 1)
    eyes.gates = (GateSeen("", ("trend",), False), GateSeen("no fresh price", (), False))
    eyes.spread = (-10.0, -20.0, 20.0)
    for _ in range(60):
        play.wait(1)
    eyes.asked = ("open", "gate open")
    play.state(S0, busy=1)
    play.trade(LONG, BUY, 50_000.1, 0.01)
    play.state(S1, first=LONG)
    play.wait(90)
    play.mid(LONG, 50_250.0)
    play.mid(SHORT, 50_260.0)
    eyes.asked, eyes.since = ("lock", "lock price reached"), play.now
    play.state(S2, busy=1)
    play.mid(LONG, 50_240.0)
    play.wait(0.8)
    play.trade(SHORT, SELL, 50_254.5, 0.01, moved_to=50_255.0)
    eyes.since = 0
    play.state(S3)
    play.wait(120)
    eyes.asked, eyes.spread = ("unlock A", "spread at the upper band"), (20.0, -20.0, 20.0)
    play.wait(1)
    play.state(S3, busy=1)
    play.trade(SHORT, BUY, 50_255.5, 0.01)
    play.state(S4)
    play.wait(30)
    eyes.asked = ("exit", "rebound")
    play.state(S4, busy=1)
    play.trade(LONG, SELL, 50_239.9, 0.01)
    play.home()
    return recorder.end(Ending(1, T0, 0, play.now, "timer", "flat", True)), play.measures


@pytest.fixture(scope="module")
def facts() -> RoundFacts:
    return play_round()[0]


def section(facts: RoundFacts) -> str:
    return report(facts, None).split("\n## Pair lock\n")[1].split("\n## ")[0].replace("\\", "")


def test_time_in_each_state_stands_with_its_share(facts: RoundFacts) -> None:
    text = section(facts)
    assert row(text, "time") == ["time", "1 min", "1 min 30 s", "800.0 ms", "2 min 1 s", "30.0 s", "0 s"]
    assert row(text, "share")[1:3] == ["19.9 %", "29.8 %"]
    assert sum(facts.pairs[0].times.in_state) == facts.ending.ended - facts.ending.started


def test_unlocks_and_what_asked_for_each_move_are_counted(facts: RoundFacts) -> None:
    """S1-39, S1-40."""
    text = section(facts)
    assert row(text, "S3 to S4: spread at the upper band")[1] == "1"
    assert row(text, "S4 to S0: rebound")[1] == "1"
    assert "Unlocks: A (short leg closed) 1, B (long leg closed) 0." in text


def test_naked_time_hedge_ratio_and_bands_stand_with_their_figures(facts: RoundFacts) -> None:
    """Issue 4: naked time p50 and p99; S1-23, S1-62."""
    text = section(facts)
    assert row(text, "naked")[1] == (
        "1 times, 800.0 ms in all; p50 800.0 ms, p99 800.0 ms, longest 800.0 ms (limit 500.0 ms, 1 longer)"
    )
    assert row(text, "hedge ratio (smaller leg over larger)")[1] == "mean 100.00 %, least 100.00 % of 2 looks in S3"
    times = facts.pairs[0].times
    assert (times.lock_band_looks, times.lock_band_out) == (2, 1)
    assert row(text, "spread at or beyond a band")[1].endswith("looks, in S3 50.0 %")


def test_the_gate_says_what_held_and_what_barred_for_each_first_leg(facts: RoundFacts) -> None:
    """S1-13."""
    text = section(facts)
    n = facts.pairs[0].times.gate_looks
    assert n == 60
    assert f"Gate: {n} looks a second apart while idle, open and not yet acted on at 0." in text
    assert "| holds | trend | 60 (100.0 %) | 0 (0.0 %) |" in text
    assert "| bars | no fresh price | 0 (0.0 %) | 60 (100.0 %) |" in text


def test_costs_stand_within_their_parts_and_the_legs_sum_to_the_split(facts: RoundFacts) -> None:
    """S1-61. Naked: the long leg from 50,250 to 50,240 while the lock works, and the short is not there yet: -0.10.
    Slippage: -0.001, sold 5.5 below the decision's mid: -0.055, -0.005, -0.001; the way between is +0.05 less."""
    text, pair = section(facts), facts.pairs[0]
    assert row(text, "of it naked")[1] == "-0.1000"
    assert row(text, "of it slippage")[1] == "-0.0620"
    assert row(text, "of it waiting")[1] == "+0.0500"
    assert row(text, "execution")[1] == "-0.0120"
    legs = [line for line in text.splitlines() if line.startswith(("| long venue | aster", "| short venue | hyper"))]
    [long, short] = [[cell.strip() for cell in line.strip("|").split("|")] for line in legs if line.count("|") == 9]
    assert long[2:5] == ["+2.3980", "+2.4000", "-0.0020"]
    assert short[2:5] == ["-0.0100", "+0.0000", "-0.0100"]
    ledgers = [facts.ledgers[k] for k in pair.legs]
    s = pair.split
    assert sum(led.money.price for led in ledgers) == s.spread + s.trend + s.execution
    assert sum(led.attribution.drift for led in ledgers) == s.spread + s.trend
    assert sum(led.money.net for led in ledgers) == s.net


def test_facts_of_times_and_costs_survive_their_file_and_older_files_still_read(facts: RoundFacts) -> None:
    assert decode(encode(facts), "x") == facts
    old = msgspec.to_builtins(facts)
    for name in ("times", "costs"):
        del old["pairs"][0][name]
    read = decode(msgspec.json.encode(old), "x")
    assert read.pairs[0].times == PairTimes()
    assert "Moves between states at rest: none." in section(read)


def test_a_pair_that_never_did_anything_says_so() -> None:
    facts, _ = play_round()
    facts.pairs[0].times = PairTimes()
    text = "\n".join(clock_lines(facts.pairs[0]))
    for words in ("none.", "| naked | never |", "never locked", "no bands yet", "Gate: not looked at"):
        assert words in text


@pytest.mark.parametrize("payload", HOSTILE)
def test_hostile_reasons_stay_text(payload: str, facts: RoundFacts) -> None:
    """R-X5."""
    bad = msgspec.convert(msgspec.to_builtins(facts), RoundFacts)
    t = bad.pairs[0].times
    t.moves, t.gate_barred = {f"S0 to S1: {payload}": 1}, {f"long first: {payload}": 2}

    def kinds(text: str) -> set[str]:
        return {c.type for t in GFM.parse(text) for c in [t, *(t.children or [])]}

    assert isinstance(GFM, MarkdownIt)
    text = "\n".join(clock_lines(bad.pairs[0]))
    assert not {"html_block", "html_inline", "link_open", "image", "heading_open"} & kinds(text)
    assert len(text.splitlines()) <= len("\n".join(clock_lines(facts.pairs[0])).splitlines())
