"""Sizes against money and venue: what each section allows by itself and only together makes no sense (R-C1, K-18).

Ten times a size is the classic slip. Prices here are the venue file's reference price: a sanity bound, not a limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from core.config import exact
from core.config.settings import Filters
from core.config.tree import Path
from core.config.venue import Venue
from core.domain.instrument import Instrument

Fault = tuple[Path, str]

PAIRS: tuple[tuple[str, Callable[[Instrument], float]], ...] = (
    ("tick_size", lambda i: i.tick),
    ("step_size", lambda i: i.lot),
    ("min_qty", lambda i: i.min_lots * i.lot),
    ("max_qty", lambda i: i.max_lots * i.lot),
    ("min_notional", lambda i: i.min_notional / 1e8),
)


def faults(values: Mapping[str, Any], equity: float, venue: Venue) -> Iterator[Fault]:
    """(path within the strategy, message) of every size that cannot be meant.

    `values`: `params.base_size`, `risk.net_max` ... of the checked models, those that exist.
    """
    grid = venue.instrument
    buying = equity * grid.leverage
    for section, key, camel in (
        ("params", "base_size", "baseSize"),
        ("params", "base_qty", "baseQty"),
        ("risk", "single_max", "singleMax"),
        ("risk", "net_max", "netMax"),
    ):
        size = values.get(f"{section}.{key}")
        if size is None:
            continue
        where: Path = (section, key)
        worth = size * venue.reference_price
        if size < grid.lot:
            yield where, f"Expected {camel} of at least one lot {grid.lot:g} {grid.base}, was {size:g}"
        elif size > grid.max_lots * grid.lot * (1 + 1e-12) and key != "net_max":
            yield where, f"Expected {camel} within the venue's max_qty {grid.max_lots * grid.lot:g}, was {size:g}"
        elif worth > buying:
            yield (
                where,
                f"Expected {camel} worth at most equity x leverage = {equity:g} x {grid.leverage} {grid.quote}, "
                f"was {size:g} {grid.base} = {worth:,.0f} at {venue.reference_price:g}",
            )
    base = values.get("params.base_size")
    if base is not None and base >= grid.lot and not _whole(base, grid.lot):
        yield ("params", "base_size"), f"Expected baseSize in steps of {grid.lot:g} {grid.base}, was {base:g}"
    loss = values.get("risk.stop_loss")
    if loss is not None and -loss > equity:
        yield ("risk", "stop_loss"), f"Expected stopLoss within equity {equity:g}, was {loss:g}"
    bands = values.get("risk.drawdown_bands")
    if bands and bands[0] > equity:
        yield ("risk", "drawdown_bands"), f"Expected drawdownBands within equity {equity:g}, was {bands[0]:g}"


def filter_faults(filters: Filters, venue: Venue) -> Iterator[Fault]:
    """Filters that a config states and the venue file contradicts."""
    for key, of in PAIRS:
        stated = getattr(filters, key)
        if stated is not None and abs(stated - of(venue.instrument)) > 1e-9 * abs(stated):
            yield (
                ("filters", key),
                f"Expected {key} {of(venue.instrument):g} as in {venue.path.name}, was {stated:g}",
            )


def _whole(size: float, lot: float) -> bool:
    try:
        exact.steps(size, lot)
    except ValueError:
        return False
    return True
