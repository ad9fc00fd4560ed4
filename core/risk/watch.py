"""Watches over market and machine: shock, silence, latency, noise level, repeated fills and rejects.

Each writes its own fields of `Risk`. PnL limits are in `guard.py`, the size of reduces in `reducing.py`.
"""

from __future__ import annotations

from core.domain.book import View
from core.domain.order import ACCEPTED, REJECTED, Ledger, Reports
from core.domain.reasons import LATENCY, NO_FILL, NO_LIQUIDITY, POST_ONLY_CROSS, REPEATED, STALE_DATA
from core.domain.units import BUY, NS_PER_S, SELL
from core.kernel import door, kernel
from core.risk.blocks import SHOCK_SECONDS, Limits, Risk, Vitals
from core.risk.modes import cool_down, fire, halt

MINUTE_NS = 60 * NS_PER_S


@kernel
def older_range(r: Risk, second: int, window_s: int) -> None:
    """Lowest and highest mid of the window without the current second; 0 = none yet."""
    low = 0.0
    high = 0.0
    for i in range(SHOCK_SECONDS):
        age = second - r.shock_second[i]
        if age > 0 and age <= window_s and r.shock_high[i] > 0.0:
            if low == 0.0 or r.shock_low[i] < low:
                low = r.shock_low[i]
            high = max(high, r.shock_high[i])
    r.shock_old_low = low
    r.shock_old_high = high
    r.shock_now = second


@kernel
def watch_shock(x: Limits, r: Risk, mid: float, now: int) -> int:
    """1 when the mid moved by `shock` or more within the window (S3-28). `mid` > 0."""
    second = now // NS_PER_S
    cell = second % SHOCK_SECONDS
    if r.shock_now != second:
        older_range(r, second, x.shock_ns // NS_PER_S)
    if r.shock_second[cell] != second:
        r.shock_second[cell] = second
        r.shock_low[cell] = mid
        r.shock_high[cell] = mid
    r.shock_low[cell] = min(r.shock_low[cell], mid)
    r.shock_high[cell] = max(r.shock_high[cell], mid)
    low = r.shock_low[cell]
    high = r.shock_high[cell]
    if r.shock_old_high > 0.0:
        low = min(low, r.shock_old_low)
        high = max(high, r.shock_old_high)
    r.shock_move = max((mid - low) / low, (high - mid) / high)
    if not (mid - low < x.shock * low) or not (high - mid < x.shock * high):
        return 1
    return 0


@kernel
def watch_book(x: Limits, r: Risk, o: Ledger, v: View, now: int) -> int:
    """1 when quotes must be pulled for want of a fresh book. Silence with a position open for too long halts."""
    r.stale = 0
    young = v.ts_recv > 0 and x.book_stale_ns > 0 and now - v.ts_recv <= x.book_stale_ns
    if v.book_ok != 1 or not young or v.px[BUY][0] <= 0 or v.px[SELL][0] <= 0:
        r.stale = 1
    if r.armed == 1 and o.pos != 0 and not (now - v.ts_recv <= x.silence_ns):
        halt(r, STALE_DATA, now)
    return r.stale


@kernel
def watch_latency(x: Limits, r: Risk, vit: Vitals) -> None:
    """Notice above the threshold (S3-19); counted once each time it is crossed."""
    slow = max(vit.tick_to_order_p99_ns, vit.order_ack_p99_ns)
    notice = 0
    if vit.ts > 0 and not (slow <= x.latency_ns):
        notice = 1
    if notice == 1 and r.latency_notice == 0:
        r.n_latency += 1
        fire(r, LATENCY)
    r.latency_notice = notice


@kernel
def noise_of(x: Limits, vit: Vitals, share: float) -> int:
    """Level 0-3 of error rate and latency, with the bounds scaled by `share` (below 1 when coming down)."""
    rate = 0.0
    if vit.requests > 0:
        rate = vit.request_errors / vit.requests
    elif vit.request_errors > 0:
        rate = 1.0
    slow = max(vit.tick_to_order_p99_ns, vit.order_ack_p99_ns, vit.loop_lag_ns)
    level = 0
    for k in range(3):
        if not (rate < x.noise_errors[k] * share) or not (slow < x.noise_latency_ns[k] * share):
            level = k + 1
    return level


@kernel
def watch_noise(x: Limits, r: Risk, vit: Vitals, now: int) -> None:
    """Up at once, down one level after each hold time below the bound less hysteresis (S3-66). Lost vitals: level 3."""
    if vit.ts <= 0:
        return
    if not (now - vit.ts <= x.vitals_stale_ns):
        r.noise_level = 3
        r.noise_ts = now
        return
    up = noise_of(x, vit, 1.0)
    if up >= r.noise_level:
        r.noise_level = up
        r.noise_ts = now
    elif noise_of(x, vit, 1.0 - x.hysteresis) >= r.noise_level:
        r.noise_ts = now
    elif now - r.noise_ts >= x.noise_hold_ns:
        r.noise_level -= 1
        r.noise_ts = now


@kernel
def watch_repeats(x: Limits, r: Risk, o: Ledger, now: int) -> None:
    """More fills in a minute than anybody meant: HALT until a person looks (R-L5)."""
    n = o.n_fills[BUY] + o.n_fills[SELL]
    if r.fill_ts == 0 or now - r.fill_ts >= MINUTE_NS:
        r.fill_ts = now
        r.fill_base = n
    r.fills_minute = n - r.fill_base
    if not (r.fills_minute <= x.max_fills):
        halt(r, REPEATED, now)


@door
def watch_rejects(X: Limits, R: Risk, P: Reports, now: int) -> int:
    """Identical venue rejects in a row break the loop by a cool-down (R-O6); call with each batch of reports.

    Post-only crosses and unfilled IOCs are the market moving, not a loop. Returns the run length.
    """
    x = X[0]
    r = R[0]
    p = P[0]
    for k in range(p.n):
        code = p.code[k]
        if p.kind[k] == ACCEPTED:
            r.reject_n = 0
        elif p.kind[k] == REJECTED and code != POST_ONLY_CROSS and code != NO_FILL and code != NO_LIQUIDITY:
            if code != r.reject_code or now - r.reject_ts > MINUTE_NS:
                r.reject_n = 0
            r.reject_code = code
            r.reject_ts = now
            r.reject_n += 1
            if r.reject_n >= x.reject_limit:
                cool_down(x, r, code, now, x.reject_cooldown_ns)
                r.reject_n = 0
    return r.reject_n
