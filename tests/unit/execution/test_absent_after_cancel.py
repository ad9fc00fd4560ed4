"""An order that a cancel did not find is UNKNOWN; when lists without it free it. Found by seeds 364 and 713."""

from __future__ import annotations

import pytest

from core.domain.order import ACCEPTED, AMEND_REJECTED, CANCEL_REJECTED, FREE, LOST, PENDING_CANCEL, SLOTS, UNKNOWN
from core.domain.reasons import UNKNOWN_ORDER_ID
from core.execution.reconcile import Reconciler
from core.execution.recovery import resolve_absent
from core.execution.slots import mark_amend, mark_cancel
from tests.unit.execution.desk import MID, Desk
from tests.unit.execution.test_planted_reconcile import read
from tests.unit.execution.test_reconcile import S, heal, live


def refused(desk: Desk, cl: int) -> None:
    """A cancel of it leaves, and the venue answers that it knows no such order."""
    mark_cancel(desk.ledger.s, cl % SLOTS, desk.now)
    desk.now += S // 100
    desk.report({"kind": CANCEL_REJECTED, "cl_id": cl, "code": UNKNOWN_ORDER_ID})
    assert desk.ledger.s.state[cl % SLOTS] == UNKNOWN


def freed(desk: Desk, rec: Reconciler, first: int) -> float:
    """Seconds after `first` at which rounds of every second, without the order, free it."""
    while desk.ledger.s.n_unknown:
        assert desk.now < first + 60 * S
        desk.now += S
        heal(desk, read(rec, desk, desk.now))
    return (desk.now - first) / S


def test_a_cancel_starts_no_proof_over_but_a_fill_has_time_to_be_told() -> None:
    """R-O1: nothing can arrive any more of an order of a minute ago; it may have filled just before the first list that
    lacks it, and trades may be 3 s behind (L)."""
    desk, rec = Desk(), Reconciler(0)
    cl = live(desk)
    desk.now += 60 * S
    refused(desk, cl)
    begun = desk.now
    assert freed(desk, rec, begun + S) == 3, "one list, and L after it another"
    assert desk.now - begun < 6 * S


def test_lists_without_it_from_before_the_cancel_count() -> None:
    desk, rec = Desk(), Reconciler(0)
    cl = live(desk)
    desk.now += 60 * S
    heal(desk, read(rec, desk, desk.now))
    desk.now += 4 * S
    refused(desk, cl)
    assert freed(desk, rec, desk.now) == 1


@pytest.mark.parametrize("amended", [False, True])
def test_the_proof_counts_from_the_last_create_or_amend(amended: bool) -> None:
    """R-O1: nothing before t_send + R + skew + L, whatever was cancelled since."""
    desk = Desk()
    cl = live(desk, kind=ACCEPTED if amended else LOST)
    if amended:
        desk.now += 60 * S
        mark_amend(desk.ledger.s, cl % SLOTS, MID - 50, 16, desk.now)
    asked = desk.now
    desk.now += S
    if amended:
        mark_cancel(desk.ledger.s, cl % SLOTS, desk.now)
        assert desk.ledger.s.state[cl % SLOTS] == PENDING_CANCEL
        desk.report({"kind": CANCEL_REJECTED, "cl_id": cl, "code": UNKNOWN_ORDER_ID})
    assert desk.ledger.s.ts_placed[cl % SLOTS] == asked
    assert resolve_absent(desk.ledger.plain, cl, asked + 6 * S - 1, 6 * S) == 0
    assert resolve_absent(desk.ledger.plain, cl, asked + 6 * S, 6 * S) == 1
    assert desk.ledger.s.state[cl % SLOTS] == FREE


def test_an_amend_that_was_answered_starts_no_proof_over() -> None:
    """R-O1, seed 4890: a list lacked the order, it was amended before the second one did; nothing of an amend that was
    refused is on its way."""
    desk, rec = Desk(), Reconciler(0)
    cl = live(desk)
    desk.now += 60 * S
    heal(desk, read(rec, desk, desk.now))
    desk.now += 3 * S
    mark_amend(desk.ledger.s, cl % SLOTS, MID - 50, 16, desk.now)
    desk.report({"kind": AMEND_REJECTED, "cl_id": cl, "code": UNKNOWN_ORDER_ID})
    assert desk.ledger.s.state[cl % SLOTS] == UNKNOWN
    assert freed(desk, rec, desk.now) == 1


def test_an_unknown_order_is_as_old_as_the_last_request_for_it() -> None:
    """R-O5: the bound of a minute for an UNKNOWN counts from there, or an old order's cancel would halt at once."""
    desk = Desk()
    cl = live(desk)
    desk.now += 600 * S
    at = desk.now
    refused(desk, cl)
    assert desk.ledger.s.oldest_unknown == at
