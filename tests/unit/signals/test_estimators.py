"""Each estimator against its formula, its reference value and its short-input rule."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.signals.blocks import CALM, EXTREME, HIGH, NORMAL, Signals, signal_params
from core.signals.imbalance import bid_share
from core.signals.micro_price import weighted_mid
from core.signals.regime import next_regime
from core.signals.volatility import ewma
from core.signals.vpin import add_volume, bulk_buy_share
from tests.unit.signals.feeds import Eye, Tape
from tests.unit.signals.reference import BVC, EWMA


def test_ewma_reference_value_with_the_first_square_as_seed() -> None:
    v = EWMA["returns"][0] ** 2
    for r in EWMA["returns"][1:]:
        v = ewma(v, r * r, 0.94)
    assert math.sqrt(v) == pytest.approx(EWMA["sigma"], rel=1e-9)


def test_streaming_volatility_is_the_reference_with_adjusted_weights() -> None:
    """One return a second and tau = -1 / ln 0.94: exactly lambda 0.94, weights normalised."""
    eye = Eye(vol_min_samples=2, vol_short_tau_s=-1 / math.log(0.94), vol_sample_ns=10**9)
    scale = 10**14  # mids so fine that rounding to ticks is below the tolerance
    tape, mid = Tape(), 1.0
    tape.mid(0, scale)
    exact = []
    last = scale
    for t, r in enumerate(EWMA["returns"], 1):
        mid *= 1 + r
        px = round(mid * scale)
        tape.mid(t, px)
        exact.append(px / last - 1)
        last = px
    eye.see(tape)
    assert eye.g.vol_n == len(EWMA["returns"])
    assert eye.g.vol_short / 1e4 == pytest.approx(EWMA["sigma_adjusted_weights"], rel=1e-9)


def test_volatility_unit_is_bps_per_root_second_whatever_the_sampling() -> None:
    """A random walk of 2 bps a second, seen every 0.25 s and every 4 s, reads 2."""
    rng = np.random.default_rng(7)
    walk = 1e12 * np.exp(np.cumsum(rng.normal(0, 2e-4 * math.sqrt(0.25), 40_000)))
    for every in (1, 16):
        tape = Tape()
        for i in range(0, len(walk), every):
            tape.mid(i * 0.25, int(walk[i]))
        eye = Eye()
        eye.see(tape)
        assert eye.g.vol_long == pytest.approx(2.0, rel=0.15)


def test_too_few_samples_have_no_volatility_and_no_regime() -> None:
    eye = Eye(vol_min_samples=5)
    tape = Tape()
    for t in range(5):
        tape.mid(t, 10_000 + t)
    eye.see(tape)
    assert (eye.g.vol_n, eye.g.vol_ok, eye.g.regime_ok) == (4, 0, 0)
    eye.see(Tape().mid(5, 10_000))
    assert (eye.g.vol_ok, eye.g.regime_ok) == (1, 1)


def test_many_rows_of_one_instant_are_one_sample() -> None:
    eye = Eye(vol_min_samples=1)
    eye.see(Tape().mid(0, 10_000).mid(0, 10_100).mid(0, 9_900).mid(0.05, 10_050))
    assert eye.g.vol_n == 0


def test_short_volatility_answers_sooner_than_long_and_regime_follows() -> None:
    """S3-44, S3-61."""
    eye, tape, t, px = Eye(), Tape(), 0.0, 1_000_000
    for i in range(1200):
        t, px = t + 0.5, px + (10 if i % 2 else -10)
        tape.mid(t, px)
    eye.see(tape)
    assert eye.g.vol_short == pytest.approx(eye.g.vol_long, rel=0.05)
    assert eye.g.regime == NORMAL
    tape = Tape()
    for i in range(200):
        t, px = t + 0.5, px + (80 if i % 2 else -80)
        tape.mid(t, px)
    eye.see(tape)
    assert eye.g.vol_short > 1.5 * eye.g.vol_long
    assert eye.g.regime >= HIGH
    tape = Tape()
    for _ in range(1200):
        t += 0.5
        tape.mid(t, px)
    eye.see(tape)
    assert eye.g.regime == CALM


def test_mid_that_never_moved_is_calm_not_unknown() -> None:
    eye, tape = Eye(), Tape()
    for t in range(30):
        tape.mid(t, 10_000)
    eye.see(tape)
    assert (eye.g.vol_ok, eye.g.vol_short, eye.g.regime_ok, eye.g.regime) == (1, 0.0, 1, CALM)


def test_regime_hysteresis_needs_a_real_fall() -> None:
    p = signal_params().s
    assert next_regime(p, NORMAL, 1.5) == HIGH
    assert next_regime(p, HIGH, 1.36) == HIGH  # 1.5 less 10 %
    assert next_regime(p, HIGH, 1.34) == NORMAL
    assert next_regime(p, NORMAL, 1.36) == NORMAL
    assert next_regime(p, CALM, 9.0) == EXTREME
    assert next_regime(p, EXTREME, 0.1) == CALM


def test_momentum_is_mid_over_its_ema() -> None:
    """S3-09: alpha 0.08 every 0.5 s."""
    eye, tape, ema = Eye(), Tape(), 10_000.0
    tape.mid(0, 10_000)
    for k in range(1, 40):
        tape.mid(k * 0.5, 10_000 + 3 * k)
        ema += 0.08 * (10_000 + 3 * (k - 1) - ema)  # the mid that stood during the half second
    eye.see(tape)
    assert eye.g.momentum == pytest.approx((10_000 + 3 * 39) / ema - 1, rel=1e-9)
    assert eye.g.momentum > 0


def test_momentum_does_not_depend_on_how_often_the_book_is_published() -> None:
    often, seldom = Eye(), Eye()
    tape = Tape().mid(0, 10_000)
    for k in range(1, 101):
        tape.mid(k * 0.1, 10_000 if k < 20 else 10_020)
    often.see(tape, now=10.0)
    seldom.see(Tape().mid(0, 10_000).mid(2.0, 10_020), now=10.0)
    assert often.g.momentum == pytest.approx(seldom.g.momentum, rel=1e-9)


def test_first_mid_has_no_momentum() -> None:
    eye = Eye()
    eye.see(Tape().mid(0, 10_000))
    assert eye.g.momentum_ok == 0
    eye.see(Tape(), now=0.5)
    assert (eye.g.momentum_ok, eye.g.momentum) == (1, 0.0)


def test_weighted_mid_reference_value() -> None:
    assert weighted_mid(100.0, 9.0, 100.1, 1.0) == pytest.approx(100.09, rel=1e-9)
    assert bid_share(9.0, 1.0) == pytest.approx(0.9)
    assert weighted_mid(100.0, 0.0, 102.0, 0.0) == 101.0
    assert bid_share(0.0, 0.0) == -1.0


def test_micro_price_and_imbalance_of_a_view() -> None:
    eye = Eye()
    eye.see(Tape().book(0, [(1000, 9), (999, 1)], [(1001, 1), (1002, 29)]))
    assert eye.g.micro_price == pytest.approx(1000.9)
    assert eye.g.imbalance == pytest.approx(0.9)
    assert eye.g.depth_imbalance == pytest.approx(10 / 40)


def test_depth_average_weighs_by_time() -> None:
    eye = Eye(imbalance_tau_s=5.0)
    eye.see(Tape().book(0, [(99, 3)], [(101, 1)]))
    assert eye.g.depth_avg_ok == 0
    eye.see(Tape().book(1, [(99, 1)], [(101, 3)]))
    assert eye.g.depth_average == pytest.approx(0.75)
    eye.see(Tape().book(6, [(99, 1)], [(101, 3)]))
    assert eye.g.depth_average == pytest.approx(0.75 * math.exp(-1) + 0.25 * (1 - math.exp(-1)))


def test_vpin_reference_with_the_exchange_side() -> None:
    """values.json vpin_signed_trades: buckets 0, 100, -100, 60; VPIN .6667 then .8667."""
    eye = Eye(vpin_adaptive=0, vpin_volume=100.0, vpin_buckets=3)
    seen = []
    for t, (sign, lots) in enumerate([(1, 30), (-1, 50), (1, 40), (1, 80), (-1, 120), (1, 80)]):
        n = eye.g.vpin_n
        eye.see(Tape().trade(t, 1000, lots, sign))
        if eye.g.vpin_n > n and eye.g.vpin_ok:
            seen.append(eye.g.vpin)
        assert eye.g.vpin_ok == (eye.g.vpin_n >= 3)
    assert [eye.g.vpin_imbalance[k] for k in range(4)] == pytest.approx([0, 100, 100, 60])
    assert seen == pytest.approx([0.6666666666666666, 0.8666666666666667], rel=1e-12)


def test_vpin_reference_with_bulk_classification() -> None:
    """values.json vpin_bvc."""
    g = Signals(vpin_target=100.0)
    p = signal_params(vpin_adaptive=0, vpin_volume=100.0, vpin_buckets=5)
    sigma = float(np.std(BVC["price_changes"], ddof=1))
    assert sigma == pytest.approx(BVC["sigma"], rel=1e-9)
    seen, n = [], 0
    for change, volume in zip(BVC["price_changes"], BVC["volumes"]):
        add_volume(g.s, p.s, volume, bulk_buy_share(change, sigma))
        if g.s.vpin_n > n and g.s.vpin_ok:
            seen.append(g.s.vpin)
        n = g.s.vpin_n
    assert n == 9
    assert seen == pytest.approx(BVC["vpin"], rel=1e-9)


def test_trade_without_a_side_is_split_by_its_price_change() -> None:
    assert bulk_buy_share(0.0, 1.0) == 0.5
    assert bulk_buy_share(5.0, 0.0) == 0.5
    assert bulk_buy_share(1.0, 1.0) == pytest.approx(0.8413447460685429)
    eye = Eye(vpin_adaptive=0, vpin_volume=1000.0)
    eye.see(Tape().trade(0, 1000, 10, 0).trade(1, 1001, 10, 0).trade(2, 1003, 10, 0))
    assert eye.g.n_unsided == 3
    # first: no change known; second: variance not known yet; third: 2 ticks at sigma 1
    assert eye.g.vpin_buy == pytest.approx(5 + 5 + 10 * bulk_buy_share(2.0, 1.0))


def test_trade_far_larger_than_the_ring_ends_and_keeps_the_remainder() -> None:
    eye = Eye(vpin_adaptive=0, vpin_volume=10.0, vpin_buckets=5)
    eye.see(Tape().trade(0, 1000, 10**12 + 7, 1))
    assert eye.g.vpin == pytest.approx(1.0)
    assert eye.g.vpin_filled == pytest.approx(7.0, abs=1e-3)


def test_adaptive_buckets_follow_the_observed_volume() -> None:
    """About 30 s of volume a bucket; none before 30 s were observed."""
    eye, tape = Eye(vpin_buckets=5), Tape()
    for k in range(25):
        tape.trade(k, 1000, 10, 1 if k % 2 else -1)
    eye.see(tape)
    assert (eye.g.vpin_n, eye.g.vpin_target) == (0, 0.0)
    tape = Tape()
    for k in range(25, 1200):
        tape.trade(k, 1000, 10, 1 if k % 2 else -1)
    eye.see(tape)
    assert eye.g.vpin_target == pytest.approx(300.0, rel=0.1)
    assert eye.g.vpin_ok == 1
    assert eye.g.vpin < 0.1


def test_one_sided_flow_reads_toxic() -> None:
    """S3-63, the estimator's half."""
    eye, tape = Eye(vpin_buckets=5), Tape()
    for k in range(600):
        tape.trade(k, 1000, 10, 1)
    eye.see(tape)
    assert eye.g.vpin == pytest.approx(1.0)


@pytest.mark.parametrize("last", [11_000, 9_000])
def test_shock_is_ten_percent_both_ways_and_ends_after_sixty_seconds(last: int) -> None:
    """S3-28, the measure."""
    eye = Eye()
    eye.see(Tape().mid(0, 10_000))
    assert eye.g.shock_ok == 0
    eye.see(Tape().mid(30, last))
    assert eye.g.shock_ok == 1
    assert eye.g.shock == pytest.approx(0.10)
    eye.see(Tape(), now=85)
    assert eye.g.shock == pytest.approx(0.10)
    eye.see(Tape(), now=95)
    assert eye.g.shock == 0.0


def test_slow_move_is_no_shock_and_a_spike_between_two_wakes_is() -> None:
    slow, tape = Eye(), Tape()
    for t in range(600):
        tape.mid(t, 10_000 + 2 * t)  # 12 % in ten minutes
    slow.see(tape)
    assert 0.008 < slow.g.shock < 0.0125
    spike = Eye()
    spike.see(Tape().mid(0, 10_000).mid(5.1, 9_000).mid(5.2, 10_000))
    assert spike.g.shock == pytest.approx(1 / 9)  # the way back up from 9000 is the larger one
