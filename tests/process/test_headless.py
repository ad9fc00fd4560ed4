"""A core without a console: signals, lock, socket, watchdog (UC-07, S3-59; RELIABILITY.md S4, E2)."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from core.control.client import ControlClient
from core.control.protocol import Status
from core.guard.latch import Latch
from tests.process.paper_file import left, make
from tests.process.running import hear, running

CORE = str(Path(__file__).with_name("headless_core.py"))


def eventually(true: object, seconds: float = 20.0) -> None:
    """Wait until `true()`; fails after the limit."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if true():  # type: ignore[operator]
            return
        pause.wait(0.02)
    pytest.fail(f"Expected the condition within {seconds:.0f} s, was still false")


def test_sigusr1_halts_with_a_latch_and_the_process_lives(state_dir: Path) -> None:
    with running(CORE, str(state_dir), "obedient") as core:
        assert hear(core) == {"pid": core.pid, "headless": True}
        os.kill(core.pid, signal.SIGUSR1)
        eventually(Latch(state_dir).engaged)
        with ControlClient(state_dir) as client:
            body = client.ask(Status()).body
        assert (body["gate_closed"], body["stop"]["reason"]) == (True, "SIGUSR1")
        assert core.poll() is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_sigterm_and_interrupt_stop_without_a_latch(state_dir: Path, number: signal.Signals) -> None:
    """SIGTERM = stop: no latch, exit 0, the socket is gone, the lock is free."""
    with running(CORE, str(state_dir), "obedient") as core:
        hear(core)
        os.kill(core.pid, number)
        assert core.wait(20) == 0
    assert not Latch(state_dir).engaged()
    assert not (state_dir / "control.sock").exists()
    with running(CORE, str(state_dir), "obedient") as core:
        assert hear(core)["pid"] == core.pid


def test_hangup_does_not_end_a_headless_core(state_dir: Path) -> None:
    with running(CORE, str(state_dir), "obedient") as core:
        hear(core)
        os.kill(core.pid, signal.SIGHUP)
        with ControlClient(state_dir) as client:
            assert client.ask(Status()).ok
        assert core.poll() is None


@pytest.mark.row("S3-59")
def test_restart_after_sigkill_takes_lock_and_socket_and_is_still_halted(state_dir: Path) -> None:
    """W6: the latch survives, the gate of the next core is closed from its first moment."""
    with running(CORE, str(state_dir), "obedient") as core:
        hear(core)
        os.kill(core.pid, signal.SIGUSR1)
        eventually(Latch(state_dir).engaged)
        os.kill(core.pid, signal.SIGKILL)
        core.wait()
    with running(CORE, str(state_dir), "obedient") as core:
        hear(core)
        with ControlClient(state_dir) as client:
            assert client.ask(Status()).body["gate_closed"] is True


def test_core_stuck_after_a_halt_is_ended_by_a_panic_of_its_own(state_dir: Path) -> None:
    """E2: no progress 500 ms after the gate closed; positions are kept, orders cancelled, the process is gone."""
    make(state_dir, orders=3, position=5)
    with running(CORE, str(state_dir), "stuck") as core:
        hear(core)
        os.kill(core.pid, signal.SIGUSR1)
        assert core.wait(30) == -signal.SIGKILL
        reports = state_dir / "reports"
        eventually(lambda: reports.is_dir() and list(reports.glob("emergency-*.md")))
    assert left(state_dir) == (0, 5)
    assert Latch(state_dir).engaged()


def test_fault_of_the_core_is_one_message_and_exit_70(state_dir: Path) -> None:
    with running(CORE, str(state_dir), "broken") as core:
        hear(core)
        os.kill(core.pid, signal.SIGTERM)
        _, err = core.communicate(timeout=20)
    assert core.returncode == 70
    assert "fault of ours: RuntimeError: planted fault" in err
    assert "Traceback" not in err


def test_files_of_a_core_are_private(state_dir: Path) -> None:
    """X3: whatever the umask of the shell was."""
    with running(CORE, str(state_dir), "obedient") as core:
        hear(core)
        os.kill(core.pid, signal.SIGUSR1)
        eventually(Latch(state_dir).engaged)
        modes = {path.name: path.stat().st_mode & 0o077 for path in state_dir.rglob("*")}
    assert {"lock", "lock.heartbeat", "control.sock", "halt.latch", "reports"} <= set(modes)
    assert not any(modes.values()), modes
