"""The report of a pair with a backup venue names it, its money and whether a leg is there."""

from __future__ import annotations

from core.domain.pair import LONG, S1, S3
from core.domain.units import BUY, SELL
from core.rounds.facts import RoundFacts, decode, encode
from core.rounds.pair_details import pair_section
from core.rounds.recorder import Recorder
from core.rounds.report import report
from core.rounds.scheduler import Ending
from tests.unit.kpi.desk import T0
from tests.unit.kpi.pair_desk import Play
from tests.unit.kpi.test_pair_backup import ALL, BACKUP, ThreeDesk
from tests.unit.rounds.test_pair_report import REAL


def round_of(used: bool) -> RoundFacts:
    desk = ThreeDesk()
    play = Play(desk)
    recorder = Recorder(desk, play.measures, REAL)
    play.sinks.append(recorder.take)
    for i in ALL:
        play.mid(i, 50_000.0)
    recorder.begin(T0, 1)
    if used:
        play.trade(LONG, BUY, 50_000.0, 0.01)
        play.state(S1, first=LONG)
        desk.playing = (LONG, BACKUP)
        play.trade(BACKUP, SELL, 50_000.0, 0.01)
        play.state(S3)
        play.settle(BACKUP, 0.0001)
    return recorder.end(Ending(1, T0, 0, play.now, "timer", "carried", True))


def test_the_report_names_the_backup_and_the_leg_that_is_there() -> None:
    """S1-54, S1-61: three ledgers in each table, one identity."""
    facts = round_of(used=True)
    [pair] = facts.pairs
    assert (pair.legs, pair.on_backup, pair.moved) == ((0, 1, 2), 1, 1) and facts.identity_ok
    text = "\n".join(pair_section(facts, pair))
    assert "Backup venue standx BTCUSDT: a failed second leg went there once; **the short leg is there now**." in text
    assert text.count("| backup venue | standx BTCUSDT |") == 4, "what is held, the money, the funding, the calendar"
    assert "of all ledgers" in text and "**all**" in text and "both ledgers" not in text and ": agrees." in text
    assert decode(encode(facts), "round.json") == facts
    assert "the short leg is there now" in report(facts, None)


def test_a_round_that_did_not_need_it_says_so() -> None:
    facts = round_of(used=False)
    text = "\n".join(pair_section(facts, facts.pairs[0]))
    assert "Backup venue standx BTCUSDT: not needed." in text and "there now" not in text
