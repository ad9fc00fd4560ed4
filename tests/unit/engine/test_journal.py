"""The journal: written before orders leave, readable after a kill at any byte."""

from __future__ import annotations

import pathlib

import pytest

from core.domain.commands import Halt
from core.domain.errors import DataError, Fatal
from core.domain.events import Asked, Moment, Slice
from core.domain.order import CREATE, Request
from core.engine.journal import Frame, Header, Journal, read_frames, torn_bytes


def header() -> Header:
    return Header(1, {"a": 1}, "00", {"kind": "synthetic"}, "PAPER", 7, 1, 0)


def frame(seq: int) -> Frame:
    moment = Moment(seq * 1000, 2, (Slice(0, seq, seq + 3),), (), (Asked(Halt(id=str(seq))),))
    return Frame(seq, moment, (Request(0, 0, CREATE, seq, 0, 0, 100, 5, 0, 1, 0, 3),), (), ())


def test_frames_come_back_as_they_were_written(tmp_path: pathlib.Path) -> None:
    journal = Journal(tmp_path / "j")
    written = [header(), *(frame(n) for n in range(5000))]
    for one in written:
        journal.append(one)
    journal.close()
    assert list(read_frames(tmp_path / "j")) == written
    assert torn_bytes(tmp_path / "j") == 0


def test_a_journal_cut_at_any_byte_reads_up_to_its_last_whole_block(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "j"
    journal = Journal(path)
    ends = []
    for n in range(40):
        journal.append(frame(n))
        journal.close_block()
        ends.append(path.stat().st_size)
    raw = path.read_bytes()
    for cut in range(len(raw)):
        if cut < 8:
            continue
        (tmp_path / "cut").write_bytes(raw[:cut])
        whole = sum(end <= cut for end in ends)
        assert len(list(read_frames(tmp_path / "cut"))) == whole
        assert torn_bytes(tmp_path / "cut") == cut - (ends[whole - 1] if whole else 8)


def test_damage_before_the_end_is_refused_and_names_the_file(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "j"
    journal = Journal(path)
    for n in range(4):
        journal.append(frame(n))
        journal.close_block()
    journal.close()
    raw = bytearray(path.read_bytes())
    raw[30] ^= 0xFF
    path.write_bytes(raw)
    with pytest.raises(DataError, match="sound block"):
        list(read_frames(path))


def test_a_foreign_file_is_refused(tmp_path: pathlib.Path) -> None:
    (tmp_path / "x").write_bytes(b"hello, this is no journal")
    with pytest.raises(DataError, match="Expected a perpconsole journal"):
        list(read_frames(tmp_path / "x"))


def test_the_hash_does_not_depend_on_where_blocks_end(tmp_path: pathlib.Path) -> None:
    one, other = Journal(tmp_path / "a"), Journal(None)
    for n in range(300):
        one.append(frame(n))
        other.append(frame(n))
        if n % 7 == 0:
            one.close_block()
    assert one.sha256 == other.sha256


def test_a_journal_never_overwrites_an_earlier_one(tmp_path: pathlib.Path) -> None:
    Journal(tmp_path / "j").close()
    with pytest.raises(Fatal):
        Journal(tmp_path / "j")


def test_a_disk_that_refuses_is_fatal_and_not_silent() -> None:
    journal = Journal(pathlib.Path("/dev/shm") / "perp-journal-test-full")
    try:
        assert journal._file is not None
        journal._file.close()
        journal._file = open("/dev/full", "wb", buffering=0)  # noqa: SIM115
        journal.append(frame(1))
        with pytest.raises(Fatal):
            journal.close_block()
    finally:
        (pathlib.Path("/dev/shm") / "perp-journal-test-full").unlink()
