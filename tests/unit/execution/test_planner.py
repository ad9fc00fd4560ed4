"""Fewest requests from what stands to what is wanted. Rows S3-13, S3-46; issue 2 item 8."""

# ruff: noqa: C408  (rows of blocks read better as keywords)
from __future__ import annotations

from core.domain.order import (
    ACCEPTED,
    AMEND,
    AMEND_REJECTED,
    CANCEL,
    CANCELED,
    CREATE,
    FILLED,
    IOC,
    LIVE,
    LOST,
    PENDING_NEW,
    REDUCE_ONLY,
    REJECTED,
    SLOTS,
)  # fmt: skip
from core.domain.reasons import BAD_REQUEST
from core.execution.recovery import new_decision
from core.execution.slots import KEY_ADOPTED
from tests.unit.execution.desk import MID, Desk

S = 10**9


def ladder(layers: int = 4, shift: int = 0, qty: int = 9, tol: int = 0) -> list[tuple[int, ...]]:
    return [
        (side * 24 + i, side, MID + shift - (1 - 2 * side) * (100 + 20 * i), qty, 0, tol)
        for side in (0, 1)
        for i in range(layers)
    ]


def acked(desk: Desk) -> None:
    """The venue accepts and cancels whatever is in flight."""
    o = desk.ledger.s
    for i in range(SLOTS):
        if o.state[i] == PENDING_NEW:
            desk.report(dict(kind=ACCEPTED, cl_id=o.cl_id[i], venue_id=i + 1))
        elif o.state[i] == 3:
            desk.report(dict(kind=CANCELED, cl_id=o.cl_id[i]))


def standing(layers: int = 4, **changes: object) -> Desk:
    desk = Desk(**changes)
    assert {row[4] for row in desk.decide(*ladder(layers))} == {0}
    acked(desk)
    return desk


def test_creates_leave_innermost_first() -> None:
    desk = Desk()
    rows = desk.decide(*reversed(ladder()))
    distance = [abs(px - MID) for _, _, px, _, _ in rows]
    assert distance == sorted(distance)
    assert len(rows) == 8


def test_nothing_is_sent_for_a_target_that_stands() -> None:
    assert standing().decide(*ladder()) == []


def test_orders_in_flight_cover_their_target() -> None:
    desk = Desk()
    desk.decide(*ladder())
    assert desk.decide(*ladder(shift=40)) == []


def test_an_order_within_tolerance_on_the_passive_side_is_left_alone_and_counted() -> None:
    """S3-46: boundaries of the tolerance; in front of the target there is none."""
    for shift, sent in ((5, 0), (6, 2)):
        desk = standing(1)
        bid = (0, 0, MID - 100 + shift, 9, 0, 5)
        rows = desk.decide(bid, (24, 1, MID + 100, 9, 0, 5))
        assert len(rows) == sent
        assert desk.requests.s.n_suppressed == (1 if sent == 0 else 0)
    desk = standing(1)
    assert len(desk.decide((0, 0, MID - 101, 9, 0, 5), (24, 1, MID + 100, 9, 0, 5))) == 2


def test_a_grid_that_moves_by_one_layer_reuses_its_orders() -> None:
    desk = standing(4)
    rows = desk.decide(*ladder(4, shift=-20))
    assert sorted(kind for kind, *_ in rows) == [CREATE, CREATE, CANCEL, CANCEL]


def test_cancels_come_first() -> None:
    kinds = [row[0] for row in standing(4).decide(*ladder(4, shift=7))]
    assert kinds == [CANCEL] * 8 + [CREATE] * 8


def test_where_the_venue_amends_a_change_is_one_request_with_the_total_size() -> None:
    desk = standing(2, amend=True)
    o = desk.ledger.s
    first = next(i for i in range(SLOTS) if o.state[i] == LIVE and o.key[i] == 0)
    desk.report(dict(kind=FILLED, cl_id=o.cl_id[first], side=0, px=MID, qty=5, trade_id=1))
    rows = desk.decide(*ladder(2, shift=7))
    assert [row[0] for row in rows] == [AMEND] * 4
    assert rows[0][3] == 14  # 5 filled + 9 wanted


def test_a_refused_amend_or_cancel_rests_until_the_next_decision() -> None:
    desk = standing(1, amend=True)
    rows = desk.decide(*ladder(1, shift=7))
    desk.report(
        *(dict(kind=AMEND_REJECTED, cl_id=desk.requests.s.cl_id[n], code=BAD_REQUEST) for n in range(len(rows)))
    )
    assert desk.plan() == 0
    new_decision(desk.ledger.plain)
    assert desk.plan() == 2


