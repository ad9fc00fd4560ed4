"""Figures of the pair that load but do not fit its venues."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.instrument import Instrument
from core.domain.units import NS_PER_MS, PPM
from core.strategies.pair_lock.params import PairParams, fees_of


def round_trip_ns(instrument: Instrument) -> int:
    """What an order and its answer take at the venue, as its file has it: the slow percentile, else the usual one."""
    return sum(way.p99_ns or way.p50_ns for way in (instrument.entry, instrument.response))


def warnings(params: PairParams, *legs: Instrument) -> list[list[str]]:
    """What is to be said of each instrument: the long leg's, the short leg's and the backup's, if there is one."""
    said: list[list[str]] = [[] for _ in legs]
    for n, (found, leg) in enumerate(zip(said, legs, strict=True)):
        trip_ms = round_trip_ns(leg) / NS_PER_MS
        if params.naked_ms < trip_ms and n < 2:  # of the backup more is asked
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
    if len(legs) == 3:
        _of_backup(params, legs, said[2])
    costs = 2 * sum(fees_of(params, leg)[0] for leg in legs[:2])
    if params.g_pct <= costs:
        said[0].append(f"Expected gPct above four taker fees ({costs:g}), was {params.g_pct:g}: a lock cannot earn")
    return said


def _of_backup(params: PairParams, legs: Sequence[Instrument], found: list[str]) -> None:
    """The time to be refused at a leg's venue and filled at the backup, and what a lock there costs."""
    backup = legs[2]
    trip_ms = (max(round_trip_ns(leg) for leg in legs[:2]) + round_trip_ns(backup)) / NS_PER_MS
    if params.naked_ms < trip_ms:
        found.append(
            f"Expected nakedMs above {trip_ms:.0f} ms, a refusal of the slower leg and an order at {backup.venue}, was "
            f"{params.naked_ms}: a leg that is refused stands unhedged for longer before the backup has it"
        )
    costs = 2 * (max(fees_of(params, leg)[0] for leg in legs[:2]) + fees_of(params, backup)[0])
    if params.g_pct <= costs:
        found.append(
            f"Expected gPct above four taker fees with the backup ({costs:g}), was {params.g_pct:g}: a lock there "
            f"cannot earn"
        )
