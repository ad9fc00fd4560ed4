"""Waiting for what a console does beside its loop: pages are asked for every tenth of a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

PATIENCE = 200  # looks of 0.05 s


async def until(pilot: Any, true: Callable[[], Any]) -> None:
    """Until `true()`; fails after ten seconds."""
    for _ in range(PATIENCE):
        if true():
            return
        await pilot.pause(0.05)
    raise AssertionError("Expected it within 10 s, was not so")
