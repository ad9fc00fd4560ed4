"""Measures and reports agree with the ledgers to the last lot and unit, however the news came: by a stream, twice,
late, out of order, or only by the reads of the cross-check (R-O1, R-O4, R-O5, S3-75).
"""

from __future__ import annotations

import pathlib
from dataclasses import replace

import pytest

from core.build.desk import EngineDesk
from core.build.replaying import replay_into
from core.domain.commands import Flatten, Halt
from core.domain.events import HeldPosition, Moment, ReadReply, Started, Step
from core.domain.order import CANCELED, FILLED, FUNDED, LIQUIDATED, SLOTS, STOP, Report
from core.kpi.measures import Measures
from core.rounds.facts import RoundFacts
from tests.simulation.async_venue import Weather
from tests.simulation.live_rig import LiveRig
from tests.simulation.rig import START, Rig, S
from tests.simulation.tally import Tally, watched
from tests.simulation.test_two_strategies import two
from tests.simulation.weather import weather_of

FAULTS_S, SETTLE_S = 40.0, 55.0
BEFORE_FUNDING = START + (8 * 3_600 - 20) * S  # the settlement falls twenty seconds after the start


def session(
    seed: int, weather: Weather, folder: pathlib.Path, start: int = START, halt: bool = False,
    journal: pathlib.Path | None = None,
) -> tuple[LiveRig, Tally, RoundFacts]:  # fmt: skip
    """Bad weather for 40 s, quiet until all is healed; then measures and ledgers are compared, and the report."""
    out: list[tuple[Tally, RoundFacts]] = []

    async def script(rig: LiveRig) -> None:
        observers, tally = watched(rig, folder, rig.clock.now())
        await rig.to(FAULTS_S / 2)
        if halt:
            rig.flag.closed = True
            rig.ask(Halt(id="h", who="test", reason="seeded"))
        await rig.to(SETTLE_S)
        tally.agrees()
        out.append((tally, observers.rounds.running(rig.clock.now())))

    rig = LiveRig(seed, weather, journal, start=start).run(script)
    return rig, *out[0]


@pytest.mark.parametrize("seed", range(8))
def test_after_a_seeded_bad_session_the_measures_equal_the_ledgers(seed: int, tmp_path: pathlib.Path) -> None:
    print("seed", seed)
    weather = replace(weather_of(seed), down_s=(0.0, 0.0), error_before=0.0, error_after=0.0)  # so that it trades
    rig, _, facts = session(seed, weather, tmp_path, BEFORE_FUNDING, halt=seed % 4 == 3)
    ledger = rig.ledger
    assert sum(ledger.n_fills) > 0
    assert [side.fills for side in facts.ledgers[0].sides] == [int(n) for n in ledger.n_fills]
    assert facts.ledgers[0].money.fees == ledger.fees and facts.ledgers[0].money.funding == ledger.funding


def test_fills_and_funding_that_only_the_reads_brought_are_measured(tmp_path: pathlib.Path) -> None:
    """No private news for 40 s: the cross-check heals the ledger, and what it healed is in the measures too."""
    rig, tally, facts = session(5, Weather(until_s=FAULTS_S, report_lost=1.0), tmp_path, BEFORE_FUNDING)
    healed = [fill for fill in tally.fills if fill.ts < rig.start + round(FAULTS_S * S)]
    assert len(healed) > 5 and all(fill.key >= 0 for fill in healed), "of orders that the measures know"
    assert rig.ledger.funding != 0 and len(tally.funded) == 1
    assert sum(side.fills for side in facts.ledgers[0].sides) == len(tally.fills)


def test_news_told_twice_is_counted_once(tmp_path: pathlib.Path) -> None:
    """S3-75: the ledger knows a trade id and a settlement again, and the measures believe it."""
    rig, tally, _ = session(5, Weather(until_s=FAULTS_S, report_twice=1.0), tmp_path, BEFORE_FUNDING)
    assert rig.ledger.n_duplicate > 5 and rig.ledger.funding != 0
    assert len({(fill.trade_id, fill.cl_id) for fill in tally.fills}) == len(tally.fills)
    assert len(tally.funded) == 1


def test_a_replay_measures_what_the_session_measured(tmp_path: pathlib.Path) -> None:
    """The journal does not hold what was applied: it comes out of the same moments again."""
    journal = tmp_path / "session.journal"
    rig, tally, _ = session(5, Weather(until_s=FAULTS_S, report_lost=0.5), tmp_path, BEFORE_FUNDING, journal=journal)
    rig.journal.close()
    again: list[Tally] = []

    def sinks(engine, loaded, header):  # type: ignore[no-untyped-def]
        measures = Measures(EngineDesk(engine, rig.wire, lambda _: ()), rig.start)
        again.append(Tally(engine, measures))
        return [measures, again[0]]

    assert replay_into(journal, sinks).first is None
    again[0].agrees()
    known = {(fill.trade_id, fill.ts) for fill in again[0].fills}
    assert known >= {(fill.trade_id, fill.ts) for fill in tally.fills} and len(tally.fills) > 5


