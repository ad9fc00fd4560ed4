"""The lock within one process: records, pid reuse, deleted files, filesystems (UC-07; RELIABILITY.md W2, W3)."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import msgspec
import pytest

from core.clock import SystemClock, VirtualClock
from core.domain.errors import Refused
from core.guard.filesystem import LOCAL, REFUSED, check_lockable, filesystem_type
from core.guard.holders import Holdings
from core.guard.lock import InstanceLock, LockHeld, Record, describe, heartbeat_age, read_record
from core.guard.process import boot_id, identity_of, is_same, myself, start_ticks, started_ns


def record(**changes: object) -> Record:
    me = myself()
    values = {
        "pid": me.pid, "start_ticks": me.start_ticks, "boot": me.boot, "host": me.host, "tty": "pts/3", "exe": me.exe,
        "who": "op@pts/3", "started": 1_763_000_000_000_000_000, "path": "lock",
    }  # fmt: skip
    return Record(**{**values, **changes})  # type: ignore[arg-type]


NOBODY = Holdings((), 0)


def test_second_lock_in_the_same_process_is_refused_with_our_own_details(state_dir: Path) -> None:
    first, second = InstanceLock(state_dir, SystemClock()), InstanceLock(state_dir, SystemClock())
    first.acquire()
    with pytest.raises(LockHeld) as caught:
        second.acquire()
    assert caught.value.record == first.record
    assert caught.value.code == 1
    assert caught.value.age_ns is not None
    assert f"pid {os.getpid()} on {socket.gethostname()}" in str(caught.value)
    first.release()
    second.acquire()
    second.release()


def test_two_names_in_one_folder_are_two_locks(state_dir: Path) -> None:
    """W1: an account lock does not collide with the lock of the state dir."""
    with InstanceLock(state_dir, SystemClock()), InstanceLock(state_dir, SystemClock(), name="live-1f2e") as other:
        assert other.still_held()


def test_the_same_folder_by_another_path_is_the_same_lock(state_dir: Path) -> None:
    """W3: the file is the same, and so is the abstract name even when the file is deleted."""
    alias = state_dir / "alias"
    real = state_dir / "real"
    real.mkdir(0o700)
    alias.symlink_to(real)
    one = InstanceLock(real, SystemClock())
    assert one.socket_name == InstanceLock(alias, SystemClock()).socket_name
    with pytest.raises(Refused, match="symlink"):
        InstanceLock(alias, SystemClock()).acquire()


def test_deleted_or_replaced_lock_file_is_noticed_by_the_holder(state_dir: Path) -> None:
    lock = InstanceLock(state_dir, SystemClock())
    assert not lock.still_held()
    lock.acquire()
    assert lock.still_held()
    lock.path.unlink()
    assert not lock.still_held()
    lock.path.touch(0o600)
    assert not lock.still_held()
    lock.release()


def test_released_lock_keeps_its_file(state_dir: Path) -> None:
    with InstanceLock(state_dir, SystemClock()):
        pass
    assert (state_dir / "lock").exists()


def test_stale_file_of_a_dead_holder_is_no_lock(state_dir: Path) -> None:
    """W2: 0 false refusals; a record with a reused pid binds nobody."""
    (state_dir / "lock").write_bytes(msgspec.json.encode(record(pid=os.getpid(), start_ticks=1)))
    (state_dir / "lock").chmod(0o600)
    with InstanceLock(state_dir, SystemClock()) as lock:
        assert lock.record is not None
        assert read_record(lock.path) == lock.record
        assert lock.record.start_ticks == start_ticks(os.getpid())


@pytest.mark.parametrize(
    ("changes", "phrase"),
    [
        ({}, "on "),
        ({"start_ticks": 1}, "(that process is gone)"),
        ({"boot": "another boot"}, "(that process is gone)"),
        ({"host": "elsewhere"}, "(another host, cannot be checked)"),
    ],
)
def test_holder_pid_is_believed_only_with_start_time_and_boot(changes: dict[str, object], phrase: str) -> None:
    """W2: pid only for display, checked by start time."""
    text = describe(record(**changes), 400_000_000, NOBODY)
    assert phrase in text
    assert "terminal pts/3, started 2025-11-13 02:13:20 UTC, heartbeat 0.4 s ago" in text
    assert (phrase == "on ") == ("(" not in text)


def test_heartbeat_age_is_the_time_since_the_last_beat(state_dir: Path) -> None:
    clock = VirtualClock(5_000_000_000)
    lock = InstanceLock(state_dir, clock)
    beat = state_dir / "lock.heartbeat"
    assert heartbeat_age(beat, clock) is None
    lock.acquire()
    clock.set(8_500_000_000)
    assert heartbeat_age(beat, clock) == 3_500_000_000
    lock.beat()
    assert heartbeat_age(beat, clock) == 0
    lock.release()


def test_failed_start_leaves_nothing_held(state_dir: Path) -> None:
    (state_dir / "lock.heartbeat").symlink_to(state_dir / "elsewhere")
    with pytest.raises(Refused):
        InstanceLock(state_dir, SystemClock()).acquire()
    (state_dir / "lock.heartbeat").unlink()
    InstanceLock(state_dir, SystemClock()).acquire()


def test_local_filesystems_pass_and_all_others_are_refused_by_name(state_dir: Path) -> None:
    """W3: an allow-list, so an unknown one is refused too."""
    assert [check_lockable(state_dir, kind) for kind in LOCAL] == list(LOCAL.values())
    for kind, name in [*REFUSED.items(), (0x12345, "unknown 0x12345")]:
        with pytest.raises(Refused, match=f"was {name}, where a lock may be held twice"):
            check_lockable(state_dir, kind)


def test_filesystem_is_read_from_the_kernel() -> None:
    assert filesystem_type(Path("/proc")) == 0x9FA0
    with pytest.raises(Refused, match="was proc"):
        check_lockable(Path("/proc"))
    with pytest.raises(FileNotFoundError):
        filesystem_type(Path("/no/such/place"))


def test_process_identity_holds_for_us_and_for_nobody_gone() -> None:
    me = myself()
    assert identity_of(os.getpid()) == me
    assert is_same(me.pid, me.start_ticks, boot_id(), me.host) is True
    assert identity_of(2**22 + 1) is None
    assert abs(started_ns(me.start_ticks) - SystemClock().now()) < 24 * 3600 * 10**9