def test_a_rejected_create_is_not_sent_again_before_the_next_decision() -> None:
    """KERNELS.md: the planner that re-sent each reject made 45 million requests."""
    desk = Desk()
    desk.decide(*ladder(1))
    desk.report(*(dict(kind=REJECTED, cl_id=desk.requests.s.cl_id[n]) for n in range(2)))
    assert desk.plan() == 0
    assert len(desk.decide(*ladder(1))) == 2


def test_a_create_that_the_gate_refused_rests_too() -> None:
    desk = Desk()
    desk.risk.s.paused = 1
    assert {row[4] for row in desk.decide(*ladder(1))} == {8}
    assert desk.plan() == 0


def test_a_partial_fill_is_topped_up_below_half() -> None:
    for filled, sent in ((4, 0), (5, 2)):
        desk = standing(1)
        o = desk.ledger.s
        bid = next(i for i in range(SLOTS) if o.state[i] == LIVE and o.side[i] == 0)
        desk.report(dict(kind=FILLED, cl_id=o.cl_id[bid], side=0, px=MID, qty=filled, trade_id=1))
        assert len(desk.decide(*ladder(1))) == sent


def test_a_filled_layer_is_quoted_again() -> None:
    desk = standing(2)
    o = desk.ledger.s
    bid = next(i for i in range(SLOTS) if o.state[i] == LIVE and o.key[i] == 1)
    desk.report(dict(kind=FILLED, cl_id=o.cl_id[bid], side=0, px=MID, qty=9, trade_id=1))
    assert [(row[0], row[2]) for row in desk.decide(*ladder(2))] == [(CREATE, MID - 120)]


def test_what_no_target_wants_is_cancelled_once() -> None:
    desk = standing(2)
    assert [row[0] for row in desk.decide()] == [CANCEL] * 4
    assert desk.decide() == []


def test_hold_leaves_everything() -> None:
    desk = standing(2)
    desk.want()
    desk.target.s.hold = 1
    assert desk.plan() == 0


def test_an_unknown_order_is_never_sent_again_and_blocks_new_risk_but_not_exits() -> None:
    """R-O1 and RELIABILITY 2.3."""
    desk = Desk()
    desk.hold(20)
    desk.decide(*ladder(1))
    desk.report(dict(kind=LOST, cl_id=desk.requests.s.cl_id[0]))
    acked(desk)
    exit_ = (48, 1, MID + 400, 20, REDUCE_ONLY)
    rows = desk.decide(*ladder(2), exit_)
    assert [(row[0], row[2]) for row in rows] == [(CREATE, MID + 400)]
    assert desk.bucket.s.n_blocked == 2


def test_the_budget_drops_the_outermost_changes_first_and_counts_them() -> None:
    """S3-13"""
    desk = Desk(orders_per_10s=30)  # 18 messages, a burst of 9
    rows = desk.decide(*ladder(8))
    assert len(rows) == 9
    assert max(abs(px - MID) for _, _, px, _, _ in rows) <= 100 + 20 * 4
    assert desk.requests.s.n_dropped == 7


def test_creates_stay_under_sixty_percent_of_the_limit_in_any_ten_seconds() -> None:
    desk = Desk(orders_per_10s=100)
    sent: list[int] = []
    for wake in range(120):
        desk.now += S // 2
        desk.book(MID)
        desk.step()
        rows = desk.decide(*ladder(12, shift=(wake % 7) * 11))
        sent += [desk.now] * sum(1 for row in rows if row[0] != CANCEL)
        acked(desk)
    assert sent
    assert max(sum(1 for t in sent if start <= t < start + 10 * S) for start in sent) <= 60


def test_without_budget_an_order_in_front_of_its_target_is_pulled_and_one_behind_is_kept() -> None:
    desk = standing(1)
    desk.bucket.s.credit = 0
    rows = desk.decide((0, 0, MID - 130, 9, 0, 0), (24, 1, MID + 70, 9, 0, 0))
    assert [(row[0], row[1]) for row in rows] == [(CANCEL, 0)]
    assert desk.requests.s.n_dropped == 2


def test_exits_pass_an_empty_budget() -> None:
    desk = Desk()
    desk.hold(20)
    desk.bucket.s.credit = 0
    assert [row[0] for row in desk.decide((50, 1, MID + 10, 20, REDUCE_ONLY, 0, 0, IOC))] == [CREATE]


def test_targets_that_make_no_sense_are_dropped() -> None:
    desk = Desk()
    assert desk.decide((99, 0, MID, 9), (-1, 0, MID, 9), (KEY_ADOPTED, 0, MID, 9), (1, 7, MID, 9), (2, 0, MID, 0)) == []
    assert desk.requests.s.n_dropped == 4
