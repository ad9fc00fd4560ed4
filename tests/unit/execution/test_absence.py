"""What lists and trades prove of an order that they do not show (RELIABILITY 2.3)."""

from __future__ import annotations

import pytest

from core.domain.lateness import LAG_NS
from core.domain.order import ACCEPTED, LIVE, LOST, SLOTS, UNKNOWN
from core.domain.units import FAR
from core.execution.absence import ARRIVES_NS, IDLE_NS, RESOLVE_WAIT_NS, Absences
from tests.unit.execution.desk import Desk
from tests.unit.execution.test_reconcile import S, live

MS = S // 1000


def lacked(absences: Absences, desk: Desk, slot: int, at_ms: int, takes_ms: int = 50, proof: bool = True) -> bool:
    """A round asked for `at_ms` after the desk's time."""
    asked = desk.now + at_ms * MS
    return absences.proven(desk.ledger.s, slot, asked, asked + takes_ms * MS, proof)


@pytest.mark.parametrize("kind", [ACCEPTED, LOST])
def test_two_lists_at_once_are_no_proof_of_an_order_that_may_just_have_filled(kind: int) -> None:
    """R-O1, R-E8: the lists are fresh, the trades and positions L behind: freed now, the fill would count for nothing
    until they catch up."""
    desk, absences = Desk(), Absences()
    slot = live(desk, kind=kind) % SLOTS
    desk.now += 60 * S
    assert not lacked(absences, desk, slot, 0)
    for later in (100, 1_000, 3_000, 3_049):
        assert not lacked(absences, desk, slot, later), later
    assert lacked(absences, desk, slot, 3_050), "L after the first list was whole"


def test_the_clock_of_the_trades_starts_when_nothing_can_arrive_and_the_words_when_a_list_could_show_it() -> None:
    """R-O1: a create without an answer is resolved within R + skew + L + 2 s."""
    desk, absences = Desk(), Absences()
    cl = live(desk, kind=LOST)
    o, slot = desk.ledger.s, cl % SLOTS
    o.ts_ack[slot] = 0
    o.ts_placed[slot] = desk.now
    assert absences.due(o, slot, 0) == desk.now + ARRIVES_NS
    assert not lacked(absences, desk, slot, 2_900), "it may arrive yet: dates nothing"
    assert absences.due(o, slot, 0) == desk.now + ARRIVES_NS
    assert not lacked(absences, desk, slot, 3_000)
    assert absences.due(o, slot, 0) == desk.now + max(3_050 * MS + LAG_NS, RESOLVE_WAIT_NS)
    assert not lacked(absences, desk, slot, 6_100), "the first word"
    assert lacked(absences, desk, slot, 7_100), "the second"


def test_a_list_that_shows_it_starts_both_over_and_no_other_order_s() -> None:
    desk, absences = Desk(), Absences()
    cl, other = live(desk), live(desk, slot=4)
    desk.now += 60 * S
    for slot in (cl % SLOTS, other % SLOTS):
        assert not lacked(absences, desk, slot, 0)
    absences.shown({cl})
    assert not lacked(absences, desk, cl % SLOTS, 4_000)
    assert lacked(absences, desk, other % SLOTS, 4_000)
    absences.keep({cl})
    assert not lacked(absences, desk, other % SLOTS, 8_000), "forgotten with its order"


def test_without_proof_nothing_is_gone() -> None:
    """R-B4: an overloaded venue's empty list."""
    desk, absences = Desk(), Absences()
    slot = live(desk, kind=LOST) % SLOTS
    desk.now += 60 * S
    for at in (0, 4_000, 8_000):
        assert not lacked(absences, desk, slot, at, proof=False)
    assert not lacked(absences, desk, slot, 12_000), "the first that counts"
    assert lacked(absences, desk, slot, 16_000)


def test_a_living_order_is_looked_at_again_when_that_can_close_it_and_not_before() -> None:
    desk, absences = Desk(), Absences()
    cl = live(desk)
    o, slot = desk.ledger.s, cl % SLOTS
    assert (o.state[slot], absences.due(o, slot, desk.now)) == (LIVE, FAR)
    sent = max(o.ts_sent[slot], o.ts_ack[slot])
    assert not lacked(absences, desk, slot, 3_500)
    assert absences.due(o, slot, desk.now) == max(desk.now + 3_550 * MS + LAG_NS, sent + IDLE_NS + 1)
    o.state[slot] = UNKNOWN
    assert absences.due(o, slot, desk.now) == desk.now + 3_550 * MS + LAG_NS


def test_an_order_whose_amend_got_no_answer_is_looked_at_when_the_ledger_can_free_it() -> None:
    """Seed 4890: each second before it was asked for nothing, and the next round after it came a second late."""
    desk, absences = Desk(), Absences()
    slot = live(desk) % SLOTS
    o = desk.ledger.s
    desk.now += 60 * S
    assert not lacked(absences, desk, slot, 0)
    o.state[slot], o.ts_placed[slot] = UNKNOWN, desk.now + S
    assert absences.due(o, slot, desk.now) == desk.now + S + RESOLVE_WAIT_NS


def test_a_list_of_too_early_dates_no_end() -> None:
    """R-O3: it may be from before the create. The order fills at 5 s, a fresh list lacks it, trades are behind."""
    desk, absences = Desk(), Absences()
    slot = live(desk, kind=ACCEPTED) % SLOTS
    assert not lacked(absences, desk, slot, 200)
    assert not lacked(absences, desk, slot, 5_200), "the first word"
    assert not lacked(absences, desk, slot, 6_300), "the trades may be of before the fill"
    assert lacked(absences, desk, slot, 8_250)
