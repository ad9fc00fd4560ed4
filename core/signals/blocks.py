"""The blocks of the streaming estimators: `SignalParams` (how to estimate) and `Signals` (state and values).

A value counts only while its `*_ok` flag is 1; without the flag the field is meaningless, never "zero".
Holds no rules; every estimator is a file of its own beside this one.
"""

from __future__ import annotations

from core.domain.book import View
from core.domain.order import SLOTS
from core.domain.units import FAR, NS_PER_MS, NS_PER_S
from core.kernel import Block, f64, f64s, i64, i64s

VPIN_BUCKETS = 128  # room of the ring; `vpin_buckets` of them are used
SHOCK_SECONDS = 60
OWN = SLOTS  # own quotes remembered for taking them out of the book
CALM, NORMAL, HIGH, EXTREME = 0, 1, 2, 3
REGIME_NAMES = ("CALM", "NORMAL", "HIGH", "EXTREME")


class SignalParams(Block):
    """How to estimate. Times ns, sizes lots; `signal_params()` gives the defaults."""

    vol_sample_ns: i64  # shortest time between two samples of the mid for volatility
    vol_short_tau_s: f64
    vol_long_tau_s: f64
    vol_min_samples: i64  # fewer: no volatility, no regime
    momentum_alpha: f64  # of the mid's EMA, per `momentum_sample_ns`
    momentum_sample_ns: i64
    imbalance_levels: i64
    imbalance_tau_s: f64
    vpin_buckets: i64
    vpin_volume: f64  # lots a bucket; with `vpin_adaptive` only the smallest size
    vpin_adaptive: i64
    vpin_bucket_s: f64  # adaptive: a bucket should take this long at the observed rate
    vpin_rate_tau_s: f64
    vpin_sigma_decay: f64  # weight of the past in the variance of trade price changes (BVC)
    regime_up: f64s[3]  # short / long volatility from which NORMAL, HIGH, EXTREME begin
    regime_hysteresis: f64  # a regime is left downwards at up * (1 - hysteresis)


class Signals(Block):
    """State and values of all estimators of one instrument. Prices ticks, sizes lots, times ns."""

    # best prices of others: the View's book without our own quotes
    book_wait: i64  # 1 = after a gap, until the next full book
    priced: i64  # 1 = bid, ask and mid below are valid now
    bid: i64
    ask: i64
    bid_lots: i64
    ask_lots: i64
    skip: i64s[2]  # levels of the View that are wholly ours, counted from the best
    mid: f64
    ts_priced: i64  # last row after which the book was priced
    ts_unpriced: i64  # when it stopped being priced; 0 = never was or is now
    n_crossed: i64
    n_own: i64s[2]
    own_px: i64s[2, OWN]
    own_lots: i64s[2, OWN]
    # volatility, bps per square root of a second
    vol_ts: i64
    vol_mid: f64
    vol_n: i64
    vol_short_v: f64
    vol_short_w: f64
    vol_long_v: f64
    vol_long_w: f64
    vol_ok: i64
    vol_short: f64
    vol_long: f64
    regime_ok: i64
    regime: i64
    # momentum, fraction of the mid
    momentum_ok: i64
    momentum: f64
    momentum_ts: i64
    momentum_n: i64
    momentum_ema: f64
    # book shape: bid share of the quantity, 0 .. 1
    micro_ok: i64
    micro_price: f64
    imbalance_ok: i64
    imbalance: f64
    depth_ok: i64
    depth_imbalance: f64
    depth_avg_ok: i64
    depth_average: f64
    depth_ts: i64
    # VPIN, 0 .. 1
    vpin_ok: i64
    vpin: f64
    vpin_n: i64  # complete buckets, ever
    vpin_target: f64  # lots of the bucket being filled; 0 = not known yet
    vpin_filled: f64
    vpin_buy: f64
    vpin_imbalance: f64s[VPIN_BUCKETS]
    vpin_size: f64s[VPIN_BUCKETS]
    vpin_first_ts: i64
    vpin_ts: i64
    vpin_rate: f64
    vpin_px: i64
    vpin_var: f64
    vpin_var_n: i64
    n_unsided: i64  # trades without aggressor, classified by BVC
    # shock: largest move of the mid within 60 s, fraction
    shock_ok: i64
    shock: f64
    shock_second: i64
    shock_n: i64
    shock_mid: f64
    shock_high: f64
    shock_low: f64
    shock_highs: f64s[SHOCK_SECONDS]
    shock_lows: f64s[SHOCK_SECONDS]
    shock_worst: f64s[SHOCK_SECONDS]
    n_bad_rows: i64  # feed rows that no rule knows; they change nothing


def signal_params(**values: float) -> SignalParams:
    """The defaults, with any field of `SignalParams` replaced. Raises AttributeError for an unknown name."""
    params = SignalParams(
        vol_sample_ns=100 * NS_PER_MS,
        vol_short_tau_s=60.0,
        vol_long_tau_s=1800.0,
        vol_min_samples=20,
        momentum_alpha=0.08,
        momentum_sample_ns=NS_PER_S // 2,
        imbalance_levels=5,
        imbalance_tau_s=5.0,
        vpin_buckets=20,
        vpin_volume=1.0,
        vpin_adaptive=1,
        vpin_bucket_s=30.0,
        vpin_rate_tau_s=600.0,
        vpin_sigma_decay=0.97,
        regime_up=(0.6, 1.5, 2.5),
        regime_hysteresis=0.1,
    )
    for name, value in values.items():
        if name not in SignalParams.fields:
            raise AttributeError(f"SignalParams has no field {name!r}")
        params.set(name, value)
    if not 1 <= params.s.vpin_buckets <= VPIN_BUCKETS:
        raise ValueError(f"Expected vpin_buckets 1 to {VPIN_BUCKETS}, was {params.s.vpin_buckets}")
    return params


def new_view(own_in_book: bool = False) -> View:
    """A view before its first event: no book, no funding rate, the mark taken from the mid."""
    return View(funding_rate=FAR, mark_from_mid=1, own_in_book=int(own_in_book))
