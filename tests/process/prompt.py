"""What a running core says of itself, asked over its socket in this process: milliseconds, where a command takes a
second. Waits end by the clock, not by a count of looks.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.control.client import ControlClient
from core.control.protocol import BadFrame, Do, Status
from core.domain.commands import AnyCommand
from core.domain.errors import PerpError

PATIENCE_S = 60.0
FAULTS = int(os.environ.get("PERP_FAULTS", "0"))  # every fault of the disk, network and lock tests so often


def some(*kinds: str, first: int = 1) -> list[str]:
    """All of them where PERP_FAULTS is set, else the first ones: what `make test` has time for."""
    return list(kinds) if FAULTS else list(kinds[:first])


def soon(true: Callable[[], Any], what: str | Callable[[], str], seconds: float = PATIENCE_S) -> Any:
    """The first truthy answer of `true()`; fails with `what`, as it is then, after so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = true()
        if found:
            return found
        time.sleep(0.02)
    pytest.fail(f"Expected {what if isinstance(what, str) else what()} within {seconds:.0f} s, was not so")


def said(state_dir: Path) -> dict[str, Any]:
    """Its status; {} while nobody answers."""
    try:
        with ControlClient(state_dir) as client:
            return dict(client.ask(Status()).body)
    except (PerpError, BadFrame, OSError):
        return {}


def in_state(
    state_dir: Path, *runs: str, seconds: float = PATIENCE_S, child: subprocess.Popen[str] | None = None
) -> dict[str, Any]:
    """Wait for one of these run states; the status then. A `child` that ends meanwhile fails with its last words."""

    def look() -> dict[str, Any] | None:
        if child is not None and child.poll() is not None:
            pytest.fail(
                f"Expected a core that lives, it ended with {child.returncode}: {child.communicate()[1][-2000:]}"
            )
        found = said(state_dir)
        return found if found.get("run") in runs else None

    def was() -> str:
        found = said(state_dir)
        return f"run state {' or '.join(runs)}, was {found.get('run', 'silent')} with stop {found.get('stop')}"

    there: dict[str, Any] = soon(look, was, seconds)
    return there


def tell(state_dir: Path, command: AnyCommand) -> None:
    """A command that must be taken."""
    with ControlClient(state_dir, timeout_s=10.0) as client:
        reply = client.ask(Do(command=command))
        assert reply.ok, reply.text
