"""Gives one module another text when it is imported, in this process and in every child; nothing on the disk changes.

The runner copies this file as `sitecustomize.py` beside a `bug.json` into a folder of its own and puts that on
PYTHONPATH. No bytecode is read or written, so a planted bug cannot stay behind. Standard library only: it runs before
everything. `planted` appears in the folder once the module was really executed with the bug.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import json
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

BUG, MARK = "bug.json", "planted"


class Planted(SourceFileLoader):
    """Compiles the file with the replacement."""

    def __init__(self, name: str, path: str, old: str, new: str, mark: Path) -> None:
        super().__init__(name, path)
        self._old, self._new, self._mark = old, new, mark

    def get_code(self, fullname: str) -> CodeType:
        text = Path(self.path).read_text(encoding="utf-8")
        if text.count(self._old) != 1:
            raise ImportError(f"Expected the text of the bug once in {self.path}, was {text.count(self._old)} times")
        code = compile(text.replace(self._old, self._new), self.path, "exec", dont_inherit=True)
        self._mark.touch()
        return code


class Planter(importlib.abc.MetaPathFinder):
    """Stands before every other finder and knows one module."""

    def __init__(self, folder: Path) -> None:
        bug = json.loads((folder / BUG).read_text(encoding="utf-8"))
        self._module, self._file = bug["module"], bug["file"]
        self._old, self._new, self._mark = bug["old"], bug["new"], folder / MARK

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None and spec.origin.endswith(self._file):
            spec.loader = Planted(fullname, spec.origin, self._old, self._new, self._mark)
        return spec


if __name__ == "sitecustomize":
    sys.meta_path.insert(0, Planter(Path(__file__).parent))
