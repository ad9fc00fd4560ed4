"""Starts real processes of this repo and makes sure that each is gone when the test ends, by its own pid."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """A Python child in its own session, with the checkout on its path and pipes on all three streams."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@contextlib.contextmanager
def running(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    child = start(*arguments, **environment)
    try:
        yield child
    finally:
        end(child)


def end(child: subprocess.Popen[str]) -> None:
    """Stop a child that we started; it may be frozen."""
    if child.poll() is None:
        child.kill()
    child.communicate()


def say(child: subprocess.Popen[str], line: str = "") -> None:
    assert child.stdin is not None
    child.stdin.write(line + "\n")
    child.stdin.flush()


def hear(child: subprocess.Popen[str]) -> Any:
    """The next JSON line of a child; fails with its stderr when it ended without one."""
    assert child.stdout is not None
    assert child.stderr is not None
    line = child.stdout.readline()
    assert line, child.stderr.read()
    return json.loads(line)


def one_winner(children: Sequence[subprocess.Popen[str]], said: str) -> None:
    """All try to be the holder at once: exactly one is, and every other one names it. Ends them."""
    try:
        for child in children:
            say(child)
        answers = [hear(child) for child in children]
    finally:
        for child in children:
            end(child)
    winners = [answer["pid"] for answer in answers if answer["won"]]
    assert len(winners) == 1, f"{said}: {answers}"
    named = [answer["holder"] for answer in answers if not answer["won"]]
    assert named == winners * (len(children) - 1), f"{said}: {answers}"
