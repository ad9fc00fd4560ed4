"""The exit code of a command is what the command said, whatever still runs beside it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.process.running import ROOT

BESIDE = "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()"


@pytest.mark.parametrize("beside", ["", BESIDE])
@pytest.mark.parametrize("code", [0, 4])
def test_a_thread_that_still_works_changes_neither_code_nor_words(beside: str, code: int) -> None:
    """R-E3: stable exit codes; the interpreter's own end may abort while a daemon thread is in foreign code."""
    text = f"{beside}\nfrom app.__main__ import leave\nprint('flat, sealed')\nleave({code})\nprint('never')"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (code, "flat, sealed\n", "")
