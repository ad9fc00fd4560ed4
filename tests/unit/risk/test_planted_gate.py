"""The gate against what stands since earlier moments, and exits beside quotes. Found missing by tests.planted: requests
of one moment were held against each other only, and a market exit was tried on one side."""

from __future__ import annotations

import pytest

from core.domain.order import ACCEPTED, CANCELED, IOC, LOST, MARKET, REDUCE_ONLY, STOP
from core.domain.reasons import NET_CAP, OK, SELF_MATCH, SLIPPAGE
from core.execution.slots import place
from core.risk.blocks import STYLE_MARKET
from tests.unit.execution.desk import MID, Desk

SELL_AT = MID + 100


@pytest.mark.row("S3-16")
@pytest.mark.parametrize("kind", [ACCEPTED, LOST, 0])
def test_no_order_matches_one_of_ours_that_has_stood_since_before(kind: int) -> None:
    """R-L6: live, in flight and UNKNOWN alike, until the venue says that it is gone."""
    desk = Desk()
    cl = place(desk.ledger.s, 3, 0, 1, SELL_AT, 9, 0, 1, 0, desk.now)
    if kind:
        desk.report({"kind": kind, "cl_id": cl, "venue_id": 5})
        desk.ledger.s.n_unknown = 0  # which refuses for a reason of its own
    asked = [{"slot": 10, "px": SELL_AT}, {"slot": 11, "px": SELL_AT - 1}]
    assert desk.ask(*asked) == [SELF_MATCH, OK]
    desk.report({"kind": CANCELED, "cl_id": cl})
    assert desk.ask({"slot": 12, "px": SELL_AT}) == [OK]


@pytest.mark.parametrize(("held", "side"), [(20, 1), (-20, 0)])
def test_a_market_exit_waits_for_the_trigger_on_either_side(held: int, side: int) -> None:
    """S3-24: nothing bounds what it pays."""
    desk = Desk()
    desk.hold(held)
    market = {"side": side, "qty": 5, "px": 0, "type": MARKET, "tif": IOC, "flags": REDUCE_ONLY}
    assert desk.ask(market) == [SLIPPAGE]
    assert desk.ask(market | {"slot": 8, "flags": REDUCE_ONLY | STOP}) == [OK]
    desk.risk.s.reduce_style = STYLE_MARKET
    assert desk.ask(market | {"slot": 9}) == [OK]


@pytest.mark.row("S3-16")
@pytest.mark.parametrize(("room", "code", "qty"), [(5, OK, 5), (3, OK, 3), (0, NET_CAP, 5)])
def test_an_exit_beside_quotes_of_its_side_leaves_them_within_the_cap(room: int, code: int, qty: int) -> None:
    """With the position gone the quotes alone must fit: else the exit turns it, and they break the cap."""
    for style, flags, expected in ((0, 0, (code, qty)), (STYLE_MARKET, 0, (OK, 5)), (0, STOP, (OK, 5))):
        desk = Desk()
        desk.hold(20)
        place(desk.ledger.s, 3, 0, 1, SELL_AT, desk.limits.s.net_max + 20 - room, 0, 1, 0, desk.now)
        desk.risk.s.reduce_style = style
        exit_ = {"slot": 10, "side": 1, "qty": 5, "px": MID, "flags": REDUCE_ONLY | flags}
        assert (desk.ask(exit_)[0], desk.requests.s.qty[0]) == expected
