"""Every trap of the recordings, by name (UC data; issue 2 item 5). Figures are those of the data folder's README."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.book import F_BBO, F_BOOK, F_GAP, F_MARK, F_TRADE, Feed
from core.domain.errors import DataError
from core.domain.units import BUY, FAR, NS_PER_MS, NS_PER_S, SELL
from core.market.recording import guess_instrument, open_recording
from tests.support.recorded import Recordings
from tests.unit.market.conftest import Opened
from tests.unit.market.markets import FILES, STANDX, USDM


def trades(feed: Feed) -> np.ndarray:
    return feed.small[feed.row[feed.kind == F_TRADE]]


def touch(feed: Feed, side: int) -> np.ndarray:
    return feed.book_px[feed.row[feed.kind == F_BOOK], side, 0]


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_recording_opens_in_order_and_never_crossed(opened: Opened, name: str) -> None:
    feed = opened(name).feed
    assert (np.diff(feed.ts_exch) >= 0).all()
    assert (np.diff(feed.ts_recv) >= 0).all()
    assert (feed.ts_recv >= feed.ts_exch).all()
    bid, ask = touch(feed, BUY), touch(feed, SELL)
    assert (bid > 0).all()
    assert (bid <= ask).all()
    assert (trades(feed)[:, :2] > 0).all()
    assert all(column.dtype == np.int64 and column.flags.writeable for column in feed)


def test_standx_locked_books_are_kept_and_counted(opened: Opened) -> None:
    recording = opened("standx_btc")
    locked = touch(recording.feed, BUY) == touch(recording.feed, SELL)
    assert recording.counts["locked"] == locked.sum() == 110_111
    assert round(100 * locked.mean(), 1) == 45.8
    assert any("locked" in label for label in recording.labels)


def test_standx_books_on_the_dime_keep_the_instruments_cent(opened: Opened) -> None:
    feed = opened("standx_btc").feed
    assert (feed.book_px % 10 == 0).all()
    assert (trades(feed)[:, 0] % 10 != 0).any()
    assert 9_137_000 < touch(feed, BUY).min() < touch(feed, BUY).max() < 9_450_000  # 91.4k .. 94.4k USD in cents


def test_standx_guessed_sides_never_reach_a_flow_signal(opened: Opened) -> None:
    recording = opened("standx_btc")
    assert (trades(recording.feed)[:, 2] == 0).all()
    assert any("side unknown" in label for label in recording.labels)


def test_standx_receive_times_that_step_back_are_put_in_order(opened: Opened) -> None:
    assert opened("standx_btc").counts["receive steps back"] == 212


def test_standx_keeps_every_row_and_its_long_hole_is_a_gap(opened: Opened) -> None:
    recording = opened("standx_btc")
    assert (recording.counts["book rows"], recording.counts["trade rows"]) == (240_390, 165_660)
    assert abs(recording.counts["book holes over 5 s"] - 2_364) <= 1
    at = np.flatnonzero(recording.feed.kind == F_GAP)  # only the hole beyond the instrument's own 30 s
    assert len(at) == recording.counts["holes"] == 1
    second = (recording.feed.ts_exch[at[0]] // NS_PER_S) % 86_400
    assert abs(second - (19 * 3600 + 26 * 60 + 12)) < 120


def test_trades_of_one_millisecond_stay_in_file_order_before_the_book(opened: Opened) -> None:
    feed = opened("standx_btc").feed
    at = np.flatnonzero(feed.kind == F_TRADE)
    assert len(np.unique(feed.ts_exch[at])) == 69_622
    ids = trades(feed)[:, 3]
    assert (np.diff(ids) > 0).all()
    same = (np.diff(feed.ts_exch) == 0) & (feed.kind[:-1] == F_BOOK)
    assert not (feed.kind[1:][same] == F_TRADE).any()


@pytest.mark.parametrize(("coin", "repeated"), [("btc", 0), ("sol", 10), ("wlfi", 8)])
def test_hyperliquid_repeated_trade_ids_are_dropped(opened: Opened, coin: str, repeated: int) -> None:
    recording = opened(f"hyperliquid_{coin}")
    assert recording.counts["duplicates"] == repeated
    ids = trades(recording.feed)[:, 3]
    assert len(np.unique(ids)) == len(ids)


@pytest.mark.parametrize("coin", ["btc", "sol", "wlfi"])
def test_hyperliquid_replayed_head_of_trades_is_dropped(opened: Opened, coin: str) -> None:
    recording = opened(f"hyperliquid_{coin}")
    feed = recording.feed
    assert 24 <= recording.counts["dropped before the first book"] <= 31
    assert feed.ts_exch[feed.kind == F_TRADE][0] >= feed.ts_exch[feed.kind == F_BOOK][0]


@pytest.mark.parametrize("coin", ["btc", "sol", "wlfi"])
def test_hyperliquid_reconnect_is_one_gap_before_the_next_quote(opened: Opened, coin: str) -> None:
    feed = opened(f"hyperliquid_{coin}").feed
    at = np.flatnonzero(feed.kind == F_GAP)
    assert len(at) == 1
    quoted = np.flatnonzero((feed.kind == F_BOOK) | (feed.kind == F_BBO))
    before, after = quoted[quoted < at[0]][-1], quoted[quoted > at[0]][0]
    assert feed.ts_exch[after] == feed.ts_exch[at[0]]
    assert 17 < (feed.ts_exch[after] - feed.ts_exch[before]) / NS_PER_S < 19


@pytest.mark.parametrize("coin", ["btc", "sol", "wlfi"])
def test_hyperliquid_two_sides_of_one_instant_never_cross_midway(opened: Opened, coin: str) -> None:
    feed = opened(f"hyperliquid_{coin}").feed
    best = [0, 0]
    crossed = 0
    for kind, row in zip(feed.kind.tolist(), feed.row.tolist()):
        if kind == F_BOOK:
            best = feed.book_px[row, :, 0].tolist()
        elif kind == F_BBO:
            side, px, _, _ = feed.small[row].tolist()
            best[side] = px
            crossed += 0 < best[SELL] <= best[BUY]
    assert crossed == 0


def test_aster_back_fill_is_sorted_and_its_early_trades_stay(opened: Opened) -> None:
    recording = opened("aster_eth")
    assert recording.counts["back steps"] == 2
    assert len(trades(recording.feed)) == 1_538
    assert recording.feed.kind[0] == F_TRADE  # the first trades are older than the book


def test_aster_bbo_back_step_is_sorted_and_its_touch_size_is_said_to_be_assumed(opened: Opened) -> None:
    recording = opened("aster_btc")
    assert recording.counts["back steps"] == 1
    sizes = recording.feed.book_sz[:, :, 0]
    assert (sizes == recording.counts["touch size assumed"]).all()
    assert recording.counts["touch size assumed"] > np.median(trades(recording.feed)[:, 1])
    assert (recording.feed.book_px[:, :, 1:] == 0).all()
    assert any("no sizes" in label for label in recording.labels)


def test_one_clock_files_get_modelled_receive_times_from_the_seed(
    recordings: Recordings, opened: Opened, cache
) -> None:
    first = opened("aster_eth")
    instrument, files = FILES["aster_eth"]
    other = open_recording([recordings(file) for file in files], instrument, cache, seed=8)
    assert first.one_clock
    assert (first.feed.ts_recv == opened("aster_eth").feed.ts_recv).all()
    assert (first.feed.ts_recv != other.feed.ts_recv).any()
    delay = (first.feed.ts_recv - first.feed.ts_exch) / NS_PER_MS
    assert 45 < np.median(delay) < 60  # p50 of the instrument's latency is 50 ms; the running maximum adds a little


def test_binance_clock_behind_the_exchange_is_corrected_with_a_stated_minimum(opened: Opened) -> None:
    recording = opened("binance_usdm_2024")
    assert abs(recording.counts["clock offset us"] / 1e6 + 1.27) < 0.02
    delay = (recording.feed.ts_recv - recording.feed.ts_exch) / NS_PER_MS
    assert delay.min() == pytest.approx(5.0)
    assert np.median(delay) < 30
    assert any("clock" in label for label in recording.labels)


def test_binance_microsecond_stamps_of_2023_are_read_as_such(opened: Opened) -> None:
    feed = opened("binance_usdm_2023").feed
    delay = (feed.ts_recv - feed.ts_exch) / NS_PER_MS
    assert 0 < np.median(delay) < 200


def test_binance_insurance_fund_print_is_no_trade(opened: Opened) -> None:
    recording = opened("binance_usdm_2023")
    assert recording.counts["dropped not_market"] == 1
    assert 3535191080 not in trades(recording.feed)[:, 3]


def test_binance_marks_carry_index_funding_rate_and_settlement(opened: Opened) -> None:
    feed = opened("binance_usdm_2023").feed
    at = np.flatnonzero(feed.kind == F_MARK)
    assert len(at) == 514
    marks = feed.small[feed.row[at]]
    assert (marks[:, 2] != FAR).all()
    assert abs(np.median(marks[:, 2]) - 2_800) < 300  # 0.0028 %
    midnight = 1_680_652_800 * NS_PER_S
    assert set(marks[:, 3].tolist()) == {midnight, midnight + 8 * 3600 * NS_PER_S}
    assert -6.0 < np.median((marks[:, 0] - marks[:, 1]) / marks[:, 1] * 1e4) < -3.0  # mark minus index, bps


def test_two_contiguous_captures_are_one_sequence(opened: Opened) -> None:
    recording = opened("binance_usdm_2023")
    assert recording.counts["holes"] == 0
    assert recording.counts["book rows"] == 16_110
    assert (recording.last_ts - recording.first_ts) / NS_PER_S == pytest.approx(514, abs=2)


def test_best_price_stream_is_not_mixed_into_the_depth_book(opened: Opened) -> None:
    recording = opened("binance_usdm_2024")
    assert recording.counts["bookTicker rows not mixed in"] == 66_089
    assert (recording.feed.kind != F_BBO).all()
    assert (recording.feed.kind == F_BOOK).sum() <= 6_552


def test_differences_before_the_snapshot_are_applied_to_it(opened: Opened) -> None:
    """Dropping them leaves the spot book crossed; with them the spread is one tick."""
    for name in ("binance_usdm_2024", "binance_spot_2024"):
        recording = opened(name)
        assert recording.counts["old differences"] > 0
        assert "dropped crossed" not in recording.counts
        spread = touch(recording.feed, SELL) - touch(recording.feed, BUY)
        assert np.quantile(spread, [0.05, 0.5, 0.99]).tolist() == [1, 1, 1]


def test_capture_without_a_snapshot_gives_best_prices_and_says_so(opened: Opened) -> None:
    recording = opened("binance_spot_2023")
    assert any("best prices only" in label for label in recording.labels)
    assert (recording.feed.book_px[:, :, 1] == 0).all()


@pytest.mark.parametrize("day", ["20240808", "20240809"])
def test_inverse_contracts_are_refused_by_name(recordings: Recordings, cache, day: str) -> None:
    path = recordings(f"wire/binance_cm_btcusd_perp_{day}.txt.gz")
    with pytest.raises(DataError, match=r"COIN-M \(inverse"):
        open_recording([path], USDM, cache)


@pytest.mark.parametrize(
    "name",
    ["bybit_xrpusdt_linear_ob500.jsonl.gz", "cryptofeed_OKX.ws.1.0.txt.gz", "hyperliquid_btc_20250126.txt.gz"],
)
def test_wire_files_of_other_shapes_are_refused_by_name(recordings: Recordings, cache, name: str) -> None:
    with pytest.raises(DataError, match="Expected a StandX"):
        open_recording([recordings(f"wire/{name}")], USDM, cache)


def test_bars_are_no_recording(recordings: Recordings, cache) -> None:
    with pytest.raises(DataError, match="columns"):
        open_recording([recordings("bars/binance_perp_15m_20250817_20251231.parquet")], USDM, cache)


def test_wrong_grid_is_refused_with_the_row(recordings: Recordings, cache) -> None:
    _, files = FILES["hyperliquid_sol"]
    with pytest.raises(DataError, match=r"row 1: Expected a price on the grid 0.1 of BTCUSDT"):
        open_recording([recordings(file) for file in files], USDM, cache)


def test_names_map_to_instrument_files_and_contents_must_agree(recordings: Recordings, tmp_path) -> None:
    _, files = FILES["standx_btc"]
    assert guess_instrument([recordings(file) for file in files]) == ("standx", "BTCUSD")
    liar = tmp_path / "aster_ethusdt_perp_book10_20260106.parquet"
    liar.write_bytes(recordings(files[0]).read_bytes())
    with pytest.raises(DataError, match="was one of standx"):
        guess_instrument([liar])


def test_opening_a_day_again_does_not_convert(opened: Opened) -> None:
    opened("standx_btc")
    again = opened("standx_btc")
    assert again.from_cache
    assert isinstance(again.feed.book_px.base, np.ndarray)  # a view of the mapping, not a copy
    assert again.instrument is STANDX
