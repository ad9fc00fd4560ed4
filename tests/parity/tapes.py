"""Recordings of ours for tests: synthetic markets, written as the recorder writes live ones."""

from __future__ import annotations

import pathlib

from core.config.instruments import find_instrument
from core.domain.book import F_BOOK
from core.domain.units import NS_PER_S
from core.market.synthetic import SyntheticMarket
from core.market.taped import TapeWriter, file_name

START = 1_767_225_600 * NS_PER_S


def tape_of(folder: pathlib.Path, symbol: str, seconds: int, price: float, seed: int = 5) -> pathlib.Path:
    """`seconds` of one Binance instrument."""
    instrument = find_instrument("binance_usdm", symbol)
    feed = SyntheticMarket(instrument, seed, START, price).chunk(START + seconds * NS_PER_S)
    path = folder / file_name(instrument, "20260101T000000Z")
    writer = TapeWriter(path, instrument, START)
    for at, seen, kind, row in zip(feed.ts_exch, feed.ts_recv, feed.kind, feed.row, strict=True):
        if kind == F_BOOK:
            writer.book(0, int(at), int(seen), feed.book_px[row], feed.book_sz[row])
        else:
            values = tuple(int(value) for value in feed.small[row])
            writer.small(0, int(at), int(seen), int(kind), values)  # type: ignore[arg-type]
    writer.close()
    return path
