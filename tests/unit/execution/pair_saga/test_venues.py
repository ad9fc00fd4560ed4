"""What venues do unasked, and what they do not do: ADL, liquidation, refusals, downtime. B3, N6, S1-55."""

from __future__ import annotations

import pytest

from core.domain.order import DELEVERAGED, EXPIRED, FILLED, LIQUIDATED, REDUCE_ONLY, REJECTED
from core.domain.reasons import REDUCE_ONLY_REJECTED
from core.domain.units import NS_PER_MS
from core.execution.pair_saga import words as w
from tests.unit.execution.desk import MID
from tests.unit.execution.pair_saga.reach import LOTS, reach
from tests.unit.execution.pair_saga.rig import Rig


@pytest.mark.parametrize("kind", [DELEVERAGED, LIQUIDATED])
@pytest.mark.parametrize("lots", [1, 3, 9, 10])
@pytest.mark.parametrize("leg", [0, 1])
def test_the_peer_of_a_leg_that_the_venue_cut_is_cut_to_match_and_nothing_is_re_opened(
    leg: int, lots: int, kind: int
) -> None:
    """B3: ADL of any size on either leg; every order after it is reduce-only, on the peer."""
    rig = reach(w.S3_HEDGED)
    rig.venue_takes(leg, lots, kind)
    sign = 1 if leg == 0 else -1
    for n in range(60):
        rig.at(50)
        for sent_leg, _, _, qty, _ in rig.creates():
            assert sent_leg == 1 - leg and qty <= lots
            (slot,) = rig.legs[sent_leg].alive()
            assert rig.legs[sent_leg].ledger.s.flags[slot] & REDUCE_ONLY
        if rig.legs[1 - leg].alive():
            rig.answer(1 - leg, FILLED, *([1] if n == 0 and lots > 1 else []))
            if rig.legs[1 - leg].alive():
                rig.answer(1 - leg, EXPIRED)
    rest = LOTS - lots
    assert abs(rig.pos[leg]) == abs(rig.pos[1 - leg]) == rest and rig.pos[leg] * sign == rest
    assert rig.s.state == (w.S3_HEDGED if rest else w.S0_FLAT)
    assert rig.s.n_shrunk >= (1 if rest else 0)


def test_the_cut_leaves_at_the_wake_that_saw_the_adl() -> None:
    """B3: naked <= 2 s after detection; here it is one wake and one answer."""
    rig = reach(w.S3_HEDGED)
    rig.venue_takes(1, 4, DELEVERAGED)
    rig.wake()
    assert [(leg, side, qty) for leg, _, side, qty, _ in rig.creates()] == [(0, 1, 4)]


def test_adl_of_a_lone_leg_leaves_the_rest_with_its_stop() -> None:
    rig = reach(w.S4_LONG)
    stop = rig.s.stop_px
    rig.venue_takes(0, 4, DELEVERAGED)
    rig.at(1)
    assert (rig.s.state, rig.pos, rig.s.stop_px, rig.creates()) == (w.S4_LONG, (6, 0), stop, [])


def test_adl_while_the_second_leg_works_never_gives_its_lots_back_to_the_budget() -> None:
    rig = reach(w.S2_LOCKING)
    rig.answer(1, FILLED, 6)
    rig.venue_takes(1, 5, DELEVERAGED)
    rig.answer(1, EXPIRED)
    for _ in range(20):
        rig.at(100)
        assert all(leg == 0 for leg, *_ in rig.creates())
        if rig.legs[0].alive():
            rig.answer(0, FILLED)
    assert (rig.s.state, rig.pos) == (w.S3_HEDGED, (1, -1))


