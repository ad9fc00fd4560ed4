"""Prices of the ladder, layer by layer, with what every term contributed. Sizes are not decided here.

A quote's distance from the mid in bps is the sum of its terms, to the tick. Rounding is outward, a side that would
cross is pushed out as a whole, so neither minSpread nor the post-only bound can be broken later.
"""

from __future__ import annotations

from core.domain.units import BUY, sign_of, tick_down, tick_up
from core.kernel import kernel
from core.signals.blocks import Signals
from core.strategies.asmm.blocks import (
    LAYERS,
    T_ARRIVAL,
    T_BASE,
    T_BOOK_PRESSURE,
    T_HELD,
    T_MIN_SPREAD,
    T_MOMENTUM,
    T_POST_ONLY,
    T_PRESSURE,
    T_REGIME,
    T_RESERVATION,
    T_ROUNDING,
    T_SKEW,
    T_SPACING,
    T_TOXICITY,
    QuoteParams,
    QuoteState,
)
from core.strategies.asmm.formulas import optimal_spread


@kernel
def arrival_extra(p: QuoteParams, g: Signals) -> float:
    """How far the Avellaneda-Stoikov half spread exceeds the first layer, bps; 0 while `arrival_decay` is off.

    Inventory is counted in orders of baseSize, so gamma is risk_aversion scaled by baseSize / netMax.
    """
    if p.arrival_decay <= 0.0:
        return 0.0
    gamma = p.risk_aversion * p.base_lots / max(1, p.net_max_lots)
    half = 0.5 * optimal_spread(gamma, g.vol_short, p.reservation_horizon_s, p.arrival_decay)
    return max(0.0, half - p.first_bps)


@kernel
def post_only_limit(g: Signals, side: int) -> int:
    """The best price a resting order may have: one tick behind the other side's best, in a locked book too."""
    if side == BUY:
        return g.ask - 1
    return g.bid + 1


@kernel
def price_side(p: QuoteParams, s: QuoteState, g: Signals, side: int) -> None:
    """Fill px, tol and term of `s.layers` layers of one side; deeper layers get px 0."""
    sign = sign_of(side)
    bp = g.mid * 1e-4
    heavy = sign * s.inventory > 0.0
    chasing = max(0.0, sign * s.momentum_bps)
    arrival = arrival_extra(p, g)
    pressure = s.pressure if heavy else 0.0
    skew = p.skew_factor * abs(s.inventory) if heavy else 0.0
    toxic = p.toxic_spread * s.toxicity
    regime = p.regime_spread[s.regime] - 1.0
    plain_offset = p.first_bps
    offset = p.first_bps
    push = 0
    limit = post_only_limit(g, side)
    for i in range(LAYERS):
        key = side * LAYERS + i
        s.px[key] = 0
        if i >= s.layers:
            continue
        term = s.term[key]
        term[T_BASE] = plain_offset
        term[T_SPACING] = offset - plain_offset
        term[T_ARRIVAL] = arrival
        width = offset + arrival
        term[T_REGIME] = width * regime
        width += width * regime
        term[T_TOXICITY] = width * toxic
        width += width * toxic
        term[T_PRESSURE] = width * pressure
        width += width * pressure
        term[T_SKEW] = width * skew
        width += width * skew
        term[T_MOMENTUM] = chasing
        width += chasing
        lift = max(0.0, p.half_min_bps - width)
        term[T_MIN_SPREAD] = lift
        width += lift
        term[T_RESERVATION] = -sign * s.reservation_bps
        term[T_BOOK_PRESSURE] = -sign * s.book_bps
        raw = g.mid - sign * (width - sign * s.skew_bps) * bp
        px = tick_down(raw) if side == BUY else tick_up(raw)
        term[T_ROUNDING] = sign * (raw - px) / bp
        if i == 0:
            push = max(0, sign * (px - limit))
        term[T_POST_ONLY] = push / bp
        term[T_HELD] = 0.0
        s.px[key] = px - sign * push
        s.tol[key] = int(p.cancel_tolerance * width * bp)
        if p.geometric == 1:
            plain_offset *= p.spacing_ratio
            offset *= s.spacing
        else:
            plain_offset += p.first_bps
            offset += p.first_bps * (1.0 + s.spacing - p.spacing_ratio)


@kernel
def restrain(s: QuoteState, g: Signals, side: int) -> None:
    """Between decisions (S3-13): no new layer, no larger size, no price nearer to the mid than the last target's.

    Layers that fall on one price are not merged here, the outer one goes: a cancel, and the inner keeps its queue.
    """
    sign = sign_of(side)
    bp = g.mid * 1e-4
    inner_px = 0
    for i in range(LAYERS):
        key = side * LAYERS + i
        s.qty[key] = 0
        if s.px[key] == 0 or s.last_qty[key] == 0:
            s.px[key] = 0
            continue
        s.qty[key] = s.last_qty[key]
        held = max(0, sign * (s.px[key] - s.last_px[key]))
        s.term[key][T_HELD] = held / bp
        s.px[key] -= sign * held
        if s.px[key] == inner_px:
            s.px[key] = 0
            s.qty[key] = 0
        else:
            inner_px = s.px[key]
