"""The program itself as an operator starts it: a headless core on the embedded market, and commands beside it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.process.running import ROOT, end

PATIENCE_S = 90.0  # of waits; a loaded machine is slow, a broken program never gets there
PLAIN = {"PERP_PURE": "1"}  # no compiler beside the tests


def environment(**more: str) -> dict[str, str]:
    """Ours, with this checkout on the path."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **PLAIN, **more}


def eventually(true: Callable[[], Any], what: str, seconds: float = PATIENCE_S) -> Any:
    """The first truthy answer of `true()`; fails with `what` after the limit."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.05)):
        found = true()
        if found:
            return found
        pause.wait(0.05)
    pytest.fail(f"Expected {what} within {seconds:.0f} s, was not so")


def command(state_dir: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """One command of the program, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "app", "--state-dir", str(state_dir), *words],
        cwd=ROOT, env=environment(**more), capture_output=True, text=True, timeout=PATIENCE_S, stdin=subprocess.DEVNULL,
        check=False,
    )  # fmt: skip


def asked(state_dir: Path, *words: str) -> dict[str, Any]:
    """The JSON of a command."""
    done = command(state_dir, "--json", *words)
    assert done.stdout.count("\n") == 1, (done.stdout, done.stderr)
    body: dict[str, Any] = json.loads(done.stdout)
    return body


@contextlib.contextmanager
def core(state_dir: Path, *words: str, **more: str) -> Iterator[subprocess.Popen[str]]:
    """`run --headless`, until its first picture; killed at the end if it still lives."""
    start = ("-m", "app", "--state-dir", str(state_dir), "--metrics-port", "0", "run", "--headless")
    child = subprocess.Popen(
        [sys.executable, *start, *words],
        cwd=ROOT, env=environment(**more), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    try:
        eventually(lambda: child.poll() is not None or status(state_dir).get("run"), "a picture of the core")
        if child.poll() is not None:
            pytest.fail(f"Expected a core, it ended: {child.communicate()[1]}")
        yield child
    finally:
        end(child)


def status(state_dir: Path) -> dict[str, Any]:
    """What `status --json` says; {} while nobody answers properly yet."""
    done = command(state_dir, "--json", "status")
    try:
        body: dict[str, Any] = json.loads(done.stdout)
    except json.JSONDecodeError:
        return {}
    return body


def until(state_dir: Path, run: str, seconds: float = PATIENCE_S) -> dict[str, Any]:
    """Wait for a run state."""
    found: dict[str, Any] = eventually(
        lambda: (s := status(state_dir)).get("run") == run and s, f"run state {run}", seconds
    )
    return found


def with_orders(state_dir: Path, least: int = 2) -> dict[str, Any]:
    """Wait until orders rest; the position command's answer."""
    found: dict[str, Any] = eventually(
        lambda: len((p := asked(state_dir, "position")).get("orders", ())) >= least and p, f"{least} orders"
    )
    return found


def stop(child: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
    """(exit code, stderr) after a signal."""
    os.kill(child.pid, number)
    _, err = child.communicate(timeout=PATIENCE_S)
    return child.returncode, err


def venue_holds(state_dir: Path) -> tuple[int, int]:
    """(orders, positions) of the paper account on the disk, read without a core."""
    body = asked(state_dir, "position", "--verify")
    assert body["source"] == "venue"
    return len(body["orders"]), len(body["positions"])


def page(port: int, path: str) -> tuple[int, str]:
    """(status, text) of a page on the loopback."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def metric(text: str, name: str) -> float:
    """The value of the only series of a metric, labels aside."""
    found = re.findall(rf"^{name}(?:\{{[^}}]*\}})? (\S+)$", text, re.M)
    assert found, f"no {name}"
    return sum(float(value) for value in found)
