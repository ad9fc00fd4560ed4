"""A smaller open size is believed with the fill that explains it, or once none can come any more: never counted twice
(R-O4): a list of trades may be behind the list of orders."""

from __future__ import annotations

import msgspec
import pytest

from core.domain.events import HeldPosition, OpenOrder, ReadReply
from core.domain.order import FILLED, FREE, LIVE, LOST, SLOTS, UNKNOWN, Report
from core.execution.reconcile import LAG_NS, Comparison, Reconciler
from tests.unit.execution.desk import MID, Desk
from tests.unit.execution.test_reconcile import S, heal, live


def round_of(
    rec: Reconciler, desk: Desk, order: OpenOrder, pos: int, trades: tuple[Report, ...] = (), strict: bool = False
) -> Comparison:
    """One round at `desk.now`; the trades were read last."""
    result = rec.compare(
        desk.ledger, ReadReply("orders", 1, desk.now, (order,)),
        ReadReply("positions", 2, desk.now, positions=(HeldPosition(0, pos, 0, 0),)),
        ReadReply("trades", 3, desk.now + 1, trades=trades), desk.now, strict=strict,
    )  # fmt: skip
    heal(desk, result)
    return result


def standing(desk: Desk, cl: int, left: int) -> OpenOrder:
    o, i = desk.ledger.s, cl % SLOTS
    return OpenOrder(0, cl, 53, o.side[i], o.px[i], left, 0)


def fill(desk: Desk, cl: int, qty: int) -> Report:
    i = cl % SLOTS
    return Report(0, FILLED, desk.now, cl, 53, desk.ledger.s.side[i], MID - 100, qty, trade_id=77)


@pytest.mark.parametrize("pos", [6, 0], ids=["the position moved", "the position is late too"])
def test_an_order_that_shrank_before_its_fill_is_told_is_not_subtracted_twice(pos: int) -> None:
    """Three seconds behind: six of ten filled, four rest. What the venue holds is what we count, at each moment."""
    desk, rec = Desk(), Reconciler(0)
    cl = live(desk)
    i, o = cl % SLOTS, desk.ledger.s
    desk.now += 20 * S
    result = round_of(rec, desk, standing(desk, cl, 4), pos)
    assert result.found == () and o.open_lots[0] == 10, "worst case until the fill is there"
    desk.now += 2 * S
    round_of(rec, desk, standing(desk, cl, 4), 6, (fill(desk, cl, 6),))
    assert (o.state[i], o.left[i], o.open_lots[0], o.pos, o.err) == (LIVE, 4, 4, 6, 0)


def test_an_unknown_order_found_smaller_waits_for_its_fill_as_well() -> None:
    desk, rec = Desk(), Reconciler(0)
    cl = live(desk, kind=LOST)
    i, o = cl % SLOTS, desk.ledger.s
    desk.now += 20 * S
    round_of(rec, desk, standing(desk, cl, 4), 6)
    assert (o.state[i], o.open_lots[0]) == (UNKNOWN, 10)
    desk.now += S
    round_of(rec, desk, standing(desk, cl, 4), 6, (fill(desk, cl, 6),))
    assert (o.state[i], o.left[i], o.open_lots[0], o.pos) == (LIVE, 4, 4, 6)


def test_fills_that_do_not_cover_the_difference_leave_the_larger_size() -> None:
    desk, rec = Desk(), Reconciler(0)
    cl = live(desk)
    desk.now += 20 * S
    result = round_of(rec, desk, standing(desk, cl, 4), 6, (fill(desk, cl, 2),))
    assert result.found == () and desk.ledger.s.open_lots[0] == 8


def test_a_size_that_no_fill_explains_is_the_venues_after_the_lag_and_halts_nothing() -> None:
    """A venue may shrink an order by itself (self-trade prevention): the position did not move."""
    desk, rec = Desk(), Reconciler(0)
    cl = live(desk)
    desk.now += 20 * S
    began = desk.now
    while desk.ledger.s.left[cl % SLOTS] != 4:
        result = round_of(rec, desk, standing(desk, cl, 4), 0)
        assert not result.halt and desk.now - began <= LAG_NS + 2 * S
        desk.now += S
    assert desk.now - began > LAG_NS
    assert round_of(rec, desk, standing(desk, cl, 4), 0).ok


def test_while_the_position_moved_no_smaller_size_is_believed_however_long_it_stands() -> None:
    desk, rec = Desk(), Reconciler(0)
    cl = live(desk)
    desk.now += 20 * S
    for _ in range(8):
        result = round_of(rec, desk, standing(desk, cl, 4), 6)
        assert result.found == ()
        desk.now += S
    assert desk.ledger.s.open_lots[0] == 10 and result.halt, "a fill that nobody tells is a person's matter"
    assert desk.ledger.s.state[cl % SLOTS] != FREE and msgspec.structs.asdict(result)["why"]
