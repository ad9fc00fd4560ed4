"""What one request must be whatever the account holds: makes sense, fresh data, a price and a size that may be.

Part of the gate: each check answers with a reason code and writes only the two figures that decided.
"""

from __future__ import annotations

from core.domain.book import View
from core.domain.instrument import Spec
from core.domain.order import (
    AMEND,
    CREATE,
    FREE,
    LIVE,
    MARKET,
    SLOTS,
    Ledger,
    Requests,
)
from core.domain.reasons import (
    BAD_REQUEST,
    FILTER_MAX_QTY,
    FILTER_MIN_NOTIONAL,
    FILTER_MIN_QTY,
    MAX_VALUE,
    MISSING_INPUT,
    OK,
    PRICE_BAND,
    PRICE_COLLAR,
    SELF_MATCH,
    SINGLE_MAX,
    STALE_DATA,
)
from core.domain.units import BUY, MAX_NOTIONAL, PPM, SELL, sign_of
from core.kernel import kernel
from core.risk.blocks import Limits, Risk

MAX_LOTS = 1 << 31


@kernel
def refuse(r: Risk, n: int, code: int, value: int, limit: int) -> int:
    """Keep the two figures that decided."""
    r.value[n] = value
    r.limit[n] = limit
    return code


@kernel
def check_form(r: Risk, o: Ledger, s: Spec, q: Requests, n: int) -> int:
    """A request that makes sense: known kind, side, slot and figures that int64 can hold."""
    kind = q.kind[n]
    side = q.side[n]
    slot = q.slot[n]
    qty = q.qty[n]
    if (kind != CREATE and kind != AMEND) or (side != BUY and side != SELL) or slot < 0 or slot >= SLOTS:
        return refuse(r, n, BAD_REQUEST, kind, 0)
    if kind == CREATE and o.state[slot] != FREE:
        return refuse(r, n, BAD_REQUEST, o.state[slot], FREE)
    if kind == AMEND and (o.state[slot] != LIVE or o.cl_id[slot] != q.cl_id[n] or o.side[slot] != side):
        return refuse(r, n, BAD_REQUEST, o.state[slot], LIVE)
    if kind == AMEND and q.flags[n] != o.flags[slot]:
        return refuse(r, n, BAD_REQUEST, q.flags[n], o.flags[slot])  # an amend cannot change what an order may do
    if s.unit <= 0:
        return refuse(r, n, MISSING_INPUT, s.unit, 1)
    if qty <= 0 or qty > MAX_LOTS:
        return refuse(r, n, BAD_REQUEST, qty, MAX_LOTS)
    if q.px[n] < 0 or (q.px[n] == 0 and q.type[n] != MARKET):
        return refuse(r, n, BAD_REQUEST, q.px[n], 1)
    if q.px[n] > MAX_NOTIONAL // s.unit // qty:
        return refuse(r, n, MAX_VALUE, q.px[n], MAX_NOTIONAL // s.unit // qty)
    return OK


@kernel
def check_fresh(x: Limits, r: Risk, v: View, n: int, now: int) -> int:
    """A book that is valid and young enough, with both sides."""
    if x.book_stale_ns <= 0:
        return refuse(r, n, MISSING_INPUT, x.book_stale_ns, 1)
    if v.book_ok != 1 or v.ts_recv <= 0 or v.px[BUY][0] <= 0 or v.px[SELL][0] <= 0:
        return refuse(r, n, STALE_DATA, v.book_ok, 1)
    if not (now - v.ts_recv <= x.book_stale_ns):
        return refuse(r, n, STALE_DATA, now - v.ts_recv, x.book_stale_ns)
    return OK


@kernel
def mid_of(v: View) -> float:
    """Mid in ticks of a checked book."""
    return (v.px[BUY][0] + v.px[SELL][0]) * 0.5


@kernel
def within(px: int, ref: float, share: float) -> int:
    """1 when `px` lies within `share` of `ref`; NaN and a missing reference say no."""
    if not (ref > 0.0 and share > 0.0):
        return 0
    if not (abs(px - ref) <= share * ref):
        return 0
    return 1


@kernel
def check_price(x: Limits, r: Risk, o: Ledger, v: View, s: Spec, q: Requests, n: int) -> int:
    """Collar against mark and mid, the venue's band, and no match with orders of our own."""
    px = q.px[n]
    side = q.side[n]
    if q.type[n] == MARKET:
        return refuse(r, n, PRICE_COLLAR, 0, 0)  # no price, nothing to hold against the collar
    if v.mark <= 0:
        return refuse(r, n, MISSING_INPUT, v.mark, 1)
    if within(px, mid_of(v), x.collar) == 0:
        return refuse(r, n, PRICE_COLLAR, px, int(mid_of(v)))
    if within(px, v.mark * 1.0, x.collar) == 0:
        return refuse(r, n, PRICE_COLLAR, px, v.mark)
    if s.band_ppm < 0 or (s.band_ppm > 0 and within(px, v.mark * 1.0, s.band_ppm / PPM) == 0):
        return refuse(r, n, PRICE_BAND, px, v.mark)
    sign = sign_of(side)
    theirs = o.other_best[1 - side]
    if theirs != 0 and sign * (px - theirs) >= 0:
        return refuse(r, n, SELF_MATCH, px, theirs)
    own = r.own_best[1 - side]
    if own != 0 and sign * (px - own) >= 0:
        return refuse(r, n, SELF_MATCH, px, own)
    return OK


@kernel
def check_size(x: Limits, r: Risk, s: Spec, q: Requests, n: int) -> int:
    """The venue's filters and our single-order bounds; a bound of 0 is missing and refuses."""
    qty = q.qty[n]
    value = qty * q.px[n] * s.unit
    if s.min_lots <= 0 or s.max_lots <= 0 or s.min_notional < 0:
        return refuse(r, n, MISSING_INPUT, s.min_lots, 1)
    if x.single_max <= 0 or x.max_value <= 0 or x.net_max <= 0 or x.account_max <= 0:
        return refuse(r, n, MISSING_INPUT, 0, 1)
    if qty < s.min_lots:
        return refuse(r, n, FILTER_MIN_QTY, qty, s.min_lots)
    if qty > s.max_lots:
        return refuse(r, n, FILTER_MAX_QTY, qty, s.max_lots)
    if value < s.min_notional:
        return refuse(r, n, FILTER_MIN_NOTIONAL, value, s.min_notional)
    if qty > x.single_max:
        return refuse(r, n, SINGLE_MAX, qty, x.single_max)
    if value > x.max_value:
        return refuse(r, n, MAX_VALUE, value, x.max_value)
    return OK
