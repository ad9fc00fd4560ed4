"""Figures of the pair that load but do not fit its venues."""

from __future__ import annotations

from core.domain.instrument import Instrument
from core.domain.units import NS_PER_MS, PPM
from core.strategies.pair_lock.params import PairParams, fees_of


def round_trip_ns(instrument: Instrument) -> int:
    """What an order and its answer take at the venue, as its file has it: the slow percentile, else the usual one."""
    return sum(way.p99_ns or way.p50_ns for way in (instrument.entry, instrument.response))


def warnings(params: PairParams, long: Instrument, short: Instrument) -> list[list[str]]:
    """What is to be said of the long leg, and of the short leg."""
    said: list[list[str]] = [[], []]
    for found, leg in zip(said, (long, short), strict=True):
        trip_ms = round_trip_ns(leg) / NS_PER_MS
        if params.naked_ms < trip_ms:
            found.append(
                f"Expected nakedMs above {trip_ms:.0f} ms, an order's way to {leg.venue} and back, was "
                f"{params.naked_ms}: a second leg is taken back before its answer can be there"
            )
        lots = params.base_qty / leg.lot
        if abs(lots - round(lots)) > 1e-6:
            found.append(f"Expected baseQty in steps of {leg.lot:g} on {leg.venue}, was {params.base_qty:g}")
        buffer = 1 / leg.leverage - (leg.tiers[0].mmr_ppm / PPM if leg.tiers else 0.0)
        if buffer <= params.liquidation_redline:
            found.append(
                f"Expected leverage on {leg.venue} with more than liquidationRedline {params.liquidation_redline:g} to "
                f"liquidation at entry, was {leg.leverage}x with {buffer:.3g}"
            )
    costs = 2 * sum(fees_of(params, leg)[0] for leg in (long, short))
    if params.g_pct <= costs:
        said[0].append(f"Expected gPct above four taker fees ({costs:g}), was {params.g_pct:g}: a lock cannot earn")
    return said
