"""Numbers of one decision that do not depend on side or layer: inventory, centre, toxicity, regime, layer count."""

from __future__ import annotations

import math

from core.domain.order import Ledger
from core.kernel import kernel
from core.signals.blocks import Signals
from core.strategies.asmm.blocks import NO_BOOK, NO_VOLATILITY, QUOTING, STALE_BOOK, QuoteParams, QuoteState
from core.strategies.asmm.formulas import inventory_pressure, momentum_excess, ramp, reservation_price


@kernel
def idle_reason(p: QuoteParams, g: Signals, now: int) -> int:
    """QUOTING, or why no price can be made now. A comparison with NaN is false, so NaN ends up in a reason."""
    if g.priced == 0 or not g.mid > 0.0:
        return NO_BOOK
    if now - g.ts_priced > p.book_stale_ns:
        return STALE_BOOK
    if g.vol_ok == 0 or g.regime_ok == 0 or g.momentum_ok == 0:
        return NO_VOLATILITY
    if not (g.vol_short >= 0.0 and abs(g.momentum) < 1e9):
        return NO_VOLATILITY
    return QUOTING


@kernel
def in_grace(p: QuoteParams, g: Signals, now: int) -> bool:
    """The book went away (crossed, one-sided, gap) so lately that resting quotes stay for now."""
    return g.priced == 0 and g.ts_unpriced > 0 and now - g.ts_unpriced <= p.book_grace_ns


@kernel
def toxicity_of(p: QuoteParams, s: QuoteState, g: Signals) -> float:
    """S3-63: 0 .. 1 from VPIN and the lopsidedness of the book; an unknown VPIN counts as `toxicity_unknown`."""
    s.vpin_known = g.vpin_ok
    flow = p.toxicity_unknown
    if g.vpin_ok == 1:
        flow = ramp(g.vpin, p.vpin_low, p.vpin_high)
    book = 0.0
    if g.depth_avg_ok == 1:
        book = ramp(abs(2.0 * g.depth_average - 1.0), p.imbalance_low, p.imbalance_high)
    return min(1.0, flow + p.imbalance_weight * book)


@kernel
def place_centre(p: QuoteParams, s: QuoteState, g: Signals) -> None:
    """S3-15, S3-64: the centre of both sides, shifted by inventory x short volatility and by the book's pressure.

    Reservation in bps of the mid: 0 - inventory * risk_aversion * sigma^2 * horizon, times (1 + pressure).
    """
    s.reservation_bps = reservation_price(
        0.0, s.inventory, p.risk_aversion * (1.0 + s.pressure), g.vol_short, p.reservation_horizon_s
    )
    s.book_bps = 0.0
    if g.depth_avg_ok == 1:
        s.book_bps = p.asymmetric_pressure * (2.0 * g.depth_average - 1.0) * g.vol_short
    size = abs(s.reservation_bps) + abs(s.book_bps)
    if size > p.max_skew_bps:
        shrink = p.max_skew_bps / size
        s.reservation_bps *= shrink
        s.book_bps *= shrink
    s.skew_bps = s.reservation_bps + s.book_bps
    s.reservation = g.mid * (1.0 + s.skew_bps * 1e-4)


@kernel
def set_context(p: QuoteParams, s: QuoteState, g: Signals, ledger: Ledger, noise_level: int) -> None:
    """Everything of the decision that both sides share. `s.cap_lots` must be set."""
    s.mid = g.mid
    s.inventory = max(-1.0, min(1.0, ledger.pos / max(1, p.net_max_lots)))
    s.used = min(1.0, abs(ledger.pos) / max(1, s.cap_lots))
    s.pressure = inventory_pressure(
        s.used, p.inventory_pressure_threshold, p.inventory_pressure_strength, p.inventory_pressure_exponent
    )
    place_centre(p, s, g)
    s.toxicity = toxicity_of(p, s, g)
    s.momentum_bps = momentum_excess(g.momentum, p.momentum_threshold)
    s.regime = g.regime
    s.noise_level = max(0, min(3, noise_level))
    s.spacing = p.spacing_ratio + p.toxic_spacing * s.toxicity
    wanted = p.max_layers * p.regime_layers[s.regime] * p.noise_layers[s.noise_level]
    wanted *= 1.0 - p.toxic_layer_cut * s.toxicity
    s.layers = max(1, min(p.max_layers, int(math.floor(wanted + 1e-9))))
