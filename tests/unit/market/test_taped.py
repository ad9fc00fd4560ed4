"""Recordings of live feeds: record then replay gives the same books; a cut file loses its last block only."""

from __future__ import annotations

import os
import pathlib

import numpy as np
import pytest

from core.config.instruments import find_instrument
from core.domain.book import F_BOOK, F_GAP, Feed
from core.domain.errors import DataError
from core.domain.units import NS_PER_S
from core.market import taped
from core.market.recording import guess_instrument, open_recording
from core.market.synthetic import SyntheticMarket
from core.market.taped import TapeWriter, file_name, read_tape, read_tapes

START = 1_700_000_000 * NS_PER_S
ETH = find_instrument("binance_usdm", "ETHUSDC")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taped, "BLOCK_ROWS", 100)


def market(seconds: int) -> Feed:
    return SyntheticMarket(ETH, 5, START).chunk(START + seconds * NS_PER_S)


def record(folder: pathlib.Path, feed: Feed) -> pathlib.Path:
    """Everything of `feed` through the writer, row by row, as a live venue would hand it in."""
    path = folder / file_name(ETH, "20260101T000000Z")
    writer = TapeWriter(path, ETH, START)
    for ts_exch, ts_recv, kind, row in zip(feed.ts_exch, feed.ts_recv, feed.kind, feed.row, strict=True):
        if kind == F_BOOK:
            writer.book(0, int(ts_exch), int(ts_recv), feed.book_px[row], feed.book_sz[row])
        elif kind == F_GAP:
            writer.gap(0, int(ts_exch), int(ts_recv), int(row))
        else:
            writer.small(0, int(ts_exch), int(ts_recv), int(kind), tuple(int(v) for v in feed.small[row]))
    writer.close()
    assert writer.rows == len(feed.kind) and not writer.trouble
    return path


def test_record_then_replay_gives_the_same_rows(tmp_path: pathlib.Path) -> None:
    feed = market(120)
    path = record(tmp_path, feed)
    assert len(feed.kind) > 500  # several blocks
    assert guess_instrument([path]) == ("binance_usdm", "ETHUSDC")
    again = open_recording([path], ETH, tmp_path / "cache").feed
    for name in ("ts_exch", "ts_recv", "kind", "row", "book_px", "book_sz", "small"):
        assert np.array_equal(getattr(again, name), getattr(feed, name)), name


def test_a_file_cut_anywhere_reads_up_to_its_last_whole_block(tmp_path: pathlib.Path) -> None:
    """A recorder that was killed loses at most the rows of one block (S1)."""
    feed = market(90)
    whole = record(tmp_path, feed).read_bytes()
    cut = tmp_path / file_name(ETH, "cut")
    for size in range(len(whole) - 1, len(whole) // 2, -997):
        cut.write_bytes(whole[:size])
        _, read, complete = read_tape(cut)
        n = len(read.kind)
        assert not complete and 0 < n < len(feed.kind)
        assert np.array_equal(read.ts_exch, feed.ts_exch[:n]) and np.array_equal(read.kind, feed.kind[:n])


def test_damage_foreign_files_and_other_grids_are_refused_by_name(tmp_path: pathlib.Path) -> None:
    path = record(tmp_path, market(90))
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with pytest.raises(DataError, match=r"20260101.*damaged"):
        read_tape(path)
    path.write_bytes(b"PERPTAPE")
    with pytest.raises(DataError, match="without its header"):
        read_tape(path)
    path.write_bytes(b"something else")
    with pytest.raises(DataError, match="another file"):
        read_tape(path)
    good = tmp_path / "sub"
    good.mkdir()
    with pytest.raises(DataError, match="grid"):
        open_recording([record(good, market(5))], find_instrument("binance_usdm", "BTCUSDT"), tmp_path / "cache")


def test_times_that_step_back_are_put_in_order_and_receive_times_never_step_back(tmp_path: pathlib.Path) -> None:
    path = tmp_path / file_name(ETH, "x")
    writer = TapeWriter(path, ETH, START)
    for ts in (5, 3, 9):
        writer.small(0, START + ts, START + ts + 1, 2, (250_000, 10, 1, ts))
    writer.close()
    _, feed, _ = read_tape(path)
    assert list(feed.ts_exch - START) == [3, 5, 9] and (np.diff(feed.ts_recv) >= 0).all()
    assert (feed.ts_recv >= feed.ts_exch).all() and [int(v[3]) for v in feed.small[feed.row]] == [3, 5, 9]


def test_a_gap_stays_before_the_whole_book_that_ended_it(tmp_path: pathlib.Path) -> None:
    """A gap has no exchange time of its own: stamped when it was noticed, it must not void the book that came next."""
    path = tmp_path / file_name(ETH, "x")
    writer = TapeWriter(path, ETH, START)
    px = np.ones((2, taped.LEVELS), np.int64)
    writer.book(0, START + 100, START + 400, px, px)
    writer.small(0, START + 350, START + 650, 2, (250_000, 10, 1, 1))
    writer.gap(0, START + 900, START + 900, 0)
    writer.book(0, START + 700, START + 1_000, 2 * px, px)
    writer.small(0, START + 750, START + 1_050, 2, (250_000, 10, 1, 2))
    writer.close()
    _, feed, _ = read_tape(path)
    assert [int(kind) for kind in feed.kind] == [F_BOOK, 2, F_GAP, F_BOOK, 2]
    assert list(feed.ts_exch - START) == [100, 350, 700, 700, 750] and list(feed.row) == [0, 0, 0, 1, 1]


def test_a_book_that_fills_a_block_stands_in_that_block(tmp_path: pathlib.Path) -> None:
    path = tmp_path / file_name(ETH, "x")
    writer = TapeWriter(path, ETH, START)
    px = np.ones((2, taped.LEVELS), np.int64)
    for n in range(100):
        writer.book(0, START + n, START + n, px * (n + 1), px)
    os.close(writer._file)  # killed: no more blocks
    _, feed, _ = read_tape(path)
    assert len(feed.book_px) == 100 and [int(feed.book_px[row][0][0]) for row in feed.row] == list(range(1, 101))


def test_tapes_of_one_instrument_are_read_one_after_the_other(tmp_path: pathlib.Path) -> None:
    """As one recorder leaves them; a hole between two voids the book."""
    px = np.ones((2, taped.LEVELS), np.int64)
    paths = []
    for n, begun in enumerate((0, 100, 5_000)):
        path = tmp_path / file_name(ETH, f"{9 - n}")
        writer = TapeWriter(path, ETH, START + begun)
        writer.book(0, START + begun, START + begun, px * (n + 1), px)
        writer.small(0, START + begun + 10, START + begun + 20, 2, (250_000, 10, 1, n + 1))
        writer.close()
        paths.append(path)
    headers, feed, whole = read_tapes(paths[::-1], hole_ns=1_000)
    assert whole and [header.started - START for header in headers] == [0, 100, 5_000]
    assert [int(kind) for kind in feed.kind] == [F_BOOK, 2, F_BOOK, 2, F_GAP, F_BOOK, 2]
    assert list(feed.ts_recv - START) == [0, 20, 100, 120, 1_120, 5_000, 5_020]
    assert [int(feed.book_px[row][0][0]) for row in feed.row[feed.kind == F_BOOK]] == [1, 2, 3]
    assert [int(feed.small[row][3]) for row in feed.row[feed.kind == 2]] == [1, 2, 3]
    with pytest.raises(DataError, match="one after the other"):
        read_tapes([paths[0], paths[0]], hole_ns=1_000)
