"""The signal doors, plain and compiled, over the same seeded random feeds: equal bytes after every slice."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.order import Ledger
from core.kernel import Kernels, numba_usable
from core.rng import stream
from core.signals.observe import observe
from core.signals.own import outside_best
from tests.unit.signals.feeds import Eye, Tape

pytestmark = pytest.mark.skipif(not numba_usable()[0], reason="the compiled form needs numba")
SEEDS = [1, 2, 3]


def random_tape(seed: int, events: int) -> Tape:
    """Everything a source may send: locked, crossed, one-sided and deep books, gaps, huge trades, silence."""
    draw = stream(seed, "signals parity")
    tape, t, px = Tape(), 0.0, 250_000
    for _ in range(events):
        t += float(draw.choice([0.0, 0.05, 0.3, 2.0, 90.0], p=[0.3, 0.3, 0.3, 0.09, 0.01]))
        px = max(100, px + int(draw.integers(-40, 41)))
        what = draw.random()
        if what < 0.35:
            gap = int(draw.integers(-1, 4))
            depth = int(draw.integers(0, 21))
            bids = [(px - k, int(draw.integers(1, 50))) for k in range(depth)]
            asks = [(px + gap + k, int(draw.integers(1, 50))) for k in range(max(1, depth))]
            tape.book(t, bids, asks)
        elif what < 0.6:
            tape.bbo(t, int(draw.integers(0, 3)), px * int(draw.integers(0, 20) > 0), int(draw.integers(0, 50)))
        elif what < 0.95:
            tape.trade(t, px, int(draw.choice([1, 7, 300, 10**9])), int(draw.integers(-1, 2)))
        elif what < 0.98:
            tape.mark(t, px * int(draw.integers(0, 2)), px, int(draw.integers(-999, 999)), 0)
        else:
            tape.gap(t, int(draw.integers(0, 5)))
    return tape


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("own_in_book", [False, True])
@pytest.mark.parametrize("adaptive", [0, 1])
def test_observe_and_outside_best_are_bit_equal_in_both_forms(seed: int, own_in_book: bool, adaptive: int) -> None:
    feed = random_tape(seed, 1500).feed()
    draw = stream(seed, "slices")
    eyes = [Eye(form, own_in_book, vpin_adaptive=adaptive, vpin_volume=40.0) for form in ("plain", "compiled")]
    ledger = Ledger()
    for slot in range(20):
        ledger.s.state[slot] = int(draw.integers(0, 7))
        ledger.s.side[slot], ledger.s.left[slot] = slot % 2, int(draw.integers(0, 30))
        ledger.s.px[slot] = 250_000 + int(draw.integers(-50, 50))
    doors = [
        (
            Kernels(eye.kernels.form).bind(observe, eye.view, eye.signals, eye.params, feed),
            Kernels(eye.kernels.form).bind(outside_best, eye.view, eye.signals, ledger),
        )
        for eye in eyes
    ]
    row, values = 0, 0
    while row < len(feed.kind):
        last = min(len(feed.kind), row + int(draw.integers(0, 12)))
        now = int(feed.ts_recv[max(0, last - 1)]) + int(draw.integers(0, 2 * 10**9))
        for see, outside in doors:
            assert see(row, last, now) == last - row
            outside(now)
        row = last
        assert eyes[0].view.image() == eyes[1].view.image()
        assert eyes[0].signals.image() == eyes[1].signals.image()
        g = eyes[0].g
        values += g.vol_ok + g.vpin_ok + g.regime_ok
        assert all(np.isfinite(value) for _, value in eyes[0].signals.items())
        assert 0.0 <= g.vpin <= 1.0
        assert 0.0 <= g.imbalance <= 1.0
        if g.priced:
            assert g.bid <= g.mid <= g.ask
            assert g.bid <= g.micro_price <= g.ask or own_in_book
    assert values > 100
    assert eyes[0].g.n_crossed > 0
    assert eyes[0].v.n_gaps > 0


def test_slicing_the_same_feed_differently_gives_the_same_book_and_flow() -> None:
    """What depends on events alone may not depend on when the engine looked."""
    feed = random_tape(5, 800).feed()
    seen, momentum = [], []
    for step in (1, 7, 800):
        eye = Eye()
        see = eye.kernels.bind(observe, eye.view, eye.signals, eye.params, feed)
        for first in range(0, len(feed.kind), step):
            last = min(len(feed.kind), first + step)
            see(first, last, int(feed.ts_recv[last - 1]))
        g = eye.g
        seen.append((eye.view.image(), g.vpin, g.vpin_n, g.depth_average, g.shock, g.mid, g.vol_short))
        momentum.append(g.momentum)
    assert seen[0] == seen[1] == seen[2]
    assert momentum == pytest.approx([momentum[0]] * 3, rel=1e-9)
