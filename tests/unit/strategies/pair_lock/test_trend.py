"""EMA trend and realised volatility from the 1 s samples, through the door and against the reference values."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from core.domain.pair import LONG, SHORT
from core.strategies.pair_lock.trend import YEAR_S, sample_realised, trend_gap
from tests.unit.strategies.pair_lock.desk import PairDesk, S

REFERENCE = json.loads((Path(__file__).parent / "reference.json").read_text(encoding="utf-8"))


def test_averages_of_a_hand_series() -> None:
    """alpha = 2 / (n + 1), seeded by the first price (FORMULAS.md 10): 100, 102, 101 with n = 3 and 9."""
    desk = PairDesk(ema_fast=3, ema_slow=9)
    for px in (100.0, 102.0, 101.0):
        desk.price(LONG, px)
        desk.decide(S)
    s = desk.state.s
    assert s.ema_fast[LONG] == pytest.approx(101.0)  # 100, 101, 101
    assert s.ema_slow[LONG] == pytest.approx(100.52)  # 100, 100.4, 100.52


def test_trend_needs_the_slow_averages_own_length_and_is_mirrored_for_the_short_leg() -> None:
    """S1-14, K-13: 55 samples; (fast - slow) / price of each first leg's own venue."""
    desk = PairDesk()
    for i in range(54):
        for leg in (LONG, SHORT):
            desk.price(leg, 50_000.0 + 10 * i)
        desk.decide(S)
    assert math.isnan(desk.state.s.trend[LONG])
    desk.decide(S)
    s = desk.state.s
    assert s.trend[LONG] == pytest.approx((s.ema_fast[LONG] - s.ema_slow[LONG]) / 50_530.0)
    assert s.trend[LONG] > 0.0
    assert s.trend[SHORT] == -s.trend[LONG]


def test_one_sample_a_second_however_often_it_is_woken() -> None:
    desk = PairDesk()
    for i in range(50):
        desk.price(LONG, 50_000.0 + i)
        desk.decide(S // 10)
    assert desk.state.s.ema_n[LONG] == 6  # the first call and five whole seconds


def test_a_gap_as_long_as_the_slow_average_begins_the_trend_anew() -> None:
    desk = PairDesk()
    for _ in range(60):
        desk.decide(S)
    desk.fresh = [False, True]
    for _ in range(20):
        desk.decide(S)
    desk.fresh = [True, True]
    desk.decide(S)
    assert desk.state.s.n_restarts == 0
    assert desk.state.s.ema_n[LONG] == 60 + 2 + 1  # stale after 2 s: two samples more, then none
    desk.fresh = [False, True]
    for _ in range(60):
        desk.decide(S)
    assert math.isnan(trend_gap(desk.p.s, desk.state.s, LONG))
    desk.fresh = [True, True]
    desk.decide(S)
    assert (desk.state.s.n_restarts, desk.state.s.ema_n[LONG]) == (1, 1)


def test_a_price_that_is_back_before_the_next_sample_finds_no_old_trend() -> None:
    desk = PairDesk()
    for _ in range(60):
        desk.decide(S)
    assert desk.state.s.trend[LONG] == 0.0
    desk.fresh = [False, True]
    for _ in range(60):
        desk.decide(S)
    desk.fresh = [True, True]
    desk.decide(S // 10)
    assert desk.state.s.px_ok[LONG] == 1
    assert math.isnan(desk.state.s.trend[LONG])
    assert desk.state.s.trend[SHORT] == 0.0


def test_realised_volatility_equals_the_reference() -> None:
    """FORMULAS.md 9, weights that sum to one; lambda 0.94 is tau = -1 / ln 0.94 samples."""
    case = REFERENCE["ewma_volatility"]
    desk = PairDesk(vol_tau_sec=-1.0 / math.log(case["inputs"]["lam"]), vol_min_samples=2)
    px = 1e5
    sample_realised(desk.p.s, desk.state.s, LONG, 1.0, px)
    for r in case["inputs"]["returns"]:
        px *= 1.0 + r
        sample_realised(desk.p.s, desk.state.s, LONG, 1.0, px)
    per_second = desk.state.s.vol[LONG] / math.sqrt(YEAR_S)
    assert per_second == pytest.approx(case["expected"]["sigma_adjusted_weights"], rel=1e-9)


def test_volatility_is_annualised_on_365_days() -> None:
    """K-31: a move of 1 bp each second is 1e-4 * sqrt(31,536,000) = 0.5616 a year."""
    desk = PairDesk(vol_min_samples=10)
    px = 50_000.0
    for i in range(11):
        sample_realised(desk.p.s, desk.state.s, LONG, 1.0, px * (1.0 + (1e-4 if i % 2 else 0.0)))
    assert desk.state.s.vol_ok[LONG] == 1
    assert desk.state.s.vol[LONG] == pytest.approx(0.5616, abs=1e-3)
    assert desk.state.s.vol_ok[SHORT] == 0


def test_spread_uses_one_price_source_on_two_grids() -> None:
    """S1-51, S1-66: mid, mark or index for both legs; price units although the ticks differ."""
    for source, expected in (("mid", 12.0), ("mark", 30.0), ("index", -5.0)):
        desk = PairDesk(price_source=source)
        desk.price(LONG, 50_012.0)
        for leg, mark, index in ((LONG, 50_040.0, 49_995.0), (SHORT, 50_010.0, 50_000.0)):
            desk.views[leg].s.mark_from_mid = 0
            desk.views[leg].s.mark, desk.views[leg].s.index = round(mark * 10), round(index * 10)
        desk.decide()
        assert desk.state.s.spread == pytest.approx(expected)


@pytest.mark.parametrize("source", ["mid", "mark", "index"])
def test_a_missing_or_stale_price_is_no_price(source: str) -> None:
    for spoil in range(3):
        desk = PairDesk(price_source=source)
        desk.decide()
        assert desk.state.s.px_ok[SHORT] == 1
        view, signals = desk.views[SHORT].s, desk.signals[SHORT].s
        view.mark_from_mid = 0
        if spoil == 0:
            desk.fresh[SHORT] = False
        elif spoil == 1:
            signals.priced = view.mark = view.index = 0
        else:
            signals.mid, view.mark, view.index = math.nan, -1, -1
        desk.decide(2 * S)
        assert desk.state.s.px_ok[SHORT] == int(spoil == 0)  # equality of the bound is fresh
        desk.decide(1)
        assert (desk.state.s.px_ok[SHORT], desk.state.s.spread_ok) == (0, 0)
