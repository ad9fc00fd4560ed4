"""A latch that the disk refused is tried again until it stands or a person has re-armed (R-S1, R-W6)."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.guard import gate as module
from core.guard.gate import GateFlag
from core.guard.latch import Latch, Stop


class Full(Latch):
    """No room until somebody makes some."""

    full, tries = True, 0

    def engage(self, stop: Stop) -> Stop:
        self.tries += 1
        if self.full:
            raise OSError(28, "No space left on device")
        return super().engage(stop)


def wait(true: object, seconds: float = 10.0) -> None:
    pause = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if true():  # type: ignore[operator]
            return
        pause.wait(0.01)
    pytest.fail("Expected it in time, was not so")


@pytest.fixture
def gate(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[GateFlag, Full, list[str]]:
    monkeypatch.setattr(module, "AGAIN_S", 0.01)
    latch, said = Full(state_dir), list[str]()
    return GateFlag(SystemClock(), latch, said.append), latch, said


def test_the_latch_stands_once_there_is_room_and_both_are_said_once(gate: tuple[GateFlag, Full, list[str]]) -> None:
    flag, latch, said = gate
    stop = flag.close("disk", verb="flatten")
    wait(lambda: latch.tries > 3)
    latch.full = False
    wait(latch.engaged)
    wait(lambda: "halt latch written" in said)
    found = latch.read()
    assert found is not None and (found.stop_id, found.verb) == (stop.stop_id, "flatten")
    assert sum("No space left" in text for text in said) == 1
    flag.shut()


def test_a_re_arm_ends_the_tries(gate: tuple[GateFlag, Full, list[str]]) -> None:
    flag, latch, _ = gate
    flag.close("disk")
    wait(lambda: latch.tries > 1)
    flag.reopen()
    wait(lambda: flag._jobs.empty())
    threading.Event().wait(0.1)
    latch.full = False
    threading.Event().wait(0.1)
    assert not latch.engaged() and not flag.closed
    flag.close("again")
    wait(latch.engaged)
    flag.shut()


class Hanging(Latch):
    """A disk that holds each write until somebody lets go; `engage` itself is the real one."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.go, self.inside = threading.Event(), threading.Event()

    def engage(self, stop: Stop) -> Stop:
        self.inside.set()
        assert self.go.wait(10)
        return super().engage(stop)


def test_a_retry_that_a_rearm_overtook_leaves_no_latch(state_dir: Path) -> None:
    """R-W6: or the next start halts, with a flatten that a person has ended."""
    latch, said = Hanging(state_dir), list[str]()
    flag = GateFlag(SystemClock(), latch, said.append)
    flag.close("op", verb="flatten")
    assert latch.inside.wait(10)
    flag.reopen()
    assert not flag.closed
    latch.go.set()
    wait(lambda: any("after its re-arm; cleared" in text for text in said))
    assert not latch.engaged() and latch.read() is None and not flag.closed
    flag.shut()


def test_a_stop_that_follows_such_a_re_arm_has_its_own_latch(state_dir: Path) -> None:
    """And not the wider verb of the one before it."""
    latch, said = Hanging(state_dir), list[str]()
    flag = GateFlag(SystemClock(), latch, said.append)
    flag.close("op", verb="flatten")
    assert latch.inside.wait(10)
    flag.reopen()
    new = flag.close("again", verb="halt")
    latch.go.set()
    wait(lambda: (found := latch.read()) is not None and found.stop_id == new.stop_id)
    found = latch.read()
    assert found is not None and found.verb == "halt" and flag.closed
    flag.shut()


def test_what_waits_to_be_written_when_a_person_re_arms_is_not_written(state_dir: Path) -> None:
    latch = Hanging(state_dir)
    flag = GateFlag(SystemClock(), latch)
    flag.close("op")
    assert latch.inside.wait(10)
    for _ in range(3):
        flag.close("op")  # a repeat tries the latch again
    flag.reopen()
    latch.go.set()
    wait(lambda: flag._jobs.empty())
    threading.Event().wait(0.1)
    assert not latch.engaged()
    flag.shut()
