"""A market of bars: four prices a bar, each a modelled book that is held until the next one.

What bars do not say is assumed against us and said in the labels: spread, depth, no trades (a resting order fills only
where the price goes through it), a rate counts from when it is known. A bar that is not there is a gap.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from core.domain.book import F_BOOK, F_MARK, LEVELS, Feed
from core.domain.errors import DataError
from core.domain.instrument import Instrument
from core.domain.units import BUY, FAR, NS_PER_S, SELL
from core.market.bars import BEAT_NS, Bars, Span, read_bars
from core.market.files import sha256_of
from core.market.merge import merge
from core.market.receive import modelled
from core.market.recording import Recording
from core.market.shifted import Floats, Ints, settlements
from core.market.streams import Books, Mask, Rows, Streams, small_of

HALF_BPS = {"BTC": 0.8}  # half of the widest spread at the 99 % quantile of the recorded BTC perpetuals (StandX, 1.6)
HALF_BPS_OTHER = 3.3  # half of the widest at the 95 % quantile of the recorded small coins (WLFI, 6.5)
DEPTH_LEVELS, LEVEL_QUOTE = 10, 3_743.0  # a level: the least 95 % quantile of recorded prints (StandX BTC)
KNOWN_NS = NS_PER_S  # a rate is known this long before its settlement


def bars_recording(bars: Bars, high_first: Mask, seed: int = 0) -> Recording:
    """The market of `bars`: open, one extreme, the other, close at 0, 1/3, 2/3 and the end of each bar."""
    x, n = bars.instrument, len(bars.ts)
    order = np.where(high_first[:, None], np.array([0, 1, 2, 3]), np.array([0, 2, 1, 3]))
    px, mark = (np.take_along_axis(one, order, axis=1).reshape(-1) for one in (bars.px, bars.mark))
    mark = np.where(np.isfinite(mark) & (mark > 0), mark, px)
    at: Ints = (bars.ts[:, None] + bars.length_ns * np.arange(4) // 3).reshape(-1)
    beats = np.arange(0, bars.length_ns // 3, BEAT_NS)
    offsets = np.concatenate([k * bars.length_ns // 3 + beats for k in range(3)] + [np.array([bars.length_ns])])
    point = np.append(np.repeat(np.arange(3), len(beats)), 3)
    ts: Ints = (bars.ts[:, None] + offsets).reshape(-1)
    held: Ints = (4 * np.arange(n)[:, None] + point).reshape(-1)
    streams = Streams("bars", Books(ts, ts, *_books(px, x, bars.paths[0])), one_clock=True)
    streams.rows.append(_marks(bars, at, mark))
    feed = merge(streams, x)
    row = feed.row.copy()
    row[feed.kind == F_BOOK] = held[feed.row[feed.kind == F_BOOK]]
    feed = feed._replace(row=row, ts_recv=modelled(feed.ts_exch, x.feed, seed, f"bars/{x.venue}/{x.symbol}"))
    name = f"bars of {bars.word} of {x.venue} {x.symbol}, prices between them are drawn"
    due = np.arange(settlements(at[:1] - 1, x)[0], at[-1], max(x.funding_interval_ns, 1))
    unknown = int((~np.isin(due, bars.paid)).sum())
    labels = (
        f"{name}: open, the nearer extreme, the other, close, each held until the next; touch {_half_bps(x):g} bps off",
        "one order of extremes for all venues: spreads between them are those of last trades, wider than could be had",
        f"a book of bars may be {x.book_stale_ns / NS_PER_S:g} s old; one clock: receive times are modelled",
        *(
            (f"{unknown} of {len(due)} settlements have no recorded rate: the last one known counts",)
            if unknown
            else ()
        ),
    )
    how = {"span": list(bars.span), "high_first": np.packbits(high_first).tobytes().hex()}
    digests = tuple(sha256_of(pathlib.Path(path)) for path in bars.paths)
    return Recording(
        instrument=x, feed=feed, name=name, paths=bars.paths, sha256s=digests,
        first_ts=int(feed.ts_exch[0]), last_ts=int(feed.ts_exch[-1]), labels=labels, one_clock=True, from_cache=False,
        counts=dict(sorted({**streams.counts, **bars.counts, "rows": len(feed.kind)}.items())), made={"bars": how},
    )  # fmt: skip


def reopened_bars(paths: Iterable[str | pathlib.Path], x: Instrument, how: Mapping[str, Any], seed: int) -> Recording:
    """The same market from its files and `made["bars"]`. Raises DataError where they do not fit each other."""
    bars = read_bars(paths, x, Span(*how["span"]))
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(how["high_first"]), np.uint8))
    if not 0 <= len(bits) - len(bars.ts) < 8:
        raise DataError(f"Expected about {len(bits)} bars as in the journal, was {len(bars.ts)}", bars.paths[0])
    return bars_recording(bars, bits[: len(bars.ts)].astype(np.bool_), seed)


def own_rows(feed: Feed) -> Feed:
    """A row of its own for each book that repeats another: for a market that moves between them."""
    row, books = feed.row.copy(), feed.kind == F_BOOK
    row[books] = np.arange(int(books.sum()))
    return feed._replace(row=row, book_px=feed.book_px[feed.row[books]], book_sz=feed.book_sz[feed.row[books]])


def _half_bps(x: Instrument) -> float:
    return HALF_BPS.get(x.base, HALF_BPS_OTHER)


def _books(px: Floats, x: Instrument, path: str) -> tuple[Ints, Ints]:
    """Ticks and lots of the book about each price; outward on the grid."""
    half = _half_bps(x) * 1e-4 * px
    bid, ask = np.floor((px - half) / x.tick + 1e-6), np.ceil((px + half) / x.tick - 1e-6)
    if bid.min() < 1.0:
        raise DataError(f"Expected prices of more than a tick of {x.tick:g}, was {px.min():g}", path)
    step = np.maximum(np.ceil(half / x.tick), 1.0)[:, None] * np.arange(DEPTH_LEVELS)
    ticks, lots = np.zeros((len(px), 2, LEVELS), np.int64), np.zeros((len(px), 2, LEVELS), np.int64)
    ticks[:, BUY, :DEPTH_LEVELS] = np.maximum(bid[:, None] - step, 0.0)
    ticks[:, SELL, :DEPTH_LEVELS] = ask[:, None] + step
    lots[:] = np.maximum(LEVEL_QUOTE // (px * x.lot), 1.0)[:, None, None]
    lots[ticks == 0] = 0
    return ticks, lots


def _marks(bars: Bars, at: Ints, mark: Floats) -> Rows:
    """A mark at each price, and one just before each settlement, with the rate that is known by then."""
    x, known = bars.instrument, bars.paid - KNOWN_NS
    bar = np.searchsorted(bars.ts, known, "right") - 1
    inside = (bar >= 0) & (known < bars.ts[np.maximum(bar, 0)] + bars.length_ns)
    ts: Ints = np.sort(np.concatenate([at, known[inside]]), kind="stable")
    last = np.searchsorted(at, ts, "right") - 1
    exact = np.searchsorted(at, ts, "left")
    nth = np.arange(len(ts)) - np.searchsorted(ts, ts, "left")  # a close and the next open share their time
    value = mark[np.where(exact <= last, np.minimum(exact + nth, last), last)]
    latest = np.searchsorted(known, ts, "right") - 1
    rates = np.append(np.rint(bars.rate * 1e8).astype(np.int64), FAR)  # [-1] where none is known
    ticks = np.maximum(np.rint(value / x.tick), 1.0).astype(np.int64)
    return Rows(F_MARK, ts, ts, small_of(ticks, 0, rates[latest], settlements(ts, x), n=len(ts)))
