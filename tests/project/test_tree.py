"""The shape of the repo (UC-02), of what is installed (UC-01, UC-12) and of the wheel."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata, resources
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

from tools.pin import PYTHONS, ROOT, normal, render

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PIN = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>[\w.+!]+)( ; python_version == '3\.1[123]')?$")


def pins() -> dict[str, str]:
    """Name -> version as this Python reads constraints.txt."""
    lines = [line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if not line.startswith("#")]
    wanted = [Requirement(line) for line in lines]
    return {normal(r.name): str(r.specifier)[2:] for r in wanted if r.marker is None or r.marker.evaluate()}


@pytest.mark.row("UC-02")
@pytest.mark.parametrize("name", ["app", "core", "screens", "configs", "tests"])
def test_folder_of_the_card_stands_at_the_top(name: str) -> None:
    assert (ROOT / name).is_dir()


@pytest.mark.row("UC-02")
@pytest.mark.parametrize("name", ["pyproject.toml", "README.md"])
def test_file_of_the_card_stands_at_the_top(name: str) -> None:
    if name == "README.md" and not (ROOT / "app" / "__main__.py").is_file():
        pytest.skip("README.md comes with the program")
    assert (ROOT / name).is_file()


@pytest.mark.parametrize("top", ["app", "core", "screens"])
def test_every_folder_with_modules_is_a_package_so_that_it_ships(top: str) -> None:
    folders = {file.parent for file in (ROOT / top).rglob("*.py")}
    assert folders
    assert sorted(str(f.relative_to(ROOT)) for f in folders if not (f / "__init__.py").is_file()) == []


@pytest.mark.row("UC-12")
def test_supported_pythons_are_stated_once_and_alike() -> None:
    assert PROJECT["requires-python"] == ">=3.11,<3.14"
    stated = {line.rsplit(" ", 1)[1] for line in PROJECT["classifiers"] if ":: Python :: 3." in line}
    assert stated == set(PYTHONS)
    assert f"3.{sys.version_info.minor}" in stated


def test_pins_are_plain_versions_in_order() -> None:
    """No URL, no hash, no option: the file holds for every package index."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    bad = [line for line in lines if not line.startswith("#") and not PIN.match(line)]
    assert bad == []
    names = [line.partition("==")[0] for line in lines if not line.startswith("#")]
    assert names == sorted(names)


def test_every_installed_dependency_is_pinned_and_is_the_pinned_version() -> None:
    """Walks the closure of what pyproject.toml declares, as installed here (the lab only where it is installed)."""
    pinned, seen = pins(), set()
    todo = [Requirement(line) for line in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]]
    todo += [
        Requirement(line) for line in PROJECT["optional-dependencies"]["lab"] if _installed(Requirement(line).name)
    ]
    while todo:
        wanted = todo.pop()
        key = (normal(wanted.name), frozenset(wanted.extras))
        if key in seen:
            continue
        seen.add(key)
        assert key[0] in pinned, f"{wanted} has no pin: python -m tools.pin"
        assert metadata.version(wanted.name) == pinned[key[0]], (
            f"{wanted.name}: installed is not pinned; rm .venv/.stamp-*"
        )
        for line in metadata.requires(wanted.name) or []:
            needed = Requirement(line)
            environments = [{**default_environment(), "extra": extra} for extra in ("", *wanted.extras)]
            if needed.marker is None or any(needed.marker.evaluate(each) for each in environments):
                todo.append(needed)
    assert len(seen) > 50


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def test_pin_carries_a_marker_only_where_the_pythons_differ() -> None:
    text = render({"3.11": {"a": "1", "b": "1"}, "3.12": {"a": "1", "b": "2"}})
    assert text.splitlines()[1:] == ["a==1", "b==1 ; python_version == '3.11'", "b==2 ; python_version == '3.12'"]


def test_configs_are_found_as_a_package() -> None:
    shipped = {item.name for item in resources.files("configs").iterdir()}
    assert {file.name for file in (ROOT / "configs").iterdir()} <= shipped


@pytest.mark.slow
@pytest.mark.row("UC-01")
def test_wheel_holds_program_and_configs_and_no_tests(tmp_path: Path) -> None:
    """UC-01, S1-64: one pure wheel, with the files that the program reads at run time."""
    tree = tmp_path / "tree"
    for folder in ("app", "core", "screens", "configs", "tests", "tools"):
        shutil.copytree(ROOT / folder, tree / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        if (ROOT / name).is_file():
            shutil.copy(ROOT / name, tree)
    (tree / "configs" / "planted").mkdir()
    planted = ["configs/planted/venue.yml", "configs/.env.example", "screens/planted.tcss", "core/planted.sql",
               "core/market/planted.json"]  # fmt: skip
    for name in planted:
        (tree / name).touch()
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(tree)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name == f"perpconsole-{PROJECT['version']}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (entry,) = (name for name in names if name.endswith("entry_points.txt"))
        scripts = configparser.ConfigParser()
        scripts.read_string(archive.read(entry).decode())
    assert dict(scripts["console_scripts"]) == {"perpconsole": "app.__main__:main"}
    wanted = {p.relative_to(tree).as_posix() for f in ("app", "core", "screens") for p in (tree / f).rglob("*.py")}
    assert wanted | set(planted) <= names
    folders = {name.split("/", 1)[0] for name in names if ".dist-info/" not in name}
    assert folders == {"app", "core", "screens", "configs"}
