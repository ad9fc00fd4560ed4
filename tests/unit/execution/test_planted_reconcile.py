"""Which orders and which lists count in a comparison. Found missing by tests.planted: one instrument, fresh lists."""

from __future__ import annotations

import msgspec
import pytest

from core.domain.events import HeldPosition, OpenOrder, ReadReply
from core.domain.order import ACCEPTED, CANCELED, FILLED, FREE, LIVE, LOST, PENDING_NEW, SLOTS, UNKNOWN, Report
from core.execution.reconcile import Comparison, Reconciler
from core.execution.slots import place
from tests.unit.execution.desk import MID, Desk
from tests.unit.execution.test_reconcile import S, compare, heal, listed, live


def read(rec: Reconciler, desk: Desk, told: int, proof: bool = True) -> Comparison:
    """Lists without any order, of the moment `told`; `proof` of the trades alone."""
    held = (HeldPosition(0, desk.ledger.s.pos, 0, 0),)
    return rec.compare(
        desk.ledger, ReadReply("orders", 1, told), ReadReply("positions", 2, told, positions=held),
        ReadReply("trades", 3, told, proof=proof), desk.now,
    )  # fmt: skip


def test_an_order_on_another_instrument_is_none_of_this_ledger() -> None:
    """R-B1: two instruments of one account are listed together."""
    desk, rec = Desk(), Reconciler(0)
    other = OpenOrder(7, 77 * SLOTS + 5, 12, 1, MID + 90, 8, 0)
    result = compare(rec, desk, (other,))
    heal(desk, result)
    assert (result.ok, result.adopt, desk.ledger.s.n_live) == (True, (), 0)


def test_an_order_that_we_closed_and_the_venue_still_lists_counts_again() -> None:
    """R-O4: what stands at the venue can fill, whatever we were told of it."""
    desk, rec = Desk(), Reconciler(0)
    cl = live(desk)
    standing = listed(desk)
    desk.report({"kind": CANCELED, "cl_id": cl})
    assert desk.ledger.s.open_lots[0] == 0
    heal(desk, compare(rec, desk, standing))
    assert (desk.ledger.s.state[3], desk.ledger.s.open_lots[0]) == (LIVE, 10)


def test_a_list_from_before_the_order_was_sent_says_nothing_of_it() -> None:
    """R-O1: two old lists are no proof of absence."""
    desk, rec = Desk(), Reconciler(0)
    cl = live(desk, kind=LOST)
    sent = desk.ledger.s.ts_sent[cl % SLOTS]
    desk.now = sent + 60 * S
    for told in (sent - S, sent):
        result = read(rec, desk, told)
        assert (result.resolve, result.differences) == ((), ())
    assert desk.ledger.s.state[cl % SLOTS] == UNKNOWN


def test_trades_that_prove_nothing_free_no_order_even_if_the_list_of_orders_is_sound() -> None:
    """RELIABILITY 2.3: absence is two lists of orders and of own trades."""
    desk, rec = Desk(), Reconciler(0)
    cl = live(desk, kind=LOST)
    for _ in range(3):
        desk.now += 6 * S
        assert read(rec, desk, desk.now, proof=False).resolve == ()
    for state in (UNKNOWN, FREE):
        desk.now += 6 * S
        heal(desk, read(rec, desk, desk.now))
        assert desk.ledger.s.state[cl % SLOTS] == state


@pytest.mark.parametrize(("kind", "state"), [(ACCEPTED, LIVE), (LOST, UNKNOWN)])
def test_a_list_of_too_early_is_no_first_word_beside_one_that_lost_a_page(kind: int, state: int) -> None:
    """RELIABILITY 2.3, seed 9022: the one cannot show the order yet, the other does not; the order stands."""
    desk, rec = Desk(), Reconciler(0)
    cl = live(desk, kind=kind)
    desk.now += S
    heal(desk, read(rec, desk, desk.now))
    desk.now += 6 * S
    heal(desk, read(rec, desk, desk.now))
    assert (desk.ledger.s.state[cl % SLOTS], desk.ledger.s.open_lots[0]) == (state, 10)
    heal(desk, compare(rec, desk, (OpenOrder(0, cl, 53, 0, MID - 100, 10, 0),)))
    desk.now += 6 * S
    heal(desk, read(rec, desk, desk.now))
    assert desk.ledger.s.open_lots[0] == 10, "listed between: one word again, not two"


