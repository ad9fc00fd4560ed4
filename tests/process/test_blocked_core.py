"""A live core that does not come back: a strategy that loops, a console that is frozen (R-N7, R-E); and processes whose
terminal or reader is gone (R-S4). The venue's own books say what is left, its log of requests when.

`PERP_FAULTS=n` repeats the timed ends of R-S4 so often.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from core.domain.units import NS_PER_S
from core.guard.latch import Latch
from tests.bench.terminal import Terminal
from tests.process.live_venue import Served
from tests.process.prompt import FAULTS, in_state, said, some, soon
from tests.process.real_core import PLAIN, command, core, environment
from tests.process.running import ROOT

pytestmark = pytest.mark.slow
FLAT_MS = 11_000.0  # R-N7, of the panic's own time; twice that where other work shares the cores
QUIET_S = 2.0  # R-N7: a core that does not move beats no dead-man's switch
ZERO_S = 2.0  # R-S4
SLACK_S = 1.0  # of a machine that does other work as well; what was measured is printed


def quoting(state_dir: Path, at: Served, screen: Terminal | None = None) -> None:
    """Armed, with orders at the venue."""

    def look(true: Any) -> Any:
        if screen is not None:
            screen.rest(0.05)
        return true

    soon(lambda: look(said(state_dir).get("run") == "PAUSED"), "a live core that is PAUSED")
    assert command(state_dir, "resume", "--word", "y").returncode == 0
    soon(lambda: look(at.open()), "orders at the venue")


def asked_of(at: Served) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{at.url}/_venue/asked", timeout=10) as answer:
        found: list[dict[str, Any]] = json.loads(answer.read())["asked"]
    return found


def panicked(state_dir: Path, at: Served) -> dict[str, Any]:
    """A cold panic from another terminal: FLAT by the venue's own books, in time by its own evidence."""
    done = command(state_dir, "panic", "--json", **at.keys)
    assert done.returncode == 0, done.stdout + done.stderr
    assert at.open() == [] and at.books()["positions"] == []
    body: dict[str, Any] = json.loads(done.stdout)
    took = max(step["ms"] for step in body["steps"])
    print(f"panic: FLAT {took / 1e3:.2f} s after its start")
    assert body["meaning"] == "flat, sealed" and took <= 2 * FLAT_MS
    return body


@pytest.mark.parametrize("how", some("gil", "loop"))
def test_panic_from_outside_ends_flat_beside_a_strategy_that_never_returns(
    state_dir: Path, venue: Served, tmp_path: Path, how: str
) -> None:
    """R-N7: nothing is sent while it is stuck, its dead-man's switch is not beaten, and panic ends it by its pid."""
    trigger = tmp_path / "block"
    words = ("--state-dir", str(state_dir), "--metrics-port", "0", "run", "--headless", *venue.words)
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.process.blocked_core", how, str(trigger), *words], cwd=ROOT,
        env=environment(**venue.keys), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        quoting(state_dir, venue)
        trigger.touch()
        time.sleep(QUIET_S + 1.0)
        since = time.time_ns()
        time.sleep(QUIET_S)
        stuck = [row["place"] for row in asked_of(venue) if row["ts"] > since]
        assert stuck == [], "a core that does not move sends nothing, no beat of the switch either"
        panicked(state_dir, venue)
        assert child.wait(20) == -signal.SIGKILL
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()
    assert Latch(state_dir).engaged()


def test_panic_from_outside_ends_flat_beside_a_frozen_console_that_trades(state_dir: Path, venue: Served) -> None:
    """R-S4, R-E: SIGSTOP to the process that has console and core."""
    with Terminal(state_dir, "run", *venue.words, **PLAIN, **venue.keys) as screen:
        quoting(state_dir, venue, screen)
        os.kill(screen.child.pid, signal.SIGSTOP)
        body = panicked(state_dir, venue)
        assert screen.child.wait(20) == -signal.SIGKILL
        assert any("killed" in step["text"] for step in body["steps"])


@pytest.mark.parametrize("how", ["hang-up", "SIGTERM"])
@pytest.mark.timeout(7200)
def test_a_hang_up_with_policy_halt_and_a_sigterm_leave_no_order_within_two_seconds(
    tmp_path: Path, venue: Served, how: str
) -> None:
    """R-S4: from the signal to the last cancel that the venue was asked for, by its own clock."""
    took = []
    for n in range(max(1, FAULTS)):
        state_dir = tmp_path / f"s{n}"
        policy = {"PERP__CONSOLE__ON_TERMINAL_LOST": "halt"}
        with Terminal(state_dir, "run", *venue.words, **PLAIN, **venue.keys, **policy) as screen:
            quoting(state_dir, venue, screen)
            begun = time.time_ns()
            if how == "hang-up":
                screen.hang_up()
            else:
                screen.child.send_signal(signal.SIGTERM)
            if how == "hang-up":
                in_state(state_dir, "HALTED")
            else:
                soon(lambda: screen.rest(0.05) or screen.child.poll() is not None, "the end of the process")
            assert venue.open() == []
            cancels = [row["ts"] - begun for row in asked_of(venue) if row["place"].startswith("DELETE")]
            took.append(max(0, *cancels, *(order["created"] - begun for order in venue.books()["orders"])) / NS_PER_S)
        for path in Path(os.environ["PERP_ACCOUNTS_DIR"]).glob("*/halt.latch*"):  # the next one is another account
            path.unlink()
    print(f"{how}: no order after {max(took):.2f} s at most, n {len(took)}")
    assert max(took) <= ZERO_S + SLACK_S


def test_a_core_whose_reader_is_gone_goes_on_halts_and_ends_as_any_other(state_dir: Path) -> None:
    """R-S4, SIGPIPE: whatever read its output has ended; what it has to say goes nowhere, and nothing else does."""
    with core(state_dir, "--speed", "20") as child:
        in_state(state_dir, "RUNNING")
        assert child.stdout is not None and child.stderr is not None
        child.stdout.close()
        child.stderr.close()
        child.stdout = child.stderr = None
        os.kill(child.pid, signal.SIGUSR1)
        in_state(state_dir, "HALTED")
        soon(Latch(state_dir).engaged, "the latch")
        os.kill(child.pid, signal.SIGTERM)
        assert child.wait(60) == 0
    assert said(state_dir) == {}
