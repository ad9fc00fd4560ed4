"""The single-instance lock between real processes (UC-07, S3-53, S3-59; RELIABILITY.md W1-W4)."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from core.clock import SystemClock, stopwatch
from core.guard.lock import InstanceLock, LockHeld
from tests.process.real_core import eventually
from tests.process.running import hear, one_winner, running, say, start

ROUNDS = int(os.environ.get("PERP_STARTS", "30"))
HOLDER = str(Path(__file__).with_name("lock_holder.py"))


def race(state_dir: Path, rounds: int) -> None:
    for n in range(rounds):
        one_winner([start(HOLDER, str(state_dir)) for _ in range(8)], f"round {n}")


@pytest.mark.row("UC-07")
@pytest.mark.timeout(120)
def test_eight_simultaneous_starts_have_exactly_one_winner_named_by_all_losers(state_dir: Path) -> None:
    """W1, a sample of the 200 rounds; each round also shows that a killed holder blocks nobody (S3-59)."""
    race(state_dir, 3)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_round_of_eight_starts_has_one_winner(state_dir: Path) -> None:
    """W1; `make chaos PART=starts`: 1,600 starts, 200 winners."""
    race(state_dir, ROUNDS)


@pytest.mark.row("S3-59")
def test_killed_holder_frees_the_lock_and_a_live_one_keeps_it(state_dir: Path) -> None:
    with running(HOLDER, str(state_dir)) as child:
        say(child)
        assert hear(child)["won"]
        lock = InstanceLock(state_dir, SystemClock())
        with pytest.raises(LockHeld, match=f"pid {child.pid} on .*, terminal none, started .* UTC, heartbeat"):
            lock.acquire()
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        lock.acquire()
        assert lock.still_held()
        lock.release()


def test_frozen_holder_is_refused_not_stolen_from(state_dir: Path) -> None:
    """K-33: a start never takes a lock from a live process, even one that does not answer."""
    with running(HOLDER, str(state_dir)) as child:
        say(child)
        hear(child)
        os.kill(child.pid, signal.SIGSTOP)
        with pytest.raises(LockHeld):
            InstanceLock(state_dir, SystemClock()).acquire()
        assert child.poll() is None


def test_second_start_is_refused_while_the_lock_file_is_deleted(state_dir: Path) -> None:
    """W3: the abstract socket holds where the file does not, and the holder notices within its check."""
    with running(HOLDER, str(state_dir)) as child:
        say(child)
        hear(child)
        (state_dir / "lock").unlink()
        with pytest.raises(LockHeld) as caught:
            InstanceLock(state_dir, SystemClock()).acquire()
        assert [holding.pid for holding in caught.value.holdings.found] == [child.pid]
        assert "socket" in caught.value.holdings.found[0].what


def taken(lock: InstanceLock) -> bool:
    """Whether the lock could be had now."""
    try:
        lock.acquire()
    except LockHeld:
        return False
    return True


def test_forked_child_does_not_inherit_the_lock(state_dir: Path) -> None:
    """W4: the parent is killed, its child lives on, the next start wins."""
    with running(HOLDER, str(state_dir), "fork") as parent:
        say(parent)
        answer = hear(parent)
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        try:
            os.kill(answer["child"], 0)
            lock = InstanceLock(state_dir, SystemClock())
            eventually(lambda: taken(lock), "the lock, once the child has run its at-fork hook")
            assert [holding.pid for holding in lock.holders().found] == [os.getpid()]
            lock.release()
        finally:
            os.kill(answer["child"], signal.SIGKILL)


def test_leaked_holder_is_listed_from_proc(state_dir: Path) -> None:
    """W4: a child that did inherit (descriptors handed over on purpose) is named by the refusal, within 100 ms."""
    lock = InstanceLock(state_dir, SystemClock())
    lock.acquire()
    leaked = os.dup(lock._fd)
    os.set_inheritable(leaked, True)
    read, write = os.pipe()
    os.set_inheritable(read, True)
    code = f"import os; os.read({read}, 1)"
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", code], os.environ)
    try:
        os.close(leaked)
        lock.release()
        began = stopwatch()
        found = lock.holders()
        took = stopwatch() - began
        assert [(holding.pid, holding.what) for holding in found.found] == [(pid, ("lock",))]
        with pytest.raises(LockHeld, match=rf"inherited by pid {pid}"):
            InstanceLock(state_dir, SystemClock()).acquire()
        assert took < 2_000_000_000  # the 100 ms of W4 belong to the bench; this only catches a hang
    finally:
        os.close(write)
        os.close(read)
        os.waitpid(pid, 0)
