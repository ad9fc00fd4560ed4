"""The guard: each wake, every limit on PnL, position, market and machine; its outputs stand in `Risk`.

Reads ledger, view, vitals; writes only `Risk`. It sends nothing: quotes are pulled, reduces and stops carried out by
those who read `pull_quotes`, `reduce_*`, `want_flatten`. What cannot be evaluated counts as hit once armed.
Source: S3-18..S3-28 with the units of K-18, RELIABILITY.md section 5.
"""

from __future__ import annotations

from core.domain.book import View
from core.domain.instrument import Spec
from core.domain.order import Ledger
from core.domain.reasons import (
    COOLDOWN,
    DAILY_MAX,
    MISSING_INPUT,
    PNL_BOUNDS,
    REDUCE_ONLY_MODE,
    SHOCK,
    STALE_DATA,
    STOP_LOSS,
    UNKNOWN_ORDER,
)
from core.domain.units import BUY, NS_PER_S, SELL
from core.kernel import door, kernel
from core.risk.blocks import BANDS, RUNNING, Limits, Risk, Vitals
from core.risk.modes import cool_down, fire, halt, halt_and_flatten, settle_mode
from core.risk.reducing import settle_reduce, start_reduce, watch_bands, watch_buffer
from core.risk.valuation import net_pnl, unrealised
from core.risk.watch import watch_book, watch_latency, watch_noise, watch_repeats, watch_shock

DAY_NS = 86_400 * NS_PER_S
ACCOUNT_STALE_NS = 10 * NS_PER_S  # R-N1: without a cross-check that agreed for so long, no quotes


@kernel
def value(r: Risk, o: Ledger, s: Spec, mark: int, now: int) -> None:
    """Round and day PnL at `mark`, of all legs; the day starts anew at 00:00 UTC (S3-18)."""
    r.mark = mark
    r.unrealised = unrealised(o, mark, s.unit) + r.peer_unrealised
    net = net_pnl(o, mark, s.unit) + r.peer_net
    r.round_pnl = net - r.round_base
    day = now // DAY_NS
    if day != r.day:
        r.day = day
        r.day_base = net
        r.day_stop = 0
    r.day_pnl = net - r.day_base


@kernel
def watch_round(x: Limits, r: Risk, o: Ledger, now: int) -> None:
    """pnlMin cools down, once for each multiple lost; pnlMax takes the round's win; stopLoss ends it (K-18)."""
    if x.pnl_min >= 0 or x.stop_loss >= 0 or x.pnl_max <= 0:
        halt(r, MISSING_INPUT, now)
        return
    if r.round_pnl <= x.stop_loss:
        halt_and_flatten(r, STOP_LOSS, now)
    back = int(x.pnl_min * x.hysteresis)
    if r.loss_step > 0 and r.round_pnl > x.pnl_min - back:
        r.loss_step = 0
    steps = -r.round_pnl // -x.pnl_min
    if r.round_pnl <= x.pnl_min and steps > r.loss_step:
        r.loss_step = steps
        cool_down(x, r, PNL_BOUNDS, now, x.cooldown_ns)
    if r.round_pnl >= x.pnl_max and r.win_done == 0:
        r.win_done = 1
        r.paused = 1
        r.paused_why = PNL_BOUNDS
        fire(r, PNL_BOUNDS)
        if o.pos != 0:
            start_reduce(x, r, o, abs(o.pos), PNL_BOUNDS, now)


@kernel
def watch_day(x: Limits, r: Risk) -> None:
    """That much lost since 00:00 UTC: no new risk until the next day."""
    if r.day_stop == 0 and not (-r.day_pnl < x.daily_max):
        r.day_stop = 1
        fire(r, DAILY_MAX)


