"""Measured programs run as processes of their own, so that no library of one lives in another."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
ENGINES = CHECKOUT / "tests" / "bench" / "engines"
TIMEOUT_S = 300.0


class Failed(Exception):
    """A measured program ended badly; the text is its last line."""


def environment(**more: str) -> dict[str, str]:
    """Ours, with the checkout on the path and nothing of the operator's configuration."""
    keep = {key: value for key, value in os.environ.items() if not key.startswith("PERP__")}
    keep.pop("PERP_PURE", None)
    return {**keep, "PYTHONPATH": str(CHECKOUT), "PYTHONHASHSEED": "0", **more}


def result_of(python: pathlib.Path | str, arguments: Sequence[str], timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
    """The JSON object on the last line of its output. Raises Failed."""
    try:
        done = subprocess.run(
            [str(python), *arguments], cwd=CHECKOUT, env=environment(), capture_output=True, text=True,
            timeout=timeout_s,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise Failed(f"not done after {timeout_s:.0f} s") from error
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise Failed(lines[-1] if lines else f"exit {done.returncode}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def ours(module: str, *arguments: str) -> dict[str, Any]:
    """A module of this package in a process of its own."""
    return result_of(sys.executable, ["-m", module, *arguments])


def bench_python(name: str) -> pathlib.Path | None:
    """The interpreter that `make bench-setup` installed, if it did."""
    path = CHECKOUT / f".venv-bench-{name}" / "bin" / "python"
    return path if path.is_file() else None
