"""Figures of the market maker that load but do not fit the instrument. The ladder itself is checked by core.config."""

from __future__ import annotations

from core.domain.instrument import Instrument
from core.strategies.asmm.params import AsmmParams


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
