"""How the legs are worked: passive then taking, mirrored children, rollback, stops. S1-21, S1-30..32, K-28, O3."""

from __future__ import annotations

import pytest

from core.domain.order import (
    CANCEL,
    CANCELED,
    EXPIRED,
    FILLED,
    LOST,
    POST_ONLY,
    REDUCE_ONLY,
    REJECTED,
)
from core.domain.units import NS_PER_MS
from core.execution.pair_saga import words as w
from tests.unit.execution.desk import MID
from tests.unit.execution.pair_saga.reach import LOTS, reach
from tests.unit.execution.pair_saga.rig import Rig

EPS_TICKS = 50  # 2 bp of 250,000
FAST = {"passive_ns": 500 * NS_PER_MS, "open_ns": 2000 * NS_PER_MS}


def order(rig: Rig, leg: int) -> tuple[int, int]:
    """Time in force and flags of the leg's one order alive."""
    (i,) = rig.legs[leg].alive()
    o = rig.legs[leg].ledger.s
    return o.tif[i], o.flags[i]


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("side", [0, 1])
def test_leg_one_rests_at_its_touch_and_the_other_leg_follows_with_the_other_side(side: int, first: int) -> None:
    """S1-31 both directions: first A or B, long or short."""
    rig = Rig()
    rig.ask(w.PAIR, LOTS, side, first)
    touch = MID - 2 if side == 0 else MID + 2
    assert rig.creates() == [(first, 1, side, LOTS, touch)]
    assert order(rig, first) == (POST_ONLY, 0)
    rig.answer(first, FILLED)
    rig.at(1)
    limit = MID + EPS_TICKS if side == 1 else MID - EPS_TICKS
    assert rig.creates() == [(1 - first, 1, 1 - side, LOTS, limit)]
    rig.answer(1 - first, FILLED)
    rig.at(1)
    assert rig.s.state == w.S3_HEDGED and sorted(rig.pos) == [-LOTS, LOTS]


def test_after_its_time_the_passive_order_is_pulled_and_the_rest_is_taken() -> None:
    """S1-31: small-slip IOC on timeout, within epsilon of the mid, and only once the cancel is confirmed."""
    rig = reach(w.OPENING, **FAST)
    rig.answer(0, FILLED, 4)
    rig.at(500)
    assert [row[1] for row in rig.sent] == [CANCEL]
    for _ in range(5):
        rig.at(50)
        assert rig.sent == []  # a cancel on its way may still lose against a fill
    rig.answer(0, CANCELED)
    rig.at(1)
    rig.at(60)
    assert rig.creates() == [(0, 1, 0, 6, MID + EPS_TICKS)]


def test_a_refused_post_only_takes_at_once() -> None:
    """S1-31: small-slip IOC on refusal."""
    rig = reach(w.S0_FLAT)
    rig.ask(w.OPEN, LOTS)
    rig.answer(0, REJECTED)
    rig.at(1)
    rig.at(60)
    assert rig.creates() == [(0, 1, 0, LOTS, MID + EPS_TICKS)]


def test_children_are_no_larger_than_the_book_inside_epsilon() -> None:
    """S1-21, K-36."""
    rig = reach(w.S1_ONE_LEG)
    rig.ask(w.LOCK)
    rig.answer(1, EXPIRED)
    rig.at(1)
    rig.now += 60 * NS_PER_MS
    rig.legs[0].book(rig.now)
    rig.legs[1].book(rig.now, half=49, size=3)  # bids at 49, 50, 51.. ticks under mid: two levels inside 50
    rig.wake()
    assert rig.creates() == [(1, 1, 1, 6, MID - EPS_TICKS)]


def test_a_market_outside_epsilon_gets_no_child_and_the_first_leg_goes_back() -> None:
    """S1-32: naked for naked_ns, then rolled back to what the second leg holds."""
    rig = reach(w.S2_LOCKING)
    rig.answer(1, FILLED, 4)
    rig.answer(1, EXPIRED)
    start = rig.now
    while rig.s.state == w.S2_LOCKING:
        rig.now += 50 * NS_PER_MS
        rig.legs[0].book(rig.now)
        rig.legs[1].book(rig.now, half=60)
        rig.wake()
        assert rig.s.state != w.S2_LOCKING or rig.creates() == []
    assert (rig.now - start) / NS_PER_MS <= 550 + 50
    assert rig.s.state == w.ROLLBACK and rig.creates()[0][:4] == (0, 1, 1, 6)
    assert order(rig, 0)[1] == REDUCE_ONLY
    rig.answer(0, FILLED)
    rig.at(1)
    assert (rig.s.state, rig.pos) == (w.S3_HEDGED, (4, -4))


