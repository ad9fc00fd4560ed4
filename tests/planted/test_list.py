"""The list of planted bugs is sound, its page is its own, and planting works: a bug is caught, none is not (R 6.7).

All of them are planted by `make chaos PART=bugs`; here two, and two that must not be called caught.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from tests.planted import planting
from tests.planted.bug import Bug
from tests.planted.listed import BUGS
from tests.planted.page import page
from tests.planted.running import CAUGHT, MISSED, ROOT, VOID, planted, run_tests

LEAST = 40
BY_NAME = {bug.name: bug for bug in BUGS}
NEAR = "tests/unit/execution/test_ledger.py::test_every_error_code_has_a_name"
HARMLESS = Bug(
    name="nothing", costs="nothing", file="core/execution/ledger.py", old="    o.fees += r.fee[k]",
    new="    o.fees += r.fee[k]  # the same", tests=(NEAR,),
)  # fmt: skip


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_the_text_of_each_bug_stands_once_and_what_replaces_it_parses(bug: Bug) -> None:
    text = (ROOT / bug.file).read_text(encoding="utf-8")
    assert text.count(bug.old) == 1, f"Expected the text of {bug.name} once in {bug.file}, was {text.count(bug.old)}"
    assert bug.new != bug.old
    assert ast.dump(ast.parse(text)) != ast.dump(ast.parse(text.replace(bug.old, bug.new))), "not only a comment"


def test_there_are_at_least_forty_at_places_of_their_own_and_each_says_what_it_costs() -> None:
    assert len(BUGS) >= LEAST
    assert [name for name, n in Counter(bug.name for bug in BUGS).items() if n > 1] == []
    assert [place for place, n in Counter((bug.file, bug.old) for bug in BUGS).items() if n > 1] == []
    assert [bug.name for bug in BUGS if not bug.tests or not bug.costs.endswith(".") or "|" in bug.costs] == []
    assert {bug.file.split("/")[0] for bug in BUGS} <= {"core", "app", "screens"}


def test_each_test_that_must_catch_a_bug_exists() -> None:
    wanted = {one for bug in BUGS for one in bug.tests}
    there = set()
    for name in {one.partition("::")[0] for one in wanted}:
        tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
        functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
        there |= {f"{name}::{node.name}" for node in functions}
    assert sorted(wanted - there) == []


def test_the_page_of_the_list_is_written_from_it() -> None:
    told = (ROOT / "docs" / "planted_bugs.md").read_text(encoding="utf-8")
    assert told == page(), "Expected the page of the list: python -m tests.planted --page > docs/planted_bugs.md"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fill_of_a_forgotten_order_is_dropped", "closed_gate_lets_creates_out"])
def test_a_planted_bug_is_caught_by_its_tests_and_leaves_nothing_behind(name: str) -> None:
    bug = BY_NAME[name]
    before = (ROOT / bug.file).read_bytes()
    verdict = planted(bug)
    assert (verdict.state, verdict.by) == (CAUGHT, bug.tests), verdict.text
    assert (ROOT / bug.file).read_bytes() == before
    assert set(run_tests(bug.tests).outcomes.values()) == {"passed"}


@pytest.mark.slow
def test_nothing_planted_is_not_called_caught() -> None:
    assert planted(HARMLESS).state == MISSED


@pytest.mark.slow
def test_a_bug_that_crashes_or_that_nobody_imports_is_not_called_caught() -> None:
    change = msgspec.structs.replace
    crash = change(HARMLESS, new="    o.fees += nobody_has_this_name", tests=BY_NAME["fee_has_the_wrong_sign"].tests)
    assert planted(crash).state == VOID, "its test ends in a NameError, not in what it asserts"
    broken = change(HARMLESS, old="ERR_NAMES = (", new="ERR_NAMES = nobody_has_this_name or (")
    assert planted(broken).state == VOID, "the module cannot be imported at all"
    elsewhere = change(HARMLESS, file="app/serve.py", old="TAB", new="TAB")
    assert planted(elsewhere).state == VOID, "no test of it imports the module"


def test_a_child_process_has_the_bug_too_and_a_text_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    shutil.copy(planting.__file__, tmp_path / "sitecustomize.py")
    (tmp_path / "small.py").write_text("VALUE = 1\n", encoding="utf-8")
    for old, code, said in (("VALUE = 1", 0, "2"), ("VALUE = 9", 1, "")):
        bug = {"module": "small", "file": "small.py", "old": old, "new": "VALUE = 2"}
        (tmp_path / planting.BUG).write_bytes(msgspec.json.encode(bug))
        child = "import small; print(small.VALUE)"
        script = f"import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', {child!r}]))"
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout.strip()) == (code, said), done.stderr
    assert (tmp_path / planting.MARK).exists()
