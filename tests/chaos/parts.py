"""The parts that are tests of their own, run longer: real kills, simultaneous starts, planted bugs."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping

from tests.chaos.results import ROOT

KILLS, STARTS = 300, 200
STARTS_TEST = "tests/process/test_lock.py"
KILLS_TEST = "tests/process/test_pair_kill.py"


def _pytest(where: str, more: Mapping[str, str]) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "--timeout", "7200", "-p", "no:cacheprovider", where]
    return _run(command, more)


def _run(command: list[str], more: Mapping[str, str]) -> bool:
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **more}, check=False).returncode == 0


def kills() -> bool:
    """Real SIGKILLs of a core amid a pair."""
    return _pytest(KILLS_TEST, {"PERP_KILLS": str(KILLS)})


def starts() -> bool:
    """Rounds of eight simultaneous starts, and the cases of the locks."""
    return _pytest(STARTS_TEST, {"PERP_STARTS": str(STARTS)})


def bugs() -> bool | None:
    """Every planted bug alone; None where the list is not there."""
    if importlib.util.find_spec("tests.planted") is None or importlib.util.find_spec("tests.planted.__main__") is None:
        return None
    return _run([sys.executable, "-m", "tests.planted"], {})
