"""Closing one position in slices: how much, at what price, and what is left as dust. Pure arithmetic of E6 and E7.

Sizes come from the venue's position just read, never from memory. Source: RELIABILITY.md section 5.
"""

from __future__ import annotations

import math

import msgspec

from core.domain.events import OpenOrder
from core.domain.order import (
    CANCEL,
    CLOSE_POSITION,
    CREATE,
    IOC,
    KEY_FLATTEN,
    LIMIT,
    MARKET,
    REDUCE_ONLY,
    STOP,
    Request,
)
from core.domain.units import BUY, SELL

BANDS = (0.005, 0.01, 0.02)  # of mid; after the last one market
MAX_SLICES = 8
DEPTH_SHARE = 4  # a slice takes at most 1 / 4 of the depth in its band


class Grid(msgspec.Struct, frozen=True):
    """What closing needs of an instrument. `close_any`: the venue closes a remainder below the minimum by itself. Sizes
    are multiples of `lot_step`, prices of `tick_step`: above 1 where the venue's own steps became coarser than ours.
    `dust_value`: 1e-8 quote that may be left below the smallest order, as the operator declared."""

    instrument: int
    min_lots: int
    max_lots: int
    unit: int
    close_any: bool = False
    lot_step: int = 1
    tick_step: int = 1
    dust_value: int = 0

    def floor(self, lots: int) -> int:
        """The most of so many lots that an order may have; never rounded up."""
        return lots - lots % max(1, self.lot_step)

    @property
    def least(self) -> int:
        """The smallest order, lots."""
        return -self.floor(-max(self.min_lots, self.lot_step))


class Touch(msgspec.Struct, frozen=True):
    """Prices now, ticks, and the lots that a BUY and a SELL would find inside each of `BANDS`."""

    instrument: int
    ts: int
    bid: int
    ask: int
    buy_depth: tuple[int, int, int]
    sell_depth: tuple[int, int, int]


class Closing(msgspec.Struct):
    """Progress on one instrument: slices sent, current band (3 = market), the position when the last one left."""

    slices: int = 0
    band: int = 0
    before: int = 0
    dust_tried: bool = False


def cancel_of(order: OpenOrder) -> Request:
    """A stop's own cancel of an order that the venue lists."""
    return Request(-1, order.instrument, CANCEL, order.cl_id, order.venue_id, order.side, order.px, order.left, LIMIT,
                   IOC, STOP, KEY_FLATTEN)  # fmt: skip


def ours_of(pos: int, foreign: int) -> int:
    """Our signed part of a venue position of which `foreign` was there before us; never more than is held."""
    mine = pos - foreign
    if mine * pos <= 0:
        return 0
    return int(math.copysign(min(abs(mine), abs(pos)), pos))


def is_dust(lots: int, grid: Grid) -> bool:
    """Below the smallest order."""
    return 0 < abs(lots) < grid.least


def step_band(closing: Closing, mine: int) -> None:
    """A slice that moved nothing widens the band; too many slices go to market."""
    if closing.slices and abs(mine) >= abs(closing.before):
        closing.band = min(len(BANDS), closing.band + 1)
    if closing.slices >= MAX_SLICES:
        closing.band = len(BANDS)


def next_slice(mine: int, grid: Grid, touch: Touch | None, closing: Closing, cl_id: int) -> Request | None:
    """The next close for `mine` signed lots, or None when only dust is left that cannot be closed.

    Changes `closing`. Without usable prices it goes to market at once: a stop does not wait for a book.
    """
    lots = abs(mine)
    side = SELL if mine > 0 else BUY
    flags = REDUCE_ONLY | STOP
    if is_dust(mine, grid):
        if not grid.close_any or closing.dust_tried:
            return None
        closing.dust_tried = True
        return Request(
            -1, grid.instrument, CREATE, cl_id, 0, side, 0, lots, MARKET, IOC, flags | CLOSE_POSITION, KEY_FLATTEN
        )
    step_band(closing, mine)
    closing.before = mine
    closing.slices += 1
    px, type_ = 0, MARKET
    if touch is not None and 0 < touch.bid < touch.ask:
        depth = touch.buy_depth if side == BUY else touch.sell_depth
        while closing.band < len(BANDS) and depth[closing.band] <= 0:
            closing.band += 1
        if closing.band < len(BANDS):
            lots = min(lots, max(grid.least, depth[closing.band] // DEPTH_SHARE))
            px, type_ = _band_price(touch, side, BANDS[closing.band], max(1, grid.tick_step)), LIMIT
    lots = grid.floor(min(lots, grid.max_lots))
    if is_dust(abs(mine) - lots, grid):  # what is left must be closable too
        lots = _last_but_one(grid.floor(abs(mine)), grid)
    return Request(-1, grid.instrument, CREATE, cl_id, 0, side, px, lots, type_, IOC, flags, KEY_FLATTEN)


def _last_but_one(whole: int, grid: Grid) -> int:
    """All of it in one order, else what leaves the smallest order, else the most that an order takes: above the
    largest and below twice the smallest order no two orders close the whole."""
    if whole <= grid.max_lots:
        return whole
    return whole - grid.least if whole >= 2 * grid.least else grid.floor(grid.max_lots)


def _band_price(touch: Touch, side: int, band: float, step: int) -> int:
    """Inside the band, on the venue's grid."""
    mid = (touch.bid + touch.ask) / 2
    if side == BUY:
        return max(1, math.floor(mid * (1 + band)) // step) * step
    return max(1, -(math.ceil(mid * (1 - band)) // -step)) * step
