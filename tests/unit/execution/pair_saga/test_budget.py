"""The slippage budget and the gates of a wish. Rows S1-33, S1-34, S1-56, S1-23, K-27, K-36."""

from __future__ import annotations

import math

import pytest

from core.domain.book import View
from core.execution.pair_saga import words as w
from core.execution.pair_saga.advance import may_add
from core.execution.pair_saga.blocks import grains_of, pair_params
from core.execution.pair_saga.budget import leg_cost, pair_cost, within_budget
from tests.unit.execution.pair_saga.reach import reach
from tests.unit.execution.pair_saga.rig import Rig


def book(bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> View:
    v = View(book_ok=1, ts_recv=1)
    for side, rows in enumerate((bids, asks)):
        v.s.n_levels[side] = len(rows)
        for i, (px, sz) in enumerate(rows):
            v.s.px[side][i], v.s.sz[side][i] = px, sz
    return v


def test_the_cost_of_both_legs_is_the_hand_sum() -> None:
    """S1-34: buy 5 of A at 10001 x 2, 10003 x 3 round 10000; sell 4 of B at 20000 - 3 x 1, - 5 x 3."""
    a = book([(9999, 50)], [(10001, 2), (10003, 9)])
    b = book([(19997, 1), (19995, 9)], [(20003, 50)])
    by_hand = (2 * 1 + 3 * 3) / 5 / 10_000 + (1 * 3 + 3 * 5) / 4 / 20_000
    assert pair_cost(a.s, b.s, 0, 5, 1, 4) == pytest.approx(by_hand, rel=1e-12)
    assert leg_cost(a.s, 1, 5) == pytest.approx(1 / 10_000)


def rig_at(half_a: int, half_b: int) -> Rig:
    """Mid 250,000: one tick is 0.04 bp, so half spreads of 25 cost 1.0 bp a leg."""
    rig = Rig()
    rig.legs[0].book(rig.now, half=half_a, size=1000)
    rig.legs[1].book(rig.now, half=half_b, size=1000)
    return rig


@pytest.mark.parametrize("kind", [w.OPEN, w.PAIR])
def test_two_bp_passes_and_more_is_refused_by_name_and_sends_nothing(kind: int) -> None:
    """S1-33, S1-34: 2.0 passes; 2.12 (the next figures of this grid over 2.1) and 2.04 refuse."""
    rig = rig_at(25, 25)
    rig.ask(kind, 10)
    assert rig.s.budget_bp == pytest.approx(2.0) and rig.s.refusal == w.R_NONE and len(rig.creates()) == 1
    for half in (26, 28):
        rig = rig_at(25, half)
        rig.ask(kind, 10)
        assert rig.s.budget_bp == pytest.approx(1 + half / 25)
        assert w.REFUSAL_NAMES[rig.s.refusal] == "slippage-budget-exceeded"
        assert (rig.s.state, rig.sent) == (w.S0_FLAT, [])


def test_at_the_lock_only_the_second_leg_is_walked() -> None:
    """K-28: the first leg is there already; 2.0 bp of the second alone pass, 2.04 refuse and S1 stays."""
    for half, refusal in ((50, w.R_NONE), (51, w.R_BUDGET)):
        rig = reach(w.S1_ONE_LEG)
        rig.legs[1].book(rig.now, half=half, size=1000)
        rig.ask(w.LOCK)
        assert (rig.s.refusal, rig.s.state) == (refusal, w.S1_ONE_LEG if refusal else w.S2_LOCKING)
        assert len(rig.creates()) == (0 if refusal else 1)


def test_a_book_too_thin_or_missing_costs_more_than_any_budget() -> None:
    p = pair_params((1, 1))
    thin = book([(99, 5)], [(101, 5)])
    assert leg_cost(thin.s, 0, 6) == math.inf
    thin.s.book_ok = 0
    assert leg_cost(thin.s, 0, 1) == math.inf
    for bad in (math.inf, math.nan):
        assert within_budget(p.s, bad) == 0
    rig = Rig()
    rig.legs[1].book(rig.now, size=1, levels=2)
    rig.ask(w.OPEN, 10)
    assert (rig.s.refusal, rig.s.budget_bp) == (w.R_BUDGET, -1.0)


def test_a_wish_is_answered_once_per_id() -> None:
    rig = rig_at(25, 60)
    rig.ask(w.OPEN, 10)
    rig.legs[1].book(rig.now, half=2)
    rig.wake()
    assert (rig.s.state, rig.s.refusal) == (w.S0_FLAT, w.R_BUDGET)  # the same wish is not tried again
    rig.ask(w.OPEN, 10)
    assert rig.s.state == w.OPENING


@pytest.mark.parametrize(
    ("wish", "refusal"),
    [((w.OPEN, 0), w.R_BAD), ((w.OPEN, 10, 2), w.R_BAD), ((w.OPEN, 10, 0, 2), w.R_BAD), ((w.PAIR, -3), w.R_BAD),
     ((w.LOCK, 1), w.R_STATE), ((w.CUT, 1), w.R_STATE), ((w.UNLOCK_LONG, 1), w.R_STATE)],
)  # fmt: skip
def test_wishes_that_make_no_sense_are_refused(wish: tuple[int, ...], refusal: int) -> None:
    rig = Rig()
    rig.ask(*wish)
    assert (rig.s.refusal, rig.s.state, rig.sent) == (refusal, w.S0_FLAT, [])


def test_a_pair_that_one_venue_could_not_trade_is_refused() -> None:
    """Below the minimum lots or the minimum notional of the second venue."""
    for spec in ({"min_lots": 11}, {"min_notional": 11 * 250_000 * 1000}):
        rig = Rig()
        spec_b = rig.legs[1].spec.s
        for name, value in spec.items():
            setattr(spec_b, name, value)
        rig.at(1)
        rig.ask(w.OPEN, 10)
        assert rig.s.refusal == w.R_SMALL
        rig.ask(w.OPEN, 12)
        assert rig.s.refusal == w.R_NONE


def test_nothing_is_opened_while_a_venue_is_down() -> None:
    rig = Rig()
    rig.wish.s.shut[1] = 1
    rig.ask(w.OPEN, 10)
    assert rig.s.refusal == w.R_DOWN
    rig = Rig()
    rig.now += 3 * 10**9  # books of three seconds ago
    rig.ask(w.OPEN, 10)
    assert rig.s.refusal == w.R_DOWN


def test_ten_percent_of_residual_may_add_and_more_may_not() -> None:
    """S1-23, K-27: inclusive; the planned first leg is not asked."""
    for held, allowed in ((1000 - 100, 1), (1000 - 101, 0)):
        rig = Rig()
        s = rig.s
        s.state, s.planned, s.net = w.S2_LOCKING, 1000, 1000 - held
        s.held[0], s.held[1] = 1000, held
        assert may_add(rig.saga.plain, rig.params.plain) == allowed
    rig = Rig(cap=0.0001)
    rig.ask(w.OPEN, 10)
    assert rig.s.refusal == w.R_NONE


@pytest.mark.parametrize(
    ("lots", "expected"),
    [(("0.001", "0.001"), (1, 1)), (("0.001", "0.01"), (1, 10)), (("0.003", "0.002"), (3, 2)),
     (("1", "1", "1000", "1"), (1000, 1)), (("0.1", "1"), (1, 10))],
)  # fmt: skip
def test_grains_are_the_common_measure_of_both_lots(lots: tuple[str, ...], expected: tuple[int, int]) -> None:
    assert grains_of(*lots) == expected


def test_lots_without_a_usable_measure_are_refused() -> None:
    for lots in (("0.0000001", "1000"), ("0", "1"), ("1", "-1")):
        with pytest.raises(ValueError, match="Expected"):
            grains_of(*lots)
    with pytest.raises(ValueError, match="grains"):
        pair_params((0, 1))
    with pytest.raises(ValueError, match="naked_ns"):
        pair_params((1, 1), naked_ns=0)
