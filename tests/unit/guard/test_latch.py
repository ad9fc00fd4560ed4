"""The halt latch on disk (RELIABILITY.md 5 E1, W6; K-34): durable, joined, raised, never cleared by itself."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import VirtualClock
from core.domain.errors import Refused
from core.guard.latch import NAME, STATES, UNREADABLE, Latch, Stop, new_stop_id


def stop(**changes: object) -> Stop:
    values = {"stop_id": "stop-1", "reason": "operator", "who": "op@pts/1", "ts": 7}
    return Stop(**{**values, **changes})  # type: ignore[arg-type]


def test_latch_survives_the_object_that_wrote_it(state_dir: Path) -> None:
    assert Latch(state_dir).read() is None
    assert Latch(state_dir).engage(stop()) == stop()
    assert Latch(state_dir).engaged()
    assert Latch(state_dir).read() == stop()
    assert (state_dir / NAME).stat().st_mode & 0o777 == 0o600


def test_file_and_name_are_synced_before_engage_returns(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """E1: `O_CREAT`, fsync file + dir, in that order."""
    synced: list[str] = []
    real = os.fsync

    def watched(fd: int) -> None:
        target = os.readlink(f"/proc/self/fd/{fd}")
        synced.append("folder" if target == str(state_dir) else "file")
        assert (state_dir / NAME).exists() == (synced[-1] == "folder")
        real(fd)

    monkeypatch.setattr(os, "fsync", watched)
    Latch(state_dir).engage(stop())
    assert synced == ["file", "folder"]


def test_later_stops_join_the_first(state_dir: Path) -> None:
    """Idempotent: any number of triggers from any number of processes join the same run."""
    latch = Latch(state_dir)
    latch.engage(stop())
    assert latch.engage(stop(stop_id="stop-2", reason="shock")).stop_id == "stop-1"


def test_halt_is_raised_to_flatten_and_never_lowered(state_dir: Path) -> None:
    latch = Latch(state_dir)
    latch.engage(stop())
    assert latch.engage(stop(stop_id="stop-2", verb="flatten")).verb == "flatten"
    assert latch.engage(stop(stop_id="stop-3")).verb == "flatten"
    assert Latch(state_dir).read() == stop(verb="flatten")


@given(order=st.lists(st.sampled_from(STATES), min_size=1, max_size=8))
def test_state_never_steps_back(order: list[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        latch = Latch(Path(folder))
        latch.engage(stop())
        best = 0
        for state in order:
            latch.advance(state)
            best = max(best, STATES.index(state))
            read = latch.read()
            assert read is not None
            assert read.state == STATES[best]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\x00", b'{"stop_id": 3}', b"null"])
def test_damaged_latch_is_a_halt(state_dir: Path, content: bytes) -> None:
    (state_dir / NAME).write_bytes(content)
    read = Latch(state_dir).read()
    assert read is not None
    assert read.state == UNREADABLE
    assert read.verb == "halt"
    Latch(state_dir).engage(stop())
    assert (state_dir / NAME).read_bytes() == content


def test_dangling_link_and_folder_of_that_name_are_halts(state_dir: Path) -> None:
    (state_dir / NAME).symlink_to(state_dir / "nowhere")
    assert Latch(state_dir).engaged()
    read = Latch(state_dir).read()
    assert read is not None
    assert read.state == UNREADABLE
    (state_dir / NAME).unlink()
    (state_dir / NAME).mkdir()
    assert Latch(state_dir).read() is not None


def test_only_clear_with_a_reason_removes_it_and_keeps_the_history(state_dir: Path) -> None:
    latch = Latch(state_dir)
    latch.engage(stop(verb="flatten"))
    latch.advance("FLAT")
    with pytest.raises(Refused, match="Expected a reason"):
        latch.clear("  ", "op", 9)
    assert latch.engaged()
    assert latch.clear("feed fixed", "op", 9).stop_id == "stop-1"
    assert not latch.engaged()
    assert latch.read() is None
    assert b"feed fixed" in (state_dir / f"{NAME}.history").read_bytes()
    with pytest.raises(Refused, match="nothing to clear"):
        latch.clear("again", "op", 9)


def test_new_stop_after_clear_starts_as_plain_halt(state_dir: Path) -> None:
    latch = Latch(state_dir)
    latch.engage(stop(verb="flatten"))
    latch.advance("FLAT")
    latch.clear("done", "op", 9)
    assert latch.engage(stop(stop_id="stop-9")) == stop(stop_id="stop-9")


def test_clearing_that_dies_half_way_stays_halted(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    latch = Latch(state_dir)
    latch.engage(stop(verb="flatten"))
    real = Path.unlink

    def dies(path: Path, missing_ok: bool = False) -> None:
        if path.name == NAME:
            raise OSError("killed here")
        real(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", dies)
    with pytest.raises(OSError, match="killed here"):
        latch.clear("done", "op", 9)
    monkeypatch.undo()
    assert latch.engaged()


def test_many_threads_engage_one_latch(state_dir: Path) -> None:
    """Two panics at once are safe: all agree on one stop id."""
    clock = VirtualClock(1)
    gate = threading.Barrier(8)
    agreed: list[str] = []

    def one() -> None:
        gate.wait()
        agreed.append(Latch(state_dir).engage(stop(stop_id=new_stop_id(clock))).stop_id)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(agreed) == 8
    assert len(set(agreed)) == 1
    assert os.listdir(state_dir) == [NAME]


def test_advance_without_a_latch_is_refused(state_dir: Path) -> None:
    with pytest.raises(Refused):
        Latch(state_dir).advance("FLAT")
