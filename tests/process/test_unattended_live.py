"""A live core whose last console went: UNATTENDED, its grace timer, what `on_terminal_lost` does, and the way back.

The real program on a pseudo-terminal against a loopback venue; what is open there is the venue's own word.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.control.client import ControlClient
from core.domain.snapshot import Snapshot, State
from core.guard.latch import Latch
from tests.bench.terminal import Terminal
from tests.process.live_venue import Served
from tests.process.pane import alive
from tests.process.real_core import PLAIN, command, core, eventually, status, until

pytestmark = pytest.mark.slow
GRACE = {"PERP__CONSOLE__UNATTENDED_GRACE_S": "6"}
LONG = {"PERP__CONSOLE__UNATTENDED_GRACE_S": "600"}
SHOWN = "ARMED|PAUSED"


def picture(state_dir: Path) -> Snapshot:
    with ControlClient(state_dir) as client:
        return next(client.watch(1.0, 20.0))


def state_of(state_dir: Path) -> State:
    return picture(state_dir).state


def told(state_dir: Path, good: Callable[[State], Any], what: str) -> State:
    found: State = eventually(lambda: (s := state_of(state_dir)) and good(s) and s, what)
    return found


def quoting(state_dir: Path, at: Served, screen: Terminal | None) -> int:
    """Armed, with orders at the venue; the core's pid."""

    def read() -> None:
        if screen is not None:
            screen.rest(0.05)

    eventually(lambda: read() or status(state_dir).get("run") == "PAUSED", "a live core that is PAUSED")
    assert command(state_dir, "resume", "--word", "y").returncode == 0
    eventually(lambda: read() or at.open(), "orders at the venue")
    return int(status(state_dir)["pid"])


def clients(at: Served) -> set[str]:
    """Client ids of the orders that stand."""
    return {str(order["client"]) for order in at.open()}


def inside(state_dir: Path, at: Served, **more: str) -> Terminal:
    """A console with its core inside."""
    return Terminal(state_dir, "run", *at.words, **PLAIN, **at.keys, **more)


def test_after_the_grace_time_quotes_are_pulled_nothing_is_latched_and_a_console_brings_it_back(
    state_dir: Path, venue: Served
) -> None:
    """CONSOLE 0.4, UC-11: UNATTENDED first, PAUSED after it; exits and stops go on, the process lives."""
    with inside(state_dir, venue, **GRACE) as screen:
        pid = quoting(state_dir, venue, screen)
        assert state_of(state_dir).grace_until is None
        screen.hang_up()
        gone = told(state_dir, lambda s: not s.attended, "UNATTENDED")
        assert gone.run == "RUNNING" and gone.grace_until is not None
        quotes = eventually(lambda: clients(venue), "it quotes on meanwhile")
        found = told(state_dir, lambda s: s.run == "PAUSED", "the pause after the grace time")
        assert "attended" in found.reason
        eventually(lambda: not quotes & clients(venue), "no quote at the venue; exits go on")
        assert not Latch(state_dir).engaged() and not status(state_dir)["gate_closed"]
        with Terminal(state_dir, "attach", **PLAIN) as back:
            assert back.until("PAUSED", 60.0) is not None
            told(state_dir, lambda s: s.attended, "a core that is attended again")
            assert command(state_dir, "resume", "--word", "y").returncode == 0
            eventually(lambda: back.rest(0.05) or venue.open(), "orders again")
        assert alive(pid)


def test_a_console_that_comes_back_in_time_stops_the_timer_of_fifteen_minutes(state_dir: Path, venue: Served) -> None:
    """CONSOLE 0.4: 15 min where the config says nothing."""
    with inside(state_dir, venue) as screen:
        quoting(state_dir, venue, screen)
        screen.hang_up()
        until = told(state_dir, lambda s: not s.attended, "UNATTENDED").grace_until
        assert until is not None and 800 < (until - picture(state_dir).ts) / 1e9 <= 900
        with Terminal(state_dir, "attach", **PLAIN) as back:
            assert back.until("ARMED", 60.0) is not None
            found = told(state_dir, lambda s: s.attended, "a core that is attended again")
            assert found.run == "RUNNING" and found.grace_until is None


def test_a_headless_core_has_no_timer_until_a_console_has_controlled_it_once(state_dir: Path, venue: Served) -> None:
    """CONSOLE 0.4: `core` started by a service; a viewer counts for nothing."""
    with core(state_dir, *venue.words, **venue.keys, **LONG) as child:
        quoting(state_dir, venue, None)
        with Terminal(state_dir, "attach", "--read-only", **PLAIN) as viewer:
            assert viewer.until("READ-ONLY", 60.0) is not None
            viewer.rest(0.5)
        assert state_of(state_dir).grace_until is None
        with Terminal(state_dir, "attach", **PLAIN) as screen:
            assert screen.until("ARMED", 60.0) is not None
            screen.hang_up()
            found = told(state_dir, lambda s: not s.attended, "UNATTENDED")
        assert found.grace_until is not None and found.run == "RUNNING"
        assert child.poll() is None


@pytest.mark.parametrize(("policy", "run"), [("halt", "HALTED"), ("flatten", "FLAT")])
def test_where_the_config_says_so_a_lost_terminal_stops_a_live_core(
    state_dir: Path, venue: Served, policy: str, run: str
) -> None:
    """S4: `on_terminal_lost`: latched, no order and with flatten no position left, told by the venue."""
    with inside(state_dir, venue, PERP__CONSOLE__ON_TERMINAL_LOST=policy) as screen:
        quoting(state_dir, venue, screen)
        screen.hang_up()
        found = until(state_dir, run)
        assert found["gate_closed"] and policy in found["stop"]["reason"]
        assert venue.open() == []
        assert policy == "halt" or venue.books()["positions"] == []
        assert Latch(state_dir).engaged()
