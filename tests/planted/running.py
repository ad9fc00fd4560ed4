"""Runs named tests in a process of their own, with a bug planted or without, and says what each of them did.

The kernels run in their plain form and with a cache folder of their own: no compiled code of a planted bug can be
found by anybody later. A failure counts where a test looked and did not like what it saw; a bug that only crashes the
program, or that nobody imports, proves nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

import msgspec

from core.clock import stopwatch
from tests.planted import planting
from tests.planted.bug import Bug

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 120.0
PASSED, FAILED, CRASHED, NOT_RUN = "passed", "failed", "crashed", "not run"
ASSERTED = ("assert", "AssertionError", "Failed: ", "hypothesis.errors.", "ExceptionGroup")
TIMED_OUT = "Failed: Timeout"
CAUGHT, MISSED, VOID = "caught", "NOT CAUGHT", "not run"


class Seen(msgspec.Struct, frozen=True):
    """What the named tests did: `outcomes` by test id, `why` the first words of the first failure."""

    outcomes: dict[str, str]
    planted: bool
    seconds: float
    code: int  # pytest's own
    why: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """`state`: caught | NOT CAUGHT | not run. `by`: tests that failed; `text`: what is wrong, or the failure."""

    name: str
    state: str
    by: tuple[str, ...]
    seconds: float
    text: str


def run_tests(ids: Sequence[str], bug: Bug | None = None, timeout_s: float = TIMEOUT_S) -> Seen:
    """One pytest process over `ids`."""
    with tempfile.TemporaryDirectory(prefix="planted-") as name:
        folder = Path(name)
        env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
        env |= {
            "PERP_PURE": "1", "PERP_CACHE": str(folder / "cache"), "PYTHONHASHSEED": "0", "HYPOTHESIS_PROFILE": "ci",
            "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip
        if bug is not None:
            shutil.copy(planting.__file__, folder / "sitecustomize.py")
            known = {"module": bug.module, "file": bug.file, "old": bug.old, "new": bug.new}
            (folder / planting.BUG).write_text(json.dumps(known), encoding="utf-8")
            env["PYTHONPATH"] = os.pathsep.join(filter(None, (name, os.environ.get("PYTHONPATH"))))
        report = folder / "report.xml"
        begun = stopwatch()
        code = _pytest(
            ["-q", "-n0", "-p", "no:cacheprovider", "--timeout=60", f"--junitxml={report}", *ids], env, timeout_s
        )
        seconds = (stopwatch() - begun) / 1e9
        found = _outcomes(report) if report.exists() else []
        outcomes = {one: _worst([what for told, what, _ in found if _is(told, one)]) for one in ids}
        why = next((text for _, what, text in found if what in (FAILED, CRASHED)), "")
        return Seen(outcomes, (folder / planting.MARK).exists(), seconds, code, why)


def _pytest(args: list[str], env: dict[str, str], timeout_s: float) -> int:
    """Its exit code; -9 when it did not end in time."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *args], cwd=ROOT, env=env, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        return process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return -9
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # its own group, with what its tests started
            process.wait()


def _outcomes(report: Path) -> list[tuple[str, str, str]]:
    """(test id, outcome, words) of every case in a junit file."""
    out = []
    for case in ElementTree.parse(report).iter("testcase"):  # written by our own child a moment ago
        told = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name', '')}"
        failure = case.find("failure")
        if failure is not None:
            words = failure.get("message", "")
            looked = words.startswith(ASSERTED) and not words.startswith(TIMED_OUT)
            out.append((told, FAILED if looked else CRASHED, words))
        elif (error := case.find("error")) is not None:
            out.append((told, CRASHED, error.get("message", "")))
        else:
            out.append((told, NOT_RUN if case.find("skipped") is not None else PASSED, ""))
    return out


def _is(told: str, named: str) -> bool:
    return told == named or told.startswith(f"{named}[")


def _worst(outcomes: list[str]) -> str:
    """Of all cases of one test: one that failed is enough, one that crashed is not."""
    for what in (FAILED, CRASHED, NOT_RUN):
        if what in outcomes:
            return what
    return PASSED if outcomes else NOT_RUN


def judge(bug: Bug, seen: Seen) -> Verdict:
    """Caught where every named test failed by looking, with the bug really imported."""
    by = tuple(one for one, what in seen.outcomes.items() if what == FAILED)
    rest = ", ".join(f"{one} {what}" for one, what in seen.outcomes.items() if what != FAILED)
    words = " ".join(seen.why.split())[:160]
    if seen.code not in (0, 1):
        reason = "no end in time" if seen.code == -9 else f"pytest ended with {seen.code}"
        return Verdict(bug.name, VOID, by, seen.seconds, reason)
    if not seen.planted:
        return Verdict(bug.name, VOID, by, seen.seconds, f"{bug.module} was not imported by any of its tests")
    if not rest:
        return Verdict(bug.name, CAUGHT, by, seen.seconds, words)
    state = VOID if any(what in (NOT_RUN, CRASHED) for what in seen.outcomes.values()) else MISSED
    return Verdict(bug.name, state, by, seen.seconds, f"{rest}; {words}" if words else rest)


def sound(bugs: Sequence[Bug]) -> list[str]:
    """Tests of these bugs that do not pass without any bug: nothing that they say counts."""
    ids = list(dict.fromkeys(one for bug in bugs for one in bug.tests))
    seen = run_tests(ids, timeout_s=TIMEOUT_S * 2)
    return [f"{one}: {what}" for one, what in seen.outcomes.items() if what != PASSED]


def planted(bug: Bug) -> Verdict:
    """Plant it, run its tests, judge."""
    return judge(bug, run_tests(bug.tests, bug))
