"""The gate in the engine: one planned request against every limit, at worst case, before it may leave.

Answers with a reason code of `core.domain.reasons`; 0 = approved. Writes only the figures that decided and the message
credit. Comparisons are written `not (x <= limit)`, so that NaN refuses. Cancels always pass.
"""

from __future__ import annotations

from core.domain.book import View
from core.domain.instrument import Spec
from core.domain.order import (
    CANCEL,
    CLOSE_POSITION,
    FREE,
    MARKET,
    REDUCE_ONLY,
    REQUESTS,
    RESTING_REJECT,
    SLOTS,
    STOP,
    Ledger,
    Requests,
)
from core.domain.reasons import (
    COOLDOWN,
    DAILY_MAX,
    FILTER_MAX_QTY,
    FILTER_MIN_QTY,
    HALTED,
    MESSAGE_BUDGET,
    MISSING_INPUT,
    NET_CAP,
    OK,
    PAUSED,
    REDUCE_ONLY_MODE,
    REDUCE_ONLY_SIZE,
    SLIPPAGE,
    UNKNOWN_ORDER,
)
from core.domain.units import BUY, NS_PER_S, SELL, sign_of
from core.kernel import kernel
from core.risk.blocks import STYLE_MARKET, Limits, Risk
from core.risk.checks import MAX_LOTS, check_form, check_fresh, check_price, check_size, mid_of, refuse

WINDOW_NS = 10 * NS_PER_S


@kernel
def open_gate(x: Limits, r: Risk, o: Ledger, now: int) -> None:
    """Once before the requests of a moment: message credit of the time gone, and our own best resting prices."""
    half = x.budget // 2
    gone = min(WINDOW_NS, max(0, now - r.credit_ts))
    if r.credit_ts == 0:
        gone = WINDOW_NS
    r.credit_ts = max(r.credit_ts, now)
    r.credit = min(half * WINDOW_NS, r.credit + gone * half)
    r.own_best[BUY] = 0
    r.own_best[SELL] = 0
    for i in range(SLOTS):
        state = o.state[i]
        if state != FREE and state != RESTING_REJECT:
            note_price(r, o.side[i], o.px[i])


@kernel
def note_price(r: Risk, side: int, px: int) -> None:
    """Our best price of each side, 0 = none."""
    best = r.own_best[side]
    if px > 0 and (best == 0 or sign_of(side) * (px - best) > 0):
        r.own_best[side] = px


@kernel
def check_mode(r: Risk, o: Ledger, q: Requests, n: int, reduces: int, now: int) -> int:
    """HALTED passes only the stop's own reduces; PAUSED, COOLDOWN, the day's stop and UNKNOWN pass exits."""
    if r.halted != 0 and not (reduces != 0 and q.flags[n] & STOP):
        return refuse(r, n, HALTED, r.halt_why, 0)
    if reduces != 0:
        return OK
    if r.paused != 0:
        return refuse(r, n, PAUSED, r.paused_why, 0)
    if r.cooldown_until > now:
        return refuse(r, n, COOLDOWN, r.cooldown_until, now)
    if r.day_stop != 0:
        return refuse(r, n, DAILY_MAX, r.day_pnl, 0)
    if r.reduce_only != 0:
        return refuse(r, n, REDUCE_ONLY_MODE, r.unrealised, 0)
    if o.n_unknown != 0:
        return refuse(r, n, UNKNOWN_ORDER, o.n_unknown, 0)
    return OK


@kernel
def check_net(x: Limits, r: Risk, o: Ledger, q: Requests, n: int, more: int, cap: float) -> int:
    """Position plus every order that may still fill on this side, plus `more`, stays within the cap (S3-16, S3-77)."""
    side = q.side[n]
    if not (cap > 0.0 and cap < MAX_LOTS):
        return refuse(r, n, MISSING_INPUT, 0, x.net_max)
    allowed = min(x.net_max, int(cap))
    worst = sign_of(side) * o.pos + o.open_lots[side] + more
    if not (worst <= allowed):
        return refuse(r, n, NET_CAP, worst, allowed)
    worst += sign_of(side) * o.other_pos + o.other_lots[side]
    if not (worst <= x.account_max):
        return refuse(r, n, NET_CAP, worst, x.account_max)
    return OK


