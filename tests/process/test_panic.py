"""`perpconsole panic` as a real process against frozen, stuck and absent cores (S3-55, S3-56; RELIABILITY.md 5)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from core.guard.latch import Latch
from tests.process.paper_file import left, make
from tests.process.running import end, hear, running, start

CORE = str(Path(__file__).with_name("fake_core.py"))


def call(state_dir: Path, *arguments: str, **environment: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, JSON body and stderr of one command."""
    child = start("-m", "app", "--state-dir", str(state_dir), "--json", *arguments, **environment)
    try:
        out, err = child.communicate(timeout=60)
    finally:
        end_if_running(child)
    return child.returncode, json.loads(out) if out.strip() else {}, err


def end_if_running(child: subprocess.Popen[str]) -> None:
    if child.poll() is None:
        end(child)


@pytest.mark.row("S3-56")
def test_cold_panic_flattens_the_paper_account_and_says_so(state_dir: Path) -> None:
    make(state_dir, orders=3, position=5)
    code, body, err = call(state_dir, "panic")
    assert (code, err) == (0, "")
    assert left(state_dir) == (0, 0)
    assert body["meaning"] == "flat, sealed"
    assert Path(body["report"]).is_file()
    stop = Latch(state_dir).read()
    assert stop is not None
    assert (stop.verb, stop.state) == ("flatten", "FLAT")


@pytest.mark.row("S3-55")
@pytest.mark.parametrize(("arguments", "environment"), [(["--halt-only"], {}), ([], {"FLATTEN": "false"})])
def test_halt_only_keeps_the_position_and_exits_2(
    state_dir: Path, arguments: list[str], environment: dict[str, str]
) -> None:
    make(state_dir, orders=3, position=-5)
    code, body, _ = call(state_dir, "panic", *arguments, **environment)
    assert code == body["code"] == 2
    assert left(state_dir) == (0, -5)


@pytest.mark.row("S3-55")
def test_symbol_of_the_environment_narrows_the_stop(state_dir: Path) -> None:
    make(state_dir, orders=3, position=5)
    code, body, _ = call(state_dir, "panic", SYMBOL="BTCUSDC")
    assert code == 3, "a name that names nothing is a mistake of whoever typed it, and no success"
    assert "no instrument of this name: BTCUSDC" in body["venues"][-1]["text"]
    assert left(state_dir) == (3, 5)
    code, _, _ = call(state_dir, "panic", SYMBOL="ETHUSDC", CONFIG_PATH="nowhere.yml")
    assert code == 0
    assert left(state_dir) == (0, 0)


def test_frozen_holder_is_killed_and_its_account_flattened(state_dir: Path) -> None:
    make(state_dir, orders=3, position=5)
    with running(CORE, str(state_dir), "obedient") as core:
        hear(core)
        os.kill(core.pid, signal.SIGSTOP)
        code, body, _ = call(state_dir, "panic")
        assert code == 0
        assert core.wait(10) == -signal.SIGKILL
    assert left(state_dir) == (0, 0)
    assert any(f"pid {core.pid}" in step["text"] and "killed" in step["text"] for step in body["steps"])


def test_stuck_core_that_acks_is_killed_after_two_seconds_without_progress(state_dir: Path) -> None:
    make(state_dir, orders=1, position=1)
    with running(CORE, str(state_dir), "stuck") as core:
        hear(core)
        code, body, _ = call(state_dir, "panic")
        assert code == 0
        assert core.wait(10) == -signal.SIGKILL
    assert left(state_dir) == (0, 0)
    steps = [step["step"] for step in body["steps"]]
    assert steps.index("E0") < steps.index("holder")


def test_obedient_core_finishes_the_stop_itself_and_lives(state_dir: Path) -> None:
    with running(CORE, str(state_dir), "obedient") as core:
        hear(core)
        code, body, _ = call(state_dir, "panic")
        assert code == 0
        assert core.poll() is None
    assert [venue["venue"] for venue in body["venues"]] == ["core"]
    assert Latch(state_dir).engaged()


def test_holder_is_left_alive_on_request_and_nothing_is_claimed(state_dir: Path) -> None:
    """The ledger is open in a live process, so the paper account cannot be verified: exit 5, never 0."""
    make(state_dir, orders=1, position=1)
    with running(CORE, str(state_dir), "stuck") as core:
        hear(core)
        code, body, _ = call(state_dir, "panic", "--no-kill-holder")
        assert code == 5
        assert core.poll() is None
    assert left(state_dir) == (1, 1)
    assert body["meaning"] == "cannot start"


def test_two_panics_at_once_are_safe(state_dir: Path) -> None:
    make(state_dir, orders=50, position=5)
    children = [start("-m", "app", "--state-dir", str(state_dir), "--json", "panic") for _ in range(2)]
    try:
        bodies = [json.loads(child.communicate(timeout=60)[0]) for child in children]
    finally:
        for child in children:
            end_if_running(child)
    assert [child.returncode for child in children] == [0, 0]
    assert len({body["stop"]["stop_id"] for body in bodies}) == 1
    assert left(state_dir) == (0, 0)


def test_panic_with_a_damaged_ledger_cannot_start_and_says_why(state_dir: Path) -> None:
    (state_dir / "paper.ledger").write_bytes(b"something else entirely")
    code, body, _ = call(state_dir, "panic")
    assert code == 5
    assert "paper.ledger" in body["venues"][0]["text"]
    assert Latch(state_dir).engaged()


@pytest.mark.row("S3-56")
def test_position_reads_the_account_while_no_core_runs(state_dir: Path) -> None:
    make(state_dir, orders=2, position=5)
    code, body, _ = call(state_dir, "position", "--verify")
    assert code == 0
    assert body["source"] == "venue"
    assert [(row["symbol"], row["lots"]) for row in body["positions"]] == [("ETHUSDC", 5)]
    assert len(body["orders"]) == 2
    assert left(state_dir) == (2, 5)


def test_second_terminal_commands_reach_the_core(state_dir: Path) -> None:
    with running(CORE, str(state_dir), "obedient") as core:
        hear(core)
        code, body, _ = call(state_dir, "status")
        assert (code, body["running"], body["pid"]) == (0, True, core.pid)
        assert call(state_dir, "pause")[0] == 0
        code, body, _ = call(state_dir, "position")
        assert (code, body["source"]) == (0, "core")
        assert call(state_dir, "round", "finish")[0] == 0
        assert call(state_dir, "halt")[0] == 2
        code, _, err = call(state_dir, "resume", "--reason", "checked")
        assert (code, "typed word arm" in err) == (1, True)
        assert call(state_dir, "resume", "--word", "arm", "--reason", "checked")[0] == 0
        assert call(state_dir, "flatten")[0] == 0


@pytest.mark.row("UC-07")
def test_second_start_names_the_holder_and_exits_1(state_dir: Path) -> None:
    with running(CORE, str(state_dir), "obedient") as core:
        hear(core)
        code, _, err = call(state_dir, "run", "--headless")
    assert code == 1
    assert f"pid {core.pid} on" in err
    assert "terminal none, started" in err
    assert "heartbeat" in err
    assert "perpconsole attach joins it; status, position, halt and panic work from this terminal" in err
