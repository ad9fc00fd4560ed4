"""E4: which empty lists seal: one may be behind by L, one may have lost a page; nobody tells of a stranger's order."""

from __future__ import annotations

import pytest

from core.domain.events import HeldPosition, OpenOrder, Read, ReadReply
from core.execution.emergency import Emergency
from core.execution.seal import Seal
from core.execution.stopping import Tick
from tests.unit.execution.test_emergency import T0, S, plan

Q = 5 * S
MINE, THEIRS = OpenOrder(0, 1001, 1, 0, 100, 5, 0), OpenOrder(0, 0, 2, 0, 100, 5, 0)


class Talk:
    """Answers what a stop asks, one read after the other."""

    def __init__(self, stop: Emergency) -> None:
        self.stop = stop
        self.asked: list[Read] = []

    def answer(self, now: int, orders: tuple[OpenOrder, ...] = (), held: int = 0) -> str:
        """What was asked for at `now` or before, "" = nothing."""
        self.asked += self.stop.on(Tick(), now).reads
        if not self.asked:
            return ""
        read = self.asked.pop(0)
        positions = (HeldPosition(0, held, 0, 0),) if held else ()
        self.asked += self.stop.on(ReadReply(read.what, read.nonce, now, orders, positions), now).reads
        return read.what


@pytest.mark.row("R-E4")
def test_a_halt_is_not_sealed_by_a_list_that_is_behind_and_one_that_lost_a_page() -> None:
    """The first cannot show what was on its way, the second does not; a third one does."""
    stop = Emergency(plan("halt", q_ns=Q))
    talk = Talk(stop)
    assert (talk.answer(T0), talk.answer(T0 + Q - 1), talk.answer(T0 + Q)) == ("orders", "", "orders")
    assert (stop.finished(), stop.progress().verified) == (False, "clean")
    talk.answer(T0 + Q + 1, (MINE,))
    assert stop.progress().orders_left == 1 and not stop.finished()


@pytest.mark.row("R-E4")
def test_a_flatten_lists_the_orders_once_more_at_its_end_and_needs_no_third_list_before() -> None:
    stop = Emergency(plan("flatten", q_ns=Q))
    talk = Talk(stop)
    asked = [talk.answer(now) for now in (T0, T0 + Q, T0 + Q + 1, T0 + Q + S, T0 + Q + S + 1)]
    assert asked == ["orders", "orders", "positions", "positions", "orders"] and stop.finished()


@pytest.mark.row("R-E4", "R-E8")
@pytest.mark.parametrize("blind", [False, True])
@pytest.mark.parametrize("order", [MINE, THEIRS], ids=["ours", "theirs"])
def test_where_nobody_tells_of_an_order_the_lists_after_it_wait_for_what_may_lag(order: OpenOrder, blind: bool) -> None:
    """It may have filled a moment before its cancel: positions of a replica that is behind would not show it."""
    stop = Emergency(plan("flatten", q_ns=Q, scope="account"))
    stop.seal.blind = blind
    stop.settle(T0 - S, T0)
    talk = Talk(stop)
    talk.answer(T0, (order,))
    asked = [talk.answer(T0 + S) for _ in range(3)]
    if order is MINE and not blind:
        assert asked == ["orders", "orders", "positions"], "our own ledger knows what became of it"
        return
    assert asked == ["orders", "", ""]
    assert [talk.answer(T0 + S + Q - 1), talk.answer(T0 + S + Q), talk.answer(T0 + S + Q + 1, held=7)] == [
        "", "orders", "positions",
    ]  # fmt: skip
    assert stop.progress().positions_left == 1 and not stop.finished()


def test_an_overloaded_venues_empty_list_is_no_word() -> None:
    seal = Seal(Q)
    seal.unproved(T0)
    assert seal.next_look(T0 + Q, T0 + Q, halts=True) == T0 + Q, "the first word"
    seal.unproved(T0 + Q + 1)
    late = T0 + 2 * Q + 1
    assert (seal.next_look(late, late, halts=True), seal.next_look(late + 1, late + 1, halts=True)) == (late, 0)
