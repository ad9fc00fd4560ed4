"""A feed put on another instrument: other grid, other calendar, prices times a factor. The prices of a market, moved.

Rounds against us: bids down, asks up, levels that fall on one price added. Knows neither files nor where a factor comes
from.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.domain.book import F_BBO, F_BOOK, F_MARK, F_TRADE, LEVELS, Feed
from core.domain.instrument import Instrument
from core.domain.units import BUY, FAR, SELL

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
CHUNK = 16_384  # books at a time
EDGE = 1e-9  # of a tick: a price that lies on the grid up to this is on it


def moved(feed: Feed, native: Instrument, to: Instrument, factor: Floats | None = None, contract: float = 0.0) -> Feed:
    """`feed` in ticks and lots of `native` as a feed in those of `to`, same rows and times.

    factor: one a row, of all prices of that row (None = 1). contract: what one lot of an inverse `native` is worth in
    quote units (0 = linear: a lot is base coins). Marks keep their rate per hour and get the calendar of `to`.
    """
    n = len(feed.kind)
    scale: Floats = np.full(n, native.tick / to.tick) if factor is None else factor * (native.tick / to.tick)
    book_px, book_sz = np.zeros_like(feed.book_px), np.zeros_like(feed.book_sz)
    books = np.flatnonzero(feed.kind == F_BOOK)
    for first in range(0, len(books), CHUNK):
        at = books[first : first + CHUNK]
        rows = feed.row[at]
        for side in (BUY, SELL):
            px, sz = _levels(feed.book_px[rows, side], feed.book_sz[rows, side], scale[at], side, native, to, contract)
            book_px[rows, side], book_sz[rows, side] = px, sz
    return feed._replace(book_px=book_px, book_sz=book_sz, small=_small(feed, scale, native, to, contract))


def _levels(
    px: Ints, sz: Ints, scale: Floats, side: int, native: Instrument, to: Instrument, contract: float
) -> tuple[Ints, Ints]:
    exact = px * scale[:, None]
    ticks = np.where(px > 0, np.maximum(_outward(exact, side), 1), 0)
    lots = np.where(px > 0, _lots(sz, px, native, to, contract), 0)
    if to.tick > native.tick * (1.0 + EDGE):
        _merge(ticks, lots)
    return ticks, lots


def _outward(exact: Floats, side: int) -> Ints:
    rounded = np.floor(exact + EDGE) if side == BUY else np.ceil(exact - EDGE)
    return rounded.astype(np.int64)


def _lots(sz: Ints, px: Ints, native: Instrument, to: Instrument, contract: float) -> Ints:
    """Sizes in lots of `to`, at least one: a queue never looks shorter than it is."""
    if contract:
        coins = sz * contract / np.maximum(px * native.tick, EDGE)
    else:
        coins = sz * native.lot
    return np.maximum(np.ceil(coins / to.lot - 1e-6), 1.0).astype(np.int64)


def _merge(ticks: Ints, lots: Ints) -> None:
    """Add levels of one price, in place; best first, empty levels last."""
    same = np.zeros(ticks.shape, bool)
    same[:, 1:] = (ticks[:, 1:] == ticks[:, :-1]) & (ticks[:, 1:] > 0)
    where = np.flatnonzero(same.any(axis=1))
    if not len(where):
        return
    group = np.cumsum(~same[where], axis=1) - 1
    rows = np.repeat(np.arange(len(where)), LEVELS)
    px, sz = np.zeros((len(where), LEVELS), np.int64), np.zeros((len(where), LEVELS), np.int64)
    np.add.at(sz, (rows, group.reshape(-1)), lots[where].reshape(-1))
    px[rows, group.reshape(-1)] = ticks[where].reshape(-1)
    ticks[where], lots[where] = px, sz


def _small(feed: Feed, scale: Floats, native: Instrument, to: Instrument, contract: float) -> Ints:
    small = feed.small.copy()
    at = np.flatnonzero(feed.kind == F_TRADE)
    rows = feed.row[at]
    px, side = feed.small[rows, 0], feed.small[rows, 2]
    exact = px * scale[at]
    up, down = _outward(exact, SELL), _outward(exact, BUY)
    near = np.rint(exact).astype(np.int64)
    small[rows, 0] = np.maximum(np.where(side > 0, up, np.where(side < 0, down, near)), 1)
    small[rows, 1] = _lots(feed.small[rows, 1], px, native, to, contract)
    at = np.flatnonzero(feed.kind == F_BBO)
    rows = feed.row[at]
    px, exact = feed.small[rows, 1], feed.small[rows, 1] * scale[at]
    best = np.where(feed.small[rows, 0] == BUY, _outward(exact, BUY), _outward(exact, SELL))
    small[rows, 1] = np.where(px > 0, np.maximum(best, 1), 0)
    small[rows, 2] = np.where(px > 0, _lots(feed.small[rows, 2], px, native, to, contract), 0)
    at = np.flatnonzero(feed.kind == F_MARK)
    rows = feed.row[at]
    for column in (0, 1):
        known = feed.small[rows, column]
        small[rows, column] = np.where(known > 0, np.maximum(np.rint(known * scale[at]), 1).astype(np.int64), 0)
    rate = feed.small[rows, 2]
    if native.funding_interval_ns > 0 and to.funding_interval_ns > 0:
        shared = to.funding_interval_ns / native.funding_interval_ns
        small[rows, 2] = np.where(rate == FAR, FAR, np.rint(rate * shared).astype(np.int64))
    else:
        small[rows, 2] = FAR
    small[rows, 3] = settlements(feed.ts_exch[at], to)
    return small


def settlements(t: Ints, x: Instrument) -> Ints:
    """The next settlement after each time by the calendar of `x`; 0 = it never settles."""
    every, offset = x.funding_interval_ns, x.funding_offset_ns
    if every <= 0:
        return np.zeros(len(t), np.int64)
    following: Ints = (t - offset) // every * every + every + offset
    return following
