"""What the paper ledger says of an instrument and of a resting order, as it stands in the file."""

from __future__ import annotations

import msgspec

from core.domain.instrument import Instrument


class Listed(msgspec.Struct, frozen=True, array_like=True):
    """What the ledger must know of an instrument to list and close without a config."""

    venue: str
    symbol: str
    unit: int
    taker_fee_ppm: int
    referral_ppm: int
    tick: float
    lot: float


class Resting(msgspec.Struct, array_like=True):
    """One live order. `instrument` indexes the ledger's own list."""

    instrument: int
    cl_id: int
    venue_id: int
    side: int
    px: int
    qty: int
    left: int
    tif: int
    flags: int


def listed(instrument: Instrument) -> Listed:
    """The ledger's view of an instrument."""
    x = instrument
    return Listed(x.venue, x.symbol, x.unit, x.taker_fee_ppm, x.referral_ppm, x.tick, x.lot)
