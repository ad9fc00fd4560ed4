"""Figures of a market: what a calibration measures on a recording and the synthetic market must reproduce.

Pure functions of a `Feed`; the passive-order markout is core.market.probe. Figures are display floats, None = unknown.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from core.domain.book import F_BBO, F_BOOK, F_TRADE, Feed
from core.domain.instrument import Instrument
from core.domain.units import BUY, MONEY, NS_PER_S, SELL

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
QUANTILES = (0.05, 0.5, 0.95, 0.99)
Figures = dict[str, float | None]


def quoted(feed: Feed, tops: bool = True) -> tuple[Ints, Floats, Floats]:
    """Events that set the touch: their positions in the feed, best bids and best asks in ticks after each.

    `tops` adds F_BBO rows to snapshots. Rows before both sides are known are left out.
    """
    at = np.flatnonzero((feed.kind == F_BOOK) | ((feed.kind == F_BBO) & tops))
    book = feed.kind[at] == F_BOOK
    row = feed.row[at]
    best = []
    for side in (BUY, SELL):
        px = np.zeros(len(at), np.int64)
        px[book] = feed.book_px[row[book], side, 0]
        if not book.all():
            small = feed.small[row[~book]]
            px[~book] = np.where(small[:, 0] == side, small[:, 1], 0)
        known = np.maximum.accumulate(np.where(px > 0, np.arange(len(px)), -1)) if len(px) else px
        best.append(np.where(known >= 0, px[np.maximum(known, 0)], 0).astype(np.float64))
    good = (best[0] > 0) & (best[1] > 0)
    return at[good], best[0][good], best[1][good]


def mid_sd_bps(ts: Ints, mid: Floats, seconds: int) -> float | None:
    """Standard deviation (ddof 1) of log returns between the last mids of epoch-aligned buckets, bps; None under 3.

    Buckets without a quote keep the last mid: a step function, not interpolated.
    """
    if not len(ts):
        return None
    bucket = ts // (seconds * NS_PER_S)
    last = np.flatnonzero(np.append(np.diff(bucket) != 0, True))
    whole = np.arange(bucket[last[0]], bucket[last[-1]] + 1)
    held = mid[last][np.searchsorted(bucket[last], whole, "right") - 1]
    if len(held) < 4:
        return None
    return float(np.std(np.diff(np.log(held)), ddof=1) * 1e4)


def same_side_runs(side: Ints) -> Ints:
    """Lengths of runs of trades with one aggressor side; trades of unknown side are left out."""
    known = side[side != 0]
    if not len(known):
        return np.zeros(0, np.int64)
    starts = np.flatnonzero(np.append(True, np.diff(known) != 0))
    return np.diff(np.append(starts, len(known)))


def _quantiles(out: Figures, name: str, values: Floats | Ints, qs: Iterable[float] = QUANTILES) -> None:
    for q in qs:
        out[f"{name}_p{round(q * 100)}"] = float(np.quantile(values, q)) if len(values) else None


def measure(feed: Feed, instrument: Instrument, one_clock: bool = False) -> Figures:
    """Spread, trade, size, volatility and cadence figures of one feed; `one_clock`: use exchange times throughout.

    Spreads and mids are those of snapshots (as in the recordings' own table); trades are all of the feed's.
    """
    ts = feed.ts_exch if one_clock else feed.ts_recv
    at, bid, ask = quoted(feed, tops=False)
    mid = (bid + ask) / 2.0
    out: Figures = {"hours": float(feed.ts_exch[-1] - feed.ts_exch[0]) / NS_PER_S / 3600.0 if len(ts) else 0.0}
    _quantiles(out, "spread_bps", (ask - bid) / mid * 1e4)
    out["locked_share"] = float(np.mean(bid == ask)) if len(bid) else None
    gaps = np.diff(ts[at]) / NS_PER_S
    _quantiles(out, "book_gap_s", gaps, (0.5, 0.99))
    out["book_gap_s_max"] = float(gaps.max()) if len(gaps) else None
    for seconds in (1, 60):
        out[f"mid_sd_bps_{seconds}s"] = mid_sd_bps(ts[at], mid, seconds)
    _trades(out, feed, instrument)
    delay = (feed.ts_recv - feed.ts_exch) / 1e6
    if not one_clock:
        _quantiles(out, "delay_ms", delay, (0.01, 0.5, 0.99))
    return out


def _trades(out: Figures, feed: Feed, instrument: Instrument) -> None:
    at = np.flatnonzero(feed.kind == F_TRADE)
    small, ts = feed.small[feed.row[at]], feed.ts_exch[at]
    span = float(ts[-1] - ts[0]) / NS_PER_S if len(ts) else 0.0
    out["trades_per_s"] = len(ts) / span if span > 0 else None
    notional = small[:, 0].astype(np.float64) * small[:, 1] * instrument.unit / MONEY
    _quantiles(out, "notional", notional, (0.5, 0.95, 0.99))
    gaps = np.diff(ts) / NS_PER_S
    out["same_stamp_share"] = float(np.mean(gaps == 0)) if len(gaps) else None
    _quantiles(out, "trade_gap_s", gaps[gaps > 0], (0.5, 0.95, 0.99))
    runs = same_side_runs(small[:, 2])
    out["run_mean"] = float(runs.mean()) if len(runs) else None
    _quantiles(out, "run", runs, (0.5, 0.95, 0.99))