def test_refused_reduce_only_closes_are_repeated_ever_more_slowly_and_named() -> None:
    """O6, S1-55: at most one try in `retry_max_ns` once it has backed off; the pair says what it waits for."""
    rig = reach(w.CUTTING, retry_max_ns=2_000 * NS_PER_MS)
    tries = []
    for n in range(400):
        if rig.legs[0].alive():
            rig.answer(0, REJECTED, code=REDUCE_ONLY_REJECTED)
        rig.at(50)
        tries += [n] * len(rig.creates())
    assert rig.s.stuck == w.WAIT_REFUSED and rig.s.state == w.CUTTING
    assert len(tries) <= 18 and tries[-1] - tries[-2] >= 40
    rig.venue_takes(0, 3, LIQUIDATED)  # what the refusals meant: the venue had taken it
    for _ in range(3):
        if rig.legs[0].alive():
            rig.answer(0, REJECTED, code=REDUCE_ONLY_REJECTED)
        rig.at(50)
    assert (rig.s.state, rig.pos) == (w.S3_HEDGED, (7, -7))


def down(rig: Rig, leg: int, ms: int) -> None:
    """`ms` during which this venue sends no book."""
    for _ in range(ms // 50):
        rig.now += 50 * NS_PER_MS
        rig.legs[1 - leg].book(rig.now)
        rig.wake()


def test_a_hedged_pair_with_one_venue_down_is_held_and_not_flipped() -> None:
    """N6: no request at all while B is silent; an unlock there is refused; healed, it goes on."""
    rig = reach(w.S3_HEDGED)
    down(rig, 1, 5000)
    assert (rig.s.state, rig.s.stuck, rig.sent) == (w.S3_HEDGED, w.WAIT_ONE_DOWN, [])
    rig.ask(w.UNLOCK_SHORT)
    assert (rig.s.refusal, rig.sent) == (w.R_DOWN, [])
    rig.at(1)
    assert rig.s.stuck == w.FREE_TO_MOVE
    rig.ask(w.UNLOCK_SHORT)
    assert rig.s.state == w.UNLOCK_A


def test_an_exit_with_one_venue_down_waits_unless_it_is_forced() -> None:
    """RELIABILITY 5, one leg unreachable: hold; `--close-reachable` and the margin trigger override."""
    rig = reach(w.S3_HEDGED)
    down(rig, 1, 3000)
    rig.ask(w.EXIT)
    down(rig, 1, 1000)
    assert (rig.s.state, rig.s.stuck, rig.legs[0].alive()) == (w.EXITING, w.WAIT_ONE_DOWN, [])
    rig.wish.s.force = 1
    rig.wake()
    assert rig.creates()[0][:4] == (0, 1, 1, LOTS)
    rig.answer(0, FILLED)
    down(rig, 1, 200)
    assert (rig.s.state, rig.pos) == (w.EXITING, (0, -LOTS))
    rig.at(1)
    assert rig.creates()[0][:4] == (1, 1, 0, LOTS)


def test_the_second_venue_down_after_leg_one_is_rolled_back_on_the_reachable_side() -> None:
    """S1-32: nothing alive at B, so what A holds too much goes back there, after naked_ns and not before."""
    rig = reach(w.S2_LOCKING)
    rig.answer(1, FILLED, 4)
    rig.answer(1, EXPIRED)
    rig.wish.s.shut[1] = 1
    rig.at(500)
    assert (rig.s.state, rig.s.stuck, rig.creates()) == (w.S2_LOCKING, w.WAIT_ONE_DOWN, [])
    rig.at(600)
    assert rig.s.state == w.ROLLBACK and rig.creates()[0][:4] == (0, 1, 1, 6)
    rig.answer(0, FILLED)
    rig.at(1)
    assert (rig.s.state, rig.pos) == (w.S3_HEDGED, (4, -4))


def test_a_lock_is_not_begun_on_a_venue_that_is_down() -> None:
    rig = reach(w.S1_ONE_LEG)
    rig.wish.s.shut[1] = 1
    rig.ask(w.LOCK)
    assert (rig.s.refusal, rig.s.state, rig.sent) == (w.R_DOWN, w.S1_ONE_LEG, [])


def test_a_position_that_a_new_saga_did_not_open_is_named_and_not_touched() -> None:
    rig = Rig()
    rig.saga.load(type(rig.saga)().image())
    rig.legs[0].report(rig.now, {"kind": FILLED, "cl_id": 7, "side": 0, "px": MID, "qty": 4, "trade_id": 9})
    rig.at(1)
    assert (rig.s.state, rig.s.stuck, rig.sent) == (w.S0_FLAT, w.WAIT_FOREIGN, [])
    rig.ask(w.OPEN, 10)
    assert rig.s.refusal == w.R_FOREIGN
    rig.ask(w.EXIT)
    assert rig.creates()[0][:4] == (0, 1, 1, 4)
    rig.answer(0, FILLED)
    rig.at(1)
    assert (rig.s.state, rig.pos) == (w.S0_FLAT, (0, 0))


def test_a_fill_that_comes_when_all_is_flat_is_closed() -> None:
    """O3: held to be absent, and was not."""
    rig = reach(w.S0_FLAT)
    rig.legs[1].report(rig.now, {"kind": FILLED, "cl_id": 7, "side": 1, "px": MID, "qty": 4, "trade_id": 9})
    rig.at(1)
    assert rig.s.state == w.EXITING and rig.creates()[0][:4] == (1, 1, 0, 4)


def test_lots_of_different_size_are_hedged_towards_less_exposure() -> None:
    """A in lots of 3 grains, B of 5: 7 lots = 21 grains against 4 lots = 20; residual 1 < one lot of B."""
    rig = Rig(grains=(3, 5))
    rig.ask(w.PAIR, 7)
    rig.answer(0, FILLED)
    rig.at(1)
    assert rig.creates()[0][:4] == (1, 1, 1, 4)
    rig.answer(1, FILLED)
    rig.at(1)
    assert (rig.s.state, rig.pos, rig.s.net) == (w.S3_HEDGED, (7, -4), 1)


def test_what_is_under_the_smallest_order_of_the_second_leg_is_taken_off_the_first() -> None:
    """Residual 2 of min 3 on B: leg A gives the two back, since it may trade single lots."""
    rig = Rig(spec_b={"min_lots": 3})
    rig.ask(w.PAIR, 11)
    rig.answer(0, FILLED)
    rig.at(1)
    rig.answer(1, FILLED, 9)
    rig.answer(1, EXPIRED)
    for _ in range(6):
        rig.at(60)
        if rig.legs[0].alive():
            rig.answer(0, FILLED)
    assert (rig.s.state, rig.pos, rig.s.dust) == (w.S3_HEDGED, (9, -9), 0)


def test_what_no_order_can_remove_is_declared_as_dust() -> None:
    """Both venues take 3 lots at least: a residual of 2 stays, is named, and the exit leaves no more than that."""
    rig = Rig(spec_a={"min_lots": 3}, spec_b={"min_lots": 3})
    rig.ask(w.PAIR, 11)
    rig.answer(0, FILLED)
    rig.at(1)
    rig.answer(1, FILLED, 9)
    rig.answer(1, EXPIRED)
    for _ in range(6):
        rig.at(60)
    assert (rig.s.state, rig.pos, rig.s.dust, rig.sent) == (w.S3_HEDGED, (11, -9), 2, [])
    rig.ask(w.EXIT)
    for _ in range(60):
        for leg in (0, 1):
            if rig.legs[leg].alive():
                rig.answer(leg, FILLED)
        rig.at(60)
    assert rig.s.state == w.S0_FLAT and max(map(abs, rig.pos)) < 3


def test_cut_takes_lots_off_both_legs_in_step() -> None:
    rig = reach(w.S3_HEDGED)
    rig.ask(w.CUT, 4)
    for _ in range(30):
        for leg in (0, 1):
            if rig.legs[leg].alive():
                rig.answer(leg, FILLED)
        rig.at(60)
    assert (rig.s.state, rig.pos) == (w.S3_HEDGED, (6, -6))


def test_a_first_leg_that_grew_beyond_its_plan_is_taken_back() -> None:
    """A fill told only by the cross-check, after the order had been opened once more."""
    rig = reach(w.S1_ONE_LEG)
    rig.legs[0].report(rig.now, {"kind": FILLED, "cl_id": 7, "side": 0, "px": MID, "qty": 4, "trade_id": 99})
    rig.at(1)
    assert rig.creates()[0][:4] == (0, 1, 1, 4)
    rig.answer(0, FILLED)
    rig.at(1)
    assert (rig.s.state, rig.pos) == (w.S1_ONE_LEG, (10, 0))
