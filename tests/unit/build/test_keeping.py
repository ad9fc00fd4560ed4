"""Retention and free space: what goes, what stays, and what is said (R-S1)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.build.keeping import DAY_NS, EVERY_NS, HALT_BYTES, WARN_BYTES, Keeping
from core.config.settings import Retention

NOW = 1_800_000_000_000_000_000


def journal(folder: Path, name: str, days: float, size: int = 10) -> Path:
    path = folder / name
    path.write_bytes(b"x" * size)
    at = NOW - round(days * DAY_NS)
    os.utime(path, ns=(at, at))
    return path


def keeping(
    folder: Path, *, days: int = 30, gigabytes: float = 1e-7, free: int = 1 << 40, stay: set[str] | None = None
) -> Keeping:
    return Keeping([folder], Retention(days=days, gigabytes=gigabytes), lambda: stay or set(), lambda _: free)


def test_files_past_their_days_go_and_protected_ones_stay(tmp_path: Path) -> None:
    old = journal(tmp_path, "a.perpj", 31)
    old.with_suffix(".paths").write_text("[]")
    running, young = journal(tmp_path, "b.perpj", 40), journal(tmp_path, "c.perpj", 1)
    other = journal(tmp_path, "notes.txt", 400)
    room = keeping(tmp_path, gigabytes=1, stay={"b.perpj"}).look(NOW)
    assert room is not None and room.removed == ("a.perpj",) and room.bytes == 10 and room.level == ""
    assert not old.exists() and not old.with_suffix(".paths").exists()
    assert running.exists() and young.exists() and other.exists()


def test_the_oldest_go_until_the_sum_fits(tmp_path: Path) -> None:
    for k in range(5):
        journal(tmp_path, f"{k}.perptape", 5 - k, size=60)
    room = keeping(tmp_path, gigabytes=130 / (1 << 30)).look(NOW)
    assert room is not None and room.removed == ("0.perptape", "1.perptape", "2.perptape")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["3.perptape", "4.perptape"]


@pytest.mark.parametrize(
    ("free", "level"), [(WARN_BYTES, ""), (WARN_BYTES - 1, "warn"), (HALT_BYTES, "warn"), (HALT_BYTES - 1, "crit")]
)
def test_a_disk_that_fills_is_said_and_then_stops_us(tmp_path: Path, free: int, level: str) -> None:
    room = keeping(tmp_path, free=free).look(NOW)
    assert room is not None and room.level == level and bool(room.text) == bool(level)


def test_it_looks_once_a_minute(tmp_path: Path) -> None:
    made = keeping(tmp_path)
    assert made.look(NOW) is not None and made.look(NOW + EVERY_NS - 1) is None
    assert made.look(NOW + EVERY_NS) is not None
