"""R-W5 against R-B1: fills of our own dead predecessor, told late by a stream, are no second writer."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import msgspec
import pytest

from core.build.holdings import kept_holdings, write_holdings
from core.build.live_core import OVERLAP_NS
from tests.process.live_venue import served
from tests.process.real_core import command, core, eventually, status, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
TOLD_LATE_S, WATCHED_S = 4.0, 10


def test_a_restart_is_not_halted_by_the_fills_of_the_run_before_it(state_dir: Path, tmp_path: Path) -> None:
    with served(tmp_path, "hyperliquid") as venue:
        words = ("--mode", "live", "--config", str(venue.config))
        with core(state_dir, *words, **venue.keys) as child:
            until(state_dir, "PAUSED")
            assert command(state_dir, "resume", "--word", "y").returncode == 0
            eventually(lambda: venue.books()["trades"] and kept_holdings(state_dir), "a fill, and a record")
            threading.Event().wait(2.0)
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
        older = [
            msgspec.structs.replace(one, as_of=one.as_of + OVERLAP_NS) for one in kept_holdings(state_dir).values()
        ]
        write_holdings(state_dir, older)  # as two minutes later: the fills are older than what the reads ask for
        venue.fault(do="late", at="ws:userFills", seconds=TOLD_LATE_S)
        with core(state_dir, *words, **venue.keys):
            until(state_dir, "PAUSED")
            for _ in range(WATCHED_S):
                threading.Event().wait(1.0)
                found = status(state_dir)
                assert found.get("run") == "PAUSED", (found.get("run"), found.get("reason"))
