"""Who may import whom: the contracts, what an import really loads, and the third-party list (UC-01, DESIGN.md 3)."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest

from tools.pin import ROOT, normal

OURS = {"app", "core", "screens", "configs", "tests", "tools"}
DISTRIBUTION = {"ruamel": "ruamel-yaml"}  # namespace packages that metadata cannot map


def modules(folder: str) -> list[str]:
    """Dotted names of all modules below a folder, __main__ left out (importing it would run the program)."""
    names = []
    for file in sorted((ROOT / folder).rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        if parts[-1] != "__main__":
            names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return names


def loaded_by(code: str) -> set[str]:
    """Root names of all modules that a fresh interpreter holds after running `code`."""
    script = f"import sys\n{code}\nprint('\\n@' + ' '.join({{name.partition('.')[0] for name in sys.modules}}))"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    return set(run.stdout.rsplit("@", 1)[1].split())


def importing(names: list[str]) -> str:
    return "import importlib\n" + "\n".join(f"importlib.import_module({name!r})" for name in names)


def test_core_loads_nothing_that_draws() -> None:
    loaded = loaded_by(importing(modules("core")))
    assert "core" in loaded
    assert not loaded & {"textual", "rich", "plotext"}


def test_engine_loads_neither_ccxt_nor_aiosqlite() -> None:
    names = modules("core/engine") or ["core"]
    assert not loaded_by(importing(names)) & {"ccxt", "aiosqlite"}


def test_help_starts_without_the_heavy_libraries() -> None:
    if not (ROOT / "app" / "__main__.py").is_file():
        pytest.skip("app/__main__.py is not written yet")
    code = (
        "sys.argv = ['perpconsole', '--help']\nfrom app.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code, stop.code"
    )
    assert not loaded_by(code) & {"numba", "polars", "ccxt", "textual"}


@cache
def declared() -> dict[str, set[str]]:
    """Extra ('' for the program itself) -> normal names of the distributions that pyproject.toml declares."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {"": project["dependencies"], **project["optional-dependencies"]}
    return {extra: {normal(re.split(r"[<>=!~;\[ ]", line)[0]) for line in lines} for extra, lines in groups.items()}


def third_party(file: Path) -> Iterator[tuple[str, int]]:
    """(root import name, line) of every import of the file that is neither ours nor the standard library's."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        for name in names:
            root = name.partition(".")[0]
            if root not in OURS and root not in sys.stdlib_module_names:
                yield root, node.lineno


def undeclared(files: list[Path], allowed: set[str]) -> list[str]:
    owners = metadata.packages_distributions()
    found = []
    for file in files:
        for root, line in third_party(file):
            names = {normal(owner) for owner in owners.get(root, [root])} | {DISTRIBUTION.get(root, normal(root))}
            if not names & allowed:
                found.append(f"{file.relative_to(ROOT)}:{line}: {root} is not declared in pyproject.toml")
    return found


@pytest.mark.row("UC-01")
def test_every_third_party_import_of_the_program_is_declared() -> None:
    """UC-01: optional libraries of the lab may stand in core/lab only."""
    files = [file for folder in ("app", "core", "screens", "configs") for file in (ROOT / folder).rglob("*.py")]
    lab = [file for file in files if file.is_relative_to(ROOT / "core" / "lab")]
    assert len(files) > len(lab)
    assert undeclared([file for file in files if file not in lab], declared()[""]) == []
    assert undeclared(lab, declared()[""] | declared()["lab"]) == []


def test_every_third_party_import_of_tests_and_tools_is_declared() -> None:
    files = [file for folder in ("tests", "tools") for file in (ROOT / folder).rglob("*.py")]
    theirs = {"bench", "official"}  # run in environments of their own: what we compare with, official clients
    files = [file for file in files if not theirs & set(file.parts)]
    assert undeclared(files, set().union(*declared().values())) == []


def test_import_list_would_find_a_stranger(tmp_path: Path) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text("import os\nfrom core import kernel\ndef f():\n    import pandas.io\n    import ccxt.pro\n")
    assert list(third_party(planted)) == [("pandas", 4), ("ccxt", 5)]


@pytest.mark.row("UC-01")
def test_the_card_of_uc_01_is_declared() -> None:
    card = {"textual", "rich", "ccxt", "tenacity", "pydantic", "numpy", "aiosqlite", "plotext", "prometheus-client"}
    assert card <= declared()[""]


PLANTED = {
    "core/domain/orders.py": "from core.engine import engine\n",  # upward: core, screens (through domain)
    "core/clock.py": "",
    "core/strategies/asmm.py": "from core.clock import now\n",
    "core/engine/engine.py": "import ccxt\n",
    "core/control/panic.py": "def go():\n    from core.store import writer\n",
    "core/store/writer.py": "import rich.text\n",
    "screens/risk.py": "from core.models import fees\nfrom app import cli\n",
    "core/models/fees.py": "",
    "core/unheard.py": "",
    "app/cli.py": "",
}
CONTRACTS = ("program", "core", "screens", "strategies", "panic", "headless", "engine")


def lint_imports(tree: Path) -> dict[str, bool]:
    """Contract id -> kept, of a tree with our pyproject.toml and a copy of tools."""
    shutil.copy(ROOT / "pyproject.toml", tree)
    shutil.copytree(ROOT / "tools", tree / "tools", dirs_exist_ok=True)
    kept = {}
    for contract in CONTRACTS:
        command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--contract", contract]
        run = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
        assert "Contracts: " in run.stdout, run.stdout + run.stderr
        kept[contract] = run.returncode == 0
    return kept


def plant(tree: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        for folder in path.relative_to(tree).parents:
            if folder.name:
                (tree / folder / "__init__.py").touch()
    return tree


@pytest.mark.slow
def test_every_contract_breaks_on_its_planted_sin(tmp_path: Path) -> None:
    assert lint_imports(plant(tmp_path, PLANTED)) == dict.fromkeys(CONTRACTS, False)


@pytest.mark.slow
def test_contracts_hold_on_an_honest_tree(tmp_path: Path) -> None:
    files = dict.fromkeys(PLANTED, "") | {
        "screens/risk.py": "from core.domain import orders\n",
        "app/cli.py": "from core import build\nfrom screens import risk\n",
        "core/build.py": "from core.engine import engine\nfrom core.store import writer\n",
    }
    del files["core/unheard.py"]
    assert lint_imports(plant(tmp_path, files)) == dict.fromkeys(CONTRACTS, True)
