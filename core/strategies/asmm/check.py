"""Every planned order against the venue's filters, before anything starts (S3-69): what cannot be placed, and why.

Pure arithmetic on parameters, an instrument and a price. What is done about it is the caller's business.
"""

from __future__ import annotations

import math

import msgspec

from core.domain.instrument import Instrument
from core.domain.units import MONEY
from core.strategies.asmm.params import AsmmParams


class PlannedOrder(msgspec.Struct, frozen=True):
    """One layer at a reference price: sizes in base coin, notional in quote; `size_needed` would pass the filters."""

    layer: int  # 1 = innermost
    offset_bps: float
    size: float
    notional: float
    ok: bool
    why: str
    size_needed: float


def planned_orders(params: AsmmParams, instrument: Instrument, price: float) -> list[PlannedOrder]:
    """All layers of one side at `price` (quote per base), innermost first. Raises ValueError for a price <= 0.

    Bids stand below the price, so a layer that only just passes here may still fall short as a bid.
    """
    if not (price > 0.0 and math.isfinite(price)):
        raise ValueError(f"Expected a price above 0, was {price}")
    least_notional = instrument.min_notional / MONEY
    needed = max(1, instrument.min_lots, math.ceil(least_notional / price / instrument.lot - 1e-9))
    rows = []
    for i in range(params.max_layers):
        lots = int(params.base_size * params.layer_size_decay**i / instrument.lot + 1e-9)
        offset = params.first_bps * (
            params.spacing_ratio**i if params.layer_spacing_mode == "geometric" else float(i + 1)
        )
        notional = lots * instrument.lot * price
        why = ""
        if lots < max(1, instrument.min_lots):
            why = f"size {lots * instrument.lot:g} is under the smallest size {instrument.min_lots * instrument.lot:g}"
        elif lots > instrument.max_lots > 0:
            why = f"size {lots * instrument.lot:g} is over the largest size {instrument.max_lots * instrument.lot:g}"
        elif lots < needed:
            why = f"notional {notional:.2f} is under {least_notional:g} {instrument.quote}"
        elif instrument.band_ppm and offset * 100 > instrument.band_ppm:
            why = f"offset {offset:.1f} bps is outside the price band of {instrument.band_ppm / 100:g} bps"
        rows.append(
            PlannedOrder(
                layer=i + 1, offset_bps=offset, size=lots * instrument.lot, notional=notional, ok=not why, why=why,
                size_needed=needed * instrument.lot,
            )
        )  # fmt: skip
    return rows


def base_size_for_all(params: AsmmParams, instrument: Instrument, price: float) -> float:
    """The smallest baseSize (base coin, whole lots) with which every layer passes the minima at `price`."""
    needed = planned_orders(params, instrument, price)[0].size_needed
    exact = needed / params.layer_size_decay ** (params.max_layers - 1)
    return math.ceil(exact / instrument.lot - 1e-9) * instrument.lot


def warnings(params: AsmmParams, instrument: Instrument) -> list[str]:
    """Figures that load but do not fit each other on this instrument."""
    found = []
    fees = 2 * instrument.maker_fee_ppm / 1e6
    if fees > params.fee_buffer:
        found.append(f"Expected feeBuffer of at least two maker fees ({fees:g}), was {params.fee_buffer:g}")
    for name in ("base_size", "single_max", "net_max"):
        lots = getattr(params, name) / instrument.lot
        if abs(lots - round(lots)) > 1e-6:
            found.append(f"Expected {name} in steps of {instrument.lot:g}, was {getattr(params, name):g}")
    return found
