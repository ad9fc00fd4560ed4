"""The market maker's doors, plain and compiled, over the same seeded random moments: equal bytes after every one."""

from __future__ import annotations

import time

import pytest

from core.domain.order import LIVE, SLOTS
from core.domain.units import FAR
from core.kernel import Kernels, numba_usable
from core.rng import stream
from tests.unit.strategies.asmm_desk import MakerDesk

pytestmark = pytest.mark.skipif(not numba_usable()[0], reason="the compiled form needs numba")
BIG = {"base_size": 1.0, "single_max": 10.0, "net_max": 100.0}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("params", [{}, BIG, {"layer_spacing_mode": "linear", "arrival_decay": 0.4, "base_size": 0.05}])
def test_decide_is_bit_equal_in_both_forms(seed: int, params: dict[str, object]) -> None:
    desks = [MakerDesk(form, **params) for form in ("plain", "compiled")]
    draw = stream(seed, "asmm parity")
    quoted = held = 0
    for _ in range(250):
        bid = 250_000 + int(draw.integers(-500, 500))
        spread = int(draw.integers(0, 60))
        signals = {
            "vol_short": float(draw.random() * 3), "vol_long": float(draw.random() * 3),
            "momentum": float(draw.normal(0, 1e-3)), "regime": int(draw.integers(0, 4)),
            "vpin": float(draw.random()), "vpin_ok": int(draw.integers(0, 2)), "depth_average": float(draw.random()),
            "vol_ok": int(draw.random() > 0.05),
        }  # fmt: skip
        position, why, wait = (
            int(draw.integers(-300, 300)),
            int(draw.choice([2, 4, 16, 20, 8])),
            int(draw.integers(10**9)),
        )
        noise, cap = int(draw.integers(0, 4)), int(draw.choice([FAR, 150, 0]))
        slot, state, left, key = (int(draw.integers(n)) for n in (SLOTS, 7, 90, 56))
        priced, own = int(draw.random() > 0.05), int(draw.random() < 0.3)
        for desk in desks:
            desk.set_book(bid, bid + spread)
            desk.set_signals(**signals)
            desk.hold_position(position, entry=250_000.0 + spread)
            desk.desk.noise_level, desk.desk.cap_lots = noise, cap
            ledger = desk.ledger.s
            ledger.state[slot], ledger.left[slot], ledger.key[slot], ledger.side[slot] = state, left, key, key % 2
            ledger.px[slot] = bid + key % 3
            if not priced:
                desk.signals.s.priced, desk.signals.s.ts_unpriced = 0, desk.now
            desk.view.s.own_in_book = own
            desk.decide(why, after_ns=wait)
        plain, compiled = desks
        for name in ("view", "signals", "ledger", "target"):
            assert getattr(plain, name).image() == getattr(compiled, name).image(), name
        assert plain.maker.state.image() == compiled.maker.state.image()
        quoted += plain.target.s.n > 0
        held += plain.target.s.hold
    assert quoted > 50
    assert held > 20


def test_switching_form_between_two_decisions_changes_nothing() -> None:
    steady, switching = MakerDesk("plain", **BIG), MakerDesk("plain", **BIG)
    for step in range(12):
        switching.maker.bind(Kernels("compiled" if step % 2 else "plain"), switching.desk)
        for desk in (steady, switching):
            desk.set_book(249_990 + 7 * step, 250_000 + 9 * step)
            desk.decide(2 if step % 3 else 16, after_ns=300_000_000)
        assert steady.maker.state.image() == switching.maker.state.image()
        assert steady.target.image() == switching.target.image()


def test_start_round_is_equal_in_both_forms_and_refuses_without_a_mark() -> None:
    images = []
    for form in ("plain", "compiled"):
        desk = MakerDesk(form)
        desk.hold_position(10, entry=249_000.0)
        desk.ledger.s.fees = 77
        desk.maker.start_round()
        assert desk.state.pnl_start == 10 * 250_000 * 1000 - 10 * 249_000 * 1000 - 77
        desk.view.s.mark = 0
        desk.ledger.s.fees = 99
        desk.maker.start_round()
        images.append(desk.maker.state.image())
        assert desk.state.pnl_start == 10 * 1000 * 1000 - 77
    assert images[0] == images[1]


def test_cost_of_a_warm_decision_is_printed() -> None:
    """Not a bound (no timed unit tests): the figure for docs/performance.md, run with -s. 24 layers, 48 orders live."""
    desk = MakerDesk("compiled", **BIG)
    desk.decide()
    assert desk.target.s.n == 48
    desk.rest()
    assert desk.ledger.s.state[0] == LIVE
    n = 2000
    desk.signals.s.ts_priced = desk.now + n * 10**9  # the book stays fresh
    decisions, begin = desk.state.n_decisions, time.perf_counter_ns()
    for k in range(n):
        desk.maker.decide(desk.now + (k + 1) * 500_000_000, 2)
    print(f"decide, 24 layers a side: {(time.perf_counter_ns() - begin) / n / 1000:.2f} us")
    assert desk.state.n_decisions == decisions + n
    assert desk.target.s.n == 48
