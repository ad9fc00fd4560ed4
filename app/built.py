"""The door to `core.build`, opened only by commands that need an engine.

core.build offers: run_core(launch, desk) -> coroutine factory (refuses before it returns), backtest(launch) -> dict,
check(launch) -> dict, replay(path, verify) -> dict, stops(path) -> dict, rejects(launch, replay) -> dict,
effective_config(launch) -> dict.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from core.domain.errors import Refused


def built(name: str) -> Callable[..., Any]:
    """One function of `core.build`. Raises Refused while it is not there."""
    try:
        found = getattr(import_module("core.build"), name, None)
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("core.build"):
            raise
        raise Refused(f"{name}: not built yet") from error
    if not callable(found):
        raise Refused(f"{name}: not built yet")
    return found  # type: ignore[no-any-return]
