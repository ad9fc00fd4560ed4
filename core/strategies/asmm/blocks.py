"""The market maker's two blocks: its parameters in kernel units, and its state with the account of the last decision.

Keys are those of the target: side * 24 + layer. Distances are bps of the mid, prices ticks, sizes lots.
"""

from __future__ import annotations

from core.kernel import Block, f64, f64s, i64, i64s

LAYERS = 24
KEYS = 2 * LAYERS

# why nothing is quoted
QUOTING, NO_BOOK, STALE_BOOK, NO_VOLATILITY = range(4)
IDLE_NAMES = ("quoting", "no book", "stale book", "no volatility yet")

# terms of a quote's distance from the mid, in the order in which they are applied
(
    T_BASE, T_SPACING, T_ARRIVAL, T_REGIME, T_TOXICITY, T_PRESSURE, T_SKEW, T_MOMENTUM, T_MIN_SPREAD,
    T_RESERVATION, T_BOOK_PRESSURE, T_POST_ONLY, T_ROUNDING, T_HELD,
) = range(14)  # fmt: skip
TERMS = 14
TERM_NAMES = (
    "base", "spacing", "arrival", "regime", "toxicity", "inventory pressure", "skew", "momentum", "min spread",
    "reservation", "book pressure", "post-only", "rounding", "held",
)  # fmt: skip


class QuoteParams(Block):
    """AsmmParams in kernel units; fields of the same name mean the same."""

    geometric: i64
    first_bps: f64
    spacing_ratio: f64
    layer_size_decay: f64
    max_layers: i64
    base_lots: f64
    single_max_lots: i64
    net_max_lots: i64
    half_min_bps: f64
    interval_ns: i64
    take_profit_pct: f64
    take_profit_fraction: f64
    cancel_tolerance: f64
    momentum_threshold: f64
    inventory_pressure_threshold: f64
    inventory_pressure_strength: f64
    inventory_pressure_exponent: f64
    skew_factor: f64
    risk_aversion: f64
    reservation_horizon_s: f64
    max_skew_bps: f64
    asymmetric_pressure: f64
    arrival_decay: f64
    vpin_low: f64
    vpin_high: f64
    imbalance_low: f64
    imbalance_high: f64
    imbalance_weight: f64
    toxicity_unknown: f64
    toxic_spread: f64
    toxic_spacing: f64
    toxic_layer_cut: f64
    regime_spread: f64s[4]
    regime_layers: f64s[4]
    noise_layers: f64s[4]
    noise_interval: f64s[4]
    cap_volatility_slope: f64
    cap_volatility_bps: f64
    cap_loss_money: f64
    cap_floor: f64
    book_stale_ns: i64
    book_grace_ns: i64


class QuoteState(Block):
    """What the market maker remembers, and the account of its last decision."""

    next_decision: i64
    ts_decision: i64
    interval_ns: i64  # between decisions now, noise level included
    idle: i64
    pnl_start: i64  # 1e-8 quote, at the start of the round
    pnl: i64  # of the round, 1e-8 quote, at the last decision
    pnl_ok: i64
    cap_lots: i64  # adaptive net cap now (S3-77); the gate uses it
    # inputs and terms of the last decision
    mid: f64
    reservation: f64  # ticks
    reservation_bps: f64
    book_bps: f64
    skew_bps: f64  # centre minus mid
    inventory: f64  # position / netMax, -1 .. 1
    used: f64  # |position| / cap_lots, 0 .. 1
    pressure: f64
    toxicity: f64
    vpin_known: i64
    momentum_bps: f64  # signed excess over the threshold; > 0 widens bids
    spacing: f64
    regime: i64
    noise_level: i64
    layers: i64
    placeable: i64s[2]
    spread_bps: f64  # between our best targets; 0 = not quoting both sides
    best: i64s[2]  # our best targets, 0 = none
    # the ladder
    px: i64s[KEYS]
    qty: i64s[KEYS]
    tol: i64s[KEYS]
    term: f64s[KEYS, TERMS]
    # what the last decision put into the target; 0 lots = not quoted
    last_px: i64s[KEYS]
    last_qty: i64s[KEYS]
    tp_side: i64
    tp_px: i64
    tp_qty: i64
    # counters
    n_decisions: i64
    n_held: i64
    n_pulled: i64
    n_quotes: i64
    n_merged: i64
    n_below_min: i64
    n_over_cap: i64
    n_off_band: i64
