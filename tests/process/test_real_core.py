"""The whole program, headless, as an operator would run, stop, kill and start it again (UC-03, UC-07, UC-08, UC-09)."""

from __future__ import annotations

import json
import os
import signal
import socket
from pathlib import Path

import pytest

from core.guard.latch import Latch
from tests.process.real_core import asked, command, core, eventually, metric, page, status, stop, until, venue_holds
from tests.process.real_core import with_orders as wait_for_orders

pytestmark = pytest.mark.slow
FAST = ("--speed", "20")


def test_a_core_trades_answers_and_ends_with_nothing_left_at_the_venue(state_dir: Path) -> None:
    """UC-03 one process holds core and socket; S4: SIGTERM leaves zero orders; UC-08, UC-09: the round has a report."""
    with core(state_dir, *FAST) as child:
        until(state_dir, "RUNNING")
        held = wait_for_orders(state_dir)
        assert {"price", "side", "symbol"} <= set(held["orders"][0]) and held["source"] == "core"
        body = status(state_dir)
        assert body["running"] and body["gate_closed"] is False and body["metrics_port"] > 0
        children = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
        assert children == []  # no second process: the core is a thread of this one
        verified = asked(state_dir, "position", "--verify")
        assert verified["source"] == "venue" and len(verified["orders"]) >= 2
        code, err = stop(child)
        assert (code, err) == (0, "")
    assert venue_holds(state_dir)[0] == 0
    reports = list((state_dir / "reports").glob("round-*.md"))
    assert len(reports) == 1 and "mm-eth" in reports[0].read_text()
    assert json.loads((state_dir / "reports" / reports[0].with_suffix(".json").name).read_text())
    assert not Latch(state_dir).engaged()


def test_a_second_start_names_the_holder_and_disturbs_nobody(state_dir: Path) -> None:
    """UC-07, S3-58: two instances cannot trade on one account, before and after a flatten."""
    with core(state_dir, *FAST) as child:
        until(state_dir, "RUNNING")
        second = command(state_dir, "run", "--headless")
        assert second.returncode == 1 and str(child.pid) in second.stderr and second.stderr.count("\n") == 1
        flat = command(state_dir, "panic")
        assert flat.returncode == 0, flat.stderr
        until(state_dir, "FLAT")
        again = command(state_dir, "run", "--headless")
        assert again.returncode == 1 and str(child.pid) in again.stderr
        body = asked(state_dir, "position", "--verify")
        assert body["orders"] == [] and body["positions"] == []
        assert stop(child)[0] == 0
    assert venue_holds(state_dir) == (0, 0)


def test_sigkill_then_start_takes_the_account_over_and_closes_the_cut_off_round(state_dir: Path) -> None:
    """R-B1, S3-59: the ledger on the disk is the venue; what died is marked, nothing is lost or doubled."""
    with core(state_dir, *FAST) as child:
        until(state_dir, "RUNNING")
        wait_for_orders(state_dir)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    left, _ = venue_holds(state_dir)
    assert left > 0  # SIGKILL leaves orders: that is what a restart or panic is for
    with core(state_dir, *FAST) as child:
        until(state_dir, "RUNNING")
        eventually(lambda: list((state_dir / "reports").glob("round-0001-*.md")), "the report of the cut-off round")
        report = next((state_dir / "reports").glob("round-0001-*.md")).read_text()
        assert "cut off" in report.lower()
        assert asked(state_dir, "position", "--verify")["foreign_orders"] == 0
        assert stop(child)[0] == 0
    assert venue_holds(state_dir)[0] == 0


def test_a_limit_of_the_engine_is_latched_on_disk_and_the_next_start_shows_it(state_dir: Path) -> None:
    """R-W6, S3-21: a stop loss closes the gate like the key does; a restart trades nothing."""
    limits = {
        "STOP_LOSS": "-0.001",
        "PNL_MIN": "-0.0005",
        "REDUCE_ONLY_THRESHOLD": "0.0005",
        "DRAWDOWN_BANDS": "[0.0002]",
    }
    limits["REDUCE_FRACTIONS"] = "[0.1]"
    tight = {f"PERP__STRATEGIES__0__RISK__{name}": value for name, value in limits.items()}
    with core(state_dir, "--speed", "300", **tight) as child:
        eventually(Latch(state_dir).engaged, "the latch of the stop loss")
        found = eventually(
            lambda: (s := status(state_dir)).get("run") in ("FLAT", "HALTED") and s, "the end of the stop"
        )
        assert found["gate_closed"] and "stop_loss" in found["stop"]["reason"] and found["stop"]["verb"] == "flatten"
        until(state_dir, "FLAT")
        assert stop(child)[0] == 0
    latch = Latch(state_dir).read()
    assert latch is not None and latch.state == "FLAT" and latch.who == "core"
    with core(state_dir, *FAST) as child:
        until(state_dir, "FLAT")
        assert status(state_dir)["gate_closed"] and asked(state_dir, "position")["orders"] == []
        assert stop(child)[0] == 0
    assert venue_holds(state_dir) == (0, 0)


