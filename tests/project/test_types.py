"""tools.mypy_blocks: mypy takes the shape of a block's array field for a shape, and still finds real errors."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.pin import ROOT

STUB = """\
from typing import Any
class i64s:
    def __getitem__(self, i: Any) -> Any: ...
f64s = i64s
"""
BLOCK = """\
from core.kernel import f64s, i64s
ROWS = 4
class Quote:
    px: i64s[2, ROWS]
    half: f64s[3]
    plain: int[3]
def first(q: Quote) -> str:
    reveal_type(q.px)
    reveal_type(q.half)
    return q.px
"""


@pytest.mark.slow
def test_shape_of_an_array_field_is_no_type_argument(tmp_path: Path) -> None:
    for name, text in {"core/__init__.py": "", "core/kernel.py": STUB, "core/block.py": BLOCK}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    command = [sys.executable, "-m", "mypy", "--no-incremental", "-p", "core"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    found = [line.split(": ", 1)[0] + " " + line.rsplit("[", 1)[-1].strip("]") for line in run.stdout.splitlines()]
    assert [line for line in found if " type-arg" in line] == ["core/block.py:6 type-arg"]
    assert run.stdout.count('Revealed type is "core.kernel.i64s"') == 2
    assert 'expected "str"' in run.stdout
    assert "i64s" not in "".join(line for line in run.stdout.splitlines() if "valid-type" in line)
