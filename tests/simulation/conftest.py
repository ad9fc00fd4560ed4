"""`PERP_TEST_SEED=n` (make replay SEED=n) leaves the tests that play one seed each, and of these that seed alone."""

from __future__ import annotations

import os

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what no seed decides."""
    one = os.environ.get("PERP_TEST_SEED")
    if not one:
        return
    here = os.path.dirname(__file__)
    ours = [item for item in items if str(item.path).startswith(here)]
    gone = [item for item in ours if str(getattr(getattr(item, "callspec", None), "params", {}).get("seed")) != one]
    config.hook.pytest_deselected(items=gone)
    items[:] = [item for item in items if item not in gone]
