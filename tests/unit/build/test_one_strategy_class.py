"""One class a strategy in every mode: only the composition root makes them, and every core asks it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import core.build
from core.build.assemble import STRATEGIES

BUILD = Path(core.build.__file__).parent


@pytest.mark.parametrize("mode", ["backtest", "session", "live_core", "replaying"])
def test_backtest_paper_live_and_replay_take_the_same_engine(mode: str) -> None:
    """S1-46: the mode's module builds its engine with `engine_of` and names no strategy class."""
    tree = ast.parse((BUILD / f"{mode}.py").read_text(encoding="utf-8"))
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert "engine_of" in called
    assert names.isdisjoint({cls.__name__ for cls in STRATEGIES.values()} | {"STRATEGIES"})


def test_only_the_composition_root_makes_strategies() -> None:
    """S1-46: nowhere else under core/ or app/ is a strategy class called."""
    classes = {cls.__name__ for cls in STRATEGIES.values()}
    makers = set()
    for path in [*BUILD.parent.rglob("*.py"), *(BUILD.parent.parent / "app").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in classes:
                makers.add(path.name)
    assert makers == set(), makers  # assemble.py calls them through its table
    assert classes == {"Asmm", "PairLock"}
