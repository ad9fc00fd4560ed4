"""`panic` beside a core that answers: what the core does not trade is stopped at once, whatever the core waits for."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.control.evidence import Evidence
from core.control.outcome import AUTH_FAILED, FLAT_SEALED, UNVERIFIED, Outcome
from core.control.panic import Panic, run_panic
from tests.unit.control.support import FakeCore
from tests.unit.control.venue import ListVenue


class Run:
    """One panic in a thread."""

    def __init__(self, state_dir: Path, live: Sequence[ListVenue | Outcome], **changes: object) -> None:
        self.code = -1
        self.evidence = Evidence(SystemClock(), lambda text: None)
        options = Panic(**{"state_dir": state_dir, "reports": state_dir / "reports", **changes})  # type: ignore[arg-type]

        def run() -> None:
            self.code = run_panic(options, SystemClock(), self.evidence, list, lambda: live)

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def until(self, ok: object, seconds: float = 5.0) -> None:
        pause = threading.Event()
        for _ in range(int(seconds / 0.02)):
            if ok():  # type: ignore[operator]
                return
            pause.wait(0.02)
        raise AssertionError("not in time")

    def end(self) -> int:
        self._thread.join(10)
        assert not self._thread.is_alive()
        return self.code


@pytest.fixture
def core(state_dir: Path) -> Iterator[FakeCore]:
    fake = FakeCore(state_dir)
    fake.never_done = True
    fake.desk.connect(fake._wake.set)
    fake._wake.set()
    yield fake
    fake.stop()


def test_what_the_core_does_not_trade_is_closed_while_the_core_waits_for_a_silent_venue(
    core: FakeCore, state_dir: Path
) -> None:
    """S3-55, E3: a foreign position at the venue that answers, a core that is FLATTENING because of the other."""
    venue = ListVenue(orders=2, btc=7)
    panic = Run(state_dir, [venue])
    panic.until(lambda: venue.held == [0, 0] and venue.orders == [])
    assert core.desk.latest().state.run == "FLATTENING" and panic.code == -1  # type: ignore[union-attr]
    core.recover()
    assert panic.end() == FLAT_SEALED
    assert sorted(one.venue for one in panic.evidence.outcomes) == ["core", "paper"]


def test_a_key_that_the_venue_refuses_is_exit_4_though_the_core_goes_on(core: FakeCore, state_dir: Path) -> None:
    """S3-56: a core whose key is refused is never done."""
    refused, other = ListVenue(name="a"), ListVenue(btc=7, name="b")
    refused.errors = ["auth: the key is gone"] * 99
    panic = Run(state_dir, [refused, other])
    assert panic.end() == AUTH_FAILED and other.held == [0, 0]
    assert core.desk.latest().state.run == "FLATTENING"  # type: ignore[union-attr]


def test_a_core_that_falls_silent_leaves_what_was_begun_beside_it_running(core: FakeCore, state_dir: Path) -> None:
    """No second stop at an account that has one."""
    venue = ListVenue(btc=7, q_ns=4_000_000_000)
    panic = Run(state_dir, [venue])
    panic.until(lambda: "orders" in venue.calls)
    core.freeze()
    assert panic.end() == FLAT_SEALED
    assert [one.venue for one in panic.evidence.outcomes] == ["paper"] and venue.calls.count("close") == 1


def test_once_the_core_is_sealed_no_list_waits_for_the_whole_time(core: FakeCore, state_dir: Path) -> None:
    venue = ListVenue(btc=7, q_ns=60_000_000_000)
    panic = Run(state_dir, [venue])
    panic.until(lambda: "orders" in venue.calls)
    assert venue.held == [0, 7], "what the core had sent may still arrive"
    core.recover()
    assert panic.end() == FLAT_SEALED and venue.held == [0, 0]


def test_an_account_that_cannot_be_opened_beside_a_core_is_not_verified(core: FakeCore, state_dir: Path) -> None:
    panic = Run(state_dir, [Outcome("b", 5, "unverified", 0, 0, "no key")])
    core.recover()
    assert panic.end() == UNVERIFIED
    assert "only what the core trades was stopped there: no key" in [one.text for one in panic.evidence.outcomes]
