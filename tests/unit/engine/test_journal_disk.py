"""A journal on a disk that refuses for a while (R-S1): nothing torn before a whole block, nothing lost that fits."""

from __future__ import annotations

import errno
import os
import pathlib
from typing import Any

import pytest

from core.domain.errors import Fatal
from core.engine import journal as module
from core.engine.journal import Journal, read_frames, torn_bytes
from tests.unit.engine.test_journal import frame, header


class Full:
    """A file that takes `room` bytes more."""

    def __init__(self, inner: Any, room: int) -> None:
        self.inner, self.room = inner, room

    def write(self, data: bytes) -> int:
        if self.room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = int(self.inner.write(bytes(data[: self.room])))
        self.room -= taken
        return taken

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@pytest.mark.parametrize("room", [0, 3, 40])
def test_what_a_full_disk_refused_is_written_whole_once_there_is_room(tmp_path: pathlib.Path, room: int) -> None:
    journal, written = Journal(tmp_path / "j"), [header(), *(frame(n) for n in range(30))]
    journal.append(written[0])
    journal.close_block()
    full = Full(journal._file, room)
    journal._file = full  # type: ignore[assignment]
    for one in written[1:]:
        journal.append(one)
        if one.seq % 10 == 9:  # type: ignore[union-attr]
            with pytest.raises(Fatal, match="No space left"):
                journal.close_block()
    full.room = 1 << 30
    journal.close()
    assert torn_bytes(tmp_path / "j") == 0
    assert list(read_frames(tmp_path / "j")) == written


def test_appending_never_raises_into_a_step_that_is_half_done(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "BLOCK_BYTES", 10)
    journal = Journal(tmp_path / "j")
    journal._file = Full(journal._file, 0)  # type: ignore[assignment]
    journal.append(header())
    with pytest.raises(Fatal):
        journal.close_block()


def test_too_much_that_waits_ends_the_journal_at_its_last_whole_block_and_no_create_leaves_again(
    tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(module, "WAITING_BYTES", 2_000)
    journal = Journal(tmp_path / "j")
    journal.append(header())
    journal.close_block()
    full = Full(journal._file, 0)
    journal._file = full  # type: ignore[assignment]
    for n in range(200):
        journal.append(frame(n))
        if not journal.lost:
            with pytest.raises(Fatal):
                journal.close_block()
    full.room = 1 << 30
    journal.close_block()
    with pytest.raises(Fatal, match="start it again"):
        journal.sync()
    assert len(journal._waiting) == 0 and list(read_frames(tmp_path / "j")) == [header()]


def test_after_a_failed_sync_no_later_one_is_believed(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    """The kernel drops what it could not write and then says that all is well."""
    journal = Journal(tmp_path / "j")
    journal.append(header())

    def broken(_fd: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", broken)
        with pytest.raises(Fatal, match="Input/output error"):
            journal.close_block(sync=True)
    with pytest.raises(Fatal, match="failed before"):
        journal.close_block(sync=True)


@pytest.mark.parametrize("zeros", [1, 8, 5_000])
def test_a_tail_of_zeros_that_a_power_loss_left_is_a_torn_tail(tmp_path: pathlib.Path, zeros: int) -> None:
    """The size of a file may reach the disk before what it holds."""
    journal = Journal(tmp_path / "j")
    journal.append(header())
    journal.close()
    with (tmp_path / "j").open("ab") as file:
        file.write(bytes(zeros))
    assert list(read_frames(tmp_path / "j")) == [header()]
    assert torn_bytes(tmp_path / "j") == zeros
