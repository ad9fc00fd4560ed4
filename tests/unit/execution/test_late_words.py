"""Words of the venue that come late or out of order never make the exposure smaller than it is (R-O2, R-O3, 6.6 iii).
Found by the simulation (seeds 60, 274 and 4773)."""

# ruff: noqa: C408
from __future__ import annotations

import pytest

from core.domain.events import HeldPosition, OpenOrder, ReadReply
from core.domain.order import ACCEPTED, AMENDED, CANCELED, EXPIRED, FILLED, FREE, LIVE, LOST, PENDING_AMEND, UNKNOWN
from core.execution.reconcile import Reconciler
from core.execution.slots import mark_amend, mark_cancel, place
from tests.unit.execution.desk import MID, Desk

S = 10**9


def resting(desk: Desk, qty: int = 10) -> int:
    cl = place(desk.ledger.s, 3, 0, 0, MID - 100, qty, 0, 1, 0, desk.now)
    desk.report(dict(kind=ACCEPTED, cl_id=cl, venue_id=77))
    desk.now += S
    return cl


def test_a_late_word_on_an_earlier_amend_changes_nothing() -> None:
    """R-O2: 10 -> 4 -> 20, and the news of the first change comes last."""
    desk = Desk()
    o, cl = desk.ledger.s, resting(desk)
    mark_amend(o, 3, MID - 100, 4, desk.now)
    first = desk.now + S // 100
    desk.report(dict(kind=AMENDED, cl_id=cl, px=MID - 100, qty=4, ts=first))
    desk.now += S
    mark_amend(o, 3, MID - 100, 20, desk.now)
    assert desk.report(dict(kind=AMENDED, cl_id=cl, px=MID - 100, qty=4, ts=first)) == 0
    assert (o.state[3], o.open_lots[0]) == (PENDING_AMEND, 20)
    desk.report(dict(kind=AMENDED, cl_id=cl, px=MID - 100, qty=20, ts=desk.now + S // 100))
    assert desk.report(dict(kind=AMENDED, cl_id=cl, px=MID - 100, qty=4, ts=first)) == 0
    assert (o.state[3], o.left[3], o.open_lots[0]) == (LIVE, 20, 20)


def test_an_old_word_that_says_what_was_just_asked_is_not_its_answer() -> None:
    """6.6 iii: the venue cut a reduce-only order to 7 by itself, and 7 was asked for before that was heard. Taken for
    the answer it let the next change out, which overtook this one: the order stood at 7, the core counted 5."""
    desk = Desk()
    o, cl = desk.ledger.s, resting(desk, 11)
    cut = desk.now
    desk.now += S // 100
    mark_amend(o, 3, MID - 100, 7, desk.now)
    assert desk.report(dict(kind=AMENDED, cl_id=cl, px=MID - 100, qty=7, ts=cut)) == 0
    assert (o.state[3], o.open_lots[0]) == (PENDING_AMEND, 11)
    assert desk.report(dict(kind=AMENDED, cl_id=cl, px=MID - 100, qty=7, ts=desk.now)) == 1  # of the answer itself
    assert (o.state[3], o.left[3]) == (LIVE, 7)


@pytest.mark.parametrize("kind", [CANCELED, EXPIRED])
def test_an_order_that_ended_with_more_filled_than_was_told_counts_until_the_fill_comes(kind: int) -> None:
    """R-O3: 4 of 10 filled on the way, the end overtakes the fill."""
    desk = Desk()
    o, cl = desk.ledger.s, resting(desk)
    mark_cancel(o, 3, desk.now)
    gone = dict(kind=kind, cl_id=cl, venue_id=77, qty=10, left=6)
    desk.report(gone)
    assert (o.state[3], o.open_lots[0], o.n_unknown) == (UNKNOWN, 4, 1)
    desk.report(
        gone, dict(kind=CANCELED, cl_id=cl, venue_id=77, qty=6, left=6)
    )  # told again, and by one who knows less
    assert (o.open_lots[0], o.n_unknown, sum(o.n_canceled)) == (4, 1, 1)
    desk.report(dict(kind=FILLED, cl_id=cl, side=0, px=MID - 100, qty=4, trade_id=5))
    assert (o.state[3], o.open_lots[0], o.pos, o.n_unknown) == (FREE, 0, 4, 0)


def test_an_end_that_says_nothing_new_or_nothing_at_all_is_an_end() -> None:
    """A fill that came first is not waited for again; 0 left says nothing of fills."""
    for left in (6, 0):
        desk = Desk()
        o, cl = desk.ledger.s, resting(desk)
        desk.report(dict(kind=FILLED, cl_id=cl, side=0, px=MID - 100, qty=4, trade_id=5))
        desk.report(dict(kind=CANCELED, cl_id=cl, venue_id=77, qty=10, left=left))
        assert (o.state[3], o.open_lots[0], o.n_unknown) == (FREE, 0, 0)


def test_an_unknown_amend_counts_at_its_larger_size_until_it_can_no_longer_arrive() -> None:
    """R-O1: listed with the old size two seconds later, and the amend is still on its way. The smaller size is believed
    once no fill can explain it any more either (L)."""
    desk, rec = Desk(), Reconciler(0)
    o, cl = desk.ledger.s, resting(desk)
    mark_amend(o, 3, MID - 100, 20, desk.now)
    desk.now += 2 * S
    desk.report(dict(kind=LOST, cl_id=cl))
    found = []
    for _ in range(5):
        desk.now += S
        listed = (OpenOrder(0, cl, 77, 0, MID - 100, 10, 0),)
        replies = [ReadReply("orders", 1, desk.now, orders=listed), ReadReply("positions", 2, desk.now)]
        result = rec.compare(desk.ledger, *replies, ReadReply("trades", 3, desk.now), desk.now, strict=False)
        found.append((o.open_lots[0], len(result.found)))
    assert found == [(20, 0)] * 4 + [(20, 1)]


def test_nothing_is_held_to_be_absent_while_the_position_says_otherwise() -> None:
    """R-O1: a replica behind shows neither the order nor its fill, the position has it (seed 1181)."""
    desk, rec = Desk(), Reconciler(0)
    cl = resting(desk)
    mark_cancel(desk.ledger.s, 3, desk.now)
    desk.report(dict(kind=LOST, cl_id=cl))
    resolved = []
    for pos in (10, 10, 0):
        desk.now += 4 * S
        held = ReadReply("positions", 2, desk.now, positions=(HeldPosition(0, pos, 0, 0),))
        empty = [ReadReply(what, 1, desk.now) for what in ("orders", "trades")]
        result = rec.compare(desk.ledger, empty[0], held, empty[1], desk.now, strict=False)
        resolved.append(bool(result.resolve or result.reports))
    assert resolved == [False, False, True]
