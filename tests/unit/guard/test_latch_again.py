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
