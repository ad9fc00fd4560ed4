"""The table itself: every cell is met, none leads nowhere, and its page is the one printed.

S1-63: the test of the state machine; that of the atomic execution is tests/property/test_pair_saga.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.domain.order import CANCELED, DELEVERAGED, EXPIRED, FILLED, LIQUIDATED, REJECTED
from core.execution.pair_saga import words as w
from core.execution.pair_saga.page import main, placed_in
from core.execution.pair_saga.table import DUTY, EFFECT, NEXT, ROWS, cells
from core.kernel import best_kernels
from tests.unit.execution.desk import MID
from tests.unit.execution.pair_saga.reach import WAYS, lose, reach, rebuild
from tests.unit.execution.pair_saga.rig import Rig
from tests.unit.execution.pair_saga.world import bad_day

PAGE = Path(__file__).parents[4] / "docs" / "pair_saga.md"
SEEDS = 60
Cell = tuple[int, int]


def test_the_page_is_printed_from_the_code(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert placed_in(page) == page, "python -m core.execution.pair_saga.page docs/pair_saga.md"
    copy = tmp_path / "page.md"
    copy.write_text(page.replace("| S0 flat |", "| gone |"), encoding="utf-8")
    main([str(copy)])
    assert copy.read_text(encoding="utf-8") == page


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="marks"):
        placed_in("nothing here")


def test_every_state_can_be_left_towards_flat_or_hedged() -> None:
    """From each state the cells lead to S0, and only known states and effects are named."""
    ways: dict[int, set[int]] = {}
    for (state, _), (then, effect) in cells().items():
        ways.setdefault(state, set()).add(then)
        assert then in DUTY and 0 <= effect < len(w.EFFECT_NAMES)
    home = {w.S0_FLAT}
    for _ in range(w.STATES):
        home |= {state for state, thens in ways.items() if thens & home}
    assert home == set(range(w.STATES))
    assert set(ROWS) == set(range(w.STATES))


def test_only_the_known_cells_are_in_the_arrays() -> None:
    known = set(cells())
    for state in range(w.STATES):
        for event in range(w.EVENTS):
            assert (NEXT[state, event] >= 0) == ((state, event) in known)
            assert (state, event) in known or EFFECT[state, event] == 0


def visited(rig: Rig) -> set[Cell]:
    return {(int(a), int(b)) for a, b in np.argwhere(rig.saga.array("visits") > 0)}


def check(rig: Rig, cell: Cell) -> Rig:
    """The cell was met, and led where the table says."""
    assert cell in visited(rig), f"{w.STATE_NAMES[cell[0]]} x {w.EVENT_NAMES[cell[1]]} was not met"
    return rig


@pytest.mark.parametrize("state", list(WAYS))
def test_unknown_orders_suspend_the_work_of_every_state(state: int) -> None:
    for both in (False, True):
        rig = reach(state)
        lose(rig, 0)
        if both:
            lose(rig, 1)
        before = rig.saga.array("n_children").tolist()
        rig.at(1)
        rig.at(1)
        check(rig, (state, w.UNKNOWN_BOTH if both else w.UNKNOWN_ONE))
        assert rig.s.state == state and rig.creates() == []
        assert rig.saga.array("n_children").tolist() == before
        assert rig.s.stuck == (w.WAIT_BOTH_UNKNOWN if both else w.WAIT_ONE_UNKNOWN)


@pytest.mark.parametrize("state", [s for s in WAYS if s != w.S0_FLAT])
def test_a_venue_that_is_down_is_waited_for(state: int) -> None:
    """R-N6: no flip on one venue alone."""
    rig = reach(state)
    rig.wish.s.shut[0] = rig.wish.s.shut[1] = 1
    rig.at(1)
    check(rig, (state, w.BOTH_DOWN))
    assert rig.s.stuck == w.WAIT_BOTH_DOWN and rig.creates() == []
    met = False
    for leg in (0, 1):
        rig = reach(state)
        rig.wish.s.shut[leg] = 1
        rig.at(1)
        met = met or (state, w.ONE_DOWN) in visited(rig)
        assert all(sent[0] != leg for sent in rig.creates())
    assert met


@pytest.mark.parametrize("state", list(WAYS))
def test_a_wish_that_does_not_fit_is_refused_and_sends_nothing(state: int) -> None:
    rig = reach(state)
    rig.ask(99)
    check(rig, (state, w.BARRED))
    assert (rig.s.wish_id, rig.s.refusal, rig.s.state) == (rig.wish.s.id, w.R_STATE, state)
    assert rig.creates() == []


@pytest.mark.parametrize("state", [s for s in WAYS if (s, w.W_EXIT) in cells()])
def test_exit_is_heard_in_every_state(state: int) -> None:
    rig = reach(state)
    rig.ask(w.EXIT)
    check(rig, (state, w.W_EXIT))
    assert rig.s.state in (w.EXITING, w.S0_FLAT)


@pytest.mark.parametrize("state", list(WAYS))
def test_a_rebuilt_ledger_opens_nothing_more(state: int) -> None:
    """B2: a restart that knows positions only."""
    rig = reach(state)
    rebuild(rig)
    if rig.pos == (0, 0):
        rig.legs[0].adopt_position(1, MID * 1000)  # filled while nobody watched
    held = rig.pos
    rig.at(100)
    check(rig, (state, w.LOST))
    for _ in range(40):
        for leg in (0, 1):
            if rig.legs[leg].alive():
                rig.answer(leg, FILLED)
        rig.at(100)
    assert all(abs(now) <= abs(then) for now, then in zip(rig.pos, held, strict=True))
    assert rig.s.state in (w.S0_FLAT, w.S1_ONE_LEG, w.S3_HEDGED, w.S4_LONG, w.S5_SHORT)


def take_all(state: int, after: bool = False) -> Rig:
    """The venue takes everything; the cell EMPTY."""
    rig = reach(state)
    for leg in (0, 1):
        if rig.legs[leg].alive():
            rig.answer(leg, CANCELED)
        if rig.pos[leg]:
            rig.venue_takes(leg, abs(rig.pos[leg]), LIQUIDATED)
    rig.at(1)
    return rig


def shrunk(state: int) -> Rig:
    rig = reach(state)
    if rig.pos == (0, 0):
        rig.answer(0, FILLED, 4)
    leg = 0 if rig.pos[0] > 0 and state != w.UNLOCK_B else 1
    rig.venue_takes(leg, 2, DELEVERAGED)
    rig.at(1)
    return rig


def stopped(state: int) -> Rig:
    rig = reach(state)
    up = state == w.S5_SHORT
    rig.at(1, mid=round(MID * (1.011 if up else 0.989)))
    return rig


def mismatched(state: int) -> Rig:
    """A fill that nobody expected any more, on the leg that should hold nothing."""
    rig = reach(state)
    leg = 0 if state == w.S5_SHORT else 1
    for n in (0, 1):
        if rig.legs[n].alive():
            rig.answer(n, CANCELED)
    late = {"kind": FILLED, "cl_id": 12345, "side": leg, "px": MID, "qty": 3, "trade_id": 999}
    rig.legs[leg].report(rig.now, late)
    rig.at(1)
    return rig


def refused(state: int) -> Rig:
    """Every child is refused by the venue, until the state gives up."""
    rig = reach(state, naked_ns=10**12)
    for _ in range(12):
        for leg in (0, 1):
            if rig.legs[leg].alive() and rig.s.state == state:
                rig.answer(leg, CANCELED if rig.legs[leg].ledger.s.ts_ack[rig.legs[leg].alive()[0]] else REJECTED)
        rig.at(400)
        if rig.s.state != state or (state in (w.OPENING, w.PAIRING) and rig.saga.array("closed")[0]):
            break
    return rig


def late(state: int) -> Rig:
    """Children end with nothing until the time of the state is over."""
    rig = reach(state, naked_ns=10**12)
    for _ in range(90):
        for leg in (0, 1):
            if rig.legs[leg].alive():
                rig.answer(leg, CANCELED if rig.legs[leg].ledger.s.ts_ack[rig.legs[leg].alive()[0]] else EXPIRED)
        rig.at(400)
        if rig.s.state != state:
            break
    return rig


def naked(state: int) -> Rig:
    rig = reach(state, passive_ns=0) if state == w.PAIRING else reach(state)
    rig.legs[0].report(rig.now)
    if state == w.PAIRING:
        rig.answer(0, FILLED, 5)
    for _ in range(4):
        rig.at(400)
    return rig


def pairing_empty() -> Rig:
    """Closed while its order is still being cancelled, then all of it taken."""
    rig = reach(w.OPENING)
    rig.answer(0, FILLED, 4)
    rig.venue_takes(0, 1, DELEVERAGED)
    rig.at(1)
    rig.ask(w.LOCK)
    assert rig.s.state == w.PAIRING
    rig.answer(1, CANCELED)
    rig.answer(0, CANCELED)
    rig.venue_takes(0, 3, DELEVERAGED)
    rig.at(1)
    return check(rig, (w.PAIRING, w.EMPTY))


def opening_empty() -> Rig:
    rig = reach(w.OPENING, open_ns=10**9)
    rig.at(1100)
    rig.answer(0, CANCELED)
    rig.at(1)
    return check(rig, (w.OPENING, w.EMPTY))


def backup() -> Rig:
    rig = reach(w.S2_LOCKING, has_backup=1)
    for _ in range(3):
        rig.answer(1, REJECTED)
        rig.at(1)
        rig.at(400)
        if not rig.legs[1].alive():
            break
    return check(rig, (w.S2_LOCKING, w.BACKUP))


def keep() -> Rig:
    rig = reach(w.S2_LOCKING, on_lock_fail=w.KEEP_ON_FAIL, naked_ns=10**12)
    for _ in range(3):
        rig.answer(1, REJECTED)
        rig.at(1)
        rig.at(400)
    return check(rig, (w.S2_LOCKING, w.KEEP))


def cut(state: int) -> Rig:
    rig = reach(state)
    rig.ask(w.CUT, 3)
    return rig


def foreign() -> Rig:
    rig = Rig()
    rig.saga.load(type(rig.saga)().image())
    rig.legs[0].report(rig.now, {"kind": FILLED, "cl_id": 7, "side": 0, "px": MID, "qty": 4, "trade_id": 9})
    rig.at(1)
    return check(rig, (w.S0_FLAT, w.FOREIGN))


DRIVES: dict[int, Callable[[int], Rig]] = {
    w.EMPTY: take_all, w.SHRUNK: shrunk, w.STOP_HIT: stopped, w.MISMATCH: mismatched, w.FAILED: refused,
    w.TIMEOUT: late, w.NAKED: naked, w.W_CUT: cut,
}  # fmt: skip
ODD = {
    (w.PAIRING, w.EMPTY): pairing_empty, (w.OPENING, w.EMPTY): opening_empty, (w.S2_LOCKING, w.BACKUP): backup,
    (w.S2_LOCKING, w.KEEP): keep, (w.S0_FLAT, w.FOREIGN): foreign,
}  # fmt: skip
BY_HAND = [cell for cell in cells() if cell in ODD or cell[1] in DRIVES]


@pytest.mark.parametrize("cell", BY_HAND, ids=lambda c: f"{w.STATE_NAMES[c[0]]}-{w.EVENT_NAMES[c[1]]}")
def test_the_cell_is_met_by_hand(cell: Cell) -> None:
    rig = ODD[cell]() if cell in ODD else DRIVES[cell[1]](cell[0])
    check(rig, cell)


def test_every_cell_is_met_by_some_test() -> None:
    """What the tests of this file drive by hand, and bad days for the rest; then nothing is left."""
    by_hand = set(BY_HAND)
    for state in WAYS:
        by_hand |= {(state, w.UNKNOWN_BOTH), (state, w.UNKNOWN_ONE), (state, w.BARRED), (state, w.LOST)}
        by_hand |= {(state, event) for event in (w.BOTH_DOWN, w.ONE_DOWN, w.W_EXIT) if (state, event) in cells()}
    kernels = best_kernels()
    met = set(by_hand)
    for seed in range(SEEDS):
        world = bad_day(seed, kernels)
        met |= {(int(a), int(b)) for a, b in np.argwhere(world.saga.array("visits") > 0)}
    for state in WAYS:
        met |= visited(reach(state))
    left = [f"{w.STATE_NAMES[s]} x {w.EVENT_NAMES[e]}" for s, e in set(cells()) - met]
    assert left == []
