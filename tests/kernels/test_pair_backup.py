"""The backup's doors: what a leg takes over, when a lock is given up, and how a stray is closed; both forms alike."""

from __future__ import annotations

import itertools

import pytest

from core.domain.book import View
from core.domain.instrument import Spec
from core.domain.order import IOC, KEY_HEDGE, LIVE, POST_ONLY, REDUCE_ONLY, SLOTS, Ledger, Target
from core.domain.units import BUY, NS_PER_MS, SELL
from core.execution.pair_saga import words as w
from core.execution.pair_saga.backup import CLOSING, DUST, IDLE, NOT_OURS, Stray, close_stray, give_up, take_over
from core.execution.pair_saga.blocks import PairParams, Saga, Wish, pair_params
from core.kernel import Kernels, numba_usable
from core.rng import stream

NOW, DOWN_NS, MID = 10**12, 2 * 10**9, 60_000


class Desk:
    def __init__(self, form: str = "plain") -> None:
        self.saga, self.wish, self.ledger, self.stray = Saga(), Wish(), Ledger(), Stray()
        self.view, self.spec, self.target = View(), Spec(min_lots=5, max_lots=1000, unit=1000), Target()
        self.params: PairParams = pair_params((1, 1))
        kernels = Kernels(form)
        self.take_over = kernels.bind(take_over, self.saga, self.wish, self.ledger)
        self.give_up = kernels.bind(give_up, self.saga)
        self.close = kernels.bind(
            close_stray, self.stray, self.ledger, self.view, self.spec, self.target, self.params
        )  # fmt: skip
        self.book(NOW)

    def book(self, now: int, half: int = 5, size: int = 100) -> None:
        v = self.view.s
        v.book_ok, v.ts_recv = 1, now
        for k in range(3):
            v.px[BUY][k], v.px[SELL][k] = MID - half - k, MID + half + k
            v.sz[BUY][k] = v.sz[SELL][k] = size
        v.n_levels[BUY] = v.n_levels[SELL] = 3

    def images(self) -> tuple[bytes, ...]:
        blocks = (self.saga, self.wish, self.ledger, self.stray, self.view, self.target, self.params)
        return tuple(block.image() for block in blocks)

    def held(self, pos: int, ours: int = 1) -> None:
        self.ledger.s.pos, self.stray.s.ours = pos, ours

    @property
    def asked(self) -> tuple[int, int, int, int, int] | None:
        t = self.target.s
        return (t.side[0], t.px[0], t.qty[0], t.tif[0], t.flags[0]) if t.n else None


@pytest.mark.parametrize("pos", [7, -7])
def test_a_stray_is_closed_reduce_only_within_the_exit_slip(pos: int) -> None:
    """S1-54: what is filled where no leg is does not stay there."""
    desk = Desk()
    desk.held(pos)
    assert desk.close(DOWN_NS, NOW) == CLOSING
    side, px = (SELL, 59_940) if pos > 0 else (BUY, 60_059)  # to the better side
    assert desk.asked == (side, px, 7, IOC, REDUCE_ONLY) and desk.stray.s.since == NOW


def test_nothing_is_asked_for_what_nobody_knows_what_is_too_small_and_what_is_flat() -> None:
    desk = Desk()
    for pos, ours, found in ((7, 0, NOT_OURS), (4, 1, DUST), (-4, 1, DUST), (0, 0, IDLE)):
        desk.held(pos, ours)
        assert desk.close(DOWN_NS, NOW) == found and desk.asked is None
    assert desk.stray.s.ours == 1, "seen flat: what comes now is ours"


def test_one_close_at_a_time_and_what_rests_there_is_pulled() -> None:
    desk = Desk()
    desk.held(7)
    o = desk.ledger.s
    o.n_live, o.state[3], o.tif[3], o.key[3], o.side[3], o.px[3], o.left[3] = 1, LIVE, IOC, KEY_HEDGE, SELL, 59_940, 7
    assert desk.close(DOWN_NS, NOW) == CLOSING and desk.target.s.n == 1 and desk.target.s.key[0] == KEY_HEDGE
    o.tif[3] = POST_ONLY
    assert desk.close(DOWN_NS, NOW) == CLOSING and desk.asked is None