@kernel
def watch_loss(x: Limits, r: Risk) -> None:
    """Reduce-only from the threshold of unrealised loss until it is back under it less hysteresis (S3-23)."""
    loss = -r.unrealised
    if r.reduce_only == 0 and not (loss < x.reduce_only_loss):
        r.reduce_only = 1
        fire(r, REDUCE_ONLY_MODE)
    elif r.reduce_only == 1 and loss < x.reduce_only_loss - int(x.reduce_only_loss * x.hysteresis):
        r.reduce_only = 0


@kernel
def watch_unknown(x: Limits, r: Risk, o: Ledger, now: int) -> None:
    """An order whose fate stays UNKNOWN too long halts (RELIABILITY 5)."""
    if o.n_unknown > 0 and not (now - o.oldest_unknown <= x.unknown_halt_ns):
        halt(r, UNKNOWN_ORDER, now)


@kernel
def settle_quotes(r: Risk, blind: int) -> None:
    """Whether quotes must go, and the first reason for it; `blind`: the account was not confirmed for too long (N1)."""
    why = 0
    if r.mode != RUNNING:
        why = r.why if r.why != 0 else COOLDOWN
    elif r.armed == 0 or r.stale != 0 or blind != 0:
        why = STALE_DATA
    elif r.day_stop != 0:
        why = DAILY_MAX
    elif r.reduce_only != 0:
        why = REDUCE_ONLY_MODE
    r.pull_why = why
    r.pull_quotes = 0
    if r.mode != RUNNING or why != 0:
        r.pull_quotes = 1


@kernel
def guard(x: Limits, r: Risk, o: Ledger, v: View, s: Spec, vit: Vitals, now: int) -> int:
    """`step` inside other kernels."""
    stale = watch_book(x, r, o, v, now)
    if stale == 0 and v.mark > 0:
        r.armed = 1
        mid = (v.px[BUY][0] + v.px[SELL][0]) * 0.5
        if watch_shock(x, r, mid, now) == 1:
            cool_down(x, r, SHOCK, now, x.cooldown_ns)
    if v.mark > 0:
        value(r, o, s, v.mark, now)
        watch_round(x, r, o, now)
        watch_day(x, r)
        watch_loss(x, r)
        loss = max(0, -r.unrealised)
        watch_bands(x, r, o, s, loss, now)
        watch_buffer(x, r, o, s, vit, now)
        settle_reduce(x, r, o, loss, now)
    elif r.armed == 1:
        r.stale = 1
        if o.pos != 0:
            halt(r, MISSING_INPUT, now)  # a position that cannot be valued any more
    watch_unknown(x, r, o, now)
    watch_latency(x, r, vit)
    watch_noise(x, r, vit, now)
    watch_repeats(x, r, o, now)
    settle_mode(r, now)
    blind = 0
    if vit.account_ts > 0 and now - vit.account_ts > ACCOUNT_STALE_NS:
        blind = 1
    settle_quotes(r, blind)
    return r.mode


@door
def step(X: Limits, R: Risk, L: Ledger, V: View, S: Spec, H: Vitals, now: int) -> int:
    """Every wake, after the reports and before the strategy (S3-34). Returns the mode (`blocks.MODE_NAMES`)."""
    return guard(X[0], R[0], L[0], V[0], S[0], H[0], now)


@door
def start_round(R: Risk, L: Ledger, S: Spec, mark: int, equity: int, now: int) -> int:
    """A round begins: PnL counts from here, `equity` (1e-8 quote) sets the market trigger. Returns the base."""
    r = R[0]
    o = L[0]
    if mark > 0:
        r.round_base = net_pnl(o, mark, S[0].unit) + r.peer_net
    else:  # a position without a mark counts at cost: what it is worth comes with the mark, into this round
        r.round_base = o.realised - o.fees + o.funding + r.peer_net
    r.round_pnl = 0
    r.equity = equity
    r.loss_step = 0
    r.win_done = 0
    if r.day == 0:
        r.day = now // DAY_NS
        r.day_base = r.round_base
    for k in range(BANDS):
        if L[0].pos == 0:
            r.band_done[k] = 0
    return r.round_base
