"""Every test file is run: no folder is left out for its name, as pytest by default does with any named build."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


def test_no_folder_of_tests_is_left_out_by_its_name(request: pytest.FixtureRequest) -> None:
    patterns = request.config.getini("norecursedirs")
    folders = {path.parent.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}
    assert Path("unit/build") in folders
    out = {str(folder) for folder in folders for part in folder.parts for name in patterns if fnmatch(part, name)}
    assert out == set()