def test_closes_that_find_nothing_go_further_and_wait_longer() -> None:
    desk, bounds, now = Desk(), [], NOW
    desk.held(7)
    for _ in range(200):
        now += 50 * NS_PER_MS
        desk.book(now)
        desk.close(DOWN_NS, now)
        if desk.asked:
            bounds.append((desk.asked[1], now))
    slips = [round((MID - px) / MID, 6) for px, _ in bounds]
    gaps = [b[1] - a[1] for a, b in itertools.pairwise(bounds)]
    assert slips[:4] == [0.001, 0.002, 0.004, 0.005] and set(slips[3:]) == {0.005}
    assert gaps == sorted(gaps) and gaps[-1] > 10 * gaps[0]


@pytest.mark.parametrize("what", ["old", "no book"])
def test_without_a_book_a_stray_waits(what: str) -> None:
    desk = Desk()
    desk.held(7)
    if what == "old":
        desk.book(NOW - DOWN_NS - 1)
    else:
        desk.view.s.book_ok = 0
    assert desk.close(DOWN_NS, NOW) == CLOSING and desk.asked is None
    desk.book(NOW + 1)
    assert desk.close(DOWN_NS, NOW + 1) == CLOSING and desk.asked is not None


@pytest.mark.parametrize(
    ("changed", "given_up"),
    [
        ({}, 1), ({"state": w.S3_HEDGED}, 0), ({"tries": 1}, 0), ({"pos": -1}, 0), ({"alive": 1}, 0),
        ({"unbound": 1}, 0), ({"rejects": 1}, 0),
    ],
)  # fmt: skip
def test_a_second_leg_is_given_up_only_while_it_is_untouched(changed: dict[str, int], given_up: int) -> None:
    """K-28: with something filled, or an order alive, never."""
    desk = Desk()
    s = desk.saga.s
    s.state, s.first, s.tries[1] = w.S2_LOCKING, 0, 2
    for name, value in changed.items():
        if name == "state":
            s.state = value
        else:
            getattr(s, name)[1] = value
    was = s.rejects[1]
    assert desk.give_up(2) == given_up and s.rejects[1] == was + given_up


@pytest.mark.skipif(not numba_usable()[0], reason="the compiled form needs numba")
def test_both_forms_write_alike() -> None:
    """K-13: equal bytes after 2000 seeded wakes (seed 11)."""
    dice, desks = stream(11, "backup"), [Desk("plain"), Desk("compiled")]
    for step in range(2000):
        n = [int(x) for x in dice.integers(0, 60, 12)]
        answers = []
        for desk in desks:
            s, o, now = desk.saga.s, desk.ledger.s, NOW + step * 37 * NS_PER_MS
            leg = n[0] % 2
            s.state, s.first, s.sign[0], s.sign[1] = n[1] % w.STATES, 1 - leg, 1 - 2 * leg, 2 * leg - 1
            s.tries[leg], s.alive[leg], s.rejects[leg] = n[2] % 4, n[3] % 2, 0
            o.pos, o.n_live, o.n_rejected = n[4] - 30 if n[5] % 4 else 0, int(n[6] % 5 == 0), n[7]
            o.traded_lots[BUY] += n[8] % 3
            o.traded_lots[SELL] += n[9] % 2
            slot = n[10] % SLOTS
            o.state[slot], o.tif[slot], o.left[slot] = (LIVE if n[11] % 2 else 0), (IOC, POST_ONLY)[n[6] % 2], n[8]
            desk.stray.s.ours = int(n[9] % 7 != 0)
            desk.book(now - (n[3] % 3) * 10**9, 1 + n[7] % 50, n[2])
            found = (desk.close(DOWN_NS, now), desk.give_up(2), desk.take_over(leg, n[5] % 2))
            answers.append((found, desk.images()))
        assert answers[0] == answers[1], step