@kernel
def check_reduce(x: Limits, r: Risk, o: Ledger, v: View, s: Spec, q: Requests, n: int, more: int, now: int) -> int:
    """Clamped to the position; before the market trigger it may pay at most the slippage bound.

    Quotes of the same side were let in because of the position: with it gone they alone must still fit the cap, so
    until the market trigger (and outside a stop) the size is clamped to what they leave of it (S3-16).
    """
    side = q.side[n]
    held = -sign_of(side) * o.pos
    if held <= 0:
        return refuse(r, n, REDUCE_ONLY_SIZE, q.qty[n], max(0, held))
    more -= max(0, q.qty[n] - held)
    q.qty[n] = min(q.qty[n], held)
    if q.flags[n] & STOP == 0 and r.reduce_style != STYLE_MARKET:
        over = o.open_lots[side] - held + more - x.net_max
        if over >= q.qty[n]:
            return refuse(r, n, NET_CAP, x.net_max + over, x.net_max)
        q.qty[n] -= max(0, over)
    if s.min_lots <= 0 or s.max_lots <= 0:
        return refuse(r, n, MISSING_INPUT, s.min_lots, 1)
    if q.qty[n] < s.min_lots and q.flags[n] & CLOSE_POSITION == 0:
        return refuse(r, n, FILTER_MIN_QTY, q.qty[n], s.min_lots)
    if q.qty[n] > s.max_lots:
        return refuse(r, n, FILTER_MAX_QTY, q.qty[n], s.max_lots)
    if q.flags[n] & STOP:
        return OK
    code = check_fresh(x, r, v, n, now)
    if code != OK:
        return code
    if r.reduce_style == STYLE_MARKET:
        return OK
    mid = mid_of(v)
    if q.type[n] == MARKET or not (sign_of(side) * (q.px[n] - mid) <= x.slip * mid):
        return refuse(r, n, SLIPPAGE, q.px[n], int(mid))
    return OK


@kernel
def charge(r: Risk, n: int, must: int) -> int:
    """One message of credit; exits may overdraw it."""
    if must == 0 and r.credit < WINDOW_NS:
        return refuse(r, n, MESSAGE_BUDGET, r.credit // WINDOW_NS, 1)
    r.credit = max(-REQUESTS * WINDOW_NS, r.credit - WINDOW_NS)
    return OK


@kernel
def check(x: Limits, r: Risk, o: Ledger, v: View, s: Spec, q: Requests, n: int, more: int, cap: float, now: int) -> int:
    """Reason code for request `n`; 0 = approved. May shrink a reduce-only size to the position.

    `more` = lots by which the side's worst case would grow; `cap` = the strategy's adaptive net cap in lots.
    """
    r.value[n] = 0
    r.limit[n] = 0
    if q.kind[n] == CANCEL:
        return charge(r, n, 1)
    code = check_form(r, o, s, q, n)
    if code != OK:
        return code
    reduces = q.flags[n] & (REDUCE_ONLY | CLOSE_POSITION)
    code = check_mode(r, o, q, n, reduces, now)
    if code != OK:
        return code
    if reduces != 0:
        code = check_reduce(x, r, o, v, s, q, n, more, now)
        if code != OK:
            return code
        return charge(r, n, 1)
    code = check_fresh(x, r, v, n, now)
    if code == OK:
        code = check_price(x, r, o, v, s, q, n)
    if code == OK:
        code = check_size(x, r, s, q, n)
    if code == OK:
        code = check_net(x, r, o, q, n, more, cap)
    if code == OK:
        code = charge(r, n, 0)
    return code
