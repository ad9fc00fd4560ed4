"""Between wish and saga: the mapping cell by cell, and both forms alike."""

from __future__ import annotations

import pytest

from core.domain import pair
from core.execution.pair_saga import words
from core.execution.pair_saga.blocks import Saga, Wish
from core.execution.pair_saga.bridge import declare, hand_over
from core.execution.pair_saga.table import knows
from core.kernel import Kernels, numba_usable
from core.rng import stream

LOTS = (40, 7)
KINDS = {
    pair.NONE: words.NO_WISH, pair.OPEN: words.OPEN, pair.LOCK: words.LOCK, pair.UNLOCK_A: words.UNLOCK_SHORT,
    pair.UNLOCK_B: words.UNLOCK_LONG, pair.EXIT: words.EXIT,
}  # fmt: skip


class Bridge:
    def __init__(self, form: str = "plain") -> None:
        self.wish, self.out, self.saga, self.status = pair.Wish(), Wish(), Saga(), pair.PairStatus()
        kernels = Kernels(form)
        self.hand = kernels.bind(hand_over, self.wish, self.out, self.saga)
        self.declare = kernels.bind(declare, self.status, self.saga)


@pytest.mark.parametrize("kind", KINDS)
def test_each_wish_has_one_word_in_the_saga_and_keeps_its_number(kind: int) -> None:
    """S1-13 .. S1-42: one wish a wake, answered by its number."""
    b = Bridge()
    b.wish.s.kind, b.wish.s.id, b.wish.s.urgent = kind, 77, 1
    assert b.hand(*LOTS) == KINDS[kind]
    assert (b.out.s.id, b.out.s.force, b.out.s.stop_px) == (77, 1, 0)


@pytest.mark.parametrize("leg", [pair.LONG, pair.SHORT])
def test_a_first_leg_has_its_side_and_its_own_lots(leg: int) -> None:
    """S1-13, S1-14: leg 0 is bought, leg 1 is sold."""
    b = Bridge()
    b.wish.s.kind, b.wish.s.leg, b.wish.s.side = pair.OPEN, leg, leg
    b.hand(*LOTS)
    assert (b.out.s.first, b.out.s.side, b.out.s.lots) == (leg, leg, LOTS[leg])


@pytest.mark.parametrize(("share", "held", "lots"), [(0.25, 40, 10), (0.25, 41, 11), (0.3, 10, 3), (0.01, 7, 1)])
def test_a_part_is_cut_in_whole_lots_rounded_up(share: float, held: int, lots: int) -> None:
    """S1-26, S1-58: a limit asks for at least its share."""
    b = Bridge()
    b.saga.s.state, b.saga.s.first, b.saga.s.held[0] = words.S1_ONE_LEG, 0, held
    b.wish.s.kind, b.wish.s.share = pair.CUT, share
    assert knows(words.S1_ONE_LEG, words.W_CUT)
    assert (b.hand(*LOTS), b.out.s.lots) == (words.CUT, lots)


def test_a_cut_of_everything_and_a_part_where_nothing_can_part_is_an_exit() -> None:
    b = Bridge()
    b.saga.s.state, b.saga.s.held[0] = words.S1_ONE_LEG, 10
    b.wish.s.kind, b.wish.s.share = pair.CUT, 1.0
    assert b.hand(*LOTS) == words.EXIT
    b.wish.s.share = 0.5
    for state in range(len(words.STATE_NAMES)):
        b.saga.s.state = state
        if not knows(state, words.W_CUT):
            assert b.hand(*LOTS) == words.EXIT, words.STATE_NAMES[state]


def test_what_the_saga_declares_is_what_the_strategy_is_told() -> None:
    """S1-19: S2 is seen while the second leg works."""
    b = Bridge()
    s = b.saga.s
    s.stage, s.busy, s.first, s.lock_ts, s.unlock_ts = pair.S2, 1, pair.SHORT, 5, 6
    assert b.declare() == pair.S2
    t = b.status.s
    assert (t.state, t.busy, t.first, t.lock_ts, t.unlock_ts) == (pair.S2, 1, pair.SHORT, 5, 6)


@pytest.mark.skipif(not numba_usable()[0], reason="the compiled form needs numba")
def test_both_forms_hand_over_alike() -> None:
    """K-13: equal bytes after 3000 seeded wishes (seed 5)."""
    dice, bridges = stream(5, "bridge"), [Bridge("plain"), Bridge("compiled")]
    for _ in range(3000):
        kind, state, leg = (int(dice.integers(0, n)) for n in (7, len(words.STATE_NAMES), 2))
        share = float(dice.choice([0.0, 0.1, 0.25, 0.5, 1 / 3, 1.0]))
        held, lots = [int(dice.integers(0, 50)) for _ in range(2)], [int(dice.integers(1, 60)) for _ in range(2)]
        answers = []
        for b in bridges:
            u, s = b.wish.s, b.saga.s
            u.kind, u.leg, u.side, u.share, u.id, u.urgent = kind, leg, leg, share, held[0], held[1] % 2
            s.state, s.first, s.stage, s.busy, s.lock_ts = state, leg, state % 6, held[0] % 2, held[1]
            s.held[0], s.held[1] = held
            answers.append((b.hand(*lots), b.declare(), b.out.image(), b.status.image(), b.saga.image()))
        assert answers[0] == answers[1]
