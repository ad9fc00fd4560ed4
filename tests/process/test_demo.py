"""`perpconsole demo pair` as a process of its own: what it prints, its exit codes, what it leaves behind (S1-01)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.process.real_core import PATIENCE_S, environment
from tests.process.running import ROOT

STATES = ["S0", "S1", "S2", "S3", "S4", "S5"]
NEVER = "PERP__STRATEGIES__0__PARAMS__G_PCT"  # a gain that locks and never comes


def demo(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The command without --state-dir, with the temporary and the state folder of the user inside `folder`."""
    homes = {name: str(folder / name) for name in ("tmp", "state")}
    for path in homes.values():
        Path(path).mkdir(exist_ok=True)
    env = environment(TMPDIR=homes["tmp"], XDG_STATE_HOME=homes["state"], **more)
    env.pop("PERP_STATE_DIR", None)
    return subprocess.run(
        [sys.executable, "-m", "app", "demo", "pair", *words],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=PATIENCE_S, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


def left(folder: Path) -> list[str]:
    return [name for home in ("tmp", "state") for name in os.listdir(folder / home)]


@pytest.mark.row("S1-01")
def test_demo_tells_every_state_with_its_figures_and_leaves_nothing(state_dir: Path) -> None:
    """S1-01, S1-37: S2 has its sentence; figures are the run's: two seeds tell the same states in other numbers."""
    done = demo(state_dir, "--headless", "--seed", "3")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    told = [re.fullmatch(r"(\d):(\d\d\.\d\d)  (S\d) ([a-z ]+): (.+)", line) for line in lines[:-1]]
    assert all(told)
    path = [one[3] for one in told if one]
    assert [state for n, state in enumerate(path) if n == 0 or path[n - 1] != state] == [
        "S0", "S1", "S2", "S3", "S4", "S0", "S1", "S2", "S3", "S5", "S0",
    ]  # fmt: skip
    seconds = [60 * int(one[1]) + float(one[2]) for one in told if one]
    assert seconds == sorted(seconds) and seconds[-1] < 120
    text = done.stdout
    for word in ("the gate opened: trend +", "unlock A closed the short leg", "unlock B closed the long leg",
                 "funding was settled", "left, rebound +", "all six states were seen"):  # fmt: skip
        assert word in text, word
    assert "--" not in text.partition("S2 locking")[2]  # from here on every figure is known
    assert lines[-1] == "6 states seen, seed 3"
    assert left(state_dir) == []
    other = demo(state_dir, "--headless", "--seed", "4").stdout.splitlines()
    assert len(other) == len(lines) and other[4] != lines[4]


def test_json_gives_the_states_with_times_and_the_money_by_source(state_dir: Path) -> None:
    done = demo(state_dir, "--json")
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
    body: dict[str, Any] = json.loads(done.stdout)
    assert (body["ok"], body["missing"]) == (True, [])
    assert [one["state"] for one in body["states"]] == STATES
    assert all(one["wall_s"] < 60 and one["text"] for one in body["states"])
    pnl = body["pnl"]
    parts = pnl["spread"] + pnl["trend"] + pnl["carry"] - pnl["fees"] + pnl["execution"]
    assert parts == pytest.approx(pnl["net"], abs=1e-8) and pnl["fees"] > 0 and pnl["carry"] > 0


def test_states_that_did_not_come_are_named_and_are_exit_code_1(state_dir: Path) -> None:
    done = demo(state_dir, "--headless", **{NEVER: "0.2"})
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].startswith("not seen: S2 locking, S3 locked, S4 long only, S5 short only")
    assert left(state_dir) == []


def test_demo_takes_no_state_dir_of_anybody(state_dir: Path) -> None:
    done = demo(state_dir, "--headless", "--state-dir", str(state_dir / "mine"))
    assert done.returncode == 1
    assert "a demo has folders of its own" in done.stderr
    assert not (state_dir / "mine").exists()


def test_without_a_terminal_it_says_how_to_run(state_dir: Path) -> None:
    done = demo(state_dir)
    assert done.returncode == 1
    assert "perpconsole demo pair --headless" in done.stderr
    assert left(state_dir) == []