def test_two_strategies_share_funding_and_a_stop_as_their_ledgers_book_them(tmp_path: pathlib.Path, seed: int) -> None:
    """A settlement is split by position and the closes of a stop go to the ledger that they reduce."""
    print("seed", seed)
    rig = Rig(seed, config=two(tmp_path), start_s=8 * 3_600 - 200)
    _, tally = watched(rig, tmp_path / "reports", rig.start)
    rig.to(400)
    tally.agrees()
    assert any(post.ledger.s.funding for post in rig.engine.posts) and len(tally.funded) >= 2
    rig.ask(Flatten(id="f", who="test"))
    rig.to(460)
    assert rig.run_state == "FLAT" and any(fill.flags & STOP for fill in tally.fills)
    tally.agrees()


def started(rig: Rig, adopts: bool = False) -> list[Step]:
    """The engine of a rig by hand, its account asked for; nothing is answered yet."""
    rig.engine.check.each[0].adopts = adopts
    return [rig.engine.process(Moment(rig.start, 0, inputs=(Started("", 1, "PAPER", 1),)))]


def replies(step: Step, ts: int, pos: int, *trades: Report) -> tuple[ReadReply, ...]:
    held = (HeldPosition(0, pos, pos * 1_000, 0),) if pos else ()
    found = {"positions": {"positions": held}, "trades": {"trades": trades}, "balance": {"balance": 200 * 10**8}}
    return tuple(ReadReply(read.what, read.nonce, ts, **found.get(read.what, {})) for read in step.reads)


def fill(rig: Rig, trade_id: int, qty: int = 3, kind: int = FILLED, **more: int) -> Report:
    cl_id = rig.engine.posts[0].ledger.s.next_seq * SLOTS + 1 if kind == FILLED else 0
    return Report(0, kind, rig.start, cl_id=cl_id, side=0, px=1_000, qty=qty, trade_id=trade_id, fee=7, **more)


def test_reports_held_until_the_adoption_are_measured_unless_the_position_holds_them(seed: int) -> None:
    rig = Rig(seed)
    measures = Measures(EngineDesk(rig.engine, rig.wire, lambda _: ()), rig.start)
    steps = started(rig, adopts=True)
    known, new = fill(rig, 71), fill(rig, 72)
    steps.append(rig.engine.process(Moment(rig.start + 1, 0, reports=(known, new))))
    steps.append(rig.engine.process(Moment(rig.start + 2, 0, inputs=replies(steps[0], rig.start, 3, known))))
    assert [step.applied for step in steps] == [(), (), (new,)]
    for step in steps:
        measures.take(step)
    assert rig.engine.posts[0].ledger.s.pos == 6
    assert [made.trade_id for made in measures.fills] == [72]


def test_a_liquidation_without_a_trade_id_is_measured_once(seed: int) -> None:
    """R-O5: the ledger makes an id of its figures; the measures have no other opinion."""
    rig = Rig(seed)
    measures = Measures(EngineDesk(rig.engine, rig.wire, lambda _: ()), rig.start)
    started(rig)
    for n in (1, 2):
        measures.take(rig.engine.process(Moment(rig.start + n, 0, reports=(fill(rig, 0, kind=LIQUIDATED),))))
    assert rig.engine.posts[0].ledger.s.pos == measures.capture[0].pos == 3


def test_what_was_applied_stands_in_the_order_in_which_the_ledgers_took_it(seed: int) -> None:
    """News of the moment, then what the reads brought; a fill that no ledger books is not among it, the end of an order
    that stands in no ledger (a stop's own close) is."""
    rig = Rig(seed)
    first = started(rig)[0]
    told, nobodys, healed = fill(rig, 81), fill(rig, 0), fill(rig, 80)
    paid = Report(0, FUNDED, rig.start, trade_id=5, amount=-11)
    ended = Report(0, CANCELED, rig.start, cl_id=told.cl_id + SLOTS)
    answers = replies(first, rig.start, 6, healed, paid)
    step = rig.engine.process(Moment(rig.start + 1, 0, reports=(told, nobodys, told, ended), inputs=answers))
    assert step.applied == (told, ended, healed, paid) and step.takers == (0, 0, 0, 0)
    assert step.moment.reports == (told, nobodys, told, ended), "the venue's own words stay as they came"
