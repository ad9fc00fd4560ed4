"""What keeps a stop from its end: how long it waits, what counts, when a person hears of it (RELIABILITY 5, E4, E6)."""

from __future__ import annotations

from core.domain.events import OpenOrder
from core.domain.order import CANCELED, FILLED, REJECTED, Report
from core.domain.reasons import RATE_LIMIT, REDUCE_ONLY_REJECTED
from core.domain.units import NS_PER_S
from core.execution.standoff import ALARM_NS, REFUSED_MOST, Patience, Standoff
from core.execution.stopping import BANNED, OK, UNVERIFIED, Venue

T0 = 1_700_000_000 * NS_PER_S


def order(number: int) -> OpenOrder:
    return OpenOrder(0, 1000 + number, number, 0, 100, 5, 0)


def refused(number: int, instrument: int = 0, code: int = REDUCE_ONLY_REJECTED) -> Report:
    return Report(instrument, REJECTED, T0, number, code=code)


def test_the_same_thing_is_tried_ever_slower_and_another_thing_at_once() -> None:
    patience = Patience(2, 10, 100)
    assert [patience.next("a") for _ in range(7)] == [10, 10, 20, 40, 80, 100, 100]
    assert patience.next("b") == 10 and patience.next("a") == 10


def test_orders_that_shrink_are_cancelled_at_full_pace_and_those_that_stand_are_said() -> None:
    it = Standoff()
    for left in range(20, 0, -1):
        _, wait = it.again(tuple(order(n) for n in range(left)), T0)
        assert wait == 50_000_000 and it.why == ""
    waits = [it.again((order(0),), T0 + k)[1] for k in range(1, 20)]
    assert waits == sorted(waits) and waits[-1] == 5 * NS_PER_S
    assert "1 orders of ours stand" in it.why and it.venue(Venue(OK, "", 0)).status == UNVERIFIED


def test_what_no_list_shows_is_cancelled_beside_what_one_does_and_alone() -> None:
    it = Standoff()
    it.standing = (order(1), order(2))
    assert [one.venue_id for one in it.again((order(2), order(3)), T0)[0]] == [2, 3, 1]
    gone, wait = it.again((), T0)
    assert [one.venue_id for one in gone] == [1, 2] and wait >= NS_PER_S // 4
    assert "in no list" in it.why


def test_only_the_venues_word_on_the_order_counts_each_once_and_a_fill_ends_the_count() -> None:
    it = Standoff()
    for number in range(20):
        it.told(refused(number, code=RATE_LIMIT))
    assert it.refuses([0], T0) == 0
    for number in range(REFUSED_MOST - 1):
        it.told(refused(100 + number))
        it.told(refused(100 + number))  # the stream says it too
    assert it.refuses([0], T0) == 0
    it.told(Report(0, CANCELED, T0, 200))
    it.told(Report(0, FILLED, T0, 201))
    it.told(refused(202))
    assert it.refuses([0], T0) == 0


def test_closes_wait_only_where_every_position_is_refused_and_then_get_one_try_at_a_time() -> None:
    it = Standoff()
    for number in range(1, REFUSED_MOST + 1):
        it.told(refused(number))
    assert it.refuses([], T0) == 0 and it.refuses([0, 1], T0) == 0
    first = it.refuses([0], T0)
    assert first > 0 and "reduce_only_rejected" in it.why
    assert it.refuses([0], T0) == 0
    it.told(refused(50))
    assert it.refuses([0], T0) == 2 * first


def test_a_person_hears_after_a_minute_and_each_minute_and_no_more_once_it_moved() -> None:
    it = Standoff()
    it.standing = (order(1),)
    it.again((), T0)
    assert it.alarm(T0 + ALARM_NS - 1) == ()
    (note,) = it.alarm(T0 + ALARM_NS)
    assert (note.level, note.code) == ("crit", "stop_stuck") and "60 s" in note.text
    assert it.alarm(T0 + ALARM_NS + 1) == () and len(it.alarm(T0 + 2 * ALARM_NS)) == 1
    it.moved()
    assert it.alarm(T0 + 9 * ALARM_NS) == () and it.venue(Venue(OK, "", 0)).status == OK
    it.again((), T0)
    assert it.venue(Venue(BANNED, "x", 0)).status == BANNED, "the venue's own state comes first"
