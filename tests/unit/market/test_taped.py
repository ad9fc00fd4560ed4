"""Recordings of live feeds: record then replay gives the same books; a cut file loses its last block only."""

from __future__ import annotations

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
from core.market.taped import TapeWriter, file_name, read_tape

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
