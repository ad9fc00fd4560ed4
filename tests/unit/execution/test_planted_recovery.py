"""What is learned of orders by other ways than their reports touches only the state that it can be about. Found missing
by tests.planted."""

from __future__ import annotations

from core.domain.order import ACCEPTED, AMEND, CANCEL, CREATE, LIVE, LOST, PENDING_NEW, RESTING_REJECT, UNKNOWN
from core.execution.recovery import adopt_position, resolve_absent, unsent
from core.execution.slots import place
from tests.unit.execution.desk import MID, Desk

S = 10**9


def in_state(state: int) -> tuple[Desk, int]:
    """An order of 10 lots in slot 3."""
    desk = Desk()
    cl = place(desk.ledger.s, 3, 0, 0, MID - 100, 10, 0, 1, 0, desk.now)
    if state != PENDING_NEW:
        desk.report({"kind": LOST if state == UNKNOWN else ACCEPTED, "cl_id": cl, "venue_id": 5})
    assert desk.ledger.s.state[3] == state
    return desk, cl


def test_a_request_that_never_left_takes_back_only_what_is_in_flight() -> None:
    """R-E1: the wire gate dropped it; an order that the venue has stays counted."""
    for state in (LIVE, UNKNOWN):
        for kind in (CREATE, CANCEL, AMEND):
            desk, cl = in_state(state)
            assert unsent(desk.ledger.plain, cl, kind) == 0
            assert (desk.ledger.s.state[3], desk.ledger.s.open_lots[0]) == (state, 10)
    desk, cl = in_state(PENDING_NEW)
    assert unsent(desk.ledger.plain, cl, CREATE) == 1
    assert (desk.ledger.s.state[3], desk.ledger.s.open_lots[0]) == (RESTING_REJECT, 0)


def test_absence_frees_an_unknown_order_and_no_other() -> None:
    """RELIABILITY 2.3."""
    for state, freed in ((LIVE, 0), (PENDING_NEW, 0), (UNKNOWN, 1)):
        desk, cl = in_state(state)
        assert resolve_absent(desk.ledger.plain, cl, desk.now + 60 * S, 6 * S) == freed
        assert desk.ledger.s.open_lots[0] == 10 - 10 * freed
    desk, cl = in_state(UNKNOWN)
    assert resolve_absent(desk.ledger.plain, cl, desk.now + 60 * S, -1) == 0, "without a wait there is no proof"


def test_a_position_is_adopted_into_an_empty_ledger_alone() -> None:
    """R-B1: what we know ourselves is not overwritten."""
    desk = Desk()
    assert adopt_position(desk.ledger.plain, 7, 1_000) == 1
    assert adopt_position(desk.ledger.plain, 9, 2_000) == 0
    traded = Desk()
    traded.hold(5)
    traded.hold(-5)
    assert adopt_position(traded.ledger.plain, 9, 2_000) == 0
    assert (desk.ledger.s.pos, desk.ledger.s.cost, traded.ledger.s.pos) == (7, 1_000, 0)
