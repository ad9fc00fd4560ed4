"""`perpconsole limit` on a running core."""

from __future__ import annotations

from pathlib import Path

from tests.process.real_core import command, core, until


def test_a_limit_is_tightened_and_taken_back_from_a_second_terminal_and_never_loosened(state_dir: Path) -> None:
    """R-L2: the configuration's bound is the loosest there is."""
    with core(state_dir):
        until(state_dir, "RUNNING")
        done = command(state_dir, "limit", "net", "0.05")
        assert done.returncode == 0 and "0.05 ETH, tightened from 0.21 ETH" in done.stdout, done.stdout + done.stderr
        refused = command(state_dir, "limit", "net", "5")
        assert refused.returncode == 1 and "Expected at most 0.21 ETH" in refused.stderr
        assert command(state_dir, "limit", "net", "config").stdout.strip().endswith("0.21 ETH, as configured")
        wrong = command(state_dir, "limit", "net", "-3")
        assert wrong.returncode in (1, 64) and "Traceback" not in wrong.stderr
    alone = command(state_dir, "limit", "net", "0.05")
    assert alone.returncode == 1 and "perpconsole run" in alone.stderr
