"""The documentation says what is there: links, commands, tests, files, version."""

from __future__ import annotations

import itertools
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tools.pin import ROOT

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
GROUPS = {("venue",), ("config",)}
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
TEST = re.compile(r"`(tests/[\w/]+(?:\.py)?)(?:::(\w+))?`")


def ident(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=ident)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    missing = [
        target
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if not target.startswith(("http:", "https:", "mailto:")) and not (page.parent / target).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=ident)
def test_every_test_that_is_named_exists(page: Path) -> None:
    for path, name in TEST.findall(page.read_text(encoding="utf-8")):
        target = ROOT / path
        assert target.exists(), path
        if name:
            assert re.search(rf"^(async )?def {name}\(", target.read_text(encoding="utf-8"), re.M), f"{path}::{name}"


@pytest.mark.parametrize("page", PAGES, ids=ident)
def test_no_page_names_a_path_of_a_machine_or_a_registry(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.])/(?:home|root|work|Users|tmp)/", text)
    assert not re.search(r"\b(?:pypi\.org|files\.pythonhosted\.org|registry\.npmjs)\b", text)


def commands() -> Iterator[tuple[str, str]]:
    """(page, line) of each `perpconsole` line in a code block."""
    for page in PAGES:
        for block in re.findall(r"```\w*\n(.*?)```", page.read_text(encoding="utf-8"), re.S):
            for line in block.splitlines():
                if line.startswith("perpconsole "):
                    yield ident(page), line


@cache
def help_of(words: tuple[str, ...]) -> tuple[int, str]:
    run = subprocess.run(
        [sys.executable, "-m", "app", *words, "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return run.returncode, run.stdout


@pytest.mark.parametrize(("page", "line"), list(commands()))
def test_every_command_and_option_in_a_code_block_exists(page: str, line: str) -> None:
    words = shlex.split(line.split("#")[0].split("|")[0])[1:]
    names = tuple(itertools.takewhile(lambda word: not word.startswith("-"), words))
    code, text = help_of(names[:1] if names[:1] not in GROUPS else names[:2])
    assert code == 0, f"{page}: {line}"
    everywhere = help_of(())[1]
    for word in words:
        if word.startswith("--"):
            assert word in text or word in everywhere, f"{page}: {word}"


def test_the_changelog_begins_with_the_version_of_the_package() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    first = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert first is not None and first.group(1) == version


def test_every_folder_of_the_core_stands_in_the_drawing() -> None:
    """S3-03: each duty has its place, and the drawing names it."""
    drawing = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for folder in sorted((ROOT / "core").iterdir()):
        if folder.is_dir() and (folder / "__init__.py").exists():
            assert re.search(rf"\b{folder.name}\b", drawing), folder.name
    duties = {
        "Runner": "core/build", "Strategy": "core/strategies/asmm", "RiskGuard": "core/risk",
        "Metrics": "core/telemetry", "OrderManager": "core/execution", "Gateway": "core/venues",
        "Logger": "core/telemetry", "Scripts": "app/commands",
    }  # fmt: skip
    for duty, place in duties.items():
        assert (ROOT / place).is_dir() and duty in drawing, duty


def test_every_duty_of_the_pair_has_its_place_in_the_drawing() -> None:
    """S1-04: a map from the requirement's modules to what is there."""
    drawing = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    paragraph = drawing[drawing.index("S1-04") :].partition("\n\n")[0]
    for duty in ("main", "config", "types", "metrics", "risk", "state_machine", "spread_monitor", "execution/atomic",
                 "slippage", "exchanges", "data/feeders", "backfill", "backtest/engine", "fillsim"):  # fmt: skip
        assert duty in paragraph, duty
    places = re.findall(r"`([a-z_/.]+)`", paragraph)
    assert len(places) >= 14 and all((ROOT / place).exists() for place in places), places
