"""`panic` in this process: latch first, the core if it answers, else the venue; evidence always (S3-55, S3-56)."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.control.evidence import Evidence
from core.control.outcome import CANNOT_START, FLAT_SEALED, ORDERS_ZERO
from core.control.panic import Panic, run_panic
from core.domain.errors import Unavailable
from core.guard.latch import Latch
from tests.unit.control.support import FakeCore
from tests.unit.control.venue import ListVenue


def panic(state_dir: Path, venue: ListVenue | None, **changes: object) -> tuple[int, Evidence]:
    evidence = Evidence(SystemClock(), lambda text: None)
    options = Panic(**{"state_dir": state_dir, "reports": state_dir / "reports", **changes})  # type: ignore[arg-type]
    code = run_panic(options, SystemClock(), evidence, lambda: [venue] if venue is not None else [])
    return code, evidence


@pytest.mark.row("S3-56")
def test_cold_panic_cancels_closes_verifies_and_leaves_the_latch(state_dir: Path) -> None:
    venue = ListVenue(orders=3, eth=5)
    code, evidence = panic(state_dir, venue)
    assert code == FLAT_SEALED
    assert venue.orders == []
    assert venue.held == [0, 0]
    assert venue.closed
    stop = Latch(state_dir).read()
    assert stop is not None
    assert (stop.verb, stop.state, stop.scope) == ("flatten", "FLAT", "account")
    report = Path(evidence.path).read_text()
    assert "Result: **0 flat, sealed**" in report
    assert Path(evidence.path).stat().st_mode & 0o777 == 0o600
    assert evidence.body()["code"] == 0


def test_halt_only_keeps_the_position(state_dir: Path) -> None:
    venue = ListVenue(orders=3, eth=5)
    code, _ = panic(state_dir, venue, verb="halt")
    assert code == ORDERS_ZERO
    assert venue.held == [5, 0]
    stop = Latch(state_dir).read()
    assert stop is not None
    assert (stop.verb, stop.state) == ("halt", "HALTED")


def test_latch_is_engaged_before_the_venue_is_opened(state_dir: Path) -> None:
    seen: list[bool] = []

    def venues() -> list[ListVenue]:
        seen.append(Latch(state_dir).engaged())
        return []

    evidence = Evidence(SystemClock(), lambda text: None)
    options = Panic(state_dir=state_dir, reports=state_dir / "reports")
    assert run_panic(options, SystemClock(), evidence, venues) == FLAT_SEALED
    assert seen == [True]


def test_venue_that_cannot_be_opened_is_exit_5_with_evidence(state_dir: Path) -> None:
    def venues() -> list[ListVenue]:
        raise Unavailable("ledger damaged")

    evidence = Evidence(SystemClock(), lambda text: None)
    options = Panic(state_dir=state_dir, reports=state_dir / "reports")
    assert run_panic(options, SystemClock(), evidence, venues) == CANNOT_START
    assert "ledger damaged" in Path(evidence.path).read_text()
    assert Latch(state_dir).engaged()


def test_living_core_does_the_work_and_the_venue_is_not_touched(state_dir: Path) -> None:
    core = FakeCore(state_dir)
    try:
        venue = ListVenue(orders=1)
        code, evidence = panic(state_dir, venue)
        assert code == FLAT_SEALED
        assert venue.calls == []
        assert core.gate.closed
        assert [outcome.venue for outcome in evidence.outcomes] == ["core"]
        assert core.gate.stop_id == evidence.stop["stop_id"]
    finally:
        core.stop()


def test_core_that_acks_and_then_does_nothing_is_passed_over_after_two_seconds(state_dir: Path) -> None:
    """Step 3; nobody holds the lock here, so nobody is killed."""
    core = FakeCore(state_dir)
    core.freeze()
    venue = ListVenue(orders=1, eth=1)
    try:
        code, evidence = panic(state_dir, venue)
        assert code == FLAT_SEALED
        assert venue.orders == []
        assert "E0" in [step.step for step in evidence.steps]
        assert "nobody holds the lock" in [step.text for step in evidence.steps]
    finally:
        core.stop()


def test_two_panics_at_once_are_safe_and_share_one_stop(state_dir: Path) -> None:
    venue = ListVenue(orders=200, eth=50)
    venue.slice = 7
    results: list[tuple[int, Evidence]] = []
    threads = [threading.Thread(target=lambda: results.append(panic(state_dir, venue))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [code for code, _ in results] == [FLAT_SEALED, FLAT_SEALED]
    assert len({evidence.stop["stop_id"] for _, evidence in results}) == 1
    assert len({evidence.path for _, evidence in results}) == 2
    assert venue.held == [0, 0]


def test_running_again_on_flat_only_verifies(state_dir: Path) -> None:
    venue = ListVenue(orders=1, eth=1)
    panic(state_dir, venue)
    venue.calls.clear()
    code, _ = panic(state_dir, venue)
    assert code == FLAT_SEALED
    assert set(venue.calls) == {"orders", "positions"}


def test_state_dir_that_cannot_hold_a_latch_does_not_stop_the_stop(state_dir: Path) -> None:
    """S1: cancels never need the disk."""
    os.chmod(state_dir, 0o755)
    venue = ListVenue(orders=1)
    code, evidence = panic(state_dir, venue)
    assert code == FLAT_SEALED
    assert venue.orders == []
    assert any("latch NOT written" in step.text for step in evidence.steps)
    os.chmod(state_dir, 0o700)