def test_partial_fills_of_leg_one_are_hedged_as_they_come() -> None:
    """K-36: sized to what leg 1 has filled; over the cap the first leg waits."""
    rig = reach(w.PAIRING)
    rig.answer(0, FILLED, 1)
    rig.at(1)
    assert rig.creates() == [(1, 1, 1, 1, MID - EPS_TICKS)] and rig.sent[0][0] == 1  # 10 %: the order stays
    rig.answer(1, FILLED)
    rig.answer(0, FILLED, 3)
    rig.at(1)
    assert [(row[0], row[1], row[3]) for row in rig.sent] == [(0, CANCEL, 6), (1, 1, 3)]
    rig.answer(1, FILLED)
    rig.answer(0, FILLED, 2)  # the fill wins the race against the cancel
    rig.at(1)
    assert rig.creates() == [(1, 1, 1, 2, MID - EPS_TICKS)]
    rig.answer(0, CANCELED)
    rig.answer(1, FILLED)
    rig.at(1)
    rig.at(60)
    assert rig.creates() == [(0, 1, 0, 4, MID - 2)] and rig.pos == (6, -6)


def test_a_lost_ack_blocks_the_leg_until_there_is_proof() -> None:
    """R-O1, K-28: no second create beside an UNKNOWN one, however long; after the proof one for what is missing."""
    rig = reach(w.S2_LOCKING)
    rig.answer(1, LOST)
    lost = rig.legs[1].ledger.s.cl_id[rig.legs[1].alive()[0]]
    for _ in range(40):
        rig.at(100)
        assert rig.sent == [] and rig.s.stuck == w.WAIT_ONE_UNKNOWN
    rig.legs[1].report(rig.now, {"kind": FILLED, "cl_id": lost, "side": 1, "px": MID, "qty": 10, "trade_id": 77})
    rig.at(1)
    assert (rig.s.state, rig.pos) == (w.S3_HEDGED, (10, -10))


def test_proof_of_absence_after_the_naked_time_rolls_back() -> None:
    """B2: both unknown is waited for, too; then the first leg goes, none is flipped."""
    rig = reach(w.S2_LOCKING)
    rig.answer(1, LOST)
    lost = rig.legs[1].ledger.s.cl_id[rig.legs[1].alive()[0]]
    rig.at(6500)
    assert rig.legs[1].resolve_absent(lost, rig.now, 6000 * NS_PER_MS) == 1
    rig.at(1)
    assert rig.s.state == w.ROLLBACK and rig.creates()[0][:4] == (0, 1, 1, 10)
    rig.answer(0, FILLED)
    rig.at(1)
    assert (rig.s.state, rig.pos) == (w.S0_FLAT, (0, 0))


def test_a_fill_that_comes_after_its_order_ended_is_not_sent_twice() -> None:
    """O2: the end overtakes the fill; the next child waits `settle_ns` for it."""
    rig = reach(w.S2_LOCKING)
    o = rig.legs[1].ledger.s
    gone = o.cl_id[rig.legs[1].alive()[0]]
    rig.answer(1, EXPIRED)
    rig.at(20)
    assert rig.creates() == []
    rig.legs[1].report(rig.now, {"kind": FILLED, "cl_id": gone, "side": 1, "px": MID, "qty": 10, "trade_id": 5})
    rig.at(60)
    assert rig.creates() == [] and rig.s.state == w.S3_HEDGED


def test_three_refusals_of_the_second_leg_move_it_to_the_backup_venue() -> None:
    """S1-54: asked for by name, not traded before it is bound, then opened there."""
    rig = reach(w.S2_LOCKING, has_backup=1)
    for _ in range(3):
        rig.answer(1, REJECTED)
        for _ in range(4):
            rig.at(50)
            if rig.legs[1].alive():
                break
    assert (rig.s.venue[1], rig.s.stuck, rig.s.state) == (1, w.WAIT_REBIND, w.S2_LOCKING)
    backup = Rig().legs[1]
    backup.book(rig.now)
    rig.legs[1] = backup
    rig.bind()
    rig.wish.s.bound[1] = 1
    rig.at(1)
    rig.at(1)
    assert rig.legs[1].alive() and rig.s.stuck == w.FREE_TO_MOVE
    rig.answer(1, FILLED)
    rig.at(1)
    assert (rig.s.state, rig.pos) == (w.S3_HEDGED, (10, -10))


