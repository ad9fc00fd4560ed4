"""The market that all engines are given: touch changes and trades of the synthetic market, one event a row.

Rows (int64): ts ns, kind (BID, ASK, TRADE), price ticks, size lots, aggressor +1 buy -1 sell. Owns the layout and the
making of it; how an engine reads it is the engine's script.
"""

from __future__ import annotations

import pathlib

import numpy as np
import numpy.typing as npt

from core.config.instruments import find_venue
from core.domain.book import F_BOOK, F_TRADE, Feed
from core.domain.instrument import Instrument
from core.domain.units import BUY, NS_PER_S, SELL
from core.market.synthetic import SyntheticMarket

BID, ASK, TRADE = 0, 1, 2
START_NS = 1_767_225_600 * NS_PER_S
HOUR_NS = 3600 * NS_PER_S
SEED = 7
Rows = npt.NDArray[np.int64]


def instrument() -> Instrument:
    """What is quoted: the embedded ETHUSDC perpetual."""
    return find_venue("binance_usdm", "ETHUSDC").instrument


def make(path: pathlib.Path, n: int) -> None:
    """Write a tape of exactly `n` events as .npy."""
    price = find_venue("binance_usdm", "ETHUSDC").reference_price
    market = SyntheticMarket(instrument(), SEED, START_NS, price)
    parts: list[Rows] = []
    have, until, touch = 0, START_NS, np.zeros(4, np.int64)
    while have < n:
        until += HOUR_NS
        rows, touch = _rows(market.chunk(until), touch)
        parts.append(rows)
        have += len(rows)
    np.save(path, np.concatenate(parts)[:n])


def _rows(feed: Feed, touch: Rows) -> tuple[Rows, Rows]:
    """Touch changes and trades in order of time; `touch` is bid px, bid sz, ask px, ask sz before the first row."""
    is_book = feed.kind == F_BOOK
    at = feed.row[is_book]
    px, sz = feed.book_px[at, :, 0], feed.book_sz[at, :, 0]
    now = np.stack([px[:, BUY], sz[:, BUY], px[:, SELL], sz[:, SELL]], axis=1)
    before = np.vstack([touch[None, :], now[:-1]])
    moved = [(now[:, 0:2] != before[:, 0:2]).any(axis=1), (now[:, 2:4] != before[:, 2:4]).any(axis=1)]
    rising = now[:, 0] >= before[:, 2]  # the new bid is at or above the old ask: the ask has to move first
    index = np.flatnonzero(is_book)
    parts = []
    for side, kind in ((0, BID), (1, ASK)):
        chosen = moved[side]
        order = np.where(rising[chosen], 1 - side, side)
        parts.append(_part(feed, index[chosen], kind, now[chosen, 2 * side], now[chosen, 2 * side + 1], 0, order))
    is_trade = feed.kind == F_TRADE
    small = feed.small[feed.row[is_trade]]
    parts.append(_part(feed, np.flatnonzero(is_trade), TRADE, small[:, 0], small[:, 1], small[:, 2], 0))
    whole = np.concatenate(parts)
    whole = whole[np.lexsort((whole[:, 6], whole[:, 5]))]
    return np.ascontiguousarray(whole[:, :5]), now[-1]


def _part(feed: Feed, index: Rows, kind: int, px: Rows, sz: Rows, side: Rows | int, order: Rows | int) -> Rows:
    out = np.zeros((len(index), 7), np.int64)
    out[:, 0], out[:, 1], out[:, 2], out[:, 3] = feed.ts_exch[index], kind, px, sz
    out[:, 4], out[:, 5], out[:, 6] = side, index, order
    return out
