"""The pair's door, plain and compiled, over the same seeded random moments: equal bytes of every block each time."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from core.domain.pair import LONG, SHORT, WISH_NAMES
from core.kernel import numba_usable
from core.rng import stream
from tests.unit.strategies.pair_lock.desk import HOUR, PairDesk, S, perpetual

pytestmark = pytest.mark.skipif(not numba_usable()[0], reason="the compiled form needs numba")
FORMS = ("plain", "compiled")
VARIANTS: list[dict[str, object]] = [
    {},
    {"band_mode": "quantile", "min_conditions": 1, "vmin": 0.01, "vmax": 50.0, "funding_sign": "literal"},
    {"price_source": "mark", "guard_action": "cut_leg", "first_leg_maker": True, "count_exit_fees": True,
     "taker_bps": 2.0, "maker_rebate_bps": -0.5, "referral_rebate_bps": -0.2},
]  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("variant", VARIANTS)
def test_decide_is_bit_equal_in_both_forms(seed: int, variant: dict[str, object]) -> None:
    """K-13, S1-13 .. S1-42: every wish occurs; ticks, intervals, gaps, NaN and lost funding differ by leg."""
    small = {"band_min_samples": 20, "band_window_sec": 120, "vol_min_samples": 20, "ema_fast": 3, "ema_slow": 8}
    desks = [
        PairDesk(form, perpetual("a", funding_interval_ns=HOUR), perpetual("b", tick=0.5, unit=50_000),
                 **{**small, **variant})
        for form in FORMS
    ]  # fmt: skip
    dice, seen, level = stream(seed, "pair parity"), set(), 50_000.0
    for _ in range(1500):
        level *= 1.0 + float(dice.normal(0, 3e-4))
        offsets = [float(dice.normal(0, 8)), float(dice.normal(0, 8))]
        spoil, leg = int(dice.integers(0, 60)), int(dice.integers(0, 2))
        state, first, busy = int(dice.integers(0, 6)), int(dice.integers(0, 2)), int(dice.random() < 0.1)
        redeclare, entry = dice.random() < 0.2, level * (1.0 + float(dice.normal(0, 0.006)))
        ages = [int(dice.integers(0, 5000)) * S for _ in range(2)]
        rate, wait, allowed = float(dice.normal(1e-5, 1e-4)), int(dice.integers(1, 2 * S)), int(dice.random() > 0.05)
        liquidation = int(dice.choice([0, 0, -1, int(level * 9), int(level * 9.7), int(level * 11)]))
        for desk in desks:
            for one in (LONG, SHORT):
                desk.price(one, level + offsets[one])
            if redeclare:
                desk.declare(state, first, busy=busy, lock_ts=desk.now - ages[0], unlock_ts=desk.now - ages[1],
                             unlock_px=entry)  # fmt: skip
                for one in (LONG, SHORT):
                    if desk.ledgers[one].s.pos != 0:
                        desk.hold(one, 10, entry=entry)
                desk.funding(leg, rate, settlement=desk.now + ages[0] if busy else 0)
                desk.status.s.liquidation_px[leg], desk.status.s.liquidation_ts[leg] = liquidation, desk.now
            if spoil == 0:
                desk.signals[leg].s.mid = math.nan
            elif spoil == 1:
                desk.funding(leg, None)
            elif spoil == 2:
                desk.views[leg].s.mark = 0
            desk.fresh[leg] = spoil != 3
            desk.decide(wait * (40 if spoil == 4 else 1), allowed)
        plain, compiled = desks
        for name, block in plain.blocks().items():
            assert block.image() == compiled.blocks()[name].image(), name
        seen.add(plain.wish.s.kind)
    assert seen == set(range(len(WISH_NAMES)))
    assert plain.state.s.n_restarts > 0


def test_four_hours_and_more_of_samples_stay_exact() -> None:
    """K-36: 18,000 s through the door fill the window of 14,400 and turn it; bands and moments equal numpy (seed 7)."""
    desk, dice = PairDesk("compiled", band_mode="quantile"), stream(7, "window")
    spreads, spread = [], 0.0
    begin = time.perf_counter_ns()
    for _ in range(18_000):
        spread = 0.999 * spread + float(dice.normal(0, 0.4))
        desk.price(LONG, 50_000.0 + spread)
        spreads.append(desk.signals[LONG].s.mid * 0.1 - desk.signals[SHORT].s.mid * 0.1)
        desk.decide(S)
    print(f"a second of the pair, compiled: {(time.perf_counter_ns() - begin) / 18_000 / 1000:.1f} us")
    w, past = desk.window.s, np.array(spreads[-14_401:-1])
    assert w.n == 14_400
    assert list(w.ordered) == sorted(spreads[-14_400:])
    assert (w.lb, w.ub) == (np.sort(past)[2879], np.sort(past)[11_519])
    assert w.mean == pytest.approx(past.mean(), abs=1e-9)
    assert w.sigma == pytest.approx(past.std(ddof=1), rel=1e-9)
    assert w.half_life_ok == 1
    assert 500 < w.half_life_s < 900  # ln 2 / 0.001 = 693 s


def test_half_life_of_the_window_equals_least_squares() -> None:
    desk, dice = PairDesk("compiled", band_min_samples=100), stream(9, "half life")
    spread, spreads = 0.0, []
    for _ in range(1200):  # the fit is made at every 60th sample
        spread = 0.9 * spread + float(dice.normal(0, 2))
        desk.price(LONG, 50_000.0 + spread)
        spreads.append(desk.signals[LONG].s.mid * 0.1 - desk.signals[SHORT].s.mid * 0.1)
        desk.decide(S)
    e = np.array(spreads)
    slope = np.polyfit(e[:-1], np.diff(e), 1)[0]
    assert desk.window.s.half_life_s == pytest.approx(-math.log(2) / math.log(1 + slope), rel=1e-9)
