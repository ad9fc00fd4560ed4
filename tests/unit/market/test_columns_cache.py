"""The column cache: kept once, mapped, and made again when it is cut off, foreign or stale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.domain.book import Feed, empty_feed
from core.market import columns
from core.market.recording import open_recording
from tests.unit.market import recorder
from tests.unit.market.markets import ASTER_ETH, instrument
from tests.unit.market.recorder import T0_MS


def feed(n: int = 5) -> Feed:
    dice = np.random.default_rng(1)
    column = lambda *shape: dice.integers(0, 1 << 40, shape)
    return Feed(column(n), column(n), column(n), column(n), column(3, 2, 20), column(3, 2, 20), column(2, 4))


def same(a: Feed, b: Feed) -> bool:
    return all(np.array_equal(x, y) and x.dtype == y.dtype for x, y in zip(a, b))


def test_what_is_stored_is_loaded(tmp_path: Path) -> None:
    columns.store(tmp_path / "a", "key", feed(), {"rows": 5}, ("label",), True)
    loaded = columns.load(tmp_path / "a", "key")
    assert loaded is not None
    assert same(loaded[0], feed())
    assert (loaded[1].counts, loaded[1].labels, loaded[1].one_clock) == ({"rows": 5}, ("label",), True)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]  # nothing half-made is left


def test_empty_columns_are_stored_too(tmp_path: Path) -> None:
    columns.store(tmp_path / "a", "key", empty_feed(), {}, (), False)
    loaded = columns.load(tmp_path / "a", "key")
    assert loaded is not None
    assert same(loaded[0], empty_feed())


def test_writing_to_a_loaded_column_does_not_reach_the_file(tmp_path: Path) -> None:
    columns.store(tmp_path / "a", "key", feed(), {}, (), False)
    first = columns.load(tmp_path / "a", "key")
    assert first is not None
    first[0].book_px[:] = 0
    again = columns.load(tmp_path / "a", "key")
    assert again is not None
    assert same(again[0], feed())


@pytest.mark.parametrize("cut", [0, 4, 12, 60, 400, -1])
def test_cut_off_file_reads_as_absent(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a"
    columns.store(path, "key", feed(), {}, (), False)
    path.write_bytes(path.read_bytes()[:cut])
    assert columns.load(path, "key") is None


def test_foreign_stale_and_damaged_files_read_as_absent(tmp_path: Path) -> None:
    path = tmp_path / "a"
    assert columns.load(path, "key") is None
    assert columns.load(tmp_path, "key") is None
    path.write_bytes(b"something else entirely, long enough to have a header")
    assert columns.load(path, "key") is None
    columns.store(path, "key", feed(), {}, (), False)
    assert columns.load(path, "another key") is None
    whole = path.read_bytes()
    header = columns.load(path, "key")
    assert header is not None
    at = header[1].columns["kind"].offset
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    assert columns.load(path, "key") is None
    path.write_bytes(whole[:8] + b"\xff" * 8 + whole[16:])
    assert columns.load(path, "key") is None


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return recorder.aster_book(tmp_path / "b.parquet", [(T0_MS + i, [(100.0, 1.0, 100.1, 1.0)]) for i in range(9)])


def test_second_opening_comes_from_the_cache(tmp_path: Path, book: Path) -> None:
    cache = tmp_path / "cache"
    first, second = (open_recording([book], ASTER_ETH, cache, seed=3) for _ in range(2))
    assert (first.from_cache, second.from_cache) == (False, True)
    assert same(first.feed, second.feed)
    assert (first.counts, first.labels, first.sha256s) == (second.counts, second.labels, second.sha256s)


def test_cut_off_cache_is_made_again(tmp_path: Path, book: Path) -> None:
    cache = tmp_path / "cache"
    first = open_recording([book], ASTER_ETH, cache)
    (stored,) = cache.iterdir()
    stored.write_bytes(stored.read_bytes()[:-64])
    again = open_recording([book], ASTER_ETH, cache)
    assert not again.from_cache
    assert same(first.feed, again.feed)
    assert open_recording([book], ASTER_ETH, cache).from_cache


def test_another_grid_or_file_is_another_entry(tmp_path: Path, book: Path) -> None:
    cache = tmp_path / "cache"
    open_recording([book], ASTER_ETH, cache)
    fine = open_recording([book], instrument("aster", "ETHUSDT", 0.005, 0.001), cache)
    assert not fine.from_cache
    assert fine.feed.book_px[0, 0, 0] == 20_000
    recorder.aster_book(book, [(T0_MS, [(99.0, 1.0, 100.1, 1.0)])])
    assert not open_recording([book], ASTER_ETH, cache).from_cache


def test_unwritable_cache_only_costs_time_and_says_so(tmp_path: Path, book: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    recording = open_recording([book], ASTER_ETH, blocked)
    assert len(recording.feed.book_px) == 9
    assert any("not kept in the cache" in label for label in recording.labels)
