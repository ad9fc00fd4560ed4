"""Recordings as a source for drivers."""

from __future__ import annotations

from pathlib import Path

import msgspec

from core.market.recording import open_recording
from core.market.source import RecordingSource, Source
from tests.unit.market import recorder
from tests.unit.market.markets import ASTER_BTC, ASTER_ETH
from tests.unit.market.recorder import T0_MS

LEVEL = [(100.0, 1.0, 100.1, 1.0)]


def opened(folder: Path, name: str, instrument, ts: list[int]):
    path = recorder.aster_book(folder / f"{name}.parquet", [(T0_MS + t, LEVEL) for t in ts])
    return open_recording([path], instrument, folder / "cache", seed=5)


def test_recording_gives_everything_once_and_then_none(tmp_path: Path) -> None:
    first, second = opened(tmp_path, "eth", ASTER_ETH, [5, 9]), opened(tmp_path, "btc", ASTER_BTC, [0, 3])
    source: Source = RecordingSource([first, second], seed=5)
    assert source.extend(1, 0) is second.feed
    assert source.extend(1, 1 << 62) is None
    assert source.extend(0, 0) is first.feed
    assert (source.start_ns, source.end_ns) == (T0_MS * 10**6, (T0_MS + 9) * 10**6)
    assert source.instruments == (ASTER_ETH, ASTER_BTC)
    assert not source.live


def test_reference_names_files_by_digest_and_packs(tmp_path: Path) -> None:
    recording = opened(tmp_path, "eth", ASTER_ETH, [0])
    ref = RecordingSource([recording], seed=5).ref
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(ref)) == ref
    assert ref == {"kind": "recording", "names": ["eth"], "sha256s": [list(recording.sha256s)], "seed": 5}
    assert len(recording.sha256s[0]) == 64