def test_a_list_is_of_the_moment_in_which_it_was_asked_for() -> None:
    """RELIABILITY 2.3: asked 4 s after the create and answered after 6 s it may be of the first second: no word."""
    desk, rec = Desk(), Reconciler(0)
    cl = live(desk, kind=LOST)
    desk.ledger.s.ts_ack[cl % SLOTS] = 0
    sent, states = desk.now, []
    for asked, answered in ((4.0, 6.2), (9.1, 9.3), (9.3, 9.4)):
        desk.now = sent + int(answered * S)
        empty = (
            ReadReply("orders", 1, desk.now),
            ReadReply("positions", 2, desk.now),
            ReadReply("trades", 3, desk.now),
        )
        heal(desk, rec.compare(desk.ledger, *empty, desk.now, asked=sent + int(asked * S)))
        states.append(int(desk.ledger.s.state[cl % SLOTS]))
    assert states == [UNKNOWN, UNKNOWN, FREE]


def test_a_list_of_a_round_that_was_not_told_whole_still_shows_that_an_order_stands() -> None:
    """Seed 4803: a list without it, one with it beside positions that failed, and again one without it."""
    desk, rec = Desk(), Reconciler(0)
    cl = live(desk)
    desk.now += 6 * S
    heal(desk, read(rec, desk, desk.now))
    shown = ReadReply("orders", 1, desk.now, orders=listed(desk))
    failed = ReadReply("positions", 2, desk.now, error="no answer")
    assert rec.compare(desk.ledger, shown, failed, ReadReply("trades", 3, desk.now), desk.now).why
    desk.now += 6 * S
    heal(desk, read(rec, desk, desk.now))
    assert (desk.ledger.s.state[cl % SLOTS], desk.ledger.s.open_lots[0]) == (LIVE, 10)


def test_a_create_without_an_answer_is_not_closed_by_lists_that_do_not_show_it() -> None:
    """RELIABILITY 2.3: it may still arrive; only an UNKNOWN order is freed, and only after R + skew + L."""
    desk, rec = Desk(), Reconciler(0)
    cl = place(desk.ledger.s, 3, 0, 0, MID - 100, 10, 0, 1, 0, desk.now)
    for _ in range(3):
        desk.now += 6 * S
        result = read(rec, desk, desk.now)
        heal(desk, result)
        assert (result.reports, result.resolve) == ((), ())
    assert (desk.ledger.s.state[cl % SLOTS], desk.ledger.s.open_lots[0]) == (PENDING_NEW, 10)


@pytest.mark.parametrize("left", [4, 14])
def test_an_open_size_that_differs_is_the_venues_once_the_order_is_idle(left: int) -> None:
    """R-O4: a part that filled, or an amend, of which no news came."""
    desk, rec = Desk(), Reconciler(0)
    cl = live(desk)
    (standing,) = listed(desk)
    for _ in range(2):  # a smaller one once no fill can explain it any more
        result = compare(rec, desk, (msgspec.structs.replace(standing, left=left),))
        heals = [(d.what, d.heal, d.ours, d.theirs) for d in result.differences]
        heal(desk, result)
        if left > 10:
            break
        assert heals or desk.ledger.s.left[cl % SLOTS] == left
        desk.now += 4 * S
    assert heals == [("size", "resolve", 10, left)]
    assert (desk.ledger.s.left[cl % SLOTS], desk.ledger.s.open_lots[0]) == (left, left)


@pytest.mark.parametrize(("side", "pos"), [(0, 10), (1, -10)])
def test_a_missed_fill_explains_the_position_on_either_side(side: int, pos: int) -> None:
    """R-O4: found, healed, and no second difference beside it."""
    desk, rec = Desk(), Reconciler(0)
    cl = place(desk.ledger.s, 3, 0, side, MID, 10, 0, 1, 0, desk.now)
    desk.report({"kind": ACCEPTED, "cl_id": cl, "venue_id": 53})
    fill = Report(0, FILLED, desk.now, cl, 53, side, MID, 10, 0, trade_id=7)
    result = compare(rec, desk, (), pos, (fill,))
    assert "position" not in [d.what for d in result.differences]
    heal(desk, result)
    assert desk.ledger.s.pos == pos
