"""tools.lint_rules on planted samples: each rule finds its sin and leaves its honest neighbour alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.lint_rules import MAX_LINES, ROOT, allowed_broad, check_repo, check_source, main

BAD = [
    ("clock", "import time\nnow = time.time()\n", 2),
    ("clock", "import time as t\nnow = t.monotonic_ns()\n", 2),
    ("clock", "from time import perf_counter as now\n", 1),
    ("clock", "import time\ntime.sleep(1)\n", 2),
    ("clock", "import datetime\nnow = datetime.datetime.now(datetime.UTC)\n", 2),
    ("clock", "from datetime import datetime\nnow = datetime.utcnow()\n", 2),
    ("clock", "def f():\n    from datetime import datetime as dt\n    return dt.now()\n", 3),
    ("chance", "import random\n", 1),
    ("chance", "from random import shuffle\n", 1),
    ("chance", "import numpy as np\nrng = np.random.default_rng(1)\n", 2),
    ("chance", "from numpy.random import default_rng\n", 1),
    ("chance", "import uuid\n", 1),
    ("chance", "import secrets\n", 1),
    ("chance", "import os\nkey = os.urandom(8)\n", 2),
    ("tasks", "import asyncio\nasync def f():\n    await asyncio.sleep(1)\n", 3),
    ("tasks", "import asyncio\ntask = asyncio.create_task(f())\n", 2),
    ("tasks", "from asyncio import wait_for\n", 1),
    ("tasks", "import asyncio\nasync def f():\n    async with asyncio.timeout(1):\n        return 1\n", 3),
    ("tasks", "import asyncio\nasyncio.get_running_loop().create_task(f())\n", 2),
    ("tasks", "def f(loop):\n    loop.create_task(1)\n", 2),
    ("bare-except", "try:\n    f()\nexcept:\n    g()\n", 3),
    ("silent-except", "try:\n    f()\nexcept OSError:\n    pass\n", 3),
    ("silent-except", "try:\n    f()\nexcept OSError:\n    ...\n", 3),
    ("broad-except", "try:\n    f()\nexcept Exception:\n    g()\n", 3),
    ("broad-except", "try:\n    f()\nexcept (ValueError, BaseException) as error:\n    g(error)\n", 3),
    ("broad-except", "import contextlib\nwith contextlib.suppress(Exception):\n    f()\n", 2),
    ("markup", "w = Static(f'[b]{name}[/b]', markup=True)\n", 1),
    ("markup", "from rich.text import Text\nt = Text.from_markup(f'[b]{name}')\n", 2),
    ("markup", "w = Static('[b]{}'.format(name), markup=True)\n", 1),
    ("markup", "w = Static('[b]%s' % name, markup=True)\n", 1),
    ("blanket-ignore", "x = 1  # noqa\n", 1),
    ("blanket-ignore", "x = 1  # type: ignore\n", 1),
    ("todo-row", "# TODO faster\n", 1),
    ("syntax", "def f(:\n", 1),
]

GOOD = [
    "import time\nx = time.gmtime(0)\n",
    "def f(clock):\n    return clock.time() + clock.monotonic()\n",
    "from core.tasks import sleep\nasync def f():\n    await sleep(1)\n",
    "from core import tasks\nt = tasks.create_task(1)\n",
    "import asyncio\nasync def f():\n    raise asyncio.CancelledError\n",
    "import datetime\nt = datetime.datetime.fromtimestamp(0, datetime.UTC)\n",
    "try:\n    f()\nexcept OSError:\n    g()\n",
    "try:\n    f()\nexcept BaseException:\n    g()\n    raise\n",
    "try:\n    f()\nexcept Exception as error:\n    raise Unavailable from error\n",
    "w = Static('[b]name[/b]', markup=True)\n",
    "w = Static(f'{name}', markup=False)\n",
    "x = 1  # noqa: E501\n",
    "x = 1  # type: ignore[arg-type]\n",
    "# TODO S3-16 faster\n",
]


def rules(path: str, source: str, allowed: dict[str, str] | None = None) -> list[tuple[str, int]]:
    return [(finding.rule, finding.line) for finding in check_source(path, source, allowed) if not finding.warning]


@pytest.mark.parametrize(("rule", "source", "line"), BAD)
@pytest.mark.parametrize("path", ["core/engine/planted.py", "screens/planted.py"])
def test_planted_sin_is_found_at_its_line(path: str, rule: str, source: str, line: int) -> None:
    assert rules(path, source) == [(rule, line)]


@pytest.mark.parametrize("source", GOOD)
def test_honest_neighbour_is_left_alone(source: str) -> None:
    assert rules("core/engine/planted.py", source) == []


@pytest.mark.parametrize("seam", ["core/clock.py", "core/rng.py", "core/tasks.py"])
def test_seam_modules_may_touch_time_chance_and_tasks(seam: str) -> None:
    source = "import asyncio, random, time\nnow = time.time()\nt = asyncio.create_task(1)\n"
    assert rules(seam, source) == []
    assert len(rules(seam.replace("core/", "core/models/"), source)) == 3


def test_program_outside_core_and_screens_may_read_a_clock() -> None:
    assert rules("app/corethread.py", "import time\nnow = time.time()\n") == []


def test_broad_except_passes_only_with_file_and_reason() -> None:
    source = "try:\n    f()\nexcept Exception as error:\n    halt(error)\n"
    assert rules("core/engine/live.py", source, {"core/engine/live.py": "driver"}) == []
    assert rules("core/engine/timers.py", source, {"core/engine/live.py": "driver"}) == [("broad-except", 3)]


def test_allow_list_entry_needs_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "allow.toml"
    path.write_text('[broad-except]\n"core/engine/live.py" = " "\n')
    with pytest.raises(ValueError, match="Expected a reason"):
        allowed_broad(path)


def test_long_module_warns_then_fails() -> None:
    assert [str(f) for f in check_source("core/long.py", "x = 1\n" * 300)] == []
    (warned,) = check_source("core/long.py", "x = 1\n" * 301)
    assert warned.warning
    assert rules("core/long.py", "x = 1\n" * (MAX_LINES + 1)) == [("length", MAX_LINES + 1)]
    assert check_source("tests/long.py", "x = 1\n" * 900) == []


def test_markup_by_default_warns() -> None:
    (found,) = check_source("screens/pane.py", "self.notify(f'{reason}')\n")
    assert found.warning
    assert str(found).startswith("screens/pane.py:1: warning: markup: notify()")


def test_message_names_place_rule_and_cure() -> None:
    (found,) = check_source("core/x.py", "import time\nnow = time.time()\n")
    assert str(found).startswith("core/x.py:2: clock: time.time reads or waits on a clock; take `now`")


def test_the_tree_keeps_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0, capsys.readouterr().out


def test_files_of_the_tree_are_really_read() -> None:
    planted = ROOT / "tools" / "lint_rules.py"
    assert check_repo(ROOT, [planted]) == []
    assert len(planted.read_text(encoding="utf-8").splitlines()) > 50
