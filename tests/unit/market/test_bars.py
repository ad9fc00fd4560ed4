"""Bars as a market: four prices in one order for all venues, nothing seen before it could be known, gaps stay gaps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from core.config.instruments import find_instrument
from core.domain.book import F_BOOK, F_GAP, F_MARK, Feed
from core.domain.errors import DataError
from core.domain.instrument import Instrument
from core.domain.units import BUY, FAR, NS_PER_S, SELL
from core.market.barred import HALF_BPS, KNOWN_NS, LEVEL_QUOTE, bars_recording
from core.market.bars import BEAT_NS, STALE_NS, Bars, Span, common_order, read_bars
from core.market.made import cut, reopened, together, with_basis
from core.market.recording import Recording, open_recording
from tests.support.recorded import Recordings

BINANCE, BYBIT = find_instrument("binance_usdm", "BTCUSDT"), find_instrument("bybit", "BTCUSDT")
HOUR = 3600 * NS_PER_S
T0 = 1_759_269_600 * NS_PER_S  # 2025-09-30 22:00 UTC: a settlement after two bars
ROWS = (  # open, high, low, close
    (100_000.0, 100_100.0, 99_700.0, 99_800.0),
    (99_800.0, 100_300.0, 99_750.0, 100_200.0),
    (100_200.0, 100_250.0, 100_000.0, 100_050.0),
    (100_050.0, 100_060.0, 99_000.0, 99_100.0),
)


def table(rows: tuple[tuple[float, ...], ...] = ROWS, hours: tuple[int, ...] = (0, 1, 2, 3)) -> dict[str, list[object]]:
    out: dict[str, list[object]] = {"symbol": ["BTCUSDT"] * len(rows)}
    out["ts_ms"] = [T0 // 1_000_000 + 3_600_000 * hour for hour in hours]
    for i, name in enumerate(("open", "high", "low", "close")):
        out[name] = [row[i] for row in rows]
    return {**out, "volume": [10.0] * len(rows)}


def written(folder: Path, columns: dict[str, list[object]], name: str = "some_1h.parquet") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(columns).write_parquet(folder / name)
    return folder / name


def bars_of(folder: Path, columns: dict[str, list[object]] | None = None, to: Instrument = BINANCE) -> Bars:
    return read_bars([written(folder, columns or table())], to)


def market(bars: Bars) -> Recording:
    return bars_recording(bars, common_order([bars])[0])


def mids(feed: Feed, x: Instrument) -> tuple[np.ndarray, np.ndarray]:
    at = feed.kind == F_BOOK
    return feed.ts_exch[at], feed.book_px[feed.row[at], :, 0].sum(axis=1) * 0.5 * x.tick


def price_at(made: Recording, seconds: float) -> float:
    ts, mid = mids(made.feed, made.instrument)
    return float(mid[np.searchsorted(ts, T0 + int(seconds * NS_PER_S), "right") - 1])


def test_a_bar_is_its_open_its_nearer_extreme_the_other_one_and_its_close(tmp_path: Path) -> None:
    made = market(bars_of(tmp_path))
    seen = [price_at(made, second) for second in (0, 1199, 1200, 2399, 2400, 3599)]
    assert seen == pytest.approx([100_000, 100_000, 100_100, 100_100, 99_700, 99_700], abs=0.06)
    assert price_at(made, 3600 + 1200) == pytest.approx(99_750, abs=0.06)  # the second one goes to its low first
    assert price_at(made, 4 * 3600) == pytest.approx(99_100, abs=0.06)


def test_no_price_is_seen_before_it_could_be_known(tmp_path: Path) -> None:
    """What stands before a time is the same whatever the later prices and the close of that bar are."""
    whole = market(bars_of(tmp_path / "a")).feed
    later = (*ROWS[:2], (ROWS[2][0], 100_250.0, 100_000.0, 100_240.0), (90_000.0, 91_000.0, 80_000.0, 85_000.0))
    other = market(bars_of(tmp_path / "b", table(later))).feed
    n = [int(np.searchsorted(feed.ts_exch, T0 + 3 * HOUR)) for feed in (whole, other)]
    assert n[0] == n[1] > 1000
    for a, b in zip(mids(whole, BINANCE), mids(other, BINANCE), strict=True):
        books = int((whole.kind[: n[0]] == F_BOOK).sum())
        assert np.array_equal(a[:books], b[:books])
    assert (whole.ts_recv >= whole.ts_exch).all() and (np.diff(whole.ts_recv) >= 0).all()


def test_the_book_around_a_price_rounds_outward_and_is_repeated_below_the_bound_of_staleness(tmp_path: Path) -> None:
    made = market(bars_of(tmp_path))
    feed, x = made.feed, made.instrument
    bid, ask = feed.book_px[:, BUY, 0] * x.tick, feed.book_px[:, SELL, 0] * x.tick
    half = 0.5 * (ask - bid) / (0.5 * (ask + bid)) * 1e4
    assert half.min() >= HALF_BPS["BTC"] and half.max() < HALF_BPS["BTC"] + 0.02
    lots = feed.book_sz[:, BUY, 0] * x.lot * bid
    assert (lots <= LEVEL_QUOTE).all() and lots.min() > 0.9 * LEVEL_QUOTE
    ts, _ = mids(feed, x)
    assert np.diff(ts).max() == BEAT_NS and x.book_stale_ns == STALE_NS and not (feed.kind == F_GAP).any()


def test_a_missing_a_hostile_and_an_untraded_bar_are_gaps(tmp_path: Path) -> None:
    cases = {"missing": table((ROWS[0], ROWS[1], ROWS[3]), (0, 1, 3)), "nan": table(), "low": table(), "idle": table()}
    cases["nan"]["close"][2] = float("nan")
    cases["low"]["low"][2] = 100_100.0  # above its close
    cases["idle"]["volume"][2] = 0.0
    for name, columns in cases.items():
        made = market(bars_of(tmp_path / name, columns))
        at = made.feed.ts_exch[made.feed.kind == F_GAP]
        assert at.tolist() == [T0 + 3 * HOUR], name
        ts, _ = mids(made.feed, BINANCE)
        assert np.diff(ts).max() == HOUR, name
    assert made.counts["bars without volume"] == 1 and made.counts["bars"] == 3


def test_a_rate_is_known_just_before_its_settlement_and_not_earlier(tmp_path: Path) -> None:
    rates = {"symbol": ["BTCUSDT"] * 2, "ts_ms": [T0 // 1_000_000 - 6 * 3_600_000, T0 // 1_000_000 + 7_200_003]}
    funding = written(tmp_path, {**rates, "funding_rate": [0.0001, -0.0003]}, "funding.parquet")
    made = market(read_bars([written(tmp_path, table()), funding], BINANCE))
    marks = made.feed.kind == F_MARK
    ts, small = made.feed.ts_exch[marks], made.feed.small[made.feed.row[marks]]
    settlement = T0 + 2 * HOUR
    before = ts < settlement - KNOWN_NS
    assert (small[before, 2] == 10_000).all() and (small[~before, 2] == -30_000).all()
    assert settlement - KNOWN_NS in ts.tolist()
    assert (small[ts < settlement, 3] == settlement).all() and not any("no recorded rate" in x for x in made.labels)
    plain = market(bars_of(tmp_path / "plain"))
    assert (plain.feed.small[:, 2] == FAR).all() and any("1 of 1 settlements" in x for x in plain.labels)


def test_two_venues_go_to_the_same_extreme_first(tmp_path: Path) -> None:
    """Each alone would choose another one, and their prices would part by the whole bar."""
    a = bars_of(tmp_path / "a", table(((100_000.0, 100_100.0, 99_890.0, 100_050.0), *ROWS[1:])))
    b = bars_of(tmp_path / "b", table(((100_000.0, 100_095.0, 99_910.0, 100_050.0), *ROWS[1:])), BYBIT)
    assert common_order([a])[0][0] != common_order([b])[0][0]
    orders = common_order([a, b])
    assert np.array_equal(orders[0], orders[1])
    assert all(np.array_equal(x, y) for x, y in zip(common_order([b, a]), orders[::-1], strict=True))
    minutes = {**table(), "ts_ms": [T0 // 1_000_000 + 60_000 * i for i in range(4)]}
    with pytest.raises(DataError, match="one length for all venues of a coin, was 1h beside 1m"):
        common_order([a, bars_of(tmp_path / "c", minutes, BYBIT)])


def test_it_is_made_again_from_its_files_alone_or_with_a_basis_and_cut(tmp_path: Path) -> None:
    bars = bars_of(tmp_path)
    plain = bars_recording(bars, np.array([True, False, True, False]), 7)
    again = reopened(plain.paths, plain.instrument, tmp_path, 7, plain.made)
    shifted = with_basis(plain, BYBIT, 7)
    assert shifted.instrument.book_stale_ns == STALE_NS and len(shifted.feed.book_px) > len(plain.feed.book_px)
    _, short = together([cut(plain, T0 + HOUR, T0 + 2 * HOUR), shifted])
    for one, other in (
        (plain, again),
        (short, reopened(short.paths, short.instrument, tmp_path, 7, short.made)),
    ):
        assert all(np.array_equal(x, y) for x, y in zip(one.feed, other.feed, strict=True))
        assert one.made == other.made and one.labels == other.labels
    _, mid = mids(plain.feed, BINANCE)
    _, moved = mids(shifted.feed, BYBIT)
    apart = 1e4 * (moved / mid - 1.0)
    assert len(np.unique(np.round(apart, 3))) > 100 and np.abs(apart).max() < 30.0
    with pytest.raises(DataError, match="about 8 bars as in the journal"):
        reopened([written(tmp_path / "x", table(ROWS * 3, tuple(range(12))))], BINANCE, tmp_path, 7, plain.made)


def test_dates_choose_whole_bars_and_files_say_what_is_wrong_with_them(tmp_path: Path) -> None:
    path = written(tmp_path, table())
    two = read_bars([path], BINANCE, Span(T0 + 1, T0 + 3 * HOUR))
    assert two.ts.tolist() == [T0 + HOUR, T0 + 2 * HOUR] and two.word == "1h"
    with pytest.raises(DataError, match="within the dates"):
        read_bars([path], BINANCE, Span(T0 + 9 * HOUR))
    with pytest.raises(DataError, match="Expected rows of binance_usdm ETHUSDC, was BTCUSDT"):
        read_bars([path], find_instrument("binance_usdm", "ETHUSDC"))
    with pytest.raises(DataError, match="one file of bars"):
        read_bars([path, written(tmp_path / "b", table(ROWS[:3], (4, 5, 6)))], BINANCE)
    with pytest.raises(DataError, match="in order of time"):
        bars_of(tmp_path / "c", table(ROWS, (0, 2, 1, 3)))
    with pytest.raises(DataError, match="name it as bars:VENUE:SYMBOL:FILE"):
        open_recording([path], BINANCE, tmp_path)


def test_recorded_hours_of_binance_and_bybit_are_as_far_apart_as_their_bars(recordings: Recordings) -> None:
    """Issue 4, point 5: both venues over October 2025, with the rates that were paid."""
    span = Span(1_759_276_800 * NS_PER_S, 1_761_868_800 * NS_PER_S)  # 2025-10-01 .. 10-31
    long = recordings("bars/binance_perp_spot_1h_long.parquet")
    a = read_bars([long, recordings("funding/binance_funding.parquet")], BINANCE, span)
    b = read_bars([recordings("bars/bybit_btcusdt_perp_1h.parquet")], BYBIT, span)
    assert np.array_equal(a.ts, b.ts) and len(a.ts) == 720
    first, second = (bars_recording(x, order) for x, order in zip((a, b), common_order([a, b]), strict=True))
    assert not any("no recorded rate" in label for one in (first, second) for label in one.labels)
    (ts, mid), (other_ts, other) = mids(first.feed, BINANCE), mids(second.feed, BYBIT)
    assert np.array_equal(ts, other_ts)
    apart = 1e4 * (mid / other - 1.0)
    assert 1.0 < apart.std() < 5.0 and abs(apart.mean()) < 1.0
