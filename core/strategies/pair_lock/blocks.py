"""The pair's blocks: parameters, what the decision remembers, the spread's window. Status and wish: `core.domain.pair`.

Leg 0 lives on the long venue and is only ever bought to open, leg 1 on the short venue and is only ever sold, so the
number of a leg is also its opening side (BUY 0, SELL 1). Prices and spreads are quote units, not ticks: the two
venues need not share a grid. Times ns, rates and returns fractions.
"""

from __future__ import annotations

from core.kernel import Block, f64, f64s, i64, i64s

SAMPLES = 14_400  # room of the spread's window: 4 h of 1 s samples

# why the wish is what it is: first the reasons to act, then the reasons to wait
(
    UNDECIDED, GATE_OPEN, LOCK_PRICE, UPPER_BAND, LOWER_BAND, TIMEOUT, REBOUND, EXIT_TIME, TAKE_PROFIT,
    STOP_LOSS, STOP_BLIND, FUNDING_GUARD, GUARD_BLIND, LIQUIDATION, LIQUIDATION_BLIND,
    BUSY, LOCKING, BAD_STATE, NO_ENTRIES, NO_PRICE, VOLATILITY, SETTLEMENT, RESIDUAL, GUARD_AHEAD, CONDITIONS,
    NO_POSITION, BELOW_LOCK, NO_BANDS, INSIDE_BANDS, FUNDING_UNKNOWN, HOLDING,
) = range(31)  # fmt: skip
REASON_NAMES = (
    "not decided yet", "gate open", "lock price reached", "spread at the upper band", "spread at the lower band",
    "longest lock", "rebound", "longest single leg", "take profit",
    "stop of the leg", "stop cannot be evaluated", "funding guard", "funding guard cannot be evaluated",
    "liquidation bound", "liquidation bound cannot be evaluated",
    "saga at work", "second leg at work", "unknown state", "entries not allowed", "no fresh price",
    "volatility outside its band", "adverse settlement ahead", "residual of the pair", "funding guard would cut it",
    "too few conditions", "declared leg not held", "below the lock price", "no bands yet", "inside the bands",
    "funding unknown", "no exit due",
)  # fmt: skip

# conditions of the gate (bits), of which `min_conditions` must hold
TREND, TARGET, CARRY = 1, 2, 4
CONDITION_NAMES = ("trend", "net target return", "funding spread")

# price sources, band modes, what the funding guard does to a locked pair, first legs allowed (bits 1 << leg)
MID, MARK, INDEX = range(3)
SIGMA, QUANTILE = range(2)
REDUCE, CUT_LEG = range(2)

# limits that have a clock of their own for not being evaluable
L_STOP, L_GUARD, L_LIQUIDATION = range(3)


class PairBlock(Block):
    """PairParams in kernel units; fields of the same name mean the same. Arrays are by leg."""

    base_qty: f64
    tick: f64s[2]
    lot: f64s[2]
    stale_ns: i64s[2]
    taker_fee: f64s[2]  # fraction of the notional after the referral; > 0 = paid
    maker_fee: f64s[2]
    price_source: i64
    first_legs: i64
    sample_ns: i64
    ema_fast: i64
    ema_slow: i64
    min_diff: f64
    min_target_return: f64
    funding_spread_bps: f64
    funding_literal: i64
    funding_basis_hours: f64
    funding_assumed: i64
    funding_horizon_ns: i64
    settlement_bar_ns: i64
    min_conditions: i64
    vol_on: i64
    vmin: f64
    vmax: f64
    vol_tau_s: f64
    vol_min_samples: i64
    g_pct: f64
    band_mode: i64
    band_sigma: f64
    lb: f64
    ub: f64
    band_span: i64  # samples
    band_min_samples: i64
    t_max_ns: i64
    stop_loss_first_leg: f64
    net_delta_max_ratio: f64
    funding_guard_apr: f64
    guard_action: i64
    first_leg_maker: i64
    count_exit_fees: i64
    exit_rebound_pct: f64
    exit_max_ns: i64
    exit_take_pct: f64
    liquidation_redline: f64
    liquidation_slice: f64
    liquidation_stale_ns: i64
    limit_blind_ns: i64
    wish_repeat_ns: i64


class PairState(Block):
    """What the decision remembers, and the figures of the last one. A value counts only while its `*_ok` is 1."""

    now: i64
    # prices
    px_ok: i64s[2]
    px_seen: i64s[2]  # 1 = had a fresh price once: limits on it are armed
    px: f64s[2]
    entry_ok: i64s[2]
    entry: f64s[2]
    held: i64s[2]  # 1 = the leg has a position of its own sign
    size: f64s[2]  # signed, base coins
    size_ts: i64s[2]  # when it was first seen as it is
    residual: f64  # |net delta| / larger leg (base_qty where that is larger)
    spread_ok: i64
    spread: f64
    # 1 s samples
    sample: i64  # number of the last sample
    ema_n: i64s[2]
    ema_sample: i64s[2]
    ema_fast: f64s[2]
    ema_slow: f64s[2]
    vol_n: i64s[2]
    vol_px: f64s[2]
    vol_v: f64s[2]
    vol_w: f64s[2]
    vol_ok: i64s[2]
    vol: f64s[2]  # annualised on 365 d
    # funding
    rate_ok: i64s[2]
    rate_seen: i64s[2]
    rate: f64s[2]  # fraction per interval; > 0 = longs pay
    rate_hour: f64s[2]
    settlement: i64s[2]  # next one, ns; 0 = not known
    carry_bps: f64  # funding spread per basis hours, in the configured sign
    guard_apr: f64  # net funding paid by what is held, annualised, > 0 = cost; NaN = not known
    # the gate, by first leg
    trend: f64s[2]  # theta1, > 0 = in favour of that first leg
    target: f64s[2]  # theta2
    funding_cost: f64s[2]  # expected, fraction, > 0 = paid
    conditions: i64s[2]  # bits TREND, TARGET, CARRY that hold
    barred: i64s[2]  # first filter that failed (a reason), GATE_OPEN = none
    # legs
    pnl: f64s[2]  # price PnL of each held leg since its entry, fraction
    rebound: f64  # move of the single leg in its favour since the unlock, fraction (S4, S5)
    buffer: f64s[2]  # signed distance of the mark to liquidation, fraction
    blind_since: i64s[3]
    seen_state: i64
    seen_since: i64
    seen_px: f64
    n_decisions: i64
    n_samples: i64
    n_restarts: i64  # trends begun anew after a gap


class SpreadWindow(Block):
    """Past spreads: a ring in order of time and the same values in order of size, with their bands."""

    first: i64
    n: i64
    n_pushed: i64
    stamp: i64s[SAMPLES]  # number of the sample
    value: f64s[SAMPLES]
    ordered: f64s[SAMPLES]  # the first n
    origin: f64  # sums are of value - origin
    sum1: f64
    sum2: f64
    ok: i64  # 1 = bands below are valid
    mean: f64
    sigma: f64
    lb: f64
    ub: f64
    half_life_ok: i64
    half_life_s: f64
