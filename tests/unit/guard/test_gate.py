"""The gate flag (RELIABILITY.md 5 E0, E1): closed at once from any thread, latched behind, opened by re-arm alone."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from core.clock import SystemClock, VirtualClock
from core.domain.errors import Defer
from core.guard.gate import GateFlag
from core.guard.latch import NAME, Latch, Stop


class StuckLatch(Latch):
    """A disk that never comes back until `free` is set."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.free = threading.Event()

    def engage(self, stop: Stop) -> Stop:
        self.free.wait(30)
        return super().engage(stop)


class BrokenLatch(Latch):
    def engage(self, stop: Stop) -> Stop:
        raise OSError(28, "No space left on device")


def test_close_does_not_wait_for_the_disk(state_dir: Path) -> None:
    latch = StuckLatch(state_dir)
    gate = GateFlag(SystemClock(), latch)
    gate.close()
    assert gate.closed
    assert not latch.engaged()
    latch.free.set()
    assert gate.latched(10)
    gate.shut()


def test_latch_that_takes_over_a_second_raises_an_alarm(state_dir: Path) -> None:
    latch, heard = StuckLatch(state_dir), threading.Event()
    texts: list[str] = []

    def alarm(text: str) -> None:
        texts.append(text)
        heard.set()

    gate = GateFlag(SystemClock(), latch, alarm)
    gate.close()
    assert heard.wait(10)
    assert "not on disk after 1 s" in texts[0]
    assert gate.closed
    latch.free.set()


def test_full_disk_is_an_alarm_and_the_gate_stays_closed(state_dir: Path) -> None:
    """S1: the stop itself never needs the disk."""
    texts: list[str] = []
    heard = threading.Event()
    gate = GateFlag(SystemClock(), BrokenLatch(state_dir), lambda text: (texts.append(text), heard.set())[1])
    gate.close()
    assert heard.wait(10)
    assert "No space left" in texts[0]
    assert gate.closed


def test_all_triggers_join_the_first_stop_and_flatten_raises_it(state_dir: Path) -> None:
    gate = GateFlag(VirtualClock(5), Latch(state_dir))
    first = gate.close("operator", who="op@pts/1")
    assert gate.close("shock") == first
    raised = gate.close("stop loss", verb="flatten")
    assert (raised.stop_id, raised.verb) == (first.stop_id, "flatten")
    assert gate.close("again").verb == "flatten"
    assert gate.t_closed == 5


def test_threads_that_close_together_agree_on_one_stop(state_dir: Path) -> None:
    gate, start = GateFlag(SystemClock(), Latch(state_dir)), threading.Barrier(8)

    def close() -> None:
        start.wait()
        gate.close()

    threads = [threading.Thread(target=close) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gate.latched(10)
    on_disk = Latch(state_dir).read()
    assert on_disk is not None
    assert on_disk.stop_id == gate.stop_id


def test_gate_closes_from_a_signal_handler(state_dir: Path) -> None:
    """SIGUSR1 = halt."""
    gate = GateFlag(SystemClock(), Latch(state_dir))
    old = signal.signal(signal.SIGUSR1, lambda *_: gate.close("SIGUSR1"))
    try:
        os.kill(os.getpid(), signal.SIGUSR1)
        assert gate.latched(10)
    finally:
        signal.signal(signal.SIGUSR1, old)
    assert gate.stop is not None
    assert gate.stop.reason == "SIGUSR1"


@pytest.mark.parametrize("content", [b"", b"rubbish"])
def test_start_with_any_latch_on_disk_is_closed(state_dir: Path, content: bytes) -> None:
    """W6: a supervisor's restart cannot trade."""
    (state_dir / NAME).write_bytes(content)
    gate = GateFlag(SystemClock(), Latch(state_dir))
    assert gate.closed
    assert gate.stop is not None


def test_gate_opens_only_after_the_latch_was_cleared(state_dir: Path) -> None:
    latch = Latch(state_dir)
    gate = GateFlag(SystemClock(), latch)
    gate.close()
    assert gate.latched(10)
    with pytest.raises(Defer):
        gate.reopen()
    assert gate.closed
    latch.clear("checked", "op", 1)
    gate.reopen()
    assert not gate.closed
    assert gate.stop is None
    assert gate.close("again").reason == "again"


def test_listener_hears_each_new_stop_once_and_not_its_repeats(state_dir: Path) -> None:
    gate, heard = GateFlag(SystemClock()), []
    gate.listen(heard.append)
    gate.close()
    gate.close()
    gate.close(verb="flatten")
    gate.close(verb="flatten")
    assert [stop.verb for stop in heard] == ["halt", "flatten"]


@pytest.mark.parametrize(
    ("first", "second"), [(("flatten", "ours"), ("flatten", "account")), (("halt", "account"), ("flatten", "ours"))]
)
def test_verb_and_scope_of_stops_that_join_only_widen(first: tuple[str, str], second: tuple[str, str]) -> None:
    """A crash resumes from the latch what was asked for, not less."""
    gate = GateFlag(SystemClock())
    begun = gate.close(verb=first[0], scope=first[1])
    stop = gate.close(verb=second[0], scope=second[1])
    assert (stop.verb, stop.scope, stop.stop_id) == ("flatten", "account", begun.stop_id) and gate.stop == stop
