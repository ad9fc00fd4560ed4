"""The console on a real core in a real terminal multiplexer, as an operator over SSH sees it (UC-04, UC-05, UC-11)."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from pathlib import Path

import pytest

from core.guard.latch import Latch
from tests.process.pane import Pane, alive, console
from tests.process.real_core import (
    asked,
    eventually,
    status,
    until,
    venue_holds,
    with_orders,
)
from tests.process.running import ROOT

pytestmark = [
    pytest.mark.tmux,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed here"),
]


def test_perpconsole_without_arguments_opens_the_console_and_q_ends_it_in_order(state_dir: Path) -> None:
    """UC-04: over SSH, one word; quitting cancels and verifies."""
    with console(state_dir) as pane:
        until(state_dir, "RUNNING")
        screen = pane.sees("Latency")
        for word in ("PAPER", "ETHUSDC", "Latency", "Fill rate", "Liquidation", "Spread", "Orders"):
            assert word.lower() in screen.lower(), word
        assert all(len(line) <= 120 for line in screen.splitlines())
        pid = status(state_dir)["pid"]
        pane.press("q")
        pane.sees("Leave the console?")
        threading.Event().wait(0.8)  # a dialog does not take keys that were on their way before it stood
        pane.press("s")
        eventually(lambda: not alive(pid), "the end after q")
    assert venue_holds(state_dir)[0] == 0


def test_eighty_by_twenty_four_without_colours_shows_state_position_and_money(state_dir: Path) -> None:
    with console(state_dir, (80, 24), NO_COLOR="1") as pane:
        until(state_dir, "RUNNING")
        screen = pane.sees("ETHUSDC")
        assert all(len(line) <= 80 for line in screen.splitlines())
        assert "ETHUSDC" in screen and "PAPER" in screen


def test_one_press_halts_and_a_second_separate_press_flattens(state_dir: Path) -> None:
    """UC-05, R-E0..E8: Ctrl+G; done only when the venue said so."""
    with console(state_dir) as pane:
        until(state_dir, "RUNNING")
        with_orders(state_dir)
        pane.press("C-g")
        until(state_dir, "HALTED")
        pane.sees("HALTED")
        assert Latch(state_dir).engaged()
        body = asked(state_dir, "position", "--verify")
        assert body["orders"] == []
        pane.press("C-g")  # too long after the first: a first press again, which joins the halt
        threading.Event().wait(1.0)  # an operator's pause between two separate presses
        pane.press("C-g")
        until(state_dir, "FLAT")
        pane.sees("FLAT")
        body = asked(state_dir, "position", "--verify")
        assert body["orders"] == [] and body["positions"] == []


def test_a_held_key_is_one_press(state_dir: Path) -> None:
    """CONSOLE 0.5: the repeats of a held key never flatten."""
    with console(state_dir) as pane:
        until(state_dir, "RUNNING")
        with_orders(state_dir)
        pane.press(*["C-g"] * 40)
        until(state_dir, "HALTED")
        stop = status(state_dir)["stop"]
        assert stop["verb"] == "halt", stop


def test_the_terminal_dies_and_the_core_goes_on_unattended(state_dir: Path) -> None:
    """UC-11: quoting goes on within its limits, the socket answers, SIGTERM leaves nothing."""
    with console(state_dir) as pane:
        until(state_dir, "RUNNING")
        with_orders(state_dir)
        pid = status(state_dir)["pid"]
        pane.kill()
        found = eventually(lambda: (s := status(state_dir)).get("attended") is False and s, "UNATTENDED")
        assert found["run"] == "RUNNING" and found["pid"] == pid
        seq = found["seq"]
        eventually(lambda: status(state_dir)["seq"] > seq, "a core that goes on")
        assert len(asked(state_dir, "position")["orders"]) >= 2
        os.kill(pid, signal.SIGTERM)
        eventually(lambda: not alive(pid), "the end after SIGTERM")
    assert venue_holds(state_dir)[0] == 0
    assert list((state_dir / "reports").glob("round-*.md"))


@pytest.mark.parametrize(("policy", "run"), [("halt", "HALTED"), ("flatten", "FLAT")])
def test_the_terminal_dies_and_the_policy_stops_the_core(state_dir: Path, policy: str, run: str) -> None:
    """S4: `on_terminal_lost: halt | flatten`."""
    with console(state_dir, (120, 40), PERP__CONSOLE__ON_TERMINAL_LOST=policy) as pane:
        until(state_dir, "RUNNING")
        with_orders(state_dir)
        pane.kill()
        found = until(state_dir, run)
        assert found["gate_closed"] and policy in found["stop"]["reason"]
    assert venue_holds(state_dir)[0] == 0


def mouse_of(pane: Pane) -> str:
    """ "1": the program takes the mouse."""
    return pane.run("display", "-p", "#{mouse_any_flag}").strip()


def test_m_leaves_the_mouse_to_the_terminal_and_takes_it_back(state_dir: Path) -> None:
    """CONSOLE.md 3: mouse optional, so that the terminal's own selection works."""
    with console(state_dir) as pane:
        pane.sees("core ●")
        for wanted in ("0", "1"):
            pane.press("m")
            eventually(lambda wanted=wanted: mouse_of(pane) == wanted, "the mouse")


def test_keys_and_refresh_of_the_configuration_reach_the_console(state_dir: Path, tmp_path: Path) -> None:
    """CONSOLE: `console:` keys of the config file."""
    own = tmp_path / "own.yml"
    text = (ROOT / "configs" / "paper.yml").read_text()
    own.write_text(text + "\nconsole:\n  keys: {help: f9}\n  palette: mono\n  refresh_hz: 4\n")
    with console(state_dir, (120, 40), "run", "--config", str(own)) as pane:
        until(state_dir, "RUNNING")
        pane.press("F9")
        pane.sees("KEYS EVERYWHERE")
