"""The published values that the models must reproduce (venue examples, library tests, own derivations)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("reference.json").read_text())
BY_ID = {case["id"]: case for case in CASES}


def near(case: dict[str, Any]) -> dict[str, float]:
    """`pytest.approx` arguments of a case."""
    return {"rel": case["tolerance"]["rel"], "abs": case["tolerance"]["abs"]}


def of(prefix: str) -> list[dict[str, Any]]:
    """Cases whose id starts with `prefix`; at least one."""
    found = [case for case in CASES if case["id"].startswith(prefix)]
    assert found, prefix
    return found
