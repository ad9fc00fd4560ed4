"""An adopted order ends: what had filled before it was adopted is not looked for."""

from __future__ import annotations

import pytest

from core.domain.order import CANCELED, FILLED, FREE, SLOTS, UNKNOWN
from core.execution.recovery import adopt_order
from tests.unit.execution.desk import MID, Desk

CL = 900 * SLOTS + 7


def adopted(left: int) -> Desk:
    desk = Desk()
    assert adopt_order(desk.ledger.plain, CL, 9, 0, MID - 100, left, 0, desk.now) == 7
    return desk


def test_an_adopted_order_that_is_cancelled_with_the_venues_total_is_gone() -> None:
    """R-O4: six of ten had filled before; the four that were open are what we know of, and they were cancelled."""
    desk = adopted(4)
    desk.report({"kind": CANCELED, "cl_id": CL, "qty": 10, "left": 4})
    o = desk.ledger.s
    assert (o.state[7], o.left[7], o.n_unknown, o.open_lots[0]) == (FREE, 0, 0, 0)


@pytest.mark.parametrize(("told", "left", "unknown"), [(0, 1, 3), (1, 1, 2), (3, 1, 0)])
def test_what_filled_of_it_since_and_was_not_told_stays_unknown(told: int, left: int, unknown: int) -> None:
    desk = adopted(4)
    if told:
        desk.report({"kind": FILLED, "cl_id": CL, "side": 0, "px": MID - 100, "qty": told, "trade_id": 5})
    desk.report({"kind": CANCELED, "cl_id": CL, "qty": 10, "left": left})
    o = desk.ledger.s
    assert (o.state[7], o.open_lots[0]) == (UNKNOWN if unknown else FREE, unknown)
