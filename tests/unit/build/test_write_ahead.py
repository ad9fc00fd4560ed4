"""When a paper core's journal reaches the disk: before each create in real time, ten times a second beyond (R-S1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.build import session as module
from core.build.session import PaperCore
from core.clock import SystemClock
from core.control.desk import Desk
from core.control.launch import Launch
from core.guard.gate import GateFlag


@pytest.mark.parametrize(("speed", "syncs"), [(1.0, [True] * 4), (20.0, [True, False, True, False])])
def test_the_frame_of_a_create_is_synced_before_it_leaves(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch, speed: float, syncs: list[bool]
) -> None:
    desk = Desk(GateFlag(SystemClock()))
    launch = Launch(state_dir=state_dir, report_dir=state_dir / "reports", speed=speed, metrics_port=0)
    core = PaperCore(launch, desk)
    asked: list[bool] = []
    times = iter(step * 40_000_000 + 10**12 for step in range(100))
    monkeypatch.setattr(module, "stopwatch", lambda: next(times))
    monkeypatch.setattr(core.journal, "close_block", lambda sync=False: asked.append(sync))
    for _ in syncs:
        core._write_ahead()
    assert asked == syncs and not desk.gate.closed


def test_a_journal_that_takes_more_than_a_second_stops_the_core(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-S3."""
    desk = Desk(GateFlag(SystemClock()))
    core = PaperCore(Launch(state_dir=state_dir, report_dir=state_dir / "reports", metrics_port=0), desk)
    times = iter(step * 1_100_000_000 for step in range(100))
    monkeypatch.setattr(module, "stopwatch", lambda: next(times))
    core._write_ahead()
    assert desk.gate.closed and desk.gate.stop is not None and "journal took" in desk.gate.stop.reason
