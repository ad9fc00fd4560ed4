"""A restart from the image, and both forms of the kernels. Rows S1-43, B2, rule 1 of DESIGN.md."""

from __future__ import annotations

import pytest

from core.domain.order import FILLED
from core.execution.pair_saga import words as w
from core.execution.pair_saga.blocks import Saga
from core.kernel import Kernels, numba_usable
from tests.unit.execution.pair_saga.reach import WAYS, reach, rebuild
from tests.unit.execution.pair_saga.rig import Rig
from tests.unit.execution.pair_saga.world import bad_day


def fill_all(rig: Rig, rounds: int = 40) -> None:
    for _ in range(rounds):
        for leg in (0, 1):
            if rig.legs[leg].alive():
                rig.answer(leg, FILLED)
        rig.at(60)


def restart(rig: Rig) -> None:
    """A new block with the old image: what another process would hold."""
    image = rig.saga.image()
    rig.saga = Saga()
    rig.saga.load(image)
    rig.bind()


@pytest.mark.parametrize("state", list(WAYS))
def test_a_restart_with_the_same_ledgers_resumes_in_the_same_cell(state: int) -> None:
    """S1-43: image() and load(); the twin that never stopped sends the same."""
    one, two = reach(state), reach(state)
    restart(two)
    for rig in (one, two):
        rig.at(20)
    assert (one.sent, one.saga.image()) == (two.sent, two.saga.image())
    for rig in (one, two):
        fill_all(rig)
    assert (one.pos, one.s.state) == (two.pos, two.s.state)


@pytest.mark.parametrize("state", [s for s in WAYS if s in (w.S1_ONE_LEG, w.S3_HEDGED, w.S4_LONG, w.S5_SHORT)])
def test_a_state_of_rest_survives_a_restart_with_rebuilt_ledgers(state: int) -> None:
    """B2: the declared delta, the stop in force, no order."""
    rig = reach(state)
    pos, stop = rig.pos, rig.s.stop_px
    restart(rig)
    rebuild(rig)
    for _ in range(20):
        rig.at(100)
        assert rig.sent == []
    assert (rig.s.state, rig.pos, rig.s.stop_px) == (state, pos, stop)


def test_a_half_locked_pair_is_matched_downwards_after_a_restart_without_history() -> None:
    rig = reach(w.S2_LOCKING)
    rig.answer(1, FILLED, 4)
    restart(rig)
    rebuild(rig)
    rig.at(100)
    assert rig.s.state == w.ROLLBACK
    fill_all(rig)
    assert (rig.s.state, rig.pos) == (w.S3_HEDGED, (4, -4))


def test_an_image_older_than_the_send_is_no_reason_to_send_again() -> None:
    """The stale image knows nothing of the position; the wish of then is refused, the position goes."""
    rig = Rig()
    image = rig.saga.image()
    rig.ask(w.OPEN, 10)
    rig.answer(0, FILLED)
    rig.saga.load(image)
    rebuild(rig)
    rig.at(100)
    assert [(row[2], row[3]) for row in rig.creates()] == [(1, 10)]
    fill_all(rig)
    assert (rig.s.state, rig.pos) == (w.S0_FLAT, (0, 0))


def test_the_strategy_is_told_stage_and_times_and_they_survive_a_restart() -> None:
    """S1-37, S1-38, S1-43: S2 is visible; the lock time is that of the first hedge and stays through a cut."""
    told = {state: (reach(state).s.stage, reach(state).s.busy) for state in WAYS}
    assert told == {
        w.S0_FLAT: (0, 0), w.OPENING: (1, 1), w.S1_ONE_LEG: (1, 0), w.PAIRING: (2, 1), w.S2_LOCKING: (2, 1),
        w.S3_HEDGED: (3, 0), w.UNLOCK_A: (3, 1), w.UNLOCK_B: (3, 1), w.S4_LONG: (4, 0), w.S5_SHORT: (5, 0),
        w.EXITING: (3, 1), w.ROLLBACK: (2, 1), w.CUTTING: (3, 1),
    }  # fmt: skip
    rig = reach(w.S3_HEDGED)
    locked = rig.now
    rig.ask(w.CUT, 4)
    fill_all(rig)
    restart(rig)
    rig.at(100)
    assert (rig.s.state, rig.s.lock_ts, rig.s.unlock_ts) == (w.S3_HEDGED, locked, 0)
    rig.ask(w.UNLOCK_SHORT)
    rig.answer(1, FILLED)
    rig.at(100)
    assert (rig.s.stage, rig.s.unlock_ts, rig.s.unlock_px) == (4, rig.now, rig.s.px[0])


@pytest.mark.skipif(not numba_usable()[0], reason="numba is not usable here")
def test_plain_and_compiled_do_the_same_to_the_last_byte() -> None:
    plain, compiled = Kernels("plain"), Kernels("compiled")
    for seed in range(3):
        one, two = bad_day(seed, plain, rest=1000), bad_day(seed, compiled, rest=1000)
        assert one.saga.image() == two.saga.image()
        for a, b in zip(one.legs, two.legs, strict=True):
            assert a.ledger.image() == b.ledger.image() and a.target.image() == b.target.image()


def test_the_blocks_hold_integers_and_floats_only_and_know_their_size() -> None:
    image = Saga().image()
    with pytest.raises(ValueError, match="Saga"):
        Saga().load(image[:-8])