def test_keep_on_lock_fail_returns_to_one_leg_with_its_stop() -> None:
    """K-28: on_lock_fail keep."""
    rig = reach(w.S2_LOCKING, on_lock_fail=w.KEEP_ON_FAIL)
    rig.answer(1, EXPIRED)
    for _ in range(3):
        rig.now += 400 * NS_PER_MS
        rig.legs[0].book(rig.now)
        rig.legs[1].book(rig.now, half=60)
        rig.wake()
    assert (rig.s.state, rig.s.stop_leg) == (w.S1_ONE_LEG, 0) and rig.s.stop_px > 0


@pytest.mark.parametrize(("state", "side"), [(w.S1_ONE_LEG, 0), (w.S4_LONG, 0), (w.S5_SHORT, 1)])
def test_the_stop_of_a_lone_leg_closes_it_at_one_percent_and_not_before(state: int, side: int) -> None:
    """S1-22, S1-36: -1 % closes, one tick less does not."""
    rig = reach(state)
    stop = rig.s.stop_px
    base = MID - 2 if state == w.S1_ONE_LEG else MID
    assert abs(stop - base * (1.01 if side else 0.99)) < 1
    sign = 1 - 2 * side
    rig.at(1, mid=stop + sign)
    assert rig.s.state == state
    rig.at(1, mid=stop)
    assert rig.s.state == w.EXITING and rig.creates()[0][:4] == (side, 1, 1 - side, LOTS)
    rig.answer(side, FILLED)
    rig.at(1)
    assert (rig.s.state, rig.pos, rig.s.stop_px) == (w.S0_FLAT, (0, 0), 0)


def test_a_nearer_stop_of_the_strategy_counts_and_a_further_one_does_not() -> None:
    rig = reach(w.S1_ONE_LEG)
    own = rig.s.stop_px
    rig.wish.s.stop_px = own - 100
    rig.at(1)
    assert rig.s.stop_px == own
    rig.wish.s.stop_px = MID - 500
    rig.at(1)
    assert rig.s.stop_px == MID - 500


def test_exits_go_in_step() -> None:
    """RELIABILITY 5, E6: |delta| <= 1 slice, whoever is slower; closes are reduce-only."""
    rig = reach(w.EXITING, slice_grains=3)
    assert sorted(row[3] for row in rig.creates()) == [3, 3]
    for _ in range(40):
        if rig.legs[0].alive():
            rig.answer(0, FILLED)
        rig.at(30)
        assert abs(rig.s.net) <= 3
    assert rig.pos[0] == 7 and rig.s.state == w.EXITING  # the other leg has not moved
    for _ in range(40):
        for leg in (0, 1):
            if rig.legs[leg].alive():
                assert order(rig, leg)[1] == REDUCE_ONLY
                rig.answer(leg, FILLED)
        rig.at(30)
        assert abs(rig.s.net) <= 3
    assert (rig.s.state, rig.pos) == (w.S0_FLAT, (0, 0))


def test_closes_widen_their_bound_while_they_find_nothing_and_never_beyond_it() -> None:
    rig = reach(w.EXITING, slice_grains=100, exit_slip=1e-3, exit_slip_max=4e-3)
    seen = set()
    for _ in range(60):
        for leg in (0, 1):
            if rig.legs[leg].alive():
                rig.answer(leg, EXPIRED)
        rig.at(200)
        seen |= {abs(px - MID) for _, _, _, _, px in rig.creates()}
    assert sorted(seen)[0] >= 249 and {499, 500} & seen and max(seen) <= 1000 and max(seen) >= 999
    assert rig.s.stuck == w.WAIT_NO_FILL


def test_a_pulled_first_leg_waits_for_its_cancel_before_the_rollback() -> None:
    """Cancel race in the rollback: what fills after all is part of what goes back."""
    rig = reach(w.PAIRING)
    rig.answer(0, FILLED, 4)
    rig.at(1)
    rig.ask(w.EXIT)
    rig.answer(1, REJECTED)
    rig.at(60)
    assert rig.creates() == []
    rig.answer(0, FILLED, 6)
    rig.at(60)
    assert [(leg, qty) for leg, _, _, qty, _ in rig.creates()] == [(0, 10)]
    rig.answer(0, FILLED)
    rig.at(1)
    assert (rig.s.state, rig.pos) == (w.S0_FLAT, (0, 0))