def test_metrics_and_health_tell_what_status_tells(state_dir: Path) -> None:
    """S3-31, S3-37, S3-38, S3-39, S3-40, S3-41, S3-42, S3-43, S3-45: exact names,
    values that agree with each other."""
    with core(state_dir, "--speed", "60") as child:
        until(state_dir, "RUNNING")
        wait_for_orders(state_dir)
        port = status(state_dir)["metrics_port"]
        code, text = page(port, "/metrics")
        assert code == 200
        for name in (
            "mm_position", "mm_entry_price", "mm_unrealized_pnl", "mm_realized_pnl", "mm_active_orders",
            "mm_total_fills", "mm_orders_placed_count", "mm_orders_canceled_count", "mm_reservation_price",
            "mm_inventory_skew_bps", "mm_adaptive_netmax", "mm_spread_gauge", "mm_quote_interval_gauge",
            "mm_rest_requests_total",
            "mm_rest_errors_total", "mm_rest_latency_seconds_bucket", "mm_quotes_generated_total", "mm_fills_total",
            "mm_fill_rate_current", "mm_recent_fills_count",
        ):  # fmt: skip
            assert f"\n{name}" in text, name
        assert 'symbol="ETHUSDC"' in next(line for line in text.splitlines() if line.startswith("mm_active_orders{"))
        assert metric(text, "mm_orders_placed_count") >= metric(text, "mm_active_orders") >= 2
        assert metric(text, "mm_quotes_generated_total") > 0 and metric(text, "mm_spread_gauge") > 0
        assert metric(text, "mm_rest_requests_total") >= metric(text, "mm_orders_placed_count") > 0
        assert metric(text, "mm_rest_latency_seconds_count") > 0 and metric(text, "mm_rest_errors_total") >= 0
        eventually(lambda: metric(page(port, "/metrics")[1], "mm_fills_total") > 0, "a fill")
        assert page(port, "/health")[0] == 200 and page(port, "/nothing")[0] == 404
        busy = command(state_dir.with_name(state_dir.name + "b"), "--metrics-port", str(port), "run", "--headless")
        assert busy.returncode == 1 and str(port) in busy.stderr and busy.stderr.count("\n") == 1
        assert stop(child)[0] == 0


@pytest.mark.parametrize("name", ["paper.ledger", "store.db", "halt.latch"])
def test_a_broken_file_is_one_clear_message_or_a_recovery_and_nothing_is_sent(state_dir: Path, name: str) -> None:
    """R-S2, R-W6: a damaged account is refused, a damaged store is kept aside, a damaged latch is a halt."""
    with core(state_dir, *FAST) as child:
        until(state_dir, "RUNNING")
        assert stop(child)[0] == 0
    for path in state_dir.glob("store.db-*"):
        path.unlink()
    (state_dir / name).write_bytes(b"\x00garbage\xff" * 100)
    (state_dir / name).chmod(0o600)
    if name == "paper.ledger":
        done = command(state_dir, "--metrics-port", "0", "run", "--headless", "--rounds", "1")
        assert done.returncode == 1 and "paper.ledger" in done.stderr and done.stderr.count("\n") <= 2
        assert (state_dir / name).read_bytes().startswith(b"\x00garbage")  # nothing is lost
        return
    with core(state_dir, *FAST) as child:
        if name == "halt.latch":
            found = eventually(lambda: (s := status(state_dir)).get("gate_closed") and s, "a closed gate")
            # FLAT: a limit that cannot be evaluated yet counts as hit, and a halt that meets it flattens
            assert found["run"] in ("STARTING", "HALTING", "HALTED", "FLATTENING", "FLAT")
            assert asked(state_dir, "position")["orders"] == []
        else:
            until(state_dir, "RUNNING")
            wait_for_orders(state_dir)
            assert list(state_dir.glob("store.db*")), "the store was made anew"
            assert [p for p in state_dir.iterdir() if "store.db" in p.name and p.read_bytes().startswith(b"\x00garb")]
        assert stop(child)[0] == 0


def test_exit_codes_and_messages_of_wrong_use(state_dir: Path, tmp_path: Path) -> None:
    """C1: one message, the next step, nothing started."""
    bad = tmp_path / "bad.yml"
    bad.write_text("mode: paper\nstrategis: []\n")
    refused = command(state_dir, "run", "--headless", "--config", str(bad))
    assert refused.returncode == 1 and "bad.yml" in refused.stderr and "strategies" in refused.stderr
    assert command(state_dir, "run", "--no-such-option").returncode == 64
    assert (
        command(state_dir, "backtest", "--config", "configs/round7.yml", "--market", "nowhere.parquet").returncode == 1
    )
    nobody = command(state_dir, "status")
    assert nobody.returncode == 1 and "no core runs" in nobody.stdout
    no_tty = command(state_dir)
    assert no_tty.returncode == 1 and "terminal" in no_tty.stderr and "--headless" in no_tty.stderr
    assert asked(state_dir, "check", "--price", "2500")["ok"] is False


def test_a_port_that_is_taken_is_one_clear_error(state_dir: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = command(state_dir, "--metrics-port", str(port), "run", "--headless", "--rounds", "1")
    assert done.returncode == 1 and str(port) in done.stderr and "Traceback" not in done.stderr


def test_a_second_terminal_flattens_beside_a_frozen_core(state_dir: Path) -> None:
    """R-E, `perpconsole panic` elsewhere: the stuck process is ended by pidfd, the venue is brought to zero."""
    with core(state_dir, *FAST) as child:
        until(state_dir, "RUNNING")
        wait_for_orders(state_dir)
        os.kill(child.pid, signal.SIGSTOP)
        done = command(state_dir, "--json", "panic")
        assert done.returncode == 0, (done.stdout, done.stderr)
        assert child.wait(30) == -signal.SIGKILL
    assert venue_holds(state_dir) == (0, 0)
    assert Latch(state_dir).engaged()
