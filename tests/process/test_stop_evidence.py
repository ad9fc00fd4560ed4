"""The program's own stops leave `reports/emergency-<utc>.md`, whoever asked: command, signal, panic. A crash in between
is completed in the same file; a live core's has the hashes of raw answers (RELIABILITY 5, E9, E10; UC-05)."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process.live_venue import Served, served
from tests.process.real_core import asked, command, core, eventually, status, stop, until
from tests.process.real_core import with_orders as wait_for_orders

pytestmark = pytest.mark.slow
FAST = ("--speed", "20")
SHA = re.compile(r"\b[0-9a-f]{64}\b")


@pytest.fixture(params=["binance_usdm", "hyperliquid"])
def venue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path, request.param) as found:
        yield found


def files(state_dir: Path) -> list[Path]:
    return sorted((state_dir / "reports").glob("emergency-*.md"))


def test_a_halt_by_command_then_a_kill_and_a_restart_are_one_file(state_dir: Path) -> None:
    with core(state_dir, *FAST) as child:
        until(state_dir, "RUNNING")
        wait_for_orders(state_dir)
        done = command(state_dir, "--json", "halt", "--reason", "drill one")
        body = json.loads(done.stdout)
        assert done.returncode == body["code"] == 2, done.stdout
        found = eventually(lambda: (s := status(state_dir)).get("evidence") and s, "the path in status")
        (path,) = files(state_dir)
        assert Path(found["evidence"]) == path and body["report"] in ("", str(path))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        text = eventually(lambda: "Result: **2" in (t := path.read_text()) and t, "the end of the stop in the file")
        assert "drill one" in text and "read orders" in text and "latch written" in text
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    with core(state_dir, *FAST) as child:
        until(state_dir, "HALTED")
        eventually(lambda: "Before this process" in path.read_text(), "the part of the second process")
        assert stop(child)[0] == 0
    assert files(state_dir) == [path]
    now, _, before = path.read_text().partition("## Before this process")
    assert "Result: **2" in now and "Result: **2" in before and "drill one" in now
    journals = sorted((state_dir / "journal").glob("paper-*.perpj"), key=lambda one: one.stat().st_mtime)
    assert "drill one" in command(state_dir, "replay", str(journals[0]), "--stops").stdout


def test_sigusr1_leaves_the_same_file_and_a_panic_beside_the_core_names_it(state_dir: Path) -> None:
    with core(state_dir, *FAST) as child:
        until(state_dir, "RUNNING")
        wait_for_orders(state_dir)
        os.kill(child.pid, signal.SIGUSR1)
        eventually(lambda: status(state_dir).get("evidence"), "a file")
        (path,) = files(state_dir)
        flat = asked(state_dir, "panic")
        assert flat["code"] == 0
        eventually(lambda: "Result: **0" in path.read_text(), "the flatten in the halt's file")
        assert any(str(path) in step["text"] for step in flat["steps"])
        assert stop(child)[0] == 0
    assert len(files(state_dir)) == 2 and flat["report"] != str(path)


def test_a_live_cores_flatten_has_the_hash_of_every_raw_answer_and_no_key(state_dir: Path, venue: Served) -> None:
    with core(state_dir, *venue.words, **venue.keys) as child:
        until(state_dir, "PAUSED")
        assert command(state_dir, "resume", "--word", "y").returncode == 0
        eventually(lambda: len(venue.books()["trades"]) >= 1 and venue.open(), "orders and a fill")
        done = command(state_dir, "--json", "flatten", "--reason", "drill")
        assert done.returncode == 0, done.stdout
        (path,) = eventually(lambda: files(state_dir), "the file")
        text = eventually(lambda: "Result: **0" in (t := path.read_text()) and t, "its end")
        assert stop(child)[0] == 0
    text = path.read_text()
    raw = text.partition("sha256 of the raw answer")[2].splitlines()[1:]
    rows = [row for row in raw if row.startswith("|") and SHA.search(row)]
    assert len(rows) >= 4 and all(" 200 | " in row for row in rows), raw
    assert not [key for key in venue.keys.values() if key.removeprefix("0x") in text]
    assert "signature" not in text and "sealed" in text
