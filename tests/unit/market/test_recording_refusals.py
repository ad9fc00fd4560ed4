"""What bad recordings get: refused by name and row with what to do, or dropped and counted (issue 2)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from core.domain.book import F_BOOK, F_GAP, F_TRADE
from core.domain.errors import DataError
from core.market.recording import open_recording
from tests.unit.market import recorder
from tests.unit.market.markets import ASTER_ETH, HL, STANDX, USDM
from tests.unit.market.recorder import T0_MS, depth, snapshot

GOOD = (100.0, 1.0, 100.1, 2.0)
NS = 1_000_000


def book(path: Path, *levels: tuple[float, float, float, float], step: int = 100) -> Path:
    return recorder.aster_book(path / "book.parquet", [(T0_MS + step * i, [level]) for i, level in enumerate(levels)])


@pytest.mark.parametrize(
    ("level", "reason"),
    [
        ((float("nan"), 1.0, 100.1, 2.0), "not_a_number"),
        ((100.0, 1.0, float("inf"), 2.0), "infinite"),
        ((100.0, -1.0, 100.1, 2.0), "negative"),
        ((100.0, 1.0, 1e308, 2.0), "too_large"),
        ((100.0, 3e10, 100.1, 2.0), "too_large"),
        ((100.2, 1.0, 100.1, 2.0), "crossed"),
        ((0.0, 0.0, 100.1, 2.0), "empty"),
        ((100.0, 0.0, 100.1, 2.0), "zero"),
        ((None, 1.0, 100.1, 2.0), "not_a_number"),
    ],
)
def test_hostile_book_row_is_dropped_and_counted(tmp_path: Path, level, reason: str) -> None:
    recording = open_recording([book(tmp_path, GOOD, level, GOOD)], ASTER_ETH, tmp_path / "cache")
    assert recording.counts[f"dropped {reason}"] == 1
    assert len(recording.feed.book_px) == 2
    assert recording.counts["book rows"] == 3


def test_levels_out_of_order_are_dropped(tmp_path: Path) -> None:
    path = recorder.aster_book(
        tmp_path / "b.parquet", [(T0_MS, [GOOD]), (T0_MS + 1, [GOOD, (100.05, 1.0, 100.2, 1.0)])]
    )
    assert open_recording([path], ASTER_ETH, tmp_path / "c").counts["dropped unsorted"] == 1


@pytest.mark.parametrize(
    ("price", "size", "reason"),
    [(float("nan"), 1.0, "not_a_number"), (-1.0, 1.0, "negative"), (0.0, 1.0, "zero"), (1e308, 1.0, "too_large")],
)
def test_hostile_trade_is_dropped_and_counted(tmp_path: Path, price: float, size: float, reason: str) -> None:
    trades = recorder.aster_trades(
        tmp_path / "t.parquet", [(1, T0_MS, "buy", 100.1, 1.0), (2, T0_MS, "sell", price, size)]
    )
    recording = open_recording([book(tmp_path, GOOD), trades], ASTER_ETH, tmp_path / "c")
    assert recording.counts[f"dropped {reason}"] == 1
    assert (recording.feed.kind == F_TRADE).sum() == 1


def test_price_off_the_grid_names_file_row_and_remedy(tmp_path: Path) -> None:
    path = book(tmp_path, GOOD, GOOD, (100.005, 1.0, 100.1, 2.0))
    with pytest.raises(DataError, match=r"book.parquet row 3: Expected a price on the grid 0.01 of ETHUSDT.*tick"):
        open_recording([path], ASTER_ETH, tmp_path / "c")


def test_unsorted_book_is_refused_at_its_row(tmp_path: Path) -> None:
    path = recorder.aster_book(tmp_path / "b.parquet", [(T0_MS + t, [GOOD]) for t in (0, 100, 50, 200)])
    with pytest.raises(DataError, match=r"b.parquet row 3: Expected rows in order of time, was 0.050 s back"):
        open_recording([path], ASTER_ETH, tmp_path / "c")


def test_shuffled_trades_are_beyond_what_a_back_fill_explains(tmp_path: Path) -> None:
    order = np.random.default_rng(3).permutation(40)
    trades = recorder.aster_trades(
        tmp_path / "t.parquet", [(i, T0_MS + int(k) * 10, "buy", 100.1, 1.0) for i, k in enumerate(order)]
    )
    with pytest.raises(DataError, match="sort it by exchange time"):
        open_recording([book(tmp_path, GOOD), trades], ASTER_ETH, tmp_path / "c")


def test_trade_a_minute_back_is_no_back_fill(tmp_path: Path) -> None:
    trades = recorder.aster_trades(
        tmp_path / "t.parquet", [(1, T0_MS + 61_000, "buy", 100.1, 1.0), (2, T0_MS, "buy", 100.1, 1.0)]
    )
    with pytest.raises(DataError, match="row 2"):
        open_recording([book(tmp_path, GOOD), trades], ASTER_ETH, tmp_path / "c")


def test_truncated_parquet_is_refused(tmp_path: Path) -> None:
    path = book(tmp_path, *[GOOD] * 50)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"book.parquet row 0: Expected a whole parquet file.*copy it again"):
        open_recording([path], ASTER_ETH, tmp_path / "c")


@pytest.mark.parametrize("content", [b"", b"hello\n", b"PK\x03\x04zip", b"\x1f\x8bbroken", b"PAR1"])
def test_empty_and_foreign_files_are_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "thing.bin"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"thing.bin"):
        open_recording([path], ASTER_ETH, tmp_path / "c")


def test_absent_file_and_folder_are_refused_by_name(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.parquet", tmp_path):
        with pytest.raises(DataError, match=path.name):
            open_recording([path], ASTER_ETH, tmp_path / "c")


def test_table_without_rows_is_refused(tmp_path: Path) -> None:
    path = book(tmp_path, GOOD)
    pl.read_parquet(path).head(0).write_parquet(path)
    with pytest.raises(DataError, match="was a table of none"):
        open_recording([path], ASTER_ETH, tmp_path / "c")


def test_text_for_numbers_is_refused_by_column(tmp_path: Path) -> None:
    path = book(tmp_path, GOOD)
    pl.read_parquet(path).with_columns(pl.col("bid_px_0").cast(pl.String)).write_parquet(path)
    with pytest.raises(DataError, match="Expected numbers in column bid_px_0"):
        open_recording([path], ASTER_ETH, tmp_path / "c")


def test_impossible_time_is_refused_at_its_row(tmp_path: Path) -> None:
    path = recorder.aster_book(tmp_path / "b.parquet", [(T0_MS, [GOOD]), (T0_MS * 1000, [GOOD])])
    with pytest.raises(DataError, match=r"row 2: Expected a time of this century"):
        open_recording([path], ASTER_ETH, tmp_path / "c")


def test_trades_alone_ask_for_the_book(tmp_path: Path) -> None:
    path = recorder.aster_trades(tmp_path / "t.parquet", [(1, T0_MS, "buy", 100.1, 1.0)])
    with pytest.raises(DataError, match="Expected the book or bbo file beside the trades"):
        open_recording([path], ASTER_ETH, tmp_path / "c")


def test_files_of_two_venues_or_two_books_are_refused(tmp_path: Path) -> None:
    first = book(tmp_path, GOOD)
    other = recorder.hyperliquid_trades(tmp_path / "h.parquet", [(T0_MS * NS, T0_MS, "buy", 1.0, 1.0, 1)])
    second = tmp_path / "again.parquet"
    second.write_bytes(first.read_bytes())
    with pytest.raises(DataError, match="files of one venue"):
        open_recording([first, other], ASTER_ETH, tmp_path / "c")
    with pytest.raises(DataError, match="one book file"):
        open_recording([first, second], ASTER_ETH, tmp_path / "c")
    with pytest.raises(DataError, match="at least one recording"):
        open_recording([], ASTER_ETH, tmp_path / "c")


def test_capture_cut_off_in_the_middle_is_refused_at_its_row(tmp_path: Path) -> None:
    rows = [(T0_MS * NS + i, depth(i, i, i - 1, [], [])) for i in range(1, 400)]
    path = recorder.wire(tmp_path / "w.txt.gz", rows)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"w.txt.gz row \d+: Expected a whole file"):
        open_recording([path], USDM, tmp_path / "c")


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('{"stream":"btcusdt@trade","data":{"e":"tra', "Expected JSON"),
        (depth(3, 4, 2, [["100.05", "1"]], []), "Expected values on the grid 0.1 x 0.001"),
        ({"stream": "ethusdt@trade", "data": {"s": "ETHUSDT", "t": 1, "T": 1, "p": "1.0", "q": "1", "m": True}},
         "Expected messages of BTCUSDT"),
    ],
)  # fmt: skip
def test_bad_line_of_a_capture_is_refused_at_its_row(tmp_path: Path, line, what: str) -> None:
    rows = [(T0_MS * NS, snapshot(1, [["100.0", "1"]], [["100.1", "1"]])), (T0_MS * NS, depth(2, 2, 1, [], []))]
    path = recorder.wire(tmp_path / "w.txt.gz", [*rows, (T0_MS * NS + 1, line)])
    with pytest.raises(DataError, match=rf"w.txt.gz row 3: {what}"):
        open_recording([path], USDM, tmp_path / "c")


def test_line_without_a_receive_time_is_refused(tmp_path: Path) -> None:
    path = recorder.wire(tmp_path / "w.txt.gz", [(T0_MS * NS, depth(2, 2, 1, [], []))])
    path.write_bytes(b'17 {"e":"depthUpdate","pu":1}\nhello\n')
    with pytest.raises(DataError, match=r"row [12]: Expected"):
        open_recording([path], USDM, tmp_path / "c")


def test_captures_out_of_order_are_refused(tmp_path: Path) -> None:
    one = [["100.0", "1"]], [["100.1", "1"]]
    rows = [(T0_MS * NS, snapshot(1, *one)), ((T0_MS - 5_000) * NS, depth(2, 2, 1, [], []))]
    with pytest.raises(DataError, match=r"row 2: Expected lines in order of receive time, was 5.000 s back"):
        open_recording([recorder.wire(tmp_path / "w.txt.gz", rows)], USDM, tmp_path / "c")


def test_lot_too_coarse_for_the_capture_is_refused(tmp_path: Path) -> None:
    rows = [
        (T0_MS * NS, snapshot(1, [["100.0", "1.00005"]], [["100.1", "1.00005"]])),
        (T0_MS * NS, depth(2, 2, 1, [], [])),
    ]
    with pytest.raises(DataError, match=r"Expected sizes in lots of 0.001 BTC, was finer in 2 of 2"):
        open_recording([recorder.wire(tmp_path / "w.txt.gz", rows)], USDM, tmp_path / "c")


def test_missing_difference_is_a_gap_and_no_book_until_a_snapshot(tmp_path: Path) -> None:
    bids, asks = [["100.0", "1"]], [["100.1", "1"]]
    rows = [
        depth(1, 1, 0, [], []),
        snapshot(2, bids, asks),
        depth(3, 3, 2, [["100.0", "2"]], [], T0_MS + 1),
        depth(6, 6, 5, [["99.9", "7"]], [], T0_MS + 2),
        depth(7, 7, 6, [["99.8", "7"]], [], T0_MS + 3),
        snapshot(9, [["99.0", "1"]], [["99.1", "1"]], T0_MS + 4),
        depth(10, 10, 9, [["99.0", "3"]], [], T0_MS + 5),
    ]
    path = recorder.wire(tmp_path / "w.txt.gz", [(T0_MS * NS + i, row) for i, row in enumerate(rows)])
    recording = open_recording([path], USDM, tmp_path / "c")
    assert recording.feed.kind.tolist() == [F_BOOK, F_BOOK, F_GAP, F_BOOK, F_BOOK]
    assert recording.feed.row[2] == 1
    assert recording.feed.book_px[:, :, 0].tolist() == [[1000, 1001], [1000, 1001], [990, 991], [990, 991]]
    assert recording.feed.book_sz[:, 0, 0].tolist() == [1000, 2000, 1000, 3000]
    assert recording.counts["holes"] == 1


def test_standx_times_may_not_step_back_at_all(tmp_path: Path) -> None:
    table = {"ts_recv_ns": [T0_MS * NS] * 2, "ts_exch_ms": [T0_MS, T0_MS - 1]}
    for name, value in (("bid_px_t0", 1000), ("bid_sz_l0", 1), ("ask_px_t0", 1010), ("ask_sz_l0", 1)):
        table[name] = [value] * 2
    pl.DataFrame(table).write_parquet(tmp_path / "s.parquet")
    with pytest.raises(DataError, match=r"s.parquet row 2"):
        open_recording([tmp_path / "s.parquet"], STANDX, tmp_path / "c")


def test_bbo_rows_without_a_named_side_are_dropped(tmp_path: Path) -> None:
    ns = T0_MS * NS
    level = [(100.0, 1.0, 101.0, 1.0)]
    files = [
        recorder.hyperliquid_book(tmp_path / "b.parquet", [(ns, T0_MS, level)]),
        recorder.hyperliquid_bbo(
            tmp_path / "q.parquet", [(ns, T0_MS, "bid", 100.0, 1.0), (ns, T0_MS, "\x1b[2J", 1.0, 1.0)]
        ),
    ]
    assert open_recording(files, HL["btc"], tmp_path / "c").counts["dropped wrong_type"] == 1
