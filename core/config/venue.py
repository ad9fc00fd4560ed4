"""A venue file to an `Instrument`: every figure turned into exact integers, and ranges that int64 can hold.

Knows one file at a time; which files there are is `core.config.instruments`.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from core.config import exact
from core.config.tree import Path, Tree, read_yaml
from core.config.validate import check
from core.config.venue_schema import FundingCalendar, Leg, Margin, VenueFile
from core.domain.errors import ConfigError
from core.domain.instrument import Instrument, Latency, Tier
from core.domain.units import MAX_NOTIONAL, MONEY

T = TypeVar("T")

NS_PER_H = 3_600_000_000_000
MAX_TICKS = 1 << 45  # ticks or lots of one value, as in the codec


@dataclass(frozen=True)
class Venue:
    """One loaded venue file. `spot` instruments are read and measured, never traded."""

    path: pathlib.Path
    instrument: Instrument
    recordings: tuple[str, ...]
    reference_price: float
    spot: bool
    sources: dict[str, str]


def load_venue(path: pathlib.Path) -> Venue:
    """Read and check one file. Raises ConfigError with file and line."""
    tree = read_yaml(path)
    file = check(VenueFile, tree)
    instrument = _instrument(file, tree)
    _bounds(file, instrument, tree)
    groups = ("grid", "fees", "margin", "funding", "latency", "limits")
    sources = {name: part.source for name in groups if (part := getattr(file, name)) is not None}
    return Venue(path, instrument, file.recordings, float(file.grid.reference_price), file.contract == "spot", sources)


def _instrument(file: VenueFile, tree: Tree) -> Instrument:
    grid, fees = file.grid, file.fees

    def at(path: Path, figure: Callable[[], T]) -> T:
        try:
            return figure()
        except ValueError as error:
            name = ".".join(map(str, path))
            raise ConfigError(f"{error} for {name}", tree.file, tree.line(path)) from None

    tiers, leverage, max_leverage, isolated = _margin(file.margin, at)
    funding = _funding(file.funding, at)
    return Instrument(
        venue=file.venue,
        symbol=file.symbol,
        base=file.base,
        quote=file.quote,
        tick=float(grid.tick),
        lot=float(grid.lot),
        unit=at(("grid", "tick"), lambda: exact.product(grid.tick, grid.lot, power=8)),
        min_lots=at(("grid", "min_qty"), lambda: exact.steps(grid.min_qty, grid.lot)),
        max_lots=at(("grid", "max_qty"), lambda: exact.steps(grid.max_qty, grid.lot)),
        min_notional=at(("grid", "min_notional"), lambda: exact.scaled(grid.min_notional, 8)),
        band_ppm=at(("grid", "price_band_bps"), lambda: exact.scaled(grid.price_band_bps, 2)),
        maker_fee_ppm=at(("fees", "maker_bps"), lambda: exact.scaled(fees.maker_bps, 2)),
        taker_fee_ppm=at(("fees", "taker_bps"), lambda: exact.scaled(fees.taker_bps, 2)),
        referral_ppm=at(("fees", "referral_pct"), lambda: exact.scaled(fees.referral_pct, 4)),
        max_leverage=max_leverage,
        leverage=leverage,
        isolated=isolated,
        tiers=tiers,
        funding_interval_ns=funding[0],
        funding_offset_ns=funding[1],
        funding_rate=funding[2],
        funding_cap=funding[3],
        entry=_leg(file.latency.entry, ("latency", "entry"), at),
        response=_leg(file.latency.response, ("latency", "response"), at),
        feed=_leg(file.latency.feed, ("latency", "feed"), at),
        book_stale_ns=file.limits.book_stale_ms * 1_000_000,
        orders_per_10s=file.limits.orders_per_10s,
        amend=file.limits.amend,
        network=file.network,
        price_digits=at(("grid", "tick"), lambda: exact.decimals(grid.tick)),
        size_digits=at(("grid", "lot"), lambda: exact.decimals(grid.lot)),
    )


def _margin(
    margin: Margin | None, at: Callable[[Path, Callable[[], int]], int]
) -> tuple[tuple[Tier, ...], int, int, bool]:
    """Tiers, default leverage, highest leverage, isolated. Spot: no margin call, fully paid."""
    if margin is None:
        return (Tier(0, 0, 1),), 1, 1, True
    tiers = []
    for i, row in enumerate(margin.tiers):
        floor = at(("margin", "tiers", i, "floor"), lambda row=row: exact.scaled(row.floor, 8))  # type: ignore[misc]
        ppm = at(("margin", "tiers", i, "mmr_pct"), lambda row=row: exact.scaled(row.mmr_pct, 4))  # type: ignore[misc]
        tiers.append(Tier(floor, ppm, row.max_leverage))
    return tuple(tiers), margin.default_leverage, margin.max_leverage, margin.mode == "isolated"


def _funding(
    funding: FundingCalendar | None, at: Callable[[Path, Callable[[], int]], int]
) -> tuple[int, int, int, int]:
    """Interval ns, offset ns, assumed rate and cap (1e-8 a interval). Spot: never settles."""
    if funding is None:
        return 0, 0, 0, 0
    return (
        funding.interval_h * NS_PER_H,
        funding.offset_h * NS_PER_H,
        at(("funding", "rate_assumed_bps"), lambda: exact.scaled(funding.rate_assumed_bps, 4)),
        at(("funding", "cap_bps"), lambda: exact.scaled(funding.cap_bps, 4)),
    )


def _leg(leg: Leg, path: Path, at: Callable[[Path, Callable[[], int]], int]) -> Latency:
    return Latency(
        p50_ns=at((*path, "p50_ms"), lambda: exact.scaled(leg.p50_ms, 6)),
        p99_ns=at((*path, "p99_ms"), lambda: exact.scaled(leg.p99_ms, 6)),
    )


def _bounds(file: VenueFile, instrument: Instrument, tree: Tree) -> None:
    """Ranges: min <= max, and max_qty at max_price fits MAX_NOTIONAL so that no product of int64 wraps."""

    def refuse(key: str, text: str) -> None:
        raise ConfigError(text, tree.file, tree.line(("grid", key)))

    grid = file.grid
    try:
        top = exact.steps(grid.max_price, grid.tick)
    except ValueError as error:
        refuse("max_price", f"{error} for grid.max_price")
    if instrument.max_lots < instrument.min_lots:
        refuse("max_qty", f"Expected max_qty >= min_qty {grid.min_qty:g}, was {grid.max_qty:g}")
    if max(top, instrument.max_lots) > MAX_TICKS:
        refuse("max_price", f"Expected at most {MAX_TICKS} steps in max_price and max_qty, was more; coarser steps do")
    if grid.reference_price > grid.max_price:
        refuse("reference_price", f"Expected reference_price <= {grid.max_price:g}, was {grid.reference_price:g}")
    if top * instrument.max_lots * instrument.unit > MAX_NOTIONAL:
        most = MAX_NOTIONAL // (top * instrument.unit) * grid.lot
        refuse(
            "max_qty",
            f"Expected max_qty x max_price <= {MAX_NOTIONAL // MONEY:,} {file.quote}, "
            f"was {grid.max_qty:g} x {grid.max_price:g}; max_qty {most:.12g} fits",
        )
    least = int(grid.reference_price / grid.tick) * instrument.max_lots * instrument.unit
    if least < instrument.min_notional:
        refuse(
            "min_notional", "Expected max_qty at reference_price to reach min_notional, was below; nothing could trade"
        )
