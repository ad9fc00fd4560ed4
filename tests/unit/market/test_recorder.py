"""The recorder: files end by period and size, none is overwritten, and a disk that refuses ends it with a reason."""

from __future__ import annotations

import pathlib
import resource
from collections.abc import Iterator

import numpy as np
import pytest

from core.clock import VirtualClock
from core.config.instruments import find_instrument
from core.domain.book import F_BOOK, F_GAP, F_MARK, F_TRADE, LEVELS
from core.domain.events import Link
from core.domain.units import NS_PER_S
from core.market.recorder import LEAST_FREE, Recorder
from core.market.taped import header_of, read_tape

HOUR = 3600 * NS_PER_S
START = 1_699_999_200 * NS_PER_S  # 22:00 UTC
BTC, SOL = find_instrument("hyperliquid", "BTC"), find_instrument("hyperliquid", "SOL")


def made(folder: pathlib.Path, clock: VirtualClock, **more: object) -> Recorder:
    given: dict[str, object] = {"file_ns": HOUR, "file_bytes": 1 << 40, "offset_ns": lambda: -7, **more}
    folder.mkdir(exist_ok=True)
    return Recorder(folder, (BTC, SOL), clock, **given)  # type: ignore[arg-type]


def book(at: int) -> np.ndarray:
    px = np.zeros((2, LEVELS), np.int64)
    px[0][0], px[1][0] = 110_000 - at, 110_001
    return px


def feed(recorder: Recorder, clock: VirtualClock, seconds: range, i: int = 0) -> None:
    """A book, a trade and a mark each second."""
    for s in seconds:
        ts = START + s * NS_PER_S
        clock.set(max(clock.now(), ts))
        recorder.book(i, ts - 3, ts, book(s % 100), book(0))
        recorder.small(i, ts - 2, ts, F_TRADE, (110_000, s + 1, 1, s + 1))
        recorder.small(i, ts - 1, ts, F_MARK, (110_000, 0, 5, 0))


def test_a_new_file_begins_with_each_full_hour_and_each_is_read_alone(tmp_path: pathlib.Path) -> None:
    clock = VirtualClock(START)
    recorder = made(tmp_path / "out", clock)
    feed(recorder, clock, range(3_590, 3_610))
    recorder.close()
    assert [path.name.rpartition("_")[2] for path in recorder.files] == [
        "20231114T225950Z.perptape",
        "20231114T230000Z.perptape",
    ]
    sums = []
    for path in recorder.files:
        header, rows, whole = read_tape(path)
        assert whole and (header.venue, header.symbol, header.clock_offset_ns) == ("hyperliquid", "BTC", -7)
        assert header.started == int(rows.ts_recv[0])
        sums.append([int((rows.kind == kind).sum()) for kind in (F_BOOK, F_TRADE, F_MARK)])
    assert sums == [[10, 10, 10], [10, 10, 10]]
    assert recorder.counts(0) == {"books": 20, "trades": 20, "marks": 20, "gaps": 0}
    assert recorder.bytes == sum(path.stat().st_size for path in recorder.files) and not recorder.trouble


def test_a_file_that_is_large_enough_is_closed_and_none_is_overwritten(tmp_path: pathlib.Path) -> None:
    """Two files of one second, and one that somebody else left there."""
    clock = VirtualClock(START)
    folder = tmp_path / "out"
    folder.mkdir()
    other = folder / "perpconsole_hyperliquid_btc_20231114T220000Z.perptape"
    other.write_bytes(b"mine")
    recorder = made(folder, clock, file_bytes=1)
    for n in range(3):
        recorder.small(0, START, START + n, F_TRADE, (110_000, 1, 1, n + 1))
        recorder.look()
    recorder.close()
    assert [path.name[-11:-9] for path in recorder.files] == ["-2", "-3", "-4"]
    assert [int(read_tape(path)[1].small[0][3]) for path in recorder.files] == [1, 2, 3]
    assert other.read_bytes() == b"mine"


def test_each_instrument_has_files_of_its_own_and_the_ages_of_its_streams(tmp_path: pathlib.Path) -> None:
    """S4-01: a recorder and an age for each stream."""
    clock = VirtualClock(START)
    recorder = made(tmp_path / "out", clock)
    feed(recorder, clock, range(1))
    recorder.small(1, START, START, F_TRADE, (20_000, 1, -1, 9))
    clock.set(START + 5 * NS_PER_S)
    recorder.book(0, START, clock.now(), book(1), book(0))
    recorder.gap(1, clock.now(), clock.now(), 3)
    recorder.input(Link(0, True, "book BTC/USDC:USDC"))
    recorder.input(Link(0, False, "book BTC/USDC:USDC: silent for 2.1 s"))
    assert recorder.ages_s(0) == {"books": 0.0, "trades": 5.0, "marks": 5.0}
    assert recorder.ages_s(1) == {"books": None, "trades": 5.0, "marks": None}
    assert recorder.links == {(0, "book BTC/USDC:USDC"): False}
    recorder.close()
    assert sorted(header_of(path).symbol for path in recorder.files) == ["BTC", "SOL"]
    sol = next(path for path in recorder.files if "_sol_" in path.name)
    assert [int(kind) for kind in read_tape(sol)[1].kind] == [F_TRADE, F_GAP]


@pytest.fixture
def small_disk() -> Iterator[int]:
    """No file of this process may grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = 6_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield size
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_ends_the_recording_with_a_reason_and_a_file_of_whole_blocks(
    tmp_path: pathlib.Path, small_disk: int
) -> None:
    """R-S3: what was written stays readable, nothing more is taken, nothing is raised into the feed."""
    clock = VirtualClock(START)
    recorder = made(tmp_path / "out", clock)
    written = 0
    for n in range(400):
        feed(recorder, clock, range(n, n + 1))
        recorder.look()
        written += 0 if recorder.trouble else 3
    recorder.close()
    assert "perptape: File too large" in recorder.trouble
    path = recorder.files[0]
    _, rows, whole = read_tape(path)
    assert whole and len(rows.kind) == written > 30 and len(recorder.files) == 1
    assert path.stat().st_size == recorder.bytes < small_disk


def test_it_ends_while_there_is_still_room_for_the_core_on_the_same_disk(tmp_path: pathlib.Path) -> None:
    clock = VirtualClock(START)
    room = [LEAST_FREE, LEAST_FREE - 1]
    recorder = made(tmp_path / "out", clock, free=lambda path: room.pop(0))
    feed(recorder, clock, range(2))
    recorder.look()
    assert not recorder.trouble
    recorder.look()
    assert "MB free" in recorder.trouble
    feed(recorder, clock, range(2, 4))
    recorder.close()
    assert len(read_tape(recorder.files[0])[1].kind) == 6


def test_a_folder_that_is_gone_is_a_reason_too(tmp_path: pathlib.Path) -> None:
    clock = VirtualClock(START)
    (tmp_path / "file").write_text("")
    recorder = Recorder(tmp_path / "file", (BTC,), clock, HOUR, 1 << 40)
    feed(recorder, clock, range(1))
    assert recorder.trouble and recorder.files == [] and recorder.counts(0)["books"] == 0
