"""Blocks of risk: `Limits` (what config allows), `Risk` (what has happened), `Vitals` (what was measured).

Money 1e-8 quote, sizes lots, times ns, shares as fractions. A limit of 0 is a limit that is missing: it refuses.
"""

from __future__ import annotations

from core.domain.order import REQUESTS
from core.kernel import Block, f64, f64s, i64, i64s

BANDS = 8
SHOCK_SECONDS = 64  # ring of one-second ranges of the mid
COOLDOWNS = 8

RUNNING, PAUSED_MODE, COOLDOWN_MODE, HALTED_MODE = 0, 1, 2, 3
MODE_NAMES = ("RUNNING", "PAUSED", "COOLDOWN", "HALTED")
STYLE_NONE, STYLE_MAKER, STYLE_TAKER, STYLE_MARKET = 0, 1, 2, 3


class Limits(Block):
    """Bounds, from `params.limits_of`."""

    net_max: i64
    account_max: i64  # lots over all strategies and foreign orders; FAR = not armed
    single_max: i64
    max_value: i64
    collar: f64
    slip: f64
    daily_max: i64
    pnl_min: i64  # negative
    pnl_max: i64
    stop_loss: i64  # negative
    cooldown_ns: i64
    cooldowns_to_halt: i64
    cooldown_window_ns: i64
    reduce_only_loss: i64
    market_share: f64
    n_bands: i64
    band: i64s[BANDS]
    fraction: f64s[BANDS]
    hysteresis: f64  # share of a bound that must be regained before it re-arms
    reduce_cooldown_ns: i64
    maker_first: i64
    maker_timeout_ns: i64
    shock: f64
    shock_ns: i64
    latency_ns: i64
    unknown_halt_ns: i64
    book_stale_ns: i64
    silence_ns: i64
    buffer_redline: f64
    buffer_flatten: f64
    liquidation_stale_ns: i64
    vitals_stale_ns: i64
    noise_errors: f64s[3]
    noise_latency_ns: i64s[3]
    noise_hold_ns: i64
    budget: i64  # messages a 10 s window at the gate
    max_fills: i64  # a minute
    reject_limit: i64
    reject_cooldown_ns: i64


class Vitals(Block):
    """The last `Health` event and the last liquidation price read. ts 0 = never came: that trigger is not armed."""

    ts: i64
    tick_to_order_p99_ns: i64
    order_ack_p99_ns: i64
    loop_lag_ns: i64
    requests: i64
    request_errors: i64
    clock_offset_ns: i64
    links_down: i64
    liquidation_ts: i64
    liquidation_px: i64  # ticks; 0 = the position cannot be liquidated, -1 = not known
    liquidation_pos: i64  # signed lots of the position that it was read for
    account_ts: i64  # of the last cross-check that agreed with the venue


class Risk(Block):
    """State of all limits for one strategy on one instrument, and what it asks for."""

    mode: i64
    why: i64
    since: i64
    pull_quotes: i64
    pull_why: i64
    armed: i64
    # modes
    halted: i64
    halt_why: i64
    halt_ts: i64
    paused: i64
    paused_why: i64
    cooldown_until: i64
    cooldown_why: i64
    cooldown_ts: i64s[COOLDOWNS]
    n_cooldowns: i64
    reduce_only: i64
    day_stop: i64
    want_flatten: i64  # reason code: the emergency flatten is asked for
    # the other legs of the same seat: money is limited for all of them together
    peer_net: i64
    peer_unrealised: i64
    # figures
    mark: i64
    unrealised: i64
    round_pnl: i64
    day_pnl: i64
    round_base: i64
    day_base: i64
    day: i64
    equity: i64  # at the start of the round
    loss_step: i64  # multiples of pnl_min that have fired this round
    win_done: i64
    # shock
    shock_second: i64s[SHOCK_SECONDS]
    shock_low: f64s[SHOCK_SECONDS]
    shock_high: f64s[SHOCK_SECONDS]
    shock_now: i64  # the second whose older range stands in the two fields below
    shock_old_low: f64
    shock_old_high: f64
    shock_move: f64
    # reduce work
    band_done: i64s[BANDS]
    reduce_active: i64
    reduce_why: i64
    reduce_sign: i64
    reduce_goal: i64  # |position| at which the work is done
    reduce_from: i64
    reduce_ts: i64
    reduce_next: i64  # not before
    reduce_lots: i64
    reduce_side: i64
    reduce_style: i64
    n_reduces: i64
    # machine and venue
    noise_level: i64
    noise_ts: i64
    latency_notice: i64
    n_latency: i64
    stale: i64
    buffer: f64  # signed; -1 = not known
    fill_ts: i64
    fill_base: i64
    fills_minute: i64
    reject_code: i64
    reject_n: i64
    reject_ts: i64
    # gate
    credit: i64
    credit_ts: i64
    own_best: i64s[2]
    value: i64s[REQUESTS]
    limit: i64s[REQUESTS]
    n_refused: i64s[64]  # by reason code
    fired: i64s[64]
